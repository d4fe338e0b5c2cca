#include "serve/served_model.hpp"

#include <algorithm>
#include <random>

namespace r1 {
namespace {

// A seed that JSON carries exactly in every language.
u64 random_seed() {
  static thread_local std::random_device device;
  return (u64{device()} << 32 | device()) >> 11;
}

void append(std::vector<i32>& ids, const std::vector<i32>& more) { ids.insert(ids.end(), more.begin(), more.end()); }

// Why the model's chat template does not take a conversation. The path of the template's file, with which the error
// begins, is not the client's business.
std::string refusal_of_template(const std::string& what) {
  const size_t path = what.find(": ");
  return fmt::format("messages: the chat template of this model does not take them: {}",
                     path == what.npos ? what : what.substr(path + 2));
}

CallForm session_call_form(const Session& session) {
  return session.chat_template() ? call_form_of(*session.chat_template()) : CallForm::hermes;
}

}  // namespace

ServedModel::ServedModel(Names names, Session session, const EngineHostOptions& options)
    : names_(std::move(names)), host_(std::move(session), options), call_form_(session_call_form(this->session())) {}

bool ServedModel::Names::has(std::string_view name) const {
  return name == id || std::find(aliases.begin(), aliases.end(), name) != aliases.end();
}

const AnswerGrammars& ServedModel::grammars() const {
  std::call_once(grammars_once_, [&] { grammars_ = std::make_unique<AnswerGrammars>(session().tokenizer()); });
  return *grammars_;
}

ApiResult<ChatPrompt> ServedModel::chat_prompt(const ChatMessages& messages, const Json& tools, Think think) const {
  // An answer that has begun is continued where it is: in its thinking, or behind it.
  if (messages.prefix && !messages.prefix->reasoning_content.empty()) think = Think::on;
  else if (messages.prefix) think = Think::off;
  auto prompt = session().chat_prompt({.messages = messages.messages, .think = think, .tools = tools});
  if (!prompt)
    return tl::unexpected(ApiError{400, "invalid_value", refusal_of_template(prompt.error().what), "messages"});
  if (!messages.prefix) return std::move(*prompt);
  const Tokenizer& tokenizer = session().tokenizer();
  const Message& begun = *messages.prefix;
  if (prompt->thinking) {
    append(prompt->ids, tokenizer.encode(begun.reasoning_content));
    if (!begun.content.empty()) {
      append(prompt->ids, tokenizer.encode("\n</think>\n\n", Tokenizer::Special::recognise));
      prompt->thinking = false;
    }
  }
  append(prompt->ids, tokenizer.encode(begun.content));
  return std::move(*prompt);
}

ApiResult<CompletionRequest> ServedModel::request(ChatPrompt prompt, const GenerationFields& fields,
                                                  const ThinkFields& think, u64& seed) const {
  const i64 length = std::ssize(prompt.ids), context = host_.context();
  if (length >= context)
    return api_fail(400, "context_length_exceeded",
                    fmt::format("the prompt has {} tokens, the context of this model {}, with room for an answer",
                                length, context));
  CompletionRequest request = session().request(std::move(prompt));
  const auto set = [](auto& target, const auto& given) {
    if (given) target = static_cast<std::remove_reference_t<decltype(target)>>(*given);
  };
  SamplingParams& sampling = request.sampling;
  set(sampling.temperature, fields.sampling.temperature);
  set(sampling.top_p, fields.sampling.top_p);
  set(sampling.min_p, fields.sampling.min_p);
  set(sampling.top_k, fields.sampling.top_k);
  set(sampling.repetition_penalty, fields.sampling.repetition_penalty);
  sampling.presence_penalty = static_cast<float>(fields.presence_penalty);
  sampling.frequency_penalty = static_cast<float>(fields.frequency_penalty);
  for (const auto& [id, bias] : fields.logit_bias)
    if (const i64 vocabulary = session().model().info().vocab; id >= vocabulary)
      return bad_field("logit_bias", fmt::format("logit_bias: there is no token {}, this model has those from 0 to {}",
                                                 id, vocabulary - 1));
  sampling.logit_bias = fields.logit_bias;
  if (fields.logprobs) sampling.top_logprobs = fields.top_logprobs, sampling.logprob_scale = LogprobScale::raw;
  seed = sampling.seed = fields.sampling.seed.value_or(random_seed());
  set(request.max_tokens, fields.max_tokens);
  request.samples = static_cast<i32>(fields.samples);
  request.stop_strings = fields.stop;
  if (fields.ignore_eos) request.stop_ids.clear();
  if (think.budget) request.think.tokens = *think.budget;
  if (const Status fits = check(sampling); !fits) return api_fail(400, "invalid_value", fits.error().what);
  return request;
}

std::string short_name(const std::filesystem::path& path) {
  const std::filesystem::path whole = path.has_filename() ? path : path.parent_path();
  const bool is_gguf = whole.extension() == ".gguf";
  std::string name = is_gguf ? whole.stem().string() : whole.filename().string();
  const size_t part = name.rfind("-00001-of-");
  return is_gguf && part != name.npos ? name.substr(0, part) : name;
}

}  // namespace r1
