// An opened model with a thread of its own, which many clients share. Any thread submits requests; the host's thread
// runs the engine, turns tokens into text (Completions) and hands every request's events to that request's sink.
//
//   EngineHost host(R1_TRY(Session::open(path, pool, options)), {});
//   CompletionRequest request = host.session().request(R1_TRY(host.session().chat_prompt(chat)));
//   const auto id = host.submit(std::move(request), sink);  // may call sink->token() before it returns
//   ...
//   host.cancel(*id);                       // sink->end() follows, with EndCause::cancelled
//   host.shutdown(Shutdown::drain);         // no new requests; what runs goes on
//   if (!host.wait(10s)) host.shutdown(Shutdown::now);
//
// Threads. All public functions may be called from any thread. Only wait() and the destructor block; the others do not
// wait for the engine, and a sink may call them.
// Sinks. The host calls a sink on its own thread, one call at a time. A sink must not block and must not throw: while
// it runs, no request makes progress. It should move the event into a queue and wake its reader. The host keeps a
// reference to the sink from submit() until end() has returned. If submit() returns an error, the sink is never called.
// Order. For an accepted request: progress() any number of times, token() for every token of every sample, and exactly
// one end(), which is the last call. Samples of one request interleave; the events of one sample are in order.
// Errors: what is wrong with a request is returned by submit(), before the request is queued. What fails later fails
// one sample (CompletionEvent::finish is `failed`), or the request (RequestEnd::cause is `failed`), never the process.
#pragma once
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/threads/fair_lock.hpp"
#include "session/session.hpp"

namespace r1 {

using HostedId = i64;  // ascending, never reused

// How far the prompt of a request is.
struct PromptProgress {
  i64 total = 0;       // tokens of the prompt
  i64 cached = 0;      // tokens whose keys were found in the cache
  i64 processed = 0;   // tokens whose keys are in the cache now; `cached` counts among them
  double seconds = 0;  // since submit()
};

// complete: every sample has had its event with a finish reason. cancelled: by cancel(). shut_down: the host was shut
// down before the request was complete or, with Shutdown::drain, before the engine took it up. failed: the engine can
// run nothing any more, and `error` says why.
enum class EndCause : u8 { complete, cancelled, shut_down, failed };

// The sums over all samples of a request.
struct RequestUsage {
  i64 prompt_tokens = 0;      // counted once
  i64 cached_tokens = 0;      // of the prompt's: those whose keys were found in the cache
  i64 completion_tokens = 0;  // generated tokens, thinking and stop tokens included
  i64 reasoning_tokens = 0;   // of these: CompletionStats::thinking_tokens
};

struct RequestTimings {
  double queued_seconds = 0;  // from submit() until the engine took the request up
  double prompt_seconds = 0;  // from then until the first token
  double decode_seconds = 0;  // from the first token to the last
};

struct RequestEnd {
  EndCause cause = EndCause::complete;
  std::string error{};  // if `cause` is failed
  RequestUsage usage{};
  RequestTimings timings{};
};

class RequestSink {
 public:
  virtual ~RequestSink() = default;
  // Once when the engine takes the request up, and after every step that computed a part of its prompt.
  virtual void progress(const PromptProgress&) {}
  // One token, or the end of one sample. CompletionEvent::request is the HostedId. The thinking and the answer are
  // separated in event.text; event.bytes are the bytes of this token alone (for log-probabilities); event.finish tells
  // the end of the sample.
  virtual void token(CompletionEvent event) = 0;
  virtual void end(RequestEnd end) = 0;
};

// Why submit() refuses a request. invalid: the request is wrong whatever else runs, and `what` names the field and both
// numbers. queue_full: the same request may be accepted later. shut_down: shutdown() was called. broken: the engine can
// run nothing any more (HostStatus::broken).
struct Refusal {
  enum class Cause : u8 { invalid, queue_full, shut_down, broken } cause;
  std::string what;
};

struct EngineHostOptions {
  i64 max_queue = 64;  // sequences that may wait, besides the SessionOptions::max_sequences that may run
  // Hosts that share a thread pool are given the same lock, which must outlive them: a host holds it during a step.
  // Null: no other host uses this host's thread pool.
  FairLock* steps = nullptr;
  // Until the first request comes, the host generates a few tokens that nobody receives. This reads the weights from
  // the file and makes their packs (core/weight.hpp), so that the first answer does not wait for that.
  bool warm_up = false;
};

// drain: requests that the engine has taken up are finished; those that wait end at once. now: all end at once.
enum class Shutdown : u8 { drain, now };

// A snapshot, at most one step old. The counts are of this host, since it was opened.
struct HostStatus {
  i64 queued = 0;                 // requests that the engine has not taken up
  i64 running = 0;                // sequences that run
  i64 accepted = 0, refused = 0;  // requests; refused: the queue was full
  i64 completed = 0, cancelled = 0, shut_down = 0, failed = 0;
  i64 pages = 0, pages_in_use = 0, pages_cached = 0;  // of the KV cache
  EngineCounters engine{};
  std::string broken{};  // why the engine can run nothing any more; empty: it can
};

class EngineHost {
 public:
  EngineHost(Session session, const EngineHostOptions& options);
  ~EngineHost();  // shutdown(Shutdown::now), and waits for the thread
  EngineHost(const EngineHost&) = delete;
  EngineHost& operator=(const EngineHost&) = delete;

