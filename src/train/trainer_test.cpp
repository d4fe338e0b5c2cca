#include "train/trainer.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <limits>
#include <numeric>

#include "formats/safetensors.hpp"
#include "ops/ops.hpp"
#include "train/packing.hpp"
#include "train/run_case.hpp"
#include "train/training_run.hpp"

namespace r1 {
namespace {

std::vector<i64> checkpoints_of(const std::filesystem::path& run) { return value_of(list_checkpoints(run)); }

TEST(Train, MemorisesTwoLines) {
  const RunCase run;
  TrainConfig c = run.config("learn", 150);
  RunCase::write(c.data[0].file, "{\"text\": \"the quick brown fox\"}\n{\"text\": \"jumps over\"}\n");
  c.validation_every = 0, c.save_every = 1000, c.lr = 2e-2;
  double first = 0;
  TrainHooks hooks;
  hooks.progress = [&](const StepMetrics& m) { first = m.step == 1 ? m.loss : first; };
  const TrainResult r = value_of(train(c, hooks));
  EXPECT_GT(first, 5.0);   // about ln 263 = 5.57 before the first update
  EXPECT_LT(r.loss, 0.3);  // only the first letter, one of two, stays unknown: about ln 2 / 17 tokens
}

// Computes the figures of the first step again, from the initial model and the first documents.
TEST(Train, AStepReportsTheMeansOverItsTargetsAndTheBusiestExpert) {
  const RunCase run;
  TrainConfig c = run.config("x", 1);
  c.validation_every = 0;
  StepMetrics m;
  TrainHooks hooks;
  hooks.progress = [&](const StepMetrics& step) { m = step; };
  value_of(train(c, hooks));

  const auto model = run.model(static_cast<u64>(c.seed));
  const auto tokenizer = run.tokenizer();
  const auto data = value_of(open_data(c, tokenizer, {256, 257}));
  const StepBatch batch = value_of(take_step(*data, Split::train, 0, c.batch_tokens, c.micro_batch_tokens));
  EXPECT_GT(batch.micro.size(), 1u);
  ThreadPool pool(1);
  RouteObserver routes;
  double loss = 0, mtp_loss = 0, busiest = 0;
  for (const MicroBatch& micro : batch.micro) {
    Arena arena;
    Pass p{.batch = micro.batch, .arena = arena, .pool = pool, .kernels = active_kernels()};
    p.routes = &routes;
    const Tensor hidden = model->forward(p).hidden;
    const Tensor nll = linear_cross_entropy(p, hidden, model->head(), micro.targets);
    const Tensor further = linear_cross_entropy(p, model->mtp(p, hidden, micro.next), model->head(), micro.mtp_targets);
    for (i64 r = 0; r < nll.rows(); ++r)
      loss += static_cast<double>(nll.data()[r]), mtp_loss += static_cast<double>(further.data()[r]);
  }
  for (const auto& layer : routes.load) {
    const double tokens = static_cast<double>(std::accumulate(layer.begin(), layer.end(), i64{0}));
    if (tokens > 0)
      busiest = std::max(busiest, static_cast<double>(*std::max_element(layer.begin(), layer.end())) / (tokens / 4));
  }
  const auto targets = static_cast<double>(batch.targets);
  EXPECT_NEAR(m.loss, loss / targets, 1e-9);  // the sums of doubles have a different order
  EXPECT_NEAR(m.mtp_loss, mtp_loss / targets, 1e-9);
  EXPECT_GT(busiest, 1.0);
  EXPECT_NEAR(m.load_max, busiest, 1e-12);
  EXPECT_EQ(m.targets, batch.targets);
  EXPECT_EQ(m.sequences, batch.sequences);
  EXPECT_EQ(m.total_tokens, batch.tokens);
}

TEST(Train, TheValidationLossIsTheMeanOverTheHeldOutRows) {
  const RunCase run;
  TrainConfig c = run.config("x", 2);
  c.validation_every = 1, c.save_every = 2, c.validation_tokens = 40;
  StepMetrics m;
  TrainHooks hooks;
  hooks.progress = [&](const StepMetrics& step) { m = step; };
  const TrainResult result = value_of(train(c, hooks));
  const auto model = value_of(open_model(result.checkpoint));
  const auto tokenizer = run.tokenizer();
  const auto data = value_of(open_data(c, tokenizer, {256, 257}));
  const StepBatch batch = value_of(take_step(*data, Split::test, 0, 40, c.micro_batch_tokens));
  ThreadPool pool(1);
  double sum = 0;
  for (const MicroBatch& micro : batch.micro) {
    Arena arena;
    Pass p{.batch = micro.batch, .arena = arena, .pool = pool, .kernels = active_kernels()};
    const Tensor nll = linear_cross_entropy(p, model->forward(p).hidden, model->head(), micro.targets);
    for (i64 r = 0; r < nll.rows(); ++r) sum += static_cast<double>(nll.data()[r]);
  }
  EXPECT_NEAR(m.validation_loss, sum / static_cast<double>(batch.targets), 1e-9);
  EXPECT_EQ(result.validation_loss, m.validation_loss);
}

TEST(Train, TheTimeLeftFollowsARunningMeanOfTheStepsTimes) {
  const RunCase run;
  double mean = 0;
  TrainHooks hooks;
  hooks.progress = [&](const StepMetrics& m) {
    mean = m.step == 1 ? m.time_step_s : 0.9 * mean + 0.1 * m.time_step_s;
    EXPECT_NEAR(m.time_left_s, mean * static_cast<double>(8 - m.step), 1e-9) << m.step;
  };
  value_of(train(run.config("x", 8), hooks));
}

TEST(Train, ARunWhoseSettingsCannotBeWrittenDoesNotBegin) {
  const RunCase run;
  std::filesystem::create_directories(run.folder() / "x/config.toml/in the way");
  const auto r = train(run.config("x"));
  ASSERT_FALSE(r.has_value());
  EXPECT_NE(r.error().what.find("config.toml"), std::string::npos) << r.error().what;
}

// Forward and backward pass: 6 operations per active parameter and token, and 6·(nope + rope + v) per head, layer and
// pair of a token and a key. MTP counts as one more layer, its projection from 2·hidden to hidden, and a second head.
TEST(Train, TheSpeedOfAStepCountsEveryParameterAndEveryPairOfATokenAndAKey) {
  const RunCase run;
  TrainConfig c = run.config("x", 1);
  RunCase::write(c.data[0].file, "{\"text\": \"abcdefghi\"}\n");
  c.validation_every = 0;
  StepMetrics m;
  TrainHooks hooks;
  hooks.progress = [&](const StepMetrics& step) { m = step; };
  value_of(train(c, hooks));
  const double length = 11;  // nine bytes and the two tokens at the ends
  ASSERT_EQ(static_cast<double>(m.tokens), length * static_cast<double>(m.sequences));
  // kTinyModel: hidden 16, 263 tokens, two layers, two heads of 8 + 4 for keys and 8 for values.
  const double head = 263 * 16, layer = (static_cast<double>(run.model()->info().active_parameters) - head) / 2;
  const double parameters = 2 * layer + head + (layer + 2 * 16 * 16 + head);
  const double pairs = length * (length + 1) / 2 * static_cast<double>(m.sequences);
  const double operations = 6 * parameters * static_cast<double>(m.tokens) + 6 * pairs * 3 * 2 * (8 + 4 + 8);
  EXPECT_NEAR(m.time_gflops * m.time_step_s * 1e9, operations, 1e-12 * operations);  // a few roundings of a double
  EXPECT_NEAR(m.time_tokens_per_s * m.time_step_s, static_cast<double>(m.tokens), 1e-9);
}

TEST(Train, StoppedAndContinuedEqualsUninterruptedBitForBit) {
  const RunCase run;
  value_of(train(run.config("whole")));
  std::atomic<bool> stop = false;
  TrainHooks hooks;
  hooks.stop = &stop;
  hooks.progress = [&](const StepMetrics& m) { stop = m.step == 5; };  // step 5 is between two scheduled saves
  const auto first = train(run.config("halves"), hooks);
  ASSERT_FALSE(first.has_value());
  EXPECT_EQ(first.error().code, Errc::interrupted);
  EXPECT_EQ(checkpoints_of(run.folder() / "halves").back(), 5);
  stop = false;
  EXPECT_FALSE(value_of(train(run.config("halves"))).already_finished);
  expect_same_end(run.folder() / "whole", run.folder() / "halves", 8);
  EXPECT_TRUE(value_of(train(run.config("halves"))).already_finished);
}

TEST(Train, RecomputationAndThreadsDoNotChangeTheBits) {
  const RunCase run;
  value_of(train(run.config("plain", 4)));
  TrainConfig c = run.config("other", 4);
  c.recompute = true, c.threads = 3;
  value_of(train(c));
  EXPECT_TRUE(text_of(checkpoint_path(run.folder() / "plain", 4) / "model.safetensors") ==
              text_of(checkpoint_path(run.folder() / "other", 4) / "model.safetensors"));
}

// The result must be the same wherever the kill happens: before the first save,
// during a save, between two, or after the end.
TEST(Train, KilledTwentyTimesEqualsUninterruptedBitForBit) {
  const RunCase run;
  TrainConfig c = run.config("whole", 30);
  c.save_every = 2;
  value_of(train(c));
  c.out = (run.folder() / "killed").string();
  Random random(11, Purpose::test);
  for (int kill_number = 0; kill_number < 20; ++kill_number) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) _exit(train(c).has_value() ? 0 : 1);
    usleep(static_cast<useconds_t>(random.between(0, 60000)));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
  }
  value_of(train(c));
  expect_same_end(run.folder() / "whole", run.folder() / "killed", 30);
  for (const auto& entry : std::filesystem::directory_iterator(run.folder() / "killed/checkpoints"))
    EXPECT_NE(entry.path().extension(), ".tmp");
}

