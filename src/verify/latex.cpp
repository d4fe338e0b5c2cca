#include "verify/latex.hpp"

#include <algorithm>
#include <cctype>

#include "core/text.hpp"
#include "verify/latex_words.hpp"

namespace r1 {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f'; }

void replace_all(std::string& s, std::string_view from, std::string_view to) {
  std::string out;
  size_t at = 0;
  for (size_t hit; (hit = s.find(from, at)) != s.npos; at = hit + from.size()) out.append(s, at, hit - at).append(to);
  s = out.append(s, at);
}

std::optional<std::string_view> braced(std::string_view s, size_t open) {
  int depth = 0;
  for (size_t i = open; i < s.size(); ++i) {
    if (s[i] == '{') ++depth;
    if (s[i] == '}' && --depth == 0) return s.substr(open + 1, i - open - 1);
  }
  return std::nullopt;
}

namespace {

constexpr std::pair<std::string_view, std::string_view> kUnicode[] = {{"×", "\\times "},  {"·", "\\cdot "},
                                                                      {"⋅", "\\cdot "},   {"÷", "\\div "},
                                                                      {"−", "-"},         {"–", "-"},
                                                                      {"π", "\\pi "},     {"√", "\\sqrt "},
                                                                      {"∞", "\\infty "},  {"∪", "\\cup "},
                                                                      {"∩", "\\cap "},    {"°", "^\\circ "},
                                                                      {"≤", "\\le "},     {"≥", "\\ge "},
                                                                      {"≠", "\\ne "},     {"∈", "\\in "},
                                                                      {"≈", "\\approx "}, {"±", "\\pm "},
                                                                      {"∓", "\\mp "},     {"∅", "\\emptyset "},
                                                                      {"²", "^2 "},       {"³", "^3 "},
                                                                      {"½", "\\frac12 "}, {"¼", "\\frac14 "},
                                                                      {"¾", "\\frac34 "}, {"，", ","},
                                                                      {"。", "."},        {"：", ":"},
                                                                      {"（", "("},        {"）", ")"},
                                                                      {"；", ";"},        {"％", "%"},
                                                                      {"∠", "\\angle "},  {"△", "\\triangle "},
                                                                      {"′", "'"},         {"’", "'"},
                                                                      {"θ", "\\theta "},  {"α", "\\alpha "},
                                                                      {"β", "\\beta "},   {"γ", "\\gamma "},
                                                                      {"λ", "\\lambda "}, {"ω", "\\omega "},
                                                                      {"φ", "\\phi "},    {"ℝ", "\\mathbb{R}"},
                                                                      {"“", ""},          {"”", ""},
                                                                      {"\u00a0", " "},    {"€", ""},
                                                                      {"£", ""},          {"¥", ""},
                                                                      {"、", ","},        {"⟨", "("},
                                                                      {"⟩", ")"},         {"…", "..."}};

bool is_greek_word(std::string_view w) {
  constexpr std::string_view kGreek[] = {"pi",     "theta", "alpha", "beta",  "gamma", "delta",
                                         "lambda", "omega", "sigma", "infty", "phi"};
  return std::find(std::begin(kGreek), std::end(kGreek), w) != std::end(kGreek);
}

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool ends_with_conjunction(std::string_view words) {
  const size_t at = words.rfind(' ');
  const std::string_view last = at == words.npos ? words : words.substr(at + 1);
  return last == "and" || last == "or";
}

using Token = AnswerToken;
using Kind = AnswerToken::Kind;

class Tokenizer {
 public:
  Tokenizer(std::string_view s, Commas commas) : s_(s), commas_(commas) {}

  // False: the text is not an answer.
  bool run(int nesting) {
    nesting_ = nesting;
    while (at_ < s_.size())
      if (!step()) return false;
    return true;
  }
  std::vector<Token> out;

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < s_.size() ? s_[at_ + ahead] : '\0'; }

  Token& emit(Kind kind, std::string s) {
    Token t;
    t.kind = kind, t.s = std::move(s), t.space = space_, t.line_break = line_break_;
    space_ = line_break_ = false;
    out.push_back(std::move(t));
    return out.back();
  }
  void symbol(std::string s) { emit(Kind::symbol, std::move(s)); }
  // A conjunction separates like a comma; next to a comma it adds nothing.
  void conjunction() {
    if (!out.empty() && !out.back().is(",")) symbol(",");
    after_conjunction_ = true;
  }
  bool after_value() const {
    if (out.empty()) return false;
    const Token& t = out.back();
    return t.kind == Kind::number || t.kind == Kind::unit || t.kind == Kind::name || t.is(")") || t.is("}") ||
           t.is("]") || t.is("%") || t.is("\\}") || t.is_command("circ") || t.is_command("pi");
  }

