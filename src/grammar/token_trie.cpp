#include "grammar/token_trie.hpp"

#include <algorithm>

#include "formats/utf8.hpp"
#include "text/tokenizer.hpp"

namespace r1 {

TokenTrie::TokenTrie(std::vector<std::string> keys) : keys_(std::move(keys)) {
  std::vector<i32> order;
  for (i32 id = 0; id < std::ssize(keys_); ++id) {
    if (keys_[id].empty() || keys_[id].size() > 1024) continue;
    order.push_back(id);
    longest_ = std::max(longest_, static_cast<i32>(keys_[id].size()));
  }
  std::sort(order.begin(), order.end(),
            [&](i32 a, i32 b) { return keys_[a] != keys_[b] ? keys_[a] < keys_[b] : a < b; });
  nodes_.push_back({});
  std::vector<i32> path{0};  // the nodes of the last key
  std::string_view last;
  const auto close = [&](size_t depth) {
    for (; path.size() > depth + 1; path.pop_back()) nodes_[path.back()].end = static_cast<i32>(nodes_.size());
  };
  for (const i32 id : order) {
    const std::string_view key = keys_[id];
    size_t shared = 0;
    while (shared < std::min(key.size(), last.size()) && key[shared] == last[shared]) ++shared;
    close(shared);
    for (size_t d = shared; d < key.size(); ++d) {
      path.push_back(static_cast<i32>(nodes_.size()));
      nodes_.push_back({static_cast<u8>(key[d]), static_cast<u16>(d + 1), 0, static_cast<i32>(tokens_.size())});
    }
    tokens_.push_back(id);
    last = key;
  }
  close(0);
  nodes_[0].end = static_cast<i32>(nodes_.size());
  nodes_.push_back({0, 0, 0, static_cast<i32>(tokens_.size())});
}

std::string TokenTrie::mark_key(i32 token) {
  std::string key(1, '\xff');
  for (int shift = 24; shift >= 0; shift -= 8) key += static_cast<char>(token >> shift & 0xff);
  return key;
}

TokenTrie TokenTrie::of(const Tokenizer& tokenizer) {
  std::vector<std::string> keys(tokenizer.size());
  for (i32 id = 0; id < std::ssize(keys); ++id) {
    const std::string_view bytes = tokenizer.bytes_of(id);
    const bool mark = tokenizer.is_added(id) && utf8_length(bytes) != bytes.size();
    if (mark) keys[id] = mark_key(id);
    else if (bytes.find('\xff') == bytes.npos) keys[id] = bytes;
  }
  return TokenTrie(std::move(keys));
}

}  // namespace r1
