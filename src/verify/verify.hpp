// Finding the final answer in a completion, and comparing answers exactly.
#pragma once
#include <string>
#include <string_view>

namespace r1 {

// The final answer: looked for after the last "</think>" where there is one. The last \boxed{...} with balanced braces;
// else the last number, or list of numbers, after "answer is"; else all of the text, trimmed. May be empty, which
// matches nothing.
std::string extract_answer(std::string_view completion);

// Whether a given answer equals the expected one: equal strings after normalisation; equal rational values (integers,
// decimals, fractions a/b or \frac{a}{b}, thousands commas, leading +, trailing period); or lists of equal length,
// separated by commas or spaces, equal element by element in order. Empty equals nothing.
bool answer_matches(std::string_view expected, std::string_view given);

}  // namespace r1