  bool step() {
    const char c = peek();
    if (is_space(c) || c == '~') {
      space_ = true, line_break_ = line_break_ || c == '\n';
      return ++at_, true;
    }
    if (c == '$' || c == '"' || c == '`') return ++at_, true;
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (is_letter(c)) return word();
    if (c == '\\') return command();
    if (c == '\'') {
      if (!out.empty() && out.back().kind == Kind::name) out.back().s += '\'';
      return ++at_, true;
    }
    const std::string_view rest = s_.substr(at_);
    for (const std::string_view two : {"<=", ">=", "!=", "**", ".."})
      if (rest.starts_with(two)) {
        symbol(two == "**" ? "^" : std::string(two));
        at_ += two == ".." && peek(2) == '.' ? 3 : 2;
        return true;
      }
    if (rest.starts_with("{,}")) return symbol(","), at_ += 3, true;
    if (constexpr std::string_view kSymbols = "()[]{}+-*/^_=<>!|,;:%.&"; kSymbols.find(c) == kSymbols.npos)
      return false;
    // A brace that does not belong to a command or an exponent is a bracket: {1,2,3}.
    if (c == '{')
      braces_.push_back(out.empty() || out.back().is(",") || out.back().is("=") || out.back().is_command("in"));
    const bool bracket = c == '(' || c == '[' || (c == '{' && braces_.back());
    bool closes = c == ')' || c == ']';
    if (c == '}' && !braces_.empty()) closes = braces_.back(), braces_.pop_back();
    if (bracket) ++depth_;
    if (closes && depth_ > 0) --depth_;
    ++at_;
    if (c == ',' && after_conjunction_) return true;
    symbol(std::string(1, c));
    after_conjunction_ = false;
    return true;
  }

  // The length of what stands between two groups of digits at `at`, if three digits and no fourth follow; 0 if nothing
  // does. `plain` is set if it is a comma or a space, which may also separate numbers.
  size_t separator(size_t at, bool& plain) const {
    const std::string_view rest = s_.substr(at);
    for (const std::string_view mark : {"{,}", ",\\!", "\\!,", "\\,", "\\ ", ",", " "}) {
      if (!rest.starts_with(mark)) continue;
      plain = mark == "," || mark == " ";
      if (plain && (depth_ > 0 || commas_ != Commas::thousands)) return 0;
      size_t digits = 0;
      while (mark.size() + digits < rest.size() && is_digit(rest[mark.size() + digits])) ++digits;
      const char next = mark.size() + digits < rest.size() ? rest[mark.size() + digits] : '\0';
      return digits == 3 && !(mark == " " && next == '/') ? mark.size() : 0;
    }
    return 0;
  }

  // Reads what repeats behind a point, as in 0.\overline{3} and 0.1\bar{6}. Such a number is exact.
  size_t repeating(size_t at, std::string_view digits, Rational& value, bool& decimal) const {
    const size_t begin = decimal ? at : at + 1;
    for (const std::string_view mark : {"\\overline{", "\\bar{", "\\dot{"}) {
      if (!s_.substr(std::min(begin, s_.size())).starts_with(mark)) continue;
      size_t end = begin + mark.size();
      while (end < s_.size() && is_digit(s_[end])) ++end;
      const auto period = Rational::parse(s_.substr(begin + mark.size(), end - begin - mark.size()));
      if (!period || end == s_.size() || s_[end] != '}') continue;
      const i64 places = decimal ? std::ssize(digits) - 1 - static_cast<i64>(digits.find('.')) : 0;
      const i64 length = static_cast<i64>(end - begin - mark.size());
      value = value + *period / ((Rational(10).power(length) - Rational(1)) * Rational(10).power(places));
      decimal = false;
      return end + 1;
    }
    return at;
  }

