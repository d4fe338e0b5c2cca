// Drafts from the model's module for multi-token prediction (MTP, DeepSeek-V3 §2.2). When a step has drawn its tokens,
// the module reads the hidden states of the step's rows and the token behind each row. The logits of a sequence's last
// row say what may follow the token that was just drawn. The sequence draws its guess from them as it will draw the
// token itself: with the same random number, mask and penalties. The two draws agree more often than the likeliest
// tokens would if the distributions are flat, and a wrong guess changes nothing (engine_draft.cpp).
//
// The module attends to keys of its own, which lie in the last layer of the KV pages. A page that is shared may lack
// them, or have a key that belongs to another continuation: the module then guesses worse.
//
// The module takes time in every step, with prompts too. A sequence stops using it when it does not pay for a while,
// and the sequences after it do not begin with it, except one from time to time.
#include <utility>

#include "infer/engine_state.hpp"
#include "ops/ops.hpp"

namespace r1 {
namespace {

constexpr double kJudgement = 0.02;    // weight of a guess in the chance
constexpr i64 kMostUnpaidSteps = 32;   // after which a sequence stops using the module
constexpr i64 kSequencesWithout = 31;  // after which one tries the module again

}  // namespace

// Whether a new sequence uses the module.
bool Engine::State::module_may_pay() {
  if (options.max_drafts < 1 || model.info().mtp_layers < 1) return false;
  const i64 decodes = std::ssize(running) + 1;
  if (decodes > DraftPace::kMostDecodes) return false;
  const bool pays = draft_pace.module_pays(decodes, prediction_chance);
  if (!pays && ++sequences_without_module <= kSequencesWithout) return false;
  sequences_without_module = 0;
  return true;
}

void Engine::State::judge_module(Sequence& s, i64 decodes) {
  if (!s.has_module) return;
  s.unpaid_steps = draft_pace.module_pays(decodes, prediction_chance) ? 0 : s.unpaid_steps + 1;
  if (s.unpaid_steps <= kMostUnpaidSteps) return;
  s.has_module = false;
  s.predicted = kNoToken;
}

// Compares the token that was drawn last with the guess of it.
void Engine::State::judge_prediction(Sequence& s) {
  const i32 predicted = std::exchange(s.predicted, kNoToken);
  if (predicted == kNoToken || s.done) return;
  const bool right = s.generated.back() == predicted;
  prediction_chance += kJudgement * ((right ? 1.0 : 0.0) - prediction_chance);
}

// `hidden` are the hidden states of all rows of the batch.
void Engine::State::predict_tokens(const Tensor& hidden) {
  prediction_seconds = 0;
  prediction_batch.tokens.clear(), prediction_batch.positions.clear(), prediction_batch.roles.clear();
  prediction_batch.want.clear(), prediction_batch.seq_begin.assign(1, 0);
  prediction_rows.clear(), prediction_next.clear();
  std::vector<std::span<const i32>> tables;
  std::vector<Sequence*> guessing;
  for (i64 i = 0; i < std::ssize(batch_sequences); ++i) {
    Sequence& s = *batch_sequences[i];
    if (!s.has_module || s.done) continue;
    tables.push_back(s.kv.pages);
    if (add_prediction_rows(s, i)) guessing.push_back(&s);
  }
  if (tables.empty()) return;
  const double begin = clock();
  cache.view().tables = std::move(tables);
  Pass pass{prediction_batch, arena, *options.pool, *options.kernels, options.numerics, nullptr, &cache.view()};
  pass.hidden_rows = HiddenRows::wanted;
  const Tensor read = take_rows(pass, hidden, prediction_rows);
  const Tensor ahead = model.mtp(pass, read, prediction_next);
  if (!guessing.empty()) draw_predictions(guessing, linear(pass, ahead, model.head()));
  prediction_seconds = clock() - begin;
  if (batch.rows() == decode_rows + draft_rows) draft_pace.module_measured(decode_rows, prediction_seconds);
}

// The rows that the batch has of its sequence `index`, without those of wrong drafts. Returns whether the last of them
// is the row from which the sequence's last token was drawn.
bool Engine::State::add_prediction_rows(const Sequence& s, i64 index) {
  Batch& b = prediction_batch;
  const i32 first = batch.seq_begin[index], position = batch.positions[first];
  for (i32 i = 0; position + i < s.position; ++i) {
    prediction_rows.push_back(first + i);
    prediction_next.push_back(s.token(position + i + 1));
    b.tokens.push_back(batch.tokens[first + i]);
    b.positions.push_back(position + i);
    b.roles.push_back(batch.roles[first + i]);
  }
  b.seq_begin.push_back(static_cast<i32>(b.rows()));
  if (!s.decodes()) return false;
  b.want.push_back(static_cast<i32>(b.rows() - 1));
  return true;
}

// Row i of `logits` belongs to sequences[i].
void Engine::State::draw_predictions(std::span<Sequence* const> sequences, const Tensor& logits) {
  options.pool->run(std::ssize(sequences), [&](i64 i, int worker) {
    Sequence& s = *sequences[i];
    const auto drawn = draw(samplers[worker], s, {logits.row(i), static_cast<size_t>(logits.cols())});
    s.predicted = drawn ? drawn->token : kNoToken;
  });
  counters.predictions += std::ssize(sequences);
}

}  // namespace r1
