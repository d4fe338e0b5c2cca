// For tests and fuzz targets: a random beginning of a text of a grammar, drawn from its masks with a small vocabulary.
#pragma once
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "grammar/test_matching.hpp"

namespace r1 {

// Empty if the grammar is refused. A token that the mask allows and the matcher does not take is a defect.
inline std::string drawn_text(const Grammar& grammar, u64 seed) {
  const auto lexicon =
      lexicon_of(keys_with({"ab", "\": ", "{\"", "[]", ", ", "\xc3\xa9", "12", "\\u00", "null", "aaaa"}));
  const auto program = GrammarProgram::compile(grammar, lexicon);
  if (!program) return {};
  MatcherLimits limits;  // low, so that a text takes milliseconds
  limits.stacks = 256, limits.depth = 128, limits.memory = i64{1} << 20, limits.mask_memory = i64{4} << 20;
  limits.steps = i64{1} << 16;
  GrammarMatcher matcher(*program, limits);
  std::mt19937_64 random(seed);
  std::string text;
  for (int step = 0; step < 24; ++step) {
    const std::vector<i32> allowed = tokens_of(matcher.allowed());
    if (allowed.empty()) {
      R1_CHECK(matcher.is_complete() || !matcher.failure().empty() || step > 0, "nothing may begin");
      break;
    }
    const i32 token = allowed[random() % allowed.size()];
    R1_CHECK(matcher.push_token(token) || !matcher.failure().empty(), "the mask allows token {} behind {}", token,
             text);
    text += lexicon->trie().key(token);
  }
  return text;
}

}  // namespace r1
