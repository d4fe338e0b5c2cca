// The parts of a step that runs of the trainer do not show: weights of rows, schedules, figures that are not finite.
#include "train/learner.hpp"

#include <cmath>
#include <limits>

#include "train/metrics.hpp"
#include "train/run_case.hpp"
#include "train/training_run.hpp"

namespace r1 {
namespace {

StepBatch batch_of(std::vector<Document> documents) {
  StepBatch batch;
  for (const Document& d : documents)
    for (const i32 t : d.targets) batch.targets += t >= 0;
  batch.sequences = std::ssize(documents);
  batch.micro = pack(documents, 1000);
  return batch;
}

std::vector<Document> three_documents() {
  return {make_document({256, 97, 98, 99, 257}, 0), make_document({256, 98, 98, 257}, 0),
          make_document({256, 99, 97, 97, 98, 257}, 0)};
}

// The metrics and the gradients of the first step.
struct Gradients {
  StepMetrics m;
  std::vector<float> all;
};
Gradients gradients_of(const RunCase& run, const TrainConfig& c, const StepBatch& batch, const RowLoss& loss) {
  Learner learner(c, active_kernels());
  learner.set_model(run.model());
  Gradients g;
  g.m.step = 1;
  learner.compute_gradients(batch, loss, g.m);
  for (const Moments& moments : learner.optimizer().moments()) {
    const Weight& w = moments.weight;
    g.all.insert(g.all.end(), w.grad(), w.grad() + w.size());
  }
  return g;
}

TEST(Learner, HasAsManyThreadsAsTheConfigurationSaysOrTheMachineHas) {
  const RunCase run;
  TrainConfig c = run.config("x");
  for (const i64 threads : {1, 2, 3}) {
    c.threads = threads;
    EXPECT_EQ(Learner(c, active_kernels()).pool().threads(), threads);
  }
  c.threads = 0;
  EXPECT_EQ(Learner(c, active_kernels()).pool().threads(), ThreadPool::default_threads());
}

// Weights of 2 double the loss and every gradient exactly, since a product with 2 is exact. A row of weight 0 counts as
// one without a target.
TEST(Learner, TheLossOfARowAndItsGradientAreMultipliedByTheRowsWeight) {
  const RunCase run;
  TrainConfig c = run.config("x");
  c.mtp_weight = 0, c.balance_alpha = 0;
  auto documents = three_documents();
  const StepBatch plain = batch_of(documents);
  const Gradients one = gradients_of(run, c, plain, likelihood_loss(plain));
  for (Document& d : documents) d.weights.assign(d.tokens.size(), 2);
  const StepBatch doubled = batch_of(documents);
  const Gradients two = gradients_of(run, c, doubled, likelihood_loss(doubled));
  EXPECT_EQ(two.m.loss, 2 * one.m.loss);
  ASSERT_EQ(two.all.size(), one.all.size());
  for (size_t i = 0; i < one.all.size(); ++i) ASSERT_EQ(two.all[i], 2 * one.all[i]) << i;

  for (Document& d : documents) d.weights.assign(d.tokens.size(), 1);
  documents[1].weights.assign(documents[1].tokens.size(), 0);
  const StepBatch without = batch_of(documents);
  const Gradients some = gradients_of(run, c, without, likelihood_loss(without));
  documents[1].targets.assign(documents[1].tokens.size(), -1);
  const StepBatch masked = batch_of(documents);
  const Gradients same = gradients_of(run, c, masked, likelihood_loss(without));
  EXPECT_EQ(some.m.loss, same.m.loss);
  EXPECT_LT(some.m.loss, one.m.loss);
}

// Half of a batch's sequences have twice the weight each, so a batch that holds every document twice has the same loss.
TEST(Learner, TheBalanceLossIsAlphaTimesTheMeanOverTheSequences) {
  const RunCase run;
  TrainConfig c = run.config("x");
  const auto balance = [&](double alpha, int copies) {
    c.balance_alpha = alpha;
    std::vector<Document> documents;
    for (int i = 0; i < copies; ++i)
      for (const Document& d : three_documents()) documents.push_back(d);
    const StepBatch batch = batch_of(documents);
    return gradients_of(run, c, batch, likelihood_loss(batch)).m.balance_loss;
  };
  const double once = balance(0.25, 1);
  EXPECT_GT(once, 0.1) << "at least alpha for every layer with experts";
  EXPECT_LT(once, 2 * 0.25 * 4) << "two layers with four experts each";
  EXPECT_NEAR(balance(0.5, 1), 2 * once, 1e-12);
  EXPECT_NEAR(balance(0.25, 2), once, 1e-6 * once) << "the weight is a float";
  EXPECT_EQ(balance(0, 1), 0);
}

TEST(Learner, TheBusiestExpertOfAModelWithoutExpertsHasNoLoad) {
  const RunCase run;
  TrainConfig c = run.config("x");
  Learner learner(c, active_kernels());
  learner.set_model(value_of(create_model(kTinyQwen2, "tiny", 1, Weights::trainable)));
  const StepBatch batch = batch_of(three_documents());
  StepMetrics m;
  m.step = 1;
  learner.compute_gradients(batch, likelihood_loss(batch), m);
  EXPECT_EQ(m.load_max, 0);
  EXPECT_EQ(m.mtp_loss, 0);
  EXPECT_EQ(m.balance_loss, 0);
  EXPECT_GT(m.loss, 1);
}

// Steps are counted from 1, and the settings' steps from 0.
TEST(Learner, SchedulesCountTheStepsThatAreDone) {
  const RunCase run;
  TrainConfig c = run.config("x");
  c.mtp_weight = 0, c.mtp_weight_later = 0.5, c.mtp_later_step = 1, c.bias_update_stop = 1, c.bias_update_speed = 0.25;
  Learner learner(c, active_kernels());
  learner.set_model(run.model());
  const StepBatch batch = batch_of(three_documents());
  const auto biases = [&] {
    std::vector<float> all;
    for (const Weight& b : learner.model().router_biases())
      if (b) all.insert(all.end(), b.f32(), b.f32() + b.size());
    return all;
  };
  StepMetrics m;
  m.step = 1, m.lr = 1e-3;
  const auto before = biases();
  learner.compute_gradients(batch, likelihood_loss(batch), m);
  EXPECT_EQ(m.mtp_loss, 0);
  learner.update(m);
  const auto updated = biases();
  EXPECT_NE(updated, before);
  m = {};
  m.step = 2, m.lr = 1e-3;
  learner.compute_gradients(batch, likelihood_loss(batch), m);
  EXPECT_GT(m.mtp_loss, 1);
  learner.update(m);
  EXPECT_EQ(biases(), updated);
}

TEST(Learner, EveryFigureMustBeFinite) {
  const RunCase run;
  Learner learner(run.config("x"), active_kernels());
  learner.set_model(run.model());
  StepMetrics good;
  good.step = 5, good.loss = 2, good.mtp_loss = 3, good.grad_norm = 0.5;
  EXPECT_TRUE(learner.check_finite(good));
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  const auto error = [&](double StepMetrics::*figure, double value) {
    StepMetrics m = good;
    m.*figure = value;
    const Status status = learner.check_finite(m);
    return status ? std::string() : status.error().what;
  };
  EXPECT_EQ(error(&StepMetrics::loss, inf),
            "step 5: loss inf, gradient norm 0.5: the first tensor that is not finite is an activation");
  EXPECT_EQ(error(&StepMetrics::grad_norm, nan),
            "step 5: loss 2, gradient norm nan: the first tensor that is not finite is an activation");
  EXPECT_NE(error(&StepMetrics::mtp_loss, nan), "");
  const Weight& w = learner.optimizer().moments()[1].weight;
  w.grad()[0] = NAN;
  EXPECT_EQ(error(&StepMetrics::grad_norm, nan),
            "step 5: loss 2, gradient norm nan: the first tensor that is not finite is the gradient of " + w.name());
}

// ---- batches

// Sample i is empty if i is below `skipped`; the others have four tokens each, and token 0 is a target of theirs.
class FewTokens final : public Data {
 public:
  explicit FewTokens(i64 skipped) : skipped_(skipped) {}
  Result<Document> document(Split, i64 i) const override {
    if (i < skipped_) return Document{};
    return make_document({5, 0, 0, 7}, 0);
  }
  u64 fingerprint() const override { return 0; }
  std::vector<std::string> notes() const override { return {}; }