  // Any thread may read the session, except engine(), which belongs to the host's thread.
  const Session& session() const { return session_; }
  i64 context() const { return context_; }  // tokens of the longest sequence

  // Queues a request. Checks it first, with Engine::check.
  tl::expected<HostedId, Refusal> submit(CompletionRequest request, std::shared_ptr<RequestSink> sink);
  // Ends a request in any phase, before the next step. Returns false if it is unknown or has ended.
  bool cancel(HostedId id);
  // "Answer now": closes the thinking of every sample that thinks, as if its thinking budget were used up. Nothing
  // happens to samples that answer already. Returns false if the request is unknown, has ended, or cannot be closed
  // because its ThinkBudget::close is empty (Session::request fills it in if the tokenizer has a </think> token).
  bool end_thinking(HostedId id);
  // Whether the request waits or runs. Already false when its sink hears of its end.
  bool runs(HostedId id) const;

  void shutdown(Shutdown how);
  // To be called after shutdown(): waits until all requests have ended. Returns false if that takes longer than
  // `timeout`.
  bool wait(std::chrono::milliseconds timeout);

  HostStatus status() const;
  bool is_broken() const;  // HostStatus::broken holds a reason

 private:
  struct Message {
    enum class Kind : u8 { submit, cancel, end_thinking } kind;
    HostedId id;
    CompletionRequest request{};
    std::shared_ptr<RequestSink> sink{};
    double submitted = 0;
  };
  // What the callers' threads know of an accepted request that has not ended.
  struct Ticket {
    i64 samples = 0;
    bool cancelled = false, can_end_thinking = false, thinking_ended = false;
  };
  // What the host's thread knows of it. Times are in seconds; 0: not yet.
  struct Hosted {
    HostedId id = 0;
    std::shared_ptr<RequestSink> sink;
    double submitted = 0, taken_up = 0, first_token = 0, last_token = 0;
    i32 first_sample = 0;
    i64 unfinished = 0;  // samples
    i64 prompt_tokens = 0, cached_tokens = 0;
    std::vector<CompletionStats> samples;
  };
  using HostedByEngineId = std::unordered_map<RequestId, Hosted>;

  // All of these run on the host's thread.
  void run();
  void warm_up();
  bool take_mail();
  void take(Message message);
  void step();
  Result<std::span<CompletionEvent>> step_engine();
  std::optional<std::string> cut_file();
  void break_down(std::string why);
  void report(const PromptEvent& prompt, double began);
  void deliver(CompletionEvent event);
  void end(HostedByEngineId::iterator hosted, EndCause cause);
  void end_all(
      EndCause cause, bool (*which)(const Hosted&) = [](const Hosted&) { return true; });
  void update_status();

  Session session_;
  const EngineHostOptions options_;
  const i64 context_, max_sequences_;

  mutable std::mutex mutex_;  // guards the members up to status_
  std::condition_variable mail_arrived_, ended_;
  std::vector<Message> mail_;
  std::unordered_map<HostedId, Ticket> tickets_;
  i64 sequences_ = 0;  // samples of all tickets
  HostedId last_id_ = 0;
  std::optional<Shutdown> shutdown_;
  bool has_ended_ = false;
  HostStatus status_;

  // The host's thread alone uses these.
  std::vector<const std::byte*> maps_;  // of the model's files
  u64 cut_files_ = 0;                   // at the last check
  Completions completions_;
  HostedByEngineId hosted_;
  std::unordered_map<HostedId, RequestId> engine_ids_;
  std::thread thread_;
};

}  // namespace r1
