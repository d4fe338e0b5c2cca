// Finds the final answer in a completion, and compares answers exactly.
#pragma once
#include <string>
#include <string_view>

namespace r1 {

// The final answer of a completion. Only the text after the last "</think>" counts, if there is one. The answer is the
// content of the last \boxed{...}, otherwise the last number or list of numbers after "answer is", otherwise the whole
// text, trimmed. A last box whose braces are not balanced gives an empty answer. An empty answer matches nothing.
std::string extract_answer(std::string_view completion);

// Whether a given answer equals the expected one. That is so if the normalised strings are equal, or the rational
// values (integers, decimals, fractions a/b or \frac{a}{b}, with thousands commas, a leading + or a trailing period),
// or lists of equal length, separated by commas or spaces, element by element. An empty answer equals nothing.
bool answer_matches(std::string_view expected, std::string_view given);

}  // namespace r1
