#include "verify/rewards.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace r1 {
namespace {

TEST(Rewards, TheFormNeedsOneThoughtAtTheStartAndAnAnswerBehindIt) {
  EXPECT_TRUE(has_think_format(" \n<think>a</think>b"));
  for (const char* bad : {"", "<think>a</think>", "<think>a</think> \n", "a<think>b</think>c",
                          "<think>a<think>b</think>c", "<think>a</think>b</think>c", "</think>a<think>b", "<think>a"})
    EXPECT_FALSE(has_think_format(bad)) << bad;
}

TEST(Rewards, TheLanguageIsThatOfTheWordsOutsideFormulasAndCode) {
  EXPECT_EQ(language_consistency("two and three", Language::english), 1);
  EXPECT_EQ(language_consistency("two 和 three 三", Language::english), 0.5);
  EXPECT_EQ(language_consistency("我们 x", Language::chinese), 2.0 / 3);
  EXPECT_EQ(language_consistency("we get $x = 我$ and `код` \\(я\\) \\alpha 12 + 3 ```\nя\n``` so", Language::english),
            1);
  EXPECT_EQ(language_consistency("мы идём home", Language::english), 1.0 / 3);
  EXPECT_EQ(language_consistency("café", Language::english), 1);
}

TEST(Rewards, ThinkingWithoutWordsHasNoLanguage) {
  EXPECT_EQ(language_consistency("", Language::english), 0);
  EXPECT_EQ(language_consistency("12 + 3 = 15 ……", Language::chinese), 0);
}

TEST(Rewards, LengthIsFreeThenCostsAndNeverMoreThanOne) {
  EXPECT_EQ(soft_overlong(80, 100, 20), 0);
  EXPECT_EQ(soft_overlong(81, 100, 20), -0.05);
  EXPECT_EQ(soft_overlong(100, 100, 20), -1);
  EXPECT_EQ(soft_overlong(1'000'000, 100, 20), -1);
}

TEST(Rewards, RepetitionCountsRepeatedNGrams) {
  EXPECT_EQ(repetition("a b c", 2, -1), 0);
  EXPECT_EQ(repetition("a A a", 2, -1), -0.5);
  EXPECT_EQ(repetition("a", 2, -1), 0);
  EXPECT_EQ(repetition(std::array<i64, 4>{7, 7, 7, 7}, 1, -2), -1.5);
}

TEST(Rewards, BrokenTextIsNoDifficulty) {
  const std::string broken = "\xff\xc3\xe4\xb8 <think>\x80</think>\xf0\x9f";
  EXPECT_TRUE(language_consistency(broken, Language::english) >= 0);
  EXPECT_EQ(repetition(broken, 3, -1), 0);
  EXPECT_FALSE(has_think_format(broken));
}

}  // namespace
}  // namespace r1
