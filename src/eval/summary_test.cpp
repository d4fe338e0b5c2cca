#include "eval/summary.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "formats/json.hpp"

namespace r1 {
namespace {

GradedCompletion graded(bool right, const char* given) {
  GradedCompletion g;
  g.done = true, g.given = given;
  g.kind = right ? JudgementKind::right : JudgementKind::wrong;
  g.parts = {1, right ? 1.0 : 0.0, {}};
  return g;
}

TEST(PassAt, IsTheShareOfSubsetsWithARightOne) {
  // Counted over all subsets of size k, by brute force.
  for (i64 n = 1; n <= 8; ++n)
    for (i64 right = 0; right <= n; ++right)
      for (i64 k = 1; k <= n; ++k) {
        double hits = 0, all = 0;
        for (u32 set = 0; set < 1u << n; ++set) {
          if (__builtin_popcount(set) != k) continue;
          all += 1;
          hits += (set & ((1u << right) - 1)) != 0;
        }
        EXPECT_NEAR(pass_at(n, right, k), hits / all, 1e-14) << n << " " << right << " " << k;  // ten roundings
      }
}

TEST(ClusteredStderr, IsTheStandardDeviationOverTheRootOfProblems) {
  EXPECT_DOUBLE_EQ(clustered_stderr(std::vector<double>{0, 1, 0, 1}), std::sqrt((1.0 / 3) / 4));
  EXPECT_EQ(clustered_stderr(std::vector<double>{0.25, 0.25, 0.25}), 0);
  EXPECT_EQ(clustered_stderr(std::vector<double>{0.7}), 0);
}

TEST(Consensus, TheMostFrequentAnswerDecidesAndEqualValuesVoteTogether) {
  EXPECT_TRUE(consensus(std::vector{graded(false, "3"), graded(true, "0.5"), graded(true, "1/2")}, AnswerChecker{}));
  EXPECT_FALSE(consensus(std::vector{graded(true, "4"), graded(false, "5"), graded(false, "5")}, AnswerChecker{}));
  EXPECT_TRUE(consensus(std::vector{graded(true, "4"), graded(false, "5")}, AnswerChecker{}));  // a tie: the first
  EXPECT_FALSE(consensus(std::vector{graded(false, "5"), graded(true, "4")}, AnswerChecker{}));
  EXPECT_TRUE(consensus(std::vector{graded(false, ""), graded(false, ""), graded(true, "4")},
                        AnswerChecker{}));  // "" does not vote
  EXPECT_FALSE(consensus(std::vector{graded(false, "")}, AnswerChecker{}));
}

TEST(Summarise, CountsByProblemAndByKindAndLeavesOutWhatWasInterrupted) {
  std::vector<Problem> problems(4);
  problems[0].kind = problems[1].kind = "sum", problems[2].kind = "sort", problems[3].kind = "sort";
  std::vector<GradedCompletion> all{graded(true, "1"),  graded(true, "1"),  graded(false, "2"), graded(true, "3"),
                                    graded(false, "4"), graded(false, "5"), graded(true, "6"),  GradedCompletion{}};
  for (GradedCompletion& j : all) j.tokens = 10, j.thinking_tokens = 4;
  all[5].truncated = true;
  all[0].thinks = all[6].thinks = true;
  const EvalResult r = summarise(problems, all, 2);
  EXPECT_EQ(r.all.n, 3);
  EXPECT_DOUBLE_EQ(r.all.pass_at_1, 0.5);  // 1, 1/2, 0
  EXPECT_DOUBLE_EQ(r.all.standard_error, std::sqrt(0.25 / 3));
  EXPECT_DOUBLE_EQ(r.pass_at.at(2), 2.0 / 3);
  EXPECT_DOUBLE_EQ(*r.all.cons_at_k, 1.0 / 3);  // the second problem's tie goes to a wrong answer
  EXPECT_EQ(r.by_kind.at("sum").n, 2);
  EXPECT_DOUBLE_EQ(r.by_kind.at("sum").pass_at_1, 0.75);
  EXPECT_EQ(r.by_kind.at("sort").n, 1);
  EXPECT_EQ(r.by_difficulty.at({"sort", 1}).n, 1);
  EXPECT_EQ(r.truncated, 1);
  EXPECT_DOUBLE_EQ(r.mean_tokens, 10);
  EXPECT_DOUBLE_EQ(r.mean_thinking_tokens, 4);
  EXPECT_DOUBLE_EQ(r.thinks, 2.0 / 7);
}

TEST(HasThinking, OnlyTextBetweenTheTagsCounts) {
  EXPECT_TRUE(has_thinking("<think>\n1+1=2\n</think>\n\n2"));
  EXPECT_TRUE(has_thinking(" <think>1"));  // cut before its end
  EXPECT_FALSE(has_thinking("<think>\n\n</think>\n\n2"));
  EXPECT_FALSE(has_thinking("<think>\n"));
  EXPECT_FALSE(has_thinking("2"));
}

TEST(ToJson, HasTheDocumentedKeys) {
  std::vector<Problem> problems(1);
  const EvalResult r = summarise(problems, std::vector{graded(true, "1"), graded(false, "2")}, 2);
  const Json json = to_json(r);
  for (const char* key : {"n", "k", "pass@1", "stderr", "ci95", "pass@2", "cons@k", "format", "thinks",
                          "mean_thinking_tokens", "truncated", "unchecked", "verdicts"})
    EXPECT_NE(json.find(key), nullptr) << key;
  EXPECT_EQ(*json.find("pass@1")->number(), 0.5);
  EXPECT_EQ(*json.find("pass@2")->number(), 1.0);
}

TEST(Interval95, IsWilsonsForOneCompletionPerProblem) {
  // By hand: p = 8/10, z = 1.96, z^2 = 3.8415: (0.8 + 0.19207 ± 1.96 sqrt(0.016 + 0.0096037)) / 1.38415 is 0.4902 and
  // 0.9433. The same from Newcombe's table (Statistics in Medicine 17, 1998) for 15 of 148: 0.0624 to 0.1605.
  const auto of = [](i64 right, i64 n) {
    std::vector<double> means(static_cast<size_t>(n), 0);
    std::fill_n(means.begin(), right, 1);
    return interval95(static_cast<double>(right) / static_cast<double>(n), clustered_stderr(means), n, 1);
  };
  EXPECT_NEAR(of(8, 10).low, 0.4902, 5e-5);
  EXPECT_NEAR(of(8, 10).high, 0.9433, 5e-5);
  EXPECT_NEAR(of(15, 148).low, 0.0624, 5e-5);
  EXPECT_NEAR(of(15, 148).high, 0.1605, 5e-5);
  EXPECT_EQ(of(0, 12).low, 0);
  EXPECT_NEAR(of(0, 12).high, 3.8415 / (12 + 3.8415), 5e-5);
  EXPECT_EQ(of(12, 12).high, 1);
  EXPECT_EQ(interval95(0, 0, 0, 1).high, 1);
}

TEST(Interval95, SamplesOfOneProblemCountOnlyAsMuchAsTheyDiffer) {
  const auto width = [](const std::vector<double>& means, i64 k) {
    double p = 0;
    for (const double m : means) p += m / static_cast<double>(means.size());
    const Interval ci = interval95(p, clustered_stderr(means), std::ssize(means), k);
    return ci.high - ci.low;
  };
  const double one = width({0, 1, 0, 1, 0, 1, 0, 1}, 1);
  EXPECT_EQ(width({0, 1, 0, 1, 0, 1, 0, 1}, 16), one) << "always the same answer: as many as there are problems";
  const double half = width(std::vector<double>(8, 0.5), 4);
  EXPECT_EQ(half, width(std::vector<double>(8, 0.5), 4));
  EXPECT_LT(half, one) << "no difference between problems: as many as there are completions at most";
  EXPECT_GT(half, one / 3);
}

TEST(Summarise, UncheckedCompletionsLeaveTheirProblemOutAndAreCounted) {
  std::vector<Problem> problems(2);
  std::vector<GradedCompletion> all{graded(true, "1"), graded(false, "2"), graded(true, "1"), graded(true, "1")};
  all[1].kind = JudgementKind::unchecked, all[1].detail = "no sandbox";
  const EvalResult r = summarise(problems, all, 2);
  EXPECT_EQ(r.all.n, 1);
  EXPECT_EQ(r.all.pass_at_1, 1);
  EXPECT_EQ(r.unchecked(), 1);
  EXPECT_EQ(r.unchecked_detail, "no sandbox");
  EXPECT_EQ(r.verdicts.at(JudgementKind::right), 3);
}

TEST(Summarise, ProgramsDoNotVoteAndOwnRewardsHaveAMean) {
  std::vector<Problem> problems(2);
  problems[0].checker = problems[1].checker = ProgramChecker{};
  std::vector<GradedCompletion> all{graded(true, "a"), graded(false, "b"), graded(true, "c"), graded(true, "d")};
  for (size_t i = 0; i < 4; ++i) all[i].parts.own = static_cast<double>(i);
  const EvalResult r = summarise(problems, all, 2);
  EXPECT_FALSE(r.all.cons_at_k);
  EXPECT_EQ(to_json(r).find("cons@k"), nullptr);
  EXPECT_DOUBLE_EQ(*r.own_reward, 1.5);
  EXPECT_DOUBLE_EQ(r.own_reward_error, 1);  // of 0.5 and 2.5
}

TEST(Summarise, NothingFinishedIsZerosNotNaN) {
  std::vector<Problem> problems(2);
  const EvalResult r = summarise(problems, std::vector<GradedCompletion>(4), 2);
  EXPECT_EQ(r.all.n, 0);
  EXPECT_EQ(r.all.pass_at_1, 0);
  EXPECT_EQ(dump(to_json(r)).find("null"), std::string::npos);
}

}  // namespace
}  // namespace r1
