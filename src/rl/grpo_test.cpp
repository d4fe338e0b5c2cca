#include "rl/grpo.hpp"

#include <functional>
#include <limits>
#include <numeric>

#include "formats/json.hpp"
#include "rl/grpo_run.hpp"
#include "rl/verdicts.hpp"
#include "train/run_case.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

// Runs of a tiny random model.
class TinyRun {
 public:
  TinyRun() {
    fs::create_directories(run_.folder() / "tiny");
    R1_CHECK(save_model(*run_.model(), run_.folder() / "tiny", DType::f32).has_value(), "cannot save the tiny model");
  }
  // Two groups of eight samples of at most 20 tokens.
  GrpoConfig config(const std::string& out, i64 steps) const {
    GrpoConfig c;
    c.model = (run_.folder() / "tiny").string(), c.tokenizer = (run_.folder() / "tokenizer").string();
    c.out = (run_.folder() / out).string();
    c.tasks = "gcd:1", c.steps = steps, c.groups = 2, c.group_size = 8, c.max_tokens = 20, c.threads = 1;
    return c;
  }

 private:
  RunCase run_;
};

class Grpo : public testing::Test {
 protected:
  // Calls fn for every sample of a step.
  void for_each_sample(const fs::path& out, i64 step, const std::function<void(const JsonFields&)>& fn) const {
    const Status read = for_each_jsonl(samples_path(folder.path() / out, step), [&](i64, Json row) -> Status {
      fn(R1_TRY(JsonFields::of(row, "a sample")));
      return {};
    });
    R1_CHECK(read.has_value(), "{}", read.error().what);
  }
  std::vector<double> rewards_of(const fs::path& out, i64 step) const {
    std::vector<double> rewards;
    for_each_sample(out, step, [&](const JsonFields& f) { rewards.push_back(value_of(f.number("reward"))); });
    return rewards;
  }
  // Two groups of four short samples of the model that ships. At this temperature it solves two thirds of them.
  GrpoConfig config(const std::string& out, i64 steps) const {
    GrpoConfig c;
    c.model = std::string(R1_SOURCE_DIR) + "/models/nano";
    c.out = (folder.path() / out).string();
    c.tasks = "difference:2", c.temperature = 1.6, c.seed = 3;
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

// Killed in its second step, when only the first draw of it was on the disk.
TEST_F(Grpo, AStepThatDrawsAgainIsRepeatedBitForBit) {
  const auto with_draws = [&](const char* out) {
    GrpoConfig c = config(out, 2);
    c.tasks = "countdown:1-3", c.seed = 4;
    c.group_size = 2, c.max_draws = 3, c.curriculum = true;
    c.overlong_weight = 0.5, c.overlong_tokens = 30, c.repetition_weight = 0.25;
    return c;
  };
  std::vector<StepMetrics> steps;
  TrainHooks hooks;
  hooks.progress = [&](const StepMetrics& m) { steps.push_back(m); };
  value_of(train_grpo(with_draws("whole"), hooks));
  ASSERT_EQ(steps.size(), 2u);
  i64 drawn = 0, rounds = 0;
  for (const StepMetrics& m : steps) {
    const auto problems = static_cast<i64>(figure(m, "problems"));
    const auto rewards = rewards_of("whole", m.step);
    ASSERT_EQ(std::ssize(rewards), 2 * problems);
    i64 teaching = 0;
    for (i64 g = 0; g < problems; ++g) teaching += rewards[2 * g] != rewards[2 * g + 1];
    EXPECT_EQ(figure(m, "equal_groups"), 1 - static_cast<double>(teaching) / static_cast<double>(problems));
    EXPECT_TRUE(teaching == 2 || figure(m, "draws") == 3) << teaching << " of " << problems;
    EXPECT_EQ(m.sequences, 4);  // two groups of two, however many were drawn; there is a KL term
    drawn += problems, rounds += static_cast<i64>(figure(m, "draws"));
  }
  EXPECT_GT(rounds, 2) << "no step drew again: the test shows nothing";
  const TrainState end = value_of(read_state(checkpoint_path(folder.path() / "whole", 2)));
  EXPECT_EQ(end.next_sample, drawn);
  EXPECT_FALSE(end.solved.empty());
  for (const auto& [level, share] : end.solved) EXPECT_EQ(figure(steps[1], "solved_" + level), share);

  fs::copy(folder.path() / "whole", folder.path() / "killed", fs::copy_options::recursive);
  fs::remove_all(checkpoint_path(folder.path() / "killed", 2));
  const fs::path samples = samples_path(folder.path() / "killed", 2);
  const std::string all = text_of(samples);
  size_t first_draw = 0;
  for (int row = 0; row < 4; ++row) first_draw = all.find('\n', first_draw) + 1;
  RunCase::write(samples, all.substr(0, first_draw));
  value_of(train_grpo(with_draws("killed")));
  expect_same_end(folder.path() / "whole", folder.path() / "killed", 2);
  EXPECT_EQ(text_of(samples), all);
}

// The samples of a group whose rewards are equal have the advantage 0 and so no part in the loss. Without them the sums
// of the gradient have the same other terms in other places: a sum of n terms in f32 differs by some √n · 6e-8 of them.
TEST_F(Grpo, SamplesWithoutAdvantageAreNotComputedAndTheLossIsTheSame) {
  std::vector<StepMetrics> runs;
  TrainHooks hooks;
  hooks.progress = [&](const StepMetrics& m) { runs.push_back(m); };
  for (const bool all : {false, true}) {
    GrpoConfig c = config(all ? "all" : "some", 1);
    c.loss = "dapo", c.kl_weight = 0, c.updates = 1, c.groups = 6, c.max_tokens = 120, c.train_equal_groups = all;
    value_of(train_grpo(c, hooks));
  }
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[1].sequences, 24);
  EXPECT_EQ(runs[0].sequences, 24 * (1 - figure(runs[0], "equal_groups")));
  EXPECT_LT(runs[0].sequences, 24) << "no group is equal: the test shows nothing";
  EXPECT_GT(runs[0].grad_norm, 0);
  EXPECT_NEAR(runs[0].loss, runs[1].loss, 1e-6);
  EXPECT_NEAR(runs[0].grad_norm, runs[1].grad_norm, 1e-5 * runs[1].grad_norm);
  EXPECT_EQ(figure(runs[0], "reward"), figure(runs[1], "reward"));
}

TEST_F(Grpo, TheRewardIsTheJudgesWithTheWeightedParts) {
  GrpoConfig c = config("x", 1);
  c.overlong_weight = 0.5, c.overlong_tokens = 30, c.length_weight = 0.25, c.language_weight = 2,
  c.repetition_weight = 0.125;
  StepMetrics m;
  TrainHooks hooks;
  hooks.progress = [&](const StepMetrics& step) { m = step; };
  value_of(train_grpo(c, hooks));
  double reward = 0, overlong = 0;
  for_each_sample("x", 1, [&](const JsonFields& f) {
    const auto number = [&](const char* key) { return value_of(f.number(key)); };
    EXPECT_NEAR(number("reward"),
                number("format") * number("accuracy") + 0.5 * number("overlong") + 0.25 * number("length_penalty") +
                    2 * number("language") + 0.125 * number("repetition"),
                1e-12);
    reward += number("reward") / 8, overlong += number("overlong") / 8;
  });
  EXPECT_NEAR(figure(m, "reward"), reward, 1e-12);
  EXPECT_NEAR(figure(m, "overlong"), overlong, 1e-12);
  EXPECT_LT(overlong, 0);
}

// A random model, which solves nothing, and a shell program that rewards every sample by the length of its request. It
// answers no number to every fourth length.
constexpr const char* kLengthReward = "while IFS= read -r line; do n=${#line}; echo $n; done";
constexpr const char* kFailingReward =
    "while IFS= read -r line; do n=${#line}; if [ $((n % 4)) = 0 ]; then echo none; else echo $n; fi; done";

TEST_F(Grpo, ARewardProgramDecidesAndWhatItCannotJudgeIsLeftOut) {
  const TinyRun tiny;
  GrpoConfig c = tiny.config("x", 1);
  c.reward_program = kFailingReward;
  StepMetrics m;
  TrainHooks hooks;
  hooks.progress = [&](const StepMetrics& step) { m = step; };
  value_of(train_grpo(c, hooks));
  i64 unchecked = 0, cut = 0;
  double reward = 0;
  for_each_sample(c.out, 1, [&](const JsonFields& f) {
    cut += value_of(f.string("finish")) == "length";
    if (value_of(f.string("verdict")) == "unchecked") {
      ++unchecked;
      EXPECT_FALSE(f.has("reward")) << "null";
      return;
    }
    EXPECT_GT(value_of(f.number("own")), 0);
    EXPECT_EQ(value_of(f.number("reward")), value_of(f.number("own")));
    reward += value_of(f.number("own"));
  });
  EXPECT_GT(unchecked, 0);
  EXPECT_GT(cut, 0);  // the program also sees what was cut
  EXPECT_EQ(m.skipped, unchecked);
  EXPECT_EQ(m.sequences, 16 - unchecked);
  EXPECT_NEAR(figure(m, "own"), reward / static_cast<double>(16 - unchecked), 1e-9);
  EXPECT_GT(m.grad_norm, 0);
}

TEST(GrpoLine, SaysHowManyProblemsWereDrawnAndHowManySamplesHaveNoReward) {
  StepMetrics m;
  m.step = 3, m.steps = 9, m.skipped = 2;
  m.more = {{"reward", 0.25}, {"problems", 7}};
  testing::internal::CaptureStderr();
  GrpoLine line(1);
  line(m);
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(text.starts_with("step 3/9  reward 0.250  ")) << text;
  EXPECT_NE(text.find("  problems 7  not judged 2  "), std::string::npos) << text;
}

TEST(GrpoLine, SaysHowFarSeveralUpdatesMovedTheRatiosAndWhatWasClipped) {
  const auto line_with = [](double low, double high, double clipped) {
    StepMetrics m;
    m.step = m.steps = 1;
    m.more = {{"ratio_min", low}, {"ratio_max", high}, {"clipped", clipped}};
    testing::internal::CaptureStderr();
    GrpoLine line(1);
    line(m);
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_NE(line_with(1, 1, 0).find("  ratio 1.00-1.00  generate"), std::string::npos);
  EXPECT_NE(line_with(0.52, 1.61, 0.125).find("  ratio 0.52-1.61 clipped 12.5 %  generate"), std::string::npos);
}

TEST_F(Grpo, EqualRewardsAreSaidAtOnceAndEveryTenthPowerOfSteps) {
  const TinyRun tiny;
  std::vector<std::string> notes;
  TrainHooks hooks;
  hooks.note = [&](const std::string& line) {
    if (line.find("nothing to learn from") != line.npos) notes.push_back(line.substr(0, line.find(':')));
  };
  value_of(train_grpo(tiny.config("x", 12), hooks));
  EXPECT_EQ(notes, (std::vector<std::string>{"step 1", "step 10"}));
}

TEST_F(Grpo, RowsThatCannotBeCheckedAreCountedAndPromptsThatFillTheContextAreRefused) {
  const TinyRun tiny;
  GrpoConfig c = tiny.config("x", 1);
  c.tasks = "", c.file = (folder.path() / "rows.jsonl").string();
  const std::string good = "{\"prompt\": \"1+1?\", \"answer\": \"2\"}\n";
  RunCase::write(c.file, good + "{\"prompt\": \"1+2?\"}\n{\"prompt\": \"?\", \"answer\": \"\"}\n");
  std::string notes;
  TrainHooks hooks;
  hooks.note = [&](const std::string& line) { notes += line + "\n"; };
  value_of(train_grpo(c, hooks));
  EXPECT_NE(notes.find("rows.jsonl: 2 of 3 rows cannot be checked and are skipped; the first: "), std::string::npos)
      << notes;
  EXPECT_NE(notes.find("rows.jsonl:2"), std::string::npos) << notes;

  c.out += "2";
  RunCase::write(c.file, good + "{\"prompt\": \"" + std::string(200, 'a') + "\", \"answer\": \"2\"}\n");
  const auto r = train_grpo(c);
  ASSERT_FALSE(r);
  EXPECT_NE(r.error().what.find("rows.jsonl: the prompt that begins with \"aaa"), std::string::npos) << r.error().what;
  EXPECT_NE(r.error().what.find("context 128: no answer fits behind it"), std::string::npos) << r.error().what;
  EXPECT_FALSE(fs::exists(c.out));
}

TEST_F(Grpo, ANumberThatIsNotFiniteEndsTheRunAndNamesTheLastGoodCheckpoint) {
  const TinyRun tiny;
  GrpoConfig c = tiny.config("x", 3);
  c.reward_program = kLengthReward;
  c.lr = 1e30, c.save_every = 1;
  const auto r = train_grpo(c);
  ASSERT_FALSE(r);
  EXPECT_TRUE(r.error().what.starts_with("step 2: ")) << r.error().what;
  EXPECT_NE(r.error().what.find("the last good checkpoint is " + checkpoint_path(c.out, 1).string()), std::string::npos)
      << r.error().what;
}

// A step adds to the gradients, so what was put there is in its sums. The loss is finite.
TEST_F(Grpo, AGradientThatIsNotFiniteStopsTheRunBeforeTheUpdateAndNothingIsLost) {
  const TinyRun tiny;
  const auto run_in = [&](const std::string& out) {
    GrpoConfig c = tiny.config(out, 3);
    c.reward_program = kLengthReward, c.updates = 2, c.lr = c.lr_min = 1e-3, c.save_every = 1;
    return c;
  };
  const GrpoConfig whole = run_in("whole");
  value_of(train_grpo(whole));
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const GrpoConfig c = run_in(fmt::format("broken{}", bad));
    {
      const TrainHooks hooks;
      GrpoRun run(c, hooks);
      ASSERT_TRUE(run.open());
      ASSERT_TRUE(run.step());
      const Weight& w = run.model().weights()[3];
      w.grad()[0] = bad;
      const Status status = run.step();
      ASSERT_FALSE(status);
      for (const std::string& part : {std::string("step 2: loss "), w.name(),
                                      "the last good checkpoint is " + checkpoint_path(c.out, 1).string()})
        EXPECT_NE(status.error().what.find(part), std::string::npos) << status.error().what;
    }
    EXPECT_EQ(metrics_of(c.out).size(), 1u);
    value_of(train_grpo(c));
    expect_same_end(whole.out, c.out, 3);
  }
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
