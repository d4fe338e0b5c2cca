#include "serve/answers/votes.hpp"

#include <gtest/gtest.h>

namespace r1 {
namespace {

Votes votes_of(std::vector<std::string> texts) { return count_votes(texts); }

TEST(Votes, AnswersOfOneValueAgreeHoweverTheyAreWritten) {
  const Votes votes =
      votes_of({"It is \\boxed{7}.", "The answer is \\boxed{\\frac{1}{2}}.", "so 0.5", "", "\\boxed{2/4}"});
  EXPECT_EQ(votes.group, (std::vector<i64>{0, 1, 1, -1, 1}));
  EXPECT_EQ(votes.winner, 1);
  EXPECT_EQ(votes.agreeing, 3);
}

TEST(Votes, OfEquallyLargeGroupsTheFirstWins) {
  const Votes votes = votes_of({"\\boxed{1}", "\\boxed{2}", "\\boxed{2}", "\\boxed{1}"});
  EXPECT_EQ(votes.winner, 0);
  EXPECT_EQ(votes.agreeing, 2);
}

TEST(Votes, WithoutAnyAnswerNobodyAgrees) {
  const Votes votes = votes_of({"", " \n"});
  EXPECT_EQ(votes.agreeing, 0);
  EXPECT_EQ(votes.winner, 0);
}

}  // namespace
}  // namespace r1
