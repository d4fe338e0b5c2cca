// POST /v1/responses: OpenAI's newer form, which is translated into the fields of /v1/chat/completions. The server
// keeps no conversation, so what refers to an earlier response is refused.
#include "serve/generation_job.hpp"

namespace r1 {
namespace {

constexpr std::string_view kStateless = "this server keeps no responses; send the whole conversation in input";
constexpr FieldNames kResponseNames{.format = "text.format",
                                    .schema = "text.format.schema",
                                    .function = "",
                                    .parameters = "parameters",
                                    .allowed_tools = "tool_choice"};
constexpr FieldRule kResponseRules[] = {
    {"input", JsonKind::text_or_array},
    {"instructions", JsonKind::text},
    {"max_output_tokens", JsonKind::integer, 1, 2147483647},
    {"text", JsonKind::object},
    {"reasoning", JsonKind::object},
    {"tools", JsonKind::array, 0, 128},
    {"truncation", JsonKind::text, 0, 16},
    {"background", JsonKind::boolean},
    {"previous_response_id", JsonKind::refused, 0, 0, false, kStateless},
    {"conversation", JsonKind::refused, 0, 0, false, kStateless},
    {"prompt", JsonKind::refused, 0, 0, false, "this server keeps no prompts"},
};
constexpr FieldRule kItemRules[] = {
    {"type", JsonKind::text, 0, 64},     {"role", JsonKind::text, 0, 64}, {"content", JsonKind::text_or_array},
    {"call_id", JsonKind::text, 0, 256}, {"name", JsonKind::text, 0, 64}, {"arguments", JsonKind::text},
    {"output", JsonKind::text_or_array}, {"summary", JsonKind::array},
};

// The text of a string or of parts that all hold text.
ApiResult<std::string> joined_parts(const Json* content, const std::string& where) {
  if (!content || content->is_null()) return std::string();
  if (const std::string* text = content->string()) return *text;
  std::string joined;
  for (const Json& item : *content->array()) {
    const std::string* const text = CheckedFields(item).text("text");
    if (!text) return bad_field(where, fmt::format("{}: {}; this model accepts text only", where, item.describe()));
    joined += *text;
  }
  return joined;
}

// Puts the items of "input" together to messages: the thinking of a turn stands in the message behind it.
class ItemReader {
 public:
  ApiStatus read(const Json& item, i64 number) {
    const std::string where = fmt::format("input[{}]", number);
    if (!item.object())
      return bad_field(where, fmt::format("{}: {}, expected an object", where, item.describe()), "invalid_type");
    R1_TRY(check_fields(item, kItemRules, where));
    const std::string type = text_member(item, "type");
    if (type.empty() || type == "message") return message(item, where);
    if (type == "reasoning") {
      thinking_ += R1_TRY(joined_parts(CheckedFields(item).find("content"), where));
      return {};
    }
    if (type == "function_call") {
      calls_.push(Json::object({{"id", text_member(item, "call_id")},
                                {"type", "function"},
                                {"function", Json::object({{"name", text_member(item, "name")},
                                                           {"arguments", text_member(item, "arguments")}})}}));
      return {};
    }
    if (type != "function_call_output")
      return bad_field(where + ".type",
                       fmt::format("{}.type: {}, known: message, reasoning, function_call, function_call_output", where,
                                   quoted_text(type)));
    flush();
    const std::string output = R1_TRY(joined_parts(CheckedFields(item).find("output"), where));
    messages_.push(
        Json::object({{"role", "tool"}, {"tool_call_id", text_member(item, "call_id")}, {"content", output}}));
    return {};
  }

  void push(const char* role, const std::string& text) {
    messages_.push(Json::object({{"role", role}, {"content", text}}));
  }
  Json take() {
    flush();
    return std::move(messages_);
  }

 private:
  ApiStatus message(const Json& item, const std::string& where) {
    const std::string role = text_member(item, "role");
    const std::string text = R1_TRY(joined_parts(CheckedFields(item).find("content"), where));
    if (role != "assistant") flush();
    Json out = Json::object({{"role", role}, {"content", text}});
    if (role == "assistant" && !thinking_.empty()) out.set("reasoning_content", std::exchange(thinking_, {}));
    messages_.push(std::move(out));
    return {};
  }
  // The calls of a turn, as a message of their own.
  void flush() {
    if (calls_.array()->empty()) {
      thinking_.clear();
      return;
    }
    Json out = Json::object({{"role", "assistant"}, {"content", ""}});
    if (!thinking_.empty()) out.set("reasoning_content", std::exchange(thinking_, {}));
    out.set("tool_calls", std::exchange(calls_, Json(Json::Array{})));
    messages_.push(std::move(out));
  }

