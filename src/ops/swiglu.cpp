// The gated activation of feed-forward layers.
#include "kernels/cpu/kernels.hpp"
#include "ops/cpu/rows.hpp"
#include "ops/ops.hpp"

namespace r1 {

Tensor swiglu(Pass& p, const Tensor& gate, const Tensor& up) {
  R1_CHECK(gate.rows() == up.rows() && gate.cols() == up.cols(), "swiglu: gate {}, up {}", gate.shape(), up.shape());
  const i64 cols = gate.cols();
  Tensor y = p.alloc(gate.rows(), cols);
  for_rows(p, y.rows(), cols, [&](i64 begin, i64 end) {
    p.kernels.elementwise.swiglu(y.row(begin), gate.row(begin), up.row(begin), (end - begin) * cols);
  });
  if (p.tape)
    p.tape->record({y}, [p, gate, up, y](Grads& d) {
      const GradientRows dgate(d, gate), dup(d, up);
      const Tensor dy = d[y];
      for_rows(p, y.rows(), y.cols(), [&](i64 begin, i64 end) {
        p.kernels.elementwise.swiglu_backward(dgate.ready(begin, end), dup.ready(begin, end), dy.row(begin),
                                              gate.row(begin), up.row(begin), (end - begin) * y.cols());
      });
    });
  return y;
}

}  // namespace r1