TEST(Train, AFullDiskWhileSavingKeepsTheLastGoodCheckpointAndTheRunCanContinueLater) {
  const RunCase run;
  value_of(train(run.config("whole")));
  // From step 5 on no file may become larger than 20 kB, so the save at step 8 fails while it writes the weights.
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  TrainHooks hooks;
  hooks.progress = [&](const StepMetrics& m) {
    const rlimit small{20000, old.rlim_max};
    if (m.step == 5) {
      EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    }
  };
  const auto failed = train(run.config("full"), hooks);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(failed.has_value());
  EXPECT_NE(failed.error().what.find("could not be saved"), std::string::npos) << failed.error().what;
  EXPECT_NE(failed.error().what.find(checkpoint_path(run.folder() / "full", 4).string()), std::string::npos);
  EXPECT_EQ(checkpoints_of(run.folder() / "full"), std::vector<i64>{4});
  value_of(train(run.config("full")));
  expect_same_end(run.folder() / "whole", run.folder() / "full", 8);
}

// A file with the name of the checkpoint makes the rename fail after everything has been written.
TEST(Train, AFailedRenameWhileSavingLeavesNoPartOfACheckpointAndTheRunCanContinueLater) {
  const RunCase run;
  value_of(train(run.config("whole")));
  const auto obstacle = checkpoint_path(run.folder() / "x", 8);
  TrainHooks hooks;
  hooks.progress = [&](const StepMetrics& m) {
    if (m.step == 5) RunCase::write(obstacle, "");
  };
  const auto failed = train(run.config("x"), hooks);
  ASSERT_FALSE(failed.has_value());
  EXPECT_NE(failed.error().what.find("step 8 could not be saved"), std::string::npos) << failed.error().what;
  EXPECT_NE(failed.error().what.find(checkpoint_path(run.folder() / "x", 4).string()), std::string::npos);
  EXPECT_EQ(checkpoints_of(run.folder() / "x"), std::vector<i64>{4});
  std::filesystem::remove(obstacle);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(run.folder() / "x/checkpoints"), {}), 1);
  value_of(train(run.config("x")));
  expect_same_end(run.folder() / "whole", run.folder() / "x", 8);
}

