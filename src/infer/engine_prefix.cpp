// Prefixes. A prompt's full pages are published as soon as they are computed, chunk by chunk. A prompt that begins with
// the same tokens shares them, even if it was taken up before they were there: it waits while another sequence computes
// its next page. In the expanded form generated tokens have the same keys as a prompt's, so their pages may be
// published too; in the mixed form they never are.
#include <algorithm>

#include "infer/engine_state.hpp"

namespace r1 {

// Shares the pages behind the sequence's position that have been published since it was taken up. Returns whether a
// prompt that is computed for the first time has got further.
bool Engine::State::share_prefix(Sequence& s) {
  Group& g = *s.group;
  const i64 cached = g.cached;
  while (s.position % kPageTokens == 0 && cache.adopt(s.kv, g.request.prompt, s.position, g.request.cache_salt)) {
    const bool first_time = s.position == s.computed && !g.prompt_done;  // neither a replay nor a later sample
    s.position += kPageTokens;
    s.computed = std::max(s.computed, s.position);
    if (first_time) g.cached += kPageTokens, counters.cached_tokens += kPageTokens;
  }
  return g.cached > cached;
}

// Whether a sequence with rows in this step computes the page that `s` needs next. Both have the same pages before it,
// because s shares whatever the other has published.
bool Engine::State::waits_for_prefix(const Sequence& s) const {
  const i64 begin = s.position, end = begin + kPageTokens;
  if (begin % kPageTokens || end >= s.prompt()) return false;
  const auto page_before = [](const Sequence& of, i64 position) {
    return position < kPageTokens ? -1 : of.kv.pages[position / kPageTokens - 1];
  };
  const GenerationRequest& mine = s.group->request;
  return std::ranges::any_of(chunks, [&](const PromptChunk& chunk) {
    const GenerationRequest& other = chunk.sequence->group->request;
    return chunk.first / kPageTokens == begin / kPageTokens && end <= std::ssize(other.prompt) &&
           page_before(*chunk.sequence, chunk.first) == page_before(s, begin) && mine.cache_salt == other.cache_salt &&
           std::equal(mine.prompt.begin() + begin, mine.prompt.begin() + end, other.prompt.begin() + begin);
  });
}

void Engine::State::publish_prompts() {
  for (const auto& [s, first] : chunks)
    cache.publish(s->kv, s->group->request.prompt, s->position, s->group->request.cache_salt);
}

void Engine::State::publish_generated(const Sequence& s) {
  if (!options.share_generated || cache.layout().form != MlaForm::expanded || s.generated.empty()) return;
  std::vector<i32> tokens = s.group->request.prompt;
  tokens.insert(tokens.end(), s.generated.begin(), s.generated.end());
  cache.publish(s.kv, tokens, s.position, s.group->request.cache_salt);
}

}  // namespace r1
