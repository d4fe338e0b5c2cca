// Reads regular expressions, those that are regular: without back references and look-around, so that matching takes
// one step per byte. The syntax is that of ECMAScript, which JSON Schema names.
#pragma once
#include <string_view>

#include "grammar/grammar.hpp"

namespace r1 {

// whole: the expression matches the whole text, with or without ^ and $. part: it matches a part of the text, unless ^
// and $ say where.
enum class RegexForm : u8 { whole, part };

// Errors: text that is no regular expression; what is not regular or not supported, by its name. They name the place.
Result<Expr> read_regex(std::string_view text, RegexForm form);

}  // namespace r1
