#include "verify/numbers.hpp"

#include <gmpxx.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.hpp"
#include "verify/real.hpp"

namespace r1 {

struct BigRational {
  mpq_class v;
};

namespace {

Rational make(mpq_class v) { return Rational(std::make_shared<const BigRational>(BigRational{std::move(v)})); }
mpq_class fraction(mpz_class numerator, mpz_class denominator) {
  mpq_class v(std::move(numerator), std::move(denominator));
  v.canonicalize();
  return v;
}
mpz_class power_of(const mpz_class& base, i64 exponent) {
  mpz_class power;
  mpz_pow_ui(power.get_mpz_t(), base.get_mpz_t(), static_cast<unsigned long>(exponent));
  return power;
}
mpz_class floor_of(const mpq_class& v) {
  mpz_class q;
  mpz_fdiv_q(q.get_mpz_t(), v.get_num_mpz_t(), v.get_den_mpz_t());
  return q;
}
size_t length(const mpz_class& n) { return sgn(n) == 0 ? 0 : mpz_sizeinbase(n.get_mpz_t(), 2); }

}  // namespace

Rational::Rational(i64 value) {
  // The numbers that occur everywhere are made once.
  constexpr i64 kCached = 16;
  static const auto cache = [] {
    std::array<std::shared_ptr<const BigRational>, 2 * kCached + 1> all;
    for (i64 i = -kCached; i <= kCached; ++i) all[i + kCached] = std::make_shared<const BigRational>(BigRational{i});
    return all;
  }();
  value_ = -kCached <= value && value <= kCached ? cache[value + kCached]
                                                 : std::make_shared<const BigRational>(BigRational{value});
}

std::optional<Rational> Rational::parse(std::string_view s) {
  std::string digits;
  size_t point = s.npos;
  for (const char c : s) {
    if (c == '.' && point == s.npos) point = digits.size();
    else if (c >= '0' && c <= '9') digits += c;
    else return std::nullopt;
  }
  if (digits.empty()) return std::nullopt;
  const mpz_class value(digits, 10);
  return make(point == s.npos ? mpq_class(value) : fraction(value, power_of(10, std::ssize(digits) - point)));
}

Rational Rational::operator+(const Rational& o) const { return make(value_->v + o.value_->v); }
Rational Rational::operator-(const Rational& o) const { return make(value_->v - o.value_->v); }
Rational Rational::operator*(const Rational& o) const { return make(value_->v * o.value_->v); }
Rational Rational::operator/(const Rational& o) const {
  R1_CHECK(o.sign() != 0, "division of {} by zero", text());
  return make(value_->v / o.value_->v);
}
Rational Rational::operator-() const { return make(-value_->v); }
bool Rational::operator==(const Rational& o) const { return value_ == o.value_ || value_->v == o.value_->v; }
bool Rational::operator<(const Rational& o) const { return value_->v < o.value_->v; }
int Rational::sign() const { return sgn(value_->v); }
bool Rational::is_integer() const { return value_->v.get_den() == 1; }
std::optional<i64> Rational::small() const {
  if (!is_integer() || bits() > 62) return std::nullopt;
  return value_->v.get_num().get_si();
}
Rational Rational::numerator() const { return make(value_->v.get_num()); }
Rational Rational::denominator() const { return make(value_->v.get_den()); }
Rational Rational::floor() const { return make(floor_of(value_->v)); }

Rational Rational::power(i64 exponent) const {
  R1_CHECK(exponent >= 0 || sign() != 0, "zero to the power {}", exponent);
  const mpz_class above = power_of(value_->v.get_num(), std::abs(exponent));
  const mpz_class below = power_of(value_->v.get_den(), std::abs(exponent));
  return make(exponent < 0 ? fraction(below, above) : fraction(above, below));
}

Rational Rational::rounded(int places) const {
  const mpz_class scale = power_of(10, places);
  const mpz_class n = floor_of(abs(value_->v) * scale + mpq_class(1, 2));
  return make(fraction(sign() < 0 ? mpz_class(-n) : n, scale));
}

size_t Rational::bits() const { return std::max(length(value_->v.get_num()), length(value_->v.get_den())); }
std::string Rational::text() const { return value_->v.get_str(); }

// The radius is a double: 10^-100 times any allowed magnitude fits.
struct BigComplex {
  Real re, im;
  double radius;
};

struct ComplexMaker {
  static constexpr double kUnit = 1e-98;  // more than the relative error of any operation here, for which see Real
  // Undefined if the result is too large. `inherited` is the error that comes from the operands.
  static Complex make(Real re, Real im, double inherited) {
    if (!re.finite() || !im.finite()) return {};
    const double size = std::hypot(re.approximate(), im.approximate());
    const double radius = inherited * 1.01 + size * kUnit;
    if (!(size < 1e200) || !(radius < 1e100)) return {};
    return Complex(std::make_shared<const BigComplex>(BigComplex{std::move(re), std::move(im), radius}));
  }
  static const BigComplex& of(const Complex& c) { return *c.value_; }
};

namespace {

using M = ComplexMaker;
Real magnitude(const Real& v) { return v < 0 ? -v : v; }
double size_of(const BigComplex& z) { return std::hypot(z.re.approximate(), z.im.approximate()); }
// The largest error that a comparison or a branch allows, relative to the size or, for small numbers, absolute.
double fine(double size) { return 1e-50 * std::max(size, 1e-20); }
bool is_real(const BigComplex& z) { return !(magnitude(z.im) > z.radius) && z.radius <= fine(size_of(z)); }

}  // namespace

Complex::Complex(const Rational& value) {
  if (value.bits() > 4096) return;
  *this = M::make(Real(value.big().v.get_mpq_t()), Real(), 0);
}
Complex Complex::pi() { return M::make(Real::result(mpfr_const_pi), Real(), 0); }
Complex Complex::e() { return M::make(Real::result(mpfr_exp, Real(1)), Real(), 0); }
Complex Complex::i() { return M::make(Real(), Real(1), 0); }
Complex Complex::from_bits(u64 bits) {
  const mpq_class fraction_of_two(mpz_class(bits), mpz_class(1) << 63);
  return M::make(Real(0.5) + Real(fraction_of_two.get_mpq_t()), Real(), 0);
}

Complex Complex::operator+(const Complex& o) const {
  if (!defined() || !o.defined()) return {};
  const BigComplex &a = *value_, &b = *o.value_;
  return M::make(a.re + b.re, a.im + b.im, a.radius + b.radius);
}
Complex Complex::operator-(const Complex& o) const {
  if (!defined() || !o.defined()) return {};
  const BigComplex &a = *value_, &b = *o.value_;
  return M::make(a.re - b.re, a.im - b.im, a.radius + b.radius);
}
Complex Complex::operator*(const Complex& o) const {
  if (!defined() || !o.defined()) return {};
  const BigComplex &a = *value_, &b = *o.value_;
  const double x = size_of(a), y = size_of(b);
  return M::make(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re,
                 a.radius * (y + b.radius) + b.radius * x + x * y * M::kUnit);
}
Complex Complex::operator/(const Complex& o) const {
  if (!defined() || !o.defined() || !o.nonzero()) return {};
  const BigComplex &a = *value_, &b = *o.value_;
  const Real n = b.re * b.re + b.im * b.im;
  const double x = size_of(a), y = size_of(b);
  if (y < 1e-140) return {};
  return M::make((a.re * b.re + a.im * b.im) / n, (a.im * b.re - a.re * b.im) / n,
                 (a.radius + x / y * b.radius) / (y - b.radius) + x / y * M::kUnit);
}

bool Complex::nonzero() const { return defined() && size_of(*value_) > 2 * value_->radius; }

Complex Complex::exp() const {
  if (!defined() || value_->re > 450 || value_->re < -450 || magnitude(value_->im) > 1e20 || value_->radius > 0.1)
    return {};
  const Real scale = Real::result(mpfr_exp, value_->re);
  const Real c = Real::result(mpfr_cos, value_->im), s = Real::result(mpfr_sin, value_->im);
  // Reducing a large angle loses as many digits as the angle has before its point.
  const double size = scale.approximate();
  return M::make(scale * c, scale * s,
                 size * (1.2 * value_->radius + M::kUnit * (1 + std::abs(value_->im.approximate()))));
}

Complex Complex::log() const {
  if (!nonzero()) return {};
  const BigComplex& z = *value_;
  // Just beside the branch cut the sign of the angle is not known.
  const bool real = is_real(z);
  if (z.re < 0 && !(magnitude(z.im) > z.radius) && !real) return {};
  const Real n = z.re * z.re + z.im * z.im;
  if (n < 1e-280) return {};
  const Real angle = real ? (z.re < 0 ? Real::result(mpfr_const_pi) : Real()) : Real::result(mpfr_atan2, z.im, z.re);
  const double relative = z.radius / size_of(z);
  if (relative > 0.1) return {};
  return M::make(Real::result(mpfr_log, n) / Real(2), angle, 2 * relative + M::kUnit);
}

Complex Complex::sin() const {
  const Complex u = (*this * i()).exp();
  return (u - Complex(Rational(1)) / u) / (i() + i());
}
Complex Complex::cos() const {
  const Complex u = (*this * i()).exp();
  return (u + Complex(Rational(1)) / u) / Complex(Rational(2));
}

Complex Complex::abs() const {
  if (!defined()) return {};
  const BigComplex& z = *value_;
  return M::make(is_real(z) ? magnitude(z.re) : Real::result(mpfr_hypot, z.re, z.im), Real(), z.radius);
}

Complex Complex::root(i64 n) const {
  if (!defined() || n < 1) return {};
  const BigComplex& z = *value_;
  if (z.re.zero() && z.im.zero() && z.radius == 0) return *this;
  if (!nonzero()) return {};
  const double relative = z.radius / size_of(z);
  if (relative > 0.1) return {};
  if (is_real(z) && (z.re > 0 || n % 2 == 1)) {
    const Real r = Real::result(mpfr_rootn_ui, magnitude(z.re), static_cast<unsigned long>(n));
    return M::make(z.re > 0 ? r : -r, Real(), 2 * relative * r.approximate());
  }
  return (log() / Complex(Rational(n))).exp();
}

Complex Complex::power(const Complex& exponent) const {
  if (!defined() || !exponent.defined()) return {};
  return (log() * exponent).exp();
}

bool Complex::agrees(const Complex& o) const {
  const Complex d = *this - o;
  if (!d.defined()) return false;
  const double allowed = fine(std::max(size_of(*value_), size_of(*o.value_)));
  return d.value_->radius <= allowed && size_of(*d.value_) <= allowed;
}

std::optional<Rational> Complex::rounded(int places) const {
  if (!defined() || !is_real(*value_)) return std::nullopt;
  const mpz_class scale = power_of(10, places);
  const Real scaled = value_->re * Real(mpq_class(scale).get_mpq_t());
  if (magnitude(scaled) > 1e80) return std::nullopt;
  mpz_class whole;
  scaled.round_to(whole.get_mpz_t());
  return r1::make(fraction(whole, scale));
}

std::optional<int> Complex::sign() const {
  if (!nonzero() || !is_real(*value_)) return std::nullopt;
  return value_->re > 0 ? 1 : -1;
}

}  // namespace r1
