#include "serve/requests/fim_prompt.hpp"

#include <gtest/gtest.h>

#include "session/test_session.hpp"

namespace r1 {
namespace {

// One token per byte, and the given marks from number 256 on.
Tokenizer with_marks(std::vector<const char*> marks) {
  auto json = parse_json(byte_tokenizer_json(Marks::none), "test");
  Json added = Json::Array{};
  i64 id = 256;
  for (const char* mark : marks) added.push(Json::object({{"id", id++}, {"content", mark}, {"special", true}}));
  json->set("added_tokens", std::move(added));
  auto tokenizer = Tokenizer::parse(dump(*json), "test");
  R1_CHECK(tokenizer, "{}", tokenizer ? "" : tokenizer.error().what);
  return std::move(*tokenizer);
}

TEST(FimPrompt, TheGapIsNamedByTheMarksOfTheVocabulary) {
  using Ids = std::vector<i32>;
  const Tokenizer deepseek = with_marks({"<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"});
  EXPECT_EQ(*fim_prompt(deepseek, "a", "b"), (Ids{256, 'a', 257, 'b', 258}));
  const Tokenizer qwen = with_marks({"<|fim_middle|>", "<|fim_prefix|>", "<|fim_suffix|>"});
  EXPECT_EQ(*fim_prompt(qwen, "a", ""), (Ids{257, 'a', 258, 256}));
  EXPECT_EQ(fim_prompt(qwen, "<|fim_middle|>", "b")->size(), 3u + 14u + 1u);  // a mark in a text is text
}

TEST(FimPrompt, AVocabularyWithoutMarksIsRefused) {
  const auto refused = fim_prompt(byte_tokenizer(Marks::r1), "a", "b");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 400);
  EXPECT_EQ(refused.error().code, "not_supported");
  EXPECT_EQ(refused.error().param, "suffix");
}

}  // namespace
}  // namespace r1
