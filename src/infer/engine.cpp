#include "infer/engine.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <unordered_map>

namespace r1 {

namespace {

constexpr i64 kDefaultKvBytes = i64{1} << 30;

// What half of this machine's memory holds: some models are trained for more than people's machines have.
i64 longest_context(i64 page_bytes) {
  const i64 memory = static_cast<i64>(sysconf(_SC_PHYS_PAGES)) * static_cast<i64>(sysconf(_SC_PAGESIZE));
  return std::max<i64>(1, memory / 2 / page_bytes - 1) * kPageTokens;
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// What one sequence needs to be fed: its last token is only ever an output.
i64 positions_of(const Request& r) { return static_cast<i64>(r.prompt.size()) + r.max_tokens - 1; }

}  // namespace

const char* name_of(Finish finish) {
  switch (finish) {
    case Finish::none: return "none";
    case Finish::stop: return "stop";
    case Finish::length: return "length";
    case Finish::failed: return "failed";
  }
  return "";
}

struct Engine::State {
  // A request. Its first sample computes the prompt; the others continue from its pages (held) and its last row of
  // logits, and start as sequences and pages become free.
  struct Group {
    RequestId id = 0;
    Request request;
    i32 started = 0, live = 0;
    bool prompt_done = false;
    KvSequence held;
    std::vector<float> logits;
  };
  struct Sequence {
    Group* group = nullptr;
    i32 sample = 0;
    KvSequence kv;
    i64 position = 0;  // tokens whose keys are in the pages
    i64 generated = 0;
    i32 next = -1;             // the last token drawn, not fed yet
    std::vector<i32> history;  // prompt and generated tokens; kept only for a repetition penalty
    size_t forced = 0;         // tokens of ThinkBudget::close that were
    bool thought = false;      // ThinkBudget::end was drawn, or forced
    bool done = false;
  };
  // A row of logits of the current step and whose it is.
  struct Row {
    Sequence* sequence;
    Result<Sampled> sampled;
  };

  State(const Model& m, const EngineOptions& o, KvCache c) : model(m), options(o), cache(std::move(c)) {
    for (int i = 0; i < options.pool->threads(); ++i) samplers.emplace_back(*options.kernels);
    for (const Weight& w : m.weights())
      if (w.trainable()) changing.push_back(w);
    for (const Weight& w : m.router_biases())
      if (w) changing.push_back(w);
  }

  u64 weights_version() const {
    u64 sum = 0;  // versions only grow, so the sum changes when any of them does
    for (const Weight& w : changing) sum += w.version();
    return sum;
  }

  void admit();
  bool leaves_room(const Group& next) const;
  bool start_prompt(Group& g);
  bool start_sample(Group& g);
  void build_batch();
  void add_rows(Sequence& s, std::span<const i32> tokens, Role role, bool wanted);
  void draw(const Tensor& logits);
  Result<Sampled> draw_one(Sampler& sampler, const Sequence& s, std::span<const float> logits) const;
  void take_token(Sequence& s, const Result<Sampled>& sampled);
  static void close_thinking(Sequence& s, const ThinkBudget& budget, Event& e);
  void prompt_finished(Sequence& s, const float* logits);
  void end(Sequence& s);
  void sweep();
  void erase_if_over(Group& g);

