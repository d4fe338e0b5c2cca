#include "formats/jinja/lexer.hpp"

#include <algorithm>
#include <charconv>

#include "formats/jinja/text.hpp"
#include "formats/utf8.hpp"

namespace r1::jinja {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_ascii_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// The length in bytes of the word at the front of the text.
size_t word_length(std::string_view text) {
  size_t byte = 0;
  while (byte < text.size()) {
    if (static_cast<u8>(text[byte]) < 0x80) {
      if (!is_ascii_word(text[byte])) break;
      ++byte;
    } else {
      const std::string_view rest = text.substr(byte);
      if (class_of(utf8_code_point(rest)) == CharacterClass::other) break;
      byte += utf8_length(rest);
    }
  }
  return byte;
}

struct Operation {
  std::string_view text;
  Token token;
};
constexpr Operation kOperations[] = {  // longest first
    {"//", Token::floordiv}, {"**", Token::pow},     {"==", Token::eq},      {"!=", Token::ne},
    {"<=", Token::le},       {">=", Token::ge},      {"+", Token::add},      {"-", Token::sub},
    {"/", Token::div},       {"*", Token::mul},      {"%", Token::mod},      {"~", Token::tilde},
    {"<", Token::lt},        {">", Token::gt},       {"=", Token::assign},   {".", Token::dot},
    {",", Token::comma},     {":", Token::colon},    {"|", Token::pipe},     {"(", Token::lparen},
    {")", Token::rparen},    {"[", Token::lbracket}, {"]", Token::rbracket}, {"{", Token::lbrace},
    {"}", Token::rbrace}};

char sign_at(std::string_view source, size_t at) {
  return at < source.size() && (source[at] == '-' || source[at] == '+') ? source[at] : '\0';
}

}  // namespace

