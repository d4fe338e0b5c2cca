// From judged completions to an EvalResult.
#pragma once
#include <span>
#include <string>

#include "eval/eval.hpp"

namespace r1 {

struct Judged {
  bool done = false;  // false: interrupted, counts nowhere
  bool right = false, truncated = false, unchecked = false;
  std::string given;  // extracted answer; empty: does not vote
  i64 tokens = 0, thinking_tokens = 0;
};

// judged: [problems × k], problem-major.
EvalResult summarise(std::span<const Problem> problems, std::span<const Judged> judged, i32 k);

// The vote of one problem's completions: whether the most frequent answer is right.
bool consensus(std::span<const Judged> completions);

}  // namespace r1
