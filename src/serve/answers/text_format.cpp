// OpenAI's text_completion, as a stream and as one object.
#include <vector>

#include "serve/answers/answer_format.hpp"
#include "serve/answers/logprobs_format.hpp"

namespace r1 {
namespace {

class TextFormat final : public AnswerFormat {
 public:
  TextFormat(const AnswerHeader& header, const OpenAiOptions& options, std::string echo)
      : header_(header), options_(options), echo_(std::move(echo)), choices_(header.samples) {}

  std::string content_type() const override { return std::string(options_.stream ? kEventStream : kJsonType); }
  bool is_stream() const override { return options_.stream; }

  std::string begin() override {
    std::string out;
    if (options_.stream && !echo_.empty())
      for (i64 i = 0; i < header_.samples; ++i) out += text(static_cast<i32>(i), Channel::answer, echo_);
    return out;
  }
  std::string text(i32 sample, Channel, std::string_view text) override {
    if (options_.stream) return event(Json::array({choice(sample, text, Json())}), Json());
    choices_[sample].text += text;
    return {};
  }
  void tokens(i32 sample, Channel, const std::vector<ShownToken>& tokens) override {
    choices_[sample].logprobs.add(tokens);
  }
  std::string call(i32, i64, const ToolCall&) override { return {}; }  // a text is no conversation: nothing is offered
  std::string finish(i32 sample, FinishReason reason) override {
    if (options_.stream) return event(Json::array({choice(sample, "", Json(finish_word(reason)))}), Json());
    choices_[sample].reason = reason;
    return {};
  }
  std::string end(const RequestEnd& end) override {
    const Json usage = usage_json(end.usage);
    if (options_.stream) return (options_.include_usage ? event(Json(Json::Array{}), usage) : "") + sse_event("[DONE]");
    Json choices = Json::Array{};
    for (i64 i = 0; i < header_.samples; ++i)
      choices.push(choice(i, echo_ + choices_[i].text, Json(finish_word(choices_[i].reason))));
    Json answer = object(std::move(choices));
    answer.set("usage", usage);
    answer.set("timings", timings_json(end));
    answer.set("seed", static_cast<i64>(header_.seed));
    return dump(answer);
  }
  std::string error(const ApiError& error) override {
    const std::string json = dump(to_json(error));
    return options_.stream ? sse_event(json) : json;
  }
  std::string keep_alive() override { return options_.stream ? ": keep-alive\n\n" : ""; }

 private:
  struct Choice {
    std::string text;
    TextLogprobs logprobs;
    FinishReason reason = FinishReason::none;
  };

  Json choice(i64 index, std::string_view text, Json finish) {
    return Json::object({{"index", index},
                         {"text", text},
                         {"logprobs", choices_[index].logprobs.take()},
                         {"finish_reason", std::move(finish)}});
  }
  Json object(Json choices) const {
    return Json::object({{"id", "cmpl-" + header_.id},
                         {"object", "text_completion"},
                         {"created", header_.created},
                         {"model", header_.model},
                         {"system_fingerprint", header_.fingerprint},
                         {"choices", std::move(choices)}});
  }
  std::string event(Json choices, const Json& usage) const {
    Json chunk = object(std::move(choices));
    if (options_.include_usage) chunk.set("usage", usage);
    return sse_event(dump(chunk));
  }

  const AnswerHeader header_;
  const OpenAiOptions options_;
  const std::string echo_;
  std::vector<Choice> choices_;
};

}  // namespace

std::unique_ptr<AnswerFormat> text_format(const AnswerHeader& header, const OpenAiOptions& options, std::string echo) {
  return std::make_unique<TextFormat>(header, options, std::move(echo));
}

}  // namespace r1
