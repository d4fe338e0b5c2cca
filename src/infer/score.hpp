// Log-probabilities of given tokens by one forward without a cache. `r1 logprobs` and `r1 perplexity` print them; they
// are the values of the trainer's loss.
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
  ProductObserver* products = nullptr;  // Pass::products
  // May be empty. Receives the raw logits in order, some rows at a time: rows first .. first + logits.size() / vocab.
  std::function<Status(i64 first, std::span<const float> logits)> logits;
};

// → [tokens]: element t is log p(tokens[t] | the tokens before it); element 0 is NaN because no token is before it.
// Errors: no tokens, more tokens than the context (both numbers), ids out of the vocabulary, an error of
// options.logits.
Result<std::vector<float>> score(const Model& model, std::span<const i32> tokens, const ScoreOptions& options);

}  // namespace r1
