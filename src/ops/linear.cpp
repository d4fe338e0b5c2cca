// Products of activations and weights.
#include "ops/cpu/product.hpp"
#include "ops/ops.hpp"

namespace r1 {
namespace {

Tensor linear_as(const ProductNumerics& numerics, Pass& p, const Tensor& x, const Weight& w) {
  R1_CHECK(x.cols() == w.cols(), "linear {}: x {} against weight {}", w.name(), x.shape(), w.shape());
  Tensor y = p.alloc(x.rows(), w.rows());
  multiply(p, numerics, y, x, w, Direction::forward, Into::overwrite);
  if (p.tape)  // dx += dy W   dW += dyᵀ x
    p.tape->record({y}, [p, numerics, x, w, y](Grads& d) {
      const Tensor dy = d[y];
      const auto [dx, has_values] = d.target(x);
      multiply(p, numerics, dx, dy, w, Direction::backward, has_values ? Into::add : Into::overwrite);
      if (w.trainable()) accumulate_weight_gradient(p, numerics.format, w, dy.data(), x.data(), x.rows());
    });
  return y;
}

}  // namespace

Tensor linear(Pass& p, const Tensor& x, const Weight& w) {
  const Tensor y = linear_as(product_numerics(p), p, x, w);
  if (p.products) p.products->saw(w, x.data(), nullptr, x.rows());
  return y;
}
Tensor linear_f32(Pass& p, const Tensor& x, const Weight& w) { return linear_as(ProductNumerics{}, p, x, w); }

}  // namespace r1
