#include "verify/rewards.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/hash.hpp"
#include "core/math.hpp"
#include "core/text.hpp"
#include "verify/latex.hpp"

namespace r1 {
namespace {

i64 occurrences(std::string_view text, std::string_view what) {
  i64 n = 0;
  for (size_t at = 0; (at = text.find(what, at)) != text.npos; at += what.size()) ++n;
  return n;
}

// A code point at `at` and its length; broken UTF-8 gives U+FFFD and one byte.
std::pair<u32, size_t> code_point(std::string_view s, size_t at) {
  const auto byte = [&](size_t i) { return at + i < s.size() ? static_cast<unsigned char>(s[at + i]) : 0u; };
  const u32 first = byte(0);
  const size_t length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
  if (length == 0) return {0xfffd, 1};
  u32 value = length == 1 ? first : first & (0xffu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return {0xfffd, 1};
    value = value << 6 | (byte(i) & 0x3fu);
  }
  return {value, length};
}

bool is_han(u32 c) {
  return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x20000 && c <= 0x323af) ||
         (c >= 0xf900 && c <= 0xfaff);
}
// Letters with a script: what is neither ASCII punctuation, nor a digit, nor a symbol of the general blocks.
bool is_word_letter(u32 c) {
  if (c < 0x80) return is_letter(static_cast<char>(c));
  if (c < 0xc0 || c == 0xd7 || c == 0xf7 || c == 0xfffd) return false;
  return !(c >= 0x2000 && c <= 0x2bff) && !(c >= 0x3000 && c <= 0x303f) && !(c >= 0xff00 && c <= 0xff20) && c < 0x1f000;
}
bool is_latin(u32 c) { return c < 0x250; }

// Where a span of code or a formula that begins at `at` ends; `at` if none does.
size_t skipped(std::string_view s, size_t at) {
  for (const std::string_view mark : {"```", "`", "$$", "$"}) {
    if (!s.substr(at).starts_with(mark)) continue;
    const size_t close = s.find(mark, at + mark.size());
    return close == s.npos ? at + mark.size() : close + mark.size();
  }
  if (s[at] == '\\') {
    for (const auto& [open, close] : {std::pair{"\\(", "\\)"}, {"\\[", "\\]"}})
      if (s.substr(at).starts_with(open)) {
        const size_t end = s.find(close, at);
        return end == s.npos ? at + 2 : end + 2;
      }
    size_t end = at + 1;
    while (end < s.size() && is_letter(s[end])) ++end;
    return std::max(end, at + 1);
  }
  return at;
}

template <class T>
double repeated_share(std::span<const T> items, i64 n) {
  R1_CHECK(n >= 1, "n-grams of {} words", n);
  if (std::ssize(items) < n) return 0;
  std::vector<size_t> starts(items.size() - static_cast<size_t>(n) + 1);
  std::iota(starts.begin(), starts.end(), size_t{0});
  const auto compare = [&](size_t a, size_t b) {
    const auto x = items.subspan(a, static_cast<size_t>(n)), y = items.subspan(b, static_cast<size_t>(n));
    return std::lexicographical_compare_three_way(x.begin(), x.end(), y.begin(), y.end());
  };
  std::sort(starts.begin(), starts.end(), [&](size_t a, size_t b) { return compare(a, b) < 0; });
  const auto end = std::unique(starts.begin(), starts.end(), [&](size_t a, size_t b) { return compare(a, b) == 0; });
  return 1 - static_cast<double>(end - starts.begin()) / static_cast<double>(starts.size());
}

}  // namespace

bool has_think_format(std::string_view completion) {
  constexpr std::string_view kOpen = "<think>", kClose = "</think>";
  if (occurrences(completion, kOpen) != 1 || occurrences(completion, kClose) != 1) return false;
  if (!trimmed(completion).starts_with(kOpen)) return false;
  const size_t close = completion.find(kClose);
  return close > completion.find(kOpen) && !trimmed(completion.substr(close + kClose.size())).empty();
}