 private:
  i64 skipped_;
};

TEST(Packing, AStepEndsWhereTheNextDocumentWouldExceedItsTokens) {
  for (const auto& [tokens, documents] : {std::pair{1, 1}, {4, 1}, {7, 1}, {8, 2}, {11, 2}, {12, 3}}) {
    const StepBatch step = value_of(take_step(FewTokens(2), Split::train, 1, tokens, 8));
    EXPECT_EQ(step.sequences, documents) << tokens;
    EXPECT_EQ(step.tokens, 4 * documents);
    EXPECT_EQ(step.targets, 3 * documents) << "token 0 is a target like any other";
    EXPECT_EQ(step.attention_pairs, 10 * documents);
    EXPECT_EQ(step.skipped, 1) << "the step begins at the second sample";
    EXPECT_EQ(step.next, 2 + documents);
    EXPECT_EQ(std::ssize(step.micro), documents / 2 + documents % 2);
  }
}

TEST(Packing, AHundredThousandSamplesMayBeSkippedAndNoMore) {
  const StepBatch step = value_of(take_step(FewTokens(100000), Split::train, 0, 4, 4));
  EXPECT_EQ(step.skipped, 100000);
  EXPECT_EQ(step.next, 100001);
  const auto refused = take_step(FewTokens(100001), Split::train, 0, 4, 4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, "100000 samples were skipped because they are longer than sequence_length");
}

// ---- figures

TEST(Metrics, ARowHoldsEveryFigureOfAStep) {
  StepMetrics m;
  m.step = 1, m.steps = 99, m.loss = 2.5, m.mtp_loss = 3.5, m.balance_loss = 4.5, m.lr = 5.5, m.grad_norm = 6.5;
  m.load_max = 7.5, m.tokens = 8, m.targets = 9, m.sequences = 10, m.skipped = 11, m.total_tokens = 12;
  m.validation_loss = 0.5, m.time_step_s = 13.5, m.time_tokens_per_s = 14.5, m.time_gflops = 15.5, m.time_left_s = 99;
  m.more = {{"reward", 0.25}};
  EXPECT_EQ(dump(metrics_row(m)),
            R"({"step": 1, "loss": 2.5, "mtp_loss": 3.5, "balance_loss": 4.5, "lr": 5.5, "grad_norm": 6.5, )"
            R"("load_max": 7.5, "tokens": 8, "targets": 9, "sequences": 10, "skipped": 11, "total_tokens": 12, )"
            R"("validation_loss": 0.5, "reward": 0.25, "time_step_s": 13.5, "time_tokens_per_s": 14.5, )"
            R"("time_gflops": 15.5})");
}

// A number that is not finite stops a run before the update, and the run loses nothing. Pretraining and fine-tuning
// share this path; src/rl/grpo_test.cpp has the test of reinforcement learning.
struct NumericFault {
  const char* name;
  void (*put_into)(const Weight&);
};

constexpr NumericFault kNumericFaults[] = {
    {"a_weight_is_nan",
     [](const Weight& w) {
       w.f32()[1] = std::numeric_limits<float>::quiet_NaN();
       w.bump();
     }},
    // A step adds to the gradients, so these are in its sums, while its loss is finite.
    {"a_gradient_is_nan", [](const Weight& w) { w.grad()[1] = std::numeric_limits<float>::quiet_NaN(); }},
    {"a_gradient_is_infinite", [](const Weight& w) { w.grad()[1] = -std::numeric_limits<float>::infinity(); }}};

class NotFinite : public testing::TestWithParam<std::tuple<const char*, NumericFault>> {
 protected:
  TrainConfig config(const std::string& out) const {
    TrainConfig c = run_.config(out);
    if (std::get<0>(GetParam()) == std::string("chat")) {
      std::string rows;
      for (int i = 0; i < 60; ++i) rows += fmt::format("{{\"prompt\": \"{}?\", \"answer\": \"{}\"}}\n", i, i * i);
      RunCase::write(run_.folder() / "chats.jsonl", rows);
      c.data[0].file = (run_.folder() / "chats.jsonl").string(), c.data[0].format = "chat";
    }
    return c;
  }
  const RunCase run_;
};
INSTANTIATE_TEST_SUITE_P(Train, NotFinite,
                         testing::Combine(testing::Values("text", "chat"), testing::ValuesIn(kNumericFaults)),
                         [](const auto& i) {
                           return fmt::format("{}_{}", std::get<0>(i.param), std::get<1>(i.param).name);
                         });

TEST_P(NotFinite, TheErrorNamesStepTensorAndCheckpointAndTheSameCommandEndsInTheBitsOfAnUndisturbedRun) {
  value_of(train(config("whole")));
  const std::filesystem::path folder = run_.folder() / "broken", checkpoint = checkpoint_path(folder, 4);
  std::string weights, moments;
  {
    const TrainHooks hooks;
    TrainingRun training(config("broken"), hooks);
    ASSERT_TRUE(training.open());
    for (int step = 0; step < 5; ++step) ASSERT_TRUE(training.step());
    weights = text_of(checkpoint / "model.safetensors"), moments = text_of(checkpoint / "trainer.safetensors");
    const Weight& w = training.model().weights()[3];
    std::get<1>(GetParam()).put_into(w);
    const Status status = training.step();
    ASSERT_FALSE(status);
    for (const std::string& part :
         {std::string("step 6: loss "), w.name(), "the last good checkpoint is " + checkpoint.string()})
      EXPECT_NE(status.error().what.find(part), std::string::npos) << status.error().what;
  }
  EXPECT_TRUE(text_of(checkpoint / "model.safetensors") == weights);
  EXPECT_TRUE(text_of(checkpoint / "trainer.safetensors") == moments);
  EXPECT_EQ(metrics_of(folder).size(), 5u) << "the figures of the steps before";
  value_of(train(config("broken")));
  expect_same_end(run_.folder() / "whole", folder, 8);
}

}  // namespace
}  // namespace r1
