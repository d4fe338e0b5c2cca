#include "rl/rollout.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace r1 {
namespace {

TEST(Rollout, ADrawnTokenIsTheTargetOfTheRowBeforeItAndAForcedOneOfNone) {
  const std::vector<i32> prompt = {5, 6, 7}, drawn = {8, 9, 3};
  const std::vector<float> logprobs = {-0.5f, NAN, -2};
  const Document d = rollout_document(prompt, drawn, logprobs);
  EXPECT_EQ(d.tokens, (std::vector<i32>{5, 6, 7, 8, 9, 3}));
  EXPECT_EQ(d.targets, (std::vector<i32>{-1, -1, 8, -1, 3, -1}));
  EXPECT_EQ(d.old_logprobs, (std::vector<float>{0, 0, -0.5f, 0, -2, 0}));
}

}  // namespace
}  // namespace r1
