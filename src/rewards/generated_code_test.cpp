// Problems of the kind "code": Python gives what their meaning in C++ says, and near misses are wrong.
#include <gtest/gtest.h>

#include <set>

#include "rewards/judge.hpp"
#include "tasks/code.hpp"

namespace r1 {
namespace {

class GeneratedCode : public testing::Test {
 protected:
  void SetUp() override {
    auto judge = Judge::open({}, true);
    if (!judge && judge.error().code == Errc::unsupported) GTEST_SKIP() << judge.error().what;
    ASSERT_TRUE(judge) << judge.error().what;
    judge_.emplace(std::move(*judge));
  }
  std::vector<Judgement> judged(const std::vector<Problem>& problems, const std::vector<std::string>& completions) {
    for (size_t i = 0; i < problems.size(); ++i)
      judge_->submit(i, problems[i], {"<think>\n" + completions[i], TurnForm::thinking});
    std::vector<Judgement> out(problems.size());
    while (judge_->busy())
      for (auto& [ticket, judgement] : judge_->finished(std::chrono::seconds(1))) out[ticket] = std::move(judgement);
    return out;
  }
  std::optional<Judge> judge_;
};

// A problem whose pipeline is the given one, with tests of many arguments.
Problem problem_with_many_tests(const CodePipeline& pipeline, const std::vector<CodeValue>& arguments) {
  const CodeNames names{"f", pipeline[0].part->from == CodeType::pair ? std::vector<std::string>{"a", "b"}
                                                                      : std::vector<std::string>{"v"}};
  Problem p;
  p.trace = "-";
  p.reply = "```python\n" + python_of(pipeline, names) + "```";
  p.checker = ProgramChecker{ProgramLanguage::python,
                             ProgramAsserts{code_tests({pipeline, names, 0, "", arguments}), {}, "f", {}}};
  return p;
}

TEST_F(GeneratedCode, TheReferenceAnswerOfEveryProblemIsRight) {
  std::vector<Problem> problems;
  std::vector<std::string> completions;
  for (int difficulty = 1; difficulty <= 4; ++difficulty)
    for (u64 i = 0; i < 60; ++i) {
      problems.push_back(make_problem("code", difficulty, i % 4 == 0 ? Split::test : Split::train, 21, i));
      completions.push_back(completion_of(problems.back()));
    }
  const std::vector<Judgement> judgements = judged(problems, completions);
  for (size_t i = 0; i < problems.size(); ++i) {
    EXPECT_EQ(name_of(judgements[i].kind), "right") << problems[i].prompt << "\n" << judgements[i].detail;
    EXPECT_EQ(judgements[i].reward, 1.0) << completions[i];
  }
}

// One program for each part: what Python returns for thirty arguments and more is what the part's meaning says.
TEST_F(GeneratedCode, EveryPartMeansTheSameInPythonAndInCpp) {
  std::vector<Problem> problems;
  std::vector<std::string> completions;
  std::set<const CodePart*> seen;
  u64 stream = 0;
  for (int difficulty = 1; difficulty <= 4; ++difficulty)
    for (const CodeShape& shape : code_shapes(difficulty)) {
      const bool is_new = std::any_of(shape.begin(), shape.end(), [&](const CodePart* p) { return !seen.count(p); });
      if (!is_new) continue;
      seen.insert(shape.begin(), shape.end());
      Random r(5, Purpose::test, ++stream);
      const auto useful = useful_pipeline(shape, r);
      ASSERT_TRUE(useful) << shape[0]->id;
      EXPECT_GT(useful->arguments.size(), 20u);
      problems.push_back(problem_with_many_tests(useful->pipeline, useful->arguments));
      completions.push_back(completion_of(problems.back()));
    }
  EXPECT_EQ(seen.size(), number_parts().size() + string_parts().size());
  const std::vector<Judgement> judgements = judged(problems, completions);
  for (size_t i = 0; i < problems.size(); ++i)
    EXPECT_EQ(name_of(judgements[i].kind), "right") << problems[i].reply << "\n" << judgements[i].detail;
}

// Two mutants of one problem for each part: a near miss, and a change of the program's text.
TEST_F(GeneratedCode, MutantsAreWrong) {
  // Text changes that share nothing with the parts. Each changes what the program returns for some argument of a test.
  const std::pair<const char*, const char*> changes[] = {
      {" <= x", " < x"},      {"x > ", "x >= "},          {"x < ", "x <= "},        {"x >= ", "x > "},
      {"x <= ", "x < "},      {" == 0", " != 0"},         {" == 1", " == 0"},       {" != ", " == "},
      {"p *= ", "p += "},     {"p = 1", "p = 2"},         {"[::-1]", "[::1]"},      {"[1:]", "[2:]"},
      {"[:-1]", "[:-2]"},     {"[::2]", "[1::2]"},        {" * ", " + "},           {" + ", " - "},
      {"max(", "min("},       {"min(", "max("},           {"sum(", "len("},         {"len(", "1 + len("},
      {"abs(", "("},          {"return ", "return not "}, {".upper()", ".lower()"}, {"'aeiou'", "'aeio'"},
      {"''.join", "' '.join"}};
  std::vector<Problem> problems;
  std::vector<std::string> completions;
  std::set<const CodePart*> seen;
  const auto add = [&](const CodeDraft& d, const std::string& program) {
    Problem p = problem_with_many_tests(d.pipeline, d.arguments);
    p.checker = ProgramChecker{ProgramLanguage::python, ProgramAsserts{code_tests(d), {}, d.names.function, {}}};
    problems.push_back(std::move(p));
    completions.push_back("-\n</think>\n\n```python\n" + program + "```");
  };
  size_t texts = 0, without_mutant = 0;
  for (int difficulty = 1; difficulty <= 4; ++difficulty)
    for (u64 i = 0; i < 400; ++i) {
      Random r(6, Purpose::test, i);
      const CodeDraft d = draft_code_pipeline(r, difficulty);
      const bool is_new =
          std::any_of(d.pipeline.begin(), d.pipeline.end(), [&](const CodeStep& s) { return !seen.count(s.part); });
      if (!is_new) continue;
      for (const CodeStep& s : d.pipeline) seen.insert(s.part);
      // Of the near misses that differ for some argument of the tests, one.
      std::vector<CodePipeline> wrong;
      for (const CodePipeline& near : near_misses(d.pipeline))
        for (const CodeValue& a : d.arguments)
          if (run_pipeline(near, a) != run_pipeline(d.pipeline, a)) {
            wrong.push_back(near);
            break;
          }
      if (!wrong.empty()) add(d, python_of(wrong[r.below(static_cast<u32>(wrong.size()))], d.names));
      const size_t before = texts;
      const std::string own = python_of(d.pipeline, d.names);
      for (const auto& [from, to] : changes)
        if (const size_t at = own.find(from); at != own.npos) {
          add(d, std::string(own).replace(at, std::string_view(from).size(), to));
          ++texts;
          break;
        }
      without_mutant += wrong.empty() && texts == before;
    }
  EXPECT_EQ(without_mutant, 0u);
  EXPECT_EQ(seen.size(), number_parts().size() + string_parts().size());
  EXPECT_GT(texts, 40u);
  const std::vector<Judgement> judgements = judged(problems, completions);
  for (size_t i = 0; i < problems.size(); ++i) {
    const JudgementKind kind = judgements[i].kind;
    EXPECT_TRUE(kind == JudgementKind::wrong || kind == JudgementKind::crash) << name_of(kind) << "\n"
                                                                              << problems[i].reply << "\n"
                                                                              << completions[i] << "\n"
                                                                              << judgements[i].detail;
    EXPECT_EQ(judgements[i].reward, 0.0);
  }
}

}  // namespace
}  // namespace r1
