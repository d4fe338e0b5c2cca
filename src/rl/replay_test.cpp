// Routes that are recorded when samples are drawn and replayed when the model learns from them.
#include <cstring>
#include <numeric>

#include "kernels/cpu/kernels.hpp"
#include "rl/grpo_run.hpp"
#include "rl/test_rollouts.hpp"
#include "train/run_case.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

// Sums -log π of all targets.
RowLoss likelihood(i64 targets) {
  RowLoss loss;
  loss.denominator = static_cast<double>(targets);
  loss.rows = [](const MicroBatch&, const LossRows& r) {
    double sum = 0;
    for (size_t t = 0; t < r.nll.size(); ++t) r.gradient[t] = 1, sum += static_cast<double>(r.nll[t]);
    return sum;
  };
  return loss;
}

class Replay : public testing::TestWithParam<std::tuple<const cpu::Kernels*, const char*, u64>> {
 protected:
  const cpu::Kernels& kernels() const { return *std::get<0>(GetParam()); }
  u64 seed() const { return std::get<2>(GetParam()); }

  void open(std::optional<Learner>& learner, const TrainConfig& config) const {
    learner.emplace(config, kernels());
    learner->set_model(value_of(create_model(dump(random_config(seed())), "random model", seed(), Weights::trainable)));
  }
  void SetUp() override {
    config_.matmul = config_.kv = std::get<1>(GetParam());
    config_.threads = 1, config_.lr = 1e-2, config_.recompute = seed() == 0;
    config_.bias_update_speed = 0.05;
    open(replaying_, config_), open(choosing_, config_);
    // Documents of a model, with groups, shared prefixes and chunks.
    Random random(seed(), Purpose::test, 5);
    EngineOptions options;
    options.kernels = &kernels(), options.pool = &replaying_->pool(), options.numerics = replaying_->numerics();
    options.max_sequences = 6, options.max_batch_tokens = 50, options.record_routes = true;
    Engine engine = value_of(Engine::create(model(), options));
    const auto documents = draw_documents(engine, random_requests(random, model().info().vocab, 1));
    with_.micro = pack(documents, 300);
    for (const Document& d : documents) {
      ++with_.sequences;
      for (const i32 t : d.targets) with_.targets += t >= 0;
    }
    without_ = with_;
    for (MicroBatch& micro : without_.micro) micro.routes = {};
  }

  // The experts that the replaying model uses for a micro-batch.
  RecordedRoutes used(const MicroBatch& micro) {
    const ModelInfo& info = model().info();
    RecordedRoutes routes{info.layers, info.experts_per_token};
    routes.clear(micro.batch.rows());
    Pass p{.batch = micro.batch,
           .arena = replaying_->arena(),
           .pool = replaying_->pool(),
           .kernels = kernels(),
           .numerics = replaying_->numerics()};
    p.record_routes = &routes;
    if (!micro.routes.empty()) p.replay_routes = &micro.routes;
    model().forward(p);
    return routes;
  }

  const Model& model() const { return replaying_->model(); }

  // The loss and all gradients of a step.
  static StepMetrics gradients(Learner& learner, const StepBatch& batch) {
    StepMetrics m;
    m.step = 1, m.lr = 1e-2;
    learner.compute_gradients(batch, likelihood(batch.targets), m);
    return m;
  }

  TrainConfig config_;
  std::optional<Learner> replaying_, choosing_;  // two models with the same weights
  StepBatch with_, without_;                     // the same documents with their routes and without
};

// Seeds 0 and 1 are a DeepSeek-V3 and a V2; 5 and 6 are others.
INSTANTIATE_TEST_SUITE_P(Rl, Replay,
                         testing::Combine(testing::ValuesIn(cpu::levels().begin(), cpu::levels().end()),
                                          testing::Values("f32", "bf16"),
                                          testing::Values(u64{0}, u64{1}, u64{5}, u64{6})),
                         [](const auto& i) {
                           return fmt::format("{}_{}_{}", std::get<0>(i.param)->name, std::get<1>(i.param),
                                              std::get<2>(i.param));
                         });

