// Continuous batching. Every step() is one forward over one ragged batch: the next token of every running sequence, and
// as many tokens of the waiting prompts as fit. Requests join and leave between steps. A sequence's tokens and
// log-probabilities have the same bits alone and among others, however its prompt is cut into chunks and whatever the
// thread count.
//
// A sequence takes pages of the KV cache as it grows. When there are no more, the youngest sequences lose theirs and
// are replayed later, with the same bits. So a request that may become long takes no more memory than it uses.
//
//   Engine engine = R1_TRY(Engine::create(model, options));
//   const RequestId id = R1_TRY(engine.submit({.prompt = ids, .sampling = {}, .max_tokens = 64, .stop_ids = eos}));
//   while (engine.busy())
//     for (const TokenEvent& e : R1_TRY(engine.step())) ...
//
// session/completions.hpp turns the events into text. The engine prints nothing and has no globals.
// Not thread-safe: one thread makes all calls. The model must outlive the engine, and its weights must not change while
// a sequence runs (step() checks it).
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/pass.hpp"
#include "infer/kv_cache.hpp"
#include "infer/sampler.hpp"
#include "infer/token_constraint.hpp"
#include "model/model.hpp"

namespace r1 {

inline constexpr i64 kDefaultKvBytes = i64{1} << 30;

struct EngineOptions {
  const cpu::Kernels* kernels = nullptr;  // required: active_kernels() of ops/device.hpp
  ThreadPool* pool = nullptr;             // required; must outlive the engine
  Numerics numerics{};
  i64 kv_bytes = 0;  // budget of the KV cache in bytes; 0: kv_tokens is the budget
  // The budget in tokens. If both are 0, the cache holds max_sequences sequences of the whole context, but takes at
  // most kDefaultKvBytes; it always holds one such sequence.
  i64 kv_tokens = 0;
  i64 prefix_bytes = -1;         // most bytes of the cache for prefixes that no sequence uses; -1: all that are free
  bool share_generated = false;  // in the expanded form, generated tokens too become prefixes for later prompts
  i64 max_batch_tokens = 512;    // rows of a step; at least max_sequences
  i64 max_sequences = 64;        // sequences that run at once
  i64 max_drafts = 0;            // guesses of next tokens that a sequence may have in a step, where they pay; 0: none
  double step_seconds = 0;       // a step computes only as many prompt tokens as fit into this time; 0: no limit
  std::function<double()> clock{};  // seconds; empty: seconds_now of core/clock.hpp
  i64 context = 0;  // tokens of the longest sequence; 0: the model's, or fewer if half of the memory cannot hold it
  // Events carry the experts that the routers chose (TokenEvent::routes). Every row of a prompt is then computed in the
  // last layer too; the bits are the same. Routes take memory besides that of the KV cache. Models without routers
  // have none.
  bool record_routes = false;
};

// Ends a thinking that is too long. If a sequence has drawn `tokens` tokens and none of them was `end`, the engine
// replaces the next draws by the tokens of `close`, which should contain `end`. Engine::end_thinking does so at once.
// Forced tokens count as output; their events are marked and have no log-probability.
struct ThinkBudget {
  i64 tokens = -1;  // -1: no limit
  i32 open = -1;    // a sequence thinks if this is its first token; -1: the prompt has opened the thinking
  i32 end = -1;
  std::vector<i32> close{};
};

struct GenerationRequest {
  std::vector<i32> prompt{};
  SamplingParams sampling{};
  i64 max_tokens = 1;           // cut to what the context leaves
  std::vector<i32> stop_ids{};  // a sequence ends after one of these tokens, which is reported
  i32 samples = 1;              // sequences drawn from this prompt; they share its pages and its prefill
  u64 stream = 0;               // the prompt's random stream (SampleKey)
  std::string cache_salt{};     // prefixes are shared only among requests of the same salt
  // Requests of a higher priority run first and take the place of sequences of a lower priority. Among requests of the
  // same priority, clients get equal shares of the sequences that run and of the prompt tokens of a step; the requests
  // of one client start in the order in which they were submitted.
  std::string client{};
  i32 priority = 0;
  i32 first_sample = 0;  // number of the first sample, in events and in random streams
  ThinkBudget think{};
  TokenConstraintFactory constraint{};  // every sample has its own; empty: none
};

using RequestId = i64;

// Why a sequence ended. stop: a token of stop_ids. length: max_tokens, or the context. failed: the model's logits are
// no distribution.
enum class Finish : u8 { none, stop, length, failed };

struct TokenEvent {
  RequestId id = 0;
  i32 sample = 0;
  i32 token = -1;
  float logprob = 0;  // SampledToken::logprob; NaN if forced
  Finish finish = Finish::none;
  bool forced = false;  // by the ThinkBudget
  // With EngineOptions::record_routes: the routes of the tokens that the model computed for this sample since the
  // sample's last event, in the order of RecordedRoutes::expert. The first event has the routes of the prompt, each
  // later event those of the token of the event before. The model never computes the row of a sample's last token, so
  // this token has no routes.
  std::vector<u16> routes{};
  std::vector<TokenLogprob> top{};  // SampledToken::top, of the model's own draw even if the token was forced
  std::string failure;              // the reason, if `finish` is failed
};

// The progress of a request's prompt. `processed` includes `cached`.
struct PromptEvent {
  RequestId id = 0;
  i64 total = 0;      // tokens of the prompt
  i64 cached = 0;     // tokens whose keys were found in shared pages; it grows while another prompt computes them
  i64 processed = 0;  // tokens whose keys are in the pages now
};

struct EngineCounters {
  i64 steps = 0;
  i64 prefill_tokens = 0, decode_tokens = 0;     // rows of the forwards, without those of replays
  i64 replayed_tokens = 0, preemptions = 0;      // rows that were computed again after a preemption
  i64 drafts = 0, accepted_drafts = 0;           // guessed tokens, and those of them that were drawn
  i64 predictions = 0;                           // guesses of the MTP module; not all of them become drafts
  i64 cached_tokens = 0;                         // prompt tokens whose keys were found in shared pages
  double forward_seconds = 0, step_seconds = 0;  // step_seconds includes forward_seconds
};

class Engine {
 public:
  // Errors: a context longer than the model's, max_sequences below 1, fewer batch tokens than sequences, a KV cache
  // without room for one page or larger than the machine's memory.
  static Result<Engine> create(const Model& model, const EngineOptions& options);
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) = delete;
  ~Engine();

