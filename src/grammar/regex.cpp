#include "grammar/regex.hpp"

#include <utility>

#include "formats/json.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

CharSet digits() { return {'0', '9'}; }
CharSet word_characters() {
  CharSet set = digits();
  set.add('a', 'z'), set.add('A', 'Z'), set.add('_', '_');
  return set;
}
CharSet white_space() {
  CharSet set = CharSet::of(" \t\n\v\f\r");
  for (const u32 c : {0xa0u, 0x1680u, 0x2028u, 0x2029u, 0x202fu, 0x205fu, 0x3000u, 0xfeffu}) set.add(c, c);
  set.add(0x2000, 0x200a);
  return set;
}

class RegexReader {
 public:
  RegexReader(std::string_view text, RegexForm form) : text_(text), form_(form) {}

  Result<Expr> read() {
    if (first_invalid_utf8(text_) < text_.size()) return wrong("a byte that is not UTF-8");
    Expr e = R1_TRY(read_choice(0));
    if (at_ < text_.size()) return wrong(") without (");
    return e;
  }

 private:
  tl::unexpected<Error> wrong(std::string_view what) const {
    return fail(Errc::unsupported, "the regular expression {}, at byte {}: {}", quoted_text(text_), at_ + 1, what);
  }
  bool more() const { return at_ < text_.size(); }
  bool take(std::string_view what) {
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }

  Result<Expr> read_choice(int depth) {
    if (depth > kGrammarDepth) return wrong(fmt::format("groups nested more than {} deep", kGrammarDepth));
    std::vector<Expr> alternatives;
    do alternatives.push_back(R1_TRY(read_sequence(depth)));
    while (take("|"));
    return choice_of(std::move(alternatives));
  }

  Result<Expr> read_sequence(int depth) {
    std::vector<Expr> items;
    const bool begins = take("^");
    bool ends = false;
    if (begins && depth > 0) return wrong("^ inside a group is not supported");
    while (more() && text_[at_] != '|' && text_[at_] != ')') {
      if (take("$")) {
        if (depth > 0) return wrong("$ inside a group is not supported");
        ends = true;
        if (more() && text_[at_] != '|') return wrong("$ in the middle is not supported");
        break;
      }
      if (++parts_ > kMostExprs) return wrong(fmt::format("more than {} parts", kMostExprs));
      items.push_back(R1_TRY(read_part(depth)));
      R1_TRY(read_suffix(items.back()));
    }
    if (depth == 0 && form_ == RegexForm::part) {
      const Expr anything = repeat_of(chars_expr(CharSet::all()), 0, -1);
      if (!begins) items.insert(items.begin(), anything);
      if (!ends) items.push_back(anything);
    }
    return sequence_of(std::move(items));
  }

  Result<Expr> read_part(int depth) {
    const char c = text_[at_];
    if (c == '(') {
      ++at_;
      if (text_.substr(at_).starts_with("?") && !take("?:"))
        return wrong("(?...) is not supported, except (?:...): look-around is not regular");
      Expr group = R1_TRY(read_choice(depth + 1));
      if (!take(")")) return wrong("expected )");
      return group;
    }
    if (c == '[') return read_class();
    if (c == '.') {
      ++at_;
      CharSet line_ends = CharSet::of("\n\r");
      line_ends.add(0x2028, 0x2029);
      return chars_expr(line_ends.complement());
    }
    if (c == '^') return wrong("^ in the middle is not supported");
    if (c == '*' || c == '+' || c == '?' || c == '{') return wrong("a repetition of nothing");
    CharSet set = R1_TRY(read_member(false));
    if (set.size() != 1) return chars_expr(std::move(set));
    // As a text, so that it can be the end of a counted lexeme.
    std::string text;
    append_utf8(set.ranges()[0].first, text);
    return text_expr(text);
  }

