#include "core/math.hpp"

#include <cmath>

#include "core/philox.hpp"

namespace r1 {

double exact_exp(double x) {
  if (x < -746) return 0;
  if (x > 710) return HUGE_VAL;  // from 709.78 to 710 ldexp overflows to infinity by itself
  const double k = std::nearbyint(x * 1.4426950408889634);
  const double r = (x - k * 0x1.62e42feep-1) - k * 0x1.a39ef35793c76p-33;  // ln 2 in two parts; |r| <= 0.35
  double sum = 1;
  for (int i = 17; i >= 1; --i) sum = 1 + sum * r / i;
  return std::ldexp(sum, static_cast<int>(k));
}

double exact_log(double x) {
  int e;
  double m = std::frexp(x, &e);
  if (m < 0.70710678118654752) m *= 2, --e;
  const double t = (m - 1) / (m + 1), t2 = t * t;  // |t| <= 0.172, so 21 odd terms are accurate to 1e-17
  double sum = 0;
  for (int i = 41; i >= 1; i -= 2) sum = sum * t2 + 1.0 / i;
  return 2 * t * sum + e * 0x1.62e42fefa39efp-1;
}

double exact_pow(double base, double y) { return exact_exp(y * exact_log(base)); }

SinCos exact_sincos(double x) {
  // pi/2 in three parts (fdlibm's). The first two have at most 32 bits, so their products with |k| < 2^21 are exact.
  const double k = std::nearbyint(x * 0.63661977236758134);
  const double r = ((x - k * 0x1.921fb544p+0) - k * 0x1.0b4611a6p-34) - k * 0x1.3198a2e037073p-69;
  const double r2 = r * r;
  double s = 1, c = 1;
  for (int i = 20; i >= 2; i -= 2) {
    s = 1 - s * r2 / (i * (i + 1));
    c = 1 - c * r2 / (i * (i - 1));
  }
  s *= r;
  switch (static_cast<long long>(k) & 3) {
    case 0: return {s, c};
    case 1: return {c, -s};
    case 2: return {-s, -c};
    default: return {-c, s};
  }
}

double Random::normal() {  // Box-Muller; the second number of the pair is not used
  const double u = 1 - uniform(), v = uniform();
  return std::sqrt(-2 * exact_log(u)) * exact_sincos(6.283185307179586 * v).cos;
}

}  // namespace r1
