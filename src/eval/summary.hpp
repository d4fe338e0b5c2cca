// From graded completions to an EvalResult.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "eval/eval.hpp"

namespace r1 {

// A completion and what the judge said.
struct GradedCompletion {
  bool done = false;  // false: not generated or not judged yet; it counts nowhere
  JudgementKind kind = JudgementKind::unchecked;
  RewardParts parts;
  bool truncated = false;  // cut by max_tokens or the context
  bool thinks = false;     // the thinking is not empty
  std::string given;       // the extracted answer; without one the completion does not vote
  std::string detail;      // why it is not right
  i64 tokens = 0, thinking_tokens = 0;

  bool judged() const { return done && kind != JudgementKind::unchecked; }
  bool right() const { return kind == JudgementKind::right; }
};

// graded: [problems × k], problem-major.
EvalResult summarise(std::span<const Problem> problems, std::span<const GradedCompletion> graded, i32 k);

// Whether a turn, with the <think> that a template puts in front, has thinking other than white space.
bool has_thinking(std::string_view turn);

// Whether the most frequent answer among one problem's completions is right.
bool consensus(std::span<const GradedCompletion> completions, const Checker& checker);

}  // namespace r1
