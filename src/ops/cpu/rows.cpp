#include "ops/cpu/rows.hpp"

#include <algorithm>

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

void accumulate(const Pass& p, const Tensor& dst, const Tensor& src) {
  R1_CHECK(dst.rows() == src.rows() && dst.cols() == src.cols(), "accumulate: {} += {}", dst.shape(), src.shape());
  for_rows(p, dst.rows(), dst.cols(), [&](i64 begin, i64 end) {
    p.kernels.elementwise.accumulate(dst.row(begin), src.row(begin), (end - begin) * dst.cols());
  });
}

const float* vector_f32(const Pass& p, const Weight& w, Tensor* copy) {
  if (w.dtype() == DType::f32) return w.f32();
  *copy = p.alloc(1, w.size());
  dequantize(p.kernels, w, 0, w.rows(), copy->data());
  return copy->data();
}

}  // namespace r1
