// UTF-8 as the Unicode standard defines it (no overlong forms, no surrogates, at most U+10FFFF), and what Unicode says
// about characters.
#pragma once
#include <string>
#include <string_view>

#include "core/dtype.hpp"

namespace r1 {

// The length in bytes of the character at the front of `s`; 0 if `s` is empty or does not begin with a character.
size_t utf8_length(std::string_view s);
// The offset of the first byte that is not UTF-8; s.size() if there is none.
size_t first_invalid_utf8(std::string_view s);
// The character at the front of `s`, which must be valid.
u32 utf8_code_point(std::string_view s);
// The character at the end of `s`; empty if `s` is empty or does not end with a character.
std::string_view last_character(std::string_view s);
// The longest beginning of `s` that has at most `most` bytes and does not end inside a character.
std::string_view utf8_prefix(std::string_view s, size_t most);
void append_utf8(u32 code_point, std::string& out);
// The text with U+FFFD in place of each byte that is not UTF-8.
std::string valid_utf8(std::string_view text);

// The text as a terminal can safely show it: control characters, bytes that are not UTF-8, and characters that break a
// line or turn its direction become escapes such as \n or \x1b. After about `most` bytes … stands for the rest.
std::string printable(std::string_view s, size_t most);

// Unicode's property White_Space.
bool is_white_space(u32 code_point);
// The offset at which the white space at the end of `s` begins; s.size() if there is none.
size_t trailing_space(std::string_view s);
// Unicode's meaning of \w (UTS #18): letters, marks, decimal digits, letter numbers, connectors, joiners.
bool is_word_character(u32 code_point);

// NFC of the parts that are UTF-8. Other bytes stay as they are. So do runs of more than 30 marks, which no script has
// (UAX #15, stream-safe text), because sorting marks takes the square of their number.
std::string to_nfc(std::string_view text);
// A quick test for text that is NFC: it has no character from U+0300 on. Marks and all that composes lie there.
bool is_surely_nfc(std::string_view text);

}  // namespace r1
