// What stops a run: sizes that do not fit, states and checkpoints that contradict themselves, saves that fail.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "core/hash.hpp"
#include "formats/safetensors.hpp"
#include "train/config.hpp"
#include "train/data.hpp"
#include "train/run_case.hpp"
#include "train/training_run.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

std::string error_of(const TrainConfig& c, const TrainHooks& hooks = {}) {
  const auto r = train(c, hooks);
  return r ? "" : r.error().what;
}

// ---- sizes

TEST(TrainSizes, ASequenceMayFillTheContextTheBatchAndTheMicroBatchAndNoMore) {
  const RunCase run;
  const auto with = [&](i64 sequence, i64 batch, i64 micro) {
    TrainConfig c = run.config("x", 1);
    c.sequence_length = sequence, c.batch_tokens = batch, c.micro_batch_tokens = micro;
    const std::string error = error_of(c);
    fs::remove_all(c.out);
    return error;
  };
  EXPECT_EQ(with(128, 128, 128), "");
  EXPECT_EQ(with(129, 200, 200), "sequence_length 129 is beyond the model's context of 128");
  EXPECT_EQ(with(64, 64, 64), "");
  EXPECT_EQ(with(64, 63, 64), "sequence_length 64 is more than batch_tokens 63");
  EXPECT_EQ(with(64, 64, 63), "sequence_length 64 is more than micro_batch_tokens 63");
}

TEST(TrainSizes, ATokenizerMayHaveAsManyTokensAsTheModelAndNoMore) {
  const RunCase run;
  const TrainConfig c = run.config("x", 1);
  Json model = value_of(parse_json(kTinyModel, "model"));
  RunCase::write(c.model_config, dump(model.set("vocab_size", 262)));
  const std::string error = error_of(c);
  EXPECT_NE(error.find("the tokenizer has 263 tokens, the model's vocabulary only 262"), std::string::npos) << error;
  RunCase::write(c.model_config, dump(model.set("vocab_size", 264)));
  EXPECT_EQ(error_of(c), "");
}

TEST(TrainSizes, TheIdsOfANewModelAreThoseOfItsTokenizer) {
  const RunCase run;
  const TrainConfig c = run.config("x", 1);
  const Json model = value_of(parse_json(kTinyModel, "model"));
  Json other = model;
  RunCase::write(c.model_config, dump(other.set("eos_token_id", 5)));
  RunCase::write(fs::path(c.tokenizer) / "tokenizer_config.json", R"({"eos_token":"<｜end▁of▁sentence｜>"})");
  const std::string error = error_of(c);
  EXPECT_NE(error.find("eos_token_id is 5, the tokenizer of "), std::string::npos) << error;
  RunCase::write(c.model_config, dump(model));
  EXPECT_EQ(error_of(c), "");
}

// ---- saves that fail

TEST(TrainSaves, AnInterruptedRunThatCannotBeSavedSaysSo) {
  const RunCase run;
  const std::atomic<bool> stop = true;  // before the first step
  TrainHooks hooks;
  hooks.stop = &stop;
  TrainConfig c = run.config("x");
  fs::create_directories(fs::path(c.out) / "checkpoints");
  RunCase::write(checkpoint_path(c.out, 0), "a file in the way");
  const std::string error = error_of(c, hooks);
  EXPECT_NE(error.find("step 0 could not be saved"), std::string::npos) << error;
  EXPECT_NE(error.find("there is no checkpoint yet"), std::string::npos) << error;
  fs::remove(checkpoint_path(c.out, 0));
  EXPECT_NE(error_of(c, hooks).find("interrupted after step 0 of 8"), std::string::npos);
}

