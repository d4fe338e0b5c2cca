// OpenAI's response of /v1/responses, as a stream of named events and as one object.
#include <optional>
#include <vector>

#include "serve/answers/answer_format.hpp"

namespace r1 {
namespace {

class ResponsesFormat final : public AnswerFormat {
 public:
  ResponsesFormat(const AnswerHeader& header, bool stream) : header_(header), stream_(stream) {}

  std::string content_type() const override { return std::string(stream_ ? kEventStream : kJsonType); }
  bool is_stream() const override { return stream_; }

  std::string begin() override {
    const Json response = object("in_progress", Json());
    std::string out = event("response.created", Json::object({{"response", response}}));
    return out += event("response.in_progress", Json::object({{"response", response}}));
  }

  std::string text(i32, Channel channel, std::string_view text) override {
    const ItemKind kind = channel == Channel::thinking ? ItemKind::reasoning : ItemKind::message;
    std::string out;
    if (!open_ || items_.back().kind != kind) {
      out = close();
      out += open({kind, {}, {}});
      out += event("response.content_part.added", in_part(Json::object({{"part", part(kind, "")}})));
    }
    items_.back().text += text;
    Json delta = in_part(Json::object({{"delta", text}}));
    if (kind == ItemKind::message) delta.set("logprobs", Json(Json::Array{}));
    return out + event(text_event(kind) + ".delta", std::move(delta));
  }

  std::string call(i32, i64, const ToolCall& call) override {
    std::string out = close();
    out += open({ItemKind::call, {}, call});
    out += event("response.function_call_arguments.delta", in_item(Json::object({{"delta", call.arguments}})));
    return out + close();
  }

  std::string finish(i32, FinishReason reason) override {
    reason_ = reason;
    return close(reason == FinishReason::length ? "incomplete" : "completed");
  }

  std::string end(const RequestEnd& end) override {
    const char* const status = reason_ == FinishReason::length ? "incomplete" : "completed";
    Json response = object(status, usage(end.usage));
    if (!stream_) return dump(response);
    return event(fmt::format("response.{}", status), Json::object({{"response", std::move(response)}}));
  }

  std::string error(const ApiError& error) override {
    if (!stream_) return dump(to_json(error));
    return event("error", Json::object({{"code", error.code},
                                        {"message", error.message},
                                        {"param", error.param.empty() ? Json() : Json(error.param)}}));
  }
  std::string keep_alive() override { return stream_ ? ": keep-alive\n\n" : ""; }

 private:
  enum class ItemKind : u8 { reasoning, message, call };
  struct Item {
    ItemKind kind;
    std::string text;
    ToolCall call;
  };

  // An event with its number. Nothing if the answer is no stream.
  std::string event(std::string_view type, Json members) {
    if (!stream_) return {};
    Json data = Json::object({{"type", type}, {"sequence_number", events_++}});
    for (const auto& [name, value] : *members.object()) data.set(name, value);
    return fmt::format("event: {}\ndata: {}\n\n", type, dump(data));
  }

  std::string item_id(size_t index) const {
    constexpr const char* kPrefix[] = {"rs", "msg", "fc"};
    return fmt::format("{}_{}{:02}", kPrefix[static_cast<size_t>(items_[index].kind)], header_.id, index);
  }
  static std::string text_event(ItemKind kind) {
    return kind == ItemKind::reasoning ? "response.reasoning_text" : "response.output_text";
  }
  static Json part(ItemKind kind, std::string_view text) {
    if (kind == ItemKind::reasoning) return Json::object({{"type", "reasoning_text"}, {"text", text}});
    return Json::object({{"type", "output_text"},
                         {"text", text},
                         {"annotations", Json(Json::Array{})},
                         {"logprobs", Json(Json::Array{})}});
  }
  // Members that say to which item, and to which part of it, an event belongs.
  Json in_item(Json members) const {
    members.set("item_id", item_id(items_.size() - 1));
    members.set("output_index", std::ssize(items_) - 1);
    return members;
  }
  Json in_part(Json members) const {
    members = in_item(std::move(members));
    members.set("content_index", 0);
    return members;
  }

