#include "text/bpe_trainer.hpp"

#include <gtest/gtest.h>

#include <map>

#include "formats/json.hpp"
#include "text/chat.hpp"
#include "text/tokenizer.hpp"

namespace r1 {
namespace {

const std::vector<std::string> kTexts = {"the cat sat on the mat, the hat on the cat. 12 + 34 = 46\n\n",
                                         "banana bananas aaaaaaaa aaaa aaa\n",
                                         "What is 47 * 36? <think>\nLet me see.\n</think>\n\n1692",
                                         "naïve café 你好 你好世界 🙂🙂 don't DON'T we'll\n\tx = y;"};

BpeVocabulary trained(i64 size, bool reversed = false) {
  BpeTrainer trainer({.vocab_size = size, .min_count = 2, .added_tokens = {"<|end|>", "<think>", "</think>"}});
  for (size_t i = 0; i < kTexts.size(); ++i) trainer.add(kTexts[reversed ? kTexts.size() - 1 - i : i], 3);
  return trainer.train().value();
}

// The definition: recount all pairs after each merge.
std::vector<std::pair<i32, i32>> merges_by_definition(const std::vector<std::string>& words, size_t merges,
                                                      i64 min_count) {
  std::vector<std::vector<i32>> symbols;
  std::map<std::string, i32> ids;
  std::vector<std::string> tokens;
  for (int b = 0; b < 256; ++b) tokens.emplace_back(1, static_cast<char>(b)), ids[tokens.back()] = b;
  for (const std::string& w : words) symbols.emplace_back(), symbols.back().assign(w.begin(), w.end());
  for (auto& w : symbols) std::transform(w.begin(), w.end(), w.begin(), [](i32 c) { return c & 255; });
  std::vector<std::pair<i32, i32>> result;
  while (result.size() < merges) {
    std::map<std::pair<i32, i32>, i64> counts;
    for (const auto& w : symbols) {
      for (size_t i = 0; i + 1 < w.size(); ++i) ++counts[{w[i], w[i + 1]}];
    }
    auto best = counts.end();
    for (auto it = counts.begin(); it != counts.end(); ++it) {
      if (best == counts.end() || it->second > best->second) best = it;
    }
    if (best == counts.end() || best->second < min_count) break;
    const auto [a, b] = best->first;
    const std::string bytes = tokens[a] + tokens[b];
    const auto [id, made] = ids.try_emplace(bytes, static_cast<i32>(tokens.size()));
    if (made) tokens.push_back(bytes);
    for (auto& w : symbols) {
      for (size_t i = 0; i + 1 < w.size(); ++i) {
        if (w[i] == a && w[i + 1] == b) w[i] = id->second, w.erase(w.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
    }
    result.push_back(best->first);
  }
  return result;
}

TEST(BpeTrainer, MergesThePairsThatRecountingEveryTimeWouldMerge) {
  BpeTrainer trainer({.vocab_size = 256 + 400, .min_count = 2, .added_tokens = {}});
  std::vector<std::string> words;
  PreTokenizer cut;
  ASSERT_TRUE(cut.add(kQwen2Pattern));
  u32 random = 3;
  for (int text = 0; text < 60; ++text) {
    std::string s;
    for (int i = 0; i < 200; ++i) s += "aaabbc d"[(random = random * 1664525u + 1013904223u) >> 29];
    trainer.add(s);
    cut.split(s, [&](std::string_view piece) { words.emplace_back(piece); });
  }
  const BpeVocabulary vocabulary = trainer.train().value();
  EXPECT_EQ(vocabulary.merges, merges_by_definition(words, vocabulary.merges.size(), 2));
  EXPECT_EQ(vocabulary.size(), 256 + 400);
}

TEST(BpeTrainer, TheOrderOfTextsChangesNothing) {
  EXPECT_EQ(tokenizer_json(trained(320)), tokenizer_json(trained(320, true)));
}

TEST(BpeTrainer, RefusesAVocabularyTooSmallForTheBytes) {
  EXPECT_FALSE(BpeTrainer({.vocab_size = 258, .min_count = 2, .added_tokens = {"a", "b", "c"}}).train());
  EXPECT_EQ(BpeTrainer({.vocab_size = 300, .min_count = 2, .added_tokens = {"a"}}).train()->size(), 257);
}

TEST(BpeTrainer, WritesATokenizerThatReadsBackAndCompresses) {
  const BpeVocabulary vocabulary = trained(320);
  const Tokenizer tokenizer = Tokenizer::parse(tokenizer_json(vocabulary), "trained").value();
  EXPECT_EQ(tokenizer.size(), vocabulary.size());
  EXPECT_EQ(tokenizer.find("<think>"), static_cast<i32>(vocabulary.tokens.size()) + 1);
  for (const std::string& text : kTexts) {
    const std::vector<i32> ids = tokenizer.encode(text, Tokenizer::Special::recognise);
    EXPECT_EQ(tokenizer.decode(ids), text);
    EXPECT_LT(ids.size(), text.size() * 3 / 4) << text;
  }
  for (const std::string& token : vocabulary.tokens) {
    EXPECT_EQ(token.size() > 1 && token.find("think>") != token.npos, false) << "added tokens are cut out of the texts";
  }
  for (size_t i = 0; i < 10; ++i) {  // "47" is two tokens because the pattern separates digits
    EXPECT_EQ(tokenizer.encode(fmt::format("{}{}", i, 9 - i)).size(), 2u);
  }
}

TEST(BpeTrainer, WritesTheTokenizerConfigTransformersWants) {
  const Json config = parse_json(tokenizer_config_json({.bos_token = "<b>",
                                                        .eos_token = "<e>",
                                                        .pad_token = "<p>",
                                                        .chat_template = std::string(kR1ChatTemplate),
                                                        .model_max_length = 2048}),
                                 "c")
                          .value();
  EXPECT_EQ(*config.find("tokenizer_class")->string(), "PreTrainedTokenizerFast");
  EXPECT_EQ(*config.find("chat_template")->string(), kR1ChatTemplate);
  EXPECT_EQ(*config.find("eos_token")->string(), "<e>");
  EXPECT_EQ(*config.find("add_bos_token")->boolean(), false);
  EXPECT_EQ(*config.find("model_max_length")->integer(), 2048);
}

}  // namespace
}  // namespace r1
