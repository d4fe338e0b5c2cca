// ollama's lines of JSON, for /api/chat and /api/generate.
#include <ctime>

#include "serve/answers/answer_format.hpp"

namespace r1 {
namespace {

// Now, with nanoseconds.
std::string time_now() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  std::string seconds = utc_time(now.tv_sec);
  seconds.pop_back();
  return fmt::format("{}.{:09}Z", seconds, now.tv_nsec);
}

class OllamaFormat final : public AnswerFormat {
 public:
  OllamaFormat(const AnswerHeader& header, bool stream, OllamaForm form)
      : header_(header), stream_(stream), form_(form) {}

  std::string content_type() const override {
    return std::string(stream_ ? std::string_view("application/x-ndjson") : kJsonType);
  }
  bool is_stream() const override { return stream_; }

  std::string text(i32, Channel channel, std::string_view text) override {
    if (stream_) return line(channel == Channel::thinking ? text : "", channel == Channel::answer ? text : "", false);
    (channel == Channel::thinking ? thinking_ : answer_) += text;
    return {};
  }
  std::string call(i32, i64, const ToolCall& call) override {
    const auto arguments = parse_json(call.arguments, "arguments");
    Json function = Json::object({{"name", call.name}, {"arguments", arguments ? *arguments : Json(Json::Object{})}});
    calls_.push_back(Json::object({{"function", std::move(function)}}));
    if (!stream_) return {};
    const std::string out = line({}, {}, false);
    calls_.clear();
    return out;
  }
  std::string finish(i32, FinishReason reason) override {
    reason_ = reason;
    return {};
  }

  std::string end(const RequestEnd& end) override {
    const auto nanoseconds = [](double seconds) { return static_cast<i64>(1e9 * seconds); };
    const RequestTimings& t = end.timings;
    Json last = object(thinking_, answer_, true);
    last.set("done_reason", finish_word(reason_));
    last.set("total_duration", nanoseconds(t.queued_seconds + t.prompt_seconds + t.decode_seconds));
    last.set("load_duration", 0);
    last.set("prompt_eval_count", end.usage.prompt_tokens);
    last.set("prompt_eval_duration", nanoseconds(t.prompt_seconds));
    last.set("eval_count", end.usage.completion_tokens);
    last.set("eval_duration", nanoseconds(t.decode_seconds));
    return dump(last) + (stream_ ? "\n" : "");
  }

  std::string error(const ApiError& error) override {
    return dump(to_json(error, Dialect::ollama)) + (stream_ ? "\n" : "");
  }

 private:
  Json object(std::string_view thinking, std::string_view answer, bool done) const {
    Json out = Json::object({{"model", header_.model}, {"created_at", time_now()}});
    if (form_ == OllamaForm::chat) {
      Json message = Json::object({{"role", "assistant"}, {"content", answer}});
      if (!thinking.empty()) message.set("thinking", thinking);
      if (!calls_.empty()) message.set("tool_calls", calls_);
      out.set("message", std::move(message));
    } else {
      out.set("response", answer);
      if (!thinking.empty()) out.set("thinking", thinking);
    }
    out.set("done", done);
    return out;
  }
  std::string line(std::string_view thinking, std::string_view answer, bool done) const {
    return dump(object(thinking, answer, done)) + "\n";
  }

  const AnswerHeader header_;
  const bool stream_;
  const OllamaForm form_;
  std::string thinking_, answer_;  // of an answer that is not a stream
  Json::Array calls_;              // that the next object shows
  FinishReason reason_ = FinishReason::none;
};

}  // namespace

std::unique_ptr<AnswerFormat> ollama_format(const AnswerHeader& header, bool stream, OllamaForm form) {
  return std::make_unique<OllamaFormat>(header, stream, form);
}

}  // namespace r1
