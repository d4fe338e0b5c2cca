// Sizes of memory as people write them.
#pragma once
#include <string_view>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

// "8g", "512m", "100k" or "1000000" in bytes; the units are powers of 1024 and may be upper case.
// Errors (usage): any other text, a size that is not positive or does not fit.
Result<i64> parse_bytes(std::string_view text);

}  // namespace r1
