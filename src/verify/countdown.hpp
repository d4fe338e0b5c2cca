// Checks a countdown answer: an expression that uses each of the given numbers exactly once and has a given value.
#pragma once
#include <span>
#include <string_view>

#include "core/dtype.hpp"

namespace r1 {

// An expression may have numbers, + - * / (also × · ÷ \times \cdot \div) and parentheses, and may end in "= target".
// The arithmetic is exact. The result is false for any other text, a division by zero, more than 256 characters, or
// parentheses nested deeper than 16.
bool countdown_reaches(std::string_view expression, std::span<const i64> numbers, i64 target);

}  // namespace r1