TEST(Train, ARunWithOtherSettingsIsNotContinued) {
  const RunCase run;
  value_of(train(run.config("x")));
  TrainConfig c = run.config("x");
  c.lr = 1e-2;
  const auto r = train(c);
  ASSERT_FALSE(r.has_value());
  EXPECT_NE(r.error().what.find("lr was 0.005, now 0.01"), std::string::npos) << r.error().what;
}

TEST(Train, ASecondProcessInTheSameFolderIsRefused) {
  const RunCase run;
  TrainHooks hooks;
  std::string second;
  hooks.progress = [&](const StepMetrics& m) {
    if (m.step != 2) return;
    const auto r = train(run.config("x"));
    second = r ? "no error" : r.error().what;
  };
  value_of(train(run.config("x"), hooks));
  EXPECT_NE(second.find("another process is writing in this folder"), std::string::npos) << second;
  value_of(train(run.config("x")));  // the lock is free once its holder has ended
}

TEST(Train, ARunWhoseDataChangedIsNotContinued) {
  const RunCase run;
  const TrainConfig c = run.config("x");
  value_of(train(c));
  RunCase::write(c.data[0].file, text_of(c.data[0].file) + "{\"text\": \"more\"}\n");
  const auto r = train(c);
  ASSERT_FALSE(r.has_value());
  EXPECT_NE(r.error().what.find("data files have changed"), std::string::npos) << r.error().what;
  EXPECT_NE(r.error().what.find(c.out), std::string::npos) << r.error().what;
}

