// The normal form of an expression: a quotient of two polynomials with rational coefficients, in atoms with rational
// exponents. Atoms are variables, pi, e, i, prime numbers under a root (2^(1/2)), and expressions that the form does
// not look into (sin(x), the root of a sum), each written in its own normal form.
//
// Two forms are equal if cross-multiplying gives the same polynomial. If no atom is opaque, the converse holds too:
// roots of primes are linearly independent over the rationals, also beside i, and pi, e and variables are taken to be
// independent of everything. Variables stand for positive numbers, so (x^2)^(1/2) is x.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "verify/tree.hpp"

namespace r1 {

// What a comparison may spend, in steps rather than in time, so that a verdict depends on its input alone. One step of
// `exact` is a product of two terms or 512 bits of a coefficient; one of `numeric` is an addition of 100 digits.
struct VerifyBudget {
  i64 exact = 20'000;
  i64 numeric = 20'000;

  bool spend_exact(i64 steps) { return (exact -= steps) >= 0; }
  bool spend_numeric(i64 steps) { return (numeric -= steps) >= 0; }
};
constexpr size_t kMostBits = 100'000;  // of a coefficient; longer ones are not computed

struct Exponent {
  i64 above = 1, below = 1;  // in lowest terms, below > 0
  auto operator<=>(const Exponent&) const = default;
};
using Monomial = std::vector<std::pair<std::string, Exponent>>;  // sorted by atom
using Polynomial = std::map<Monomial, Rational>;                 // no zero coefficients

struct ExactForm {
  Polynomial above, below;
  bool opaque = false;  // some atom depends on others in ways that the form does not see

  std::optional<Rational> rational() const;
};

enum class FormState { known, undefined, unknown };  // undefined: 1/0; unknown: the budget or a limit stopped the work
struct FormResult {
  FormState state = FormState::unknown;
  ExactForm form;
};

FormResult exact_form(const AnswerNode& node, VerifyBudget& budget);

// a · b' − b · a' for a/a' and b/b': zero if the forms are equal. Nothing if the budget does not reach.
std::optional<Polynomial> difference(const ExactForm& a, const ExactForm& b, VerifyBudget& budget);
// The rational c with a = c · b, if there is one that is not zero.
std::optional<Rational> ratio(const ExactForm& a, const ExactForm& b, VerifyBudget& budget);
std::string text_of(const ExactForm& form);

// Degree signs inside trigonometric functions become π/180.
bool is_trigonometric(std::string_view name);

}  // namespace r1
