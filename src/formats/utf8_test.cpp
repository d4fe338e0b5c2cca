#include "formats/utf8.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

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
  EXPECT_EQ(utf8_prefix("ab\x80\x80\x80\x80\x80", 5).size(), 5u) << "no character has five bytes";
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

// The length by the definition: a leading byte and as many continuations as it announces, of the shortest form, not
// beyond U+10FFFF, and no surrogate.
size_t defined_length(std::string_view s) {
  const auto byte = [&](size_t i) { return i < s.size() ? static_cast<u32>(static_cast<u8>(s[i])) : 0u; };
  size_t length = 0;
  u32 c = 0, least = 0;
  if (byte(0) < 128) return s.empty() ? 0 : 1;
  if (byte(0) >> 5 == 6) length = 2, c = byte(0) & 31, least = 0x80;
  if (byte(0) >> 4 == 14) length = 3, c = byte(0) & 15, least = 0x800;
  if (byte(0) >> 3 == 30) length = 4, c = byte(0) & 7, least = 0x10000;
  for (size_t i = 1; i < length; ++i) {
    if (byte(i) >> 6 != 2) return 0;
    c = c << 6 | (byte(i) & 63);
  }
  return c < least || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF) ? 0 : length;
}

TEST(Utf8Length, IsThatOfTheDefinitionForAllBytesAroundTheLimits) {
  const std::string_view bytes(
      "\x00\x7f\x80\x81\x8f\x90\x9f\xa0\xbe\xbf\xc0\xc1\xc2\xc3\xde\xdf\xe0\xe1\xec\xed\xee\xef\xf0\xf1\xf3\xf4\xf5\xff",
      28);
  for (const char a : bytes)
    for (const char b : bytes)
      for (const char c : bytes)
        for (const char d : bytes) {
          const std::string s{a, b, c, d};
          for (size_t size = 1; size <= 4; ++size) {
            const std::string_view part = std::string_view(s).substr(0, size);
            ASSERT_EQ(utf8_length(part), defined_length(part)) << testing::PrintToString(std::string(part));
          }
        }
}

TEST(Utf8, EveryCodePointIsWrittenReadAndFoundAgain) {
  for (u32 c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string s = "x";
    append_utf8(c, s);
    const std::string_view character = std::string_view(s).substr(1);
    ASSERT_EQ(utf8_length(character), character.size()) << c;
    ASSERT_EQ(character.size(), c < 0x80 ? 1u : c < 0x800 ? 2u : c < 0x10000 ? 3u : 4u) << c;
    ASSERT_EQ(utf8_code_point(character), c);
    ASSERT_EQ(last_character(s), character) << c;
    ASSERT_EQ(first_invalid_utf8(s), s.size()) << c;
  }
}

TEST(Utf8, TheFirstInvalidByteIsFoundBehindAnyNumberOfOthers) {
  for (size_t before = 0; before < 20; ++before)
    for (size_t behind = 0; behind < 20; ++behind) {
      const std::string a(before, 'a'), b(behind, 'b');
      EXPECT_EQ(first_invalid_utf8(a + "\xff" + b), before);
      EXPECT_EQ(first_invalid_utf8(a + "é\xc3" + b), before + 2);
      EXPECT_EQ(first_invalid_utf8(a + "é" + b), before + 2 + behind);
      EXPECT_EQ(valid_utf8(a + "\xff" + b + "\xc3"), a + "\uFFFD" + b + "\uFFFD");
    }
  EXPECT_EQ(valid_utf8("\xe2\x82z"), "\uFFFD\uFFFDz") << "each byte that is not UTF-8";
}

// The property White_Space of Unicode 15, PropList.txt.
TEST(Utf8, WhiteSpaceIsUnicodes) {
  const std::set<u32> spaces = {0x09,   0x0A,   0x0B,   0x0C,   0x0D,   0x20,   0x85,   0xA0,   0x1680,
                                0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008,
                                0x2009, 0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000};
  for (u32 c = 0; c < 0x20000; ++c) ASSERT_EQ(is_white_space(c), spaces.contains(c)) << c;
}

