// Rejection sampling as a whole: k completions of every problem, judged and logged by evaluate(), chosen by
// select_completions(), and written as conversations that `r1 train sft` reads.
//
// Two files come of it. `out` has a conversation for each kept completion. The log of the evaluation is written again
// with the decision on every completion, in the order of problems and samples; it stays a log, so the same command goes
// on from it, and another choice from the same completions generates nothing.
#pragma once
#include <array>
#include <filesystem>
#include <span>

#include "eval/eval.hpp"
#include "eval/selection.hpp"

namespace r1 {

struct SamplingResult {
  EvalResult evaluation;  // if it was interrupted or failed, no completion has been chosen, and `out` is not written
  i64 prompts = 0, samples = 0;
  std::array<i64, kDecisions> decisions{};  // samples by Decision
  i64 verified = 0;                         // samples with a right answer, whatever the other rules say
};

// options.log is required. Errors: those of evaluate(); a file cannot be written.
Result<SamplingResult> sample_conversations(Engine& engine, const Tokenizer& tokenizer,
                                            std::span<const Problem> problems, Judge& judge, const EvalOptions& options,
                                            const SelectionRules& rules, const std::filesystem::path& out);

}  // namespace r1
