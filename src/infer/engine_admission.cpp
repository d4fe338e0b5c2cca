// Admission: which queued requests become sequences, and when.
#include <algorithm>

#include "infer/engine_state.hpp"

namespace r1 {

void Engine::State::admit() {
  for (i64 i = 0; i < std::ssize(queue) && std::ssize(running) < options.max_sequences;) {
    Group& g = *queue[i];
    if (g.started > 0 && !g.prompt_done) {  // its other samples wait for the prompt; the groups behind need not wait
      ++i;
      continue;
    }
    if (!(g.started == 0 ? start_prompt(g) : start_sample(g))) break;  // no pages are free: no group overtakes it
    if (g.started < g.request.samples) continue;
    queue.erase(queue.begin() + i);
    cache.close(g.held);
    erase_if_complete(g);
  }
}

// A group keeps its prompt's pages until its last sample has started. Suppose that all waiting groups hold theirs: if
// the rest of the cache could not take the largest sample of any of them, no sample could start after the running ones
// have ended, and the engine would be stuck. So `next` waits if its prompt would leave less room than that.
bool Engine::State::leaves_room(const Group& next) const {
  i64 held = 0, largest = 0;
  for (const Group* g : queue) {  // the prompts of all groups before `next` have started
    const GenerationRequest& r = g->request;
    const i64 length = std::ssize(r.prompt);
    if (r.samples > 1) {
      held += pages_for(length);
      largest = std::max(largest, pages_for(positions_of(r)) - length / kPageTokens);
    }
    if (g == &next) break;
  }
  return held + largest <= cache.pages();
}

bool Engine::State::start_prompt(Group& g) {
  if (!leaves_room(g)) return false;
  auto kv = cache.open(g.request.prompt, positions_of(g.request));
  if (!kv) return false;
  counters.cached_tokens += g.cached = kv->cached;
  running.push_back(new_sequence(g, std::move(*kv)));
  report_prompt(*running.back());
  return true;
}

// A later sample draws its first token at once, from the prompt's last row of logits.
bool Engine::State::start_sample(Group& g) {
  auto kv = cache.fork(g.held, std::ssize(g.request.prompt), positions_of(g.request));
  if (!kv) return false;
  auto s = new_sequence(g, std::move(*kv));
  take_token(*s, draw(samplers[0], *s, g.logits));
  if (!s->done) running.push_back(std::move(s));
  return true;
}

std::unique_ptr<Engine::State::Sequence> Engine::State::new_sequence(Group& g, KvSequence kv) {
  auto s = std::make_unique<Sequence>();
  s->group = &g;
  s->sample = g.request.first_sample + g.started;
  s->position = kv.cached;
  s->kv = std::move(kv);
  if (g.request.sampling.repetition_penalty != 1) s->history = g.request.prompt;
  ++g.started, ++g.live;
  return s;
}

}  // namespace r1