bool has_think_answer_format(std::string_view completion) {
  constexpr std::string_view kOpen = "<think>\n", kMiddle = "\n</think>\n<answer>\n", kEnd = "\n</answer>";
  if (!completion.starts_with(kOpen) || !completion.ends_with(kEnd)) return false;
  const size_t middle = completion.find(kMiddle);
  return middle != completion.npos && middle >= kOpen.size() &&
         middle + kMiddle.size() + kEnd.size() <= completion.size();
}

bool has_code_format(std::string_view completion, std::string_view language) {
  if (!has_think_answer_format(completion)) return false;
  const std::string_view answer = completion.substr(completion.find("\n<answer>\n"));
  const std::string fence = "```" + std::string(language);
  const size_t open = answer.find(fence);
  return open != answer.npos && answer.find("```", open + fence.size()) != answer.npos;
}

double tag_count(std::string_view completion) {
  double count = 0;
  for (const std::string_view tag : {"<think>\n", "\n</think>\n", "\n<answer>\n", "\n</answer>"})
    if (occurrences(completion, tag) == 1) count += 0.25;
  return count;
}

double language_consistency(std::string_view s, Language language) {
  i64 words = 0, right = 0;
  for (size_t at = 0; at < s.size();) {
    if (const size_t end = skipped(s, at); end != at) {
      at = end;
      continue;
    }
    const auto [first, length] = code_point(s, at);
    if (!is_word_letter(first)) {
      at += length;
      continue;
    }
    bool latin = true;
    if (is_han(first)) {
      latin = false;
      at += length;
    } else {
      while (at < s.size()) {
        const auto [c, n] = code_point(s, at);
        if (!is_word_letter(c) || is_han(c)) break;
        latin = latin && is_latin(c);
        at += n;
      }
    }
    ++words;
    right += language == Language::chinese ? is_han(first) : latin;
  }
  return words == 0 ? 0 : static_cast<double>(right) / static_cast<double>(words);
}

double soft_overlong(i64 length, i64 limit, i64 cache) {
  R1_CHECK(0 < cache && cache <= limit, "soft overlong: a cache of {} of {} tokens", cache, limit);
  if (length <= limit - cache) return 0;
  if (length > limit) return -1;
  return -static_cast<double>(length - (limit - cache)) / static_cast<double>(cache);
}

double cosine_length(i64 length, i64 limit, double at_start, double at_limit) {
  R1_CHECK(limit > 0 && length >= 0, "cosine length: {} of {} tokens", length, limit);
  constexpr double kPi = 3.14159265358979323846;
  const double progress = std::min(1.0, static_cast<double>(length) / static_cast<double>(limit));
  return at_limit + 0.5 * (at_start - at_limit) * (1 + exact_sincos(progress * kPi).cos);
}

std::vector<u64> words_as_hashes(std::string_view text) {
  std::vector<u64> words;
  std::string word;
  int han = 0;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(fnv1a(word));
    word.clear();
    han = 0;
  };
  for (size_t at = 0; at < text.size();) {
    const auto [c, length] = code_point(text, at);
    if (c < 0x80 && is_space(static_cast<char>(c))) {
      end_word();
    } else if (is_han(c)) {
      if (han == 0) end_word();
      word += text.substr(at, length);
      if (++han == 2) end_word();
    } else {
      if (han > 0) end_word();
      if (length == 1 && c >= 'A' && c <= 'Z') word += static_cast<char>(c - 'A' + 'a');
      else word += text.substr(at, length);
    }
    at += length;
  }
  end_word();
  return words;
}

double repetition(std::span<const i64> ids, i64 n, double worst) { return repeated_share(ids, n) * worst; }
double repetition(std::string_view text, i64 n, double worst) {
  const std::vector<u64> words = words_as_hashes(text);
  return repeated_share(std::span<const u64>(words), n) * worst;
}

}  // namespace r1
