#include <algorithm>
#include <cmath>

#include "core/math.hpp"
#include "kernels/cpu/kernels.hpp"
#include "ops/ops.hpp"
#include "ops/rows.hpp"

namespace r1 {
namespace {

// The pair whose frequency turns `turns` times within the original context: D(r) = d ln(L0 / 2πr) / (2 ln θ).
double pair_of_turns(const RopeConfig& c, double turns) {
  constexpr double kTwoPi = 6.283185307179586;
  return static_cast<double>(c.dim) * exact_log(static_cast<double>(c.original_context) / (kTwoPi * turns)) /
         (2 * exact_log(c.theta));
}

}  // namespace

std::vector<double> rope_frequencies(const RopeConfig& c) {
  R1_CHECK(c.dim >= 2 && c.dim % 2 == 0, "rope: {} features per head", c.dim);
  const double low = std::max(std::floor(pair_of_turns(c, c.beta_fast)), 0.0);
  double high = std::min(std::ceil(pair_of_turns(c, c.beta_slow)), static_cast<double>(c.dim - 1));
  if (low == high) high += 0.001;  // as published: no division by zero
  std::vector<double> frequencies;
  for (i64 j = 0; j < c.dim / 2; ++j) {
    const double f = exact_pow(c.theta, -2.0 * static_cast<double>(j) / static_cast<double>(c.dim));
    const double ramp = std::clamp((static_cast<double>(j) - low) / (high - low), 0.0, 1.0);
    frequencies.push_back(c.factor > 1 ? f * (1 - ramp) + f / c.factor * ramp : f);
  }
  return frequencies;
}

double yarn_mscale(double factor, double mscale) {
  return factor <= 1 ? 1.0 : 0.1 * mscale * exact_log(factor) + 1.0;
}

Tensor rope_angles(Pass& p, const RopeConfig& c) {
  const std::vector<double> frequencies = rope_frequencies(c);
  const double m = yarn_mscale(c.factor, c.mscale) / yarn_mscale(c.factor, c.mscale_all_dim);
  const i64 half = c.dim / 2;
  Tensor angles = p.alloc(p.batch.rows(), c.dim);
  const auto turn_row = [&](float* row, i64 position) {
    for (i64 j = 0; j < half; ++j) {
      const SinCos turn = exact_sincos(static_cast<double>(position) * frequencies[static_cast<size_t>(j)]);
      row[j] = static_cast<float>(turn.cos * m);
      row[half + j] = static_cast<float>(turn.sin * m);
    }
  };
  // Packed documents have many rows and few positions: those are worked out once.
  const std::vector<i32>& at = p.batch.positions;
  const i64 distinct = at.empty() ? 0 : i64{*std::max_element(at.begin(), at.end())} + 1;
  const bool shared = 2 * distinct <= angles.rows();
  const Tensor table = shared ? p.alloc(distinct, c.dim) : angles;
  for_rows(p, table.rows(), c.dim * 50, [&](i64 begin, i64 end) {  // a sine costs about as much as 50 additions
    for (i64 t = begin; t < end; ++t) turn_row(table.row(t), shared ? t : at[static_cast<size_t>(t)]);
  });
  if (shared)
    for (i64 t = 0; t < angles.rows(); ++t) std::copy_n(table.row(at[static_cast<size_t>(t)]), c.dim, angles.row(t));
  return angles;
}

Tensor rope(Pass& p, const Tensor& x, i64 heads, const Tensor& angles) {
  const i64 dim = angles.cols();
  R1_CHECK(x.rows() == angles.rows() && x.cols() == heads * dim, "rope: x {}, {} heads, angles {}", x.shape(), heads,
           angles.shape());
  Tensor y = p.alloc(x.rows(), x.cols());
  for_rows(p, x.rows(), x.cols(), [&](i64 begin, i64 end) {
    p.kernels.elementwise.rotate(y.row(begin), x.row(begin), angles.row(begin), end - begin, heads, dim);
  });
  if (p.tape)
    p.tape->record({y}, [p, x, y, heads, angles](Grads& d) {
      const Tensor dx = d[x], dy = d[y];
      for_rows(p, x.rows(), x.cols(), [&](i64 begin, i64 end) {
        p.kernels.elementwise.rotate_back(dx.row(begin), dy.row(begin), angles.row(begin), end - begin, heads,
                                          angles.cols());
      });
    });
  return y;
}

}  // namespace r1
