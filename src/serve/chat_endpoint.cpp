// POST /v1/chat/completions and /v1/completions: from a request's JSON to an answer that the engine draws.
#include <ctime>

#include "serve/answers/completion_reply.hpp"
#include "serve/endpoints.hpp"
#include "serve/requests/think_fields.hpp"

namespace r1 {
namespace {

constexpr FieldRule kChatRules[] = {
    {"messages", JsonKind::array},         {"continue_final_message", JsonKind::boolean},
    {"logprobs", JsonKind::boolean},       {"top_logprobs", JsonKind::integer, 0, kMostTopLogprobs},
    {"response_format", JsonKind::object}, {"tools", JsonKind::array, 0, 128},
};
constexpr FieldRule kTextRules[] = {
    {"prompt", JsonKind::text_or_array},
    {"echo", JsonKind::boolean},
    {"suffix", JsonKind::text},
};

// What this server does not do yet is refused by name, so that no client waits for what never comes.
ApiStatus refuse_missing(const Json& body, const GenerationFields& fields) {
  const CheckedFields in(body);
  const auto refusal = [](const char* name) {
    return bad_field(name, fmt::format("{}: this server does not support it", name), "unsupported_parameter");
  };
  if (fields.presence_penalty != 0) return refusal("presence_penalty");
  if (fields.frequency_penalty != 0) return refusal("frequency_penalty");
  if (!fields.logit_bias.empty()) return refusal("logit_bias");
  if (in.is_set("logprobs") || in.integer("logprobs")) return refusal("logprobs");
  if (const Json* tools = in.find("tools"); tools && tools->array() && !tools->array()->empty())
    if (const std::string* choice = in.text("tool_choice"); !choice || *choice != "none") return refusal("tools");
  if (const Json* format = in.find("response_format")) {
    const Json* const type = format->find("type");
    if (!type || !type->string() || *type->string() != "text") return refusal("response_format");
  }
  return {};
}

ApiError error_of(const Refusal& refusal) {
  switch (refusal.cause) {
    case Refusal::Cause::invalid: return {400, "invalid_value", refusal.what};
    case Refusal::Cause::queue_full: return {429, "queue_full", refusal.what, {}, 1};
    case Refusal::Cause::shut_down: return {503, "shutting_down", "the server is shutting down", {}, 5};
    case Refusal::Cause::broken: break;
  }
  return {500, "internal_error", "the model cannot run any more"};
}

// A request in the engine's terms, and the form of its answer.
struct Job {
  CompletionRequest request;
  AnswerHeader header;
  std::unique_ptr<AnswerFormat> format;
};

EndpointResult started(const Serving& serving, Job job, Wake wake) {
  const auto inbox = std::make_shared<EventInbox>(std::move(wake), job.format->is_stream());
  EngineHost& host = serving.model.host();
  const auto id = host.submit(std::move(job.request), inbox);
  if (!id) return tl::unexpected(error_of(id.error()));
  return std::make_unique<CompletionReply>(
      host, *id, inbox, std::move(job.format), job.header.samples,
      [&metrics = serving.metrics](const RequestEnd& end) { metrics.request_ended(end); });
}

AnswerHeader header_of(const Serving& serving, const HttpRequest& request, const GenerationFields& fields) {
  return {.id = request.id,
          .model = fields.model.empty() ? serving.model.names().id : fields.model,
          .fingerprint = serving.options.fingerprint,
          .created = std::time(nullptr),
          .samples = fields.samples};
}

OpenAiOptions format_options(const Serving& serving, const GenerationFields& fields) {
  return {fields.stream, fields.include_usage, fields.return_progress, serving.options.reasoning_alias};
}

ApiResult<GenerationFields> fields_of(const Serving& serving, const Json& body) {
  GenerationFields fields = R1_TRY(read_generation_fields(body));
  R1_TRY(check_model(serving, fields.model));
  R1_TRY(refuse_missing(body, fields));
  if (!fields.max_tokens) fields.max_tokens = serving.options.default_max_tokens;
  return fields;
}

// The prompt of /v1/completions: a text, an array with one text, or an array of tokens.
ApiResult<ChatPrompt> text_prompt(const Serving& serving, const Json* prompt) {
  if (!prompt) return bad_field("prompt", "prompt: missing", "missing_required_parameter");
  const Session& session = serving.model.session();
  if (prompt->string()) return session.raw_prompt(*prompt->string());
  const Json::Array& items = *prompt->array();
  if (items.size() == 1 && items[0].string()) return session.raw_prompt(*items[0].string());
  if (items.empty() || items[0].string())
    return bad_field("prompt", fmt::format("prompt: {} texts, expected exactly one", items.size()));
  ChatPrompt out;
  for (const Json& item : items) {
    const i64 id = item.integer() ? *item.integer() : -1;
    if (id < 0 || id >= session.tokenizer().size())
      return bad_field("prompt", fmt::format("prompt[{}]: {}, expected a token from 0 to {}", out.ids.size(),
                                             item.describe(), session.tokenizer().size() - 1));
    out.ids.push_back(static_cast<i32>(id));
  }
  return out;
}

}  // namespace

EndpointResult chat_completions(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake) {
  R1_TRY(check_fields(body, kChatRules));
  const GenerationFields fields = R1_TRY(fields_of(serving, body));
  const ThinkFields think = R1_TRY(read_think_fields(body, serving.options.thinking));
  const CheckedFields in(body);
  const ChatMessages messages = R1_TRY(read_messages(in.find("messages"), in.is_set("continue_final_message")));
  ChatPrompt prompt =
      R1_TRY(serving.model.chat_prompt(messages, Json(), think.on.value_or(true) ? Think::on : Think::off));
  Job job{{}, header_of(serving, request, fields), nullptr};
  job.header.thinking = prompt.thinking;
  job.request = R1_TRY(serving.model.request(std::move(prompt), fields, think, job.header.seed));
  job.format = chat_format(job.header, format_options(serving, fields));
  return started(serving, std::move(job), std::move(wake));
}

EndpointResult text_completions(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake) {
  R1_TRY(check_fields(body, kTextRules));
  const GenerationFields fields = R1_TRY(fields_of(serving, body));
  const CheckedFields in(body);
  if (const std::string* suffix = in.text("suffix"); suffix && !suffix->empty())
    return bad_field("suffix", "suffix: this server does not support it", "unsupported_parameter");
  ChatPrompt prompt = R1_TRY(text_prompt(serving, in.find("prompt")));
  const std::string echo = in.is_set("echo") ? serving.model.session().tokenizer().decode(prompt.ids) : "";
  Job job{{}, header_of(serving, request, fields), nullptr};
  job.request = R1_TRY(serving.model.request(std::move(prompt), fields, {}, job.header.seed));
  job.format = text_format(job.header, format_options(serving, fields), echo);
  return started(serving, std::move(job), std::move(wake));
}

}  // namespace r1
