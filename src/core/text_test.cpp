#include "core/text.hpp"

#include <gtest/gtest.h>

namespace r1 {
namespace {

TEST(Text, EditDistanceCountsInsertionsDeletionsAndReplacements) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);  // the usual textbook example
  EXPECT_EQ(edit_distance("sitting", "kitten"), 3u);
  EXPECT_EQ(edit_distance("chat", "chta"), 1u);  // neighbours exchanged
  EXPECT_EQ(edit_distance("hcta", "chat"), 2u);
  EXPECT_EQ(edit_distance("chat", "tahc"), 3u);  // the inner two exchanged, the outer two replaced
  EXPECT_EQ(edit_distance("ca", "abc"), 3u);     // 2 if the exchanged pair might be changed again
}

TEST(Text, TheNearestWordIsNoneIfAllAreFar) {
  const std::string names[] = {"/save", "/set", "/exit"};
  EXPECT_EQ(nearest_word("/sev", names), "/set");
  EXPECT_EQ(nearest_word("/sve", names), "/save");
  EXPECT_EQ(nearest_word("/quantum", names), "");
  EXPECT_EQ(nearest_word("", names), "");
  EXPECT_EQ(nearest_word("/se", std::span(names).first(0)), "");
}

TEST(Text, SpaceAroundATextIsTrimmed) {
  EXPECT_EQ(trimmed(" \t\r\na b\n "), "a b");
  EXPECT_EQ(trimmed("a"), "a");
  EXPECT_EQ(trimmed(" \n"), "");
  EXPECT_EQ(trimmed(""), "");
}

TEST(Text, OnlyAsciiLettersHaveALowerCase) { EXPECT_EQ(lower_case("AZ@[\xc3\x84z"), "az@[\xc3\x84z"); }

}  // namespace
}  // namespace r1