  Json messages_ = Json::Array{}, calls_ = Json::Array{};
  std::string thinking_;
};

// A function's description, whose members lie one level higher here.
Json nested_tool(const Json& tool) {
  if (text_member(tool, "type") != "function") return tool;
  Json function = Json::Object{};
  for (const char* name : {"name", "description", "parameters", "strict"})
    if (const Json* value = tool.find(name)) function.set(name, *value);
  return Json::object({{"type", "function"}, {"function", std::move(function)}});
}

// A function that "tool_choice" names has its name one level higher here, as the tools do.
Json nested_choice(const Json& choice) {
  const std::string type = text_member(choice, "type");
  if (type == "function") return nested_tool(choice);
  if (type != "allowed_tools") return choice;
  Json allowed = Json::Object{}, tools = Json::Array{};
  if (const Json* mode = choice.find("mode")) allowed.set("mode", *mode);
  if (const Json* given = choice.find("tools"); given && given->array())
    for (const Json& tool : *given->array()) tools.push(nested_tool(tool));
  allowed.set("tools", std::move(tools));
  return Json::object({{"type", type}, {"allowed_tools", std::move(allowed)}});
}

// "text.format" as response_format, which has a schema one level deeper.
Json response_format_of(const Json& format) {
  if (text_member(format, "type") != "json_schema") return format;
  Json schema = Json::Object{};
  for (const char* name : {"name", "description", "schema", "strict"})
    if (const Json* value = format.find(name)) schema.set(name, *value);
  return Json::object({{"type", "json_schema"}, {"json_schema", std::move(schema)}});
}

ApiStatus refuse_background(const CheckedFields& in) {
  if (in.is_set("background")) return bad_field("background", fmt::format("background: {}", kStateless));
  if (const std::string* text = in.text("truncation"); text && *text != "disabled")
    return bad_field("truncation", fmt::format("truncation: {}, this server shortens no prompt; known: disabled",
                                               quoted_text(*text)));
  return {};
}

// The body with the names of /v1/chat/completions.
ApiResult<Json> from_responses(const Json& body) {
  R1_TRY(check_fields(body, kResponseRules));
  const CheckedFields in(body);
  R1_TRY(refuse_background(in));
  Json out = Json::Object{};
  for (const char* name : {"model", "temperature", "top_p", "stream", "seed", "user", "prompt_cache_key",
                           "parallel_tool_calls", "resumable"})
    if (const Json* value = in.find(name)) out.set(name, *value);
  if (const Json* most = in.find("max_output_tokens")) out.set("max_completion_tokens", *most);
  if (const Json* reasoning = in.find("reasoning"))
    if (const Json* effort = reasoning->find("effort")) out.set("reasoning_effort", *effort);
  if (const Json* text = in.find("text"))
    if (const Json* format = text->find("format"); format && !format->is_null()) {
      if (!format->object())
        return bad_field("text.format", fmt::format("text.format: {}, expected an object", format->describe()),
                         "invalid_type");
      out.set("response_format", response_format_of(*format));
    }
  if (const Json* tools = in.find("tools")) {
    Json nested = Json::Array{};
    for (const Json& tool : *tools->array()) nested.push(nested_tool(tool));
    out.set("tools", std::move(nested));
  }
  if (const Json* choice = in.find("tool_choice")) out.set("tool_choice", nested_choice(*choice));
  ItemReader reader;
  if (const std::string* text = in.text("instructions")) reader.push("system", *text);
  const Json* const input = in.find("input");
  if (!input) return bad_field("input", "input: missing", "missing_required_parameter");
  if (input->string()) reader.push("user", *input->string());
  else
    for (i64 i = 0; i < std::ssize(*input->array()); ++i) R1_TRY(reader.read((*input->array())[i], i));
  out.set("messages", reader.take());
  return out;
}

}  // namespace

EndpointResult responses(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake) {
  const Json open = R1_TRY(from_responses(body));
  const GenerationFields fields = R1_TRY(fields_of(serving, open));
  GenerationJob job = R1_TRY(chat_job(serving, request, open, fields, kResponseNames));
  job.format = responses_format(job.header, fields.stream);
  return started(serving, std::move(job), std::move(wake));
}

}  // namespace r1
