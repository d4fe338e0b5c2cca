// The formats of strings in JSON Schemas.
#pragma once
#include <string>
#include <string_view>

namespace r1 {

// A regular expression of texts that have the format, though not of all of them; empty if the format is not known.
std::string json_format_regex(std::string_view format);

}  // namespace r1
