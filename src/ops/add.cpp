// Sums of two activations, and of activations and a bias.
#include "kernels/cpu/kernels.hpp"
#include "ops/cpu/rows.hpp"
#include "ops/ops.hpp"

namespace r1 {

Tensor add(Pass& p, const Tensor& a, const Tensor& b) {
  R1_CHECK(a.rows() == b.rows() && a.cols() == b.cols(), "add: {} + {}", a.shape(), b.shape());
  Tensor y = p.alloc(a.rows(), a.cols());
  for_rows(p, a.rows(), a.cols(), [&](i64 begin, i64 end) {
    p.kernels.elementwise.add(y.row(begin), a.row(begin), b.row(begin), (end - begin) * a.cols());
  });
  if (p.tape)
    p.tape->record({y}, [p, a, b, y](Grads& d) {
      accumulate(p, d, a, d[y]);
      accumulate(p, d, b, d[y]);
    });
  return y;
}

Tensor add_bias(Pass& p, const Tensor& x, const Weight& b) {
  R1_CHECK(b.size() == x.cols(), "add_bias: x {}, {} {}", x.shape(), b.name(), b.shape());
  Tensor y = p.alloc(x.rows(), x.cols()), copy;
  const float* b32 = vector_f32(p, b, &copy);
  for_rows(p, x.rows(), x.cols(), [&](i64 begin, i64 end) {
    for (i64 t = begin; t < end; ++t) p.kernels.elementwise.add(y.row(t), x.row(t), b32, x.cols());
  });
  if (p.tape)
    p.tape->record({y}, [p, x, b, y](Grads& d) {
      const Tensor dy = d[y];
      accumulate(p, d, x, dy);
      if (b.trainable()) add_rows(p, b.grad(), dy);
    });
  return y;
}

}  // namespace r1
