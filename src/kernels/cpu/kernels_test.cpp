#include "kernels/cpu/kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace r1::cpu {
namespace {

TEST(Kernels, LevelsAreOrderedFromSlowestToFastestAndIncludeTheActiveOne) {
  const auto all = levels();
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.front()->level, Level::portable);
  const auto slower = [](const Kernels* a, const Kernels* b) { return a->level < b->level; };
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), slower));
  EXPECT_NE(std::find(all.begin(), all.end(), &active()), all.end());
}

TEST(Kernels, LevelsAreFoundByName) {
  for (const Kernels* k : levels()) EXPECT_EQ(find_level(k->name), k);
  EXPECT_EQ(find_level("sse9"), nullptr);
}

}  // namespace
}  // namespace r1::cpu
