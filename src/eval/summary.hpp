// From graded completions to an EvalResult.
#pragma once
#include <span>
#include <string>

#include "eval/eval.hpp"

namespace r1 {

// A completion and its checker's verdict.
struct GradedCompletion {
  bool done = false;  // false: interrupted; it counts nowhere
  bool right = false;
  bool truncated = false;  // cut by max_tokens or the context
  bool unchecked = false;  // the checker failed
  std::string given;       // the extracted answer; without one the completion does not vote
  i64 tokens = 0, thinking_tokens = 0;
};

// graded: [problems × k], problem-major.
EvalResult summarise(std::span<const Problem> problems, std::span<const GradedCompletion> graded, i32 k);

// Whether the most frequent answer among one problem's completions is right.
bool consensus(std::span<const GradedCompletion> completions, const Checker& checker);

}  // namespace r1
