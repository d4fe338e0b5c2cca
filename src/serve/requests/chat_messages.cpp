#include "serve/requests/chat_messages.hpp"

#include <algorithm>

#include "serve/requests/fields.hpp"

namespace r1 {
namespace {

constexpr FieldRule kMessageRules[] = {
    {"role", JsonKind::text, 0, 64},         {"content", JsonKind::text_or_array},
    {"reasoning_content", JsonKind::text},   {"reasoning", JsonKind::text},
    {"name", JsonKind::text, 0, 256},        {"tool_call_id", JsonKind::text, 0, 256},
    {"tool_calls", JsonKind::array, 0, 128}, {"prefix", JsonKind::boolean},
};

// The text of "content": a string, or an array of parts that are all text.
ApiResult<std::string> content_of(const CheckedFields& in, const std::string& where) {
  const Json* const content = in.find("content");
  if (!content) return std::string();
  if (const std::string* text = content->string()) return *text;
  std::string joined;
  for (size_t i = 0; i < content->array()->size(); ++i) {
    const Json& part = (*content->array())[i];
    const std::string at = fmt::format("{}.content[{}]", where, i);
    const Json* const type = part.find("type");
    if (!type || !type->string())
      return bad_field(at, fmt::format("{}: {}, expected an object with a \"type\"", at, part.describe()),
                       "invalid_type");
    const Json* const text = part.find("text");
    if (*type->string() != "text")
      return bad_field(at, fmt::format("{}: the type is {}; this model accepts text only", at, type->describe()));
    if (!text || !text->string())
      return bad_field(at, fmt::format("{}: expected a string \"text\"", at), "invalid_type");
    joined += *text->string();
  }
  return joined;
}

// Clients that show the tags send an answer back with its thinking in front.
void part_thinking(Message& m) {
  const std::string_view text = m.content;
  if (!m.reasoning_content.empty() || !text.starts_with(kThink)) return;
  const size_t close = text.find(kEndThink);
  if (close == text.npos) return;
  std::string_view thinking = text.substr(kThink.size(), close - kThink.size());
  if (thinking.starts_with('\n')) thinking.remove_prefix(1);
  std::string_view answer = text.substr(close + kEndThink.size());
  answer.remove_prefix(std::min(answer.find_first_not_of('\n'), answer.size()));
  m.reasoning_content = thinking;
  m.content = std::string(answer);
}

ApiStatus check_tool_calls(const Json& calls, const std::string& where, std::vector<std::string>& ids) {
  static constexpr FieldRule kCallRules[] = {
      {"id", JsonKind::text, 0, 256}, {"type", JsonKind::text, 0, 64}, {"function", JsonKind::object}};
  static constexpr FieldRule kFunctionRules[] = {{"name", JsonKind::text, 0, 64}, {"arguments", JsonKind::text}};
  i64 number = 0;
  for (const Json& call : *calls.array()) {
    const std::string at = fmt::format("{}.tool_calls[{}]", where, number++);
    R1_TRY(check_fields(call, kCallRules, at));
    const CheckedFields in(call);
    const Json* const function = in.find("function");
    if (!function) return bad_field(at, fmt::format("{}: expected an object with a \"function\"", at));
    R1_TRY(check_fields(*function, kFunctionRules, field_path(at, "function")));
    if (!CheckedFields(*function).text("name")) return bad_field(at, fmt::format("{}: the function has no name", at));
    if (const std::string* id = in.text("id")) ids.push_back(*id);
  }
  return {};
}

class MessageReader {
 public:
  explicit MessageReader(bool continues) : continues_(continues) {}

  ApiStatus read(const Json& value, i64 number, bool last) {
    const std::string where = fmt::format("messages[{}]", number);
    if (!value.object())
      return bad_field(where, fmt::format("{}: {}, expected an object", where, value.describe()), "invalid_type");
    R1_TRY(check_fields(value, kMessageRules, where));
    const CheckedFields in(value);
    const std::string* const role = in.text("role");
    if (!role) return bad_field(where + ".role", fmt::format("{}.role: missing", where), "missing_required_parameter");
    Message m;
    m.role = *role == "developer" ? "system" : *role;
    m.content = R1_TRY(content_of(in, where));
    if (m.role != "system" && m.role != "user" && m.role != "assistant" && m.role != "tool")
      return bad_field(where + ".role", fmt::format("{}.role: {}, known: system, developer, user, assistant, tool",
                                                    where, quoted_text(*role)));
    if (const std::string* name = in.text("name")) m.name = *name;
    if (m.role == "assistant") R1_TRY(read_assistant(in, where, m));
    else if (!in.find("content"))
      return bad_field(where + ".content", fmt::format("{}.content: missing", where), "missing_required_parameter");
    if (m.role == "tool") R1_TRY(read_tool(in, where, m));
    const bool prefix = in.is_set("prefix");
    if (prefix && (!last || m.role != "assistant"))
      return bad_field(where + ".prefix",
                       fmt::format("{}.prefix: only the last message, as an assistant's, can be continued", where));
    if (m.role == "assistant" && last && (prefix || continues_)) out.prefix = std::move(m);
    else out.messages.push_back(std::move(m));
    return {};
  }

  ChatMessages out;

 private:
  ApiStatus read_assistant(const CheckedFields& in, const std::string& where, Message& m) {
    for (const char* name : {"reasoning_content", "reasoning"})
      if (const std::string* text = in.text(name); text && m.reasoning_content.empty()) m.reasoning_content = *text;
    part_thinking(m);
    if (const Json* calls = in.find("tool_calls")) {
      R1_TRY(check_tool_calls(*calls, where, call_ids_));
      if (!calls->array()->empty()) m.tool_calls = *calls;
    }
    if (!in.find("content") && m.tool_calls.is_null() && m.reasoning_content.empty())
      return bad_field(where + ".content", fmt::format("{}.content: missing, and there are no tool_calls", where),
                       "missing_required_parameter");
    return {};
  }

  ApiStatus read_tool(const CheckedFields& in, const std::string& where, Message& m) {
    const std::string* const id = in.text("tool_call_id");
    if (!id)
      return bad_field(where + ".tool_call_id", fmt::format("{}.tool_call_id: missing", where),
                       "missing_required_parameter");
    if (std::find(call_ids_.begin(), call_ids_.end(), *id) == call_ids_.end())
      return bad_field(where + ".tool_call_id",
                       fmt::format("{}.tool_call_id: no message before calls {}", where, quoted_text(*id)));
    m.tool_call_id = *id;
    return {};
  }

  const bool continues_;
  std::vector<std::string> call_ids_;
};

}  // namespace

ApiResult<ChatMessages> read_messages(const Json* value, bool continues) {
  if (!value || value->is_null()) return bad_field("messages", "messages: missing", "missing_required_parameter");
  const Json::Array* const items = value->array();
  if (!items)
    return bad_field("messages", fmt::format("messages: {}, expected an array", value->describe()), "invalid_type");
  if (items->empty()) return bad_field("messages", "messages: the array is empty, expected at least one message");
  if (std::ssize(*items) > kMostMessages)
    return bad_field("messages", fmt::format("messages: {} items, must be at most {}", items->size(), kMostMessages));
  MessageReader reader(continues);
  for (i64 i = 0; i < std::ssize(*items); ++i) R1_TRY(reader.read((*items)[i], i, i + 1 == std::ssize(*items)));
  return std::move(reader.out);
}

}  // namespace r1
