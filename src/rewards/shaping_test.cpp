#include "rewards/shaping.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace r1 {
namespace {

constexpr RewardShaping kAll{.overlong_weight = 0.5,
                             .length_weight = 0.25,
                             .language_weight = 0.125,
                             .repetition_weight = 2,
                             .limit = 100,
                             .overlong_tokens = 20,
                             .repetition_words = 1};

Judgement judged(JudgementKind kind, double format) {
  Judgement j;
  j.kind = kind;
  j.parts.format = format;
  j.reward = kind == JudgementKind::right ? format : 0;
  return j;
}

std::vector<double> values(const RewardShaping& shaping, const ShapedSample& sample, const Judgement& j) {
  std::vector<double> out;
  for (const ShapingPart& part : shaping_parts(shaping, sample, j)) out.push_back(part.value);
  return out;
}

// 90 of 100 tokens: half of the last 20 are used, and half a cosine has fallen to (cos 0.9π − 1) / 2. Of the thinking's
// four words three are English; of the text's five words one is a repeated one.
TEST(Shaping, EachPartHasItsOwnValueAndWeight) {
  const ShapedSample sample{.text = "so we add 好 add", .thinking = "so we add 好", .tokens = 90};
  const Judgement right = judged(JudgementKind::right, 1);
  const auto parts = shaping_parts(kAll, sample, right);
  ASSERT_EQ(parts.size(), 4u);
  const double length = (std::cos(0.9 * M_PI) - 1) / 2;
  const double want[] = {-0.5, length, 0.75, -0.2}, weights[] = {0.5, 0.25, 0.125, 2};
  const std::string_view names[] = {"overlong", "length_penalty", "language", "repetition"};
  double sum = 1;
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(parts[i].name, names[i]);
    EXPECT_EQ(parts[i].weight, weights[i]);
    EXPECT_NEAR(parts[i].value, want[i], 1e-12) << names[i];
    sum += weights[i] * want[i];
  }
  EXPECT_NEAR(*shaped_reward(right.reward, parts), sum, 1e-12);
  EXPECT_FALSE(shaped_reward(std::nullopt, parts));
}

TEST(Shaping, WithoutTheFormTheLanguageIsWorthNothingAndPenaltiesCount) {
  const ShapedSample sample{.text = "add add", .thinking = "add add", .tokens = 100};
  EXPECT_EQ(values(kAll, sample, judged(JudgementKind::no_answer, 0)), (std::vector<double>{-1, 0, 0, -0.5}));
  EXPECT_EQ(values(kAll, sample, judged(JudgementKind::wrong, 1)), (std::vector<double>{-1, 0, 1, -0.5}));
}

TEST(Shaping, DecliningWhatHasAnAnswerIsWorthMoreThanAWrongAnswerAndLessThanTheRightOne) {
  const RewardShaping shaping{.declined_weight = 0.125};
  const auto reward = [&](JudgementKind kind, double format) {
    const Judgement j = judged(kind, format);
    return *shaped_reward(j.reward, shaping_parts(shaping, {}, j));
  };
  EXPECT_EQ(reward(JudgementKind::right, 1), 1);
  EXPECT_EQ(reward(JudgementKind::declined, 1), 0.125);
  EXPECT_EQ(reward(JudgementKind::declined, 0), 0);
  EXPECT_EQ(reward(JudgementKind::wrong, 1), 0);
}

TEST(Shaping, APartWithoutWeightIsNotThere) {
  const ShapedSample sample{.text = "add", .thinking = "", .tokens = 3};
  EXPECT_TRUE(shaping_parts({}, sample, judged(JudgementKind::right, 1)).empty());
  EXPECT_EQ(values({.repetition_weight = 1}, sample, judged(JudgementKind::right, 1)), std::vector<double>{0});
}

}  // namespace
}  // namespace r1
