#include "cli/generation_flags.hpp"

#include <limits>
#include <random>

#include "cli/prompt_input.hpp"
#include "core/byte_size.hpp"
#include "formats/utf8.hpp"
#include "hub/models.hpp"
#include "ops/device.hpp"

namespace r1 {
namespace {

constexpr i64 kNoLimit = -1;  // of --max-tokens

SamplingOverrides overrides_of(const GenerationFlags& f) {
  return {f.temperature, f.top_p, f.min_p, f.repetition_penalty, f.top_k, f.seed, f.sample_if_greedy};
}

void describe(const Session& session, const GenerationFlags& flags, int threads) {
  const std::string path = session.path().string();
  const ModelInfo& m = session.model().info();
  fmt::print(stderr, "{}: {}, {} parameters ({} active), context {}, level {}, {} threads\n", path, m.architecture,
             m.parameters, m.active_parameters, session.engine().context(), level_name(active_kernels()), threads);
  const auto& chat = session.chat_template();
  fmt::print(stderr, "{}: chat template: {}\n", path, printable(chat ? chat->describe() : chat.error().what, 400));
  fmt::print(stderr, "{}: seed {}\n", path, flags.seed.value_or(0));
}

}  // namespace

std::vector<Flag> GenerationFlags::flags() {
  return joined({{"-m,--model", &model, "model folder, GGUF file or name"}}, flags_besides_model());
}

std::vector<Flag> GenerationFlags::flags_besides_model() {
  return {{"-n,--max-tokens", &max_tokens,
           "most tokens of an answer, thinking included; -1: what the context holds (default: "
           "the model's advice, else -1)"},
          {"--temperature", &temperature, "0: always the likeliest token (default: the model's advice, else 0.6)"},
          {"--top-p", &top_p,
           "keep the likeliest tokens that together have this probability (default: the model's advice, else 0.95)"},
          {"--top-k", &top_k, "keep this many of the likeliest tokens; 0: all (default: the model's advice, else 0)"},
          {"--min-p", &min_p,
           "keep tokens with at least this share of the likeliest token's probability (default: "
           "the model's advice, else 0)"},
          {"--repetition-penalty", &repetition_penalty,
           "divide the logits of tokens that are already in the text (default: the model's advice, else 1)"},
          {"--seed", &seed,
           default_seed == DefaultSeed::zero ? "random seed (default: 0)"
                                             : "random seed (default: another one each time; -v shows it)"},
          {"-t,--threads", &threads, "threads that compute (default: all cores)"},
          {"-c,--context", &context, "tokens of the longest sequence; 0: the model's, or what fits into the memory"},
          {"--think", &think, "think before answering (the default)"},
          {"--no-think", &no_think, "answer at once"},
          {"--think-budget", &think_budget, "end the thinking after this many tokens (0: no limit)"},
          {"--memory", &memory,
           "memory for routed experts (8g), the others are read from the file when needed (default: no limit)"},
          {"--kv", &kv, kCacheTypeHelp},
          {"-v,--verbose", &verbose, "print which model is opened and how"}};
}

Status GenerationFlags::check() const {
  if (think && no_think) return fail(Errc::usage, "--think and --no-think exclude each other");
  if (max_tokens && *max_tokens < 1 && *max_tokens != kNoLimit)
    return fail(Errc::usage, "--max-tokens: {}, must be at least 1, or -1 for no limit", *max_tokens);
  if (context < 0) return fail(Errc::usage, "--context: {}, must not be negative", context);
  if (think_budget < 0) return fail(Errc::usage, "--think-budget: {}, must not be negative", think_budget);
  if (const Status given = r1::check(sampling_params({}, overrides_of(*this))); !given)
    return fail(Errc::usage, "{}", given.error().what);
  R1_TRY(thread_count(threads));
  if (memory) R1_TRY(parse_bytes(*memory));
  R1_TRY(cache_type(kv));
  return {};
}

void GenerationFlags::draw_seed() {
  if (!seed && default_seed == DefaultSeed::random) seed = std::random_device()();
}

Result<SessionOptions> GenerationFlags::session_options() const {
  SessionOptions options;
  options.context = context;
  options.kv = R1_TRY(cache_type(kv));
  if (memory) options.expert_bytes = R1_TRY(parse_bytes(*memory));
  options.sampling = overrides_of(*this);
  options.max_tokens = max_tokens == kNoLimit ? std::numeric_limits<i64>::max() : max_tokens;
  if (think_budget > 0) options.max_thinking_tokens = think_budget;
  return options;
}

Result<Session> open_session(const GenerationFlags& flags, ThreadPool& pool, i64 max_sequences) {
  SessionOptions options = R1_TRY(flags.session_options());
  options.max_sequences = max_sequences;
  Session session = R1_TRY(Session::open(R1_TRY(find_model(flags.model)), pool, options));
  if (flags.verbose) describe(session, flags, pool.threads());
  return session;
}

Status check_system_prompt(const Session& session, std::string_view system) {
  R1_TRY(check_utf8(system, "the system prompt"));
  const auto& chat = session.chat_template();
  if (!chat) return tl::unexpected(chat.error());
  if (Status takes = chat->check_system(); !takes)
    return tl::unexpected(std::move(takes).error().in(session.path().string()));
  return {};
}

}  // namespace r1
