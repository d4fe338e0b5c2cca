// Finds added tokens in text. The leftmost match wins, and of several at the same place the longest, as in Hugging
// Face's tokenizers. llama.cpp takes the longest token first wherever it stands. Both rules find the same matches as
// long as no token begins with the end of another.
#pragma once
#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"

namespace r1 {

struct AddedToken {
  std::string content;
  i32 id;
  bool strip_left = false, strip_right = false;  // the match includes the white space on that side
  bool single_word = false;                      // matches only where no word character touches it
};

class AddedTokens {
 public:
  AddedTokens() = default;
  explicit AddedTokens(std::vector<AddedToken> tokens);  // contents must differ and must not be empty
  bool empty() const { return tokens_.empty(); }

  // Walks through the text in order and calls on_token for each match and on_text for the text between matches. White
  // space that a match includes is passed to neither.
  void scan(std::string_view text, const std::function<void(std::string_view)>& on_text,
            const std::function<void(i32)>& on_token) const;

 private:
  const AddedToken* longest(std::string_view text) const;  // the longest token that `text` begins with, or null
  size_t next_candidate(std::string_view text, size_t from) const;

  std::vector<AddedToken> tokens_;  // sorted by content
  std::array<u32, 257> first_{};    // tokens_[first_[b] .. first_[b + 1]) begin with byte b
};

}  // namespace r1
