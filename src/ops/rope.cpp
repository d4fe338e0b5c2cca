// Rotary positions: frequencies, their stretching for long contexts, and the rotation.
#include <algorithm>
#include <cmath>

#include "core/math.hpp"
#include "kernels/cpu/kernels.hpp"
#include "ops/cpu/rows.hpp"
#include "ops/ops.hpp"

namespace r1 {
namespace {

constexpr double kTwoPi = 6.283185307179586;

// The index of the pair that makes `turns` turns within the original context: D(r) = d ln(L0 / 2πr) / (2 ln θ).
double pair_of_turns(const RopeConfig& c, double turns) {
  return static_cast<double>(c.dim) * exact_log(static_cast<double>(c.original_context) / (kTwoPi * turns)) /
         (2 * exact_log(c.theta));
}

void stretch_yarn(const RopeConfig& c, std::vector<double>& frequencies) {
  const double low = std::max(std::floor(pair_of_turns(c, c.beta_fast)), 0.0);
  double high = std::min(std::ceil(pair_of_turns(c, c.beta_slow)), static_cast<double>(c.dim - 1));
  if (low == high) high += 0.001;  // as the published code, against a division by zero
  for (size_t j = 0; j < frequencies.size(); ++j) {
    const double f = frequencies[j], ramp = std::clamp((static_cast<double>(j) - low) / (high - low), 0.0, 1.0);
    frequencies[j] = f * (1 - ramp) + f / c.factor * ramp;
  }
}

void stretch_llama3(const RopeConfig& c, std::vector<double>& frequencies) {
  for (double& f : frequencies) {
    const double turns = static_cast<double>(c.original_context) * f / kTwoPi;
    const double keep = std::clamp((turns - c.low_turns) / (c.high_turns - c.low_turns), 0.0, 1.0);
    f = (1 - keep) * f / c.factor + keep * f;
  }
}

// The factor of cos and sin.
double magnitude(const RopeConfig& c) {
  if (c.scaling != RopeScaling::yarn || !(c.factor > 1)) return 1;
  if (c.attention_factor != 0) return c.attention_factor;
  return yarn_mscale(c.factor, c.mscale) / yarn_mscale(c.factor, c.mscale_all_dim);
}

}  // namespace

std::vector<double> rope_frequencies(const RopeConfig& c) {
  R1_CHECK(c.dim >= 2 && c.dim % 2 == 0, "rope: {} features per head", c.dim);
  std::vector<double> frequencies;
  for (i64 j = 0; j < c.dim / 2; ++j)
    frequencies.push_back(exact_pow(c.theta, -2.0 * static_cast<double>(j) / static_cast<double>(c.dim)));
  if (!(c.factor > 1)) return frequencies;
  switch (c.scaling) {
    case RopeScaling::yarn: stretch_yarn(c, frequencies); break;
    case RopeScaling::llama3: stretch_llama3(c, frequencies); break;
    case RopeScaling::linear:
      for (double& f : frequencies) f /= c.factor;
  }
  return frequencies;
}

double yarn_mscale(double factor, double mscale) { return factor <= 1 ? 1.0 : 0.1 * mscale * exact_log(factor) + 1.0; }

Tensor rope_angles(Pass& p, const RopeConfig& c) {
  const std::vector<double> frequencies = rope_frequencies(c);
  const double m = magnitude(c);
  const i64 half = c.dim / 2;
  Tensor angles = p.alloc(p.batch.rows(), c.dim);
  const auto turn_row = [&](float* row, i64 position) {
    for (i64 j = 0; j < half; ++j) {
      const SinCos turn = exact_sincos(static_cast<double>(position) * frequencies[j]);
      row[j] = static_cast<float>(turn.cos * m);
      row[half + j] = static_cast<float>(turn.sin * m);
    }
  };
  // Packed documents have many rows and few positions: then every position is computed once and copied to its rows.
  const std::vector<i32>& at = p.batch.positions;
  const i64 distinct = at.empty() ? 0 : i64{*std::max_element(at.begin(), at.end())} + 1;
  const bool shared = 2 * distinct <= angles.rows();
  const Tensor table = shared ? p.alloc(distinct, c.dim) : angles;
  for_rows(p, table.rows(), c.dim * 50, [&](i64 begin, i64 end) {  // a sine takes about as long as 50 additions
    for (i64 t = begin; t < end; ++t) turn_row(table.row(t), shared ? t : at[t]);
  });
  if (shared)
    for (i64 t = 0; t < angles.rows(); ++t) std::copy_n(table.row(at[t]), c.dim, angles.row(t));
  return angles;
}

Tensor rope(Pass& p, const Tensor& x, i64 heads, const Tensor& angles, RopePairs pairs) {
  const i64 dim = angles.cols();
  R1_CHECK(x.rows() == angles.rows() && x.cols() == heads * dim, "rope: x {}, {} heads, angles {}", x.shape(), heads,
           angles.shape());
  const cpu::ElementwiseKernels& k = p.kernels.elementwise;
  const auto [rotate, back] = pairs == RopePairs::halves ? std::pair{k.rotate_halves, k.rotate_halves_back}
                                                         : std::pair{k.rotate, k.rotate_back};
  Tensor y = p.alloc(x.rows(), x.cols());
  for_rows(p, x.rows(), x.cols(), [&, rotate = rotate](i64 begin, i64 end) {
    rotate(y.row(begin), x.row(begin), angles.row(begin), end - begin, heads, dim);
  });
  if (p.tape)
    p.tape->record({y}, [p, x, y, heads, angles, back = back](Grads& d) {
      const GradientRows dx(d, x);
      const Tensor dy = d[y];
      for_rows(p, x.rows(), x.cols(), [&](i64 begin, i64 end) {
        back(dx.ready(begin, end), dy.row(begin), angles.row(begin), end - begin, heads, angles.cols());
      });
    });
  return y;
}

}  // namespace r1
