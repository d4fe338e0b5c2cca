#include <gtest/gtest.h>

#include <algorithm>

#include "recipe/stages.hpp"
#include "recipe/test_pipeline.hpp"

namespace r1 {
namespace {

TEST(Pipeline, AllStagesMakeAModelAndTheirResultsStay) {
  const RunCase run;
  const fs::path recipe = miniature(run), out = run.folder() / "out";
  std::vector<std::string> stages, notes;
  RecipeHooks hooks;
  hooks.stage = [&](const std::string& stage, const std::string& kind, const TrainConfig&) {
    stages.push_back(stage + " " + kind);
  };
  hooks.note = [&](const std::string& line) { notes.push_back(line); };
  EXPECT_EQ(value_of(run_recipe(recipe, out, hooks)), out / "model");
  EXPECT_EQ(stages,
            (std::vector<std::string>{"base pretrain", "cold_start sft", "grpo grpo", "tuned sft", "final grpo"}));
  for (const char* result : kResults) EXPECT_TRUE(fs::exists(out / result)) << result;
  for (const char* stage : {"base", "cold_start", "grpo", "tuned", "final"})
    EXPECT_TRUE(fs::exists(out / stage / "checkpoints")) << stage;
  EXPECT_NE(text_of(out / "tuned/config.toml").find("cold_start"), std::string::npos);  // `from`, not the newest model
  EXPECT_NE(text_of(out / "final/config.toml").find("tuned"), std::string::npos);

  notes.clear();
  value_of(run_recipe(recipe, out, hooks));
  const auto finished = [](const std::string& line) { return line.ends_with("was already finished"); };
  EXPECT_EQ(std::count_if(notes.begin(), notes.end(), finished), 6);
}

TEST(Pipeline, ABranchRunsWithTheStagesItBeginsWithAndLeavesTheModelAlone) {
  const RunCase run;
  const fs::path recipe = miniature(run), out = run.folder() / "out";
  std::vector<std::string> stages;
  RecipeHooks hooks;
  hooks.stage = [&](const std::string& stage, const std::string&, const TrainConfig&) { stages.push_back(stage); };
  const fs::path zero = value_of(run_recipe(recipe, out, hooks, {.branch = "zero"}));
  EXPECT_EQ(stages, (std::vector<std::string>{"base", "zero"}));
  EXPECT_EQ(zero, out / "zero/checkpoints/000002");
  EXPECT_FALSE(fs::exists(out / "model"));

  stages.clear();
  const fs::path student = value_of(run_recipe(recipe, out, hooks, {.branch = "student"}));
  EXPECT_EQ(stages, (std::vector<std::string>{"base", "cold_start", "student_base", "student"}));
  EXPECT_EQ(value_of(open_model(student))->info().architecture, "qwen2");
  EXPECT_NE(text_of(out / "student/config.toml").find("student_base"), std::string::npos);

  const auto unknown = run_recipe(recipe, out, hooks, {.branch = "teacher"});
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().what.find("has the branches student, zero"), std::string::npos) << unknown.error().what;
}

TEST(Pipeline, InterruptedAfterEveryStepItEndsInTheSameBytes) {
  const RunCase run;
  const fs::path recipe = miniature(run), whole = run.folder() / "whole", stopped = run.folder() / "stopped";
  value_of(run_recipe(recipe, whole, {}));
  std::atomic<bool> stop = false;
  RecipeHooks hooks;
  hooks.stop = &stop;
  hooks.progress = [&](const StepMetrics&) { stop = true; };
  hooks.sampling = [&](const EvalProgress& p) { stop = p.done < p.total; };
  int stops = 0;
  for (; stops < 200 && !run_recipe(recipe, stopped, hooks); ++stops) stop = false;
  EXPECT_GE(stops, 60);
  for (const char* result : kResults) EXPECT_TRUE(text_of(whole / result) == text_of(stopped / result)) << result;
}

TEST(Pipeline, AMistakeInALaterStageIsFoundBeforeTheFirstOneRuns) {
  const RunCase run;
  const fs::path recipe = miniature(run);
  RunCase::write(recipe / "final.toml", "stepz = 3\n");
  const auto refused = run_recipe(recipe, run.folder() / "out", {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("final.toml:1: unknown key \"stepz\""), std::string::npos)
      << refused.error().what;
  RunCase::write(recipe / "final.toml", "tasks = \"limitz\"\n");
  const auto unknown = run_recipe(recipe, run.folder() / "out", {});
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().what.find("no kind of problem is called 'limitz'"), std::string::npos);
  EXPECT_FALSE(fs::exists(run.folder() / "out"));
}

TEST(Pipeline, StagesThatDoNotFitTogetherAreErrors) {
  const RunCase run;
  const fs::path recipe = miniature(run);
  const auto error = [&](const std::string& stages) {
    RunCase::write(recipe / "pipeline.toml", stages);
    const auto pipeline = load_pipeline_config((recipe / "pipeline.toml").string());
    return pipeline ? std::string() : pipeline.error().what;
  };
  const auto stage = [](const std::string& name, const std::string& kind, const std::string& more = "") {
    return "[[stage]]\nname = \"" + name + "\"\nkind = \"" + kind + "\"\n" + more;
  };
  const std::string base = stage("base", "pretrain");
  const std::pair<std::string, const char*> wrong[] = {
      {"level = \"avx2\"\n", "no [[stage]]"},
      {stage("sft", "sft"), "the first stage, and no other one of the trunk, is of the kind pretrain"},
      {base + stage("again", "pretrain"), "the first stage, and no other one of the trunk, is of the kind pretrain"},
      {base + stage("base", "sft"), "the name is taken"},
      {base + stage("a/b", "sft"), "letters, digits"},
      {base + stage("model", "sft"), "a folder of this name"},
      {base + "[[stage]]\nname = \"a\"\n", "has no kind"},
      {base + stage("a", "dpo"), "kind must be one of pretrain|sft|grpo|sample"},
      {base + stage("a", "sft", "from = \"b\"\n"), "no earlier stage \"b\" makes a model"},
      {base + stage("s", "sample") + stage("a", "sft", "from = \"s\"\n"), "no earlier stage \"s\" makes a model"},
      {base + stage("a", "sft", "rows = \"base\"\n"), "\"base\" is none"},
      {base + stage("s", "sample") + stage("a", "grpo", "rows = \"s\"\n"), "this stage is of the kind grpo"},
      {base + stage("s", "sample"), "the last stage of the trunk and of each branch must make a model"},
      {base + stage("s", "sample", "branch = \"b\"\n"),
       "the last stage of the trunk and of each branch must make a model"},
      {stage("base", "pretrain", "branch = \"b\"\n"), "the first stage is of the trunk"},
      {base + stage("b", "sft", "branch = \"b\"\n") + stage("a", "sft"), "come before those of the branches"},
      {base + stage("b", "sft", "branch = \"b\"\n") + stage("c", "sft", "branch = \"c\"\nfrom = \"b\"\n"),
       "no earlier stage \"b\" makes a model"},
      {base + stage("b", "pretrain", "branch = \"b\"\nfrom = \"base\"\n"), "begins with random weights"},
      {base + stage("b", "sft", "config = \"b.json\"\n"), "is for a stage of the kind pretrain"},
      {base + stage("b", "pretrain", "branch = \"b\"\nconfig = \"../b.json\"\n"), "a file in the recipe's folder"},
      {"stage = 1\n", "stage must be written as [[stage]] tables"}};
  for (const auto& [stages, message] : wrong)
    EXPECT_NE(error(stages).find(message), std::string::npos) << error(stages);
  EXPECT_EQ(error(kStages), "");
  const std::string turns = stage("traces", "sample", "branch = \"b\"\n") + stage("c", "sft", "branch = \"c\"\n") +
                            stage("b", "sft", "branch = \"b\"\n");
  EXPECT_EQ(error(base + turns), "") << "the stages of two branches may take turns";
}

TEST(Pipeline, KindsOfProblemsCanBeLeftOut) {
  const std::string code[] = {"code"};
  EXPECT_EQ(mixture_without("product:1-2=3,code:1-4=2,sort", code), "product:1-2=3,sort");
  EXPECT_EQ(mixture_without("code=1,codes", code), "codes");
  EXPECT_EQ(mixture_without("code", code), "");
  EXPECT_EQ(mixture_without("default", code), "default");

  const RunCase run;
  const fs::path recipe = miniature(run);
  EXPECT_FALSE(value_of(Pipeline::open(recipe, {})).judges_programs());
  const std::string sampling = text_of(recipe / "sampling.toml");
  RunCase::write(recipe / "sampling.toml", sampling.substr(0, sampling.rfind('"')) + ",code:1\"\n");
  EXPECT_TRUE(value_of(Pipeline::open(recipe, {})).judges_programs());
  EXPECT_FALSE(value_of(Pipeline::open(recipe, {.without = {"code"}})).judges_programs());
  const auto nothing = Pipeline::open(recipe, {.without = {"limits"}});
  ASSERT_FALSE(nothing);
  EXPECT_NE(nothing.error().what.find("without limits no problems of limits:1 are left"), std::string::npos);
}

TEST(Pipeline, TheStagesOfTheRecipeThatShipsFitTogether) {
  const fs::path nano = fs::path(R1_SOURCE_DIR) / "recipes/nano";
  const Pipeline trunk = value_of(Pipeline::open(nano, {}));
  EXPECT_EQ(trunk.stages.size(), 6u);
  EXPECT_EQ(value_of(Pipeline::open(nano, {.branch = "zero"})).stages.size(), 2u);
  EXPECT_EQ(value_of(Pipeline::open(nano, {.branch = "student"})).stages.size(), 10u);
  EXPECT_TRUE(trunk.judges_programs());
  EXPECT_FALSE(value_of(Pipeline::open(nano, {.without = {"code"}})).judges_programs());
}

// Where there is a sandbox it must pass, where there is none the error says what to do.
TEST(Pipeline, TheSandboxIsTriedWithARightAndAWrongProgram) {
  const Status tried = try_sandbox();
  if (!tried) {
    EXPECT_NE(tried.error().what.find("--without code"), std::string::npos) << tried.error().what;
  }
}

TEST(Pipeline, SamplesOfWhichNoneIsRightTeachNothing) {
  const RunCase run;
  const fs::path recipe = miniature(run);
  RunCase::write(recipe / "cold_start.toml",
                 text_of(recipe / "base.toml") + "format = \"chat\"\n");  // two steps teach nothing
  const auto refused = run_recipe(recipe, run.folder() / "out", {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("stage sampling: none of 40 samples is kept (0 are right)"), std::string::npos)
      << refused.error().what;
}

}  // namespace
}  // namespace r1
