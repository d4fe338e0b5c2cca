// POST /v1/messages and /v1/messages/count_tokens: Anthropic's form, which is translated into OpenAI's.
#include "serve/generation_job.hpp"

namespace r1 {
namespace {

constexpr FieldNames kMessagesNames{.function = "", .parameters = "input_schema"};
constexpr FieldRule kMessagesRules[] = {
    {"max_tokens", JsonKind::integer, 1, 2147483647},
    {"messages", JsonKind::array},
    {"system", JsonKind::text_or_array},
    {"stop_sequences", JsonKind::array, 0, kMostStops},
    {"temperature", JsonKind::number, 0, 1},
    {"tools", JsonKind::array, 0, 128},
};

ApiResult<std::string> block_text(const Json& content, const std::string& where) {
  if (const std::string* text = content.string()) return *text;
  std::string joined;
  if (!content.array())
    return bad_field(where, fmt::format("{}: {}, expected a string or an array", where, content.describe()),
                     "invalid_type");
  for (const Json& block : *content.array()) {
    const Json* const text = block.find("text");
    if (!text || !text->string())
      return bad_field(where, fmt::format("{}: {}; this model accepts text only", where, block.describe()));
    joined += *text->string();
  }
  return joined;
}

// One message with blocks becomes one of OpenAI's, and one more for each result of a tool, which come first.
class BlockReader {
 public:
  BlockReader(std::string role, std::string where) : role_(std::move(role)), where_(std::move(where)) {}

  ApiStatus read(const Json& block, i64 number) {
    const std::string at = fmt::format("{}.content[{}]", where_, number), type = text_member(block, "type");
    if (type == "text") {
      text_ += text_member(block, "text");
      has_text_ = true;
    } else if (type == "thinking" && role_ == "assistant") {
      thinking_ += text_member(block, "thinking");
    } else if (type == "redacted_thinking" && role_ == "assistant") {
      return {};
    } else if (type == "tool_use" && role_ == "assistant") {
      const Json* const input = block.find("input");
      calls_.push_back(
          Json::object({{"id", text_member(block, "id")},
                        {"type", "function"},
                        {"function", Json::object({{"name", text_member(block, "name")},
                                                   {"arguments", dump(input ? *input : Json(Json::Object{}))}})}}));
    } else if (type == "tool_result" && role_ == "user") {
      const Json* const content = block.find("content");
      const std::string result = content ? R1_TRY(block_text(*content, at)) : std::string();
      results_.push_back(
          Json::object({{"role", "tool"}, {"tool_call_id", text_member(block, "tool_use_id")}, {"content", result}}));
    } else {
      return bad_field(
          at, fmt::format("{}: the type is {}; this model accepts text, thinking, tool_use and tool_result", at,
                          quoted_text(type)));
    }
    return {};
  }

  void append_to(Json& messages) {
    for (Json& result : results_) messages.push(std::move(result));
    if (!has_text_ && calls_.empty() && thinking_.empty()) return;
    Json message = Json::object({{"role", role_}, {"content", text_}});
    if (!thinking_.empty()) message.set("reasoning_content", thinking_);
    if (!calls_.empty()) message.set("tool_calls", std::move(calls_));
    messages.push(std::move(message));
  }

