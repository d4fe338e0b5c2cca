#include "rl/grpo.hpp"

#include <numeric>

#include "rl/grpo_run.hpp"
#include "rl/verdicts.hpp"
#include "train/run_case.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

class Grpo : public testing::Test {
 protected:
  // Two groups of four short samples of the model that ships, which solves about half of these problems.
  GrpoConfig config(const std::string& out, i64 steps) const {
    GrpoConfig c;
    c.model = std::string(R1_SOURCE_DIR) + "/models/nano";
    c.out = (folder.path() / out).string();
    c.tasks = "countdown:1", c.seed = 3;
    c.steps = steps, c.groups = 2, c.group_size = 4, c.updates = 2, c.max_tokens = 60;
    c.lr = 2e-4, c.lr_min = 2e-4, c.kl_weight = 0.05, c.reference_every = 2;
    c.threads = 1, c.save_every = 1, c.keep_checkpoints = 9;
    return c;
  }
  static double figure(const StepMetrics& m, std::string_view name) {
    for (const auto& [key, value] : m.more)
      if (key == name) return value;
    ADD_FAILURE() << "no figure " << name;
    return 0;
  }
  TestFolder folder;
};

// A run says so at its first step, and again where it goes on.
TEST_F(Grpo, TheFirstUpdateIsCheckedToBeOnPolicy) {
  std::vector<std::string> notes;
  TrainHooks hooks;
  hooks.note = [&](const std::string& line) { notes.push_back(line); };
  for (const i64 steps : {2, 3}) value_of(train_grpo(config("x", steps), hooks));
  std::erase_if(notes, [](const std::string& line) { return !line.starts_with("on policy: "); });
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_TRUE(notes[0].starts_with("on policy: in step 1 the trainer's log-probabilities of ")) << notes[0];
  EXPECT_TRUE(notes[1].starts_with("on policy: in step 3 ")) << notes[1];
}

// Interrupted after the first step, killed after the third (its checkpoints after the first are lost, its metrics and
// samples are there), and uninterrupted.
TEST_F(Grpo, StoppedOrKilledAndContinuedEqualsUninterruptedBitForBit) {
  std::vector<StepMetrics> steps;
  TrainHooks whole;
  whole.progress = [&](const StepMetrics& m) { steps.push_back(m); };
  value_of(train_grpo(config("whole", 3), whole));
  // The first update of a step sees the very model that drew: ratios other than 1 are of the second.
  EXPECT_EQ(figure(steps[0], "clipped"), 0);
  EXPECT_LE(figure(steps[0], "ratio_min"), 1);
  EXPECT_GE(figure(steps[0], "ratio_max"), 1);
  EXPECT_GT(steps[0].grad_norm + steps[1].grad_norm + steps[2].grad_norm, 0);
  EXPECT_TRUE(fs::exists(folder.path() / "whole/reference/000002/model.safetensors"));

  std::atomic<bool> stop = false;
  TrainHooks hooks;
  hooks.stop = &stop;
  hooks.progress = [&](const StepMetrics&) { stop = true; };
  const auto first = train_grpo(config("stopped", 3), hooks);
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, Errc::interrupted);
  value_of(train_grpo(config("stopped", 3)));
  expect_same_end(folder.path() / "whole", folder.path() / "stopped", 3);

  fs::copy(folder.path() / "whole", folder.path() / "killed", fs::copy_options::recursive);
  for (const i64 step : {2, 3}) fs::remove_all(checkpoint_path(folder.path() / "killed", step));
  value_of(train_grpo(config("killed", 3)));
  expect_same_end(folder.path() / "whole", folder.path() / "killed", 3);
  for (const i64 step : {1, 2, 3})
    EXPECT_EQ(text_of(samples_path(folder.path() / "whole", step)),
              text_of(samples_path(folder.path() / "killed", step)));
}

TEST_F(Grpo, TheFirstUpdateHasRatiosOfExactlyOneAndNoDistanceFromTheReference) {
  GrpoConfig c = config("x", 1);
  c.updates = 1;
  StepMetrics m;
  TrainHooks hooks;
  hooks.progress = [&](const StepMetrics& step) { m = step; };
  value_of(train_grpo(c, hooks));
  for (const char* ratio : {"ratio_min", "ratio_max"}) EXPECT_EQ(figure(m, ratio), 1);
  EXPECT_EQ(figure(m, "kl"), 0);
  EXPECT_EQ(m.sequences, 8);
}