// A model whose weights or published tensors are listed twice. A file cannot hold them twice, so writing it fails.
class Twice final : public Model {
 public:
  Twice(std::unique_ptr<Model> model, bool weights, bool checkpoint) : model_(std::move(model)) {
    weights_ = model_->weights(), checkpoint_ = model_->checkpoint();
    if (weights) weights_.push_back(weights_[0]);
    if (checkpoint) checkpoint_.push_back(checkpoint_[0]);
  }
  const ModelInfo& info() const override { return model_->info(); }
  KvLayout kv_layout(const Numerics& n) const override { return model_->kv_layout(n); }
  Output forward(Pass& p) const override { return model_->forward(p); }
  const Weight& head() const override { return model_->head(); }
  const std::vector<Weight>& weights() const override { return weights_; }
  const std::vector<Weight>& router_biases() const override { return model_->router_biases(); }
  const std::vector<CheckpointTensor>& checkpoint() const override { return checkpoint_; }
  std::string config_json(DType dtype) const override { return model_->config_json(dtype); }

 private:
  std::unique_ptr<Model> model_;
  std::vector<Weight> weights_;
  std::vector<CheckpointTensor> checkpoint_;
};

TEST(Checkpoint, EveryFileThatCannotBeWrittenMakesTheSaveFailAndLeavesNoCheckpoint) {
  const RunCase run;
  const TrainConfig c = run.config("x");
  const auto save = [&](bool weights, bool checkpoint, const fs::path& tokenizer) {
    const Twice model(run.model(), weights, checkpoint);
    fs::remove_all(c.out);
    fs::create_directories(fs::path(c.out) / "checkpoints");
    const Status saved = save_checkpoint(c.out, {}, model, Optimizer(model, c), tokenizer);
    EXPECT_EQ(saved.has_value(), fs::exists(checkpoint_path(c.out, 0)));
    return saved ? std::string() : saved.error().what;
  };
  EXPECT_EQ(save(false, false, c.tokenizer), "");
  EXPECT_NE(save(false, true, c.tokenizer), "") << "the weights";
  EXPECT_NE(save(true, false, c.tokenizer), "") << "the moments";
  EXPECT_NE(save(false, false, run.folder() / "none"), "") << "the tokenizer";
}

// ---- states that contradict themselves

TEST(Checkpoint, AStateLacksNoFigureAndHasNoneBelowZero) {
  const RunCase run;
  const fs::path folder = run.folder() / "state";
  fs::create_directories(folder);
  const Json good = value_of(parse_json(
      R"({"format": 1, "step": 3, "optimizer_steps": 2, "next_sample": 9, "tokens": 70, "metrics_lines": 1,
          "loss_average": 2.5, "data": "00ff", "level": "avx2", "version": "0.1.0"})",
      "state"));
  const auto read = [&](const Json& json) {
    RunCase::write(folder / "state.json", dump(json));
    return read_state(folder);
  };
  const TrainState s = value_of(read(good));
  EXPECT_EQ((std::vector<i64>{s.step, s.optimizer_steps, s.next_sample, s.tokens, s.metrics_lines}),
            (std::vector<i64>{3, 2, 9, 70, 1}));
  EXPECT_EQ(s.loss_average, 2.5);
  EXPECT_EQ(s.data + s.level + s.version, "00ffavx20.1.0");
  for (const char* key : {"step", "optimizer_steps", "next_sample", "tokens", "metrics_lines"}) {
    EXPECT_TRUE(read(Json(good).set(key, 0))) << key;
    EXPECT_TRUE(read(Json(good).set(key, i64{1} << 62))) << key;
    EXPECT_FALSE(read(Json(good).set(key, -1))) << key;
    EXPECT_FALSE(read(Json(good).set(key, (i64{1} << 62) + 1))) << key;
  }
  for (const auto& [key, value] : *good.object()) {
    Json::Object members = *good.object();
    std::erase_if(members, [&, name = key](const Json::Member& m) { return m.first == name; });
    const bool optional = key == "metrics_lines" || key == "data";
    EXPECT_EQ(read(Json(members)).has_value(), optional) << key;
  }
  for (const int format : {0, 2}) {
    const auto r = read(Json(good).set("format", format));
    ASSERT_FALSE(r);
    EXPECT_NE(r.error().what.find(fmt::format("has format {}, this program reads format 1", format)), std::string::npos)
        << r.error().what;
  }
}

