// Anthropic's message, as a stream of events and as one object.
#include <optional>
#include <vector>

#include "serve/answers/answer_format.hpp"

namespace r1 {
namespace {

std::string named_event(std::string_view type, const Json& data) {
  return fmt::format("event: {}\ndata: {}\n\n", type, dump(data));
}

class MessagesFormat final : public AnswerFormat {
 public:
  MessagesFormat(const AnswerHeader& header, bool stream, std::string stop)
      : header_(header), stream_(stream), stop_(std::move(stop)) {}

  std::string content_type() const override { return std::string(stream_ ? kEventStream : kJsonType); }
  bool is_stream() const override { return stream_; }

  std::string begin() override {
    const RequestUsage none{.prompt_tokens = header_.prompt_tokens};
    return named_event("message_start",
                       Json::object({{"type", "message_start"}, {"message", message(Json::Array{}, none)}}));
  }

  std::string text(i32, Channel channel, std::string_view text) override {
    const bool is_new = blocks_.empty() || blocks_.back().channel != channel || blocks_.back().call;
    std::string out = is_new && !blocks_.empty() ? stop_block() : "";
    if (is_new) blocks_.push_back({channel, {}, {}});
    blocks_.back().text += text;
    if (!stream_) return {};
    if (is_new) out += start_block({channel, {}, {}});
    return out + delta(channel == Channel::thinking ? Json::object({{"type", "thinking_delta"}, {"thinking", text}})
                                                    : Json::object({{"type", "text_delta"}, {"text", text}}));
  }

  std::string call(i32, i64, const ToolCall& call) override {
    std::string out = blocks_.empty() ? "" : stop_block();
    blocks_.push_back({Channel::answer, {}, call});
    if (!stream_) return {};
    ToolCall empty = call;
    empty.arguments = "{}";
    return out + start_block({Channel::answer, {}, empty}) +
           delta(Json::object({{"type", "input_json_delta"}, {"partial_json", call.arguments}}));
  }
  std::string finish(i32, FinishReason reason) override {
    reason_ = reason;
    return {};
  }

  std::string end(const RequestEnd& end) override {
    if (!stream_) {
      Json content = Json::Array{};
      for (const Block& block : blocks_) content.push(block_json(block));
      return dump(message(std::move(content), end.usage));
    }
    std::string out = blocks_.empty() ? "" : stop_block();
    out += named_event(
        "message_delta",
        Json::object({{"type", "message_delta"},
                      {"delta", Json::object({{"stop_reason", stop_reason()}, {"stop_sequence", stopped_by()}})},
                      {"usage", usage(end.usage)}}));
    return out + named_event("message_stop", Json::object({{"type", "message_stop"}}));
  }

  std::string error(const ApiError& error) override {
    const Json json = to_json(error, Dialect::anthropic);
    return stream_ ? named_event("error", json) : dump(json);
  }
  std::string keep_alive() override { return stream_ ? named_event("ping", Json::object({{"type", "ping"}})) : ""; }

 private:
  struct Block {
    Channel channel;
    std::string text;
    std::optional<ToolCall> call;
  };

  i64 index() const { return std::ssize(blocks_) - 1; }

  static Json block_json(const Block& block) {
    if (block.call) {
      const auto input = parse_json(block.call->arguments, "arguments");
      return Json::object({{"type", "tool_use"},
                           {"id", block.call->id},
                           {"name", block.call->name},
                           {"input", input ? *input : Json(Json::Object{})}});
    }
    if (block.channel == Channel::thinking)
      return Json::object({{"type", "thinking"}, {"thinking", block.text}, {"signature", ""}});
    return Json::object({{"type", "text"}, {"text", block.text}});
  }
  std::string start_block(const Block& block) const {
    return named_event(
        "content_block_start",
        Json::object({{"type", "content_block_start"}, {"index", index()}, {"content_block", block_json(block)}}));
  }
  std::string delta(Json delta) const {
    return named_event(
        "content_block_delta",
        Json::object({{"type", "content_block_delta"}, {"index", index()}, {"delta", std::move(delta)}}));
  }
  std::string stop_block() const {
    if (!stream_) return {};
    std::string out;
    if (blocks_.back().channel == Channel::thinking)
      out = delta(Json::object({{"type", "signature_delta"}, {"signature", ""}}));
    return out + named_event("content_block_stop", Json::object({{"type", "content_block_stop"}, {"index", index()}}));
  }

  static Json usage(const RequestUsage& u) {
    return Json::object({{"input_tokens", u.prompt_tokens - u.cached_tokens},
                         {"cache_creation_input_tokens", 0},
                         {"cache_read_input_tokens", u.cached_tokens},
                         {"output_tokens", u.completion_tokens}});
  }
  Json stop_reason() const {
    switch (reason_) {
      case FinishReason::none: return {};
      case FinishReason::length: return "max_tokens";
      case FinishReason::stop_string: return "stop_sequence";
      default:
        return std::any_of(blocks_.begin(), blocks_.end(), [](const Block& b) { return b.call.has_value(); })
                   ? "tool_use"
                   : "end_turn";
    }
  }
  // With several stop strings the engine does not say which one it was.
  Json stopped_by() const { return reason_ == FinishReason::stop_string && !stop_.empty() ? Json(stop_) : Json(); }
  Json message(Json content, const RequestUsage& u) const {
    return Json::object({{"id", "msg_" + header_.id},
                         {"type", "message"},
                         {"role", "assistant"},
                         {"model", header_.model},
                         {"content", std::move(content)},
                         {"stop_reason", stop_reason()},
                         {"stop_sequence", stopped_by()},
                         {"usage", usage(u)}});
  }

  const AnswerHeader header_;
  const bool stream_;
  const std::string stop_;
  std::vector<Block> blocks_;
  FinishReason reason_ = FinishReason::none;
};

}  // namespace

std::unique_ptr<AnswerFormat> messages_format(const AnswerHeader& header, bool stream, std::string stop) {
  return std::make_unique<MessagesFormat>(header, stream, std::move(stop));
}

}  // namespace r1
