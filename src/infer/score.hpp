// Log-probabilities of given tokens by one uncached forward: what `r1 logprobs` and `perplexity` print, and what the
// trainer's loss sees.
#pragma once
#include <functional>
#include <span>
#include <vector>

#include "core/pass.hpp"
#include "model/model.hpp"

namespace r1 {

struct ScoreOptions {
  const cpu::Kernels* kernels = nullptr;  // required
  ThreadPool* pool = nullptr;             // required
  Numerics numerics{};                    // default: everything f32
  float temperature = 1;
  // Called with raw logits, some rows at a time, in order: rows first .. first + logits.size() / vocab.
  std::function<Status(i64 first, std::span<const float> logits)> logits;
};

// → [tokens]: element t is log p(tokens[t] | tokens before it); element 0 is NaN, it has no context.
// Errors: no tokens, more than the context (both numbers), ids out of the vocabulary.
Result<std::vector<float>> score(const Model& model, std::span<const i32> tokens, const ScoreOptions& options);

}  // namespace r1
