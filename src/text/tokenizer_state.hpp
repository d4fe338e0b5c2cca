// The data of a Tokenizer, filled by tokenizer_json.cpp or tokenizer_gguf.cpp. Only the sources of Tokenizer include
// this header.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "text/added_tokens.hpp"
#include "text/bpe.hpp"
#include "text/pretokenizer/pretokenizer.hpp"
#include "text/tokenizer.hpp"
#include "text/tokenizer_tokens.hpp"

namespace r1 {

struct Tokenizer::State {
  struct Added {
    AddedToken token;
    bool normalized = false;  // is searched in the normalised text
  };

  TokenTable tokens;
  BpeMerges merges;
  std::array<i32, 256> byte_ids{};  // the token of each byte; -1 for a byte that the vocabulary leaves out. Such a byte
                                    // becomes U+FFFD if it never occurs in UTF-8. Else it becomes unknown_byte, or is
                                    // dropped without one.
  i32 unknown_byte = -1;            // "unk_token" of the model in tokenizer.json, if the vocabulary leaves out bytes
  bool ignore_merges = false;       // a piece that is a token's text becomes that token, whatever its merges would give
  bool nfc = false;
  PreTokenizer pre_tokenizer;
  std::string pre;           // the pre-tokenizer's name in the GGUF; empty for tokenizer.json
  std::vector<Added> added;  // sorted by id
  Roles roles;

  // Fills byte_ids. Errors: no token for a byte that every byte-level vocabulary has; the message names the vocabulary
  // as `where`.
  Status find_bytes(const std::string& where);
  // Adds a merge of the tokens with texts a and b. Returns false if a, b or their concatenation is not a token.
  bool add_merge(std::string_view a, std::string_view b, i32 rank);
  // Sorts `added` and builds the tables that encode needs. Must be called last.
  void finish();

  const Added* find_added(i32 id) const;
  std::vector<i32> encode(std::string_view text, Special special) const;
  std::vector<i32> encode(std::string_view text, std::span<const Range> trusted) const;

 private:
  struct Finders {
    AddedTokens raw, normalized;
  };
  i32 last_joined_ = -1;  // the token that the merge added before this one makes
  enum class Whole : u8 { unknown, yes, no };

  void encode_plain(std::string_view text, std::vector<i32>& scratch, std::vector<i32>& ids) const;
  void encode_piece(std::string_view piece, std::vector<i32>& scratch, std::vector<i32>& ids) const;
  void merge_piece(std::string_view piece, std::vector<i32>& scratch) const;

  std::array<Finders, 3> finders_;  // indexed by Special
  // For each id, whether merging the bytes of the token gives the token itself. If so, a piece with that text needs one
  // look-up and no merging. The answer is computed at the first use; two threads that compute it at once write the same
  // value.
  mutable std::vector<Whole> whole_;
};

}  // namespace r1