  Status read_suffix(Expr& item) {
    if (!more()) return {};
    i64 min = 0, max = -1;
    const char c = text_[at_];
    if (c == '?') max = 1;
    else if (c == '+') min = 1;
    else if (c != '*' && c != '{') return {};
    ++at_;
    if (c == '{') {
      min = R1_TRY(read_number());
      max = min;
      if (take(",")) max = more() && text_[at_] != '}' ? R1_TRY(read_number()) : -1;
      if (!take("}")) return wrong("expected }");
      if (max >= 0 && max < min) return wrong(fmt::format("at least {} and at most {} repetitions", min, max));
    }
    take("?");  // what is preferred does not matter: the texts are the same
    if (more() && (text_[at_] == '*' || text_[at_] == '+' || text_[at_] == '{'))
      return wrong("a repetition of nothing");
    item = repeat_of(std::move(item), min, max);
    return {};
  }

  Result<i64> read_number() {
    if (!more() || text_[at_] < '0' || text_[at_] > '9') return wrong("expected a number of repetitions");
    i64 n = 0;
    for (; more() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_)
      if ((n = 10 * n + (text_[at_] - '0')) > kMostRepeats)
        return wrong(fmt::format("more than {} repetitions", kMostRepeats));
    return n;
  }

  Result<Expr> read_class() {
    ++at_;
    const bool negated = take("^");
    CharSet set;
    while (more() && text_[at_] != ']') {
      const CharSet first = R1_TRY(read_member(true));
      const bool range = text_.substr(at_).starts_with("-") && at_ + 1 < text_.size() && text_[at_ + 1] != ']';
      if (!range) {
        set.add(first);
        continue;
      }
      ++at_;
      const CharSet last = R1_TRY(read_member(true));
      if (first.size() != 1 || last.size() != 1) return wrong("a range between sets of characters");
      if (first.ranges()[0].first > last.ranges()[0].first) return wrong("a range that ends before it begins");
      set.add(first.ranges()[0].first, last.ranges()[0].first);
    }
    if (!take("]")) return wrong("expected ] at the end of a class");
    if (negated) set = set.complement();
    if (set.empty()) return wrong("a class without characters");
    return chars_expr(std::move(set));
  }

  // A character or an escape, in a class or outside.
  Result<CharSet> read_member(bool in_class) {
    if (!take("\\")) {
      const u32 c = utf8_code_point(text_.substr(at_));
      at_ += utf8_length(text_.substr(at_));
      return CharSet(c, c);
    }
    if (!more()) return wrong("a \\ at the end");
    const char c = text_[at_++];
    switch (c) {
      case 'd': return digits();
      case 'D': return digits().complement();
      case 'w': return word_characters();
      case 'W': return word_characters().complement();
      case 's': return white_space();
      case 'S': return white_space().complement();
      case 'n': return CharSet('\n', '\n');
      case 'r': return CharSet('\r', '\r');
      case 't': return CharSet('\t', '\t');
      case 'f': return CharSet('\f', '\f');
      case 'v': return CharSet('\v', '\v');
      case '0': return CharSet(0, 0);
      case 'x': return read_hex(2);
      case 'u': return read_hex(4);
      default: break;
    }
    if (c == 'b' && in_class) return CharSet('\b', '\b');
    const u8 byte = static_cast<u8>(c);
    if (byte >= 0x80 || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9'))
      return wrong(fmt::format("\\{} is not supported", byte < 0x80 ? std::string(1, c) : "..."));
    return CharSet(byte, byte);
  }

  Result<CharSet> read_hex(size_t digits) {
    const auto c = hex_character(text_.substr(at_), digits);
    if (!c) return wrong(c.error().what);
    at_ += digits;
    return CharSet(*c, *c);
  }

  const std::string_view text_;
  const RegexForm form_;
  size_t at_ = 0;
  i64 parts_ = 0;
};

}  // namespace

Result<Expr> read_regex(std::string_view text, RegexForm form) {
  if (std::ssize(text) > kMostGrammarBytes)
    return fail(Errc::exhausted, "the regular expression has {} bytes, at most {} are allowed", text.size(),
                kMostGrammarBytes);
  return RegexReader(text, form).read();
}

}  // namespace r1
