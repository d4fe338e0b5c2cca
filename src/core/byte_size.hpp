// Parses sizes of memory as people write them.
#pragma once
#include <string_view>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

// The number of bytes that "8g", "512m", "100k" or "1000000" means. Units are powers of 1024 and may be upper case.
// Errors: Errc::usage for any other text, and for a size that is not positive or has more than 63 bits.
Result<i64> parse_bytes(std::string_view text);

}  // namespace r1
