#include "cli/session.hpp"

#include <algorithm>
#include <cstdlib>

#include "core/byte_size.hpp"
#include "formats/utf8.hpp"
#include "kernels/cpu/kernels.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

SamplingParams sampling_of(const GenerationFlags& f, const GenerationConfig& g) {
  SamplingParams s;
  s.temperature = static_cast<float>(f.temperature.value_or(g.do_sample ? g.temperature : 0));
  s.top_p = static_cast<float>(f.top_p.value_or(g.top_p));
  s.top_k = f.top_k.value_or(g.top_k);
  s.min_p = static_cast<float>(f.min_p.value_or(g.min_p));
  s.repetition_penalty = static_cast<float>(f.repetition_penalty.value_or(g.repetition_penalty));
  s.seed = f.seed.value_or(0);
  return s;
}

}  // namespace

Numerics serving_numerics(const Model& model) {
  constexpr i64 kSmallPerToken = 1024;  // elements in a layer: 4 KiB in f32; DeepSeek-V2-Lite has 4160, V3 32832
  Numerics n;
  const bool small = model.kv_layout(n).page_elements() <= kSmallPerToken * kPageTokens;
  n.integer_blocks = true;  // changes nothing of weights that are not quantised
  if (!small) n.kv = DType::bf16, n.mla = MlaForm::mixed;
  return n;
}

std::vector<Flag> GenerationFlags::flags() {
  return {
      {"-m,--model", &model, "model folder, or the name of one that ships"},
      {"-n,--max-tokens", &max_tokens, "tokens of an answer, thinking included"},
      {"--temperature", &temperature, "0 is greedy"},
      {"--top-p", &top_p, "keep the likeliest tokens up to this probability"},
      {"--top-k", &top_k, "keep this many likeliest tokens (0: all)"},
      {"--min-p", &min_p, "keep tokens above this share of the likeliest"},
      {"--repetition-penalty", &repetition_penalty, "divide the logits of tokens already there"},
      {"--seed", &seed, "random seed"},
      {"-t,--threads", &threads, "threads"},
      {"-c,--context", &context, "longest sequence (0: the model's)"},
      {"--think", &think, "think before answering (the default)"},
      {"--no-think", &no_think, "answer at once"},
      {"--think-budget", &think_budget, "close the thinking after this many tokens (0: never)"},
      {"--memory", &memory, "keep at most so much of the routed experts in memory (8g); the rest is read when needed"},
      {"-v,--verbose", &verbose, "say what is loaded and how"}};
}

Status GenerationFlags::check() const {
  if (think && no_think) return fail(Errc::usage, "--think and --no-think exclude each other");
  if (max_tokens && *max_tokens < 1) return fail(Errc::usage, "--max-tokens: {}, must be at least 1", *max_tokens);
  if (context < 0) return fail(Errc::usage, "--context: {}, must not be negative", context);
  if (think_budget < 0) return fail(Errc::usage, "--think-budget: {}, must not be negative", think_budget);
  if (const Status given = r1::check(sampling_of(*this, {})); !given)
    return fail(Errc::usage, "{}", given.error().what);
  R1_TRY(thread_count(threads));
  if (memory) R1_TRY(parse_bytes(*memory));
  return {};
}

Result<std::unique_ptr<Session>> Session::open(const GenerationFlags& flags, i64 max_sequences) {
  R1_TRY(flags.check());
  const fs::path path = R1_TRY(find_model(flags.model));
  auto model = R1_TRY(open_model(path));
  if (flags.memory) R1_TRY(model->limit_experts(R1_TRY(parse_bytes(*flags.memory))));
  auto tokenizer = R1_TRY(Tokenizer::open(path));
  const GenerationConfig generation = R1_TRY(read_generation_config(path));
  if (tokenizer.size() > model->info().vocab)
    return fail(Errc::corrupt, "{}: tokenizer.json has {} tokens, config.json says vocab_size {}", path.string(),
                tokenizer.size(), model->info().vocab);
  auto chat = ChatTemplate::open(path, tokenizer);
  std::unique_ptr<Session> s(
      new Session(std::move(model), std::move(tokenizer), std::move(chat), static_cast<int>(flags.threads)));
  s->path = path;
  s->sampling = sampling_of(flags, generation);
  if (Status sane = check(s->sampling); !sane) return tl::unexpected(std::move(sane).error().in(path.string()));
  s->stop_ids = s->model->info().eos;
  for (const i64 id : generation.eos_token_ids) s->stop_ids.push_back(static_cast<i32>(id));
  for (const i32 id : end_tokens(s->tokenizer)) s->stop_ids.push_back(id);
  std::sort(s->stop_ids.begin(), s->stop_ids.end());
  s->stop_ids.erase(std::unique(s->stop_ids.begin(), s->stop_ids.end()), s->stop_ids.end());
  if (flags.think_budget > 0) {
    const auto end = s->tokenizer.find(kEndThink);
    if (!end) return fail(Errc::unsupported, "{}: --think-budget: its tokenizer has no {}", path.string(), kEndThink);
    s->think_budget = {flags.think_budget, *end, s->tokenizer.encode("\n</think>\n\n", Tokenizer::Special::recognise)};
  }

  EngineOptions options;
  options.kernels = &cpu::active();
  options.pool = &s->pool;
  options.numerics = serving_numerics(*s->model);
  options.max_sequences = max_sequences;
  options.context = flags.context;
  s->engine = std::make_unique<Engine>(R1_TRY(Engine::create(*s->model, options)));
  s->max_tokens = flags.max_tokens.value_or(generation.max_new_tokens.value_or(s->engine->context()));
  if (flags.verbose) {
    const ModelInfo& m = s->model->info();
    fmt::print(stderr, "{}: {}, {} parameters ({} active), context {}, level {}, {} threads\n", path.string(),
               m.architecture, m.parameters, m.active_parameters, s->engine->context(), options.kernels->name,
               flags.threads);
    fmt::print(stderr, "{}: chat template: {}\n", path.string(),
               printable(s->chat ? s->chat->describe() : s->chat.error().what, 400));
  }
  return s;
}

Result<ChatPrompt> Session::chat_prompt(const std::vector<Message>& messages, bool think) const {
  if (!chat) return tl::unexpected(chat.error());
  return chat->encode(tokenizer, {.messages = messages, .think = think ? Think::on : Think::off});
}

std::vector<i32> Session::raw_prompt(const std::string& text) const {
  std::vector<i32> ids = tokenizer.encode(text, Tokenizer::Special::recognise);
  const Tokenizer::Roles& roles = tokenizer.roles();
  if (roles.add_bos && (ids.empty() || ids[0] != *roles.bos)) ids.insert(ids.begin(), *roles.bos);
  return ids;
}

}  // namespace r1
