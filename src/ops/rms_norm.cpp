// Root-mean-square normalisation. The simplest op to read first: forward and backward side by side.
#include <cstring>

#include "core/integer.hpp"
#include "kernels/cpu/kernels.hpp"
#include "ops/cpu/rows.hpp"
#include "ops/ops.hpp"

namespace r1 {
namespace {

// dw is a sum over rows and heads. It is formed from partial sums of this many rows each, added in ascending order,
// whatever the number of threads.
constexpr i64 kRowsPerPartial = 32;

void backward(const Pass& p, const GradientRows& dx, const Tensor& dy, const Tensor& x, const Weight& w,
              const float* w32, const Tensor& rstd) {
  const i64 rows = x.rows(), heads = rstd.cols(), head = w.size();
  const Tensor partial = w.trainable() ? p.alloc(ceil_div(rows, kRowsPerPartial), head) : Tensor();
  p.pool.ranges(rows, kRowsPerPartial, [&](i64 begin, i64 end, int) {
    float* const dw = partial ? partial.row(begin / kRowsPerPartial) : nullptr;
    if (dw) std::memset(dw, 0, head * sizeof(float));
    p.kernels.elementwise.rms_norm_backward(dx.ready(begin, end), dw, dy.row(begin), x.row(begin), w32, rstd.row(begin),
                                            (end - begin) * heads, head);
  });
  for (i64 i = 0; i < partial.rows(); ++i) p.kernels.elementwise.accumulate(w.grad(), partial.row(i), head);
}

}  // namespace

Tensor rms_norm(Pass& p, const Tensor& x, const Weight& w, float eps, i64 heads) {
  R1_CHECK(heads > 0 && heads * w.size() == x.cols(), "rms_norm: x {}, {} heads, {} {}", x.shape(), heads, w.name(),
           w.shape());
  Tensor y = p.alloc(x.rows(), x.cols()), rstd = p.alloc(x.rows(), heads), copy;
  const float* w32 = vector_f32(p, w, &copy);
  for_rows(p, x.rows(), x.cols(), [&](i64 begin, i64 end) {
    // Heads lie side by side in a row, so the kernel sees each head as a row of its own.
    p.kernels.elementwise.rms_norm(y.row(begin), rstd.row(begin), x.row(begin), w32, (end - begin) * heads, w.size(),
                                   eps);
  });
  if (p.tape)
    p.tape->record({y}, [p, x, w, y, rstd, w32, copy](Grads& d) { backward(p, {d, x}, d[y], x, w, w32, rstd); });
  return y;
}

}  // namespace r1
