// r1 eval: accuracy on problems with checkable answers. r1 problems: such problems as JSONL.
#include "eval/eval.hpp"

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/generation_flags.hpp"
#include "cli/interrupt.hpp"
#include "core/terminal/status_line.hpp"
#include "eval/eval_log.hpp"
#include "formats/json.hpp"
#include "formats/utf8.hpp"
#include "ops/device.hpp"
#include "tasks/problem_files.hpp"
#include "tasks/rows.hpp"

namespace r1 {
namespace {

// Calls `visit` for `per_part` problems of each part of a mixture ("product:1-2=2,sort"), spread evenly over the part's
// difficulties.
template <class Visit>
Status for_each_generated(const std::string& mixture_text, i64 per_part, Split split, u64 seed, Visit&& visit) {
  const auto mixture = parse_mixture(mixture_text);
  if (!mixture) return fail(Errc::usage, "--tasks: {}", mixture.error().what);
  for (const MixturePart& part : mixture->parts)
    for (i64 i = 0; i < per_part; ++i) visit(nth_problem(part, i, split, seed));
  return {};
}

// The rows of a file. What is skipped goes to stderr.
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

Result<std::vector<Problem>> generated(const std::string& mixture, i64 per_part, u64 seed) {
  std::vector<Problem> problems;
  R1_TRY(
      for_each_generated(mixture, per_part, Split::test, seed, [&](Problem p) { problems.push_back(std::move(p)); }));
  return problems;
}

void print_table(const EvalResult& r, i64 problems) {
  size_t width = 12;
  for (const auto& [key, a] : r.by_difficulty) width = std::max(width, key.first.size() + 3);
  const auto row = [&](const std::string& name, const Accuracy& a) {
    fmt::print("{:<{}} {:>6} {:>8.1f} %   {:>5.1f} to {:.1f} %\n", name, width, a.n, 100 * a.pass_at_1,
               100 * a.ci95.low, 100 * a.ci95.high);
  };
  fmt::print("{:<{}} {:>6} {:>10}   95 % interval\n", "kind", width, "n", "pass@1");
  for (const auto& [key, a] : r.by_difficulty) row(fmt::format("{} {}", key.first, key.second), a);
  if (r.by_kind.size() > 1)
    for (const auto& [kind, a] : r.by_kind) row(kind, a);
  row("all", r.all);
  for (const auto& [j, value] : r.pass_at)
    if (j > 1) fmt::print("pass@{} {:.1f} %\n", j, 100 * value);
  if (r.k > 1 && r.all.cons_at_k) fmt::print("cons@{} {:.1f} %\n", r.k, 100 * *r.all.cons_at_k);
  if (r.own_reward)
    fmt::print("mean of the reward program {:.3f}, standard error {:.3f}\n", *r.own_reward, r.own_reward_error);
  std::string verdicts;
  for (const auto& [kind, count] : r.verdicts)
    verdicts += fmt::format("{}{} {}", verdicts.empty() ? "" : ", ", name_of(kind), count);
  fmt::print("completions: {}\n", verdicts.empty() ? "none" : verdicts);
  fmt::print(
      "with the wanted form {:.1f} %, with thinking {:.1f} %, mean tokens {:.1f}, of the thinking {:.1f}, "
      "truncated {}\n",
      100 * r.format, 100 * r.thinks, r.mean_tokens, r.mean_thinking_tokens, r.truncated);
  if (r.resumed > 0) fmt::print("{} completions were in the log\n", r.resumed);
  if (r.interrupted) fmt::print("interrupted after {} of {} problems\n", r.all.n, problems);
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

// What the completions and the verdicts depend on.
Result<Json> settings_of(const Session& session, const GenerationFlags& flags, std::span<const Problem> problems, i64 k,
                         const std::string& reward_program) {
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
                           {"--think-budget", flags.think_budget},
                           {"--no-think", flags.no_think},
                           {"R1_CPU", level_name(active_kernels())}});
  if (flags.kv) out.set("--kv", *flags.kv);
  if (!reward_program.empty()) out.set("--reward-program", reward_program);
  return out;
}

}  // namespace

