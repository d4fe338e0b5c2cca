#include "infer/engine.hpp"

#include <unistd.h>

#include <algorithm>

#include "infer/engine_state.hpp"

namespace r1 {
namespace {

// The longest context whose keys fit into half of this machine's memory. Some models are trained for contexts that no
// ordinary machine can hold.
i64 longest_context(i64 page_bytes) {
  const i64 memory = static_cast<i64>(sysconf(_SC_PHYS_PAGES)) * static_cast<i64>(sysconf(_SC_PAGESIZE));
  return std::max<i64>(1, memory / 2 / page_bytes - 1) * kPageTokens;
}

// Pages of the KV cache that the options ask for. `page_bytes` is a page's size in all layers.
i64 cache_pages(const EngineOptions& o, i64 page_bytes) {
  if (o.kv_bytes > 0) return o.kv_bytes / page_bytes;
  if (o.kv_tokens > 0) return pages_for(o.kv_tokens);
  // Besides a sequence's own pages, a group holds the prompt's last, partial page for samples that start late.
  const i64 one_sequence = pages_for(o.context) + 1;
  return std::max(one_sequence, std::min(one_sequence * o.max_sequences, kDefaultKvBytes / page_bytes));
}

Status check_request(const GenerationRequest& r, i64 context, i64 vocab) {
  const i64 length = std::ssize(r.prompt);
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
  for (const auto& [id, bias] : r.sampling.logit_bias)
    if (id < 0 || id >= vocab)
      return fail(Errc::invalid_argument, "logit_bias has token {}, the vocabulary {} entries", id, vocab);
  return check(r.sampling);
}

}  // namespace

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
  const i64 page_bytes = layout.page_bytes() * layout.layers;
  if (o.context <= 0) o.context = std::min(trained, longest_context(page_bytes));
  RecordedRoutes routes;
  if (o.record_routes) routes.layers = model.info().layers, routes.top_k = model.info().experts_per_token;
  const i64 max_cached = o.prefix_bytes < 0 ? -1 : o.prefix_bytes / page_bytes;
  KvCache cache = R1_TRY(KvCache::create(layout, cache_pages(o, page_bytes), max_cached, routes.per_row()));
  return Engine(std::make_unique<State>(model, o, std::move(cache), std::move(routes)));
}

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine::~Engine() = default;

Status Engine::check(const GenerationRequest& r) const {
  const State& s = *state_;
  const i64 length = std::ssize(r.prompt), context = s.options.context;
  R1_TRY(check_request(r, context, s.model.info().vocab));
  const i64 max_tokens = std::min(r.max_tokens, context - length);
  const i64 wanted = pages_for(length + max_tokens - 1);  // the last token that is drawn is never fed back
  if (wanted > s.cache.pages())
    return fail(Errc::exhausted, "{} prompt tokens and {} to generate need {} pages of KV cache, it has {}", length,
                max_tokens, wanted, s.cache.pages());
  return {};
}

Result<RequestId> Engine::submit(GenerationRequest r) {
  State& s = *state_;
  R1_TRY(check(r));
  r.max_tokens = std::min(r.max_tokens, s.options.context - std::ssize(r.prompt));
  auto group = std::make_unique<State::Group>();
  group->id = ++s.last_id;
  group->request = std::move(r);
  group->client = s.client_of(group->request.client);
  s.queue.push_back(group.get());
  const RequestId id = group->id;
  s.groups.emplace(id, std::move(group));
  return id;
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
    s.erase_if_complete(g);
    return true;
  }
  for (const auto* sequences : {&s.running, &s.preempted})
    for (const auto& sequence : *sequences)
      if (sequence->group == &g && !sequence->done) s.end(*sequence);
  s.sweep();
  return true;
}

bool Engine::end_thinking(RequestId id) {
  const auto found = state_->groups.find(id);
  if (found == state_->groups.end() || found->second->request.think.close.empty()) return false;
  found->second->close_thinking = true;
  return true;
}

void Engine::finish_sample(RequestId id, i32 sample) {
  State& s = *state_;
  for (const auto* sequences : {&s.running, &s.preempted})
    for (const auto& sequence : *sequences)
      if (sequence->group->id == id && sequence->sample == sample && !sequence->done) {
        R1_CHECK(sequence->group->prompt_done, "sample {} of request {} is finished before its prompt", sample, id);
        s.end(*sequence);
      }
  s.sweep();
}

bool Engine::preempt(RequestId id, i32 sample) {
  State& s = *state_;
  const auto found = std::ranges::find_if(
      s.running, [&](const auto& sequence) { return sequence->group->id == id && sequence->sample == sample; });
  if (found == s.running.end()) return false;
  s.preempt(s.take_running(found->get()));
  return true;
}

void Engine::release_memory() {
  R1_CHECK(!busy(), "{} requests are running while the engine's memory is released", state_->groups.size());
  state_->arena.release_unused();
  state_->cache.release_memory();
}

std::span<const PromptEvent> Engine::prompts() const { return state_->prompts; }
bool Engine::busy() const { return !state_->groups.empty(); }
i64 Engine::running() const { return std::ssize(state_->running); }
i64 Engine::preempted() const { return std::ssize(state_->preempted); }
i64 Engine::queued() const { return std::ssize(state_->queue); }
u64 Engine::weights_version() const { return state_->weights_version; }
i64 Engine::activation_bytes() const { return state_->arena.bytes_reserved(); }
const EngineCounters& Engine::counters() const { return state_->counters; }
const KvCache& Engine::cache() const { return state_->cache; }
const EngineOptions& Engine::options() const { return state_->options; }
i64 Engine::context() const { return state_->options.context; }
const Model& Engine::model() const { return state_->model; }

}  // namespace r1
