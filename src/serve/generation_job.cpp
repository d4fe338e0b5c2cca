#include "serve/generation_job.hpp"

#include "serve/access.hpp"
#include "serve/answers/completion_reply.hpp"
#include "serve/requests/tool_grammar.hpp"

namespace r1 {
namespace {

ApiError error_of(const Refusal& refusal) {
  switch (refusal.cause) {
    case Refusal::Cause::invalid: return {400, "invalid_value", refusal.what};
    case Refusal::Cause::queue_full: return {429, "queue_full", refusal.what, {}, 1};
    case Refusal::Cause::shut_down: return {503, "shutting_down", "the server is shutting down", {}, 5};
    case Refusal::Cause::broken: break;
  }
  return model_failed(refusal.what);
}

// What must be there as long as an answer is written. The entry goes before its model.
struct HeldByReply {
  HeldByReply(ServedModels::Lease model_, std::shared_ptr<void> entry_)
      : model(std::move(model_)), entry(std::move(entry_)) {}
  const ServedModels::Lease model;
  const std::shared_ptr<void> entry;  // of RunningAnswers
};

// `field` is the one that errors name.
ApiStatus restrict_to(const Serving& serving, const Grammar& grammar, const std::string& field,
                      CompletionRequest& request) {
  if (request.stop_ids.empty())
    return bad_field(field, fmt::format("{}: an answer of this form ends with one of the model's end tokens, of which "
                                        "it has none, or ignore_eos takes them away",
                                        field));
  const Status done = serving.model->grammars().constrain(request, grammar, serving.model->host().context());
  if (!done) return tl::unexpected(grammar_error(done.error(), field));
  return {};
}

}  // namespace

ApiResult<GenerationFields> fields_of(const Serving& serving, const Json& body) {
  GenerationFields fields = R1_TRY(read_generation_fields(body));
  if (!fields.max_tokens) fields.max_tokens = serving.options.default_max_tokens;
  return fields;
}

ApiResult<GenerationJob> prompt_job(const Serving& serving, const HttpRequest& request, ChatPrompt prompt,
                                    const GenerationFields& fields, const ThinkFields& think) {
  GenerationJob job;
  job.header = {.id = request.id,
                .model = fields.model.empty() ? serving.model->names().id : fields.model,
                .fingerprint = serving.options.fingerprint,
                .created = serving.now,
                .samples = fields.samples,
                .prompt_tokens = std::ssize(prompt.ids),
                .thinking = prompt.thinking};
  job.request = R1_TRY(serving.model->request(std::move(prompt), fields, think, job.header.seed));
  job.logprobs = fields.logprobs;
  job.resumable = fields.resumable;
  // Users of different keys share neither prefixes nor each other's turn.
  job.request.client = key_of(request);
  job.request.cache_salt = fmt::format("{}\n{}", key_of(request), fields.cache_salt);
  return job;
}

ApiResult<ConversationPrompt> chat_prompt_of(const Serving& serving, const Json& body, const FieldNames& names) {
  ConversationPrompt out;
  out.think = R1_TRY(read_think_fields(body, serving.options.thinking));
  out.tools = R1_TRY(read_tool_fields(body, names));
  const CheckedFields in(body);
  const ChatMessages messages = R1_TRY(read_messages(in.find("messages"), in.is_set("continue_final_message")));
  const Think think = out.think.on.value_or(true) ? Think::on : Think::off;
  out.prompt = R1_TRY(serving.model->chat_prompt(messages, out.tools.tools, think));
  return out;
}

ApiResult<GenerationJob> chat_job(const Serving& serving, const HttpRequest& request, const Json& body,
                                  const GenerationFields& fields, const FieldNames& names) {
  auto [think, tools, prompt] = R1_TRY(chat_prompt_of(serving, body, names));
  GenerationJob job = R1_TRY(prompt_job(serving, request, std::move(prompt), fields, think));
  job.functions = tools.names();
  const Session& session = serving.model->session();
  std::optional<FormatFields> format = R1_TRY(read_format_fields(body, names));
  const std::string field = format ? format->field : "tools";
  std::optional<Grammar> wanted;
  if (format) wanted = std::move(format->grammar);
  const auto grammar = R1_TRY(tool_grammar(tools, serving.model->call_form(), session.tokenizer(), std::move(wanted)));
  if (grammar) R1_TRY(restrict_to(serving, *grammar, field, job.request));
  return job;
}

ApiStatus constrain(const Serving& serving, const Json& body, CompletionRequest& request, const FieldNames& names) {
  const std::optional<FormatFields> format = R1_TRY(read_format_fields(body, names));
  if (!format) return {};
  return restrict_to(serving, format->grammar, format->field, request);
}

EndpointResult started(const Serving& serving, GenerationJob job, Wake wake) {
  const std::string id = job.header.id, key = job.request.client;
  std::shared_ptr<ResumableStream> stream;
  if (job.resumable) stream = R1_TRY(serving.running.add_stream(id, key));
  const auto inbox = std::make_shared<EventInbox>(stream ? stream->waker() : wake, job.format->is_stream(),
                                                  [&metrics = serving.metrics, model = serving.model->names().id](
                                                      const RequestEnd& end) { metrics.request_ended(model, end); });
  EngineHost& host = serving.model->host();
  const auto hosted = host.submit(std::move(job.request), inbox);
  if (!hosted) {
    if (stream) static_cast<void>(serving.running.cancel_stream(id, key));
    return tl::unexpected(error_of(hosted.error()));
  }
  CompletionReply::Readers readers;
  const Session& session = serving.model->session();
  if (!job.functions.empty())
    readers.calls.assign(job.header.samples, ToolCallStream(serving.model->call_form(), job.functions));
  if (job.logprobs) readers.tokens.assign(job.header.samples, ShownTokens(session.tokenizer()));
  const auto held = std::make_shared<HeldByReply>(serving.model, serving.running.add(id, key, host, *hosted));
  auto reply = std::make_unique<CompletionReply>(host, *hosted, inbox, std::move(job.format), job.header.samples,
                                                 std::move(readers), held);
  if (!stream) return reply;
  stream->set_source(std::move(reply));
  return stream->reader(std::move(wake), 0);
}

}  // namespace r1