TEST(Checkpoint, AnotherLevelOrVersionIsSaidInALineOfItsOwn) {
  TrainState a, b;
  a.level = b.level = "avx2", a.version = b.version = "1";
  EXPECT_TRUE(changes_since(a, b).empty());
  b.level = "avx512";
  ASSERT_EQ(changes_since(a, b).size(), 1u);
  EXPECT_NE(changes_since(a, b)[0].find("level avx2, resuming with avx512"), std::string::npos);
  b.version = "2";
  ASSERT_EQ(changes_since(a, b).size(), 2u);
  EXPECT_NE(changes_since(a, b)[1].find("version 1, resuming with 2"), std::string::npos);
}

TEST(Train, AMomentOfAnotherSizeOrTypeIsRefusedWithBothNumbers) {
  const RunCase run;
  value_of(train(run.config("x", 4)));
  const fs::path path = checkpoint_path(run.folder() / "x", 4) / "trainer.safetensors";
  const std::string good = text_of(path);
  const auto spoiled = [&](DType dtype, i64 more) {
    RunCase::write(path, good);
    std::vector<SafetensorsItem> items;
    {
      const Safetensors file = value_of(Safetensors::open(path));
      for (const auto& [name, t] : file.tensors()) {
        const bool first = items.empty();
        std::vector<float> x(t.elements() + (first ? more : 0));
        std::vector<i64> shape = t.shape;
        if (first) shape = {std::ssize(x)};
        items.push_back(
            {name, first ? dtype : t.dtype, shape, [x](float* dst) { std::copy(x.begin(), x.end(), dst); }});
      }
      EXPECT_TRUE(write_safetensors(run.folder() / "other", items, {}));
    }
    fs::rename(run.folder() / "other", path);
    return error_of(run.config("x", 8));
  };
  EXPECT_NE(spoiled(DType::f32, 1).find("of f32, the model needs"), std::string::npos) << spoiled(DType::f32, 1);
  EXPECT_NE(spoiled(DType::bf16, 0).find("of bf16, the model needs"), std::string::npos) << spoiled(DType::bf16, 0);
}

// Until step 20 the loss may be anything; then a loss above three times its running mean and two nats ends the run.
TEST(Train, ALossThatExplodesEndsTheRunAfterTwentySteps) {
  const auto error_at = [](i64 step) {
    const RunCase run;
    const TrainHooks hooks;
    TrainConfig c = run.config("x", 40);
    c.validation_every = 0;
    TrainingRun training(c, hooks);
    EXPECT_TRUE(training.open());
    for (i64 i = 1; i < step; ++i) EXPECT_TRUE(training.step());
    const Weight& head = training.model().head();
    for (i64 i = 0; i < head.size(); ++i) head.f32()[i] *= 1000;
    head.bump();
    const Status status = training.step();
    return status ? std::string() : status.error().what;
  };
  EXPECT_EQ(error_at(20), "");
  const std::string error = error_at(21);
  EXPECT_NE(error.find("step 21: loss"), std::string::npos) << error;
  EXPECT_NE(error.find("has exploded (running mean"), std::string::npos) << error;
  EXPECT_NE(error.find("checkpoints/000020"), std::string::npos) << error;
}

TEST(Train, ALongerRunSaysThatTheLearningRateFollowsTheNewLength) {
  const RunCase run;
  value_of(train(run.config("x", 4)));
  std::vector<std::string> notes;
  TrainHooks hooks;
  hooks.note = [&](const std::string& line) { notes.push_back(line); };
  value_of(train(run.config("x", 6), hooks));
  const auto has = [&](std::string_view part) {
    return std::ranges::any_of(notes, [&](const std::string& n) { return n.find(part) != n.npos; });
  };
  EXPECT_TRUE(has("steps was 4, now 6: the learning rate follows the new length"));
  EXPECT_TRUE(has("resumed from " + checkpoint_path(run.folder() / "x", 4).string()));
  notes.clear();
  value_of(train(run.config("x", 6), hooks));
  EXPECT_FALSE(has("steps was"));
}

