// What a Tokenizer holds, filled by tokenizer_json.cpp or tokenizer_gguf.cpp. For the sources of Tokenizer alone.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "text/added_tokens.hpp"
#include "text/bpe.hpp"
#include "text/pretokenizer.hpp"
#include "text/tokenizer.hpp"
#include "text/tokenizer_tokens.hpp"

namespace r1 {

struct Tokenizer::State {
  struct Added {
    AddedToken token;
    bool normalized = false;  // looked for in normalized text
  };

  TokenTable tokens;
  BpeMerges merges;
  std::array<i32, 256> byte_ids{};  // -1 for bytes that UTF-8 never has, where a vocabulary leaves them out
  bool ignore_merges = false;       // a piece that is a token is that token, whatever merging would give
  bool nfc = false;
  PreTokenizer pre_tokenizer;
  std::string pre;           // the name a GGUF gave it; empty for tokenizer.json
  std::vector<Added> added;  // by id
  Roles roles;

  // Fills byte_ids. Err names `where`, the vocabulary.
  Status find_bytes(const std::string& where);
  // Adds one merge by the texts of its parts; false if they or what they make are no tokens.
  bool add_merge(std::string_view a, std::string_view b, i32 rank);
  // To be called last: sorts `added` and builds what encode needs.
  void finish();

  const Added* find_added(i32 id) const;
  std::vector<i32> encode(std::string_view text, Special special) const;
  std::vector<i32> encode(std::string_view text, std::span<const Range> trusted) const;

 private:
  struct Finders {
    AddedTokens raw, normalized;
  };
  i32 last_joined_ = -1;  // what the merge before made
  enum class Whole : u8 { unknown, yes, no };

  void encode_plain(std::string_view text, std::vector<i32>& scratch, std::vector<i32>& ids) const;
  void encode_piece(std::string_view piece, std::vector<i32>& scratch, std::vector<i32>& ids) const;
  void merge_piece(std::string_view piece, std::vector<i32>& scratch) const;

  std::array<Finders, 3> finders_;  // by Special
  // By id: whether merging the token's own bytes gives the token, so that a piece that is a token is done at one look.
  // Found out at first use; two threads that do so at once write the same.
  mutable std::vector<Whole> whole_;
};

}  // namespace r1
