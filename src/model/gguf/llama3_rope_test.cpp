// Llama 3's rope as a GGUF's table of divisors, and the parameters recovered from such a table.
#include "model/gguf/llama3_rope.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace r1 {
namespace {

TEST(Llama3Rope, TheParametersFoundForDivisorsGiveThoseDivisors) {
  for (const double factor : {1.7, 3.3, 8.0, 40.0})
    for (const i64 context : {48, 100, 8192, 100'000})
      for (const auto& [low, high] :
           {std::pair{1.0, 4.0}, {0.5, 0.75}, {1.3, 3.7}, {1.0, 1.01}, {2.0, 60.0}, {1e-3, 1e3}})
        for (const i64 dim : {2, 4, 8, 40, 128}) {
          const RopeConfig c{.dim = dim,
                             .theta = 500000,
                             .factor = factor,
                             .original_context = context,
                             .scaling = RopeScaling::llama3,
                             .low_turns = low,
                             .high_turns = high};
          const std::vector<float> divisors = llama3_divisors(c);
          const auto found = llama3_of(divisors, c.theta);
          ASSERT_TRUE(found) << factor << ' ' << context << ' ' << low << ' ' << high << ' ' << dim;
          const std::vector<float> again = llama3_divisors(*found);
          for (size_t i = 0; i < divisors.size(); ++i) EXPECT_NEAR(again[i], divisors[i], 2e-6 * divisors[i]);
          EXPECT_TRUE(found->low_turns > 0 && found->high_turns > found->low_turns);
        }
}

// Pair 31 is in the middle of the ramp, so no other parameters give it a value of its own.
TEST(Llama3Rope, ADivisorMayDifferByTwoMillionthsOfItself) {
  const RopeConfig published{.dim = 128,
                             .theta = 500000,
                             .factor = 8,
                             .original_context = 8192,
                             .scaling = RopeScaling::llama3,
                             .low_turns = 1,
                             .high_turns = 4};
  for (const float change : {1.5e-6f, -1.5e-6f, 2.5e-6f, -2.5e-6f}) {
    std::vector<float> table = llama3_divisors(published);
    table[31] *= 1 + change;
    EXPECT_EQ(llama3_of(table, 500000).has_value(), std::abs(change) < 2e-6f) << change;
  }
}

TEST(Llama3Rope, NoParametersAreFoundForOtherTables) {
  const float inf = std::numeric_limits<float>::infinity();
  for (const std::vector<float>& table : std::vector<std::vector<float>>{{8, 1, 1, 1},
                                                                         {1, 2, 4, 3},
                                                                         {1, 1, 0.5f, 8},
                                                                         {1, 0, 4, 8},
                                                                         {1, -1, 4, 8},
                                                                         {1, 2, std::nanf(""), 8},
                                                                         {1, 2, 4, inf},
                                                                         {0, 0},
                                                                         {}})
    EXPECT_FALSE(llama3_of(table, 500000)) << table.size();
}

}  // namespace
}  // namespace r1
