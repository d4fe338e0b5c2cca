// UTF-8 as the Unicode standard defines it (no overlong forms, no surrogates, at most U+10FFFF), and what Unicode says
// about characters.
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
// The character at the end of `s`; empty if what is there is none.
std::string_view last_character(std::string_view s);
void append_utf8(u32 code_point, std::string& out);

// For a terminal: controls, bytes that are no UTF-8, and what breaks or turns a line become \n, \x1b; after about
// `most` bytes it is cut, with … for the rest.
std::string printable(std::string_view s, size_t most);

// Unicode's White_Space.
bool is_white_space(u32 code_point);
// Where the white space at the end of `s` begins; s.size() if there is none.
size_t trailing_space(std::string_view s);
// What \w means to Unicode (UTS #18): letters, marks, decimal and letter-like digits, connectors, joiners.
bool is_word_character(u32 code_point);

// NFC of the parts that are UTF-8; other bytes stay as they are. So do runs of more marks than any script has (UAX #15,
// stream-safe text), for sorting them takes the square of their number.
std::string to_nfc(std::string_view text);
bool is_surely_nfc(std::string_view text);  // quick: has nothing from U+0300 on, where marks and all that composes lie

}  // namespace r1