TEST(Train, AResumedRunNotesThatAnotherVersionSavedItsCheckpoint) {
  const RunCase run;
  value_of(train(run.config("x", 2)));
  const auto path = checkpoint_path(run.folder() / "x", 2) / "state.json";
  std::string state = *read_file(path);
  const std::string now = fmt::format("\"version\": \"{}\"", R1_VERSION);
  const size_t at = state.find(now);
  ASSERT_NE(at, std::string::npos) << state;
  RunCase::write(path, state.replace(at, now.size(), "\"version\": \"0.0.1\""));
  std::vector<std::string> notes;
  TrainHooks hooks;
  hooks.note = [&](const std::string& line) { notes.push_back(line); };
  value_of(train(run.config("x", 3), hooks));
  EXPECT_TRUE(std::ranges::any_of(notes, [](const std::string& n) {
    return n.find("saved by version 0.0.1, resuming with " R1_VERSION) != n.npos;
  }));
}

TEST(Train, AStepGoesOnWithTheSampleAfterThoseOfTheLastStep) {
  const RunCase run;
  i64 taken = 0;
  TrainHooks hooks;
  hooks.progress = [&](const StepMetrics& m) { taken += m.sequences + m.skipped; };
  value_of(train(run.config("x", 4), hooks));
  EXPECT_GT(taken, 4);
  EXPECT_EQ(value_of(read_state(checkpoint_path(run.folder() / "x", 4))).next_sample, taken);
}

TEST(Metrics, ARowHasTheLossOfTheHeldOutTextIfItWasMeasured) {
  const RunCase run;
  MetricsFile file = value_of(MetricsFile::open(run.folder() / "metrics.jsonl", 0, 0));
  StepMetrics m;
  for (const double loss : {-1.0, 0.0, 0.5}) {
    m.validation_loss = loss;
    ASSERT_TRUE(file.append(m));
  }
  const std::string text = *read_file(run.folder() / "metrics.jsonl");
  const size_t second = text.find('\n') + 1;
  EXPECT_EQ(text.substr(0, second).find("validation_loss"), std::string::npos);
  EXPECT_NE(text.find("\"validation_loss\": 0.0,", second), std::string::npos) << text;
  EXPECT_NE(text.find("\"validation_loss\": 0.5,", second), std::string::npos) << text;
}

TEST(Metrics, ALineThatCannotBeWrittenIsAnError) {
  const RunCase run;
  MetricsFile file = value_of(MetricsFile::open(run.folder() / "metrics.jsonl", 0, 0));
  const FileSizeLimit none(0);
  EXPECT_FALSE(file.append(StepMetrics{}));
  EXPECT_EQ(file.lines(), 0);
}

TEST(Metrics, AFileThatCannotBeShortenedIsAnError) {
  const RunCase run;
  std::filesystem::create_symlink("/dev/null", run.folder() / "metrics.jsonl");  // ftruncate refuses a device
  const auto file = MetricsFile::open(run.folder() / "metrics.jsonl", 0, 0);
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().what.find("cannot truncate"), std::string::npos) << file.error().what;
}

// ---- pipelines; src/recipe tests every rule between the stages

TEST(Stages, AreNamedByLaterOnesByTheirKind) {
  const RunCase run;
  const auto error = [&](const std::string& sft) {
    RunCase::write(run.folder() / "p.toml",
                   "[[stage]]\nname = \"base\"\nkind = \"pretrain\"\n[[stage]]\nname = \"drawn\"\nkind = \"sample\"\n"
                   "[[stage]]\nname = \"last\"\nkind = \"sft\"\n" +
                       sft);
    const auto pipeline = load_pipeline_config((run.folder() / "p.toml").string());
    return pipeline ? "" : pipeline.error().what;
  };
  EXPECT_EQ(error("from = \"base\"\nrows = \"drawn\"\n"), "");
  EXPECT_NE(error("from = \"drawn\"\n").find("no earlier stage \"drawn\" makes a model"), std::string::npos);
  EXPECT_NE(error("from = \"last\"\n").find("no earlier stage \"last\" makes a model"), std::string::npos);
  EXPECT_NE(error("rows = \"base\"\n").find("\"base\" is none"), std::string::npos);
}

// ---- data

class Sources : public testing::Test {
 protected:
  Sources() : config(run.config("x")), tokenizer(run.tokenizer()) { config.validation_every = 0; }
  std::string path(const char* name, std::string_view text) const {
    RunCase::write(run.folder() / name, text);
    return (run.folder() / name).string();
  }
  Result<std::unique_ptr<Data>> open(const Tokenizer& t) const { return open_data(config, t, {256, 257}); }
  const RunCase run;
  TrainConfig config;
  const Tokenizer tokenizer;
};

