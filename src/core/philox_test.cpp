#include "core/philox.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace r1 {
namespace {

using Block = std::array<u32, 4>;

TEST(Philox, GivesThePublishedKnownAnswers) {  // from the file kat_vectors of the Random123 library
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr u32 kOnes = 0xffffffff;
  EXPECT_EQ(philox({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, StreamsPurposesAndSeedsShareNoNumbers) {
  const u64 base = Random(1, Purpose::test).next_u64();
  EXPECT_EQ(Random(1, Purpose::test).next_u64(), base);
  EXPECT_NE(Random(2, Purpose::test).next_u64(), base);
  EXPECT_NE(Random(u64{1} << 32 | 1, Purpose::test).next_u64(), base);
  EXPECT_NE(Random(1, Purpose::data).next_u64(), base);
  EXPECT_NE(Random(1, Purpose::test, 1).next_u64(), base);
  EXPECT_NE(Random(1, Purpose::test, u64{1} << 32).next_u64(), base);
}

TEST(Philox, BelowIsUniformAndBetweenReachesBothEnds) {
  Random random(3, Purpose::test);
  std::array<int, 7> count{};
  constexpr int kDraws = 70000;
  for (int i = 0; i < kDraws; ++i) ++count[random.below(7)];
  for (const int c : count) EXPECT_NEAR(c, kDraws / 7, 5 * std::sqrt(kDraws / 7.0));  // five standard deviations
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.below(1), 0u);
  i64 low = 0, high = 0;
  for (int i = 0; i < 1000; ++i) {
    const i64 v = random.between(-2, 2);
    ASSERT_TRUE(v >= -2 && v <= 2);
    low = std::min(low, v), high = std::max(high, v);
  }
  EXPECT_EQ(low, -2);
  EXPECT_EQ(high, 2);
}

TEST(Philox, NormalsHaveTheMomentsOfTheNormalDistribution) {
  Random random(5, Purpose::test);
  constexpr int kDraws = 100000;
  double sum = 0, square = 0, fourth = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = random.normal();
    sum += x, square += x * x, fourth += x * x * x * x;
  }
  // Five standard errors each: 1/sqrt(n), sqrt(2/n) and sqrt(96/n).
  const double root = std::sqrt(static_cast<double>(kDraws));
  EXPECT_NEAR(sum / kDraws, 0, 5 / root);
  EXPECT_NEAR(square / kDraws, 1, 5 * std::sqrt(2.0) / root);
  EXPECT_NEAR(fourth / kDraws, 3, 5 * std::sqrt(96.0) / root);
}

}  // namespace
}  // namespace r1
