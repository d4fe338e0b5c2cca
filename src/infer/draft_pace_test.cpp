#include "infer/draft_pace.hpp"

#include <gtest/gtest.h>

namespace r1 {
namespace {

TEST(DraftPace, NothingPaysBeforeAStepWithoutDraftsWasMeasured) {
  DraftPace pace;
  EXPECT_FALSE(pace.pays(1, 1));
  pace.measured(1, 0, 0.1);
  EXPECT_TRUE(pace.pays(1, 0.01)) << "a row of drafts was never measured";
  EXPECT_FALSE(pace.pays(2, 1)) << "a step of two sequences was not measured";
}

TEST(DraftPace, ARowPaysIfItsChanceIsWorthItsTime) {
  DraftPace pace;
  for (int i = 0; i < 100; ++i) pace.measured(1, 0, 0.1), pace.measured(1, 4, 0.1 + 4 * 0.02);
  EXPECT_TRUE(pace.pays(1, 0.25));
  EXPECT_FALSE(pace.pays(1, 0.15)) << "a fifth of a step must be won";
  for (int i = 0; i < 100; ++i) pace.measured(4, 0, 0.1);
  EXPECT_TRUE(pace.pays(4, 0.85)) << "a token of four takes a quarter of a step";
  EXPECT_FALSE(pace.pays(4, 0.75));
}

TEST(DraftPace, WhereEveryRowTakesAsLongAsAStepNothingPays) {
  DraftPace pace;
  for (int i = 0; i < 100; ++i) pace.measured(1, 0, 0.1), pace.measured(1, 3, 0.4);
  EXPECT_FALSE(pace.pays(1, 0.95));
}

TEST(DraftPace, AStepWithoutDraftsIsMeasuredAgainFromTimeToTime) {
  DraftPace pace;
  pace.measured(1, 0, 0.1);
  int steps = 0;
  for (; pace.pays(1, 1); ++steps) pace.measured(1, 1, 0.1);
  EXPECT_GE(steps, 32);
  EXPECT_LE(steps, 128);
  pace.measured(1, 0, 0.1);
  EXPECT_TRUE(pace.pays(1, 1));
}

TEST(DraftPace, AModulePaysIfItsGuessIsWorthItsTimeAndThatOfARow) {
  DraftPace pace;
  EXPECT_TRUE(pace.module_pays(1, 0.01)) << "nothing was measured";
  for (int i = 0; i < 100; ++i) pace.measured(1, 0, 0.1), pace.measured(1, 1, 0.1 + 0.03);
  EXPECT_TRUE(pace.module_pays(1, 0.01)) << "the module was not measured";
  for (int i = 0; i < 100; ++i) pace.module_measured(1, 0.02);
  EXPECT_TRUE(pace.module_pays(1, 0.55));
  EXPECT_FALSE(pace.module_pays(1, 0.45)) << "half of a step must be won";
  EXPECT_FALSE(pace.module_pays(DraftPace::kMostDecodes + 1, 1));
}

TEST(DraftPace, ManySequencesHaveNoDrafts) {
  DraftPace pace;
  const i64 many = DraftPace::kMostDecodes + 1;
  pace.measured(many, 0, 0.1), pace.measured(0, 0, 0.1);
  EXPECT_FALSE(pace.pays(many, 1));
  EXPECT_FALSE(pace.pays(0, 1));
}

}  // namespace
}  // namespace r1
