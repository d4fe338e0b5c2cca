// The value of an expression at a point, in complex numbers of 100 digits with a bound of their error. It decides what
// the normal form cannot, for example whether sqrt(3 + 2 sqrt(2)) is 1 + sqrt(2).
//
// Why this gives no false "equal": variables get values made of 64 random bits each, chosen by a hash of both answers,
// and the two values must agree to 50 digits at every point, with an error bound that is as small. Two expressions of
// a few hundred characters that differ, and yet agree to 50 digits at such points, are not met by accident.
#pragma once
#include <set>
#include <string>

#include "verify/form.hpp"

namespace r1 {

struct EvaluationPoint {
  u64 seed = 0;
  bool negative = false;  // variables are negative
};
// Undefined if the expression is, if it holds something that has no value (a limit, a matrix), or if the budget is
// spent.
Complex value_at(const AnswerNode& node, const EvaluationPoint& point, VerifyBudget& budget);

// The free variables: symbols other than pi, e, i and infinity, and functions without a known meaning.
std::set<std::string> variables_of(const AnswerNode& node);
bool has_absolute_value(const AnswerNode& node);

}  // namespace r1
