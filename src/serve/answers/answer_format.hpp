// How an answer is written: as a stream of events, or as one JSON object. One implementation per dialect. The calls
// come in the order of EngineHost's sinks; after end() or error() nothing more follows.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "serve/answers/shown_tokens.hpp"
#include "serve/answers/tool_calls.hpp"
#include "serve/api_error.hpp"
#include "session/engine_host.hpp"

namespace r1 {

// What is known of an answer before its first token.
struct AnswerHeader {
  std::string id;           // random digits; each dialect puts its own prefix before them
  std::string model;        // as the client knows it
  std::string fingerprint;  // of the build, and with it of the bits of an answer
  i64 created = 0;          // seconds since 1970
  i64 samples = 1;
  i64 prompt_tokens = 0;
  u64 seed = 0;           // what a client sends to get the same answer again
  bool thinking = false;  // the answer has a thinking part, perhaps an empty one
};

class AnswerFormat {
 public:
  virtual ~AnswerFormat() = default;
  virtual std::string content_type() const = 0;
  // True: every call may give bytes to send at once. False: only end() and error() do.
  virtual bool is_stream() const = 0;
  virtual std::string begin() { return {}; }
  virtual std::string progress(const PromptProgress&) { return {}; }
  // Called before begin(), while the model of this name is being loaded. The number is the progress, from 0 to 1.
  virtual std::string loading(std::string_view, double) { return {}; }
  // Some text of one sample: of its thinking or of its answer, never both. Never empty.
  virtual std::string text(i32 sample, Channel channel, std::string_view text) = 0;
  // The tokens behind the text of the next text() of this sample and channel, or behind texts of earlier calls. Tokens
  // that no further text() follows are written by finish(). Called only if the request wants log-probabilities.
  virtual void tokens(i32, Channel, const std::vector<ShownToken>&) {}
  // The next call of a function by this sample; `index` counts its calls.
  virtual std::string call(i32 sample, i64 index, const ToolCall& call) = 0;
  virtual std::string finish(i32 sample, FinishReason reason) = 0;
  virtual std::string end(const RequestEnd& end) = 0;
  // The error as the last event of a stream, or as the whole body of an answer that is not a stream.
  virtual std::string error(const ApiError& error) = 0;
  virtual std::string keep_alive() { return {}; }
};

// "prompt_tokens", "completion_tokens", ... as OpenAI and DeepSeek name them.
Json usage_json(const RequestUsage& usage);
// llama.cpp's figures of speed.
Json timings_json(const RequestEnd& end);
// OpenAI's word for why a sample ended.
const char* finish_word(FinishReason reason, bool called = false);
// One server-sent event.
std::string sse_event(std::string_view data);
inline constexpr std::string_view kEventStream = "text/event-stream";

struct OpenAiOptions {
  bool stream = false, include_usage = false, return_progress = false;
  bool reasoning_alias = false;  // the thinking also as "reasoning"
  bool votes = false;            // the majority of the samples is the answer; not for streams
};
std::unique_ptr<AnswerFormat> chat_format(const AnswerHeader& header, const OpenAiOptions& options);
// For /v1/completions: the thinking and the answer are one text. `echo` is the text that stands before it.
std::unique_ptr<AnswerFormat> text_format(const AnswerHeader& header, const OpenAiOptions& options, std::string echo);

// Anthropic's messages. `stop` is the stop string of the request if it has exactly one.
std::unique_ptr<AnswerFormat> messages_format(const AnswerHeader& header, bool stream, std::string stop);

// OpenAI's response of /v1/responses.
std::unique_ptr<AnswerFormat> responses_format(const AnswerHeader& header, bool stream);

enum class OllamaForm : u8 { chat, generate };
std::unique_ptr<AnswerFormat> ollama_format(const AnswerHeader& header, bool stream, OllamaForm form);

}  // namespace r1
