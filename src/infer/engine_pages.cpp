// Pages on demand. A sequence starts with pages for the tokens that it knows and takes a page more whenever it needs
// one. When none is free, groups first give up the prompts that they hold for their next samples; most of those pages
// can be found again as a prefix. Then the youngest sequence of the lowest priority is preempted: it loses its pages,
// keeps its tokens, and is replayed when there is room. The oldest sequence of the highest priority never waits, and
// the cache holds any single sequence, so the engine always makes progress.
#include <algorithm>

#include "infer/engine_state.hpp"

namespace r1 {

void Engine::State::grow() {
  for (i64 i = 0; i < std::ssize(running); ++i) {
    Sequence& s = *running[i];
    while (!cache.grow(s.kv, s.known())) {
      if (give_up_held()) continue;
      R1_CHECK(running.size() > 1, "a single sequence of {} tokens finds no page", s.known());
      const bool itself = running.back().get() == &s;
      preempt(take_running(running.back().get()));
      if (itself) return;
    }
  }
}

// The youngest group that holds a prompt gives it up. Returns false if there is none.
bool Engine::State::give_up_held() {
  const auto holder = std::find_if(queue.rbegin(), queue.rend(), [](const Group* g) { return !g->held.pages.empty(); });
  if (holder == queue.rend()) return false;
  cache.close((*holder)->held);
  (*holder)->logits.clear();
  return true;
}

void Engine::State::preempt(std::unique_ptr<Sequence> s) {
  publish_generated(*s);
  cache.close(s->kv);
  s->position = 0;
  s->predicted = kNoToken;
  ++counters.preemptions;
  preempted.push_back(std::move(s));
}

std::unique_ptr<Engine::State::Sequence> Engine::State::take_running(const Sequence* s) {
  const auto found = std::ranges::find_if(running, [&](const auto& r) { return r.get() == s; });
  std::unique_ptr<Sequence> taken = std::move(*found);
  running.erase(found);
  taken->runs = false;
  --taken->group->client->running;
  return taken;
}

void Engine::State::insert_running(std::unique_ptr<Sequence> s) {
  const auto rank = [](const auto& x) { return std::pair(-i64{x->group->request.priority}, x->age); };
  s->runs = true;
  ++s->group->client->running;
  running.insert(std::ranges::upper_bound(running, rank(s), {}, rank), std::move(s));
}

}  // namespace r1