TEST(Train, TheErrorForALostMetricsFileSaysHowToContinue) {
  const RunCase run;
  value_of(train(run.config("x")));
  RunCase::write(run.folder() / "x/metrics.jsonl", "");
  const auto r = train(run.config("x"));
  ASSERT_FALSE(r.has_value());
  EXPECT_NE(r.error().what.find("put the whole file back"), std::string::npos) << r.error().what;
}

TEST(Train, ASequenceLengthAboveTheMicroBatchIsRefused) {
  const RunCase run;
  TrainConfig c = run.config("x");
  c.micro_batch_tokens = 63;
  const auto r = train(c);
  ASSERT_FALSE(r.has_value());
  EXPECT_NE(r.error().what.find("sequence_length 64 is more than micro_batch_tokens 63"), std::string::npos);
}

TEST(Checkpoint, OnlyFoldersWithACheckpointsNameAreListedAndAnUnreadableListIsAnError) {
  const RunCase run;
  for (const char* name : {"000007", "7", "0000008", "000009.tmp", "-00001", "1000000"})
    std::filesystem::create_directories(run.folder() / "x/checkpoints" / name);
  RunCase::write(run.folder() / "x/checkpoints/000010", "a file");
  EXPECT_EQ(checkpoints_of(run.folder() / "x"), (std::vector<i64>{7, 1000000}));
  EXPECT_FALSE(list_checkpoints(run.folder() / "none").has_value());
}

TEST(Train, KeepsTheConfiguredNumberOfCheckpointsAndRemovesTemporaryOnes) {
  const RunCase run;
  TrainConfig c = run.config("x");
  c.save_every = 1, c.keep_checkpoints = 3;
  std::filesystem::create_directories(run.folder() / "x/checkpoints/000007.tmp");
  value_of(train(c));
  EXPECT_EQ(checkpoints_of(run.folder() / "x"), (std::vector<i64>{6, 7, 8}));
  EXPECT_FALSE(std::filesystem::exists(run.folder() / "x/checkpoints/000007.tmp"));
}