  bool number() {
    std::string digits;
    const auto take = [&](size_t& at) {
      while (at < s_.size() && is_digit(s_[at])) digits += s_[at++];
    };
    size_t at = at_;
    take(at);
    const size_t first_group = at;
    bool grouped = false;
    if (digits.size() <= 3 && !digits.starts_with("0")) {
      const bool in_list = out.size() > 1 && out.back().is(",") && !space_ && out[out.size() - 2].kind == Kind::number;
      bool plain = false;
      for (size_t length; (length = separator(at, plain)) > 0 && !(plain && in_list);) {
        at += length;
        take(at);
        grouped = grouped || plain;
      }
      if (grouped && at + 1 < s_.size() && s_[at] == ',' && is_digit(s_[at + 1])) {  // 1,234,5 is a list
        digits.resize(first_group - at_);
        at = first_group, grouped = false;
      }
    }
    bool decimal = false;
    const bool point = at < s_.size() && (s_[at] == '.' || (s_[at] == ',' && commas_ == Commas::decimal));
    if (point && at + 1 < s_.size() && is_digit(s_[at + 1])) {
      digits += '.', ++at;
      take(at);
      decimal = true;
    }
    auto value = Rational::parse(digits);
    if (!value) return false;
    if (point) at = repeating(at, digits, *value, decimal);
    i64 exponent = 0;
    if (at < s_.size() && (s_[at] == 'e' || s_[at] == 'E')) {
      size_t end = at + 1;
      const bool negative = end < s_.size() && s_[end] == '-';
      if (end < s_.size() && (s_[end] == '-' || s_[end] == '+')) ++end;
      const size_t begin = end;
      while (end < s_.size() && is_digit(s_[end]) && end - begin < 6) exponent = exponent * 10 + (s_[end++] - '0');
      if (end > begin && (end == s_.size() || !is_letter(s_[end]))) {
        if (exponent > 4000) return false;
        at = end;
        exponent = negative ? -exponent : exponent;
        decimal = decimal || negative;
      } else {
        exponent = 0;
      }
    }
    if (exponent != 0) value = *value * Rational(10).power(exponent);
    Token& t = emit(Kind::number, std::string(s_.substr(at_, at - at_)));
    t.value = std::move(*value), t.decimal = decimal, t.grouped = grouped;
    at_ = at, after_conjunction_ = false;
    return true;
  }

