#include "train/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "train/run_case.hpp"

namespace r1 {
namespace {

// One element of torch.optim.AdamW, in double.
struct Reference {
  double p, m = 0, v = 0;
  void step(double g, double lr, double b1, double b2, double eps, double wd, int t) {
    p *= 1 - lr * wd;
    m = b1 * m + (1 - b1) * g;
    v = b2 * v + (1 - b2) * g * g;
    p -= lr / (1 - std::pow(b1, t)) * m / (std::sqrt(v) / std::sqrt(1 - std::pow(b2, t)) + eps);
  }
};

TEST(AdamW, FollowsTheReferenceOverManySteps) {
  const RunCase run;
  const auto model = run.model();
  TrainConfig c;
  c.clip_norm = 0;
  Optimizer optimizer(*model, c);
  ThreadPool pool(1);
  std::vector<std::vector<Reference>> want;
  for (const Moments& m : optimizer.moments())
    for (want.emplace_back(); static_cast<i64>(want.back().size()) < m.weight.size();)
      want.back().push_back({static_cast<double>(m.weight.f32()[want.back().size()])});
  Random random(3, Purpose::test);
  for (int t = 1; t <= 20; ++t) {
    for (size_t w = 0; w < want.size(); ++w) {
      const Weight& weight = optimizer.moments()[w].weight;
      for (size_t i = 0; i < want[w].size(); ++i) {
        weight.grad()[i] = static_cast<float>(random.normal());
        want[w][i].step(static_cast<double>(weight.grad()[i]), 0.01, 0.9, 0.95, 1e-8, weight.rows() > 1 ? 0.1 : 0, t);
      }
    }
    optimizer.step(pool, active_kernels(), 0.01, 1);
  }
  // Each step moves an element, of magnitude up to 2, by about lr and rounds it to f32. Over 20 steps the roundings of
  // the element (2^-24 each) and of the update of 0.01 (a few ulp each) stay below 1e-5.
  double worst = 0;
  for (size_t w = 0; w < want.size(); ++w)
    for (size_t i = 0; i < want[w].size(); ++i)
      worst = std::max(worst, std::abs(want[w][i].p - static_cast<double>(optimizer.moments()[w].weight.f32()[i])));
  EXPECT_LT(worst, 1e-5);
  EXPECT_EQ(optimizer.moments()[0].weight.grad()[0], 0.0f);  // set to zero for the next step
}

TEST(AdamW, ClipsByANormThatDoesNotDependOnTheNumberOfThreads) {
  const RunCase run;
  const auto model = run.model();
  TrainConfig c;
  c.clip_norm = 1;
  Optimizer optimizer(*model, c);
  ThreadPool one(1), three(3);
  double squares = 0;
  Random random(4, Purpose::test);
  for (const Moments& m : optimizer.moments())
    for (i64 i = 0; i < m.weight.size(); ++i) {
      m.weight.grad()[i] = static_cast<float>(random.normal());
      squares += std::pow(static_cast<double>(m.weight.grad()[i]), 2);
    }
  const double norm = optimizer.grad_norm(one, active_kernels());
  EXPECT_NEAR(norm, std::sqrt(squares), 1e-9 * norm);  // the sums of doubles have a different order
  EXPECT_EQ(norm, optimizer.grad_norm(three, active_kernels()));
  const float g = optimizer.moments()[0].weight.grad()[0];
  optimizer.step(one, active_kernels(), 0.01, norm);
  EXPECT_NEAR(static_cast<double>(optimizer.moments()[0].m[0]), 0.1 * static_cast<double>(g) / norm, 1e-7);
}

TEST(AdamW, ScalesGradientsOnlyIfTheirNormIsAboveTheLimit) {
  const RunCase run;
  const auto model = run.model();
  TrainConfig c;
  c.clip_norm = 2;
  // One element of the gradient equals the norm, the others are zero. The first moment is a tenth of the scaled
  // gradient.
  for (const double norm : {0.5, 1.0, 1.99, 2.0, 2.01, 2.5, 3.0, 4.0}) {
    Optimizer optimizer(*model, c);
    ThreadPool pool(1);
    optimizer.moments()[0].weight.grad()[0] = static_cast<float>(norm);
    const double measured = optimizer.grad_norm(pool, active_kernels());
    EXPECT_EQ(measured, static_cast<double>(static_cast<float>(norm)));
    optimizer.step(pool, active_kernels(), 0.01, measured);
    // Four roundings to f32: 1 - beta1, the scale, their product, and the moment.
    EXPECT_NEAR(static_cast<double>(optimizer.moments()[0].m[0]), 0.1 * std::min(norm, 2.0), 4 * 0.2 * 0x1p-24) << norm;
  }
}

TEST(AdamW, TheFirstTensorThatIsNotFiniteIsNamedWeightsBeforeGradients) {
  const RunCase run;
  const auto model = run.model();
  const Optimizer optimizer(*model, TrainConfig{});
  const auto& moments = optimizer.moments();
  ASSERT_GT(moments.size(), 3u);
  EXPECT_EQ(optimizer.first_not_finite(), "");
  moments[2].weight.grad()[moments[2].weight.size() - 1] = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(optimizer.first_not_finite(), "the gradient of " + moments[2].weight.name());
  moments[1].weight.grad()[0] = NAN;
  EXPECT_EQ(optimizer.first_not_finite(), "the gradient of " + moments[1].weight.name());
  moments[3].weight.f32()[0] = NAN;
  EXPECT_EQ(optimizer.first_not_finite(), moments[3].weight.name());
}

TEST(AdamW, DoesNotTrainAnMtpModuleThatNoLossReaches) {
  const RunCase run;
  const auto model = run.model();
  const auto of_mtp = [&](const TrainConfig& c) {
    const Optimizer optimizer(*model, c);
    return std::count_if(optimizer.moments().begin(), optimizer.moments().end(),
                         [&](const Moments& m) { return model->in_mtp(m.weight); });
  };
  TrainConfig c;
  EXPECT_GT(of_mtp(c), 0);
  c.mtp_weight = 0;
  EXPECT_EQ(of_mtp(c), 0);
  c.mtp_later_step = 3;  // trained from step 3 on, so it needs moments from the start
  EXPECT_GT(of_mtp(c), 0);
}

TEST(Schedule, WarmsUpLinearlyAndDecaysAlongAHalfCosine) {
  TrainConfig c;
  c.steps = 110, c.warmup_steps = 10, c.lr = 2, c.lr_min = 0.5;
  EXPECT_DOUBLE_EQ(learning_rate(c, 0), 0.2);
  EXPECT_DOUBLE_EQ(learning_rate(c, 9), 2);
  EXPECT_DOUBLE_EQ(learning_rate(c, 10), 2);
  for (const i64 s : {30, 60, 85, 109})
    EXPECT_NEAR(learning_rate(c, s), 0.5 + 0.75 * (1 + std::cos(std::numbers::pi * static_cast<double>(s - 10) / 100)),
                1e-12);
  c.schedule = "constant_then_decay", c.decay_start = 60;
  EXPECT_DOUBLE_EQ(learning_rate(c, 59), 2);
  EXPECT_NEAR(learning_rate(c, 85), 1.25, 1e-12);
  EXPECT_NEAR(learning_rate(c, 110), 0.5, 1e-12);
}

TEST(Schedule, MtpWeightAndBiasSpeedChangeAtTheirStep) {
  TrainConfig c;
  c.mtp_later_step = 5, c.bias_update_stop = 6;
  EXPECT_EQ(mtp_weight_at(c, 4), c.mtp_weight);
  EXPECT_EQ(mtp_weight_at(c, 5), c.mtp_weight_later);
  EXPECT_EQ(bias_speed_at(c, 5), c.bias_update_speed);
  EXPECT_EQ(bias_speed_at(c, 6), 0);
}

TEST(RouterBias, FallsAboveTheMeanLoadRisesBelowItAndStaysAtTheMean) {
  const RunCase run;
  const auto model = run.model();
  RouteObserver routes;
  routes.load = {{}, {10, 30, 20, 20}};
  update_router_biases(*model, routes, 0.25);
  const float* b = model->router_biases()[1].f32();
  EXPECT_EQ(b[0], 0.25f);
  EXPECT_EQ(b[1], -0.25f);
  EXPECT_EQ(b[2], 0.0f);
  EXPECT_EQ(b[3], 0.0f);
}

TEST(Schedule, BeforeAndAfterTheDecayTheRateStays) {
  TrainConfig c;
  c.steps = 110, c.warmup_steps = 10, c.lr = 2, c.lr_min = 0.5;
  EXPECT_NEAR(learning_rate(c, 11), 0.5 + 0.75 * (1 + std::cos(std::numbers::pi / 100)), 1e-12);
  EXPECT_LT(learning_rate(c, 11), 2);
  EXPECT_NEAR(learning_rate(c, 109), 0.5 + 0.75 * (1 + std::cos(std::numbers::pi * 0.99)), 1e-12);
  EXPECT_GT(learning_rate(c, 109), 0.5);
  EXPECT_EQ(learning_rate(c, 110), 0.5);
  EXPECT_EQ(learning_rate(c, 150), 0.5);
  c.schedule = "constant_then_decay", c.decay_start = 5;  // the decay begins after the warm-up at the earliest
  EXPECT_NEAR(learning_rate(c, 60), 1.25, 1e-12);
}

TEST(Schedule, AStepOfNoughtCountsFromTheStartAndOneBelowItNever) {
  TrainConfig c;
  c.mtp_later_step = c.bias_update_stop = 0;
  EXPECT_EQ(mtp_weight_at(c, 0), c.mtp_weight_later);
  EXPECT_EQ(bias_speed_at(c, 0), 0);
  c.mtp_later_step = c.bias_update_stop = -1;
  EXPECT_EQ(mtp_weight_at(c, 1000), c.mtp_weight);
  EXPECT_EQ(bias_speed_at(c, 1000), c.bias_update_speed);
}

TEST(AdamW, AnMtpModuleIsTrainedIfALossMayReachItAtAnyStep) {
  const RunCase run;
  const auto model = run.model();
  const auto trains_mtp = [&](double weight, i64 later_step, double later) {
    TrainConfig c;
    c.mtp_weight = weight, c.mtp_later_step = later_step, c.mtp_weight_later = later;
    const Optimizer optimizer(*model, c);
    return std::ranges::any_of(optimizer.moments(), [&](const Moments& m) { return model->in_mtp(m.weight); });
  };
  EXPECT_TRUE(trains_mtp(0.1, -1, 0));
  EXPECT_TRUE(trains_mtp(0, 0, 0.1));
  EXPECT_TRUE(trains_mtp(0, 7, 0.1));
  EXPECT_FALSE(trains_mtp(0, -1, 0.1));
  EXPECT_FALSE(trains_mtp(0, 7, 0));
}

TEST(RouterBias, OneThatSawNoTokenStaysAndOneThatMovedHasANewVersion) {
  const RunCase run;
  const auto model = run.model();
  const Weight& bias = model->router_biases()[1];
  const u64 version = bias.version();
  RouteObserver routes;
  routes.load = {{}, {}};
  update_router_biases(*model, routes, 0.25);
  routes.load = {{}, {10, 30, 20, 20}};
  update_router_biases(*model, routes, 0);
  EXPECT_EQ(bias.version(), version);
  EXPECT_EQ(std::vector<float>(bias.f32(), bias.f32() + 4), std::vector<float>(4));
  update_router_biases(*model, routes, 0.25);
  EXPECT_GT(bias.version(), version) << "packs of the old values are stale";
  routes.load = {{}, {1, 1, 1, 0}};  // three quarters of a token is the mean
  update_router_biases(*model, routes, 1);
  EXPECT_EQ(std::vector<float>(bias.f32(), bias.f32() + 4), (std::vector<float>{-0.75f, -1.25f, -1, 1}));
}

}  // namespace
}  // namespace r1