TEST(Train, ACheckpointIsAModelFolderWithItsTokenizer) {
  const RunCase run;
  const TrainResult r = value_of(train(run.config("x")));
  EXPECT_TRUE(open_model(r.checkpoint).has_value());
  EXPECT_TRUE(Tokenizer::open(r.checkpoint).has_value());
  TrainConfig next = run.config("y");  // another run can start from it
  next.model = r.checkpoint.string();
  next.model_config.clear(), next.tokenizer.clear();
  EXPECT_LT(value_of(train(next)).loss, 5.0);
}

TEST(Train, TheRunningMeanOfTheLossBeginsWithTheFirstAndTakesATwentiethOfEachFurtherOne) {
  const RunCase run;
  double mean = 0;
  TrainHooks hooks;
  hooks.progress = [&](const StepMetrics& m) { mean = m.step == 1 ? m.loss : mean + (m.loss - mean) / 20; };
  const TrainResult r = value_of(train(run.config("x"), hooks));
  // Both sides round each of the eight updates once or twice, to 53 bits of about 5.
  EXPECT_NEAR(value_of(read_state(r.checkpoint)).loss_average, mean, 1e-13);
}

TEST(Train, MetricsAreWrittenEveryLogStepsAtValidationAndAtTheEnd) {
  const RunCase run;
  TrainConfig c = run.config("x", 7);
  c.log_every = 3, c.validation_every = 4;
  value_of(train(c));
  std::vector<i64> steps;
  const std::string text = value_of(read_file(run.folder() / "x/metrics.jsonl"));
  for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    steps.push_back(
        *value_of(parse_json(text.substr(at, text.find('\n', at) - at), "metrics")).find("step")->integer());
  EXPECT_EQ(steps, (std::vector<i64>{3, 4, 6, 7}));
}

// The checkpoints' folder is lost during the run. The message then has no checkpoint to name, and says why.
TEST(Train, AFailedSaveWithoutAFolderOfCheckpointsIsAnErrorThatSaysSo) {
  const RunCase run;
  const auto checkpoints = run.folder() / "x/checkpoints";
  TrainHooks hooks;
  hooks.progress = [&](const StepMetrics& m) {
    if (m.step != 2) return;
    std::filesystem::remove_all(checkpoints);
    RunCase::write(checkpoints, "a file");
  };
  const auto failed = train(run.config("x"), hooks);
  ASSERT_FALSE(failed.has_value());
  EXPECT_NE(failed.error().what.find("step 4 could not be saved"), std::string::npos) << failed.error().what;
  EXPECT_EQ(failed.error().what.find("the last good checkpoint"), std::string::npos) << failed.error().what;
}

TEST(Metrics, AFileIsClosedWithItsObject) {
  const RunCase run;
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  const auto before = open_files();
  {
    MetricsFile first = value_of(MetricsFile::open(run.folder() / "metrics.jsonl", 0, 0));
    const MetricsFile moved = std::move(first);
    EXPECT_EQ(open_files(), before + 1);
  }
  EXPECT_EQ(open_files(), before);
}

TEST(Metrics, AResumedRunKeepsTheLinesUpToItsStepAndWhatFollowsADamagedLineIsCut) {
  const RunCase run;
  const auto path = run.folder() / "metrics.jsonl";
  const auto kept = [&](const std::string& text, i64 step, i64 lines) {
    RunCase::write(path, text);
    const auto file = MetricsFile::open(path, step, lines);
    return file ? fmt::format("{}: {}", file->lines(), text_of(path)) : file.error().what;
  };
  const std::string two = "{\"step\":2,\"time_step_s\":0.25}\n{\"step\":4}\n";
  EXPECT_EQ(kept(two + "{\"step\":6}\n", 5, 2), "2: " + two);
  EXPECT_EQ(kept(two + "{\"step\":5", 5, 2), "2: " + two) << "a line without its end";
  EXPECT_EQ(kept(two + std::string(8, '\0') + "\n{\"step\":5}\n", 5, 2), "2: " + two) << "zeros after a crash";
  EXPECT_EQ(kept("", 0, 0), "0: ");
  EXPECT_NE(kept(two, 3, 2).find("metrics.jsonl: 1 lines up to step 3, but 2 when"), std::string::npos);
}

