#include "cli/eval/evaluation_flags.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "eval/eval_log.hpp"
#include "formats/utf8.hpp"
#include "ops/device.hpp"

namespace r1 {

Status for_each_generated(const std::string& mixture_text, i64 per_part, Split split, u64 seed,
                          const std::function<void(Problem)>& visit) {
  const auto mixture = parse_mixture(mixture_text);
  if (!mixture) return fail(Errc::usage, "--tasks: {}", mixture.error().what);
  for (const MixturePart& part : mixture->parts)
    for (i64 i = 0; i < per_part; ++i) visit(nth_problem(part, i, split, seed));
  return {};
}

namespace {

Result<ProblemFile> from_file(const std::string& path, i64 limit, const std::string& format_name) {
  std::optional<RowFormat> format;
  if (!format_name.empty() && !(format = row_format_named(format_name)))
    return fail(Errc::usage, "--format {}: expected one of {}", shown(format_name), fmt::join(kRowFormatNames, ", "));
  ProblemFile file = R1_TRY(read_problems(path, limit, format));
  constexpr size_t kShown = 5;
  for (size_t i = 0; i < std::min(kShown, file.skipped.size()); ++i)
    fmt::print(stderr, "skipped: {}\n", printable(file.skipped[i], 400));
  if (file.skipped.size() > kShown)
    fmt::print(stderr, "{}: {} rows are skipped in all, because they cannot be checked\n", path, file.skipped.size());
  return file;
}

}  // namespace

std::vector<Flag> EvaluationFlags::flags() {
  return joined(
      generation.flags(),
      {{"--data,--file", &data,
        "JSONL rows: our own, or those of GSM8K, MATH, AIME, HumanEval or MBPP (default: --tasks)"},
       {"--format", &format, "of the rows: rows, gsm8k, math, humaneval or mbpp (default: what their fields say)"},
       {"--tasks", &tasks, "generated problems: default, or a mixture like product:1-2,sort (default: --data)"},
       {"--n,--problems", &n, "generated problems of each part of the mixture"},
       {"-k", &k, "samples per problem"},
       {"--limit", &limit, "use only this many rows of the file (0: all)"},
       {"--judges", &judges, "programs that are judged at once"},
       {"-b,--batch", &batch, "sequences that run at once"}});
}

Status EvaluationFlags::check(std::string_view command) const {
  if (data.empty() == tasks.empty())
    return fail(Errc::usage, "{}: one of --data FILE and --tasks MIXTURE is needed", command);
  if (k < 1 || n < 1 || limit < 0 || batch < 1)
    return fail(Errc::usage, "-k {}, --n {}, --limit {}, --batch {}: must be positive", k, n, limit, batch);
  if (judges < 1 || judges > 1024) return fail(Errc::usage, "--judges: {}, must be from 1 to 1024", judges);
  if (!tasks.empty() && !format.empty()) return fail(Errc::usage, "--format is for --data, not for --tasks");
  return generation.check();
}

Result<ProblemFile> EvaluationFlags::problems(Split split) const {
  if (tasks.empty()) return from_file(data, limit, format);
  ProblemFile out;
  R1_TRY(for_each_generated(tasks, n, split, generation.seed.value_or(0),
                            [&](Problem p) { out.problems.push_back(std::move(p)); }));
  return out;
}

Result<Judge> EvaluationFlags::judge(std::span<const Problem> problems) const {
  JudgeOptions options = judging;
  options.workers = static_cast<int>(judges);
  return Judge::open(std::move(options), needs_sandbox(problems));
}

Result<EvalOptions> EvaluationFlags::options(const Session& session) const {
  if (k > 1 && session.defaults().sampling.temperature == 0)
    return fail(Errc::usage, "-k {}: the samples of a problem would all be equal; give --temperature above 0", k);
  EvalOptions out;
  out.k = static_cast<i32>(k);
  out.request = [&session, think = generation.thinking()](const Problem& p) -> Result<CompletionRequest> {
    const std::vector<Message> messages = messages_of(p);
    return session.request(R1_TRY(session.chat_prompt({.messages = messages, .think = think})));
  };
  out.form = generation.no_think ? TurnForm::plain : TurnForm::thinking;
  return out;
}

Result<Json> EvaluationFlags::settings(const Session& session, std::span<const Problem> problems) const {
  const CompletionRequest& r = session.defaults();
  Json out = Json::object({{"fingerprint of the model", R1_TRY(model_fingerprint(session.path()))},
                           {"number of problems", problems.size()},
                           {"fingerprint of the problems", problems_fingerprint(problems)},
                           {"-k", k},
                           {"--temperature", r.sampling.temperature},
                           {"--top-p", r.sampling.top_p},
                           {"--top-k", r.sampling.top_k},
                           {"--min-p", r.sampling.min_p},
                           {"--repetition-penalty", r.sampling.repetition_penalty},
                           {"--seed", static_cast<i64>(r.sampling.seed)},
                           {"--max-tokens", r.max_tokens},
                           {"--context", session.engine().context()},
                           {"--think-budget", generation.think_budget},
                           {"--no-think", generation.no_think},
                           {"R1_CPU", level_name(active_kernels())}});
  if (generation.kv) out.set("--kv", *generation.kv);
  if (!judging.reward_program.empty()) out.set("--reward-program", judging.reward_program);
  return out;
}

std::string status_text(const EvalProgress& p) {
  std::string text = fmt::format("{}/{}", p.done, p.total);
  if (p.done > 0) text += fmt::format("  pass@1 {:.1f} % ± {:.1f}", 100 * p.pass_at_1, 100 * p.error);
  text += fmt::format("  {:.0f} tokens/s", p.tokens_per_second);
  if (p.seconds_left && p.done < p.total) {
    const auto left = static_cast<i64>(*p.seconds_left);
    text += left >= 3600 ? fmt::format("  left {}h{:02}m", left / 3600, left / 60 % 60)
                         : fmt::format("  left {}m{:02}s", left / 60, left % 60);
  }
  return text;
}

}  // namespace r1
