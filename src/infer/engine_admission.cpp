// Admission: which sequences run. Those that were preempted go first, oldest first; then come the queued requests,
// first come, first served. Nobody overtakes a sequence that waits for pages.
#include <algorithm>

#include "infer/engine_state.hpp"

namespace r1 {

void Engine::State::admit() {
  while (std::ssize(running) < options.max_sequences) {
    if (!preempted.empty()) {
      if (!resume()) return;
      continue;
    }
    Group* g = next_group();
    if (!g || !start(*g)) return;
    if (g->started < g->request.samples) continue;
    std::erase(queue, g);
    cache.close(g->held);
    erase_if_complete(*g);
  }
}

// A group whose first sample computes the prompt waits for it with its other samples; the groups behind need not wait.
Engine::State::Group* Engine::State::next_group() {
  const auto next = std::ranges::find_if(queue, [](const Group* g) { return g->started == 0 || g->prompt_done; });
  return next == queue.end() ? nullptr : *next;
}

// Starts the group's next sample. One that finds the prompt's pages draws its first token at once, from the prompt's
// last row of logits; otherwise it computes the prompt.
bool Engine::State::start(Group& g) {
  const i64 length = std::ssize(g.request.prompt);
  const bool first = g.started == 0;
  auto kv = open_pages(g, true, g.request.prompt, length);
  if (!kv) return false;
  if (first) counters.cached_tokens += g.cached = kv->cached;
  const bool computed = kv->cached == length;
  auto s = new_sequence(g, std::move(*kv));
  if (first) report_prompt(*s);
  if (computed) take_token(*s, draw(samplers[0], *s, g.logits));
  if (!s->done) running.push_back(std::move(s));
  return true;
}

bool Engine::State::resume() {
  Sequence& s = *preempted.front();
  std::vector<i32> tokens = s.group->request.prompt;
  tokens.insert(tokens.end(), s.generated.begin(), s.generated.end());
  // A page that holds prompt tokens of another sequence must not stand for tokens that were generated here, unless
  // both roles have the same bits.
  const bool roles_differ = cache.layout().form == MlaForm::mixed;
  auto kv = open_pages(*s.group, false, std::span(tokens).first(roles_differ ? s.prompt() : s.known()), s.known());
  if (!kv) return false;
  s.kv = std::move(*kv);
  s.position = s.kv.cached;
  const auto older = [](const auto& a, const auto& b) { return a->age < b->age; };
  running.insert(std::ranges::upper_bound(running, preempted.front(), older), std::move(preempted.front()));
  preempted.erase(preempted.begin());
  return true;
}

// Pages for `known` tokens that begin with `tokens`, or with the prompt that the group still holds. A page
// for each running sequence stays free, because they will need it soon. If nothing runs, no pages come back by
// themselves, so groups give up the prompts that they hold.
std::optional<KvSequence> Engine::State::open_pages(const Group& g, bool from_held, std::span<const i32> tokens,
                                                    i64 known) {
  const i64 spare = std::ssize(running);
  for (;;) {
    const bool fork = from_held && !g.held.pages.empty();
    auto kv = fork ? cache.fork(g.held, known, known, spare) : cache.open(tokens, known, spare, g.request.cache_salt);
    if (kv) return std::move(*kv);
    if (spare > 0) return std::nullopt;
    R1_CHECK(give_up_held(), "{} tokens find no pages in an idle cache: {}", known, kv.error().what);
  }
}

std::unique_ptr<Engine::State::Sequence> Engine::State::new_sequence(Group& g, KvSequence kv) {
  auto s = std::make_unique<Sequence>();
  s->group = &g;
  s->sample = g.request.first_sample + g.started;
  s->age = ++last_age;
  s->position = s->computed = kv.cached;
  s->kv = std::move(kv);
  if (g.request.sampling.repetition_penalty != 1) s->history = g.request.prompt;
  ++g.started, ++g.live;
  return s;
}

}  // namespace r1
