// Every elementwise kernel of every level against double precision, for sizes
// that leave every remainder of every vector width.
#include "kernels/cpu/elementwise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/philox.hpp"
#include "kernels/cpu/kernels.hpp"

namespace r1 {
namespace {

using Floats = std::vector<float>;

constexpr i64 kLongest = 70;        // more than two of the widest vectors, with every remainder
constexpr double kU = 0x1p-24;      // the relative error of one rounding
constexpr float kGuard = 12345.5f;  // stands behind the last element and must not be overwritten

double d(float x) { return static_cast<double>(x); }
double reference_sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

class Elementwise : public testing::TestWithParam<const cpu::Kernels*> {
 protected:
  const cpu::ElementwiseKernels& k = GetParam()->elementwise;

  Floats random(i64 n, u64 stream, double scale = 1) {
    Random r(1, Purpose::test, stream);
    Floats v(n);
    for (float& x : v) x = static_cast<float>(scale * r.normal());
    return v;
  }
  // n elements to write to, followed by a guard.
  Floats output(i64 n, float fill = 0) {
    Floats v(n + 1, fill);
    v.back() = kGuard;
    return v;
  }
  // Expects |got[i] - want(i)| <= tol(i) for every i, and an intact guard.
  template <class Want, class Tolerance>
  void expect(const Floats& got, Want want, Tolerance tol) {
    for (size_t i = 0; i + 1 < got.size(); ++i)
      ASSERT_NEAR(d(got[i]), want(i), tol(i)) << i << " of " << got.size() - 1;
    ASSERT_EQ(got.back(), kGuard) << got.size() - 1;
  }
};

INSTANTIATE_TEST_SUITE_P(Levels, Elementwise, testing::ValuesIn(cpu::levels().begin(), cpu::levels().end()),
                         [](const auto& level) { return std::string(level.param->name); });

TEST_P(Elementwise, SumsAndScalesRoundOnce) {
  for (i64 n = 1; n <= kLongest; ++n) {
    const Floats a = random(n, 1), b = random(n, 2);
    Floats y = output(n), z = output(n), s = output(n);
    k.add(y.data(), a.data(), b.data(), n);
    for (size_t i = 0; i < a.size(); ++i) z[i] = a[i];
    k.accumulate(z.data(), b.data(), n);
    k.scale(s.data(), a.data(), 0.3f, n);
    for (size_t i = 0; i < a.size(); ++i) {
      ASSERT_EQ(y[i], a[i] + b[i]);
      ASSERT_EQ(z[i], y[i]);
      ASSERT_EQ(s[i], a[i] * 0.3f);
    }
    ASSERT_TRUE(y.back() == kGuard && z.back() == kGuard && s.back() == kGuard);
  }
}

TEST_P(Elementwise, RmsNormForwardAndBackwardMatchDouble) {
  constexpr i64 kRows = 3;
  for (i64 n = 1; n <= kLongest; ++n) {
    const Floats x = random(kRows * n, 3), w = random(n, 4), dy = random(kRows * n, 5);
    Floats y = output(kRows * n), rstd = output(kRows), dx = output(kRows * n, 0.5f), dw = output(n, 0.25f);
    k.rms_norm(y.data(), rstd.data(), x.data(), w.data(), kRows, n, 1e-6f);
    k.rms_norm_backward(dx.data(), dw.data(), dy.data(), x.data(), w.data(), rstd.data(), kRows, n);
    const auto at = [&](size_t i) { return i % static_cast<size_t>(n); };
    std::vector<double> s(kRows), mean(kRows), want_dw(n, 0.25), size_dw(want_dw);
    for (size_t r = 0; r < kRows; ++r) {
      const size_t first = r * static_cast<size_t>(n), last = first + static_cast<size_t>(n);
      double sum = 0;
      for (size_t i = first; i < last; ++i) sum += d(x[i]) * d(x[i]);
      s[r] = 1 / std::sqrt(sum / static_cast<double>(n) + d(1e-6f));
      for (size_t i = first; i < last; ++i) {
        mean[r] += d(dy[i]) * d(w[at(i)]) * d(x[i]) * s[r] / static_cast<double>(n);
        want_dw[at(i)] += d(dy[i]) * d(x[i]) * s[r];
        size_dw[at(i)] += std::abs(d(dy[i]) * d(x[i]) * s[r]);
      }
    }
    const auto row = [&](size_t i) { return i / static_cast<size_t>(n); };
    // The relative error of a sum of n squares is at most n/2 roundings, that of its root n/4. A few roundings follow.
    const double u = (8 + static_cast<double>(n) / 4) * kU;
    expect(
        y, [&](size_t i) { return d(x[i]) * s[row(i)] * d(w[at(i)]); },
        [&](size_t i) { return u * std::abs(d(y[i])) + 1e-37; });
    expect(
        rstd, [&](size_t r) { return s[r]; }, [&](size_t r) { return u * s[r]; });
    // dx = 0.5 + s (g - n·mean): the size of each term times its roundings. mean is a sum of n terms |g·n|/n < 10.
    expect(
        dx,
        [&](size_t i) {
          const double norm = d(x[i]) * s[row(i)];
          return 0.5 + s[row(i)] * (d(dy[i]) * d(w[at(i)]) - norm * mean[row(i)]);
        },
        [&](size_t i) { return 4 * u * (1 + s[row(i)] * (std::abs(d(dy[i]) * d(w[at(i)])) + 10)); });
    expect(
        dw, [&](size_t i) { return want_dw[i]; }, [&](size_t i) { return 4 * u * (1 + size_dw[i]); });
    Floats frozen = output(kRows * n, 0.5f);
    k.rms_norm_backward(frozen.data(), nullptr, dy.data(), x.data(), w.data(), rstd.data(), kRows, n);
    ASSERT_EQ(frozen, dx);
  }
}

TEST_P(Elementwise, SwigluForwardAndBackwardMatchDouble) {
  for (i64 n = 1; n <= kLongest; ++n) {
    const Floats gate = random(n, 6, 4), up = random(n, 7), dy = random(n, 8);
    Floats y = output(n), dgate = output(n, 0.5f), dup = output(n, 0.5f);
    k.swiglu(y.data(), gate.data(), up.data(), n);
    k.swiglu_backward(dgate.data(), dup.data(), dy.data(), gate.data(), up.data(), n);
    // Roundings: exp 2, 1 + e 1, division 1, products 3. In silu' = s (1 + z (1 - s)) terms below 1 + |z| cancel.
    const auto z = [&](size_t i) { return d(gate[i]); };
    expect(
        y, [&](size_t i) { return z(i) * reference_sigmoid(z(i)) * d(up[i]); },
        [&](size_t i) { return 8 * kU * std::abs(d(y[i])) + 1e-37; });
    expect(
        dgate,
        [&](size_t i) {
          const double s = reference_sigmoid(z(i));
          return 0.5 + d(dy[i]) * d(up[i]) * s * (1 + z(i) * (1 - s));
        },
        [&](size_t i) { return 8 * kU * (1 + std::abs(d(dy[i]) * d(up[i])) * (1 + std::abs(z(i)))); });
    expect(
        dup, [&](size_t i) { return 0.5 + d(dy[i]) * z(i) * reference_sigmoid(z(i)); },
        [&](size_t i) { return 8 * kU * (1 + std::abs(d(dy[i]) * z(i))); });
  }
}

TEST_P(Elementwise, SigmoidIsAccurateOverItsWholeRangeAndKeepsNaN) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  Floats x;
  for (float v = -120; v <= 120; v += 0.0137f) x.push_back(v);
  Floats y = output(static_cast<i64>(x.size()));
  k.sigmoid(y.data(), x.data(), static_cast<i64>(x.size()));
  // Below -87 the result is subnormal (steps of 2^-149). Below -88.7 exp(-x) is infinite and the result is zero.
  expect(
      y, [&](size_t i) { return reference_sigmoid(d(x[i])); },
      [&](size_t i) { return x[i] < -87 ? 4e-38 : 4 * 2 * kU * reference_sigmoid(d(x[i])); });
  const Floats ends{kInf, -kInf, std::numeric_limits<float>::quiet_NaN(), 0, 3e38f, -3e38f};
  Floats z = output(6);
  k.sigmoid(z.data(), ends.data(), 6);
  EXPECT_EQ(z[0], 1.0f);
  EXPECT_EQ(z[1], 0.0f);
  EXPECT_TRUE(std::isnan(z[2]));
  EXPECT_EQ(z[3], 0.5f);
  EXPECT_EQ(z[4], 1.0f);
  EXPECT_EQ(z[5], 0.0f);
}

TEST_P(Elementwise, SoftmaxMatchesDoubleAndMaskedEntriesAreExactZeros) {
  for (i64 n = 1; n <= kLongest; ++n) {
    Floats x = random(n, 9, 5), y = output(n);
    if (n > 2) x[1] = -std::numeric_limits<float>::infinity();
    k.softmax(y.data(), x.data(), n);
    double top = -1e30, sum = 0;
    for (const float v : x) top = std::max(top, d(v));
    for (const float v : x) sum += std::exp(d(v) - top);
    // x - max is up to 30 and loses half a unit in its last place, which exp turns into a relative error. The sum adds
    // n roundings and the division one.
    expect(
        y, [&](size_t i) { return std::exp(d(x[i]) - top) / sum; },
        [&](size_t i) { return (34 + static_cast<double>(n)) * kU * std::exp(d(x[i]) - top) / sum; });
    ASSERT_TRUE(n <= 2 || y[1] == 0.0f);
  }
}

TEST_P(Elementwise, RotationTurnsPairsAndBackAddsTheTranspose) {
  constexpr i64 kRows = 2, kHeads = 3;
  for (i64 dim = 2; dim <= kLongest; dim += 2) {
    const i64 n = kRows * kHeads * dim;
    const Floats x = random(n, 10), dy = random(n, 11), angles = random(kRows * dim, 12);
    Floats y = output(n), dx = output(n, 0.5f);
    k.rotate(y.data(), x.data(), angles.data(), kRows, kHeads, dim);
    k.rotate_back(dx.data(), dy.data(), angles.data(), kRows, kHeads, dim);
    const auto turned = [&](const Floats& v, size_t i, double sign) {
      const auto row = i / static_cast<size_t>(kHeads * dim), j = i % static_cast<size_t>(dim) / 2;
      const double c = d(angles[row * dim + j]);
      const double s = sign * d(angles[row * dim + (dim / 2) + j]);
      return i % 2 == 0 ? d(v[i]) * c - d(v[i + 1]) * s : d(v[i - 1]) * s + d(v[i]) * c;
    };
    const auto size = [](size_t) { return 4 * kU * 40; };  // two products of factors below 4.5, and their sum
    expect(
        y, [&](size_t i) { return turned(x, i, 1); }, size);
    expect(
        dx, [&](size_t i) { return 0.5 + turned(dy, i, -1); }, size);
  }
}

TEST_P(Elementwise, RowReductionsMatchDouble) {
  for (i64 n = 1; n <= 5000; n = n < kLongest ? n + 1 : n * 3 + 1) {
    const Floats x = random(n, 14, 3);
    double top = -1e30, sum = 0, squares = 0;
    for (const float v : x) top = std::max(top, d(v)), squares += d(v) * d(v);
    for (const float v : x) sum += std::exp(d(v) - top);
    ASSERT_EQ(d(x[k.argmax(x.data(), n)]), top);
    // The relative error of the sum (exponents up to 25; partial sums of 1024 over at least 4 lanes), then the rounding
    // of the result to f32.
    const double want = top + std::log(sum);
    ASSERT_NEAR(d(k.logsumexp(x.data(), n)), want, (30 + 256) * kU + kU * std::abs(want));
    ASSERT_NEAR(k.sum_of_squares(x.data(), n), squares, squares * static_cast<double>(n) * 0x1p-53);
  }
}

TEST_P(Elementwise, ArgmaxTakesTheLowestOfEqualsAndNeverNaN) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  for (i64 n = 1; n <= kLongest; ++n)
    for (i64 at = 0; at < n; ++at) {
      Floats x(n, -inf);
      for (i64 i = at; i < n; i += 3) x[i] = 2;
      if (at > 0) x[0] = nan;
      ASSERT_EQ(k.argmax(x.data(), n), at);
    }
  const Floats all_nan(5, nan);
  EXPECT_EQ(k.argmax(all_nan.data(), 5), 0);
}

