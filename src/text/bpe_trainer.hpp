// Trains a byte-level BPE vocabulary and writes it as the files that transformers and Tokenizer read.
//
//   BpeTrainer trainer({.vocab_size = 4096, .added_tokens = {...}});
//   for (text) trainer.add(text);
//   const BpeVocabulary vocabulary = R1_TRY(trainer.train());
//   write_file(folder / "tokenizer.json", tokenizer_json(vocabulary));
#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "text/added_tokens.hpp"
#include "text/pretokenizer/pretokenizer.hpp"

namespace r1 {

struct BpeTrainOptions {
  i64 vocab_size = 0;  // 256 bytes, merges and added tokens together
  i64 min_count = 2;   // a pair that occurs less often is not merged
  std::vector<std::string> added_tokens;
};

// Token b < 256 is byte b. Then follows one token per merge, in order, and then the added tokens.
struct BpeVocabulary {
  std::vector<std::string> tokens;          // each token's bytes; added tokens are not among them
  std::vector<std::pair<i32, i32>> merges;  // in order of rank; two merges may make the same token
  std::vector<std::string> added_tokens;

  i64 size() const { return static_cast<i64>(tokens.size() + added_tokens.size()); }
};

// The vocabulary does not depend on the order of the texts: the most frequent pair is merged first, and of equally
// frequent pairs the one with the lowest ids. Texts are cut by kQwen2Pattern, and added tokens in them are left out.
class BpeTrainer {
 public:
  explicit BpeTrainer(BpeTrainOptions options);
  void add(std::string_view text, i64 count = 1);
  Result<BpeVocabulary> train() const;  // smaller than requested if the texts have too few pairs

 private:
  BpeTrainOptions options_;
  PreTokenizer pre_tokenizer_;
  AddedTokens added_;
  std::unordered_map<std::string, i64> words_;
};

std::string tokenizer_json(const BpeVocabulary& vocabulary);

struct TokenizerConfig {
  std::string bos_token, eos_token, pad_token;
  std::string chat_template;
  i64 model_max_length = 0;
};
std::string tokenizer_config_json(const TokenizerConfig& config);

}  // namespace r1
