// Speculation. A sequence may have drafts, guesses of its next tokens. A step computes their rows together with that of
// its last token, and then draws as ever: the first row of logits gives the next token, with the random number of its
// position, its mask and its penalties. Only if that token is the first draft, the second row is that of the token that
// was drawn, so the next token is drawn from it, and so on. A draft therefore never changes a token or a
// log-probability: a row's bits do not depend on the rows beside it. The keys of wrong drafts lie behind the sequence's
// last position, where nobody reads them, until its own tokens replace them.
//
// Drafts are looked up in the text so far (prompt lookup): what followed the last place that had the same tokens as the
// end of the text now. Texts that repeat names, numbers or code have many such places. A model with a module for
// multi-token prediction guesses one token besides (engine_predict.cpp). If the two disagree, the one that is right
// more often is the draft.
#include <algorithm>

#include "infer/engine_state.hpp"

namespace r1 {
namespace {

constexpr i64 kLeastMatch = 2, kMostMatch = 8;  // tokens that must be the same, and of which more do not count
constexpr double kJudgement = 0.15;             // weight of a draft in its sequence's chance
constexpr double kRecovery = 0.01;              // weight of the first chance in a step without drafts

}  // namespace

// Gives the sequence drafts if they pay. `decodes`: the sequences that decode in this step.
void Engine::State::add_drafts(Sequence& s, i64 decodes) {
  const i64 room = std::min({options.max_drafts, s.group->request.max_tokens - std::ssize(s.generated) - 1,
                             options.max_batch_tokens - batch.rows() - decodes});
  i64 most = 0;
  for (double chance = s.draft_chance; most < room && draft_pace.pays(decodes, chance); chance *= s.draft_chance)
    ++most;
  if (most == 0) s.draft_chance += kRecovery * (kFirstDraftChance - s.draft_chance);
  else look_up_drafts(s, most);
  s.looked_up = !s.drafts.empty();
  const bool agree = s.looked_up && s.drafts.front() == s.predicted;
  const bool likelier = !s.looked_up || s.draft_chance < prediction_chance;
  if (s.predicted != kNoToken && !agree && likelier && room > 0 && draft_pace.pays(decodes, prediction_chance)) {
    s.drafts = {s.predicted};
    s.looked_up = false;
  }
  if (!s.drafts.empty() && !cache.grow(s.kv, s.known() + std::ssize(s.drafts))) s.drafts.clear();
}

// Of several places, one that has more of the last tokens counts, and among equal ones the last.
void Engine::State::look_up_drafts(Sequence& s, i64 most) {
  const i64 known = s.known();
  const i32 last = s.token(known - 1);
  i64 best = kLeastMatch - 1, behind = 0;
  for (i64 end = known - 1; end > 0 && best < kMostMatch; --end) {
    if (s.token(end - 1) != last) continue;
    i64 same = 1;
    while (same < std::min(kMostMatch, end) && s.token(end - 1 - same) == s.token(known - 1 - same)) ++same;
    if (same > best) best = same, behind = end;
  }
  if (best < kLeastMatch) return;
  // A text that repeats a few tokens again and again goes on with the drafts themselves.
  for (i64 i = behind; i < behind + most; ++i) s.drafts.push_back(i < known ? s.token(i) : s.drafts[i - known]);
}

// Whether the token that was drawn last is the sequence's next draft. If so, its row has been computed.
bool Engine::State::take_draft(Sequence& s) {
  if (s.drafts.empty() || s.done) return false;
  const bool right = s.generated.back() == s.drafts.front();
  if (s.looked_up) s.draft_chance += kJudgement * ((right ? 1.0 : 0.0) - s.draft_chance);
  if (!right) return false;
  s.drafts.erase(s.drafts.begin());
  ++counters.decode_tokens, ++counters.accepted_drafts, ++s.group->client->service;
  s.computed = std::max(s.computed, ++s.position);
  return true;
}

}  // namespace r1