TEST_P(Replay, AtTheWeightsThatDrewItChangesNoBitOfTheLossTheGradientsOrTheLoads) {
  const StepMetrics replayed = gradients(*replaying_, with_), chosen = gradients(*choosing_, without_);
  EXPECT_EQ(replayed.loss, chosen.loss);
  EXPECT_EQ(replayed.grad_norm, chosen.grad_norm);
  EXPECT_EQ(replayed.load_max, chosen.load_max);
  const auto& x = replaying_->model().weights();
  const auto& y = choosing_->model().weights();
  for (size_t i = 0; i < x.size(); ++i)
    if (x[i].trainable()) {
      EXPECT_EQ(std::memcmp(x[i].grad(), y[i].grad(), x[i].size() * 4), 0) << x[i].name();
    }
  replaying_->update(replayed), choosing_->update(chosen);
  for (size_t i = 0; i < x.size(); ++i)
    if (x[i].trainable()) {
      EXPECT_EQ(std::memcmp(x[i].f32(), y[i].f32(), x[i].size() * 4), 0) << x[i].name();
    }
}

TEST_P(Replay, AfterAnUpdateKeepsTheExpertsThatWouldChangeWithoutIt) {
  replaying_->update(gradients(*replaying_, with_));
  i64 rows = 0, changed = 0;
  for (size_t m = 0; m < with_.micro.size(); ++m) {
    const MicroBatch& micro = with_.micro[m];
    const RecordedRoutes replayed = used(micro), chosen = used(without_.micro[m]);
    const Batch& b = micro.batch;
    for (i64 s = 0; s < b.sequences(); ++s)
      for (i64 r = b.seq_begin[s]; r + 1 < b.seq_begin[s + 1]; ++r, ++rows) {  // nothing is recorded for the last row
        const auto row = [&](const RecordedRoutes& of) { return std::vector(of.at(r, 0), of.at(r + 1, 0)); };
        ASSERT_EQ(row(replayed), row(micro.routes)) << "row " << r;
        changed += row(chosen) != row(micro.routes);
      }
  }
  EXPECT_GT(changed, rows / 100) << "of " << rows << ": the test shows nothing";
}

// The whole model along one direction: the derivative of the loss is the sum of gradient times direction. The direction
// follows the signs of the gradient, so that the difference stands out from the rounding of the two losses.
TEST_P(Replay, TheGradientIsThatOfTheLossWithTheRecordedExperts) {
  config_.matmul = config_.kv = "f32";             // rounding to bf16 has no derivative
  config_.mtp_weight = config_.balance_alpha = 0;  // their routers choose for themselves
  open(replaying_, config_);
  gradients(*replaying_, with_);
  Random random(seed(), Purpose::test, 6);
  std::vector<std::vector<float>> direction, before;
  double slope = 0;
  for (const Weight& w : model().weights()) {
    direction.emplace_back(w.trainable() ? w.size() : 0);
    before.emplace_back(w.f32(), w.f32() + std::ssize(direction.back()));
    for (i64 i = 0; i < std::ssize(direction.back()); ++i) {
      const float along = w.grad()[i] > 0 ? 3.0f : -3.0f;
      direction.back()[i] = along + static_cast<float>(random.normal());
      slope += static_cast<double>(direction.back()[i]) * static_cast<double>(w.grad()[i]);
    }
  }
  const auto loss_at = [&](float by) {
    for (size_t k = 0; k < direction.size(); ++k) {
      const Weight& w = model().weights()[k];
      for (size_t i = 0; i < direction[k].size(); ++i) w.f32()[i] = before[k][i] + by * direction[k][i];
      if (!direction[k].empty()) w.bump();
    }
    return gradients(*replaying_, with_).loss;
  };
  const auto difference = [&](float h) { return (loss_at(h) - loss_at(-h)) / (2 * static_cast<double>(h)); };
  const double wide = difference(1e-4f), narrow = difference(5e-5f), want = narrow + (narrow - wide) / 3;
  // The rest is the fifth derivative, and the rounding of losses around 5, 1e-6 of them, divided by 1e-4: 0.05.
  EXPECT_NEAR(slope, want, 0.003 * want) << wide << ", " << narrow;
}

