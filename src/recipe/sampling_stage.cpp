// The stage of rejection sampling.
#include "core/file.hpp"
#include "eval/sampling.hpp"
#include "ops/device.hpp"
#include "recipe/stages.hpp"
#include "session/session.hpp"
#include "train/run_folder.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

SelectionRules rules_of(const SampleConfig& c) {
  SelectionRules rules;
  rules.keep = c.keep, rules.longest = c.longest;
  rules.prefer = c.prefer == "short" ? Prefer::shorter : c.prefer == "long" ? Prefer::longer : Prefer::any;
  rules.repetition = c.repetition, rules.similarity = c.similarity;
  return rules;
}

Result<std::vector<Problem>> problems_of(const SampleConfig& c) {
  std::vector<Problem> problems;
  for (const MixturePart& part : R1_TRY(parse_mixture(c.tasks)).parts)
    for (i64 i = 0; i < c.problems; ++i)
      problems.push_back(nth_problem(part, i, Split::train, static_cast<u64>(c.seed)));
  return problems;
}

// What the samples depend on: the log of the stage must have the same.
Result<Json> settings_of(const SampleConfig& c, const fs::path& model, std::span<const Problem> problems) {
  return Json::object({{"fingerprint of the model", R1_TRY(model_fingerprint(model))},
                       {"fingerprint of the problems", problems_fingerprint(problems)},
                       {"samples", c.samples},
                       {"temperature", c.temperature},
                       {"max_tokens", c.max_tokens},
                       {"seed", c.seed},
                       {"R1_CPU", level_name(active_kernels())}});
}

}  // namespace

Status run_sampling(const SampleConfig& config, const fs::path& model, const fs::path& folder, int threads,
                    const RecipeHooks& hooks) {
  const auto note = [&](const std::string& line) {
    if (hooks.note) hooks.note(line);
  };
  const std::string name = folder.filename().string();
  std::error_code code;
  if (fs::exists(folder, code)) return note(fmt::format("stage {}: was already finished", name)), Status{};
  const fs::path unfinished = folder.string() + ".unfinished";
  fs::create_directories(unfinished, code);
  if (code) return fail(Errc::io, "{}: cannot create: {}", unfinished.string(), code.message());
  remove_unfinished(unfinished);

  const std::vector<Problem> problems = R1_TRY(problems_of(config));
  note(fmt::format("stage {}: {} samples of each of {} problems", name, config.samples, problems.size()));
  Judge judge = R1_TRY(Judge::open({}, needs_sandbox(problems)));
  ThreadPool pool(threads);
  SessionOptions session_options;
  session_options.max_sequences = config.max_sequences;
  session_options.max_tokens = config.max_tokens;
  session_options.sampling = {.temperature = config.temperature,
                              .top_p = 1,
                              .min_p = 0,
                              .repetition_penalty = 1,
                              .top_k = 0,
                              .seed = static_cast<u64>(config.seed)};
  Session session = R1_TRY(Session::open(model, pool, session_options));
  EvalOptions options;
  options.k = static_cast<i32>(config.samples);
  options.request = [&session](const Problem& p) -> Result<CompletionRequest> {
    const std::vector<Message> messages = messages_of(p);
    return session.request(R1_TRY(session.chat_prompt({.messages = messages})));
  };
  options.log = unfinished / "decisions.jsonl";
  options.settings = R1_TRY(settings_of(config, model, problems));
  options.stop = hooks.stop;
  options.progress = hooks.sampling;
  const SamplingResult result = R1_TRY(sample_conversations(session.engine(), session.tokenizer(), problems, judge,
                                                            options, rules_of(config), unfinished / kConversations));
  if (result.evaluation.failure) return tl::unexpected(*result.evaluation.failure);
  if (result.evaluation.interrupted) return fail(Errc::interrupted, "interrupted while samples were drawn");
  const i64 kept = result.decisions[static_cast<size_t>(Decision::kept)];
  if (kept == 0)
    return fail(Errc::invalid_argument,
                "none of {} samples is kept ({} are right), so there is nothing to learn from; the decisions are in {}",
                result.samples, result.verified, options.log.string());
  fs::rename(unfinished, folder, code);
  if (code) return fail(Errc::io, "{}: cannot rename to {}: {}", unfinished.string(), folder.string(), code.message());
  note(fmt::format("stage {}: {} of {} samples are right, {} are kept", name, result.verified, result.samples, kept));
  return {};
}

}  // namespace r1