TEST_P(Elementwise, AdamwStepMatchesDouble) {
  for (i64 n = 1; n <= kLongest; ++n) {
    const Floats p0 = random(n, 15), m0 = random(n, 16), g = random(n, 18);
    Floats v0 = random(n, 17);
    for (float& v : v0) v *= v;
    Floats p = output(n), m = output(n), v = output(n);
    for (size_t i = 0; i < p0.size(); ++i) p[i] = p0[i], m[i] = m0[i], v[i] = v0[i];
    const float lr = 0.1f, b1 = 0.9f, b2 = 0.95f, eps = 1e-8f, wd = 0.1f, bias1 = 0.271f, bias2 = 0.1426f, by = 0.5f;
    k.adamw(p.data(), m.data(), v.data(), g.data(), n, lr, b1, b2, eps, wd, bias1, bias2, by);
    const auto mean = [&](size_t i) { return d(b1) * d(m0[i]) + (1 - d(b1)) * d(by) * d(g[i]); };
    const auto square = [&](size_t i) { return d(b2) * d(v0[i]) + (1 - d(b2)) * std::pow(d(by) * d(g[i]), 2); };
    // 1 - b1 is exact in f32 (Sterbenz's lemma).
    expect(m, mean, [&](size_t i) { return 4 * kU * (std::abs(d(m0[i])) + std::abs(d(g[i]))); });
    expect(v, square, [&](size_t i) { return 6 * kU * square(i); });
    const auto ratio = [&](size_t i) { return mean(i) / d(bias1) / (std::sqrt(square(i) / d(bias2)) + d(eps)); };
    expect(
        p, [&](size_t i) { return d(p0[i]) - d(lr) * (ratio(i) + d(wd) * d(p0[i])); },
        [&](size_t i) {
          const double mean_size = (std::abs(d(m0[i])) + std::abs(d(g[i]))) / d(bias1);
          return 8 * kU * (1 + std::abs(d(p0[i])) + d(lr) * mean_size / std::sqrt(square(i) / d(bias2)));
        });
  }
}

}  // namespace
}  // namespace r1
