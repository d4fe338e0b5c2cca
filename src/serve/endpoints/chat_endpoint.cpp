// POST /v1/chat/completions and /v1/completions.
#include "serve/generation_job.hpp"
#include "serve/requests/fim_prompt.hpp"

namespace r1 {
namespace {

constexpr double kMostVotes = 64;
constexpr FieldRule kChatRules[] = {
    {"messages", JsonKind::array},
    {"continue_final_message", JsonKind::boolean},
    {"logprobs", JsonKind::boolean},
    {"top_logprobs", JsonKind::integer, 0, kMostTopLogprobs},
    {"votes", JsonKind::integer, 1, kMostVotes},
    {"tools", JsonKind::array},
};
constexpr FieldRule kTextRules[] = {
    {"prompt", JsonKind::text_or_array},
    {"echo", JsonKind::boolean},
    {"suffix", JsonKind::text},
    {"logprobs", JsonKind::integer, 0, kMostTopLogprobs},
};

OpenAiOptions format_options(const Serving& serving, const GenerationFields& fields) {
  return {fields.stream, fields.include_usage, fields.return_progress, serving.options.reasoning_alias};
}

ApiStatus read_chat_logprobs(const Json& body, GenerationFields& fields) {
  const CheckedFields in(body);
  fields.logprobs = in.is_set("logprobs");
  fields.top_logprobs = in.integer("top_logprobs").value_or(0);
  if (fields.top_logprobs > 0 && !fields.logprobs)
    return bad_field("top_logprobs",
                     fmt::format("top_logprobs: {}, only allowed when logprobs is true", fields.top_logprobs));
  return {};
}

// Whether the answer is a majority; the votes are samples then.
ApiResult<bool> read_votes(const Json& body, GenerationFields& fields) {
  const CheckedFields in(body);
  const auto votes = in.integer("votes");
  if (!votes) return false;
  const Json* const tools = in.find("tools");
  for (const auto& [name, is_there] :
       {std::pair{"n", fields.samples > 1}, std::pair{"stream", fields.stream},
        std::pair{"tools", tools && !tools->array()->empty()}, std::pair{"logprobs", fields.logprobs}})
    if (is_there) return bad_field("votes", fmt::format("votes: not together with {}", name));
  fields.samples = *votes;
  return true;
}

ApiStatus read_text_logprobs(const Json& body, GenerationFields& fields) {
  const CheckedFields in(body);
  const auto top = in.integer("logprobs");
  fields.logprobs = top.has_value();
  fields.top_logprobs = top.value_or(0);
  if (top && in.is_set("echo"))
    return bad_field("logprobs",
                     "logprobs: not together with echo, because this server computes no log-probabilities "
                     "of a prompt",
                     "unsupported_parameter");
  return {};
}

// The prompt of /v1/completions: a text, an array with one text, or an array of tokens.
ApiResult<ChatPrompt> text_prompt(const Serving& serving, const Json* prompt) {
  if (!prompt) return bad_field("prompt", "prompt: missing", "missing_required_parameter");
  const Session& session = serving.model->session();
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

// The prompt of /v1/completions for the text between "prompt" and "suffix".
ApiResult<ChatPrompt> gap_prompt(const Serving& serving, const Json& body, const std::string& suffix) {
  const CheckedFields in(body);
  const std::string* const prefix = in.text("prompt");
  if (!prefix) return bad_field("prompt", "prompt: expected a string, because there is a suffix", "invalid_type");
  if (in.is_set("echo")) return bad_field("echo", "echo: not together with suffix");
  ChatPrompt prompt;
  prompt.ids = R1_TRY(fim_prompt(serving.model->session().tokenizer(), *prefix, suffix));
  return prompt;
}

}  // namespace

EndpointResult chat_completions(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake) {
  R1_TRY(check_fields(body, kChatRules));
  GenerationFields fields = R1_TRY(fields_of(serving, body));
  R1_TRY(read_chat_logprobs(body, fields));
  const bool votes = R1_TRY(read_votes(body, fields));
  GenerationJob job = R1_TRY(chat_job(serving, request, body, fields));
  OpenAiOptions options = format_options(serving, fields);
  options.votes = votes;
  job.format = chat_format(job.header, options);
  return started(serving, std::move(job), std::move(wake));
}

EarlyFormat early_chat(const Serving& serving, const HttpRequest& request, const Json& body, const std::string& model) {
  R1_TRY(check_fields(body, kChatRules));
  const GenerationFields fields = R1_TRY(read_generation_fields(body));
  if (!fields.stream) return nullptr;
  const AnswerHeader header{.id = request.id,
                            .model = model,
                            .fingerprint = serving.options.fingerprint,
                            .created = serving.now,
                            .samples = fields.samples};
  return chat_format(header, format_options(serving, fields));
}

EndpointResult text_completions(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake) {
  R1_TRY(check_fields(body, kTextRules));
  GenerationFields fields = R1_TRY(fields_of(serving, body));
  R1_TRY(read_text_logprobs(body, fields));
  const CheckedFields in(body);
  const std::string* const suffix = in.text("suffix");
  ChatPrompt prompt =
      R1_TRY(suffix && !suffix->empty() ? gap_prompt(serving, body, *suffix) : text_prompt(serving, in.find("prompt")));
  const std::string echo = in.is_set("echo") ? serving.model->session().tokenizer().decode(prompt.ids) : "";
  GenerationJob job = R1_TRY(prompt_job(serving, request, std::move(prompt), fields, {}));
  R1_TRY(constrain(serving, body, job.request));
  job.format = text_format(job.header, format_options(serving, fields), echo);
  return started(serving, std::move(job), std::move(wake));
}

}  // namespace r1
