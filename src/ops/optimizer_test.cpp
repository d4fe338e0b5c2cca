// The optimizer's step over whole weights, against doubles. The sizes lie around one and several pieces of 32768.
#include "ops/optimizer.hpp"

#include "ops/op_test.hpp"

namespace r1 {
namespace {

constexpr i64 kSizes[] = {1, 7, 32767, 32768, 32769, 100003};

// Weights of these sizes with gradients, and room for the optimizer's state.
struct Targets {
  Targets() {
    for (const i64 n : kSizes) {
      weights.push_back(test_weight("w", 1, n, static_cast<u64>(n)));
      const Weight g = test_weight("g", 1, n, static_cast<u64>(n) + 1);
      std::copy_n(g.f32(), n, weights.back().grad());
      m.emplace_back(n, 0.1f), v.emplace_back(n, 0.2f);
    }
  }
  std::vector<AdamWTarget> list() {
    std::vector<AdamWTarget> out;
    for (size_t i = 0; i < weights.size(); ++i) out.push_back({weights[i], m[i].data(), v[i].data(), i % 2 == 0});
    return out;
  }
  std::vector<Weight> weights;
  std::vector<std::vector<float>> m, v;
};

constexpr AdamW kStep{
    .lr = 0.01f, .beta1 = 0.9f, .beta2 = 0.99f, .eps = 1e-8f, .weight_decay = 0.1f, .grad_scale = 0.5f, .step = 3};

TEST(Optimizer, AdamWMatchesDoublesInEveryPiece) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const int threads : {1, 3}) {
      ThreadPool pool(threads);
      Targets before, after;
      adamw_step(pool, *k, after.list(), kStep);
      const double b1 = kStep.beta1, b2 = kStep.beta2;
      for (size_t i = 0; i < before.weights.size(); ++i)
        for (i64 j = 0; j < before.weights[i].size(); ++j) {
          const double w = before.weights[i].f32()[j], g = 0.5 * before.weights[i].grad()[j];
          const double m = b1 * 0.1f + (1 - b1) * g, v = b2 * 0.2f + (1 - b2) * g * g;
          const double step = m / (1 - b1 * b1 * b1) / (std::sqrt(v / (1 - b2 * b2 * b2)) + kStep.eps);
          const double want = w - kStep.lr * (step + (i % 2 == 0 ? kStep.weight_decay : 0) * w);
          // The update is below 0.1 and has an error of a few roundings, the difference one of its own.
          ASSERT_NEAR(after.weights[i].f32()[j], want, 1e-6 + 1e-7 * std::abs(w)) << k->name << ' ' << i << ' ' << j;
          ASSERT_EQ(after.weights[i].grad()[j], 0) << k->name << ' ' << i << ' ' << j;
        }
    }
}

// With both betas 0 the moments are the gradient and its square, without a correction: the step is lr · g / (|g| +
// eps).
TEST(Optimizer, BetasOfZeroGiveTheSignOfTheGradient) {
  AdamW step = kStep;
  step.beta1 = step.beta2 = 0, step.weight_decay = 0;
  ThreadPool pool(2);
  Targets before, after;
  adamw_step(pool, cpu::active(), after.list(), step);
  for (size_t i = 0; i < before.weights.size(); ++i)
    for (i64 j = 0; j < before.weights[i].size(); ++j) {
      const double w = before.weights[i].f32()[j], g = 0.5 * before.weights[i].grad()[j];
      // A few roundings of the step of 0.01, and one of the difference.
      ASSERT_NEAR(after.weights[i].f32()[j], w - step.lr * g / (std::abs(g) + step.eps), 1e-8 + 1e-7 * std::abs(w));
    }
}

TEST(Optimizer, ThreadsDoNotChangeBits) {
  ThreadPool one(1), many(5);
  Targets a, b;
  EXPECT_EQ(grad_sum_squares(one, cpu::active(), a.weights), grad_sum_squares(many, cpu::active(), b.weights));
  adamw_step(one, cpu::active(), a.list(), kStep);
  adamw_step(many, cpu::active(), b.list(), kStep);
  for (size_t i = 0; i < a.weights.size(); ++i)
    EXPECT_TRUE(same_bits(a.weights[i].f32(), b.weights[i].f32(), a.weights[i].size())) << i;
}

TEST(Optimizer, TheSumOfSquaresIsThatOfTheTrainableGradients) {
  ThreadPool pool(3);
  Targets t;
  double want = 0;
  for (const Weight& w : t.weights)
    for (i64 j = 0; j < w.size(); ++j) want += static_cast<double>(w.grad()[j]) * w.grad()[j];
  t.weights.push_back(test_weight("frozen", 3, 5, 9, 1, false));
  // Sums within a piece may be of f32: 32768 terms in at least 8 lanes, each with half an ulp of error.
  EXPECT_NEAR(grad_sum_squares(pool, cpu::active(), t.weights), want, 1e-4 * want);
}

}  // namespace
}  // namespace r1
