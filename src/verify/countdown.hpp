// Checking a countdown answer: an expression of given numbers, each used exactly once, that has a given value.
#pragma once
#include <span>
#include <string_view>

#include "core/dtype.hpp"

namespace r1 {

// Numbers, + - * / (also × · ÷ \times \cdot \div), parentheses; arithmetic is exact. "expr = target" is accepted.
// Anything else, division by zero, more than 256 characters or nesting beyond 16 is false.
bool countdown_reaches(std::string_view expression, std::span<const i64> numbers, i64 target);

}  // namespace r1
