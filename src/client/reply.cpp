#include "client/reply.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

constexpr size_t kMostMessage = 400;  // bytes of a server's message that are shown
constexpr i64 kMostTokens = i64{1} << 50;

std::string text_of(const Json* json) {
  if (!json) return "";
  if (json->string()) return printable(trimmed(*json->string()), kMostMessage);
  return json->is_null() ? "" : printable(dump(*json), kMostMessage);
}

// The names of the two forms of the thinking: DeepSeek's, llama-server's and ours, then that of vLLM, ollama and
// OpenRouter. A server that sends both sends the same text.
Result<std::string> thinking_of(const JsonFields& message) {
  std::string text = R1_TRY(message.string("reasoning_content", ""));
  if (!text.empty()) return text;
  const Json* other = message.find("reasoning");
  return other && other->string() ? *other->string() : "";
}

Result<ReplyUsage> usage_of(const JsonFields& fields) {
  ReplyUsage usage;
  usage.prompt_tokens = R1_TRY(fields.integer_in("prompt_tokens", 0, kMostTokens, 0));
  usage.tokens = R1_TRY(fields.integer_in("completion_tokens", 0, kMostTokens, 0));
  if (!fields.has("completion_tokens_details")) return usage;
  const JsonFields details = R1_TRY(fields.object("completion_tokens_details"));
  usage.thinking_tokens = R1_TRY(details.integer_in("reasoning_tokens", 0, kMostTokens, 0));
  return usage;
}

// Whether a server means by its error that the prompt is longer than the context. Each says it in its own way.
bool says_context_is_full(const ServerError& error) {
  return error.code == "context_length_exceeded" || error.code == "exceed_context_size_error" ||
         error.message.find("maximum context length") != error.message.npos;
}

}  // namespace

ServerError server_error(const Json& json) {
  const Json* error = json.find("error");
  if (error && error->object()) {
    std::string code = text_of(error->find("code"));
    const std::string type = text_of(error->find("type"));
    // vLLM and llama-server repeat the status as the code, and have the kind of the error in the type.
    if (code.empty() || code.find_first_not_of("0123456789") == code.npos) code = type;
    return {text_of(error->find("message")), code};
  }
  if (error && !error->is_null()) return {text_of(error), ""};
  for (const char* name : {"message", "detail"})
    if (std::string text = text_of(json.find(name)); !text.empty()) return {std::move(text), ""};
  return {};
}

Error error_of(const ServerError& said, std::string_view context) {
  const std::string_view reason = !said.message.empty() ? std::string_view(said.message)
                                  : !said.code.empty()  ? std::string_view(said.code)
                                                        : "the server gives no reason";
  return {says_context_is_full(said) ? Errc::exhausted : Errc::io, fmt::format("{}: {}", context, reason)};
}

Status ReplyReader::read(std::string_view data, std::string_view source, const OnReplyText& on_text) {
  if (trimmed(data) == "[DONE]") {
    done_ = true;
    return {};
  }
  return read_object(R1_TRY(parse_json(data, source)), source, on_text);
}

Status ReplyReader::read_object(const Json& object, std::string_view source, const OnReplyText& on_text) {
  if (const Json* error = object.find("error"); error && !error->is_null())
    return tl::unexpected(error_of(server_error(object), fmt::format("{}: the server ended the answer", source)));
  const JsonFields fields = R1_TRY(JsonFields::of(object, std::string(source)));
  if (fields.has("usage")) reply_.usage = R1_TRY(usage_of(R1_TRY(fields.object("usage"))));
  if (!fields.has("choices")) return {};
  const Json::Array& choices = *R1_TRY(fields.array("choices"));
  if (choices.empty()) return {};
  return read_choice(R1_TRY(JsonFields::of(choices.front(), fmt::format("{}: choices[0]", source))), on_text);
}

Status ReplyReader::read_choice(const JsonFields& choice, const OnReplyText& on_text) {
  const std::string finish = R1_TRY(choice.string("finish_reason", ""));
  if (!finish.empty()) reply_.finish = finish;
  const char* name = choice.has("delta") ? "delta" : "message";
  if (!choice.has(name)) return {};
  const JsonFields message = R1_TRY(choice.object(name));
  const std::string thinking = R1_TRY(thinking_of(message));
  std::string answer = R1_TRY(message.string("content", ""));
  if (answer.empty()) answer = R1_TRY(message.string("refusal", ""));
  return thinking.empty() && answer.empty() ? Status() : on_text({thinking, answer});
}

}  // namespace r1
