// Products of activations and weights.
#include "ops/cpu/product.hpp"
#include "ops/ops.hpp"

namespace r1 {
namespace {

void check_shapes(const Tensor& x, const Weight& w) {
  R1_CHECK(x.cols() == w.cols(), "linear {}: x {} against weight {}", w.name(), x.shape(), w.shape());
}

// dx += dy W   dW += dyᵀ x
void backward(const Pass& p, const ProductNumerics& numerics, Grads& d, const Tensor& x, const Weight& w,
              const Tensor& y) {
  const Tensor dy = d[y];
  const auto [dx, has_values] = d.target(x);
  multiply(p, numerics, dx, dy, w, Direction::backward, has_values ? Into::add : Into::overwrite);
  if (w.trainable()) accumulate_weight_gradient(p, numerics.format, w, dy.data(), x.data(), x.rows());
}

Tensor linear_as(const ProductNumerics& numerics, Pass& p, const Tensor& x, const Weight& w) {
  check_shapes(x, w);
  Tensor y = p.alloc(x.rows(), w.rows());
  multiply(p, numerics, y, x, w, Direction::forward, Into::overwrite);
  if (p.tape) p.tape->record({y}, [p, numerics, x, w, y](Grads& d) { backward(p, numerics, d, x, w, y); });
  return y;
}

}  // namespace

Tensor linear(Pass& p, const Tensor& x, const Weight& w) {
  const Tensor y = linear_as(product_numerics(p), p, x, w);
  if (p.products) p.products->saw(w, x.data(), nullptr, x.rows());
  return y;
}

std::array<Tensor, 2> linear_pair(Pass& p, const Tensor& x, const Weight& a, const Weight& b) {
  check_shapes(x, a), check_shapes(x, b);
  const ProductNumerics numerics = product_numerics(p);
  const std::array<Tensor, 2> y{p.alloc(x.rows(), a.rows()), p.alloc(x.rows(), b.rows())};
  multiply_pair(p, numerics, y, x, {a, b});
  if (p.tape)
    p.tape->record({y[0], y[1]}, [p, numerics, x, a, b, y](Grads& d) {  // in the order of two calls of linear
      if (d.has(y[1])) backward(p, numerics, d, x, b, y[1]);
      if (d.has(y[0])) backward(p, numerics, d, x, a, y[0]);
    });
  if (p.products) p.products->saw(a, x.data(), nullptr, x.rows()), p.products->saw(b, x.data(), nullptr, x.rows());
  return y;
}

Tensor linear_f32(Pass& p, const Tensor& x, const Weight& w) { return linear_as(ProductNumerics{}, p, x, w); }

}  // namespace r1
