// Finds added tokens in text: leftmost first, then longest, as Hugging Face's tokenizers do.
#pragma once
#include <functional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/dtype.hpp"

namespace r1 {

class AddedTokens {
 public:
  struct Strip {
    bool left, right;  // the match swallows white space on that side
  };
  void add(std::string_view content, i32 id, Strip strip);
  bool empty() const { return tokens_.empty(); }

  // text in order: on_text for what lies between, on_token for each match. Swallowed white space goes to neither.
  void scan(std::string_view text, const std::function<void(std::string_view)>& on_text,
            const std::function<void(i32)>& on_token) const;

 private:
  struct Token {
    i32 id;
    Strip strip;
  };
  // The longest token at the front of `text`: its index in tokens_ (or -1) and its length.
  std::pair<i32, size_t> longest(std::string_view text) const;

  std::vector<Token> tokens_;
  std::vector<i32> ends_{-1};                 // per node of the trie: the token that ends there, or -1
  std::unordered_map<u64, u32> next_;         // (node, byte) to node
};

}  // namespace r1
