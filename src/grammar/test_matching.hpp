// For tests and fuzz targets: small vocabularies, and what a program takes.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/grammar_matcher.hpp"

namespace r1 {

inline std::shared_ptr<Lexicon> lexicon_of(std::vector<std::string> keys) {
  return std::make_shared<Lexicon>(TokenTrie(std::move(keys)));
}

// Every byte that is in UTF-8, and tokens of several bytes.
inline std::vector<std::string> keys_with(const std::vector<std::string>& more) {
  std::vector<std::string> keys;
  for (int b = 0; b < 255; ++b) keys.emplace_back(1, static_cast<char>(b));
  keys.insert(keys.end(), more.begin(), more.end());
  return keys;
}

inline std::shared_ptr<Lexicon> bytes_only() {
  static const auto lexicon = lexicon_of(keys_with({}));
  return lexicon;
}

inline std::vector<i32> tokens_of(std::span<const u64> mask) {
  std::vector<i32> out;
  for (i64 w = 0; w < std::ssize(mask); ++w)
    for (u64 rest = mask[w]; rest; rest &= rest - 1) out.push_back(static_cast<i32>(64 * w + __builtin_ctzll(rest)));
  return out;
}

// Whether the text is one of the program's.
inline bool takes(const std::shared_ptr<const GrammarProgram>& program, std::string_view text) {
  GrammarMatcher m(program);
  for (const char c : text)
    if (!m.push(static_cast<u8>(c))) return false;
  return m.is_complete();
}

}  // namespace r1