TEST_F(Sources, AChatNeedsAnEndOfSentenceAndATextDoesNot) {
  config.data[0].file = path("chat.jsonl", "{\"prompt\": \"a\", \"answer\": \"b\"}\n");
  config.data[0].format = "chat";
  const auto endless = open_data(config, tokenizer, {256, -1});
  ASSERT_FALSE(endless);
  EXPECT_NE(endless.error().what.find("end-of-sentence"), std::string::npos) << endless.error().what;
  EXPECT_TRUE(open_data(config, tokenizer, {256, 0}));
  config.data[0].format = "text";
  EXPECT_TRUE(open_data(config, tokenizer, {256, -1}));
}

TEST_F(Sources, AConversationThatCannotBeEncodedIsAnErrorThatNamesItsLine) {
  config.data[0].file = path("chat.jsonl",
                             "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": "
                             "\"assistant\", \"content\": \"b\"}]}\n{\"messages\": [{\"role\": \"tool\", "
                             "\"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"b\"}]}\n");
  config.data[0].format = "chat";
  const auto data = open(tokenizer);
  ASSERT_FALSE(data);
  EXPECT_NE(data.error().what.find("chat.jsonl:2: "), std::string::npos) << data.error().what;
  EXPECT_NE(data.error().what.find("tool"), std::string::npos) << data.error().what;
}

TEST_F(Sources, AFileOfChatsWithoutThinkingIsNotedWithTheNumberOfItsRows) {
  std::string rows;
  for (int i = 0; i < 50; ++i) rows += "{\"prompt\": \"a\", \"answer\": \"b\"}\n";
  config.data[0].file = path("chat.jsonl", rows), config.data[0].format = "chat";
  config.validation_every = 1;  // one of the fifty rows is held out
  const auto notes = value_of(open(tokenizer))->notes();
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("no answer of its 50 rows has thinking"), std::string::npos) << notes[0];
  config.data[0].format = "text";
  EXPECT_TRUE(value_of(open(tokenizer))->notes().empty());
  config.data[0].format = "chat";
  RunCase::write(config.data[0].file, rows + "{\"prompt\": \"a\", \"answer\": \"<think>\\nc\\n</think>\\n\\nb\"}\n");
  EXPECT_TRUE(value_of(open(tokenizer))->notes().empty());
}

TEST_F(Sources, TheFingerprintIsTheHashOfAllFilesInTheirOrder) {
  const std::string a = "{\"text\": \"a\"}\n", b = "{\"text\": \"b\"}\n";
  config.data[0].file = path("a", a);
  EXPECT_EQ(value_of(open(tokenizer))->fingerprint(), fnv1a(a));
  config.data.push_back(config.data[0]);
  config.data[1].file = path("b", b);
  EXPECT_EQ(value_of(open(tokenizer))->fingerprint(), fnv1a(a + b));
  DataSource& tasks = config.data.emplace_back();
  tasks.tasks = "product";
  EXPECT_EQ(value_of(open(tokenizer))->fingerprint(), fnv1a(a + b)) << "generated problems have no file";
}

TEST_F(Sources, AWeightThatGivesNoDocumentIsRefusedUnlessItIsNought) {
  config.data.push_back(config.data[0]);
  const auto error = [&](double weight) {
    config.data[1].weight = weight;
    const auto data = open(tokenizer);
    return data ? std::string() : data.error().what;
  };
  EXPECT_EQ(error(0), "");
  EXPECT_EQ(error(0.001), "") << "1.02 of 1024 documents";
  EXPECT_NE(error(0.0004).find("[[data]] 2: weight 0.0004 of 1.0004 gives none of 1024 documents"), std::string::npos)
      << error(0.0004);
}

// ---- runs