  bool word() {
    size_t end = at_;
    while (end < s_.size() && is_letter(s_[end])) ++end;
    const std::string_view run = s_.substr(at_, end - at_);
    const std::string low = lower(run);
    const bool behind = after_value();
    const bool was_conjunction = after_conjunction_;
    after_conjunction_ = false;
    const auto done = [&](size_t length) { return at_ += length, true; };
    if (is_percent_word(low)) return symbol("%"), done(run.size());
    if (low == "and" || low == "or") return conjunction(), done(run.size());
    if (low == "infinity" || low == "inf" || low == "infty") return emit(Kind::command, "infty"), done(run.size());
    if (is_greek_word(low)) return emit(Kind::command, low), done(run.size());
    if (low == "lt" || low == "gt" || low == "le" || low == "ge") {
      if (run.size() == s_.size()) return false;
    }
    const bool called = end < s_.size() && s_[end] == '(';
    if (is_function(run) && !(is_unit(low) && behind && !called))
      return emit(Kind::name, std::string(run)), done(run.size());
    if (behind && !called && run.size() > 1 && is_unit(low)) return emit(Kind::unit, low), done(run.size());
    if (run.size() > 3 && (out.empty() || space_ || was_conjunction || out.back().kind == Kind::symbol)) {
      const bool capitals = std::all_of(run.begin(), run.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
      for (const std::string_view f : {"arcsin", "arccos", "arctan", "sqrt", "sin", "cos", "tan", "log"})
        if (run.starts_with(f) && run.size() <= f.size() + 2) return emit(Kind::name, std::string(f)), done(f.size());
      if (!capitals)
        return emit(behind && space_ && out.back().kind != Kind::name ? Kind::unit : Kind::text, std::string(run)),
               done(run.size());
    }
    for (const std::string_view f : {"sqrt", "sin", "cos", "tan", "ln"})
      if (run.size() > f.size() && run.starts_with(f)) return emit(Kind::name, std::string(f)), done(f.size());
    for (const char c : run) emit(Kind::name, std::string(1, c));
    return done(run.size());
  }

  bool command() {
    after_conjunction_ = false;
    if (at_ + 1 == s_.size()) return ++at_, true;
    const char c = peek(1);
    if (!is_letter(c)) {
      at_ += 2;
      switch (c) {
        case ',':
        case ';':
        case ':':
        case ' ':
        case '\n': space_ = true; return true;
        case '!':
        case '$':
        case '(':
        case ')':
        case '[':
        case ']':
        case '/': return true;
        case '{':
          ++depth_;
          symbol("\\{");
          return true;
        case '}':
          if (depth_ > 0) --depth_;
          symbol("\\}");
          return true;
        case '\\': symbol("\\\\"); return true;
        case '|': symbol("|"); return true;
        case '%':
        case '&':
        case '_': symbol(std::string(1, c)); return true;
        default: return false;
      }
    }
    size_t end = at_ + 1;
    while (end < s_.size() && is_letter(s_[end])) ++end;
    std::string_view name = s_.substr(at_ + 1, end - at_ - 1);
    const auto known = [](std::string_view n) {
      return is_known_command(usual_name(n)) || usual_name(n) != n || is_spacing_command(n) || is_text_command(n);
    };
    // \lex is \le x: the longest command that the name begins with.
    for (size_t length = name.size(); length > 1; --length)
      if (known(name.substr(0, length))) {
        name = name.substr(0, length);
        break;
      }
    at_ += 1 + name.size();
    name = usual_name(name);
    if (is_spacing_command(name)) return spacing(name);
    if (is_text_command(name)) return words(name);
    if (name == "begin" || name == "end") return environment(name == "begin");
    if (name == "{" || name == "lbrack" || name == "rbrack" || name == "}")
      return symbol(name == "{" ? "\\{" : name == "}" ? "\\}" : name == "lbrack" ? "[" : "]"), true;
    if (name == "langle" || name == "rangle") return symbol(name == "langle" ? "(" : ")"), true;
    if (name == "vert" || name == "Vert") return symbol("|"), true;
    if (name == "le" || name == "ge" || name == "ne")
      return symbol(name == "le" ? "<=" : name == "ge" ? ">=" : "!="), true;
    if (name == "lt" || name == "gt") return symbol(name == "lt" ? "<" : ">"), true;
    if (name == "colon") return symbol(":"), true;
    if (name == "dots" || name == "ldots" || name == "cdots") return symbol(".."), true;
    if (name == "vee" || name == "wedge") return conjunction(), true;
    if (name == "times" || name == "cdot") return symbol("*"), true;
    if (name == "div") return symbol("/"), true;
    if (is_function(name)) return emit(Kind::name, std::string(name)), true;
    emit(Kind::command, std::string(name));
    return true;
  }

  bool spacing(std::string_view name) {
    if ((name == "left" || name == "right" || name == "middle") && peek() == '.') ++at_;
    if (name.starts_with("quad") || name.starts_with("qquad")) space_ = true;
    if ((name == "hspace" || name == "vspace" || name == "phantom") && peek() == '{')
      if (const auto inside = braced(s_, at_)) at_ += inside->size() + 2;
    return true;
  }

  bool words(std::string_view command_name) {
    while (peek() == ' ' || peek() == '*') ++at_;
    std::string_view inside;
    if (peek() == '{') {
      const auto content = braced(s_, at_);
      if (!content) return false;
      inside = *content;
      at_ += inside.size() + 2;
    } else if (at_ < s_.size()) {
      inside = s_.substr(at_++, 1);
    }
    inside = trimmed(inside);
    const std::string low = lower(inside);
    if (inside.empty()) return true;
    if (command_name == "mathbb") return emit(Kind::command, std::string(inside)), true;
    if (is_percent_word(low) || low == "\\%") return symbol("%"), true;
    if (ends_with_conjunction(low)) return conjunction(), true;
    if (is_function(inside)) return emit(Kind::name, std::string(inside)), true;
    const bool behind = after_value();
    if (inside.size() == 1 && is_letter(inside[0]) && !(behind && is_unit(low)))
      return emit(Kind::name, std::string(inside)), true;
    const bool letters = std::all_of(inside.begin(), inside.end(), [](char c) { return is_letter(c) || is_space(c); });
    const bool styled = command_name.starts_with("math") || command_name.starts_with("bold") || command_name == "bm";
    // A styled formula is a formula; so is text that begins as a number.
    if (!letters && nesting_ < 8 && !(behind && command_name.starts_with("text") && !is_digit(inside[0])) &&
        (styled || is_digit(inside[0]) || inside[0] == '\\' || inside[0] == '-' || inside[0] == '$')) {
      Tokenizer inner(inside, commas_);
      inner.depth_ = depth_;
      if (inner.run(nesting_ + 1)) {
        if (!inner.out.empty()) inner.out.front().space = space_;
        out.insert(out.end(), inner.out.begin(), inner.out.end());
        return true;
      }
    }
    emit(behind ? Kind::unit : Kind::text, std::string(inside));
    return true;
  }

  bool environment(bool begins) {
    if (peek() != '{') return false;
    const auto name = braced(s_, at_);
    if (!name) return false;
    at_ += name->size() + 2;
    std::string plain(*name);
    std::erase(plain, '*');
    if (plain == "array" && begins && peek() == '{')
      if (const auto columns = braced(s_, at_)) at_ += columns->size() + 2;
    if (plain == "align" || plain == "aligned" || plain == "equation" || plain == "gather" || plain == "split")
      return true;
    depth_ += begins ? 1 : -std::min(depth_, 1);
    symbol((begins ? "{" : "/{") + plain + "}");
    return true;
  }

  std::string_view s_;
  size_t at_ = 0;
  Commas commas_;
  int depth_ = 0;    // of brackets inside which a comma separates
  int nesting_ = 0;  // of \text{\text{...}}
  std::vector<bool> braces_;
  bool space_ = false, line_break_ = false, after_conjunction_ = false;
};

}  // namespace

std::string in_ascii_latex(std::string_view text) {
  std::string s(text);
  if (std::any_of(s.begin(), s.end(), [](char c) { return static_cast<unsigned char>(c) >= 128; }))
    for (const auto& [from, to] : kUnicode) replace_all(s, from, to);
  for (const std::string_view comma : {"{, }", "{ ,}", " {,}", "{,} "}) replace_all(s, comma, "{,}");
  if (s.find("\\\\") == s.npos) return s;
  const bool rows = s.find("\\begin") != s.npos;
  if (s.find("\\\\begin") != s.npos) {  // every backslash was doubled, those that end a row too
    replace_all(s, "\\\\", "\\");
  } else if (!rows) {
    std::string out;
    for (size_t i = 0; i < s.size(); ++i) {
      const bool doubled = s[i] == '\\' && i + 2 < s.size() && s[i + 1] == '\\' &&
                           (is_letter(s[i + 2]) || s[i + 2] == '{' || s[i + 2] == '}' || s[i + 2] == '%');
      if (!doubled) out += s[i];
    }
    s = out;
  }
  return s;
}

std::optional<std::vector<AnswerToken>> tokens_of(std::string_view answer, Commas commas) {
  if (answer.size() > kLongestAnswer) return std::nullopt;
  const std::string s = in_ascii_latex(answer);
  Tokenizer tokenizer(s, commas);
  if (!tokenizer.run(0)) return std::nullopt;
  auto& out = tokenizer.out;
  const auto is_end = [](const Token& t) { return t.is(".") || t.is(",") || t.is(";") || t.is("\\\\"); };
  while (!out.empty() && is_end(out.back())) out.pop_back();
  out.emplace_back();
  return std::move(out);
}

std::string words_of(std::string_view answer) {
  std::string out;
  std::string s = in_ascii_latex(answer.substr(0, kLongestAnswer));
  for (size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '\\') {
      size_t end = i + 1;
      while (end < s.size() && is_letter(s[end])) ++end;
      const std::string_view name = std::string_view(s).substr(i + 1, end - i - 1);
      if (!name.empty() && !is_text_command(name) && !is_spacing_command(name)) out += s.substr(i, end - i);
      if (name.empty() && end < s.size() && std::string_view(",;: ").find(s[end]) != std::string_view::npos) out += ' ';
      if (name.empty() && end < s.size()) ++end;
      i = end - 1;
    } else if (is_space(s[i]) || s[i] == '~') {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else if (std::string_view("${}*\"`").find(s[i]) == std::string_view::npos) {
      out += s[i];
    }
  }
  out = lower(out);
  while (!out.empty() && std::string_view(" .").find(out.back()) != std::string_view::npos) out.pop_back();
  std::string_view v = trimmed(out);
  if (v.size() > 2 && v.front() == '(' && v.find(')') == v.size() - 1) v = trimmed(v.substr(1, v.size() - 2));
  return std::string(v);
}

}  // namespace r1