  const Model& model;
  const EngineOptions options;
  KvCache cache;
  Arena arena;
  std::vector<Weight> changing;   // what training may write while we serve
  std::vector<Sampler> samplers;  // one per worker
  std::unordered_map<RequestId, std::unique_ptr<Group>> groups;
  std::deque<Group*> queue;  // with samples not started, first come first served
  std::vector<std::unique_ptr<Sequence>> running;
  Batch batch;
  std::vector<Row> rows;  // batch.want's
  std::vector<Event> events;
  std::vector<RequestId> ended;
  EngineCounters counters;
  RequestId last_id = 0;
  u64 version = 0;
  std::string failure;
};

Result<Engine> Engine::create(const Model& model, const EngineOptions& given) {
  EngineOptions o = given;
  R1_CHECK(o.kernels && o.pool, "an engine needs kernels and a thread pool");
  const i64 trained = model.info().context;
  if (o.context > trained)
    return fail(Errc::invalid_argument, "context {} is longer than the model's {}", o.context, trained);
  if (o.max_sequences < 1 || o.max_batch_tokens < o.max_sequences)
    return fail(Errc::invalid_argument, "max_batch_tokens {} must be at least max_sequences {}, and that at least 1",
                o.max_batch_tokens, o.max_sequences);
  const KvLayout layout = model.kv_layout(o.numerics);
  const i64 page = layout.page_bytes() * layout.layers;
  if (o.context <= 0) o.context = std::min(trained, longest_context(page));
  i64 pages = o.kv_bytes > 0 ? o.kv_bytes / page : pages_for(o.kv_tokens);
  if (o.kv_bytes <= 0 && o.kv_tokens <= 0) {
    const i64 one = pages_for(o.context) + 1;  // beside a late sample's own pages, the prompt's last, partial one
    pages = std::max(one, std::min(one * o.max_sequences, kDefaultKvBytes / page));
  }
  return Engine(std::make_unique<State>(model, o, R1_TRY(KvCache::create(layout, pages))));
}

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine::~Engine() = default;

Result<RequestId> Engine::submit(Request r) {
  State& s = *state_;
  const i64 length = static_cast<i64>(r.prompt.size()), context = s.options.context, vocab = s.model.info().vocab;
  if (r.prompt.empty()) return fail(Errc::invalid_argument, "the prompt has no tokens");
  if (length >= context)
    return fail(Errc::invalid_argument, "the prompt has {} tokens, the context is {} with room for an answer", length,
                context);
  if (r.max_tokens < 1) return fail(Errc::invalid_argument, "max_tokens is {}, must be at least 1", r.max_tokens);
  if (r.samples < 1 || r.first_sample < 0)
    return fail(Errc::invalid_argument, "samples is {} from {}, must be at least 1 from 0", r.samples, r.first_sample);
  for (const auto* ids : {&r.prompt, &r.think.close})
    for (const i32 id : *ids)
      if (id < 0 || id >= vocab)
        return fail(Errc::invalid_argument, "the prompt has token {}, the vocabulary {} entries", id, vocab);
  R1_TRY(check(r.sampling));
  r.max_tokens = std::min(r.max_tokens, context - length);
  // Samples that start late need the prompt's last, partial page beside their own.
  const i64 wanted = pages_for(positions_of(r)) + (r.samples > 1 && length % kPageTokens ? 1 : 0);
  if (wanted > s.cache.pages())
    return fail(Errc::exhausted, "{} prompt tokens and {} to generate need {} pages of KV cache, it has {}", length,
                r.max_tokens, wanted, s.cache.pages());

  auto group = std::make_unique<State::Group>();
  group->id = ++s.last_id;
  group->request = std::move(r);
  s.queue.push_back(group.get());
  const RequestId id = group->id;
  s.groups.emplace(id, std::move(group));
  return id;
}

Result<std::span<const Event>> Engine::step() {
  State& s = *state_;
  const double begin = now();
  s.events.clear();
  const u64 version = s.weights_version();
  if (version != s.version) {
    if (s.cache.pages_in_use() > 0)
      return fail(Errc::invalid_argument, "the weights changed while {} requests are running", s.groups.size());
    s.version = version;
    s.cache.set_version(version);
  }
  s.admit();
  s.build_batch();
  if (s.batch.rows() > 0) {
    Pass pass{s.batch, s.arena, *s.options.pool, *s.options.kernels, s.options.numerics, nullptr, &s.cache.view()};
    const double forward = now();
    const Output out = s.model.forward(pass);
    s.counters.forward_seconds += now() - forward;
    R1_CHECK(out.logits.rows() == static_cast<i64>(s.rows.size()), "{} rows of logits for {} wanted", out.logits.rows(),
             s.rows.size());
    s.draw(out.logits);
    s.sweep();
    ++s.counters.steps;
  }
  s.counters.step_seconds += now() - begin;
  return std::span<const Event>(s.events);
}

void Engine::State::admit() {
  for (size_t i = 0; i < queue.size() && static_cast<i64>(running.size()) < options.max_sequences;) {
    Group& g = *queue[i];
    if (g.started > 0 && !g.prompt_done) {  // its other samples wait for the prompt; those behind need not
      ++i;
      continue;
    }
    if (!(g.started == 0 ? start_prompt(g) : start_sample(g))) break;  // no pages: nobody overtakes
    if (g.started < g.request.samples) continue;
    queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(i));
    cache.close(g.held);
    erase_if_over(g);
  }
}

// A group keeps its prompt's pages until its last sample has started. If those of all groups that wait left no room for
// one more sample of each in turn, nothing could go on once the running ones have ended: so `next` waits instead.
bool Engine::State::leaves_room(const Group& next) const {
  i64 held = 0, largest = 0;
  for (const Group* g : queue) {  // those before `next` have all started
    const Request& r = g->request;
    const i64 length = static_cast<i64>(r.prompt.size());
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
  auto s = std::make_unique<Sequence>();
  s->group = &g;
  s->sample = g.request.first_sample;
  s->kv = std::move(*kv);
  s->position = s->kv.cached;
  counters.cached_tokens += s->position;
  if (g.request.sampling.repetition_penalty != 1) s->history = g.request.prompt;
  ++g.started, ++g.live;
  running.push_back(std::move(s));
  return true;
}

bool Engine::State::start_sample(Group& g) {
  const i64 length = static_cast<i64>(g.request.prompt.size());
  auto kv = cache.fork(g.held, length, positions_of(g.request));
  if (!kv) return false;
  auto s = std::make_unique<Sequence>();
  s->group = &g;
  s->sample = g.request.first_sample + g.started;
  s->kv = std::move(*kv);
  s->position = length;
  if (g.request.sampling.repetition_penalty != 1) s->history = g.request.prompt;
  ++g.started, ++g.live;
  take_token(*s, draw_one(samplers[0], *s, g.logits));
  if (!s->done) running.push_back(std::move(s));
  return true;
}

// Every running sequence's next token first, then prompts in order of arrival as far as the step's budget goes.
void Engine::State::build_batch() {
  batch.tokens.clear(), batch.positions.clear(), batch.roles.clear(), batch.want.clear();
  batch.seq_begin.assign(1, 0);
  cache.view().tables.clear();
  rows.clear();
  for (const auto& s : running)
    if (s->generated > 0) add_rows(*s, {&s->next, 1}, Role::generated, true);
  counters.decode_tokens += batch.rows();
  for (const auto& s : running) {
    const i64 budget = options.max_batch_tokens - batch.rows();
    if (s->generated > 0 || budget <= 0) continue;
    const auto left = std::span(s->group->request.prompt).subspan(s->position);
    const auto chunk = left.first(std::min(left.size(), static_cast<size_t>(budget)));
    counters.prefill_tokens += static_cast<i64>(chunk.size());
    add_rows(*s, chunk, Role::prompt, chunk.size() == left.size());
  }
}

void Engine::State::add_rows(Sequence& s, std::span<const i32> tokens, Role role, bool wanted) {
  batch.add_sequence(tokens, s.position, role);
  cache.view().tables.push_back(s.kv.pages);
  s.position += static_cast<i64>(tokens.size());
  if (!wanted) return;
  batch.want.push_back(static_cast<i32>(batch.rows() - 1));
  rows.push_back({&s, Sampled{}});
}

void Engine::State::draw(const Tensor& logits) {
  const auto row = [&](size_t i) {
    return std::span<const float>(logits.row(static_cast<i64>(i)), static_cast<size_t>(logits.cols()));
  };
  options.pool->run(static_cast<i64>(rows.size()), [&](i64 i, int worker) {
    Row& r = rows[i];
    r.sampled = draw_one(samplers[worker], *r.sequence, row(i));
  });
  for (size_t i = 0; i < rows.size(); ++i) {
    Sequence& s = *rows[i].sequence;
    if (s.generated == 0) prompt_finished(s, row(i).data());
    take_token(s, rows[i].sampled);
  }
}

Result<Sampled> Engine::State::draw_one(Sampler& sampler, const Sequence& s, std::span<const float> logits) const {
  const Request& r = s.group->request;
  const SampleKey key{r.sampling.seed, r.stream, static_cast<u32>(s.sample),
                      static_cast<u32>(static_cast<i64>(r.prompt.size()) + s.generated)};
  return sampler.sample(logits, r.sampling, key, s.history);
}

void Engine::State::prompt_finished(Sequence& s, const float* logits) {
  Group& g = *s.group;
  g.prompt_done = true;
  cache.publish(s.kv, g.request.prompt, s.position);
  if (g.started >= g.request.samples) return;
  g.held = cache.hold(s.kv, s.position);
  g.logits.assign(logits, logits + model.info().vocab);
}

void Engine::State::take_token(Sequence& s, const Result<Sampled>& sampled) {
  const Request& r = s.group->request;
  Event e{s.group->id, s.sample, -1, 0, Finish::none, false};
  if (sampled) {
    e.token = sampled->token;
    e.logprob = sampled->logprob;
    if (r.think.tokens >= 0 && !s.thought) close_thinking(s, r.think, e);
    s.next = e.token;
    ++s.generated;
    if (!s.history.empty()) s.history.push_back(e.token);
    if (std::find(r.stop_ids.begin(), r.stop_ids.end(), e.token) != r.stop_ids.end()) e.finish = Finish::stop;
    else if (s.generated == r.max_tokens) e.finish = Finish::length;
  } else {
    failure = sampled.error().what;
    e.finish = Finish::failed;
  }
  events.push_back(e);
  if (e.finish != Finish::none) end(s);
}

void Engine::State::close_thinking(Sequence& s, const ThinkBudget& budget, Event& e) {
  if (s.generated >= budget.tokens && s.forced < budget.close.size()) {
    e.token = budget.close[s.forced++];
    e.logprob = NAN;
    e.forced = true;
    s.thought = s.forced == budget.close.size();
  } else {
    s.thought = e.token == budget.end;
  }
}

void Engine::State::end(Sequence& s) {
  s.done = true;
  cache.close(s.kv);
  --s.group->live;
}

void Engine::State::sweep() {
  ended.clear();  // several may be of one group, which must live until the last of them is gone
  std::erase_if(running, [&](const auto& s) {
    if (s->done) ended.push_back(s->group->id);
    return s->done;
  });
  for (const RequestId id : ended)
    if (const auto g = groups.find(id); g != groups.end()) erase_if_over(*g->second);
}

void Engine::State::erase_if_over(Group& g) {
  if (g.live == 0 && g.started == g.request.samples) groups.erase(g.id);
}

bool Engine::cancel(RequestId id) {
  State& s = *state_;
  const auto found = s.groups.find(id);
  if (found == s.groups.end()) return false;
  State::Group& g = *found->second;
  std::erase(s.queue, &g);
  g.started = g.request.samples;
  s.cache.close(g.held);
  if (g.live == 0) {
    s.groups.erase(found);
    return true;
  }
  for (const auto& sequence : s.running)
    if (sequence->group == &g && !sequence->done) s.end(*sequence);
  s.sweep();
  return true;
}

void Engine::finish_sample(RequestId id, i32 sample) {
  State& s = *state_;
  for (const auto& sequence : s.running)
    if (sequence->group->id == id && sequence->sample == sample && !sequence->done) {
      R1_CHECK(sequence->group->prompt_done, "sample {} of request {} is finished before its prompt", sample, id);
      s.end(*sequence);
    }
  s.sweep();
}

bool Engine::busy() const { return !state_->groups.empty(); }
i64 Engine::running() const { return static_cast<i64>(state_->running.size()); }
i64 Engine::queued() const { return static_cast<i64>(state_->queue.size()); }
const EngineCounters& Engine::counters() const { return state_->counters; }
const KvCache& Engine::cache() const { return state_->cache; }
const EngineOptions& Engine::options() const { return state_->options; }
i64 Engine::context() const { return state_->options.context; }
const Model& Engine::model() const { return state_->model; }
const std::string& Engine::failure() const { return state_->failure; }

}  // namespace r1
