// The words and commands that the tokenizer of answers knows.
#pragma once
#include <string>
#include <string_view>

namespace r1 {

bool is_known_command(std::string_view name);    // a command that the parser reads, without its backslash
bool is_spacing_command(std::string_view name);  // \quad, \left, \displaystyle ...: gives no token
bool is_text_command(std::string_view name);     // \text, \mathrm ...: its argument is words
bool is_function(std::string_view word);         // sin, log, gcd ...
bool is_unit(std::string_view word);             // in lower case: cm, miles, degrees ...
bool is_percent_word(std::string_view word);
// The value of a number word, or nothing: "five" is "5".
std::string_view digits_of_word(std::string_view word);
// A command's other spelling: dfrac is frac, leq is le.
std::string_view usual_name(std::string_view command);

}  // namespace r1
