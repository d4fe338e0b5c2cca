// For tests: a tokenizer with one token per byte and R1's marks, and a small random model that it fits.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/file.hpp"
#include "formats/json.hpp"
#include "formats/utf8.hpp"
#include "infer/test_model.hpp"
#include "text/tokenizer.hpp"

namespace r1 {

// Ids of byte_tokenizer: 0..255 are the bytes themselves. After them come the marks.
inline constexpr i32 kTestThink = 256, kTestEndThink = 257, kTestBos = 258, kTestEos = 259;
inline constexpr i64 kTestTokens = 262;

enum class Marks { none, r1 };  // the added tokens of a test tokenizer

inline std::string byte_tokenizer_json(Marks marks) {
  // tokenizer.json writes printable bytes as themselves and the others as characters from U+0100 on.
  std::vector<int> printable_bytes;
  for (int b = 33; b <= 126; ++b) printable_bytes.push_back(b);
  for (int b = 161; b <= 255; ++b)
    if (b != 173) printable_bytes.push_back(b);
  std::vector<std::string> names(256);
  for (const int b : printable_bytes) append_utf8(static_cast<u32>(b), names[b]);
  u32 next = 256;
  for (auto& name : names)
    if (name.empty()) append_utf8(next++, name);
  Json vocab = Json::Object{};
  for (int b = 0; b < 256; ++b) vocab.set(names[b], b);
  Json added = Json::Array{};
  i32 id = kTestThink;
  if (marks == Marks::r1)
    for (const char* mark :
         {"<think>", "</think>", "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>"})
      added.push(Json::object({{"id", id++}, {"content", mark}, {"special", true}}));
  return dump(Json::object(
      {{"added_tokens", added},
       {"pre_tokenizer", Json::object({{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}})},
       {"decoder", Json::object({{"type", "ByteLevel"}})},
       {"model", Json::object({{"type", "BPE"}, {"vocab", vocab}, {"merges", Json::Array{}}})}}));
}

inline Tokenizer byte_tokenizer(Marks marks = Marks::none) {
  auto t = Tokenizer::parse(byte_tokenizer_json(marks), "test tokenizer");
  R1_CHECK(t, "{}", t ? "" : t.error().what);
  return std::move(*t);
}

// kTestDeepseek with a vocabulary of kTestTokens.
inline std::string test_session_config() {
  std::string config = kTestDeepseek;
  const std::string before = fmt::format("\"vocab_size\":{}", kTestVocab);
  return config.replace(config.find(before), before.size(), fmt::format("\"vocab_size\":{}", kTestTokens));
}

// A folder that Session::open opens: the model of test_session_config with the tokenizer of Marks::r1. `change` may
// change the model before it is written.
template <class Change>
void write_test_session(const std::filesystem::path& folder, Change&& change) {
  const auto model = create_model(test_session_config(), "test model", 1, Weights::trainable);
  R1_CHECK(model, "{}", model ? "" : model.error().what);
  change(**model);
  EXPECT_TRUE(save_model(**model, folder, DType::f32));
  EXPECT_TRUE(write_file(folder / "tokenizer.json", byte_tokenizer_json(Marks::r1)));
}
inline void write_test_session(const std::filesystem::path& folder) {
  write_test_session(folder, [](const Model&) {});
}

}  // namespace r1
