// What a run leaves on the disk, and what it removes.
#include "train/run_folder.hpp"

#include <set>

#include "formats/gguf.hpp"
#include "train/run_case.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

// ---- unfinished files

TEST(Unfinished, OnlyTheNamesThatAKilledWriterLeavesAreRemoved) {
  const TestFolder folder;
  const std::set<std::string> kept = {
      "config.toml", "x.tmp",    "x.tmp7",         "x.tmp-3",   "x.tmp1-",   "x.tmp1a-3", "x.tmp1-3a", "x.tmp1-2-3",
      "12-3.tmp",    "x.12.tmp", "x.tmp1-2.other", "x.12-.tmp", "x.-12.tmp", "x.tmp 1-2", "12-3",      "run1-2"};
  const std::set<std::string> removed = {"config.toml.tmp12-3", "x.tmp1-0", "000008.12-3.tmp", ".1-2.tmp",
                                         "tmp.tmp1-2"};
  for (const auto& names : {kept, removed})
    for (const std::string& name : names) ASSERT_TRUE(write_file(folder.path() / name, "")) << name;
  fs::create_directories(folder.path() / "000009.12-3.tmp/inside");
  remove_unfinished(folder.path());
  EXPECT_EQ(names_in(folder.path()), kept);
}

TEST(Unfinished, AFolderThatDoesNotExistHasNone) {
  const TestFolder folder;
  remove_unfinished(folder.path() / "none");
  EXPECT_FALSE(fs::exists(folder.path() / "none"));
}

// ---- opening

Status refuse(const fs::path&) { return fail(Errc::invalid_argument, "refused"); }

TEST(RunFolder, OnlyTheFoldersThatTheRunMadeAreRemovedIfItCannotBegin) {
  const TestFolder folder;
  fs::create_directories(folder.path() / "a");
  EXPECT_FALSE(RunFolder(folder.path() / "a/b/c/x", 1).open(refuse));
  EXPECT_TRUE(fs::exists(folder.path() / "a")) << "it existed before, though it is empty";
  EXPECT_FALSE(fs::exists(folder.path() / "a/b"));
  fs::create_directories(folder.path() / "mine");
  ASSERT_TRUE(write_file(folder.path() / "mine/note", "a user's file"));
  EXPECT_FALSE(RunFolder(folder.path() / "mine", 1).open(refuse));
  EXPECT_TRUE(fs::exists(folder.path() / "mine/note"));
}

TEST(RunFolder, ThePathOfARunMayBeRelative) {
  const TestFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  EXPECT_FALSE(RunFolder("a/x", 1).open(refuse));
  const bool left = fs::exists("a");
  EXPECT_TRUE(RunFolder("a/x", 1).open([](const fs::path&) -> Status { return {}; }));
  const bool made = fs::exists("a/x/checkpoints");
  fs::current_path(before);
  EXPECT_FALSE(left);
  EXPECT_TRUE(made);
}

TEST(RunFolder, AFolderThatCannotBeCreatedIsAnErrorThatNamesIt) {
  const TestFolder folder;
  ASSERT_TRUE(write_file(folder.path() / "file", ""));
  bool begun = false;
  const Status opened = RunFolder(folder.path() / "file/x", 1).open([&](const fs::path&) -> Status {
    begun = true;
    return {};
  });
  ASSERT_FALSE(opened);
  EXPECT_FALSE(begun);
  EXPECT_TRUE(opened.error().what.starts_with((folder.path() / "file/x").string() + ": cannot create: "))
      << opened.error().what;
}

TEST(RunFolder, TheNewestCheckpointIsWhereARunGoesOn) {
  const TestFolder folder;
  fs::path newest = "none";
  const auto begin = [&](const fs::path& checkpoint) -> Status {
    newest = checkpoint;
    return {};
  };
  {
    RunFolder run(folder.path() / "x", 1);
    ASSERT_TRUE(run.open(begin));
    EXPECT_EQ(newest, fs::path());
    EXPECT_EQ(run.saved_step(), -1);
    EXPECT_EQ(run.last_good_checkpoint(), "there is no checkpoint yet");
  }
  for (const i64 step : {0, 10, 9}) fs::create_directories(checkpoint_path(folder.path() / "x", step));
  RunFolder run(folder.path() / "x", 1);
  ASSERT_TRUE(run.open(begin));
  EXPECT_EQ(newest, folder.path() / "x/checkpoints/000010");
  EXPECT_EQ(run.saved_step(), 10);
  EXPECT_EQ(run.last_good_checkpoint(), "the last good checkpoint is " + newest.string());
}