// The loss of step 21 may be three times the running mean and two nats more. The running mean is that of the state.
TEST(Train, ALossIsSoundUpToThreeTimesItsRunningMeanAndTwoNats) {
  const RunCase run;
  TrainConfig c = run.config("x", 20);
  c.validation_every = 0;
  value_of(train(c));
  const fs::path state = checkpoint_path(c.out, 20) / "state.json";
  const Json saved = value_of(parse_json(text_of(state), "state"));
  c.steps = 21, c.save_every = 100;
  double loss = 0;
  TrainHooks hooks;
  hooks.progress = [&](const StepMetrics& m) { loss = m.loss; };
  const auto error_with = [&](double running_mean) {
    RunCase::write(state, dump(Json(saved).set("loss_average", running_mean)));
    const TrainHooks none;
    TrainingRun training(c, none);
    EXPECT_TRUE(training.open());
    const Status step = training.step();
    fs::remove_all(checkpoint_path(c.out, 21));
    return step ? std::string() : step.error().what;
  };
  {
    TrainingRun training(c, hooks);
    ASSERT_TRUE(training.open());
    ASSERT_TRUE(training.step());
    fs::remove_all(checkpoint_path(c.out, 21));
  }
  ASSERT_GT(loss, 2.5);
  const double bound = (loss - 2) / 3;
  EXPECT_EQ(error_with(bound + 1e-6), "");
  const std::string error = error_with(bound - 1e-6);
  EXPECT_NE(
      error.find(fmt::format("step 21: loss {:.4f} has exploded (running mean {:.4f}): lower lr", loss, bound - 1e-6)),
      std::string::npos)
      << error;
}

TEST(Train, TheValidationBeginsWithTheFirstHeldOutRow) {
  const RunCase run;
  std::string rows;
  for (int i = 0; i < 100; ++i) rows += fmt::format("{{\"text\": \"{}\"}}\n", i == 49 ? "aaaaaaaa" : "bb");
  TrainConfig c = run.config("x", 1);
  RunCase::write(c.data[0].file, rows);
  c.validation_every = 1, c.validation_tokens = 10;  // the first of the two held-out rows alone
  const TrainResult result = value_of(train(c));
  const auto model = value_of(open_model(result.checkpoint, Weights::trainable));
  std::vector<i32> tokens{256};
  for (const i32 id : run.tokenizer().encode("aaaaaaaa", Tokenizer::Special::as_text)) tokens.push_back(id);
  tokens.push_back(257);
  ASSERT_EQ(tokens.size(), 10u);
  const Document d = make_document(tokens, 0);
  Learner learner(c, active_kernels());
  const Tensor nll = learner.score(*model, pack({d}, 100).front(), 1);
  double sum = 0;
  for (i64 r = 0; r < nll.rows(); ++r) sum += static_cast<double>(nll.data()[r]);
  EXPECT_NEAR(result.validation_loss, sum / 9, 1e-9);
}

TEST(Train, WhatADataFileLacksIsNotedBeforeTheFirstStep) {
  const RunCase run;
  TrainConfig c = run.config("x", 1);
  RunCase::write(c.data[0].file, "{\"prompt\": \"a\", \"answer\": \"b\"}\n");
  c.data[0].format = "chat", c.validation_every = 0;
  std::vector<std::string> notes;
  TrainHooks hooks;
  hooks.note = [&](const std::string& line) { notes.push_back(line); };
  hooks.progress = [&](const StepMetrics&) { EXPECT_EQ(notes.size(), 1u); };
  value_of(train(c, hooks));
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("no answer of its 1 rows has thinking"), std::string::npos) << notes[0];
}

TEST(Train, ACheckpointOfAnOlderVersionHasNoFingerprintOfTheDataAndIsContinued) {
  const RunCase run;
  const TrainConfig c = run.config("x", 4);
  value_of(train(c));
  const fs::path state = checkpoint_path(c.out, 4) / "state.json";
  Json::Object members = *value_of(parse_json(text_of(state), "state")).object();
  std::erase_if(members, [](const Json::Member& m) { return m.first == "data"; });
  RunCase::write(state, dump(Json(members)));
  const TrainResult result = value_of(train(run.config("x", 8)));
  EXPECT_EQ(result.step, 8);
  EXPECT_FALSE(value_of(read_state(result.checkpoint)).data.empty());
}

}  // namespace
}  // namespace r1
