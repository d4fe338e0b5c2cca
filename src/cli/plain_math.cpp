#include "cli/plain_math.hpp"

#include <algorithm>

#include "cli/math_symbols.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

// A construct that is longer than this is shown as it came, so that a missing brace does not hold back the answer.
constexpr size_t kMostHeld = 400;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

size_t skip_spaces(std::string_view s, size_t at) {
  while (at < s.size() && s[at] == ' ') ++at;
  return at;
}

std::string_view name_at(std::string_view s, size_t at) {
  size_t end = at;
  while (end < s.size() && is_letter(s[end])) ++end;
  return s.substr(at, end - at);
}

struct Argument {
  std::string_view text;
  size_t end;  // behind it
};

// The offset of the brace that closes the one at `open`; npos if it is not there yet.
size_t closing(std::string_view s, size_t open, char opener, char closer) {
  int depth = 0;
  for (size_t i = open; i < s.size(); ++i) {
    if (s[i] == '\\') ++i;
    else if (s[i] == opener) ++depth;
    else if (s[i] == closer && --depth == 0) return i;
  }
  return s.npos;
}

// An argument of a command: a group in braces, a command without arguments, or one character. Nothing if it is not
// complete; at the end of the text a command's name is complete.
std::optional<Argument> argument(std::string_view s, size_t at, bool last) {
  at = skip_spaces(s, at);
  if (at == s.size()) return std::nullopt;
  if (s[at] == '{') {
    const size_t end = closing(s, at, '{', '}');
    if (end == s.npos) return std::nullopt;
    return Argument{s.substr(at + 1, end - at - 1), end + 1};
  }
  if (utf8_length(s.substr(at)) == 0 && s.size() - at < 4 && !last) return std::nullopt;  // half a character
  size_t length = std::max<size_t>(utf8_length(s.substr(at)), 1);
  if (s[at] == '\\') {
    length = 1 + name_at(s, at + 1).size();
    if (at + length == s.size() && !last) return std::nullopt;
    if (length == 1) return std::nullopt;
  }
  return Argument{s.substr(at, length), at + length};
}

// In parentheses if the text is a sum, a product or a quotient, and has none around it.
std::string as_factor(std::string text, std::string_view operators) {
  const bool enclosed = text.starts_with('(') && closing(text, 0, '(', ')') == text.size() - 1;
  if (enclosed || text.find_first_of(operators) == text.npos) return text;
  return "(" + text + ")";
}

}  // namespace

std::string PlainMath::plain_formula(std::string_view formula) {
  PlainMath inner;
  inner.math_ = true;
  std::string out = inner.push(formula);
  out += inner.finish();
  const size_t begin = std::min(out.find_first_not_of(' '), out.size());
  return out.substr(begin, out.find_last_not_of(' ') + 1 - begin);
}

// \frac{a}{b}. The next character decides whether the fraction needs parentheses: "(1/2)x".
std::optional<PlainMath::Unit> PlainMath::fraction(std::string_view s, size_t at, bool last) const {
  const auto above = argument(s, at, last);
  const auto below = above ? argument(s, above->end, last) : std::nullopt;
  if (!below || (below->end == s.size() && !last)) return std::nullopt;
  const std::string over = as_factor(plain_formula(above->text), "+ /=");
  const std::string under = as_factor(plain_formula(below->text), "+- /=");
  std::string text = over + "/" + under;
  const char after = below->end < s.size() ? s[below->end] : '\0';
  if (is_letter(after) || is_digit(after) || after == '(' || after == '^') text = "(" + text + ")";
  else if (is_digit(before_)) text = " " + text;  // a mixed number
  return Unit{below->end, std::move(text)};
}

