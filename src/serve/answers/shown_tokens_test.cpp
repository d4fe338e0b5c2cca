#include "serve/answers/shown_tokens.hpp"

#include <gtest/gtest.h>

#include <random>

#include "serve/answers/logprobs_format.hpp"
#include "session/test_session.hpp"

namespace r1 {
namespace {

struct Shown {
  std::string thinking, answer;                // the texts
  std::vector<ShownToken> thoughts, answered;  // their tokens
};

enum class End { by_stop_token, by_length };

// What is shown of an answer whose tokens are `pieces`.
Shown shown(const std::vector<std::string>& pieces, const TextStreamOptions& options, End end = End::by_stop_token) {
  static const Tokenizer tokenizer = byte_tokenizer();
  TextStream text(options);
  ShownTokens tokens(tokenizer);
  Shown out;
  const auto take = [&](CompletionEvent event) {
    out.thinking += event.text.thinking;
    out.answer += event.text.answer;
    event.text_end = text.length();
    ShownTokens::Part part = tokens.push(event);
    out.thoughts.insert(out.thoughts.end(), part.thinking.begin(), part.thinking.end());
    out.answered.insert(out.answered.end(), part.answer.begin(), part.answer.end());
  };
  for (size_t i = 0; i < pieces.size() && !text.stopped(); ++i) {
    CompletionEvent event;
    event.token = static_cast<i32>(i);
    event.logprob = -static_cast<float>(i);
    event.bytes = pieces[i];
    event.text = text.push(pieces[i]);
    if (end == End::by_length && i + 1 == pieces.size()) {
      event.finish = FinishReason::length;
      const TextDelta rest = text.finish();
      if (event.text.thinking.empty()) event.text.thinking_at = rest.thinking_at;
      if (event.text.answer.empty()) event.text.answer_at = rest.answer_at;
      event.text.thinking += rest.thinking;
      event.text.answer += rest.answer;
      take(std::move(event));
      return out;
    }
    take(std::move(event));
  }
  CompletionEvent last;
  last.finish = FinishReason::stop_token;
  last.text = text.finish();
  take(std::move(last));
  return out;
}

std::string text_of(const std::vector<ShownToken>& tokens) {
  std::string bytes;
  for (const ShownToken& token : tokens) bytes += token.bytes;
  Utf8Stream text;
  std::string out = text.push(bytes);
  return out += text.finish();
}

TEST(ShownTokens, TheirBytesAreTheTextHoweverItIsCutIntoTokens) {
  TextStreamOptions outside, inside, stops;
  inside.thinking = true;
  stops.stops = {"END", "N\xc3\xa9"};
  const std::string cases[] = {
      "<think>\nab < c</think>\n\n\xc3\xa9 <b> \xe2\x82\xac",
      "a</think>\n\n</b> x",
      "</think>\n</thi",
      " \n<think>t</think>a \xf0\x9f\x98\x80 EEND more",
      "ab\xff\xe2\x82 c\xf0\x9f\x98",
      "NN\xc3\xa9 x",
      "xEND\xc3",
      "\xf0\x9f\x98\x80",
  };
  std::mt19937 random(1);
  for (const TextStreamOptions& options : {outside, inside, stops})
    for (const std::string& text : cases)
      for (int cut = 0; cut < 200; ++cut) {
        std::vector<std::string> pieces(1);
        const unsigned mean = 1 + static_cast<unsigned>(cut) % 6;
        for (const char c : text) {
          if (!pieces.back().empty() && random() % mean == 0) pieces.emplace_back();
          pieces.back() += c;
        }
        for (const End end : {End::by_stop_token, End::by_length}) {
          const Shown got = shown(pieces, options, end);
          ASSERT_EQ(text_of(got.thoughts), got.thinking) << text;
          ASSERT_EQ(text_of(got.answered), got.answer) << text;
        }
      }
}

TEST(ShownTokens, ATagBelongsToNoTextAndEveryTokenKeepsItsOwnFigures) {
  TextStreamOptions inside;
  inside.thinking = true;
  const Shown got = shown({"\nso", "</think>", "\n\n", "4", "\n2"}, inside);
  ASSERT_EQ(got.thoughts.size(), 1u);
  EXPECT_EQ(got.thoughts[0].bytes, "so");  // without the line break
  ASSERT_EQ(got.answered.size(), 2u);
  EXPECT_EQ(got.answered[0].bytes, "4");
  EXPECT_EQ(got.answered[0].logprob, -3);
  EXPECT_EQ(got.answered[1].bytes, "\n2");
  EXPECT_EQ(got.answered[1].logprob, -4);
}

TEST(ShownTokens, AForcedTokenAndAnImpossibleOneHaveTheSentinel) {
  const Tokenizer tokenizer = byte_tokenizer();
  ShownTokens tokens(tokenizer);
  CompletionEvent event;
  event.bytes = "a";
  event.logprob = std::nanf("");
  event.top = {{98, -INFINITY}};
  event.text.answer = "a";
  event.text_end = 1;
  const ShownTokens::Part part = tokens.push(event);
  ASSERT_EQ(part.answer.size(), 1u);
  EXPECT_EQ(part.answer[0].logprob, kNoLogprob);
  EXPECT_EQ(part.answer[0].top, (std::vector<std::pair<std::string_view, double>>{{"b", kNoLogprob}}));
}

TEST(LogprobsFormat, ListsOfATextCountCharactersAndNameHalfOnes) {
  TextLogprobs lists;
  lists.add({{"\xc3\xa9", -1, {{"\xc3\xa9", -1}, {"x", -2}}}, {"\xe2", -1, {}}});
  const Json first = lists.take();
  EXPECT_EQ(*first.find("tokens"), Json::array({"\xc3\xa9", "bytes:\\xe2"}));
  EXPECT_EQ(*first.find("text_offset"), Json::array({0, 1}));
  EXPECT_EQ((*first.find("top_logprobs")->array())[0], Json::object({{"\xc3\xa9", -1.0}, {"x", -2.0}}));
  EXPECT_EQ((*first.find("top_logprobs")->array())[1], Json::object({{"bytes:\\xe2", -1.0}}));
  lists.add({{"\x82\xac", -1, {}}, {"a", -1, {}}});
  EXPECT_EQ(*lists.take().find("text_offset"), Json::array({1, 2}));
  EXPECT_TRUE(lists.take().is_null());
}

}  // namespace
}  // namespace r1
