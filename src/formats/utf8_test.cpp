#include "formats/utf8.hpp"

#include <gtest/gtest.h>

namespace r1 {
namespace {

TEST(Printable, TextStaysAndWhatATerminalObeysIsSpelt) {
  EXPECT_EQ(printable("größer → 你好 \"x\"", 100), "größer → 你好 \"x\"");
  EXPECT_EQ(printable(std::string_view("a\0b\tc\n\x1b[2J\x7f", 11), 100), "a\\x00b\\x09c\\n\\x1b[2J\\x7f");
  EXPECT_EQ(printable("\xff\xc3", 100), "\\xff\\xc3");
  EXPECT_EQ(printable("\u009b\u2028\u202e", 100), "\\xc2\\x9b\\xe2\\x80\\xa8\\xe2\\x80\\xae");
}

TEST(Printable, LongTextIsCutBetweenCharacters) {
  EXPECT_EQ(printable("abcd", 4), "abcd");
  EXPECT_EQ(printable("abcde", 4), "abcd…");
  EXPECT_EQ(printable("aéé", 2), "aé…");
}

}  // namespace
}  // namespace r1
