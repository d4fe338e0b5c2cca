#include "verify/numbers.hpp"

#include <algorithm>
#include <array>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>

#include "core/error.hpp"

namespace r1 {

using boost::multiprecision::cpp_int;
using boost::multiprecision::cpp_rational;
using Real = boost::multiprecision::cpp_bin_float_100;

struct BigRational {
  cpp_rational v;
};

namespace {

Rational make(cpp_rational v) { return Rational(std::make_shared<const BigRational>(BigRational{std::move(v)})); }
cpp_int floor_of(const cpp_rational& v) {
  const cpp_int n = numerator(v), d = denominator(v);
  cpp_int q = n / d;  // towards zero
  if (n < 0 && q * d != n) --q;
  return q;
}

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
  // Leading zeros are removed because cpp_int would read the digits as octal.
  const size_t nonzero = std::min(digits.find_first_not_of('0'), digits.size() - 1);
  const cpp_int value(digits.substr(nonzero));
  const cpp_int scale = point == s.npos ? cpp_int(1) : pow(cpp_int(10), static_cast<unsigned>(digits.size() - point));
  return make(cpp_rational(value, scale));
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
int Rational::sign() const { return value_->v.sign(); }
bool Rational::is_integer() const { return boost::multiprecision::denominator(value_->v) == 1; }
std::optional<i64> Rational::small() const {
  if (!is_integer() || bits() > 62) return std::nullopt;
  return static_cast<i64>(boost::multiprecision::numerator(value_->v));
}
Rational Rational::numerator() const { return make(boost::multiprecision::numerator(value_->v)); }
Rational Rational::denominator() const { return make(boost::multiprecision::denominator(value_->v)); }
Rational Rational::floor() const { return make(floor_of(value_->v)); }

Rational Rational::power(i64 exponent) const {
  R1_CHECK(exponent >= 0 || sign() != 0, "zero to the power {}", exponent);
  const auto n = static_cast<unsigned>(exponent < 0 ? -exponent : exponent);
  const cpp_int above = pow(boost::multiprecision::numerator(value_->v), n);
  const cpp_int below = pow(boost::multiprecision::denominator(value_->v), n);
  return exponent < 0 ? make(cpp_rational(below, above)) : make(cpp_rational(above, below));
}

Rational Rational::rounded(int places) const {
  const cpp_int scale = pow(cpp_int(10), static_cast<unsigned>(places));
  const cpp_rational v = abs(value_->v) * scale + cpp_rational(1, 2);
  const cpp_rational rounded(floor_of(v), scale);
  return make(sign() < 0 ? cpp_rational(-rounded) : rounded);
}

size_t Rational::bits() const {
  const auto length = [](const cpp_int& n) { return n.is_zero() ? 0 : msb(cpp_int(abs(n))) + 1; };
  return std::max(length(boost::multiprecision::numerator(value_->v)),
                  length(boost::multiprecision::denominator(value_->v)));
}

std::string Rational::text() const { return value_->v.str(); }

// The radius is a double: 10^-100 times any allowed magnitude fits.
struct BigComplex {
  Real re, im;
  double radius;
};

struct ComplexMaker {
  static constexpr double kUnit = 1e-98;  // relative error of one operation, some hundred times the true one
  // Undefined if the result is too large. `inherited` is the error that comes from the operands.
  static Complex make(Real re, Real im, double inherited) {
    if (!isfinite(re) || !isfinite(im)) return {};
    const double size = std::hypot(static_cast<double>(re), static_cast<double>(im));
    const double radius = inherited * 1.01 + size * kUnit;
    if (!(size < 1e200) || !(radius < 1e100)) return {};
    return Complex(std::make_shared<const BigComplex>(BigComplex{std::move(re), std::move(im), radius}));
  }
  static const BigComplex& of(const Complex& c) { return *c.value_; }
};

namespace {

using M = ComplexMaker;
Real magnitude(const Real& v) { return v < 0 ? Real(-v) : v; }
double size_of(const BigComplex& z) { return std::hypot(static_cast<double>(z.re), static_cast<double>(z.im)); }
// The largest error that a comparison or a branch allows, relative to the size or, for small numbers, absolute.
double fine(double size) { return 1e-50 * std::max(size, 1e-20); }
bool is_real(const BigComplex& z) { return magnitude(z.im) <= Real(z.radius) && z.radius <= fine(size_of(z)); }

}  // namespace

Complex::Complex(const Rational& value) {
  const cpp_rational& v = value.big().v;
  if (value.bits() > 4096) return;
  *this = M::make(Real(numerator(v)) / Real(denominator(v)), Real(0), 0);
}
Complex Complex::pi() { return M::make(boost::math::constants::pi<Real>(), Real(0), 0); }
Complex Complex::e() { return M::make(boost::math::constants::e<Real>(), Real(0), 0); }
Complex Complex::i() { return M::make(Real(0), Real(1), 0); }
Complex Complex::from_bits(u64 bits) { return M::make(Real(0.5) + ldexp(Real(bits), -63), Real(0), 0); }

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
  const Real scale = boost::multiprecision::exp(value_->re);
  const Real c = boost::multiprecision::cos(value_->im), s = boost::multiprecision::sin(value_->im);
  // Reducing a large angle loses as many digits as the angle has before its point.
  const double size = static_cast<double>(scale);
  return M::make(scale * c, scale * s,
                 size * (1.2 * value_->radius + M::kUnit * (1 + std::abs(static_cast<double>(value_->im)))));
}

Complex Complex::log() const {
  if (!nonzero()) return {};
  const BigComplex& z = *value_;
  // Just beside the branch cut the sign of the angle is not known.
  const bool real = is_real(z);
  if (z.re < 0 && magnitude(z.im) <= Real(z.radius) && !real) return {};
  const Real n = z.re * z.re + z.im * z.im;
  if (n < Real("1e-280")) return {};
  const Real angle = real ? (z.re < 0 ? boost::math::constants::pi<Real>() : Real(0)) : atan2(z.im, z.re);
  const double relative = z.radius / size_of(z);
  if (relative > 0.1) return {};
  return M::make(boost::multiprecision::log(n) / 2, angle, 2 * relative + M::kUnit);
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
  return M::make(is_real(z) ? magnitude(z.re) : sqrt(z.re * z.re + z.im * z.im), Real(0), z.radius);
}

Complex Complex::root(i64 n) const {
  if (!defined() || n < 1) return {};
  const BigComplex& z = *value_;
  if (z.re == 0 && z.im == 0 && z.radius == 0) return *this;
  if (!nonzero()) return {};
  const double relative = z.radius / size_of(z);
  if (relative > 0.1) return {};
  if (is_real(z) && (z.re > 0 || n % 2 == 1)) {
    const Real size = magnitude(z.re);
    const Real r = n == 2 ? Real(sqrt(size)) : Real(pow(size, 1 / Real(n)));
    return M::make(z.re > 0 ? r : Real(-r), Real(0), 2 * relative * static_cast<double>(r));
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
  const Real scaled = value_->re * pow(Real(10), places);
  if (magnitude(scaled) > Real("1e80")) return std::nullopt;
  const Real whole = boost::multiprecision::round(scaled);
  return r1::make(cpp_rational(cpp_int(whole), pow(cpp_int(10), static_cast<unsigned>(places))));
}

std::optional<int> Complex::sign() const {
  if (!nonzero() || !is_real(*value_)) return std::nullopt;
  return value_->re > 0 ? 1 : -1;
}

}  // namespace r1
