#include "eval/summary.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "formats/json.hpp"

namespace r1 {
namespace {

GradedCompletion graded(bool right, const char* given) {
  GradedCompletion g;
  g.done = true, g.right = right, g.given = given;
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
  const EvalResult r = summarise(problems, all, 2);
  EXPECT_EQ(r.all.n, 3);
  EXPECT_DOUBLE_EQ(r.all.pass_at_1, 0.5);  // 1, 1/2, 0
  EXPECT_DOUBLE_EQ(r.all.standard_error, std::sqrt(0.25 / 3));
  EXPECT_DOUBLE_EQ(r.pass_at.at(2), 2.0 / 3);
  EXPECT_DOUBLE_EQ(r.all.cons_at_k, 1.0 / 3);  // the second problem's tie goes to a wrong answer
  EXPECT_EQ(r.by_kind.at("sum").n, 2);
  EXPECT_DOUBLE_EQ(r.by_kind.at("sum").pass_at_1, 0.75);
  EXPECT_EQ(r.by_kind.at("sort").n, 1);
  EXPECT_EQ(r.by_difficulty.at({"sort", 1}).n, 1);
  EXPECT_EQ(r.truncated, 1);
  EXPECT_DOUBLE_EQ(r.mean_tokens, 10);
  EXPECT_DOUBLE_EQ(r.mean_thinking_tokens, 4);
}

TEST(ToJson, HasTheDocumentedKeys) {
  std::vector<Problem> problems(1);
  const EvalResult r = summarise(problems, std::vector{graded(true, "1"), graded(false, "2")}, 2);
  const auto json = parse_json(to_json(r), "eval");
  ASSERT_TRUE(json);
  for (const char* key : {"n", "k", "pass@1", "stderr", "pass@2", "cons@k", "mean_thinking_tokens", "truncated"})
    EXPECT_NE(json->find(key), nullptr) << key;
  EXPECT_EQ(*json->find("pass@1")->number(), 0.5);
  EXPECT_EQ(*json->find("pass@2")->number(), 1.0);
}

TEST(Summarise, NothingFinishedIsZerosNotNaN) {
  std::vector<Problem> problems(2);
  const EvalResult r = summarise(problems, std::vector<GradedCompletion>(4), 2);
  EXPECT_EQ(r.all.n, 0);
  EXPECT_EQ(r.all.pass_at_1, 0);
  EXPECT_EQ(to_json(r).find("null"), std::string::npos);
}

}  // namespace
}  // namespace r1
