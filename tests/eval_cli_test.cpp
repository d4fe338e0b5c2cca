// The command eval, run as people and scripts run it: formats, logs, interruptions, reward programs.
#include "formats/json.hpp"
#include "program.hpp"

namespace r1 {
namespace {

class EvalCli : public Program {
 protected:
  // The object that --json printed.
  static Json result(const Outcome& o) {
    EXPECT_EQ(o.code, 0) << o.err;
    const auto json = parse_json(o.out, "stdout");
    EXPECT_TRUE(json) << o.out;
    return json ? *json : Json();
  }
  static i64 number(const Json& json, const char* key) {
    const Json* value = json.find(key);
    return value && value->integer() ? *value->integer() : -1;
  }
  // Runs lines of bash in the root of the source tree, with the program as $R1 and the test's folder as $F.
  int bash(const std::string& lines) const {
    EXPECT_TRUE(write_file(file("script"), fmt::format("cd {}; R1={}/r1 F={}; exec < /dev/null\n{}\n", R1_SOURCE_DIR,
                                                       R1_BINARY_DIR, folder_.string(), lines)));
    const int status = std::system(("bash " + file("script").string()).c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string written(const char* name) const { return *read_file(file(name)); }
};

// Waits until the log has its settings and three completions. The shell's background jobs ignore SIGINT until the
// program sets its own handler, which it has done by then.
constexpr const char* kUntilLogged = "until [ -e $F/log ] && [ $(wc -l < $F/log) -ge 4 ]; do sleep 0.01; done\n";
constexpr const char* kMany = "eval --tasks product,sort --n 20 -k 2 --temperature 0.8 -t 1 -b 8 --json";

TEST_F(EvalCli, RowsOfGsm8kAreKnownByTheirFieldsAndEveryCompletionHasAVerdict) {
  const Outcome o = r1("eval --data tests/data/eval/gsm8k.jsonl -n 60 --json --log {}/log");
  const Json json = result(o);
  EXPECT_EQ(number(json, "n"), 15);
  EXPECT_EQ(number(json, "skipped"), 0);
  i64 verdicts = 0;
  for (const auto& [kind, count] : *json.find("verdicts")->object()) verdicts += *count.integer();
  EXPECT_EQ(verdicts, 15);
  EXPECT_EQ(o.err, "");
  const std::string log = written("log");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 16);
  EXPECT_NE(log.find("put your final answer within"), std::string::npos);
}

TEST_F(EvalCli, RowsThatCannotBeCheckedAreNamedAndCounted) {
  ASSERT_TRUE(write_file(file("rows"),
                         "{\"question\":\"1+1?\",\"answer\":\"#### 2\"}\n"
                         "{\"question\":\"1+2?\",\"answer\":\"#### \"}\n"
                         "{\"question\":\"1+3?\"}\n"));
  const Outcome o = r1("eval --data {}/rows -n 40 --json");
  EXPECT_EQ(number(result(o), "n"), 1);
  EXPECT_EQ(number(result(o), "skipped"), 2);
  for (const char* words : {"rows:2: answer: is empty", "rows:3: prompt: missing"})
    EXPECT_NE(o.err.find(words), std::string::npos) << o.err;
  ASSERT_TRUE(write_file(file("rows"), "{\"question\":\"1+3?\"}\n"));
  expect_failure(r1("eval --data {}/rows"), 1, {"none of the 1 rows can be checked", "rows:1"});
}

TEST_F(EvalCli, MistakesAreUsageErrors) {
  expect_failure(r1("eval --data tests/data/eval/gsm8k.jsonl --format gsm"), 2, {"--format gsm", "gsm8k"});
  expect_failure(r1("eval --tasks sort --format gsm8k"), 2, {"--format", "--data"});
  expect_failure(r1("eval --tasks sort --judges 0"), 2, {"--judges"});
  expect_failure(r1("eval --tasks sort --reward-timeout 0"), 2, {"--reward-timeout"});
  expect_failure(r1("eval --tasks sort --reward-program no-such-program"), 1, {"no-such-program", "127"});
  expect_failure(r1("eval --tasks sort --n 2 --log README.md"), 1, {"README.md: is not a log", "--log"});
  expect_failure(r1("eval --tasks sort --n 2 --log {}/none/log"), 1, {"none/log"});
}

TEST_F(EvalCli, AKilledEvaluationGoesOnAndGivesTheSameResult) {
  ASSERT_EQ(bash(fmt::format("$R1 {} > $F/whole\n"
                             "$R1 {} --log $F/log > $F/killed & {}"
                             "kill -9 $!; wait $! 2> $F/noise\n"
                             "truncate -s -7 $F/log\n"  // as if it had been killed within the last line
                             "$R1 {} --log $F/log > $F/resumed || exit 9\n"
                             "$R1 {} --log $F/log > $F/again",
                             kMany, kMany, kUntilLogged, kMany, kMany)),
            0);
  EXPECT_EQ(written("resumed"), written("whole"));
  EXPECT_EQ(written("again"), written("whole"));
  expect_failure(r1("eval --tasks product,sort --n 20 -k 2 --temperature 0.9 -t 1 -b 8 --json --log {}/log"), 1,
                 {"its --temperature is 0.8, here it is 0.9"});
}

TEST_F(EvalCli, AnInterruptedEvaluationExitsWith130AndGoesOn) {
  ASSERT_EQ(bash(fmt::format("$R1 {} > $F/whole\n"
                             "$R1 {} --log $F/log > $F/interrupted & {}"
                             "kill -INT $!; wait $!; echo $? > $F/code\n"
                             "$R1 {} --log $F/log > $F/resumed",
                             kMany, kMany, kUntilLogged, kMany)),
            0);
  EXPECT_EQ(written("code"), "130\n");
  EXPECT_NE(written("interrupted").find("\"interrupted\": true"), std::string::npos) << written("interrupted");
  EXPECT_EQ(written("resumed"), written("whole"));
}

TEST_F(EvalCli, ARewardProgramGivesEveryCompletionANumber) {
  ASSERT_TRUE(write_file(file("reward.py"),
                         "import json, sys\n"
                         "for line in sys.stdin:\n"
                         "  row = json.loads(line)\n"
                         "  assert row['completion'].startswith('<think>') and row['prompt']\n"
                         "  print(row['accuracy'] * 2 - 1)\n"));
  const Json json =
      result(r1("eval --tasks product:1 --n 8 --json --log {}/log --reward-program 'python3 {}/reward.py'"));
  ASSERT_NE(json.find("own_reward"), nullptr);
  EXPECT_DOUBLE_EQ(*json.find("own_reward")->number(), *json.find("pass@1")->number() * 2 - 1);
  EXPECT_NE(written("log").find("\"own_reward\": "), std::string::npos);
}

TEST_F(EvalCli, ARewardProgramThatFailsIsAnErrorAndItsCompletionsAreJudgedLater) {
  ASSERT_TRUE(write_file(file("reward.sh"), "while read x; do echo nan; done\n"));
  const std::string command = "eval --tasks product:1 --n 8 --json --log {}/log --reward-program 'sh {}/reward.sh'";
  const Outcome failed = r1(command);
  EXPECT_EQ(failed.code, 1);
  EXPECT_NE(failed.err.find("5 requests in a row failed"), std::string::npos) << failed.err;
  EXPECT_NE(failed.err.find("printed \"nan\", which is no finite number"), std::string::npos) << failed.err;
  EXPECT_EQ(failed.out.find("own_reward"), std::string::npos) << failed.out;
  ASSERT_TRUE(write_file(file("reward.sh"), "while read x; do echo 0.5; done\n"));
  const Json json = result(r1(command));
  EXPECT_EQ(number(json, "n"), 8);
  EXPECT_EQ(*json.find("own_reward")->number(), 0.5);
}

TEST_F(EvalCli, CtrlCDoesNotWaitForARewardProgramThatHangs) {
  EXPECT_EQ(bash("$R1 eval --tasks product:1 --n 4 --log $F/log --reward-program \"trap '' INT TERM; touch $F/asked; "
                 "while :; do sleep 1; done\" --reward-timeout 80000 > $F/table 2> $F/noise &\n"
                 "until [ -e $F/asked ] && [ -s $F/log ]; do sleep 0.01; done\n"
                 "kill -INT $!; wait $!"),
            130);
  EXPECT_NE(written("table").find("interrupted after 0 of 4 problems"), std::string::npos) << written("table");
}

TEST_F(EvalCli, ProgramsAreJudgedOrRefusedAtTheStart) {
  const Outcome o = r1("eval --data tests/data/eval/mbpp_full.jsonl -n 30 --json");
  if (o.code == 1 && o.err.find("judging programs") != std::string::npos) GTEST_SKIP() << o.err;
  const Json json = result(o);
  EXPECT_EQ(number(json, "n"), 10);
  EXPECT_EQ(number(json, "skipped"), 1);
  EXPECT_EQ(json.find("cons@k"), nullptr);
  EXPECT_NE(o.err.find("mbpp_full.jsonl:11: test_setup_code: uses a class Node"), std::string::npos) << o.err;
}

}  // namespace
}  // namespace r1