  // An item as it is at its beginning, without its content, or at its end.
  Json item_json(size_t index, std::string_view status, bool whole) const {
    const Item& item = items_[index];
    Json out = Json::object({{"id", item_id(index)}, {"status", status}});
    if (item.kind == ItemKind::call) {
      out.set("type", "function_call");
      out.set("call_id", item.call.id);
      out.set("name", item.call.name);
      out.set("arguments", whole ? item.call.arguments : "");
      return out;
    }
    Json content = Json::Array{};
    if (whole) content.push(part(item.kind, item.text));
    const bool is_reasoning = item.kind == ItemKind::reasoning;
    out.set("type", is_reasoning ? "reasoning" : "message");
    if (is_reasoning) out.set("summary", Json(Json::Array{}));
    else out.set("role", "assistant");
    out.set("content", std::move(content));
    return out;
  }

  std::string open(Item item) {
    items_.push_back(std::move(item));
    open_ = true;
    return event("response.output_item.added",
                 Json::object({{"output_index", std::ssize(items_) - 1},
                               {"item", item_json(items_.size() - 1, "in_progress", false)}}));
  }

  std::string close(std::string_view status = "completed") {
    if (!open_) return {};
    open_ = false;
    last_status_ = status;
    const Item& item = items_.back();
    std::string out;
    if (item.kind == ItemKind::call) {
      out = event("response.function_call_arguments.done",
                  in_item(Json::object({{"arguments", item.call.arguments}, {"name", item.call.name}})));
    } else {
      Json done = in_part(Json::object({{"text", item.text}}));
      if (item.kind == ItemKind::message) done.set("logprobs", Json(Json::Array{}));
      out = event(text_event(item.kind) + ".done", std::move(done));
      out += event("response.content_part.done", in_part(Json::object({{"part", part(item.kind, item.text)}})));
    }
    return out +
           event("response.output_item.done", Json::object({{"output_index", std::ssize(items_) - 1},
                                                            {"item", item_json(items_.size() - 1, status, true)}}));
  }

  static Json usage(const RequestUsage& u) {
    return Json::object({{"input_tokens", u.prompt_tokens},
                         {"input_tokens_details", Json::object({{"cached_tokens", u.cached_tokens}})},
                         {"output_tokens", u.completion_tokens},
                         {"output_tokens_details", Json::object({{"reasoning_tokens", u.reasoning_tokens}})},
                         {"total_tokens", u.prompt_tokens + u.completion_tokens}});
  }

  Json object(std::string_view status, Json usage) const {
    Json output = Json::Array{};
    for (size_t i = 0; i < items_.size(); ++i)
      output.push(item_json(i, i + 1 == items_.size() ? last_status_ : "completed", true));
    const bool is_cut = status == "incomplete";
    return Json::object({{"id", "resp_" + header_.id},
                         {"object", "response"},
                         {"created_at", header_.created},
                         {"status", status},
                         {"error", Json()},
                         {"incomplete_details", is_cut ? Json::object({{"reason", "max_output_tokens"}}) : Json()},
                         {"instructions", Json()},
                         {"metadata", Json(Json::Object{})},
                         {"model", header_.model},
                         {"output", std::move(output)},
                         {"parallel_tool_calls", true},
                         {"previous_response_id", Json()},
                         {"store", false},
                         {"text", Json::object({{"format", Json::object({{"type", "text"}})}})},
                         {"tool_choice", "auto"},
                         {"tools", Json(Json::Array{})},
                         {"truncation", "disabled"},
                         {"usage", std::move(usage)}});
  }

  const AnswerHeader header_;
  const bool stream_;
  std::vector<Item> items_;
  bool open_ = false;  // the last item may grow
  std::string last_status_ = "completed";
  i64 events_ = 0;
  FinishReason reason_ = FinishReason::none;
};

}  // namespace

std::unique_ptr<AnswerFormat> responses_format(const AnswerHeader& header, bool stream) {
  return std::make_unique<ResponsesFormat>(header, stream);
}

}  // namespace r1
