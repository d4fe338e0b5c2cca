#include "core/text.hpp"

#include <gtest/gtest.h>

namespace r1 {
namespace {

TEST(Text, EditDistanceCountsInsertionsDeletionsAndReplacements) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);  // the usual textbook example
  EXPECT_EQ(edit_distance("sitting", "kitten"), 3u);
  EXPECT_EQ(edit_distance("chat", "chta"), 2u) << "a transposition counts as two changes";
}

}  // namespace
}  // namespace r1
