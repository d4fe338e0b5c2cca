#include "rl/curriculum.hpp"

#include <gtest/gtest.h>

namespace r1 {
namespace {

TEST(Curriculum, TheLevelsOfAKindShareItsWeightByWhatCanBeLearntFromThem) {
  const TaskMixture mixture = *parse_mixture("product:1-3=2,sort:1=1");
  const TaskMixture m = mixture_by_level(mixture, {{"product:1", 1.0}, {"product:2", 0.5}, {"sort:1", 1.0}});
  ASSERT_EQ(m.parts.size(), 4u);
  // p (1 - p) + 1/40: 0.025 at 1, 0.275 at 0.5 and where nothing is known.
  const double want[] = {2 * 0.025 / 0.575, 2 * 0.275 / 0.575, 2 * 0.275 / 0.575, 1};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(m.parts[i].weight, want[i], 1e-12) << i;
    EXPECT_EQ(m.parts[i].kind, i < 3 ? "product" : "sort");
    EXPECT_EQ(m.parts[i].min_difficulty, i < 3 ? static_cast<int>(i) + 1 : 1);
    EXPECT_EQ(m.parts[i].max_difficulty, m.parts[i].min_difficulty);
  }
}

TEST(Curriculum, TheShareOfALevelFollowsItsGroups) {
  Problem p;
  p.kind = "product", p.difficulty = 2;
  SolvedShares solved;
  observe(solved, p, 1);
  ASSERT_EQ(solved.size(), 1u);
  EXPECT_DOUBLE_EQ(solved.at("product:2"), 0.55);
  observe(solved, p, 0);
  EXPECT_DOUBLE_EQ(solved.at("product:2"), 0.495);
}

}  // namespace
}  // namespace r1
