#include "text/text_stream.hpp"

#include <gtest/gtest.h>

#include "formats/utf8.hpp"

namespace r1 {
namespace {

// All ways to cut `bytes` in two and in three, and byte by byte.
std::vector<std::vector<std::string>> cuts(const std::string& bytes) {
  std::vector<std::vector<std::string>> out;
  for (size_t a = 0; a <= bytes.size(); ++a)
    for (size_t b = a; b <= bytes.size(); ++b)
      out.push_back({bytes.substr(0, a), bytes.substr(a, b - a), bytes.substr(b)});
  out.emplace_back();
  for (const char c : bytes) out.back().push_back(std::string(1, c));
  return out;
}

TEST(Utf8Stream, CutAnywhereGivesTheSameTextAndNeverHalfACharacter) {
  const std::string text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
  for (const auto& pieces : cuts(text)) {
    Utf8Stream stream;
    std::string all;
    for (const std::string& piece : pieces) {
      const std::string out = stream.push(piece);
      EXPECT_EQ(first_invalid_utf8(out), out.size());
      all += out;
    }
    EXPECT_EQ(all + stream.finish(), text);
  }
}

TEST(Utf8Stream, InvalidBytesBecomeOneReplacementPerMaximalPart) {
  const std::string r = "\xef\xbf\xbd";
  const std::pair<std::string, std::string> cases[] = {
      {"\xff"
       "a",
       r + "a"},
      {"\xe2\x82"
       "a",
       r + "a"},                            // an incomplete character before another character
      {"\xe0\x80\x80", r + r + r},          // overlong: the second byte cannot follow
      {"\xed\xa0\x80", r + r + r},          // a surrogate
      {"\xf0\x9f\x98", r},                  // the text ends before the last byte
      {"\xf4\x90\x80\x80", r + r + r + r},  // above U+10FFFF
      {"\xc3\xc3\xa9", r + "\xc3\xa9"},
      {"\x80", r}};
  for (const auto& [bytes, want] : cases)
    for (const auto& pieces : cuts(bytes)) {
      Utf8Stream stream;
      std::string all;
      for (const std::string& piece : pieces) all += stream.push(piece);
      EXPECT_EQ(all + stream.finish(), want);
    }
}

TEST(Utf8Stream, ReplacesOnlyWhenCertain) {
  Utf8Stream stream;
  EXPECT_EQ(stream.push("\xe2\x82"), "");
  EXPECT_EQ(stream.push("\xac"), "\xe2\x82\xac");
  EXPECT_EQ(stream.finish(), "");
}

TEST(StopStrings, AreFoundHoweverTheTextIsCut) {
  const std::string text = "one two STOP three";
  for (const auto& pieces : cuts(text)) {
    StopStrings stops({"STOP", "STAY", ""});
    std::string all;
    for (const std::string& piece : pieces) all += stops.push(piece);
    EXPECT_TRUE(stops.stopped());
    EXPECT_EQ(all + stops.finish(), "one two ");
  }
}

TEST(StopStrings, WhatOnlyLookedLikeOneIsGivenBack) {
  for (const auto& pieces : cuts("ababac")) {
    StopStrings stops({"ababab", "acd"});
    std::string all;
    for (const std::string& piece : pieces) all += stops.push(piece);
    EXPECT_FALSE(stops.stopped());
    EXPECT_EQ(all + stops.finish(), "ababac");
  }
}

TEST(StopStrings, TheFirstToBeCompleteEndsTheText) {
  for (const auto& pieces : cuts("xabcd")) {
    StopStrings stops({"abcd", "bc", "c"});
    std::string all;
    for (const std::string& piece : pieces) all += stops.push(piece);
    EXPECT_EQ(all + stops.finish(), "xa");
  }
}

TEST(StopStrings, HoldBackNoMoreThanTheBeginningOfAStop) {
  StopStrings stops({"\n\n"});
  EXPECT_EQ(stops.push("a\n"), "a");
  EXPECT_EQ(stops.push("b"), "\nb");
}

struct Parts {
  std::string thinking, answer;
  bool stopped;
  bool operator==(const Parts&) const = default;
};
Parts read(const std::vector<std::string>& pieces, const TextStreamOptions& options) {
  TextStream stream(options);
  Parts p;
  const auto add = [&](const TextDelta& d) { p.thinking += d.thinking, p.answer += d.answer; };
  for (const std::string& piece : pieces) add(stream.push(piece));
  add(stream.finish());
  p.stopped = stream.stopped();
  return p;
}
void expect_parts(const std::string& text, const TextStreamOptions& options, const Parts& want) {
  for (const auto& pieces : cuts(text)) {
    const Parts got = read(pieces, options);
    EXPECT_EQ(got.thinking, want.thinking) << text;
    EXPECT_EQ(got.answer, want.answer) << text;
    EXPECT_EQ(got.stopped, want.stopped) << text;
  }
}

TEST(TextStream, SeparatesThinkingFromTheAnswer) {
  TextStreamOptions inside, outside;
  inside.thinking = true;
  expect_parts("1+1=2\n</think>\n\n\xc3\xa9 2", inside, {"1+1=2\n", "\xc3\xa9 2", false});
  expect_parts("<think>\na < b</think>\nyes", outside, {"a < b", "yes", false});
  expect_parts(" \n<think>t</think>a", outside, {"t", "a", false});
}

TEST(TextStream, WithoutAClosingTagAllIsThinking) {
  TextStreamOptions inside;
  inside.thinking = true;
  expect_parts("still at it </thi", inside, {"still at it </thi", "", false});
}

TEST(TextStream, ATagInTheAnswerIsPlainText) {
  TextStreamOptions outside;
  expect_parts("  no <think> here</think>", outside, {"", "  no <think> here</think>", false});
  expect_parts("<thing>", outside, {"", "<thing>", false});
  expect_parts("<think>a</think>b <think>c", outside, {"a", "b <think>c", false});
}

TEST(TextStream, StopStringsCountInTheAnswerOnly) {
  TextStreamOptions inside;
  inside.thinking = true;
  inside.stops = {"END"};
  expect_parts("a END b</think>c END d", inside, {"a END b", "c ", true});
}

TEST(TextStream, CanLeaveTheTagsAlone) {
  TextStreamOptions raw;
  raw.split_thinking = false;
  raw.thinking = true;
  expect_parts("a</think>b", raw, {"", "a</think>b", false});
}

TEST(TextStream, TellsWhereItsTextsAreInTheWholeText) {
  TextStreamOptions inside;
  inside.thinking = true;
  inside.stops = {"END"};
  const std::string text = "\n1+1=2 </b\n</think>\n\n</thing> 2 EN END d";
  for (const auto& pieces : cuts(text)) {
    TextStream stream(inside);
    const auto expect = [&](const TextDelta& d) {
      EXPECT_EQ(text.substr(static_cast<size_t>(d.thinking_at), d.thinking.size()), d.thinking);
      EXPECT_EQ(text.substr(static_cast<size_t>(d.answer_at), d.answer.size()), d.answer);
    };
    for (const std::string& piece : pieces) expect(stream.push(piece));
    expect(stream.finish());
    EXPECT_EQ(stream.length(), std::ssize(text));
  }
}

TEST(TextStream, CountsTokensInsideTheThinking) {
  TextStreamOptions inside;
  inside.thinking = true;
  TextStream stream(inside);
  for (const char* token : {"a", " b", "</think>", "c", "d"}) stream.push(token);
  EXPECT_EQ(stream.thinking_tokens(), 2);
  EXPECT_EQ(stream.channel(), Channel::answer);
}

}  // namespace
}  // namespace r1
