// The command report: runs that were trained here as a page, as pictures and in the terminal.
#include "core/file.hpp"
#include "terminal.hpp"

namespace r1 {
namespace {

class Report : public Program {
 protected:
  void train(const std::string& name, int steps) const {
    const Outcome o = r1(fmt::format(
        "train pretrain --config recipes/examples/pretrain.toml --data.tasks sort:1 --batch_tokens 512 "
        "--micro_batch_tokens 512 --log_every 1 --save_every 3 --validation_every 2 --validation_tokens 512 "
        "--steps {} --out {{}}/{}",
        steps, name));
    EXPECT_EQ(o.code, 0) << o.err;
  }
  void train_grpo(const std::string& name) const {
    const Outcome o =
        r1("train grpo --config recipes/examples/grpo.toml --steps 2 --groups 2 --group_size 2 --max_tokens 40 "
           "--log_every 1 --eval_every 2 --eval_problems 2 --out {}/" +
           name);
    EXPECT_EQ(o.code, 0) << o.err;
  }
  std::string text(const std::string& name) const { return read_file(folder_ / name).value_or(""); }
};

TEST_F(Report, ATrainedRunBecomesAPageAndPictures) {
  train("run", 3);
  const Outcome o = r1("report {}/run --png {}/png");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.out, fmt::format("{0}/run/report.html\n{0}/png\n", folder_.string()));
  const std::string page = text("run/report.html");
  for (const char* part :
       {"<!DOCTYPE html>", "<title>run ", "Pretraining, step 3 of 3", "parameters", "\"loss\"", "\"validation_loss\"",
        "\"grad_norm\"", "\"load_max\"", "\"time_tokens_per_s\"", "<th>steps</th><td>3</td>", "sort:1"})
    EXPECT_NE(page.find(part), page.npos) << part;
  EXPECT_EQ(page.find("id=\"Other\""), page.npos) << "a figure of the trainer has no place in charts.cpp";
  for (const char* name : {"loss", "learning-rate", "gradient-norm", "throughput"}) {
    const std::string png = text(fmt::format("png/{}.png", name));
    ASSERT_GT(png.size(), 1000u) << name;
    EXPECT_EQ(png.substr(0, 8), "\x89PNG\r\n\x1a\n") << name;
  }
}

TEST_F(Report, RunsOfReinforcementLearningShowAnswersAndGoOverEachOther) {
  train_grpo("one");
  train("two", 1);
  ASSERT_EQ(r1("report {}/one").code, 0);
  const std::string alone = text("one/report.html");
  for (const char* part : {"Reinforcement learning, step 2 of 2", "\"reward\"", "\"eval_accuracy\"", "\"share_update\"",
                           "Answers before and after", "<strong>Step 1</strong>", "<strong>Step 2</strong>"})
    EXPECT_NE(alone.find(part), alone.npos) << part;
  EXPECT_EQ(alone.find("id=\"Other\""), alone.npos) << "a figure of GRPO has no place in charts.cpp";
  const Outcome both = r1("report {}/one {}/two -o {}/both.html");
  EXPECT_EQ(both.code, 0) << both.err;
  const std::string page = text("both.html");
  EXPECT_NE(page.find("<h1>2 runs</h1>"), page.npos);
  EXPECT_NE(page.find("<td>Pretraining</td>"), page.npos);
}

TEST_F(Report, ARunThatIsBeingWrittenIsReported) {
  train("run", 2);
  const std::string whole = text("run/metrics.jsonl");
  ASSERT_TRUE(write_file(folder_ / "run/metrics.jsonl", whole + "{\"step\":3,\"lo"));
  EXPECT_EQ(r1("report {}/run").code, 0);
  EXPECT_NE(text("run/report.html").find("step 2 of 2"), std::string::npos);
}

TEST_F(Report, SaysWhatIsMissing) {
  expect_failure(r1("report {}/nowhere"), 1, {"nowhere", "no such folder"});
  expect_failure(r1("report --live {}/nowhere"), 1, {"nowhere", "no such folder"});
  fs::create_directories(file("empty"));
  expect_failure(r1("report {}/empty"), 1, {"empty/metrics.jsonl", "no such file"});
  expect_failure(r1("report --live {}/empty --png {}/x"), 2, {"--live", "--png"});
  EXPECT_EQ(r1("report").code, 2);
  fs::create_directories(file("damaged"));
  ASSERT_TRUE(write_file(file("damaged") / "metrics.jsonl", "{\"step\":1}\nnothing\n"));
  expect_failure(r1("report {}/damaged"), 1, {"damaged/metrics.jsonl:2"});
}

constexpr const char* kSteps = "{\"step\":1,\"loss\":3}\n{\"step\":2,\"loss\":2}\n";

TEST_F(Report, LiveWithoutATerminalPrintsALineForEachStepAndEndsWithTheRun) {
  fs::create_directories(file("run"));
  ASSERT_TRUE(write_file(file("run") / "config.toml", "steps = 2\n"));
  ASSERT_TRUE(write_file(file("run") / "metrics.jsonl", kSteps));
  const Outcome o = r1("report --live {}/run");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.out, "run  step 1 of 2  loss 3\nrun  step 2 of 2  loss 2\n");
}

class ReportTerminal : public TerminalProgram {
 protected:
  void SetUp() override {
    TerminalProgram::SetUp();
    fs::create_directories(file("run"));
    terminal_ = std::make_unique<Terminal>(
        std::vector<std::string>{std::string(R1_BINARY_DIR) + "/r1", "report", "--live", file("run").string()},
        std::vector<std::string>{"TERM=xterm", "LC_ALL=C.UTF-8"}, 80);
    terminal_->wait_for("waits for the first step");
  }
  void put(std::string_view metrics) const { ASSERT_TRUE(write_file(file("run") / "metrics.jsonl", metrics)); }
};

constexpr const char *kOtherScreen = "\x1b[?1049h", *kFormerScreen = "\x1b[?25h\x1b[?1049l";

TEST_F(ReportTerminal, FollowsTheRunAndEndsWithQ) {
  EXPECT_NE(terminal_->output().find(kOtherScreen), std::string::npos);
  put(kSteps);
  terminal_->wait_for("step 2");
  terminal_->wait_for("Loss");
  put(std::string(kSteps) + "{\"step\":3,\"loss\":1}\n");
  terminal_->wait_for("step 3");
  terminal_->wait_for("q quits");
  terminal_->resize(40);
  terminal_->wait_for("step 3");
  terminal_->type("q");
  terminal_->wait_for(kFormerScreen);
  EXPECT_EQ(terminal_->exit_code(), 0);
}

TEST_F(ReportTerminal, CtrlCRestoresTheScreenAndExitsWith130) {
  terminal_->type(kCtrlC);
  terminal_->wait_for(kFormerScreen);
  EXPECT_EQ(terminal_->exit_code(), 130);
}

TEST_F(ReportTerminal, ADamagedFileEndsItWithAnErrorBehindTheScreen) {
  put("{\"step\":1}\nnothing\n");
  terminal_->wait_for(kFormerScreen);
  terminal_->wait_for("metrics.jsonl:2");
  EXPECT_EQ(terminal_->exit_code(), 1);
}

}  // namespace
}  // namespace r1
