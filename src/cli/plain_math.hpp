// LaTeX as plain text, for a terminal: \frac{a}{b} is shown as a/b, \boxed{42} as 42, x^2 as x², \times as ×. The text
// comes in pieces of any size, and a command may be cut between two of them.
//
//   PlainMath plain;
//   while (...) show(plain.push(piece));
//   show(plain.finish());
//
// Formulas stand between $ and $, $$ and $$, \( and \), \[ and \], or in braces behind a command such as \boxed.
// Outside of formulas only a few commands are changed (math_symbols.cpp), and a $ before an amount of money stays. Code
// between ` and ` or ``` and ``` stays as it is, and so does a command that is not known.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace r1 {

class PlainMath {
 public:
  std::string push(std::string_view text);
  std::string finish();  // shows what is still held back

 private:
  enum class Code { none, line, fence };
  // What the text begins with: so many bytes are shown as `text`.
  struct Unit {
    size_t bytes;
    std::string text;
  };

  static std::string plain_formula(std::string_view formula);
  std::string convert(bool last);
  // These return nothing if more text is needed. `last`: no more will come.
  std::optional<Unit> next(std::string_view s, bool last);
  std::optional<Unit> backslash(std::string_view s, bool last);
  std::optional<Unit> command(std::string_view s, std::string_view name, bool last);
  std::optional<Unit> root(std::string_view s, size_t at, bool last) const;
  std::optional<Unit> fraction(std::string_view s, size_t at, bool last) const;
  std::optional<Unit> script(std::string_view s, bool last) const;
  std::optional<Unit> dollar(std::string_view s, bool last);
  std::optional<Unit> code(std::string_view s, bool last);
  bool in_formula() const { return math_ || depth_ > 0; }
  void open_formula() { math_ = skip_space_ = true; }

  std::string held_;  // text that is not converted yet
  bool math_ = false;
  int depth_ = 0;            // of open braces
  bool skip_space_ = false;  // the formula has just begun
  Code code_ = Code::none;
  bool line_start_ = true;  // nothing but spaces since the last line end
  char before_ = '\n';      // the last byte that was shown
  char source_ = ' ';       // the last byte that was converted
};

// The whole of a text.
std::string plain_math(std::string_view text);

}  // namespace r1
