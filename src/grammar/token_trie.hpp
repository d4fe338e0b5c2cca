// The tokens of a vocabulary as a trie over their bytes, in preorder: all tokens that begin with the same bytes lie in
// one range, which a walk skips as a whole.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"

namespace r1 {

class Tokenizer;

class TokenTrie {
 public:
  // keys[id] holds the bytes of a token. A token without bytes, or with more than 1024, is never allowed.
  explicit TokenTrie(std::vector<std::string> keys);
  // Ordinary tokens have their bytes. Added tokens of more than one character (marks, as <think>) have a key that no
  // text contains, so that only Expr::Kind::token matches them. Tokens with the byte 255, which is in no UTF-8, are
  // left out.
  static TokenTrie of(const Tokenizer& tokenizer);
  // The key of an added token: the byte 255 and the id.
  static std::string mark_key(i32 token);

  struct Node {
    u8 byte = 0;     // on the way from the parent
    u16 depth = 0;   // bytes from the root, which has 0
    i32 end = 0;     // the first node behind all that lie below this one
    i32 tokens = 0;  // those that end here are tokens_[tokens] up to the next node's `tokens`
  };
  i32 size() const { return static_cast<i32>(nodes_.size()) - 1; }
  const Node& operator[](i32 node) const { return nodes_[node]; }
  bool is_leaf(i32 node) const { return nodes_[node].end == node + 1; }
  std::span<const i32> tokens(i32 node) const {
    return std::span(tokens_).subspan(nodes_[node].tokens, nodes_[node + 1].tokens - nodes_[node].tokens);
  }
  std::string_view key(i32 token) const {
    return token >= 0 && token < vocabulary() ? std::string_view(keys_[token]) : std::string_view{};
  }
  i64 vocabulary() const { return std::ssize(keys_); }
  i64 mask_words() const { return (vocabulary() + 63) / 64; }
  i32 longest() const { return longest_; }  // bytes of the longest key

  // Walks the nodes below `root` in preorder. `enter(node, parent state) -> state` ends the branch with a state that
  // converts to false.
  template <class State, class Enter>
  void walk(i32 root, State start, Enter enter) const {
    std::vector<State> states(longest_ + 1 - nodes_[root].depth);
    states[0] = start;
    for (i32 i = root + 1; i < nodes_[root].end;) {
      const int depth = nodes_[i].depth - nodes_[root].depth;
      const State s = enter(i, states[depth - 1]);
      if (s) states[depth] = s, ++i;
      else i = nodes_[i].end;
    }
  }

 private:
  std::vector<std::string> keys_;
  std::vector<Node> nodes_;  // and one behind the last
  std::vector<i32> tokens_;
  i32 longest_ = 0;
};

}  // namespace r1
