// Finds added tokens in text: leftmost first, then longest, as Hugging Face's tokenizers do. llama.cpp takes the
// longest token first wherever it stands, which is the same as long as no token begins with what another ends with.
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
  bool strip_left = false, strip_right = false;  // the match swallows white space on that side
  bool single_word = false;                      // only between characters that are in no word
};

class AddedTokens {
 public:
  AddedTokens() = default;
  explicit AddedTokens(std::vector<AddedToken> tokens);  // contents differ and are not empty
  bool empty() const { return tokens_.empty(); }

  // text in order: on_text for what lies between, on_token for each match. Swallowed white space goes to neither.
  void scan(std::string_view text, const std::function<void(std::string_view)>& on_text,
            const std::function<void(i32)>& on_token) const;

 private:
  const AddedToken* longest(std::string_view text) const;  // at the front of `text`; null if there is none
  size_t next_candidate(std::string_view text, size_t from) const;

  std::vector<AddedToken> tokens_;  // by content
  std::array<u32, 257> first_{};    // tokens_[first_[b] .. first_[b + 1]) begin with byte b
};

}  // namespace r1
