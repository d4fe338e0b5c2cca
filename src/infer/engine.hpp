// Continuous batching: every step() is one forward over one ragged batch, the next token of every running sequence and
// as much of the waiting prompts as fits. Requests join and leave between steps; a sequence's tokens and
// log-probabilities are the same bits alone or among others, whatever the chunking and the thread count.
//
//   Engine engine = R1_TRY(Engine::create(model, options));
//   const RequestId id = R1_TRY(engine.submit({.prompt = ids, .sampling = {}, .max_tokens = 64, .stop_ids = eos}));
//   while (engine.busy())
//     for (const Event& e : R1_TRY(engine.step())) ...
//
// Serves rollouts and HTTP alike: no printing, no globals. Not thread-safe: one thread calls everything.
// The model must outlive the engine and its weights must not change while a sequence runs (checked by step()).
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "core/pass.hpp"
#include "infer/kv_cache.hpp"
#include "infer/sampler.hpp"
#include "model/model.hpp"

namespace r1 {

struct EngineOptions {
  const cpu::Kernels* kernels = nullptr;  // required: cpu::active()
  ThreadPool* pool = nullptr;             // required; must outlive the engine
  Numerics numerics{};
  i64 kv_bytes = 0;            // budget of the KV cache: bytes if set,
  i64 kv_tokens = 0;           // else tokens; both 0: max_sequences × context, at most 1 GiB
  i64 max_batch_tokens = 512;  // rows of a step; at least max_sequences
  i64 max_sequences = 64;      // running at once
  i64 context = 0;             // longest sequence; 0: the model's, as far as half of the memory goes
};

// Closes a thinking that goes on too long: once `tokens` were drawn and none of them was `end`, the tokens of `close`
// (which should contain `end`) follow by force. They count as output; their events are marked and have no logprob.
struct ThinkBudget {
  i64 tokens = -1;  // -1: no limit
  i32 end = -1;
  std::vector<i32> close{};
};

struct Request {
  std::vector<i32> prompt{};
  SamplingParams sampling{};
  i64 max_tokens = 1;           // cut to what the context leaves
  std::vector<i32> stop_ids{};  // a sequence ends after one of these; the token is reported
  i32 samples = 1;              // sequences drawn from this prompt; they share its pages and its prefill
  u64 stream = 0;               // the prompt's random stream
  i32 first_sample = 0;         // samples are numbered from here, in events and random streams
  ThinkBudget think{};
};

using RequestId = i64;
enum class Finish : u8 { none, stop, length, failed };  // failed: the model gave no distribution; see Engine::failure
const char* name_of(Finish finish);

struct Event {
  RequestId id = 0;
  i32 sample = 0;
  i32 token = -1;
  float logprob = 0;  // Sampled::logprob; NaN when forced
  Finish finish = Finish::none;
  bool forced = false;  // ThinkBudget's, not the model's
};

struct EngineCounters {
  i64 steps = 0, prefill_tokens = 0, cached_tokens = 0,
      decode_tokens = 0;                         // cached: prompt tokens found in shared pages
  double forward_seconds = 0, step_seconds = 0;  // the rest of a step is the engine's own
};

class Engine {
 public:
  static Result<Engine> create(const Model& model, const EngineOptions& options);
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) = delete;
  ~Engine();

  // Queues a request. Errors: empty prompt, prompt as long as the context (both numbers), ids out of the vocabulary,
  // bad sampling parameters, more tokens than the whole cache holds.
  Result<RequestId> submit(Request request);
  // One forward; the span is valid until the next call. Nothing to do: empty.
  Result<std::span<const Event>> step();
  bool cancel(RequestId id);                     // frees its pages; no more events. false: unknown or done
  void finish_sample(RequestId id, i32 sample);  // ends one sequence early (a stop string), after its first token

  bool busy() const;
  i64 running() const;
  i64 queued() const;  // requests with samples not yet started
  const EngineCounters& counters() const;
  const KvCache& cache() const;
  const EngineOptions& options() const;
  i64 context() const;
  const Model& model() const;
  const std::string& failure() const;  // why the last sequence failed

 private:
  struct State;
  explicit Engine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace r1
