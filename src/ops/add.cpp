#include "kernels/cpu/kernels.hpp"
#include "ops/ops.hpp"
#include "ops/rows.hpp"

namespace r1 {

Tensor add(Pass& p, const Tensor& a, const Tensor& b) {
  R1_CHECK(a.rows() == b.rows() && a.cols() == b.cols(), "add: {} + {}", a.shape(), b.shape());
  Tensor y = p.alloc(a.rows(), a.cols());
  for_rows(p, a.rows(), a.cols(), [&](i64 begin, i64 end) {
    p.kernels.elementwise.add(y.row(begin), a.row(begin), b.row(begin), (end - begin) * a.cols());
  });
  if (p.tape)
    p.tape->record({y}, [p, a, b, y](Grads& d) {
      accumulate(p, d[a], d[y]);
      accumulate(p, d[b], d[y]);
    });
  return y;
}

}  // namespace r1