TEST(RunFolder, AStartRemovesSuperfluousCheckpointsAndUnfinishedFiles) {
  const TestFolder folder;
  for (const i64 step : {1, 2, 3, 4}) fs::create_directories(checkpoint_path(folder.path(), step));
  fs::create_directories(folder.path() / "checkpoints/000005.12-3.tmp");
  ASSERT_TRUE(write_file(folder.path() / "config.toml.tmp12-3", ""));
  RunFolder run(folder.path(), 2);
  ASSERT_TRUE(run.open([&](const fs::path&) { return run.start("settings\n", {}, ""); }));
  EXPECT_EQ(names_in(folder.path() / "checkpoints"), (std::set<std::string>{"000003", "000004"}));
  EXPECT_EQ(names_in(folder.path()),
            (std::set<std::string>{"checkpoints", "config.toml", "events.out.tfevents.r1", "lock", "metrics.jsonl"}));
  EXPECT_EQ(text_of(folder.path() / "config.toml"), "settings\n");
}

// ---- writing

// The row of the metrics is longer than its event: only the event leaves out the text.
TEST(RunFolder, ALineOfTheMetricsThatCannotBeWrittenIsAnErrorThatNamesTheFileAndTheStep) {
  const TestFolder folder;
  const std::string row = "{\"step\":1,\"text\":\"" + std::string(8192, 'a') + "\"}\n";
  ASSERT_TRUE(write_file(folder.path() / "metrics.jsonl", row));
  RunFolder run(folder.path(), 2);
  TrainState state;
  state.step = state.metrics_lines = 1;
  ASSERT_TRUE(run.open([&](const fs::path&) { return run.start("", state, ""); }));
  const FileSizeLimit full(row.size());
  StepMetrics m;
  m.step = 2;
  const Status appended = run.append(m);
  ASSERT_FALSE(appended);
  EXPECT_NE(appended.error().what.find("step 2 could not be saved: "), std::string::npos) << appended.error().what;
  EXPECT_NE(appended.error().what.find("metrics.jsonl"), std::string::npos) << appended.error().what;
}

// While it lives, the descriptor of an open file is that of a pipe, which cannot be synced.
class PipeInPlaceOf {
 public:
  explicit PipeInPlaceOf(const fs::path& path) {
    int ends[2];
    R1_CHECK(pipe(ends) == 0, "no pipe");
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
      std::error_code code;
      if (fs::read_symlink(entry.path(), code) == path) fd_ = std::stoi(entry.path().filename().string());
    }
    R1_CHECK(fd_ >= 0, "{} is not open", path.string());
    kept_ = dup(fd_);
    dup2(ends[1], fd_);
    close(ends[0]), close(ends[1]);
  }
  ~PipeInPlaceOf() {
    dup2(kept_, fd_);
    close(kept_);
  }

 private:
  int fd_ = -1, kept_ = -1;
};

TEST(RunFolder, AFileThatCannotBeSyncedMakesTheSaveFail) {
  const RunCase run;
  const auto model = run.model();
  const TrainConfig config = run.config("x");
  const Optimizer optimizer(*model, config);
  RunFolder folder(config.out, 2);
  TrainState state;
  state.step = 7;
  ASSERT_TRUE(folder.open([&](const fs::path&) { return folder.start("", state, config.tokenizer); }));
  for (const char* name : {"metrics.jsonl", "events.out.tfevents.r1"}) {
    const PipeInPlaceOf pipe(fs::canonical(fs::path(config.out) / name));
    const Status saved = folder.save(state, *model, optimizer);
    ASSERT_FALSE(saved) << name;
    EXPECT_NE(saved.error().what.find("step 7 could not be saved: "), std::string::npos) << saved.error().what;
    EXPECT_NE(saved.error().what.find(std::string(name) + ": cannot sync"), std::string::npos) << saved.error().what;
    EXPECT_EQ(folder.saved_step(), -1);
  }
  EXPECT_TRUE(folder.save(state, *model, optimizer));
  EXPECT_EQ(folder.saved_step(), 7);
}

// A resumed run takes its tokenizer from the newest checkpoint, which its second save removes.
TEST(RunFolder, ARunThatKeepsOneCheckpointFindsItsTokenizerInTheNewestOne) {
  const RunCase run;
  TrainConfig c = run.config("x", 2);
  c.save_every = 1, c.keep_checkpoints = 1;
  value_of(train(c));
  fs::remove_all(c.tokenizer);
  c.steps = 6;
  EXPECT_EQ(value_of(train(c)).checkpoint, checkpoint_path(c.out, 6));
  EXPECT_EQ(names_in(fs::path(c.out) / "checkpoints"), std::set<std::string>{"000006"});
}

