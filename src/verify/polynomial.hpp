// Arithmetic on polynomials and quotients of them, within a budget. Nothing is returned when the budget is spent.
#pragma once
#include "verify/form.hpp"

namespace r1 {

Exponent exponent_sum(const Exponent& a, const Exponent& b);
std::optional<Exponent> exponent_product(const Exponent& a, const Exponent& b);  // nothing if it is too large

Polynomial constant(const Rational& value);
Polynomial atom_power(const std::string& atom, Exponent exponent);
std::optional<Polynomial> sum_of(const Polynomial& a, const Polynomial& b, VerifyBudget& budget);
std::optional<Polynomial> product_of(const Polynomial& a, const Polynomial& b, VerifyBudget& budget);
std::string text_of(const Polynomial& p);

std::optional<ExactForm> sum_of(const ExactForm& a, const ExactForm& b, VerifyBudget& budget);
std::optional<ExactForm> product_of(const ExactForm& a, const ExactForm& b, VerifyBudget& budget);
std::optional<ExactForm> integer_power(const ExactForm& base, i64 exponent, VerifyBudget& budget);
// A power of one term with a fraction as exponent; nothing if the base is a sum or the power is not real.
std::optional<ExactForm> fractional_power(const ExactForm& base, Exponent exponent, VerifyBudget& budget);

}  // namespace r1
