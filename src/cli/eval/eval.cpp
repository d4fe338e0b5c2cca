// r1 eval: accuracy on problems with checkable answers. r1 problems: such problems as JSONL.
#include "eval/eval.hpp"

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/eval/evaluation_flags.hpp"
#include "cli/interrupt.hpp"
#include "core/terminal/status_line.hpp"
#include "formats/utf8.hpp"
#include "tasks/rows.hpp"

namespace r1 {
namespace {

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

}  // namespace

Result<int> run_eval(const Args& args) {
  EvaluationFlags evaluation;
  std::string log;
  double reward_timeout = 10;
  bool json = false;
  const auto flags = joined(
      evaluation.flags(),
      {{"--log", &log,
        "JSONL file: one line per completion; the same command goes on where its log ends (default: none)"},
       {"--reward-program", &evaluation.judging.reward_program,
        "command that reads completions as JSONL and writes a number for each (docs/evaluation.md; default: none)"},
       {"--reward-timeout", &reward_timeout, "seconds that the reward program may take for a completion"},
       {"--json", &json, "one JSON object on stdout"}});
  if (const auto stop = parse(args, "Accuracy on problems with checkable answers.", flags)) return *stop;
  R1_TRY(evaluation.check("eval"));
  if (!(reward_timeout >= 0.001 && reward_timeout <= 86'400))
    return fail(Errc::usage, "--reward-timeout: {}, must be from 0.001 to 86400 seconds", reward_timeout);
  evaluation.judging.reward_timeout = std::chrono::milliseconds(static_cast<i64>(reward_timeout * 1000));
  const ProblemFile file = R1_TRY(evaluation.problems(Split::test));
  const std::vector<Problem>& problems = file.problems;
  Judge judge = R1_TRY(evaluation.judge(problems));
  ThreadPool pool(static_cast<int>(evaluation.generation.threads));
  Session session = R1_TRY(open_session(evaluation.generation, pool, evaluation.batch));
  EvalOptions options = R1_TRY(evaluation.options(session));
  options.log = log;
  if (!log.empty()) options.settings = R1_TRY(evaluation.settings(session, problems));
  const InterruptFlag interrupted;
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
