#include "session/session.hpp"

#include <algorithm>

#include "ops/device.hpp"
#include "session/numerics.hpp"
#include "session/session_need.hpp"

namespace r1 {
namespace {

// Without a limit the budget still says how the thinking is closed on request (Engine::end_thinking).
Result<ThinkBudget> think_budget(const std::optional<i64>& max_tokens, const Tokenizer& tokenizer) {
  const auto end = tokenizer.find(kEndThink);
  if (!end && max_tokens)
    return fail(Errc::unsupported, "the thinking cannot be limited to {} tokens: the tokenizer has no {} token",
                *max_tokens, kEndThink);
  if (!end) return ThinkBudget{};
  return ThinkBudget{.tokens = max_tokens.value_or(-1),
                     .end = *end,
                     .close = tokenizer.encode("\n</think>\n\n", Tokenizer::Special::recognise)};
}

}  // namespace

std::vector<i32> stop_ids_of(const Model& model, const GenerationConfig& generation, const Tokenizer& tokenizer) {
  std::vector<i32> ids = model.info().eos;
  for (const i64 id : generation.eos_token_ids) ids.push_back(static_cast<i32>(id));
  for (const i32 id : end_tokens(tokenizer)) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

SamplingParams sampling_params(const GenerationConfig& recommended, const SamplingOverrides& overrides) {
  const auto value = [](const std::optional<double>& given, double otherwise) {
    return static_cast<float>(given.value_or(otherwise));
  };
  const bool whole = overrides.sample_if_greedy && !overrides.temperature && !recommended.do_sample;
  SamplingParams s;
  s.temperature = value(overrides.temperature, whole ? 1 : recommended.do_sample ? recommended.temperature : 0);
  s.top_p = value(overrides.top_p, whole ? 1 : recommended.top_p);
  s.top_k = overrides.top_k.value_or(recommended.top_k);
  s.min_p = value(overrides.min_p, recommended.min_p);
  s.repetition_penalty = value(overrides.repetition_penalty, recommended.repetition_penalty);
  s.seed = overrides.seed.value_or(0);
  return s;
}

Session::Session(std::filesystem::path path, std::unique_ptr<Model> model, Tokenizer tokenizer,
                 Result<ChatTemplate> chat)
    : path_(std::move(path)),
      model_(std::move(model)),
      tokenizer_(std::move(tokenizer)),
      chat_template_(std::move(chat)) {}

Result<Session> Session::open(const std::filesystem::path& path, ThreadPool& pool, const SessionOptions& options) {
  i64 context = 0;
  auto model = R1_TRY(open_model(path, Weights::frozen, [&](const Model& outline) -> Status {
    const MachineMemory machine = machine_memory();
    const SessionNeed need = R1_TRY(session_need(outline, options, machine));
    context = need.context;
    return check_memory(path.string(), need.memory, machine,
                        {.memory = true, .context = true, .otherwise = "a smaller quantisation needs less"});
  }));
  if (options.expert_bytes) R1_TRY(model->limit_experts(*options.expert_bytes));
  auto tokenizer = R1_TRY(Tokenizer::open(path));
  const GenerationConfig generation = R1_TRY(read_generation_config(path));
  if (tokenizer.size() > model->info().vocab)
    return fail(Errc::corrupt, "{}: the tokenizer has {} tokens, the model's vocabulary {}", path.string(),
                tokenizer.size(), model->info().vocab);
  auto chat = ChatTemplate::open(path, tokenizer);
  Session session(path, std::move(model), std::move(tokenizer), std::move(chat));

  EngineOptions engine;
  engine.kernels = &active_kernels();
  engine.pool = &pool;
  engine.numerics = serving_numerics(*session.model_, options.kv);
  engine.max_sequences = options.max_sequences;
  engine.max_batch_tokens = std::max(engine.max_batch_tokens, options.max_sequences);
  engine.context = context;
  engine.kv_bytes = options.kv_bytes;
  engine.prefix_bytes = options.prefix_bytes;
  engine.step_seconds = options.step_seconds;
  engine.max_drafts = options.max_drafts;
  engine.share_generated = true;  // the next turn of a conversation contains the answer
  session.engine_ = std::make_unique<Engine>(R1_TRY(Engine::create(*session.model_, engine)));
  session.recommended_ = generation;
  if (Status set = session.set_defaults(options); !set) return tl::unexpected(std::move(set).error().in(path.string()));
  return session;
}

Status Session::set_defaults(const SessionOptions& options) {
  CompletionRequest defaults;
  defaults.sampling = sampling_params(recommended_, options.sampling);
  R1_TRY(check(defaults.sampling));
  defaults.max_tokens = options.max_tokens.value_or(recommended_.max_new_tokens.value_or(engine_->context()));
  defaults.stop_ids = stop_ids_of(*model_, recommended_, tokenizer_);
  defaults.think = R1_TRY(think_budget(options.max_thinking_tokens, tokenizer_));
  defaults_ = std::move(defaults);
  return {};
}

Result<ChatPrompt> Session::chat_prompt(const ChatRequest& request) const {
  if (!chat_template_) return tl::unexpected(chat_template_.error());
  return chat_template_->encode(tokenizer_, request);
}

ChatPrompt Session::raw_prompt(std::string_view text) const {
  ChatPrompt prompt;
  prompt.ids = tokenizer_.encode(text, Tokenizer::Special::recognise);
  const Tokenizer::Roles& roles = tokenizer_.roles();
  if (roles.add_bos && (prompt.ids.empty() || prompt.ids[0] != *roles.bos))
    prompt.ids.insert(prompt.ids.begin(), *roles.bos);
  return prompt;
}

CompletionRequest Session::request(ChatPrompt prompt) const {
  CompletionRequest request = defaults_;
  request.prompt = std::move(prompt.ids);
  request.channel = prompt.thinking ? Channel::thinking : Channel::answer;
  if (request.channel == Channel::thinking) return request;
  // There is no thinking to close unless the model opens one itself, as Qwen3 and R1-0528 do.
  if (const auto open = tokenizer_.find(kThink)) request.think.open = *open;
  else request.think = {};
  return request;
}

}  // namespace r1
