#include "infer/score.hpp"

#include <algorithm>
#include <cmath>

#include "ops/ops.hpp"

namespace r1 {

namespace {

constexpr i64 kRows = 128;  // rows of logits in memory at once

Status hand_out_logits(Pass& p, const Model& model, const Tensor& hidden, const ScoreOptions& options) {
  std::vector<i32> rows;
  for (i64 first = 0; first < hidden.rows(); first += kRows) {
    rows.clear();
    for (i64 r = first; r < std::min(first + kRows, hidden.rows()); ++r) rows.push_back(static_cast<i32>(r));
    const Tensor logits = linear(p, take_rows(p, hidden, rows), model.head());
    R1_TRY(options.logits(first, {logits.data(), static_cast<size_t>(logits.size())}));
  }
  return {};
}

}  // namespace

Result<std::vector<float>> score(const Model& model, std::span<const i32> tokens, const ScoreOptions& options) {
  R1_CHECK(options.kernels && options.pool, "scoring needs kernels and a thread pool");
  const i64 n = static_cast<i64>(tokens.size());
  if (n == 0) return fail(Errc::invalid_argument, "there are no tokens to score");
  if (n > model.info().context)
    return fail(Errc::invalid_argument, "{} tokens to score, the model's context is {}", n, model.info().context);
  for (const i32 id : tokens)
    if (id < 0 || id >= model.info().vocab)
      return fail(Errc::invalid_argument, "token {} to score, the vocabulary has {} entries", id, model.info().vocab);

  Batch batch;
  batch.add_sequence(tokens);
  Arena arena;
  Pass pass{batch, arena, *options.pool, *options.kernels, options.numerics};
  pass.products = options.products;
  const Tensor hidden = model.forward(pass).hidden;
  if (options.logits) R1_TRY(hand_out_logits(pass, model, hidden, options));

  std::vector<i32> targets(tokens.begin() + 1, tokens.end());
  targets.push_back(-1);
  const Tensor nll = linear_cross_entropy(pass, hidden, model.head(), targets, options.temperature);
  std::vector<float> logprobs(tokens.size());
  logprobs[0] = NAN;
  for (i64 t = 1; t < n; ++t) logprobs[t] = -nll.data()[t - 1];
  return logprobs;
}

}  // namespace r1