// ---- the state of a checkpoint

TEST(Checkpoint, TheTextOfAStateHoldsEveryFigureAndIsReadBack) {
  const RunCase run;
  const auto model = run.model();
  const TrainConfig config = run.config("x");
  fs::create_directories(fs::path(config.out) / "checkpoints");
  TrainState state;
  state.step = 3, state.optimizer_steps = 2, state.next_sample = 9, state.metrics_lines = 4, state.tokens = 70;
  state.loss_average = 2.5, state.seed = 18446744073709551615u;
  state.data = "00ff", state.level = "avx2", state.version = "0.1.0";
  const auto text = [&] {
    const Status saved = save_checkpoint(config.out, state, *model, Optimizer(*model, config), config.tokenizer);
    EXPECT_TRUE(saved) << saved.error().what;
    return text_of(checkpoint_path(config.out, 3) / "state.json");
  };
  const std::string plain =
      "{\n  \"format\": 1,\n  \"step\": 3,\n  \"optimizer_steps\": 2,\n  \"next_sample\": 9,\n  \"tokens\": 70,\n"
      "  \"metrics_lines\": 4,\n  \"loss_average\": 2.5,\n  \"random\": {\n    \"generator\": \"philox\",\n"
      "    \"seed\": \"18446744073709551615\"\n  },\n  \"data\": \"00ff\",\n  \"level\": \"avx2\",\n"
      "  \"version\": \"0.1.0\"";
  EXPECT_EQ(text(), plain + "\n}\n");
  EXPECT_TRUE(value_of(read_state(checkpoint_path(config.out, 3))).solved.empty());
  state.solved = {{"product 1", 0.25}, {"product 2", 0.5}};
  EXPECT_EQ(text(), plain + ",\n  \"solved\": {\n    \"product 1\": 0.25,\n    \"product 2\": 0.5\n  }\n}\n");
  EXPECT_EQ(value_of(read_state(checkpoint_path(config.out, 3))).solved, state.solved);
}

TEST(Checkpoint, AShareOfACurriculumThatIsNoNumberIsAnError) {
  const TestFolder folder;
  const auto read = [&](const char* solved) {
    const std::string text = fmt::format(
        R"({{"format": 1, "step": 3, "optimizer_steps": 2, "next_sample": 9, "tokens": 70, "loss_average": 2.5,
            "level": "avx2", "version": "0.1.0", "solved": {}}})",
        solved);
    RunCase::write(folder.path() / "state.json", text);
    return read_state(folder.path());
  };
  EXPECT_TRUE(read("{\"a\": 0.5}"));
  EXPECT_FALSE(read("{\"a\": \"half\"}"));
  EXPECT_FALSE(read("[0.5]"));
  const TrainState s = value_of(read("{}"));
  EXPECT_EQ(s.metrics_lines, 0) << "a checkpoint of an older version has none";
  EXPECT_EQ(s.data, "");
}

// A GGUF file names the ids of its tokenizer. Without them the checkpoint has those of the model.
TEST(Checkpoint, ATokenizerInAGgufTakesTheModelsIdsOfTheBeginningAndTheEnd) {
  const RunCase run;
  const fs::path gguf = run.folder() / "tokenizer.gguf";
  const std::vector<std::pair<std::string, GgufValue>> metadata{{"general.name", GgufValue::of_text("x")}};
  ASSERT_TRUE(write_gguf(gguf, metadata, {}));
  const TrainConfig config = run.config("x");
  fs::create_directories(fs::path(config.out) / "checkpoints");
  const auto generation = [&](Json bos) {
    const Json json = value_of(parse_json(kTinyModel, "model")).set("bos_token_id", std::move(bos));
    const auto model = value_of(create_model(dump(json), "tiny", 1, Weights::trainable));
    const Status saved = save_checkpoint(config.out, {}, *model, Optimizer(*model, config), gguf);
    EXPECT_TRUE(saved) << saved.error().what;
    return value_of(read_json(checkpoint_path(config.out, 0) / "generation_config.json"));
  };
  for (const i64 bos : {0, 1, 256}) EXPECT_EQ(*generation(bos).find("bos_token_id")->integer(), bos);
  EXPECT_EQ(generation(Json()).find("bos_token_id"), nullptr);
  EXPECT_EQ(*generation(0).find("eos_token_id")->integer(), 257);
}

TEST(Checkpoint, WithoutAFolderOfCheckpointsThereIsNothingToRemove) {
  const TestFolder folder;
  remove_old_checkpoints(folder.path(), 1);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace r1