 private:
  const std::string role_, where_;
  std::string text_, thinking_;
  bool has_text_ = false;
  Json::Array calls_, results_;
};

ApiStatus append_message(const Json& message, i64 number, Json& messages) {
  const std::string where = fmt::format("messages[{}]", number), role = text_member(message, "role");
  if (role != "user" && role != "assistant")
    return bad_field(where + ".role", fmt::format("{}.role: {}, known: user, assistant", where, quoted_text(role)));
  const Json* const content = message.find("content");
  if (!content || !content->array()) {
    messages.push(message);
    return {};
  }
  BlockReader reader(role, where);
  for (i64 i = 0; i < std::ssize(*content->array()); ++i) R1_TRY(reader.read((*content->array())[i], i));
  reader.append_to(messages);
  return {};
}

// Anthropic's description of a function in OpenAI's form.
Json open_tool(const Json& tool) {
  Json function = Json::Object{};
  if (const Json* name = tool.find("name")) function.set("name", *name);
  if (const Json* text = tool.find("description")) function.set("description", *text);
  if (const Json* schema = tool.find("input_schema")) function.set("parameters", *schema);
  if (const Json* strict = tool.find("strict")) function.set("strict", *strict);
  return Json::object({{"type", "function"}, {"function", std::move(function)}});
}

// "tool_choice" with OpenAI's words.
ApiStatus translate_choice(const Json& choice, Json& out) {
  const std::string type = text_member(choice, "type");
  if (type == "auto" || type == "none") {
    out.set("tool_choice", type);
  } else if (type == "any") {
    out.set("tool_choice", "required");
  } else if (type == "tool") {
    Json function = Json::Object{};
    if (const Json* name = choice.find("name")) function.set("name", *name);
    out.set("tool_choice", Json::object({{"type", "function"}, {"function", std::move(function)}}));
  } else {
    return bad_field(
        "tool_choice",
        fmt::format("tool_choice: {}, expected an object with the type auto, any, tool or none", choice.describe()));
  }
  if (const Json* one = choice.find("disable_parallel_tool_use"); one && one->boolean())
    out.set("parallel_tool_calls", !*one->boolean());
  return {};
}

// The body with OpenAI's names. A last message of the assistant is the beginning of the answer.
ApiResult<Json> from_anthropic(const Json& body) {
  R1_TRY(check_fields(body, kMessagesRules));
  const CheckedFields in(body);
  Json out = Json::Object{}, messages = Json::Array{};
  for (const char* name : {"model", "max_tokens", "temperature", "top_p", "top_k", "stream", "thinking", "seed"})
    if (const Json* value = in.find(name)) out.set(name, *value);
  if (const Json* tools = in.find("tools")) {
    Json open = Json::Array{};
    for (const Json& tool : *tools->array()) open.push(open_tool(tool));
    out.set("tools", std::move(open));
  }
  if (const Json* choice = in.find("tool_choice")) R1_TRY(translate_choice(*choice, out));
  if (const Json* stops = in.find("stop_sequences")) out.set("stop", *stops);
  if (const Json* system = in.find("system")) {
    const std::string text = R1_TRY(block_text(*system, "system"));
    messages.push(Json::object({{"role", "system"}, {"content", text}}));
  }
  const Json* const given = in.find("messages");
  if (!given) return bad_field("messages", "messages: missing", "missing_required_parameter");
  for (i64 i = 0; i < std::ssize(*given->array()); ++i) R1_TRY(append_message((*given->array())[i], i, messages));
  out.set("messages", std::move(messages));
  out.set("continue_final_message", true);
  return out;
}

}  // namespace

EndpointResult messages(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake) {
  const Json open = R1_TRY(from_anthropic(body));
  if (!CheckedFields(body).find("max_tokens"))
    return bad_field("max_tokens", "max_tokens: missing", "missing_required_parameter");
  const GenerationFields fields = R1_TRY(fields_of(serving, open));
  GenerationJob job = R1_TRY(chat_job(serving, request, open, fields, kMessagesNames));
  job.format = messages_format(job.header, fields.stream, fields.stop.size() == 1 ? fields.stop.front() : "");
  return started(serving, std::move(job), std::move(wake));
}

EndpointResult count_tokens(const Serving& serving, const HttpRequest&, const Json& body, Wake) {
  const Json open = R1_TRY(from_anthropic(body));
  R1_TRY(read_generation_fields(open));
  const ChatPrompt prompt = R1_TRY(chat_prompt_of(serving, open, kMessagesNames)).prompt;
  return json_reply(Json::object({{"input_tokens", std::ssize(prompt.ids)}}));
}

}  // namespace r1