// Of the categories, letters, marks, decimal digits, letter numbers and connectors; the rest of Alphabetic and
// Join_Control by their limits.
TEST(Utf8, WordCharactersAreUnicodes) {
  for (const u32 c : {u32{'A'}, u32{'z'}, u32{'0'}, u32{'_'}, 0xE9u,    0x1C5u,   0x2B0u,   0x5D0u,
                      0x300u,   0x903u,   0x20DDu,  0x660u,   0x2160u,  0x203Fu,  0x200Cu,  0x200Du,
                      0x24B6u,  0x24E9u,  0x1F130u, 0x1F149u, 0x1F150u, 0x1F169u, 0x1F170u, 0x1F189u})
    EXPECT_TRUE(is_word_character(c)) << c;
  for (const u32 c :
       {u32{' '}, u32{'-'}, u32{'+'}, u32{'$'}, u32{'^'}, 0xB2u,    0xABu,    0x2028u,  0x200Bu,  0x200Eu,
        0x24B5u,  0x24EAu,  0x1F12Fu, 0x1F14Au, 0x1F14Fu, 0x1F16Au, 0x1F16Fu, 0x1F18Au, 0x1F642u, 0xE000u})
    EXPECT_FALSE(is_word_character(c)) << c;
}

TEST(Printable, ExactlyTheControlsSeparatorsAndMarksOfDirectionAreSpelt) {
  std::set<u32> spelt;
  for (u32 c = 0; c < 0x3000; ++c) {
    std::string s;
    append_utf8(c, s);
    if (printable(s, 100) != s) spelt.insert(c);
  }
  std::set<u32> want;
  for (u32 c = 0; c < 0x20; ++c) want.insert(c);
  for (u32 c = 0x7f; c < 0xa0; ++c) want.insert(c);
  for (u32 c = 0x2028; c <= 0x202e; ++c) want.insert(c);
  for (u32 c = 0x2066; c <= 0x2069; ++c) want.insert(c);
  EXPECT_EQ(spelt, want);
}

TEST(LastCharacter, LooksAtFourBytesAtMost) {
  EXPECT_EQ(last_character("a\x80\x80\x80\x80"), "");
  EXPECT_EQ(last_character("\xf0\x9f\x98\x80"), "\U0001f600");
  EXPECT_EQ(last_character("\xf0\x9f\x98"), "");
  EXPECT_EQ(last_character("\xff"), "");
}

TEST(Nfc, MarksAreSortedAndComposedUnlessThereAreMoreThanThirty) {
  EXPECT_EQ(to_nfc("e\u0301"), "é");
  EXPECT_EQ(to_nfc("a\u0323\u0302 e\u0301x"), "ậ éx");
  EXPECT_EQ(to_nfc("a\u0302\u0323"), "ậ") << "the marks are sorted";
  EXPECT_EQ(to_nfc(""), "");
  EXPECT_EQ(to_nfc("\u0301"), "\u0301");
  const auto marks = [](int n) {
    std::string s;
    for (int i = 0; i < n; ++i) s += i % 2 ? "\u0323" : "\u0302";  // unsorted
    return s;
  };
  const auto sorted = [](int n) {
    std::string s;
    for (int i = 0; i < n / 2; ++i) s += "\u0323";
    for (int i = 0; i < n - n / 2; ++i) s += "\u0302";
    return s;
  };
  EXPECT_EQ(to_nfc("b" + marks(30) + "c"), to_nfc("b" + sorted(30) + "c"));
  EXPECT_EQ(to_nfc("b" + marks(31) + "c"), "b" + marks(31) + "c") << "left as they are";
  EXPECT_EQ(to_nfc("e\u0301b" + marks(31) + "e\u0301"), "éb" + marks(31) + "é") << "what is around them is composed";
}

TEST(Nfc, BytesThatAreNoUtf8StayAndTheRestIsComposed) {
  EXPECT_EQ(to_nfc("e\u0301\xff\xc3"
                   "e\u0301"),
            "é\xff\xc3"
            "é");
  EXPECT_EQ(to_nfc("\xff"), "\xff");
}

TEST(Nfc, TextBelowTheFirstMarkIsSurelyComposed) {
  EXPECT_TRUE(is_surely_nfc(""));
  EXPECT_TRUE(is_surely_nfc("aé\u02ff"));
  EXPECT_FALSE(is_surely_nfc("a\u0300"));
  EXPECT_FALSE(is_surely_nfc("\u0300a"));
}

}  // namespace
}  // namespace r1
