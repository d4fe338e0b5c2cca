#include "quant/quantize_fit.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace r1::fit {
namespace {

// Always four lanes, whatever the width of the processor's registers, so that sums have the same order everywhere.
using V4 = float __attribute__((vector_size(16)));
constexpr int kLanes = 4, kMost = 32;

V4 load(const float* p) {
  V4 v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
float sum(V4 v) { return (v[0] + v[2]) + (v[1] + v[3]); }
V4 set(float v) { return V4{v, v, v, v}; }

// The sums that decide how good a choice of q is.
struct Sums {
  double q, qq, xq;  // Σ w q, Σ w q², Σ w x q
};

// A sub-block, with the sums that all candidates share.
class Fit {
 public:
  Fit(const float* x, const float* w, int n) : x_(x), w_(w), n_(n) {
    V4 one{}, linear{}, square{};
    for (int i = 0; i < n; i += kLanes) {
      const V4 v = load(x + i), weight = load(w + i), weighted = weight * v;
      std::memcpy(wx_ + i, &weighted, sizeof weighted);
      one += weight, linear += weighted, square += weighted * v;
    }
    sw = static_cast<double>(sum(one)), swx = static_cast<double>(sum(linear)), swxx = static_cast<double>(sum(square));
  }

  double sw, swx, swxx;  // Σ w, Σ w x, Σ w x²

  // The sums for q = round((x - origin) · inverse), clamped to [low, high].
  Sums round(float origin, float inverse, float low, float high) const {
    constexpr float kShift = 0x1.8p23f;
    const V4 zero = set(origin), scale = set(inverse), lowest = set(low), highest = set(high), shift = set(kShift);
    V4 q1{}, qq{}, xq{};
    for (int i = 0; i < n_; i += kLanes) {
      V4 q = (load(x_ + i) - zero) * scale;
      q = q < lowest ? lowest : q;
      q = q > highest ? highest : q;
      q = (q + shift) - shift;
      const V4 wq = load(w_ + i) * q;
      q1 += wq, qq += wq * q, xq += load(wx_ + i) * q;
    }
    return {static_cast<double>(sum(q1)), static_cast<double>(sum(qq)), static_cast<double>(sum(xq))};
  }

  // The sums if q is the step nearest to x · inverse.
  Sums step(float inverse) const {
    const V4 scale = set(inverse);
    V4 q1{}, qq{}, xq{};
    for (int i = 0; i < n_; i += kLanes) {
      const V4 v = load(x_ + i) * scale;
      V4 q = set(kSteps[0]);
      for (int k = 0; k < 15; ++k) {
        const V4 middle = set((kSteps[k] + kSteps[k + 1]) / 2);
        q += v > middle ? set(kSteps[k + 1] - kSteps[k]) : V4{};
      }
      const V4 wq = load(w_ + i) * q;
      q1 += wq, qq += wq * q, xq += load(wx_ + i) * q;
    }
    return {static_cast<double>(sum(q1)), static_cast<double>(sum(qq)), static_cast<double>(sum(xq))};
  }

 private:
  const float *x_, *w_;
  float wx_[kMost];
  int n_;
};

// Keeps the best of several scales. With a = Σwxq / Σwq² the error is Σwx² - (Σwxq)² / Σwq², so the second term is the
// gain.
struct Best {
  double gain = 0, a = 0;
  bool take(const Sums& s) {
    if (!(s.qq > 0) || !(s.xq * s.xq > gain * s.qq)) return false;
    gain = s.xq * s.xq / s.qq, a = s.xq / s.qq;
    return true;
  }
};

constexpr float kTiny = 1e-30f;  // smaller numbers are zero in every format, and 1 / x might overflow

}  // namespace

float largest(const float* x, int n) {
  float m = 0;
  for (int i = 0; i < n; ++i)
    if (std::fabs(x[i]) > std::fabs(m)) m = x[i];
  return m;
}

float symmetric(const float* x, const float* w, int n, int top) {
  const float m = largest(x, n);
  if (std::fabs(m) < kTiny) return 0;
  const Fit fit(x, w, n);
  const auto low = static_cast<float>(-top), high = static_cast<float>(top - 1);
  const auto sums = [&](float inverse) { return fit.round(0, inverse, low, high); };
  Best best;
  // Candidates put the largest number on the end of the range that reaches further (-top), and around it. With few
  // steps the other end may fit better.
  for (int k = -9; k <= 9; ++k) best.take(sums(-(static_cast<float>(top) + 0.1f * static_cast<float>(k)) / m));
  if (top <= 8)
    for (int k = -9; k <= 9; ++k) best.take(sums((static_cast<float>(top - 1) + 0.1f * static_cast<float>(k)) / m));
  for (int again = 0; again < 2 && best.a != 0; ++again)  // rounding with the fitted scale may fit still better
    if (!best.take(sums(static_cast<float>(1 / best.a)))) break;
  return static_cast<float>(best.a);
}

Affine affine(const float* x, const float* w, int n, int top, Offset offset) {
  const auto [least, most] = std::minmax_element(x, x + n);
  const bool any = offset == Offset::any;
  const float low = any ? *least : std::min(*least, 0.0f), range = *most - low;
  if (range < kTiny) return {0, -low};
  const Fit fit(x, w, n);
  double least_error = 0, a = 0, m = 0;
  bool found = false;
  // Rounds with `inverse` and `origin`, then finds the a and m = -b that fit those q best. Keeps them if they are
  // better.
  const auto take = [&](float origin, float inverse) {
    const Sums s = fit.round(origin, inverse, 0, static_cast<float>(top));
    const double det = fit.sw * s.qq - s.q * s.q;
    if (!(det > 1e-5 * fit.sw * s.qq)) return false;  // all q are the same, up to rounding of the sums: a is arbitrary
    double scale = (fit.sw * s.xq - fit.swx * s.q) / det, shift = (s.qq * fit.swx - s.q * s.xq) / det;
    if (!any && shift > 0) shift = 0, scale = s.xq / s.qq;
    if (!(scale > 0)) return false;
    const double error = fit.swxx - 2 * (scale * s.xq + shift * fit.swx) + scale * scale * s.qq +
                         2 * scale * shift * s.q + shift * shift * fit.sw;
    if (found && !(error < least_error)) return false;
    found = true, least_error = error, a = scale, m = shift;
    return true;
  };
  const auto steps_of = [&](float more) { return (static_cast<float>(top) + more) / range; };
  const float first = top > 3 ? -1.0f : -0.5f;
  for (int k = 0; k <= 20; ++k) take(low, steps_of(first + 0.1f * static_cast<float>(k)));
  for (int again = 0; again < 2 && found; ++again)
    if (!take(static_cast<float>(m), static_cast<float>(1 / a))) break;
  if (!found) return {range / static_cast<float>(top), -low};
  return {static_cast<float>(a), static_cast<float>(-m)};
}

float error(const float* x, const float* w, int n, int low, int high, Affine f) {
  const V4 a = set(f.a), b = set(f.b), scale = set(std::fabs(f.a) < kTiny ? 0 : 1 / f.a), shift = set(0x1.8p23f),
           lowest = set(static_cast<float>(low)), highest = set(static_cast<float>(high));
  V4 total{};
  for (int i = 0; i < n; i += kLanes) {
    const V4 v = load(x + i) + b;
    V4 q = v * scale;
    q = q < lowest ? lowest : q;
    q = q > highest ? highest : q;
    const V4 d = v - a * ((q + shift) - shift);
    total += load(w + i) * d * d;
  }
  return sum(total);
}

int nearest_step(float v) {
  int k = 0;
  while (k < 15 && v > (kSteps[k] + kSteps[k + 1]) / 2) ++k;
  return k;
}

float steps(const float* x, const float* w, int n) {
  const float m = largest(x, n);
  if (std::fabs(m) < kTiny) return 0;
  const Fit fit(x, w, n);
  Best best;
  for (int k = -7; k <= 7; ++k) best.take(fit.step((kSteps[0] + static_cast<float>(k)) / m));
  best.take(fit.step(-kSteps[0] / m));  // with the opposite sign
  if (best.a != 0) best.take(fit.step(static_cast<float>(1 / best.a)));
  return static_cast<float>(best.a);
}

}  // namespace r1::fit