  // Whether submit() accepts the request. Reads nothing that changes, so any thread may call it at any time.
  // Errors: an empty prompt, a prompt as long as the context (both numbers), max_tokens or samples below 1, ids out of
  // the vocabulary, sampling parameters out of range, more tokens than the whole cache holds.
  Status check(const GenerationRequest& request) const;
  // Queues a request; ids ascend. Errors: those of check().
  Result<RequestId> submit(GenerationRequest request);
  // One forward, or nothing if no request is there. The span is valid until the next step(), and its events may be
  // moved from. Errors: the weights changed while a sequence runs.
  Result<std::span<TokenEvent>> step();
  // An event for each prompt that the last step() took up or of which it computed a part, in order of time. Valid until
  // the next step().
  std::span<const PromptEvent> prompts() const;
  // Closes the thinking of all samples of a request with ThinkBudget::close, from the next draw on. Nothing happens to
  // samples that do not think. Returns false if the id is unknown or has ended, or if the request has no `close`.
  bool end_thinking(RequestId id);
  // Drops a request and frees its pages; it yields no more events. Returns false if the id is unknown or has ended.
  bool cancel(RequestId id);
  // Ends one sequence early, for instance at a stop string. Its first token must have been drawn. Does nothing if the
  // sample is unknown or has ended.
  void finish_sample(RequestId id, i32 sample);
  // For tests: takes a running sequence's pages away, as if another sequence needed them. The sequence is replayed as
  // soon as there is room. Returns false if it does not run.
  bool preempt(RequestId id, i32 sample);

  // Gives the memory of activations and KV pages back to the system, for a phase in which others need it. busy() must
  // be false. Cached prefixes are lost; the next step takes memory again. Bits do not change.
  void release_memory();

  bool busy() const;
  i64 running() const;
  i64 preempted() const;  // sequences that lost their pages and will be replayed
  i64 queued() const;     // requests some of whose samples have not started
  // Identifies the weights that drew the tokens of the last step(): it grows with every update of the model.
  u64 weights_version() const;
  i64 activation_bytes() const;  // memory taken for activations
  const EngineCounters& counters() const;
  const KvCache& cache() const;
  const EngineOptions& options() const;
  i64 context() const;
  const Model& model() const;

 private:
  struct State;
  explicit Engine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace r1
