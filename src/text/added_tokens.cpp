#include "text/added_tokens.hpp"

#include <algorithm>

#include "formats/utf8.hpp"

namespace r1 {
namespace {

size_t leading_space(std::string_view text) {
  size_t at = 0;
  while (const size_t length = utf8_length(text.substr(at))) {
    if (!is_white_space(utf8_code_point(text.substr(at)))) break;
    at += length;
  }
  return at;
}

bool is_single_word(std::string_view text, size_t begin, size_t end) {
  const std::string_view before = last_character(text.substr(0, begin)), after = text.substr(end);
  return (before.empty() || !is_word_character(utf8_code_point(before))) &&
         (utf8_length(after) == 0 || !is_word_character(utf8_code_point(after)));
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::sort(tokens_.begin(), tokens_.end(), [](const auto& a, const auto& b) { return a.content < b.content; });
  for (const AddedToken& t : tokens_) ++first_[static_cast<u8>(t.content[0]) + size_t{1}];
  for (size_t b = 0; b < 256; ++b) first_[b + 1] += first_[b];
}

const AddedToken* AddedTokens::longest(std::string_view text) const {
  const AddedToken* best = nullptr;
  const size_t byte = static_cast<u8>(text[0]);
  auto low = tokens_.begin() + first_[byte], high = tokens_.begin() + first_[byte + 1];
  for (size_t depth = 1; low != high;
       ++depth) {  // the tokens low .. high share their first `depth` bytes with the text
    if (low->content.size() == depth) best = &*low++;  // a token that ends here sorts first among them
    if (depth == text.size()) break;
    const u8 next = static_cast<u8>(text[depth]);
    const auto at = [depth](const AddedToken& t) { return static_cast<u8>(t.content[depth]); };
    low = std::partition_point(low, high, [&](const AddedToken& t) { return at(t) < next; });
    high = std::partition_point(low, high, [&](const AddedToken& t) { return at(t) == next; });
  }
  return best;
}

size_t AddedTokens::next_candidate(std::string_view text, size_t from) const {
  const auto begins_one = [&](char c) {
    const size_t byte = static_cast<u8>(c);
    return first_[byte] != first_[byte + 1];
  };
  return static_cast<size_t>(std::find_if(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(), begins_one) -
                             text.begin());
}

void AddedTokens::scan(std::string_view text, const std::function<void(std::string_view)>& on_text,
                       const std::function<void(i32)>& on_token) const {
  size_t done = 0;  // everything before it has been handled
  for (size_t at = empty() ? text.size() : 0; (at = next_candidate(text, at)) < text.size();) {
    const AddedToken* token = longest(text.substr(at));
    if (!token) {
      ++at;
      continue;
    }
    size_t begin = at, end = at + token->content.size();
    at = end;  // the next match may begin inside the white space that this one includes
    if (token->single_word && !is_single_word(text, begin, end)) continue;
    if (token->strip_left && begin > done) begin = done + trailing_space(text.substr(done, begin - done));
    if (token->strip_right) end += leading_space(text.substr(end));
    if (begin > done) on_text(text.substr(done, begin - done));
    on_token(token->id);
    done = end;
  }
  if (done < text.size()) on_text(text.substr(done));
}

}  // namespace r1
