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

TEST(Utf8Prefix, NeverEndsInsideACharacter) {
  const std::string_view text = "aé你😀z";  // 1, 2, 3, 4 and 1 bytes
  const size_t whole[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
  for (size_t most = 0; most < std::size(whole); ++most)
    EXPECT_EQ(utf8_prefix(text, most), text.substr(0, whole[most])) << most;
  EXPECT_EQ(utf8_prefix("\x80\x80\x80\x80\x80\x80", 4).size(), 4u) << "not UTF-8: cut where asked";
}

TEST(LastCharacter, IsTheWholeCharacterOrNothingIfTheEndIsNoUtf8) {
  EXPECT_EQ(last_character(""), "");
  EXPECT_EQ(last_character("a"), "a");
  EXPECT_EQ(last_character("ab"), "b");
  EXPECT_EQ(last_character("a\u00e9"), "\u00e9");
  EXPECT_EQ(last_character("\u20ac"), "\u20ac");
  EXPECT_EQ(last_character("a\U0001f600"), "\U0001f600");
  EXPECT_EQ(last_character("\xe2\x82"), "") << "a character without its end";
  EXPECT_EQ(last_character("a\x80"), "") << "an end without its character";
}

TEST(TrailingSpace, IsWhereTheWhiteSpaceAtTheEndBegins) {
  EXPECT_EQ(trailing_space(""), 0u);
  EXPECT_EQ(trailing_space("ab"), 2u);
  EXPECT_EQ(trailing_space("a b \t\n"), 3u);
  EXPECT_EQ(trailing_space(" \u00a0\u3000"), 0u);
  EXPECT_EQ(trailing_space("a \xe2\x82"), 4u) << "what is no UTF-8 is no white space";
}

TEST(Utf8Length, AnEmptyTextHasNoCharacter) { EXPECT_EQ(utf8_length(""), 0u); }

}  // namespace
}  // namespace r1
