// What the commands of LaTeX look like as plain text.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace r1 {

struct MathSymbol {
  std::string_view name, text;
  bool anywhere = false;  // also outside of formulas
};
// nullptr if the name, which has no backslash, is not known.
const MathSymbol* math_symbol(std::string_view name);

// Commands whose argument in braces is shown as it is: boxed, text, mathbf.
bool is_math_wrapper(std::string_view name);
// Environments whose \begin and \end are left out: align, cases, pmatrix.
bool is_math_environment(std::string_view name);
// Those of them that make a formula by themselves, as align does and cases does not.
bool is_math_display(std::string_view name);

// The text in raised or lowered characters; nothing if Unicode lacks one of them.
std::optional<std::string> superscript(std::string_view text);
std::optional<std::string> subscript(std::string_view text);

}  // namespace r1
