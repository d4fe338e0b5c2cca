#include "rewards/judge.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tasks/problem_files.hpp"

namespace r1 {
namespace {

Problem problem(Checker checker) {
  Problem p;
  p.prompt = "?", p.checker = std::move(checker);
  return p;
}

Judgement judged(Judge& judge, const Problem& p, std::string text, TurnForm form = TurnForm::thinking) {
  judge.submit(7, p, {std::move(text), form});
  while (true)
    for (auto& [ticket, judgement] : judge.finished(std::chrono::seconds(1))) {
      EXPECT_EQ(ticket, 7u);
      EXPECT_FALSE(judge.busy());
      return std::move(judgement);
    }
}

TEST(Judge, TheFormGatesTheAnswer) {
  Judge judge = *Judge::open({}, false);
  const Problem p = problem(MathChecker{"1/2"});
  struct Case {
    const char* text;
    TurnForm form;
    JudgementKind kind;
    double format, reward;
  };
  const Case cases[] = {{"<think>\na\n</think>\n\n\\boxed{0.5}", TurnForm::thinking, JudgementKind::right, 1, 1},
                        {"<think>\na\n</think>\n\n\\boxed{3}", TurnForm::thinking, JudgementKind::wrong, 1, 0},
                        {"<think>\n\\boxed{0.5}\n</think>\n\n", TurnForm::thinking, JudgementKind::no_answer, 0, 0},
                        {"<think>\n\\boxed{0.5}", TurnForm::thinking, JudgementKind::no_answer, 0, 0},
                        {"\\boxed{0.5}", TurnForm::thinking, JudgementKind::right, 0, 0},
                        {"\\boxed{0.5}", TurnForm::plain, JudgementKind::right, 1, 1},
                        {"<think>a</think> \\boxed{0.5}", TurnForm::plain, JudgementKind::right, 0, 0},
                        {"", TurnForm::plain, JudgementKind::no_answer, 0, 0}};
  for (const Case& c : cases) {
    const Judgement j = judged(judge, p, c.text, c.form);
    EXPECT_EQ(name_of(j.kind), name_of(c.kind)) << c.text;
    EXPECT_EQ(j.parts.format, c.format) << c.text;
    EXPECT_EQ(j.parts.accuracy, c.kind == JudgementKind::right ? 1 : 0) << c.text;
    EXPECT_EQ(j.reward, c.reward) << c.text;
    EXPECT_FALSE(j.parts.own);
  }
  EXPECT_EQ(judged(judge, p, "<think>a</think>\\boxed{\\frac12}").given, "\\frac12");
}

TEST(Judge, DecliningIsRightWhereThereIsNoAnswerAndElsewhereAVerdictOfItsOwn) {
  Judge judge = *Judge::open({}, false);
  const std::string text = "<think>\na\n</think>\n\n" + make_problem("limits", 1, Split::train, 1, 0).reply;
  const auto kind = [&](Checker checker, const std::string& turn) {
    const Judgement j = judged(judge, problem(std::move(checker)), turn);
    EXPECT_EQ(j.parts.accuracy, j.kind == JudgementKind::right ? 1 : 0);
    return name_of(j.kind);
  };
  EXPECT_EQ(kind(ChatChecker{}, text), "right");
  EXPECT_EQ(kind(AnswerChecker{"1"}, text), "declined");
  EXPECT_EQ(kind(PhraseChecker{"Hello"}, text), "declined");
  EXPECT_EQ(kind(ProgramChecker{}, text), "declined");
  EXPECT_EQ(kind(AnswerChecker{"1"}, text + " \\boxed{2}"), "wrong");
  EXPECT_EQ(kind(PhraseChecker{"Hello"}, "<think>\na\n</think>\n\nHi"), "wrong");
}

TEST(Judge, ACompletionThatWasCutHasNeitherTheFormNorAnAnswer) {
  Judge judge = *Judge::open({}, false);
  const Problem p = problem(MathChecker{"1/2"});
  judge.submit(1, p, {.text = "<think>a</think>\\boxed{0.5}", .finished = false});
  const auto done = judge.finished();
  ASSERT_EQ(done.size(), 1u);
  const Judgement& j = done[0].judgement;
  EXPECT_EQ(j.kind, JudgementKind::no_answer);
  EXPECT_EQ(std::tuple(j.parts.format, j.parts.accuracy, j.reward), std::tuple(0.0, 0.0, 0.0));
  EXPECT_EQ(j.detail, "the completion was cut");
}

TEST(Judge, TheSolutionsOfGsm8kAreRightAndOtherNumbersAreWrong) {
  Judge judge = *Judge::open({}, false);
  const auto file = read_problems(std::filesystem::path(R1_SOURCE_DIR) / "tests/data/eval/gsm8k.jsonl");
  ASSERT_TRUE(file) << file.error().what;
  ASSERT_EQ(file->problems.size(), 15u);
  for (const Problem& p : file->problems) {
    EXPECT_EQ(judged(judge, p, "<think>\n</think>" + p.reply).reward, 1.0) << p.reply;
    EXPECT_EQ(judged(judge, p, "<think>\n</think>" + p.reply + "7").reward, 0.0) << p.reply;
    const std::string boxed = fmt::format("<think>\n</think>\\boxed{{{}}}", expected_answer(p.checker));
    EXPECT_EQ(judged(judge, p, boxed).reward, 1.0) << boxed;
  }
}

TEST(Judge, WhatCannotBeCheckedHasNoReward) {
  Judge judge = *Judge::open({}, false);
  for (const Problem& p : {problem(MathChecker{"1/0"}), problem(AnswerChecker{}), problem(CountdownChecker{})}) {
    const Judgement j = judged(judge, p, "<think>a</think>\\boxed{1}");
    EXPECT_EQ(j.kind, JudgementKind::unchecked);
    EXPECT_FALSE(j.reward);
    EXPECT_FALSE(j.parts.accuracy);
    EXPECT_NE(j.detail, "");
  }
}

TEST(Judge, KindsHaveNamesThatReadBack) {
  for (int k = 0; k <= static_cast<int>(JudgementKind::unchecked); ++k) {
    const auto kind = static_cast<JudgementKind>(k);
    EXPECT_EQ(judgement_kind_named(name_of(kind)), kind);
  }
  EXPECT_FALSE(judgement_kind_named("fine"));
}

TEST(Judge, OnlyProgramsNeedASandbox) {
  EXPECT_FALSE(needs_sandbox(std::vector{problem(ChatChecker{}), problem(MathChecker{"1"})}));
  EXPECT_TRUE(needs_sandbox(std::vector{problem(ChatChecker{}), problem(ProgramChecker{})}));
}

class JudgeOfPrograms : public testing::Test {
 protected:
  void SetUp() override {
    auto judge = Judge::open({}, true);
    if (!judge && judge.error().code == Errc::unsupported) GTEST_SKIP() << judge.error().what;
    ASSERT_TRUE(judge) << judge.error().what;
    judge_.emplace(std::move(*judge));
  }
  std::string kind(const Problem& p, const std::string& answer) {
    const Judgement j = judged(*judge_, p, "<think>a</think>" + answer);
    EXPECT_EQ(j.reward, j.kind == JudgementKind::unchecked ? std::nullopt
                                                           : std::optional(j.kind == JudgementKind::right ? 1.0 : 0.0));
    return std::string(name_of(j.kind));
  }
  std::optional<Judge> judge_;
};

TEST_F(JudgeOfPrograms, KindsSayHowAProgramFailed) {
  const Problem p = problem(ProgramChecker{ProgramLanguage::python, ProgramAsserts{"assert f(2) == 4", "", "f", ""}});
  EXPECT_EQ(kind(p, "```python\ndef f(x): return x * x\n```"), "right");
  EXPECT_EQ(kind(p, "```python\ndef f(x): return x\n```"), "wrong");
  EXPECT_EQ(kind(p, "```python\ndef f(x) return x\n```"), "compile");
  EXPECT_EQ(kind(p, "```python\ndef g(x): return x\n```"), "crash");
  EXPECT_EQ(kind(p, "```python\ndef f(x): return bytearray(1 << 40)\n```"), "memory");
  EXPECT_EQ(kind(p, "def f(x): return x * x"), "no_answer");
  EXPECT_EQ(kind(p, "```cpp\nint f;\n```"), "no_answer");
  const Problem refused = problem(ProgramChecker{ProgramLanguage::python, ProgramAsserts{"", "", "", ""}});
  EXPECT_EQ(kind(refused, "```python\na = 1\n```"), "unchecked");
}

TEST_F(JudgeOfPrograms, ATestThatPassesMoreThanPlainDataGivesNoReward) {  // as row 533 of MBPP
  const Problem p =
      problem(ProgramChecker{ProgramLanguage::python, ProgramAsserts{"assert f([1, 'a'], int) == ['a']", "", "f", ""}});
  EXPECT_EQ(kind(p, "```python\ndef f(xs, t): return [x for x in xs if not isinstance(x, t)]\n```"), "unchecked");
}

TEST_F(JudgeOfPrograms, CasesAreInputsAndOutputs) {
  const Problem sum = problem(ProgramChecker{ProgramLanguage::python, ProgramCases{{{"1 2\n", "3"}, {"4 5", "9"}}, 0}});
  EXPECT_EQ(kind(sum, "```\nprint(sum(map(int, input().split())))\n```"), "right");
  EXPECT_EQ(kind(sum, "```\nprint(3)\n```"), "wrong");
  const Problem half = problem(ProgramChecker{ProgramLanguage::cpp, ProgramCases{{{"1", "0.5"}}, 1e-3}});
  EXPECT_EQ(kind(half, "```cpp\n#include <cstdio>\nint main() { std::puts(\"0.4999\"); }\n```"), "right");
}

TEST_F(JudgeOfPrograms, AProgramBeginsWithWhatThePromptGives) {
  ProgramAsserts tests{"assert root([4, 9]) == [2, 3]", "", "root", ""};
  tests.preamble = "import math\n\ndef root(xs):\n    \"\"\"The roots.\"\"\"\n";
  const Problem p = problem(ProgramChecker{ProgramLanguage::python, tests});
  EXPECT_EQ(kind(p, "```python\n    return [math.isqrt(x) for x in xs]\n```"), "right") << "the body alone";
  EXPECT_EQ(kind(p, "```python\ndef root(xs):\n    return [math.isqrt(x) for x in xs]\n```"), "right");
  EXPECT_EQ(kind(p,
                 "```python\nfrom __future__ import annotations\ndef root(xs: list[int]):\n"
                 "    return [math.isqrt(x) for x in xs]\n```"),
            "right");
}

// A program whose verdict is drawn at random shows how often it was run.
TEST_F(JudgeOfPrograms, EqualProgramsOfAProblemAreRunOnce) {
  const Problem p = problem(ProgramChecker{ProgramLanguage::python, ProgramCases{{{"", "1"}}, 0}});
  const std::string random = "<think>a</think>```\nimport random\nprint(random.randint(1, 2))\n```";
  for (u64 ticket = 0; ticket < 24; ++ticket) judge_->submit(ticket, p, {random, TurnForm::thinking});
  std::set<JudgementKind> kinds;
  size_t judged = 0;
  while (judge_->busy())
    for (const auto& [ticket, judgement] : judge_->finished(std::chrono::seconds(1)))
      kinds.insert(judgement.kind), ++judged;
  EXPECT_EQ(judged, 24u);
  EXPECT_EQ(kinds.size(), 1u);
}

TEST_F(JudgeOfPrograms, SubmittingDoesNotWaitForVerdicts) {
  const Problem slow = problem(ProgramChecker{ProgramLanguage::python, ProgramCases{{{"", "1"}}, 0}});
  const Problem quick = problem(AnswerChecker{"1"});
  judge_->submit(0, slow, {"<think>a</think>```\nimport time\ntime.sleep(1)\nprint(1)\n```", TurnForm::thinking});
  judge_->submit(1, quick, {"<think>a</think>\\boxed{1}", TurnForm::thinking});
  std::vector<u64> order;
  while (judge_->busy())
    for (const auto& [ticket, judgement] : judge_->finished(std::chrono::seconds(1))) {
      order.push_back(ticket);
      EXPECT_EQ(judgement.kind, JudgementKind::right) << judgement.detail;
    }
  EXPECT_EQ(order, (std::vector<u64>{1, 0}));
}

}  // namespace
}  // namespace r1