Result<int> run_eval(const Args& args) {
  GenerationFlags generation;
  JudgeOptions judging;
  std::string data, format, tasks, log;
  i64 k = 1, limit = 0, n = 500, batch = 64, judges = judging.workers;
  double reward_timeout = 10;
  bool json = false;
  const auto flags = joined(
      generation.flags(),
      {{"--data", &data, "JSONL rows: our own, or those of GSM8K, MATH, AIME, HumanEval or MBPP (default: --tasks)"},
       {"--format", &format, "of the rows: rows, gsm8k, math, humaneval or mbpp (default: what their fields say)"},
       {"--tasks", &tasks, "generated problems: default, or a mixture like product:1-2,sort (default: --data)"},
       {"--n", &n, "generated problems of each part of the mixture"},
       {"-k", &k, "samples per problem"},
       {"--limit", &limit, "use only this many rows of the file (0: all)"},
       {"--log", &log,
        "JSONL file: one line per completion; the same command goes on where its log ends (default: none)"},
       {"--reward-program", &judging.reward_program,
        "command that reads completions as JSONL and writes a number for each (docs/evaluation.md; default: none)"},
       {"--reward-timeout", &reward_timeout, "seconds that the reward program may take for a completion"},
       {"--judges", &judges, "programs that are judged at once"},
       {"-b,--batch", &batch, "sequences that run at once"},
       {"--json", &json, "one JSON object on stdout"}});
  if (const auto stop = parse(args, "Accuracy on problems with checkable answers.", flags)) return *stop;
  if (data.empty() == tasks.empty()) return fail(Errc::usage, "eval: one of --data FILE and --tasks MIXTURE is needed");
  if (k < 1 || n < 1 || limit < 0 || batch < 1)
    return fail(Errc::usage, "-k {}, --n {}, --limit {}, --batch {}: must be positive", k, n, limit, batch);
  if (judges < 1 || judges > 1024) return fail(Errc::usage, "--judges: {}, must be from 1 to 1024", judges);
  if (!(reward_timeout >= 0.001 && reward_timeout <= 86'400))
    return fail(Errc::usage, "--reward-timeout: {}, must be from 0.001 to 86400 seconds", reward_timeout);
  if (!tasks.empty() && !format.empty()) return fail(Errc::usage, "--format is for --data, not for --tasks");
  R1_TRY(generation.check());
  ProblemFile file;
  if (tasks.empty()) file = R1_TRY(from_file(data, limit, format));
  else file.problems = R1_TRY(generated(tasks, n, generation.seed.value_or(0)));
  const std::vector<Problem>& problems = file.problems;
  judging.workers = static_cast<int>(judges);
  judging.reward_timeout = std::chrono::milliseconds(static_cast<i64>(reward_timeout * 1000));
  Judge judge = R1_TRY(Judge::open(judging, needs_sandbox(problems)));
  ThreadPool pool(static_cast<int>(generation.threads));
  Session session = R1_TRY(open_session(generation, pool, batch));
  if (k > 1 && session.defaults().sampling.temperature == 0)
    return fail(Errc::usage, "-k {}: the samples of a problem would all be equal; give --temperature above 0", k);
  const InterruptFlag interrupted;
  EvalOptions options;
  options.k = static_cast<i32>(k);
  options.request = [&](const Problem& p) -> Result<CompletionRequest> {
    const Message question[] = {{"user", p.prompt}};
    return session.request(R1_TRY(session.chat_prompt({.messages = question, .think = generation.thinking()})));
  };
  options.form = generation.no_think ? TurnForm::plain : TurnForm::thinking;
  options.log = log;
  if (!log.empty()) options.settings = R1_TRY(settings_of(session, generation, problems, k, judging.reward_program));
  options.stop = &interrupted.raised();
  StatusLine line;
  options.progress = [&](const EvalProgress& p) { line.show(status_text(p)); };
  const EvalResult result = R1_TRY(evaluate(session.engine(), session.tokenizer(), problems, judge, options));
  line.end();
  if (json) fmt::print("{}\n", dump(to_json(result).set("skipped", file.skipped.size())));
  else print_table(result, std::ssize(problems));
  if (result.failure) return tl::unexpected(*result.failure);
  if (result.interrupted) return kExitInterrupted;
  if (result.unchecked() > 0 && result.all.n == 0)
    return fail(Errc::io, "no completion could be judged: {}", result.unchecked_detail);
  if (result.unchecked() > 0)
    fmt::print(stderr, "{} completions could not be judged, and their problems are left out: {}\n", result.unchecked(),
               printable(result.unchecked_detail, 400));
  return 0;
}

Result<int> run_problems(const Args& args) {
  std::string tasks = "default";
  i64 n = 100;
  u64 seed = 0;
  bool train = false, traces = false;
  if (const auto stop = parse(
          args, "Generated problems with their answers as JSONL on stdout.",
          {{"--tasks", &tasks, "default, or a mixture like product:1-2,sort"},
           {"--n", &n, "generated problems of each part of the mixture"},
           {"--seed", &seed, "seed"},
           {"--train", &train, "problems of the training side of the split; default: the test side"},
           {"--traces", &traces, "add the whole completion with its thinking, as \"messages\" for r1 train sft"}}))
    return *stop;
  if (n < 1) return fail(Errc::usage, "--n: {}, must be at least 1", n);
  const auto print_row = [&](const Problem& p) {
    fmt::print("{}\n", dump(row_of(p, traces ? Traces::with : Traces::without)));
  };
  R1_TRY(for_each_generated(tasks, n, train ? Split::train : Split::test, seed, print_row));
  return 0;
}

}  // namespace r1