// ---- runs

// Of a tiny random model that is rewarded for the length of what it writes.
class ReplayRun : public testing::Test {
 protected:
  ReplayRun() {
    fs::create_directories(run_.folder() / "tiny");
    R1_CHECK(save_model(*run_.model(), run_.folder() / "tiny", DType::f32).has_value(), "cannot save the tiny model");
  }
  GrpoConfig config(const std::string& out, i64 updates, bool replay) const {
    GrpoConfig c;
    c.model = (run_.folder() / "tiny").string(), c.tokenizer = (run_.folder() / "tokenizer").string();
    c.out = (run_.folder() / out).string();
    c.tasks = "gcd:1", c.steps = 3, c.groups = 3, c.group_size = 6, c.max_tokens = 24, c.threads = 1;
    c.reward_program = "while IFS= read -r line; do n=${#line}; echo $n; done";
    c.lr = c.lr_min = 2e-2, c.kl_weight = 0, c.save_every = 1, c.keep_checkpoints = 9;
    c.updates = updates, c.replay_routes = replay;
    return c;
  }
  std::string weights(const std::string& out) const {
    return text_of(checkpoint_path(run_.folder() / out, 3) / "model.safetensors");
  }
  std::vector<std::string> metrics(const std::string& out) const { return metrics_of(run_.folder() / out); }
  const RunCase run_;
};

TEST_F(ReplayRun, WithOneUpdateReplayChangesNothing) {
  value_of(train_grpo(config("chosen", 1, false)));
  value_of(train_grpo(config("replayed", 1, true)));
  EXPECT_EQ(metrics("chosen"), metrics("replayed"));
  EXPECT_TRUE(weights("chosen") == weights("replayed"));
}

TEST_F(ReplayRun, WithSeveralUpdatesReplayChangesTheLaterOnesAndAnInterruptedRunEndsInTheSameBits) {
  std::vector<StepMetrics> steps;
  TrainHooks whole;
  whole.progress = [&](const StepMetrics& m) { steps.push_back(m); };
  value_of(train_grpo(config("chosen", 3, false)));
  value_of(train_grpo(config("replayed", 3, true), whole));
  EXPECT_FALSE(weights("chosen") == weights("replayed")) << "no route has changed: the test shows nothing";
  std::map<std::string, double> figures(steps.at(0).more.begin(), steps.at(0).more.end());
  EXPECT_LT(figures.at("ratio_min"), 1);
  EXPECT_GT(figures.at("ratio_max"), 1);
  std::atomic<bool> stop = false;
  TrainHooks hooks;
  hooks.stop = &stop;
  hooks.progress = [&](const StepMetrics&) { stop = true; };
  ASSERT_FALSE(train_grpo(config("stopped", 3, true), hooks));
  value_of(train_grpo(config("stopped", 3, true)));
  expect_same_end(run_.folder() / "replayed", run_.folder() / "stopped", 3);
}

TEST_F(ReplayRun, OfADenseModelSaysThatThereAreNoRoutesAndChangesNothing) {
  const auto dense = value_of(create_model(kTinyQwen2, "dense", 1, Weights::trainable));
  ASSERT_TRUE(save_model(*dense, run_.folder() / "tiny", DType::f32));
  std::vector<std::string> notes;
  TrainHooks hooks;
  hooks.note = [&](const std::string& line) { notes.push_back(line); };
  value_of(train_grpo(config("chosen", 2, false), hooks));
  const std::string note = "replay_routes has no effect: the model has no routed experts";
  EXPECT_EQ(std::count(notes.begin(), notes.end(), note), 0);
  value_of(train_grpo(config("replayed", 2, true), hooks));
  EXPECT_EQ(std::count(notes.begin(), notes.end(), note), 1);
  EXPECT_EQ(metrics("chosen"), metrics("replayed"));
}

}  // namespace
}  // namespace r1
