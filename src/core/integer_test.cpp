#include "core/integer.hpp"

#include <gtest/gtest.h>

namespace r1 {
namespace {

TEST(Integer, CeilDivAndRoundUpAgreeWithCountingUp) {
  for (i64 to = 1; to < 20; ++to)
    for (i64 n = 0; n < 100; ++n) {
      i64 steps = 0;
      while (steps * to < n) ++steps;
      EXPECT_EQ(ceil_div(n, to), steps) << n << " / " << to;
      EXPECT_EQ(round_up(n, to), steps * to) << n << " to " << to;
      EXPECT_EQ(ceil_div(static_cast<u64>(n), static_cast<u64>(to)), static_cast<u64>(steps));
      EXPECT_EQ(round_up(static_cast<u64>(n), static_cast<u64>(to)), static_cast<u64>(steps * to));
    }
}

}  // namespace
}  // namespace r1
