#include "formats/added_tokens.hpp"

#include "formats/pretokenizer.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

u64 edge(u32 node, char byte) { return u64{node} << 8 | static_cast<u8>(byte); }

std::string_view without_leading_space(std::string_view text) {
  while (const size_t length = utf8_length(text)) {
    if (!is_white_space(utf8_code_point(text))) break;
    text.remove_prefix(length);
  }
  return text;
}

std::string_view without_trailing_space(std::string_view text) {
  while (!text.empty()) {
    size_t begin = text.size() - 1;
    while (begin > 0 && (static_cast<u8>(text[begin]) & 0xC0) == 0x80) --begin;
    const std::string_view last = text.substr(begin);
    if (utf8_length(last) != last.size() || !is_white_space(utf8_code_point(last))) break;
    text.remove_suffix(last.size());
  }
  return text;
}

}  // namespace

void AddedTokens::add(std::string_view content, i32 id, Strip strip) {
  u32 node = 0;
  for (const char byte : content) {
    const auto [it, made] = next_.try_emplace(edge(node, byte), static_cast<u32>(ends_.size()));
    if (made) ends_.push_back(-1);
    node = it->second;
  }
  ends_[node] = static_cast<i32>(tokens_.size());
  tokens_.push_back({id, strip});
}

std::pair<i32, size_t> AddedTokens::longest(std::string_view text) const {
  std::pair<i32, size_t> best{-1, 0};
  u32 node = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto it = next_.find(edge(node, text[i]));
    if (it == next_.end()) break;
    node = it->second;
    if (ends_[node] >= 0) best = {ends_[node], i + 1};
  }
  return best;
}

void AddedTokens::scan(std::string_view text, const std::function<void(std::string_view)>& on_text,
                       const std::function<void(i32)>& on_token) const {
  size_t at = 0;
  while (!empty() && at < text.size()) {
    const auto [index, length] = longest(text.substr(at));
    if (index < 0) {
      ++at;
      continue;
    }
    const Token& token = tokens_[static_cast<size_t>(index)];
    std::string_view before = text.substr(0, at);
    text.remove_prefix(at + length);
    at = 0;
    if (token.strip.left) before = without_trailing_space(before);
    if (token.strip.right) text = without_leading_space(text);
    if (!before.empty()) on_text(before);
    on_token(token.id);
  }
  if (!text.empty()) on_text(text);
}

}  // namespace r1
