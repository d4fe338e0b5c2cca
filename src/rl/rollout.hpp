// Rollouts: samples that the engine draws from the model that is being trained, and how they become documents that the
// trainer learns from.
#pragma once
#include <atomic>
#include <span>
#include <vector>

#include "session/completions.hpp"
#include "tasks/tasks.hpp"
#include "text/chat_template.hpp"
#include "train/data.hpp"

namespace r1 {

// Makes a document of a prompt and the tokens that were drawn after it. Every drawn token is the target of the row
// before it, with the log-probability at which it was drawn. A forced token, whose log-probability is NaN, is the
// target of no row. The caller sets weights and advantages. `routes` is empty or has the routes of all tokens but the
// last, whose row the engine never computes. The trainer's routers choose the experts of this row; it has no target,
// and no other row attends to it.
Document rollout_document(std::span<const i32> prompt, std::span<const i32> drawn, std::span<const float> logprobs,
                          RecordedRoutes routes = {});

// How samples are drawn. The random numbers are keyed by (seed, the prompt's stream, sample, position).
struct RolloutSettings {
  i64 samples = 1;  // of every prompt
  i64 max_tokens = 512;
  float temperature = 1;
  u64 seed = 0;
  std::vector<i32> stop_ids;
};

struct Rollout {
  std::vector<i32> prompt;
  bool opened_thinking = false;  // the prompt ends inside the thinking
  Completion completion;
};

// Draws samples of every problem's prompt over the whole vocabulary. Problem i has the stream first_stream + i; its
// samples are the results i · samples and following. Errors: Errc::interrupted once *stop is true; a prompt that does
// not fit; logits that are no distribution.
Result<std::vector<Rollout>> draw_rollouts(Engine& engine, const Tokenizer& tokenizer, const ChatTemplate& chat,
                                           std::span<const Problem> problems, u64 first_stream,
                                           const RolloutSettings& settings, const std::atomic<bool>* stop);

}  // namespace r1
