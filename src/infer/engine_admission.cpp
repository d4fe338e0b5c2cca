// Admission: which sequences run. A higher priority goes first; then the client of whom fewer sequences run, or for
// whom less was computed; then what was preempted, then the older. Nobody overtakes a sequence that waits for pages.
//
// A sequence may take the place of another: of one with a lower priority, or, so that nobody waits for the end of
// another client's long answers, if its client has none that runs, of one whose client has several.
#include <algorithm>
#include <tuple>

#include "infer/engine_state.hpp"

namespace r1 {

void Engine::State::admit() {
  while (const auto next = next_candidate()) {
    if (std::ssize(running) < options.max_sequences && run(*next)) continue;
    if (!make_way(*next->group)) return;
  }
}

// A group whose first sample computes the prompt waits for it with its other samples; others need not wait for them.
std::optional<Engine::State::Candidate> Engine::State::next_candidate() {
  const auto rank = [](const Candidate& c) {
    const Client& client = *c.group->client;
    const u64 age = c.preempted ? c.preempted->age : static_cast<u64>(c.group->id);
    return std::tuple(-i64{c.group->request.priority}, client.running, client.service, c.preempted ? 0 : 1, age);
  };
  std::optional<Candidate> best;
  const auto consider = [&](const Candidate& c) {
    if (!best || rank(c) < rank(*best)) best = c;
  };
  for (const auto& s : preempted) consider({s->group, s.get()});
  for (Group* g : queue)
    if (g->started == 0 || g->prompt_done) consider({g, nullptr});
  return best;
}

bool Engine::State::run(const Candidate& next) {
  if (next.preempted) return resume(*next.preempted);
  Group& g = *next.group;
  if (!start(g)) return false;
  if (g.started < g.request.samples) return true;
  std::erase(queue, &g);
  cache.close(g.held);
  erase_if_complete(g);
  return true;
}

// Preempts the sequence that has to give way to `next`. Returns false if there is none.
bool Engine::State::make_way(const Group& next) {
  const Sequence* victim = nullptr;
  for (const auto& s : running) {
    const i32 mine = next.request.priority, its = s->group->request.priority;
    const bool poor = next.client->running == 0 && s->group->client->running > 1;
    if (its > mine || (its == mine && !poor)) continue;
    const auto rank = [](const Sequence& x) {
      return std::tuple(-i64{x.group->request.priority}, x.group->client->running, x.age);
    };
    if (!victim || rank(*s) > rank(*victim)) victim = s.get();
  }
  if (!victim) return false;
  preempt(take_running(victim));
  return true;
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
  if (!s->done) insert_running(std::move(s));
  return true;
}

bool Engine::State::resume(Sequence& s) {
  std::vector<i32> tokens = s.group->request.prompt;
  tokens.insert(tokens.end(), s.generated.begin(), s.generated.end());
  // A page that holds prompt tokens of another sequence must not stand for tokens that were generated here, unless
  // both roles have the same bits.
  const bool roles_differ = cache.layout().form == MlaForm::mixed;
  auto kv = open_pages(*s.group, false, std::span(tokens).first(roles_differ ? s.prompt() : s.known()), s.known());
  if (!kv) return false;
  s.kv = std::move(*kv);
  s.position = s.kv.cached;
  const auto place = std::ranges::find_if(preempted, [&](const auto& p) { return p.get() == &s; });
  insert_running(std::move(*place));
  preempted.erase(place);
  return true;
}

// Pages for `known` tokens that begin with `tokens`, or with the prompt that the group still holds. A page stays free
// for each running sequence that may need another one. If nothing runs, no pages come back by themselves, so groups
// give up the prompts that they hold.
std::optional<KvSequence> Engine::State::open_pages(const Group& g, bool from_held, std::span<const i32> tokens,
                                                    i64 known) {
  const i64 spare = std::ranges::count_if(running, [](const auto& s) {
    return std::ssize(s->kv.pages) < pages_for(s->prompt() + s->group->request.max_tokens - 1);
  });
  for (;;) {
    const bool fork = from_held && !g.held.pages.empty();
    auto kv = fork ? cache.fork(g.held, known, known, spare) : cache.open(tokens, known, spare, g.request.cache_salt);
    if (kv) return std::move(*kv);
    if (!running.empty()) return std::nullopt;
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
  s->has_module = module_may_pay();
  if (g.request.constraint) s->constraint = g.request.constraint();
  ++g.started, ++g.live;
  return s;
}

// A client that comes back has neither a debt nor a credit.
Engine::State::Client* Engine::State::client_of(const std::string& name) {
  i64 least = -1;
  for (const auto& [other, client] : clients) least = least < 0 ? client.service : std::min(least, client.service);
  Client& client = clients.try_emplace(name, Client{.service = std::max<i64>(least, 0)}).first->second;
  ++client.groups;
  return &client;
}

}  // namespace r1
