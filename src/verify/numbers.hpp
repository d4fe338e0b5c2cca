// Exact rational numbers, and complex numbers of 104 digits that know how wrong they may be. GMP and MPFR compute them;
// only numbers.cpp includes their headers.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/dtype.hpp"

namespace r1 {

struct BigRational;
struct BigComplex;

// A rational number without a limit of its own; callers bound bits() before they multiply or raise to a power.
class Rational {
 public:
  Rational(i64 value = 0);
  explicit Rational(std::shared_ptr<const BigRational> value) : value_(std::move(value)) {}
  // The value of digits with at most one point ("12", ".5", "3.25"). Nothing for any other text.
  static std::optional<Rational> parse(std::string_view digits);

  Rational operator+(const Rational& o) const;
  Rational operator-(const Rational& o) const;
  Rational operator*(const Rational& o) const;
  Rational operator/(const Rational& o) const;  // o must not be zero
  Rational operator-() const;
  bool operator==(const Rational& o) const;
  bool operator<(const Rational& o) const;

  int sign() const;
  bool is_integer() const;
  std::optional<i64> small() const;  // the value, if it is an integer below 2^62 in magnitude
  Rational numerator() const;
  Rational denominator() const;
  Rational floor() const;
  Rational power(i64 exponent) const;  // zero must not get a negative exponent
  Rational rounded(int places) const;  // to so many decimals, halves away from zero
  size_t bits() const;                 // of the longer of numerator and denominator
  std::string text() const;            // "-3/4"
  const BigRational& big() const { return *value_; }

 private:
  std::shared_ptr<const BigRational> value_;
};

// A complex number with a bound of its error: the true value lies within radius() of the stored one. An operation that
// is not defined, or whose result leaves 10^±200, gives an undefined number, and so does every operation on one.
class Complex {
 public:
  Complex() = default;  // undefined
  explicit Complex(const Rational& value);
  static Complex pi();
  static Complex e();
  static Complex i();
  // A fixed positive real between 1/2 and 5/2 made of all 64 bits.
  static Complex from_bits(u64 bits);

  Complex operator+(const Complex& o) const;
  Complex operator-(const Complex& o) const;
  Complex operator*(const Complex& o) const;
  Complex operator/(const Complex& o) const;
  Complex exp() const;
  Complex log() const;  // principal value
  Complex sin() const;
  Complex cos() const;
  Complex abs() const;
  Complex root(i64 n) const;  // of a negative real number the real root if n is odd, else the principal one
  Complex power(const Complex& exponent) const;

  bool defined() const { return value_ != nullptr; }
  // Whether the numbers are the same to 50 digits. The radius of the difference must be that small too, so a loss of
  // digits never makes two numbers agree.
  bool agrees(const Complex& o) const;
  // Whether the number is certainly not zero.
  bool nonzero() const;
  // The real number rounded to so many decimals; nothing if it is not real to 50 digits.
  std::optional<Rational> rounded(int places) const;
  std::optional<int> sign() const;  // of a real number that is certainly not zero

 private:
  explicit Complex(std::shared_ptr<const BigComplex> value) : value_(std::move(value)) {}
  friend struct ComplexMaker;
  std::shared_ptr<const BigComplex> value_;
};

}  // namespace r1