std::string normalized_source(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') out += source[i];
    else if (i + 1 == source.size() || source[i + 1] != '\n') out += '\n';
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

std::pair<size_t, size_t> place_of(std::string_view source, size_t byte) {
  const std::string_view before = source.substr(0, std::min(byte, source.size()));
  const size_t line_begin = before.rfind('\n') + 1;  // 0 if there is none
  const auto lines = std::count(before.begin(), before.end(), '\n');
  return {static_cast<size_t>(lines) + 1, count_characters(before.substr(line_begin)) + 1};
}

Result<Lexeme> Lexer::next() {
  if (!pending_.empty()) {
    const Lexeme first = pending_.back();
    pending_.pop_back();
    return first;
  }
  return state_ == State::text ? text() : inside();
}

Lexeme Lexer::take(Token type, size_t bytes) {
  const Lexeme lexeme{type, static_cast<u32>(at_), source_.substr(at_, bytes)};
  at_ += bytes;
  return lexeme;
}

// The data in front of a tag. `-` strips all white space from its end. Otherwise, if the tag is a block that begins its
// line, the indentation of that line is stripped (lstrip_blocks).
std::string_view Lexer::stripped(size_t begin, size_t tag, char sign, bool print) const {
  const std::string_view data = source_.substr(begin, tag - begin);
  if (sign == '-') return data.substr(0, data.size() - trailing(data));
  if (sign == '+' || print) return data;
  const size_t line = data.rfind('\n') + 1;
  const bool indents = (line > 0 || line_starts_) && leading(data.substr(line)) == data.size() - line;
  return indents ? data.substr(0, line) : data;
}

// Moves past the end of a tag. `-` also skips all white space behind it, and a block skips one line end (trim_blocks).
void Lexer::after_tag(size_t end, char sign, bool trims) {
  at_ = end;
  if (sign == '-') at_ += leading(source_.substr(at_));
  else if (sign != '+' && trims && at_ < source_.size() && source_[at_] == '\n') ++at_;
  line_starts_ = at_ > 0 && source_[at_ - 1] == '\n';
}

Result<size_t> Lexer::skip_comment(size_t tag) {
  const size_t begin = tag + 2 + (sign_at(source_, tag + 2) ? 1 : 0);
  const size_t end = source_.find("#}", begin);
  if (end == source_.npos) return fail(Errc::corrupt, "a comment without its end");
  after_tag(end + 2, end > begin ? sign_at(source_, end - 1) : '\0', true);
  return at_;
}

// Reads {% raw %} ... {% endraw %} at `tag` and puts its text into pending_. False if `tag` is another block.
Result<bool> Lexer::raw(size_t tag) {
  // Where the tag {% word %} at byte `at` ends, and the sign at its end. npos if there is another tag.
  const auto match = [&](size_t at, std::string_view word, char& sign) {
    at += 2 + (sign_at(source_, at + 2) ? 1 : 0);
    at += leading(source_.substr(at));
    if (source_.substr(at, word.size()) != word) return source_.npos;
    at += word.size();
    at += leading(source_.substr(at));
    sign = sign_at(source_, at);
    at += sign ? 1 : 0;
    return source_.substr(at, 2) == "%}" ? at + 2 : source_.npos;
  };
  char sign = '\0';
  const size_t begin = match(tag, "raw", sign);
  if (begin == source_.npos || sign == '+') return false;
  after_tag(begin, sign, false);
  const size_t from = at_;
  for (size_t end = source_.find("{%", from); end != source_.npos; end = source_.find("{%", end + 2)) {
    const size_t after = match(end, "endraw", sign);
    if (after == source_.npos) continue;
    const std::string_view data = stripped(from, end, sign_at(source_, end + 2), false);
    if (!data.empty()) pending_.push_back({Token::data, static_cast<u32>(from), data});
    after_tag(after, sign, true);
    return true;
  }
  return fail(Errc::corrupt, "raw without endraw");
}

Result<Lexeme> Lexer::text() {
  while (at_ < source_.size()) {
    size_t tag = source_.find('{', at_);
    while (tag != source_.npos &&
           (tag + 1 == source_.size() || std::string_view("%{#").find(source_[tag + 1]) == source_.npos))
      tag = source_.find('{', tag + 1);
    if (tag == source_.npos) return take(Token::data, source_.size() - at_);
    const char kind = source_[tag + 1], sign = sign_at(source_, tag + 2);
    const Lexeme data{Token::data, static_cast<u32>(at_), stripped(at_, tag, sign, kind == '{')};
    at_ = tag;
    if (kind == '#') {
      R1_TRY(skip_comment(tag));
    } else if (kind == '{' || !R1_TRY(raw(tag))) {
      const Token type = kind == '{' ? Token::print_begin : Token::block_begin;
      state_ = kind == '{' ? State::print : State::block;
      pending_.push_back(take(type, sign ? 3 : 2));
    }
    if (!data.text.empty()) return data;
    if (!pending_.empty()) return next();
  }
  return Lexeme{Token::end, static_cast<u32>(at_), {}};
}

std::optional<Lexeme> Lexer::closing() {
  const std::string_view end = state_ == State::print ? "}}" : "%}";
  const char sign = sign_at(source_, at_);
  if (sign == '+' && state_ == State::print) return {};
  if (source_.substr(at_ + (sign ? 1 : 0), 2) != end) return {};
  const Lexeme lexeme{state_ == State::print ? Token::print_end : Token::block_end, static_cast<u32>(at_), {}};
  after_tag(at_ + (sign ? 3 : 2), sign, state_ == State::block);
  state_ = State::text;
  return lexeme;
}

Result<Lexeme> Lexer::inside() {
  at_ += leading(source_.substr(at_));
  if (at_ >= source_.size()) return Lexeme{Token::end, static_cast<u32>(at_), {}};
  if (brackets_.empty()) {
    if (const auto lexeme = closing()) return *lexeme;
  }
  const char c = source_[at_];
  if (is_digit(c)) return number();
  if (const size_t length = word_length(source_.substr(at_))) return take(Token::name, length);
  if (c == '\'' || c == '"') return string(c);
  return operation();
}

Result<Lexeme> Lexer::number() {
  const auto digits = [&](size_t from) {  // (\d+_)*\d+
    size_t end = from;
    while (end < source_.size() && (is_digit(source_[end]) || (source_[end] == '_' && end > from))) ++end;
    while (end > from && source_[end - 1] == '_') --end;
    return end;
  };
  if (source_[at_] == '0' && at_ + 1 < source_.size() &&
      std::string_view("xXoObB").find(source_[at_ + 1]) != source_.npos) {
    size_t end = at_ + 2;
    while (end < source_.size() && is_ascii_word(source_[end])) ++end;
    return take(Token::integer, end - at_);
  }
  const size_t whole = digits(at_);
  size_t end = whole;
  if (at_ == 0 || source_[at_ - 1] != '.') {
    if (end + 1 < source_.size() && source_[end] == '.' && is_digit(source_[end + 1])) end = digits(end + 1);
    if (end < source_.size() && (source_[end] == 'e' || source_[end] == 'E')) {
      const size_t power = end + 1 + (sign_at(source_, end + 1) ? 1 : 0);
      if (const size_t after = digits(power); after > power) end = after;
    }
  }
  return take(end == whole ? Token::integer : Token::real, end - at_);
}

Result<Lexeme> Lexer::string(char quote) {
  for (size_t end = at_ + 1; end < source_.size(); ++end) {
    if (source_[end] == '\\') {
      ++end;
    } else if (source_[end] == quote) {
      Lexeme lexeme = take(Token::string, end + 1 - at_);
      lexeme.text = lexeme.text.substr(1, lexeme.text.size() - 2);
      return lexeme;
    }
  }
  return fail(Errc::corrupt, "a string without its end");
}

Result<Lexeme> Lexer::operation() {
  const std::string_view rest = source_.substr(at_);
  for (const auto& [text, token] : kOperations) {
    if (!rest.starts_with(text)) continue;
    if (token == Token::lparen) brackets_ += ')';
    if (token == Token::lbracket) brackets_ += ']';
    if (token == Token::lbrace) brackets_ += '}';
    if (token == Token::rparen || token == Token::rbracket || token == Token::rbrace) {
      if (brackets_.empty() || brackets_.back() != text[0]) return fail(Errc::corrupt, "unexpected '{}'", text);
      brackets_.pop_back();
    }
    return take(token, text.size());
  }
  return fail(Errc::corrupt, "unexpected character '{}'", rest.substr(0, utf8_length(rest)));
}

namespace {

// The character whose number stands at the front of the text: the digits of \x41, \u0041, \U00000041 or octal \101.
Result<u32> numbered(std::string_view& text, size_t least, size_t most, int base) {
  size_t length = 0;
  u32 value = 0;
  const auto digit = [&](char c) {
    const int d = is_digit(c) ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : 16;
    return d < base ? d : -1;
  };
  while (length < most && length < text.size() && digit(text[length]) >= 0)
    value = value * static_cast<u32>(base) + static_cast<u32>(digit(text[length++]));
  if (length < least) return fail(Errc::corrupt, "an escape of {} digits, needs {}", length, least);
  if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
    return fail(Errc::corrupt, "an escape that is no character");
  text.remove_prefix(length);
  return value;
}

}  // namespace

Result<std::string> unescaped(std::string_view text) {
  constexpr std::string_view letters = "\\'\"abfnrtv", meanings = "\\'\"\a\b\f\n\r\t\v";
  std::string out;
  while (!text.empty()) {
    const size_t slash = std::min(text.find('\\'), text.size());
    out += text.substr(0, slash);
    text.remove_prefix(slash);
    if (text.size() < 2) break;
    const char c = text[1];
    const bool octal = c >= '0' && c <= '7';
    text.remove_prefix(octal ? 1 : 2);
    if (const size_t known = letters.find(c); known != letters.npos) out += meanings[known];
    else if (c == 'x') append_utf8(R1_TRY(numbered(text, 2, 2, 16)), out);
    else if (c == 'u') append_utf8(R1_TRY(numbered(text, 4, 4, 16)), out);
    else if (c == 'U') append_utf8(R1_TRY(numbered(text, 8, 8, 16)), out);
    else if (octal) append_utf8(R1_TRY(numbered(text, 1, 3, 8)), out);
    else if (c == 'N') return fail(Errc::unsupported, "characters by name (\\N) are not supported");
    else if (c != '\n') out += '\\', out += c;
  }
  return out;
}

}  // namespace r1::jinja
