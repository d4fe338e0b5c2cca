// The formats of strings in JSON Schemas.
#pragma once
#include <string>
#include <string_view>

namespace r1 {

// A regular expression: each text that it matches has the format, but not each text of the format is matched. Empty if
// the format is not known.
std::string json_format_regex(std::string_view format);

}  // namespace r1
