// The command train: its help, the examples that ship, and how it finds models.
#include "program.hpp"

#include "train/config.hpp"

namespace r1 {
namespace {

class TrainCli : public Program {};

TEST_F(TrainCli, HelpListsEveryKeyWithItsTypeAndDefault) {
  const Outcome o = r1("train sft --help");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.err, "");
  EXPECT_EQ(r1("train --help").out, o.out);
  EXPECT_EQ(r1("train pretrain --steps 3 -h").out, o.out);
  for (const KeyHelp& k : train_keys()) {
    EXPECT_NE(o.out.find(fmt::format("--{}", k.name)), std::string::npos) << k.name;
    EXPECT_FALSE(k.meaning.empty()) << k.name;
  }
  for (const KeyHelp& k : data_keys())
    EXPECT_NE(o.out.find(fmt::format("--data.{}", k.name)), std::string::npos) << k.name;
  EXPECT_NE(o.out.find("model [none]"), std::string::npos) << o.out;
  EXPECT_NE(o.out.find("integer [16384]"), std::string::npos) << o.out;
  EXPECT_NE(o.out.find("cosine|constant_then_decay [\"cosine\"]"), std::string::npos) << o.out;
}

TEST_F(TrainCli, TheExamplesRunAsTheyStand) {
  for (const char* kind : {"sft", "pretrain"}) {
    const Outcome o = r1(fmt::format("train {0} --config recipes/examples/{0}.toml --steps 2 --out {{}}/{0}", kind));
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_NE(o.out.find("/checkpoints/"), std::string::npos) << o.out;
  }
  // The name of a run means its newest checkpoint, for every command.
  const Outcome scored = r1("logprobs -m {}/sft --tokens 1,2,3");
  EXPECT_EQ(scored.code, 0) << scored.err;
  EXPECT_NE(scored.out.find("sft/checkpoints/000002\""), std::string::npos) << scored.out;
  const Outcome more = r1("train sft --config recipes/examples/sft.toml --steps 1 --model {}/sft --out {}/more");
  EXPECT_EQ(more.code, 0) << more.err;
}

TEST_F(TrainCli, ReinforcementLearningHasKeysOfItsOwnAndAnExampleThatRuns) {
  const Outcome help = r1("train grpo --help");
  EXPECT_EQ(help.code, 0) << help.err;
  for (const KeyHelp& k : grpo_keys())
    EXPECT_NE(help.out.find(fmt::format("--{} ", k.name)), std::string::npos) << k.name;
  const std::string example = "train grpo --config recipes/examples/grpo.toml ";
  const Outcome o = r1(example + "--steps 1 --groups 1 --group_size 2 --max_tokens 40 --eval_problems 1 --out {}/grpo");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_NE(o.out.find("grpo/checkpoints/000001"), std::string::npos) << o.out;
  EXPECT_NE(o.err.find("step 1/1  reward "), std::string::npos) << o.err;
  expect_failure(r1(example + "--group_sizes 3"), 2, {"--group_sizes", "group_size"});
  expect_failure(r1(example + "--data.file rows.jsonl"), 2, {"--data.file"});
}

TEST_F(TrainCli, TheStagesOfTheRecipeZeroFollowEachOther) {
  const Outcome base = r1("train pretrain --config recipes/zero/pretrain.toml --steps 1 --out {}/base");
  EXPECT_EQ(base.code, 0) << base.err;
  const Outcome o = r1(
      "train grpo --config recipes/zero/grpo.toml --model {}/base --steps 1 --groups 1 --group_size 2 --max_tokens 40 "
      "--out {}/rl");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_NE(o.out.find("rl/checkpoints/000001"), std::string::npos) << o.out;
}

TEST_F(TrainCli, TheDocumentationShowsTheExampleAndHowItsRowsWereMade) {
  const fs::path root = R1_SOURCE_DIR;
  const std::string page = read_file(root / "docs/training.md").value(),
                    example = read_file(root / "recipes/examples/sft.toml").value();
  EXPECT_NE(page.find("```toml\n" + example + "```\n"), std::string::npos);
  const std::string command = "problems --train --traces --tasks product:1-2,division:1,sort:1,gcd:1 --n 24 --seed 7";
  EXPECT_NE(page.find("r1 " + command), std::string::npos);
  EXPECT_NE(example.find("r1 " + command), std::string::npos);
  EXPECT_EQ(r1(command).out, read_file(root / "recipes/examples/problems.jsonl").value());
}

TEST_F(TrainCli, AModelIsFoundByItsNameAndAnUnknownOneIsRefused) {
  const std::string sft = "train sft --config recipes/nano/cold_start.toml --out {}/run ";
  const Outcome o = r1(sft + "--steps 1 --model nano --data.tasks sort:1");
  EXPECT_EQ(o.code, 0) << o.err;
  expect_failure(r1("train sft --config recipes/nano/cold_start.toml --out {}/other --model nanno"), 2,
                 {"--model", "nanno", "nano"});
}

TEST_F(TrainCli, AStageOfARecipeSaysWhichFlagsMakeItRun) {
  const Outcome o = r1("train pretrain --config recipes/nano/pretrain.toml --out {}/run");
  expect_failure(o, 1,
                 {"recipes/nano/pretrain.toml", "model_config", "r1 recipe recipes/nano",
                  "--model_config recipes/nano/config.json --tokenizer nano"});
  const Outcome run = r1(
      "train pretrain --config recipes/nano/pretrain.toml --model_config recipes/nano/config.json --tokenizer nano "
      "--steps 1 --out {}/run --data.tasks sort:1 --batch_tokens 1024 --micro_batch_tokens 1024 --validation_every 0");
  EXPECT_EQ(run.code, 0) << run.err;
}

TEST_F(TrainCli, RowsWithoutThinkingAreAnnounced) {
  const auto trained_on = [&](const char* flags) {
    EXPECT_TRUE(write_file(file("rows.jsonl"), r1(fmt::format("problems --train --tasks sort:1 --n 8 {}", flags)).out));
    const Outcome o =
        r1(fmt::format("train sft --config recipes/examples/sft.toml --steps 1 --data.file {{}}/rows.jsonl "
                       "--out {{}}/run{}",
                       flags));
    EXPECT_EQ(o.code, 0) << o.err;
    return o.err;
  };
  const std::string without = trained_on("");
  EXPECT_NE(without.find("rows.jsonl: no answer of its 8 rows has thinking"), std::string::npos) << without;
  EXPECT_EQ(trained_on("--traces").find("has thinking"), std::string::npos);
}

TEST_F(TrainCli, ATrainingThatCannotStartLeavesNoFolder) {
  const Outcome o = r1("train sft --config recipes/nano/cold_start.toml --model /nowhere --out {}/a/b/run");
  EXPECT_NE(o.code, 0);
  EXPECT_FALSE(fs::exists(file("a")));
  const Outcome late =
      r1("train sft --config recipes/nano/cold_start.toml --model nano --sequence_length 9999 --out {}/a/b/run");
  expect_failure(late, 1, {"sequence_length 9999"});
  EXPECT_FALSE(fs::exists(file("a")));
  fs::create_directories(file("mine"));
  EXPECT_EQ(
      r1("train sft --config recipes/nano/cold_start.toml --model nano --sequence_length 9999 --out {}/mine").code, 1);
  EXPECT_TRUE(fs::exists(file("mine")));
}

}  // namespace
}  // namespace r1