// A verdict that was stored counts when its step is repeated, whatever the judge would say now.
TEST_F(Grpo, ARepeatedStepTakesTheStoredVerdicts) {
  GrpoConfig c = config("x", 1);
  StepMetrics m;
  TrainHooks hooks;
  hooks.progress = [&](const StepMetrics& step) { m = step; };
  value_of(train_grpo(c, hooks));
  const double accuracy = figure(m, "accuracy"), format = figure(m, "format");
  fs::remove_all(checkpoint_path(folder.path() / "x", 1));
  const fs::path path = samples_path(folder.path() / "x", 1);
  std::string text = text_of(path);
  const std::string was = "\"accuracy\": 0.0", now = "\"accuracy\": 1.0";
  size_t changed = 0;
  for (size_t at; (at = text.find(was)) != text.npos; ++changed) text.replace(at, was.size(), now);
  RunCase::write(path, text);
  value_of(train_grpo(c, hooks));
  EXPECT_GT(changed, 0u);
  EXPECT_EQ(accuracy, 1 - static_cast<double>(changed) / 8);
  EXPECT_EQ(figure(m, "accuracy"), 1);
  EXPECT_EQ(figure(m, "format"), format);
}

TEST_F(Grpo, ARunWithOtherSettingsIsNotContinued) {
  value_of(train_grpo(config("x", 1)));
  GrpoConfig c = config("x", 2);
  c.group_size = 5;
  const auto r = train_grpo(c);
  ASSERT_FALSE(r);
  EXPECT_NE(r.error().what.find("group_size was 4, now 5"), std::string::npos) << r.error().what;
}

// A random model whose reward is the share of its tokens below 40, at first about 40 of 263. The loss and
// the engine are those of a run; there is no problem to solve.
TEST_F(Grpo, AModelLearnsToDrawWhatIsRewarded) {
  const RunCase run;
  TrainConfig train = run.config("x");
  train.mtp_weight = train.balance_alpha = train.weight_decay = 0, train.lr = 1e-2;
  Learner learner(train, active_kernels());
  learner.set_model(run.model());
  EngineOptions options;
  options.kernels = &learner.kernels(), options.pool = &learner.pool(), options.numerics = learner.numerics();
  Engine engine = std::move(*Engine::create(learner.model(), options));
  const PolicyLoss loss = *named_policy_loss("dapo");
  const auto step = [&](u64 number) {
    GenerationRequest r{.prompt = {256, 65}, .max_tokens = 8, .samples = 48, .stream = number};
    r.sampling = {.temperature = 1, .top_p = 1, .seed = 1};
    EXPECT_TRUE(engine.submit(r));
    std::vector<std::vector<i32>> tokens(48);
    std::vector<std::vector<float>> logprobs(48);
    while (engine.busy()) {
      const auto events = engine.step();
      EXPECT_TRUE(events);
      for (const TokenEvent& e : *events) {
        tokens[static_cast<size_t>(e.sample)].push_back(e.token);
        logprobs[static_cast<size_t>(e.sample)].push_back(e.logprob);
      }
    }
    std::vector<double> rewards;
    for (const auto& ids : tokens)
      rewards.push_back(static_cast<double>(std::count_if(ids.begin(), ids.end(), [](i32 t) { return t < 40; })) / 8);
    const auto advantages = group_advantages(rewards, true);
    const auto weights = sample_weights(loss.mean, std::vector<i64>(48, 8), std::vector<i64>(48, 0), 8);
    std::vector<Document> documents;
    for (size_t i = 0; i < 48; ++i) {
      documents.push_back(rollout_document(r.prompt, tokens[i], logprobs[i]));
      documents[i].advantages.assign(documents[i].tokens.size(), static_cast<float>(advantages[i]));
      documents[i].weights.assign(documents[i].tokens.size(), static_cast<float>(weights[i]));
    }
    StepBatch batch;
    batch.micro = pack(documents, 1000);
    batch.sequences = 48, batch.targets = 48 * 8;
    PolicyStats stats;
    StepMetrics m;
    m.step = 1, m.lr = train.lr;
    learner.compute_gradients(batch, policy_loss(loss, 1, stats), m);
    learner.update(m);
    return std::accumulate(rewards.begin(), rewards.end(), 0.0) / 48;
  };
  const double before = step(0);
  double after = 0;
  for (u64 i = 1; i <= 30; ++i) after = step(i);
  EXPECT_LT(before, 0.3);
  EXPECT_GT(after, 0.7);
}

}  // namespace
}  // namespace r1
