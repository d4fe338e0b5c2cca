#include "ops/cpu/rows.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "kernels/cpu/kernels.hpp"
#include "ops/cpu/dequantize.hpp"

namespace r1 {
namespace {

// Columns for a thread when it takes all of `rows` rows: whole cache lines.
i64 column_grain(i64 rows) { return std::max<i64>(64, kForkElements / std::max<i64>(rows, 1) / 64 * 64); }

}  // namespace

void scatter_rows(const Pass& p, float* dst, const float* src, std::span<const i32> rows, i64 cols) {
  const i64 n = std::ssize(rows);
  p.pool.ranges(cols, column_grain(n), [&](i64 begin, i64 end, int) {
    for (i64 i = 0; i < n; ++i)
      p.kernels.elementwise.accumulate(dst + rows[i] * cols + begin, src + i * cols + begin, end - begin);
  });
}

void add_rows(const Pass& p, float* dst, const Tensor& src) {
  p.pool.ranges(src.cols(), column_grain(src.rows()), [&](i64 begin, i64 end, int) {
    for (i64 t = 0; t < src.rows(); ++t) p.kernels.elementwise.accumulate(dst + begin, src.row(t) + begin, end - begin);
  });
}

void accumulate(const Pass& p, Grads& d, const Tensor& x, const Tensor& src) {
  R1_CHECK(x.rows() == src.rows() && x.cols() == src.cols(), "accumulate: {} += {}", x.shape(), src.shape());
  const GradientRows dx(d, x);
  for_rows(p, src.rows(), src.cols(), [&](i64 begin, i64 end) {
    p.kernels.elementwise.accumulate(dx.ready(begin, end), src.row(begin), (end - begin) * src.cols());
  });
}

GradientRows::GradientRows(Grads& d, const Tensor& x) { std::tie(gradient_, has_values_) = d.target(x); }

float* GradientRows::ready(i64 begin, i64 end) const { return ready(begin, end, 0, gradient_.cols()); }

float* GradientRows::ready(i64 begin, i64 end, i64 column, i64 width) const {
  float* const first = gradient_.row(begin) + column;
  if (has_values_) return first;
  if (width == stride()) std::memset(first, 0, (end - begin) * width * sizeof(float));
  else
    for (i64 t = begin; t < end; ++t) std::memset(gradient_.row(t) + column, 0, width * sizeof(float));
  return first;
}

const float* vector_f32(const Pass& p, const Weight& w, Tensor* copy) {
  if (w.dtype() == DType::f32) return w.f32();
  *copy = p.alloc(1, w.size());
  dequantize(p.kernels, w, 0, w.rows(), copy->data());
  return copy->data();
}

}  // namespace r1
