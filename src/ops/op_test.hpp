// What tests of ops share: seeded tensors and weights, a pass at any level, one step of linear, and a gradient check.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "core/philox.hpp"
#include "kernels/cpu/kernels.hpp"
#include "ops/ops.hpp"

namespace r1 {

// Owns everything that a Pass refers to. It must outlive every Tensor that it allocates, so declare it first.
struct OpTest {
  explicit OpTest(const cpu::Kernels& kernels = cpu::active(), int threads = 1) : pool(threads), k(kernels) {}

  Pass pass(Tape* tape = nullptr) {
    return Pass{.batch = batch, .arena = arena, .pool = pool, .kernels = k, .tape = tape};
  }

  Tensor tensor(i64 rows, i64 cols, u64 stream, double scale = 1) {
    Tensor t = arena.alloc(rows, cols);
    Random random(7, Purpose::test, stream);
    for (i64 i = 0; i < t.size(); ++i) t.data()[i] = static_cast<float>(scale * random.normal());
    return t;
  }

  // One sequence per length, positions from 0, tokens all 0.
  void sequences(std::initializer_list<i64> lengths) {
    batch = Batch();
    for (const i64 n : lengths) batch.add_sequence(std::vector<i32>(n));
  }

  Batch batch;
  Arena arena;
  ThreadPool pool;
  const cpu::Kernels& k;
};

inline Weight test_weight(const std::string& name, i64 rows, i64 cols, u64 stream, double scale = 1,
                          bool trainable = true) {
  const Weight w = Weight::zeros(name, rows, cols, trainable);
  Random random(11, Purpose::test, stream);
  for (i64 i = 0; i < w.size(); ++i) w.f32()[i] = static_cast<float>(scale * random.normal());
  return w;
}

// Whether the floats are the same bit for bit.
inline bool same_bits(const float* a, const float* b, i64 n) { return n == 0 || std::memcmp(a, b, n * 4) == 0; }
inline bool same_bits(const Tensor& a, const Tensor& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() && same_bits(a.data(), b.data(), a.size());
}

// Sets the gradient of y to dy and runs the backward pass.
inline void run_backward(Tape& tape, const Tensor& y, const Tensor& dy) {
  std::memcpy(tape.grads()[y].data(), dy.data(), y.size() * 4);
  tape.backward();
}

// One step of linear: y and, from dy, the gradients of x and of a trainable weight.
struct LinearStep {
  Tensor y, dx;
  std::vector<float> dw{};
};
inline LinearStep linear_step(OpTest& test, DType matmul, const Tensor& x, const Tensor& dy, const Weight& w) {
  Tape tape(test.arena);
  Pass p = test.pass(&tape);
  p.numerics.matmul = matmul;
  const Tensor y = linear(p, x, w);
  run_backward(tape, y, dy);
  LinearStep step{y, tape.grads()[x]};
  if (w.trainable()) step.dw.assign(w.grad(), w.grad() + w.size());
  return step;
}

// Checks gradients against differences of the f32 forward pass: those of L = Σ_i c_i y_i, with seeded c, with respect
// to every element of `inputs` and of the trainable `weights`. f(Pass&) computes y and is called many times.
//
// The differences are extrapolated from steps h and h/2, with h = step · max(1, |x|) and an error of h⁴ f⁽⁵⁾ / 480. The
// rest of the error is the rounding of the forward pass, u = 6e-8 per element of y, divided by h: about 1e-5 ·
// sqrt(size) of the gradient's scale at h = 0.05. `tolerance` is relative to the largest gradient of each tensor.
template <class F>
void check_gradients(OpTest& test, F&& f, std::vector<Tensor> inputs, std::vector<Weight> weights = {},
                     double tolerance = 1e-3, double step = 0.05) {
  const auto loss = [&](const Tensor& y, const Tensor& c) {
    double sum = 0;
    for (i64 i = 0; i < y.size(); ++i) sum += static_cast<double>(y.data()[i]) * static_cast<double>(c.data()[i]);
    return sum;
  };
  for (const Weight& w : weights) w.clear_grad();
  Tape tape(test.arena);
  Pass training = test.pass(&tape);
  const Tensor y = f(training);
  const Tensor c = test.tensor(y.rows(), y.cols(), 999);
  run_backward(tape, y, c);

  const auto value_at = [&](float* x, float v, const Weight* w) {
    const float old = std::exchange(*x, v);
    if (w) w->bump();
    Pass scoring = test.pass();
    const double l = loss(f(scoring), c);
    *x = old;
    if (w) w->bump();
    return l;
  };
  const auto compare = [&](const std::string& name, float* x, const float* gradient, i64 n, const Weight* w) {
    double largest = 0;
    for (i64 i = 0; i < n; ++i) largest = std::max(largest, std::abs(static_cast<double>(gradient[i])));
    for (i64 i = 0; i < n; ++i) {
      const float h = static_cast<float>(step) * std::max(1.0f, std::abs(x[i]));
      const auto slope = [&](float by) {
        const float up = x[i] + by, down = x[i] - by;
        return (value_at(x + i, up, w) - value_at(x + i, down, w)) /
               (static_cast<double>(up) - static_cast<double>(down));
      };
      const double wide = slope(h), narrow = slope(h / 2), want = narrow + (narrow - wide) / 3;
      EXPECT_NEAR(static_cast<double>(gradient[i]), want, tolerance * std::max(largest, 1e-3))
          << name << " element " << i;
    }
  };
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Tensor g = tape.grads()[inputs[i]];
    compare("input " + std::to_string(i), inputs[i].data(), g.data(), g.size(), nullptr);
  }
  for (const Weight& w : weights) compare(w.name(), w.f32(), w.grad(), w.size(), &w);
}

}  // namespace r1
