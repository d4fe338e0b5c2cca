// The only loop that turns requests into text. A terminal uses it for one answer, an evaluation for thousands.
// Every step() runs the engine once and turns each token that it draws into an event with the text that can be shown
// now. Stop strings end a sample here; stop tokens and lengths end it in the engine.
//
// A sample's tokens, log-probabilities and text do not depend on what else runs (infer/engine.hpp).
// Not thread-safe: one thread makes all calls; only the interruption flag may be raised from anywhere.
#pragma once
#include <atomic>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "infer/engine.hpp"
#include "text/text_stream.hpp"
#include "text/tokenizer.hpp"

namespace r1 {

// What the engine needs to know, and how the tokens become text.
struct CompletionRequest : GenerationRequest {
  Channel channel = Channel::answer;      // of the first token: thinking if the prompt ends inside the thinking
  std::vector<std::string> stop_strings;  // each ends the answer before it; they are not searched for in the thinking
};

enum class FinishReason : u8 { none, stop_token, stop_string, length, interrupted, failed };
// The words of `finish` in JSON (docs/commands.md): "stop" for both kinds of stop, "none" for an interrupted sample.
const char* name_of(FinishReason reason);

// A sample's counts and times so far.
struct CompletionStats {
  i64 prompt_tokens = 0;
  i64 cached_tokens = 0;       // of the prompt: those whose keys were found in the KV cache
  i64 tokens = 0;              // generated, the stop token included
  i64 thinking_tokens = 0;     // of `tokens`, without those that end the thinking
  double prefill_seconds = 0;  // from submit() to the first token, waiting included
  double decode_seconds = 0;   // from the first token to the last
};

// A sample's next token, or its end without a token (interrupted, failed).
struct CompletionEvent {
  RequestId request = 0;
  i32 sample = 0;
  i32 token = -1;                   // -1: none
  float logprob = 0;                // as in TokenEvent
  std::vector<TokenLogprob> top{};  // as in TokenEvent
  bool forced = false;              // by the thinking budget, not drawn
  std::vector<u16> routes{};        // as in TokenEvent
  std::string_view bytes;           // of the token; empty for a stop token. Valid while the tokenizer lives
  TextDelta text;    // what can be shown now: valid UTF-8, nothing that may still become a tag or a stop string
  i64 text_end = 0;  // TextStream::length() after this token
  Channel channel = Channel::answer;  // where the next text goes
  FinishReason finish = FinishReason::none;
  std::string failure;  // why, if `finish` is failed
  CompletionStats stats;
};

// A sample's events put together.
struct Completion {
  std::string thinking, answer;
  std::string bytes;                  // the tokens' bytes as they came, tags included
  std::vector<i32> tokens;            // the stop token included
  std::vector<float> logprobs;        // of `tokens`
  std::vector<u16> routes;            // of the prompt and of all `tokens` but the last, if the engine records them
  Channel channel = Channel::answer;  // thinking: the thinking did not end
  FinishReason finish = FinishReason::none;
  CompletionStats stats;

  void append(const CompletionEvent& event);
};

class Completions {
 public:
  // `engine` must be idle and serve nobody else until this object is gone. While `*interrupted` is true, step() ends
  // every sample instead of running the engine.
  Completions(Engine& engine, const Tokenizer& tokenizer, const std::atomic<bool>* interrupted = nullptr);
  ~Completions();  // cancels what still runs
  Completions(const Completions&) = delete;
  Completions& operator=(const Completions&) = delete;

  // Queues a request; ids ascend. Errors: those of Engine::submit.
  Result<RequestId> submit(CompletionRequest request);
  // One step of the engine. The span is valid until the next call, and its events may be moved from. Every sample's
  // last event, and no other, has a finish reason. A sample whose logits are no distribution fails alone.
  // Errors: those of Engine::step.
  Result<std::span<CompletionEvent>> step();
  // The prompts that the last step() took up or computed in part. Valid until the next step().
  std::span<const PromptEvent> prompts() const { return engine_.prompts(); }
  void cancel(RequestId id);        // no more events of it
  bool end_thinking(RequestId id);  // Engine::end_thinking
  bool busy() const { return !requests_.empty(); }

 private:
  struct Sample {
    TextStream text;
    CompletionStats stats;
    bool finished = false;
  };
  struct ActiveRequest {
    double submitted = 0;  // seconds
    i32 first_sample = 0;
    i64 unfinished = 0;
    std::vector<Sample> samples;
  };

  void take(TokenEvent& drawn, double now);
  static void complete(CompletionEvent& event, ActiveRequest& request, Sample& sample);
  void interrupt_all();

  Engine& engine_;
  const Tokenizer& tokenizer_;
  const std::atomic<bool>* interrupted_;
  std::map<RequestId, ActiveRequest> requests_;
  std::vector<CompletionEvent> events_;
};

}  // namespace r1
