// Rewards from a program, and every way in which such a program can fail.
#include "rewards/reward_program.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include "core/file.hpp"
#include "core/test_folder.hpp"
#include "formats/json.hpp"
#include "rewards/judge.hpp"

namespace r1 {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatient(60'000);

class RewardPrograms : public testing::Test {
 protected:
  // A command that runs this Python program.
  std::string python(const std::string& program) {
    EXPECT_TRUE(write_file(folder_.path() / "reward.py", program));
    return fmt::format("python3 {}/reward.py", folder_.path().string());
  }
  static Result<double> ask(RewardProgram& program, const std::string& line = "{}\n") {
    return program.submit(line).get();
  }
  // The error of the first request to a program.
  static std::string failure(const std::string& command, milliseconds timeout = kPatient) {
    auto program = RewardProgram::start(command, timeout);
    if (!program) return program.error().what;
    const auto answer = ask(*program);
    return answer ? fmt::format("{}", *answer) : answer.error().what;
  }
  const TestFolder folder_;
};

TEST_F(RewardPrograms, OneNumberALineComesBackInOrder) {
  auto program = RewardProgram::start(
      python("import sys, json\nfor line in sys.stdin: print(len(json.loads(line)['completion']) / 2)\n"), kPatient);
  ASSERT_TRUE(program) << program.error().what;
  std::vector<std::future<Result<double>>> answers;
  for (int i = 0; i < 20; ++i)
    answers.push_back(program->submit(fmt::format("{{\"completion\":\"{}\"}}\n", std::string(i, 'x'))));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(*answers[i].get(), i / 2.0);
  // More than a pipe holds, both ways at once.
  EXPECT_EQ(*ask(*program, fmt::format("{{\"completion\":\"{}\"}}\n", std::string(1 << 20, 'x'))), 1 << 19);
  for (const auto& [text, number] : {std::pair{"-1", -1.0}, {"+0.5", 0.5}, {"1e-3", 1e-3}, {" 2 ", 2}, {"3\\r", 3}})
    EXPECT_EQ(failure(fmt::format("while read x; do printf '%b\\n' '{}'; done", text)), fmt::format("{}", number));
}

TEST_F(RewardPrograms, FailuresAreErrorsAndSayWhatHappened) {
  const auto expect = [](const std::string& error, const char* part) {
    EXPECT_NE(error.find(part), std::string::npos) << error;
  };
  expect(failure("no-such-program --fast"), "exit code 127; the last line on its stderr: /bin/sh: 1: no-such-program");
  expect(failure(python("import sys\ninput()\nsys.exit('cannot load the table')")),
         "ended with exit code 1; the last line on its stderr: cannot load the table");
  expect(failure("read x; kill -9 $$"), "ended by signal 9");
  expect(failure("read x; echo high"), "printed \"high\", which is no finite number");
  for (const char* text : {"nan", "inf", "-inf", "1e999", "", "1 2", "0x10", "1,5"})
    expect(failure(fmt::format("read x; echo '{}'; read x", text)), "which is no finite number");
  expect(failure("read x; printf '1\\n2\\n'; read x"), "more than one line");
  expect(failure("read x; exec sleep 1000", milliseconds(300)), "no answer within 0.3 s");
  expect(failure("exec sleep 1000", milliseconds(300)), "no answer within 0.3 s");
  expect(failure("read x; printf 1; exec sleep 1000", milliseconds(300)), "no answer within 0.3 s");
  expect(failure("read x; exec >&-; exec sleep 1000"), "closed its output");
  expect(failure("read x; exec cat /dev/zero"), "a line of more than 65535 bytes");
}

TEST_F(RewardPrograms, ANumberWithoutARequestIsNoAnswerToTheNextOne) {
  const auto printed = folder_.path() / "printed";
  auto program = RewardProgram::start(fmt::format("echo 1; touch {}; exec sleep 1000", printed.string()), kPatient);
  ASSERT_TRUE(program);
  while (!std::filesystem::exists(printed)) std::this_thread::yield();
  const auto answer = ask(*program);
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().what.find("printed 1\\n without a request"), std::string::npos) << answer.error().what;
}

TEST_F(RewardPrograms, AProgramThatDiedIsStartedAgain) {
  // Dies at every second request.
  auto program = RewardProgram::start("read x; echo 1; read x; exit 3", kPatient);
  ASSERT_TRUE(program);
  for (int i = 0; i < 12; ++i) {
    const auto answer = ask(*program);
    EXPECT_EQ(answer.has_value(), i % 2 == 0) << i;
  }
  EXPECT_TRUE(program->health());
}

TEST_F(RewardPrograms, AfterFailuresInARowItIsNotStartedAnyMore) {
  auto program =
      RewardProgram::start(fmt::format("echo x >> {}/starts; read x; exit 3", folder_.path().string()), kPatient);
  ASSERT_TRUE(program);
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(ask(*program));
  ASSERT_FALSE(program->health());
  EXPECT_NE(program->health().error().what.find("5 requests in a row failed, the last one: the reward program ended"),
            std::string::npos)
      << program->health().error().what;
  EXPECT_EQ(read_file(folder_.path() / "starts")->size(), 2u * RewardProgram::kMostFailures);
}

TEST_F(RewardPrograms, ClosingDoesNotWaitForADeadlineAndLeavesNoProcess) {
  const auto pid_file = folder_.path() / "pid";
  std::future<Result<double>> answer;
  {
    auto program = RewardProgram::start(
        fmt::format("trap '' INT TERM; echo $$ > {}; sleep 1000 & wait; wait", pid_file.string()), kPatient * 60);
    ASSERT_TRUE(program);
    answer = program->submit("{}\n");
    while (!std::filesystem::exists(pid_file) || read_file(pid_file)->empty()) std::this_thread::yield();
  }
  EXPECT_EQ(answer.get().error().what, "the reward program was stopped");
  EXPECT_NE(kill(std::stoi(*read_file(pid_file)), 0), 0);
}

TEST_F(RewardPrograms, TheJudgeShowsItTheRowAndTheOtherParts) {
  JudgeOptions options;
  options.reward_program =
      python(fmt::format("import sys, json\n"
                         "for line in sys.stdin:\n"
                         "  row = json.loads(line)\n"
                         "  json.dump(row, open('{}/seen', 'w'))\n"
                         "  print(row['accuracy'] - 2 if row['id'] == 'a' else 'none')\n",
                         folder_.path().string()));
  auto judge = Judge::open(options, false);
  ASSERT_TRUE(judge) << judge.error().what;
  Problem p;
  p.prompt = "1/2", p.checker = MathChecker{"0.5"}, p.id = "a";
  const auto judged = [&] {
    judge->submit(0, p, {"<think>x</think>\\boxed{\\frac12}", TurnForm::thinking});
    while (true)
      for (auto& [ticket, judgement] : judge->finished(std::chrono::seconds(1))) return std::move(judgement);
  };
  const Judgement own = judged();
  EXPECT_EQ(own.kind, JudgementKind::right) << own.detail;
  EXPECT_EQ(own.parts.accuracy, 1.0);
  EXPECT_EQ(own.parts.own, -1.0);
  EXPECT_EQ(own.reward, -1.0);
  const Json seen = *read_json(folder_.path() / "seen");
  for (const auto& [key, value] : {std::pair<const char*, Json>{"prompt", "1/2"},
                                   {"id", "a"},
                                   {"answer", "0.5"},
                                   {"completion", "<think>x</think>\\boxed{\\frac12}"},
                                   {"finished", true},
                                   {"format", 1.0},
                                   {"accuracy", 1.0}})
    EXPECT_EQ(dump(*seen.find(key)), dump(value)) << key;
  p.id = "b";
  const Judgement failed = judged();
  EXPECT_EQ(failed.kind, JudgementKind::unchecked);
  EXPECT_EQ(failed.parts.accuracy, 1.0);
  EXPECT_FALSE(failed.reward);
  EXPECT_NE(failed.detail.find("printed \"none\""), std::string::npos) << failed.detail;
}

}  // namespace
}  // namespace r1
