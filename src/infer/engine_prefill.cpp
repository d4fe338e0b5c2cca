// The prompt tokens of a step. How many there are follows the measured speed (PrefillPace). Higher priorities go first.
// Among sequences of one priority the clients take turns, the one for whom least was computed first, with a quantum of
// tokens each; a client's own sequences go in their order. What is left over goes round again.
#include <algorithm>
#include <unordered_map>

#include "infer/engine_state.hpp"

namespace r1 {
namespace {

constexpr i64 kLeastQuantum = 32;  // smaller pieces of prompts would be inefficient

}  // namespace

// `shares` are in the order of `running`: by priority.
void Engine::State::add_prompts(std::span<Share> shares) {
  for (const Share& share : shares)
    if (share_prefix(*share.sequence)) report_prompt(*share.sequence);
  i64 budget = std::min(pace.tokens(), options.max_batch_tokens - batch.rows());
  const auto priority = [](const Share& s) { return s.sequence->group->request.priority; };
  for (auto begin = shares.begin(); begin != shares.end() && budget > 0;) {
    const auto end = std::find_if(begin, shares.end(), [&](const Share& s) { return priority(s) != priority(*begin); });
    budget -= share_out({begin, end}, budget);
    begin = end;
  }
  for (const Share& share : shares) {
    if (share.tokens == 0) continue;
    add_rows(*share.sequence, share.tokens);
    // A replay, and a later sample that computes the prompt again, report nothing.
    const Sequence& s = *share.sequence;
    if (!s.group->prompt_done && s.position == s.computed) report_prompt(s);
  }
}

// Shares out at most `budget` tokens among sequences of one priority. Returns how many.
i64 Engine::State::share_out(std::span<Share> shares, i64 budget) {
  std::unordered_map<const Client*, i64> given;
  for (const Share& share : shares) given[share.sequence->group->client] = 0;
  const i64 quantum = std::max(kLeastQuantum, budget / std::ssize(given));
  const auto served = [&](const Share& s) {
    const Client* client = s.sequence->group->client;
    return client->service + given[client];
  };
  i64 left = budget;
  while (left > 0) {
    Share* next = nullptr;
    for (Share& share : shares)
      if (!share.waits && share.tokens < share.sequence->left() && (!next || served(share) < served(*next)))
        next = &share;
    if (!next) break;
    Sequence& s = *next->sequence;
    if (next->tokens == 0) {
      next->waits = waits_for_prefix(s);
      if (next->waits) continue;
      if (s.position < s.prompt()) chunks.push_back({&s, s.position});
    }
    const i64 tokens = std::min({s.left() - next->tokens, quantum, left});
    next->tokens += tokens;
    given[s.group->client] += tokens;
    left -= tokens;
  }
  return budget - left;
}

}  // namespace r1
