// OpenAI's chat.completion and chat.completion.chunk, with DeepSeek's reasoning_content.
#include <vector>

#include "serve/answers/answer_format.hpp"
#include "serve/answers/logprobs_format.hpp"
#include "serve/answers/votes.hpp"

namespace r1 {
namespace {

Json call_json(i64 index, const ToolCall& call) {
  return Json::object({{"index", index},
                       {"id", call.id},
                       {"type", "function"},
                       {"function", Json::object({{"name", call.name}, {"arguments", call.arguments}})}});
}

// A stream has thousands of chunks that differ in little, so what they have in common is written once.
class ChatStream final : public AnswerFormat {
 public:
  ChatStream(const AnswerHeader& header, const OpenAiOptions& options)
      : header_(header), options_(options), called_(header.samples), logprobs_(header.samples) {
    const std::string open = dump(Json::object({{"id", "chatcmpl-" + header.id},
                                                {"object", "chat.completion.chunk"},
                                                {"created", header.created},
                                                {"model", header.model},
                                                {"system_fingerprint", header.fingerprint}}));
    common_ = open.substr(0, open.size() - 1);  // without the brace
  }

  std::string content_type() const override { return std::string(kEventStream); }
  bool is_stream() const override { return true; }

  // The roles of all choices come first, because clients number the choices in the order in which they appear.
  std::string begin() override {
    std::string out;
    for (i64 i = 0; i < header_.samples; ++i)
      out += chunk(i, Json::object({{"role", "assistant"}, {"content", ""}}), Json());
    return out;
  }

  std::string progress(const PromptProgress& p) override {
    if (!options_.return_progress) return {};
    return chunk(
        0, Json(Json::Object{}), Json(),
        ",\"prompt_progress\":" +
            dump(Json::object(
                {{"total", p.total}, {"cache", p.cached}, {"processed", p.processed}, {"time_ms", 1e3 * p.seconds}})));
  }

  std::string loading(std::string_view model, double progress) override {
    if (!options_.return_progress) return {};
    return chunk(0, Json(Json::Object{}), Json(),
                 ",\"loading\":" + dump(Json::object({{"model", model}, {"progress", progress}})));
  }

  std::string text(i32 sample, Channel channel, std::string_view text) override {
    Json delta = Json::object({{channel == Channel::answer ? "content" : "reasoning_content", text}});
    if (channel == Channel::thinking && options_.reasoning_alias) delta.set("reasoning", text);
    return chunk(sample, delta, Json(), {}, logprobs_[sample].take());
  }

  void tokens(i32 sample, Channel channel, const std::vector<ShownToken>& tokens) override {
    logprobs_[sample].add(channel, tokens);
  }

  // The name comes once, and the arguments after it: clients put the pieces together by their index.
  std::string call(i32 sample, i64 index, const ToolCall& call) override {
    called_[sample] = true;
    const auto piece = [&](Json call_piece) {
      return chunk(sample, Json::object({{"tool_calls", Json::array({std::move(call_piece)})}}), Json());
    };
    const std::string name = piece(call_json(index, {call.name, "", call.id}));
    return name + piece(Json::object({{"index", index}, {"function", Json::object({{"arguments", call.arguments}})}}));
  }

  std::string finish(i32 sample, FinishReason reason) override {
    return chunk(sample, Json(Json::Object{}), Json(finish_word(reason, called_[sample])), {},
                 logprobs_[sample].take());
  }

  std::string end(const RequestEnd& end) override {
    std::string out;
    if (options_.include_usage)
      out = sse_event(fmt::format("{},\"choices\":[],\"usage\":{},\"timings\":{}}}", common_,
                                  dump(usage_json(end.usage)), dump(timings_json(end))));
    return out + sse_event("[DONE]");
  }

  std::string error(const ApiError& error) override { return sse_event(dump(to_json(error))); }
  std::string keep_alive() override { return ": keep-alive\n\n"; }

 private:
  std::string chunk(i64 index, const Json& delta, const Json& finish, std::string_view more = {},
                    const Json& logprobs = {}) const {
    return sse_event(fmt::format(
        "{},\"choices\":[{{\"index\":{},\"delta\":{},\"logprobs\":{},\"finish_reason\":{}}}]{}{}}}", common_, index,
        dump(delta), dump(logprobs), dump(finish), options_.include_usage ? ",\"usage\":null" : "", more));
  }

