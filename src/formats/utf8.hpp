// UTF-8 as the Unicode standard defines it (no overlong forms, no surrogates, at most U+10FFFF).
#pragma once
#include <string>
#include <string_view>

#include "core/dtype.hpp"

namespace r1 {

// Bytes of the character at the front of `s`, 0 if what is there is no character (or `s` is empty).
size_t utf8_length(std::string_view s);
// Offset of the first byte that belongs to no character; s.size() if there is none.
size_t first_invalid_utf8(std::string_view s);
// The character at the front of `s`, which must be valid.
u32 utf8_code_point(std::string_view s);
void append_utf8(u32 code_point, std::string& out);

}  // namespace r1