// A caller's figures stand in the row like the others.
TEST(Metrics, FurtherFiguresAreWrittenUnderTheirNames) {
  const RunCase run;
  const auto path = run.folder() / "metrics.jsonl";
  StepMetrics m;
  m.step = 3, m.more = {{"reward", 0.5}, {"time_generate", 2.5}};
  ASSERT_TRUE(value_of(MetricsFile::open(path, 0, 0)).append(m));
  const Json row = value_of(parse_json(text_of(path), "the row"));
  EXPECT_EQ(*row.find("reward")->number(), 0.5);
  EXPECT_EQ(*row.find("time_generate")->number(), 2.5);
}

// After one step the first moment m of a weight is 0.1 times its gradient, which is linear in the MTP loss's weight.
TEST(Train, TheGradientHoldsThatOfTheMtpLossTimesItsWeight) {
  const RunCase run;
  const auto moments = [&](double weight) {
    TrainConfig c = run.config(fmt::format("mtp{}", weight), 1);
    c.mtp_weight = weight, c.clip_norm = 0;
    value_of(train(c));
    return value_of(Safetensors::open(checkpoint_path(c.out, 1) / "trainer.safetensors"));
  };
  const Safetensors none = moments(0), half = moments(0.5), one = moments(1);
  double of_half = 0, total = 0, difference = 0;
  for (const auto& [name, entry] : one.tensors()) {
    if (!name.ends_with(".m") || !none.tensors().contains(name)) continue;  // without the loss, MTP is not trained
    std::vector<float> x(entry.elements()), y(x.size()), z(x.size());
    to_f32(entry, x.data()), to_f32(half.tensors().at(name), y.data()), to_f32(none.tensors().at(name), z.data());
    for (size_t i = 0; i < x.size(); ++i) {
      const double whole = static_cast<double>(x[i]) - static_cast<double>(z[i]);
      const double part = static_cast<double>(y[i]) - static_cast<double>(z[i]);
      total += std::pow(static_cast<double>(x[i]), 2), of_half += part * part,
          difference += std::pow(whole - 2 * part, 2);
    }
  }
  EXPECT_GT(std::sqrt(of_half / total), 1e-2);
  // The gradients themselves have the rounding of Step.OneMicroBatchOrEightGiveTheSameGradientWithinRounding.
  EXPECT_LT(std::sqrt(difference / total), 2e-5);
}

TEST(Train, ARunThatCannotStartLeavesNoneOfTheFoldersThatItMade) {
  const RunCase run;
  TrainConfig c = run.config("a/b/x");
  c.sequence_length = c.batch_tokens = c.micro_batch_tokens = 9999;
  ASSERT_FALSE(train(c).has_value());
  EXPECT_FALSE(std::filesystem::exists(run.folder() / "a"));
}

TEST(Train, ARunWhoseOptimizerStateLacksATensorIsNotContinued) {
  const RunCase run;
  value_of(train(run.config("x", 4)));
  const auto path = checkpoint_path(run.folder() / "x", 4) / "trainer.safetensors";
  std::string text = text_of(path);
  const size_t at = text.find(".v\"");
  ASSERT_NE(at, text.npos);
  RunCase::write(path, text.replace(at, 2, ".w"));
  const auto failed = train(run.config("x", 8));
  ASSERT_FALSE(failed.has_value());
  EXPECT_NE(failed.error().what.find(".v is missing"), std::string::npos) << failed.error().what;
}

TEST(Train, ARunWhoseOptimizerStateIsDamagedIsNotContinued) {
  const RunCase run;
  value_of(train(run.config("x", 4)));
  const auto moments = checkpoint_path(run.folder() / "x", 4) / "trainer.safetensors";
  std::filesystem::resize_file(moments, std::filesystem::file_size(moments) - 1);
  const auto failed = train(run.config("x", 8));
  ASSERT_FALSE(failed.has_value());
  EXPECT_NE(failed.error().what.find("trainer.safetensors"), std::string::npos) << failed.error().what;
}

}  // namespace
}  // namespace r1