std::optional<PlainMath::Unit> PlainMath::root(std::string_view s, size_t at, bool last) const {
  at = skip_spaces(s, at);
  std::string degree;
  if (at < s.size() && s[at] == '[') {
    const size_t end = closing(s, at, '[', ']');
    if (end == s.npos) return std::nullopt;
    degree = plain_formula(s.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  const auto radicand = argument(s, at, last);
  if (!radicand) return std::nullopt;
  const std::string sign = degree.empty() || degree == "2" ? "√"
                           : degree == "3"                 ? "∛"
                           : degree == "4"                 ? "∜"
                                                           : superscript(degree).value_or(degree + " ") + "√";
  return Unit{radicand->end, sign + as_factor(plain_formula(radicand->text), "+-/= ")};
}

// x^2, a_{12}
std::optional<PlainMath::Unit> PlainMath::script(std::string_view s, bool last) const {
  const auto raised = argument(s, 1, last);
  if (!raised) return std::nullopt;
  const std::string plain = plain_formula(raised->text);
  if (const auto small = s[0] == '^' ? superscript(plain) : subscript(plain)) return Unit{raised->end, *small};
  return Unit{raised->end, s[0] + as_factor(plain, "+-*/= ,·×^_")};
}

// A command, with all of its name in `s`. An unknown one is shown as it is.
std::optional<PlainMath::Unit> PlainMath::command(std::string_view s, std::string_view name, bool last) {
  const size_t end = 1 + name.size();
  const Unit unchanged{end, std::string(s.substr(0, end))};
  // A Windows path may hold what looks like a command: C:\times.
  if (!in_formula() && (is_letter(before_) || before_ == ':' || before_ == '\\')) return unchanged;
  if (name == "frac" || name == "dfrac" || name == "tfrac" || name == "cfrac") {
    auto unit = fraction(s, end, last);
    return unit || !last ? unit : unchanged;
  }
  if (name == "sqrt") {
    auto unit = root(s, end, last);
    return unit || !last ? unit : unchanged;
  }
  if (is_math_wrapper(name)) {
    const size_t brace = skip_spaces(s, end);
    if (brace == s.size() && !last) return std::nullopt;
    if (brace == s.size() || s[brace] != '{') return unchanged;
    ++depth_;
    return Unit{brace + 1, ""};
  }
  if (name == "left" || name == "right") {  // "\left." is an invisible bracket
    if (end == s.size() && !last) return std::nullopt;
    return Unit{end + (end < s.size() && s[end] == '.' ? 1 : 0), ""};
  }
  if (name == "begin" || name == "end") {
    const auto environment = argument(s, end, last);
    if (!environment && !last) return std::nullopt;
    if (!environment || !is_math_environment(environment->text)) return unchanged;
    if (is_math_display(environment->text)) math_ = name == "begin";
    return Unit{environment->end, ""};
  }
  if (name == "pmod" && in_formula()) {
    const auto modulus = argument(s, end, last);
    if (!modulus) return last ? std::optional(unchanged) : std::nullopt;
    return Unit{modulus->end, "(mod " + plain_formula(modulus->text) + ")"};
  }
  const MathSymbol* symbol = math_symbol(name);
  if (!symbol || !(symbol->anywhere || in_formula())) return unchanged;
  return Unit{end, std::string(symbol->text)};
}

std::optional<PlainMath::Unit> PlainMath::backslash(std::string_view s, bool last) {
  if (s.size() == 1) return last ? std::optional(Unit{1, "\\"}) : std::nullopt;
  const char c = s[1];
  if (is_letter(c)) {
    const std::string_view name = name_at(s, 1);
    if (1 + name.size() == s.size() && !last) return std::nullopt;  // more letters may come
    return command(s, name, last);
  }
  if (c == '(' || c == '[') return open_formula(), Unit{2, ""};
  if ((c == ')' || c == ']') && math_) return math_ = false, Unit{2, ""};
  if (c == '$' || c == '%') return Unit{2, std::string(1, c)};
  if (in_formula()) {
    if (c == ',' || c == ';' || c == ':' || c == ' ') return Unit{2, " "};
    if (c == '!') return Unit{2, ""};
    if (c == '\\') return Unit{2, "\n"};
    if (c == '|') return Unit{2, "‖"};
    if (std::string_view("{}#&_").find(c) != std::string_view::npos) return Unit{2, std::string(1, c)};
  }
  if (c == '\\') return Unit{2, "\\\\"};
  return Unit{1, "\\"};
}

// $x$ is a formula if no space follows the first $ or precedes the second, and no digit follows the second (pandoc's
// rule for Markdown). Both stand in one line. Any other $ is money.
std::optional<PlainMath::Unit> PlainMath::dollar(std::string_view s, bool last) {
  const Unit money{1, "$"};
  if (s.size() == 1) return last ? std::optional(money) : std::nullopt;
  if (s[1] == '$') {
    if (math_) math_ = false;
    else open_formula();
    return Unit{2, ""};
  }
  if (in_formula() || s[1] == ' ' || s[1] == '\n') return money;
  size_t end = 1;
  while (end < s.size() && s[end] != '$' && s[end] != '\n') end += s[end] == '\\' ? 2 : 1;
  if (end >= s.size()) return last ? std::optional(money) : std::nullopt;
  if (s[end] == '\n' || s[end - 1] == ' ') return money;
  if (end + 1 == s.size() && !last) return std::nullopt;
  if (end + 1 < s.size() && is_digit(s[end + 1])) return money;
  return Unit{end + 1, plain_formula(s.substr(1, end - 1))};
}

std::optional<PlainMath::Unit> PlainMath::code(std::string_view s, bool last) {
  constexpr std::string_view kFence = "```";
  const std::string_view marks = s.substr(0, std::min(s.find_first_not_of('`'), s.size()));
  if (line_start_ && s[0] == '`') {
    if (marks.size() < kFence.size() && marks.size() == s.size() && !last) return std::nullopt;
    if (marks.size() >= kFence.size()) {
      code_ = code_ == Code::fence ? Code::none : Code::fence;
      return Unit{marks.size(), std::string(marks)};
    }
  }
  if (code_ == Code::none) code_ = Code::line;
  else if (code_ == Code::line && (s[0] == '`' || s[0] == '\n')) code_ = Code::none;
  return Unit{1, std::string(1, s[0])};
}

std::optional<PlainMath::Unit> PlainMath::next(std::string_view s, bool last) {
  const char c = s[0];
  if (code_ != Code::none || c == '`') return code(s, last);
  if (c == '\\') return backslash(s, last);
  if (c == '$') return dollar(s, last);
  if (c == '\n' && source_ == '\n') math_ = false, depth_ = 0;  // no formula goes over an empty line
  if (!in_formula()) return Unit{1, std::string(1, c)};
  if (c == ' ') {
    const size_t end = skip_spaces(s, 0);
    const std::string_view after = s.substr(end);
    if ((after.empty() || after == "\\" || after == "$") && !last) return std::nullopt;
    const bool ends = after.starts_with("\\)") || after.starts_with("\\]") || after.starts_with("$$");
    return Unit{end, skip_space_ || ends || before_ == ' ' ? "" : " "};
  }
  if (c == '{') return ++depth_, Unit{1, ""};
  if (c == '}') return depth_ = std::max(depth_ - 1, 0), Unit{1, ""};
  if (c == '^' || c == '_') {
    auto unit = script(s, last);
    return unit || !last ? unit : Unit{1, std::string(1, c)};
  }
  if (c == '&') return Unit{1, ""};
  if (c == '~') return Unit{1, " "};
  return Unit{1, std::string(1, c)};
}

std::string PlainMath::convert(bool last) {
  std::string out;
  size_t at = 0;
  while (at < held_.size()) {
    const std::string_view rest = std::string_view(held_).substr(at);
    const bool opened = skip_space_;
    const auto unit = next(rest, last || rest.size() > kMostHeld);
    if (!unit) break;
    if (opened && rest[0] != ' ') skip_space_ = false;
    out += unit->text;
    at += unit->bytes;
    source_ = held_[at - 1];
    if (unit->text.empty()) continue;
    before_ = unit->text.back();
    line_start_ = before_ == '\n' || (line_start_ && before_ == ' ');
  }
  held_.erase(0, at);
  return out;
}

std::string PlainMath::push(std::string_view text) {
  held_ += text;
  return convert(false);
}

std::string PlainMath::finish() {
  std::string out = convert(true);
  held_.clear();
  return out;
}

std::string plain_math(std::string_view text) {
  PlainMath plain;
  std::string out = plain.push(text);
  return out + plain.finish();
}

}  // namespace r1