  const AnswerHeader header_;
  const OpenAiOptions options_;
  std::vector<bool> called_;  // for each sample, whether it has called a function
  std::vector<ChatLogprobs> logprobs_;
  std::string common_;
};

class ChatWhole final : public AnswerFormat {
 public:
  ChatWhole(const AnswerHeader& header, const OpenAiOptions& options)
      : header_(header), options_(options), choices_(header.samples) {}

  std::string content_type() const override { return std::string(kJsonType); }
  bool is_stream() const override { return false; }

  std::string text(i32 sample, Channel channel, std::string_view text) override {
    (channel == Channel::thinking ? choices_[sample].thinking : choices_[sample].answer) += text;
    return {};
  }
  void tokens(i32 sample, Channel channel, const std::vector<ShownToken>& tokens) override {
    choices_[sample].logprobs.add(channel, tokens);
  }
  std::string call(i32 sample, i64 index, const ToolCall& call) override {
    choices_[sample].calls.push_back(call_json(index, call));
    return {};
  }
  std::string finish(i32 sample, FinishReason reason) override {
    choices_[sample].reason = reason;
    return {};
  }

  std::string end(const RequestEnd& end) override {
    Json choices = Json::Array{};
    for (i64 i = 0; i < header_.samples; ++i) choices.push(choice(i));
    Json answer = Json::object({{"id", "chatcmpl-" + header_.id},
                                {"object", "chat.completion"},
                                {"created", header_.created},
                                {"model", header_.model},
                                {"system_fingerprint", header_.fingerprint},
                                {"choices", choices},
                                {"usage", usage_json(end.usage)},
                                {"timings", timings_json(end)},
                                {"seed", static_cast<i64>(header_.seed)}});
    if (options_.votes) set_votes(answer, *choices.array());
    return dump(answer);
  }

  std::string error(const ApiError& error) override { return dump(to_json(error)); }

 private:
  struct Choice {
    std::string thinking, answer;
    Json::Array calls{};
    ChatLogprobs logprobs{};
    FinishReason reason = FinishReason::none;
  };

  // The first answer of the majority becomes the only choice. An answer that was cut off has no vote.
  void set_votes(Json& answer, const Json::Array& choices) const {
    std::vector<std::string> texts;
    for (const Choice& c : choices_) texts.push_back(c.reason == FinishReason::length ? "" : c.answer);
    const Votes votes = count_votes(texts);
    Json winner = choices[votes.winner], cast = Json::Array{};
    winner.set("index", 0);
    for (i64 i = 0; i < header_.samples; ++i) {
      Json vote = choices[i];
      vote.set("answer", votes.group[i] < 0 ? Json() : Json(votes.found[i]));
      vote.set("group", votes.group[i] < 0 ? Json() : Json(votes.group[i]));
      cast.push(std::move(vote));
    }
    answer.set("choices", Json::array({std::move(winner)}));
    answer.set("votes",
               Json::object({{"winner", votes.winner}, {"agreeing", votes.agreeing}, {"cast", std::move(cast)}}));
  }

  Json choice(i64 index) {
    Choice& c = choices_[index];
    Json message = Json::object({{"role", "assistant"}, {"content", c.answer}, {"refusal", Json()}});
    if (!c.calls.empty()) {
      if (c.answer.empty()) message.set("content", Json());
      message.set("tool_calls", c.calls);
    }
    if (header_.thinking || !c.thinking.empty()) {
      message.set("reasoning_content", c.thinking);
      if (options_.reasoning_alias) message.set("reasoning", c.thinking);
    }
    return Json::object({{"index", index},
                         {"message", std::move(message)},
                         {"logprobs", c.logprobs.take()},
                         {"finish_reason", finish_word(c.reason, !c.calls.empty())}});
  }

  const AnswerHeader header_;
  const OpenAiOptions options_;
  std::vector<Choice> choices_;
};

}  // namespace

std::unique_ptr<AnswerFormat> chat_format(const AnswerHeader& header, const OpenAiOptions& options) {
  if (options.stream) return std::make_unique<ChatStream>(header, options);
  return std::make_unique<ChatWhole>(header, options);
}

}  // namespace r1
