// Rows of a file for r1 verify: {"gold","pred"} and, if they are given, "id", "mode", "options" and "equal".
#pragma once
#include <optional>
#include <string>

#include "formats/json.hpp"
#include "verify/verify.hpp"

namespace r1 {

struct VerifyRow {
  Json id;  // as it is in the row; null if it has none
  std::string gold, given;
  VerifyOptions options;
  std::optional<bool> label;  // "equal": what the verdict should be
};

// mode: "text" (the default) or "answer". options: match_types (latex, expr, string, boxed; default latex and expr),
// strings, precision (0 to 50), strict, allow_set_relation_comp, after_think; "language" is accepted and has no effect,
// because the words of all languages are looked for. `source` names the row in errors.
// Errors: gold or pred is missing or no string, an unknown mode, an unknown option, or one of the wrong type.
Result<VerifyRow> verify_row_of(const Json& row, std::string source);

}  // namespace r1
