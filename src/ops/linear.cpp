#include "ops/cpu/product.hpp"
#include "ops/ops.hpp"

namespace r1 {

Tensor linear(Pass& p, const Tensor& x, const Weight& w) {
  R1_CHECK(x.cols() == w.cols(), "linear {}: x {} against weight {}", w.name(), x.shape(), w.shape());
  Tensor y = p.alloc(x.rows(), w.rows());
  multiply(p, y, x, w, Direction::forward, false);
  if (p.tape)  // dx += dy W   dW += dyᵀ x
    p.tape->record({y}, [p, x, w, y](Grads& d) {
      const Tensor dy = d[y];
      const auto [dx, there] = d.target(x);
      multiply(p, dx, dy, w, Direction::backward, there);
      if (w.trainable()) accumulate_weight_gradient(p, w, dy, x);
    });
  return y;
}

}  // namespace r1
