// r1 eval: accuracy on problems with checkable answers. r1 problems: such problems as JSONL.
#include "eval/eval.hpp"

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/generation_flags.hpp"
#include "cli/interrupt.hpp"
#include "core/terminal/status_line.hpp"
#include "formats/json.hpp"
#include "formats/utf8.hpp"
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
  const auto row = [](const std::string& name, const Accuracy& a) {
    fmt::print("{:<12} {:>6} {:>8.1f} % ± {:.1f}\n", name, a.n, 100 * a.pass_at_1, 100 * a.standard_error);
  };
  fmt::print("{:<12} {:>6} {:>10}\n", "kind", "n", "pass@1");
  for (const auto& [key, a] : r.by_difficulty) row(fmt::format("{} {}", key.first, key.second), a);
  if (r.by_kind.size() > 1)
    for (const auto& [kind, a] : r.by_kind) row(kind, a);
  row("all", r.all);
  if (r.k > 1) fmt::print("cons@{} {:.1f} %\n", r.k, 100 * r.all.cons_at_k);
  fmt::print("mean thinking tokens {:.1f}, truncated {}\n", r.mean_thinking_tokens, r.truncated);
  if (r.interrupted) fmt::print("interrupted after {} of {} problems\n", r.all.n, problems);
}

}  // namespace

Result<int> run_eval(const Args& args) {
  GenerationFlags generation;
  std::string data, format, tasks, log;
  i64 k = 1, limit = 0, n = 500, batch = 64;
  bool json = false;
  const auto flags = joined(
      generation.flags(),
      {{"--data", &data, "JSONL rows {\"prompt\",\"answer\"}, or rows that name their checker (default: --tasks)"},
       {"--format", &format, "of the rows: rows, gsm8k, math, humaneval or mbpp (default: what their fields say)"},
       {"--tasks", &tasks, "generated problems: default, or a mixture like product:1-2,sort (default: --data)"},
       {"--n", &n, "generated problems of each part of the mixture"},
       {"-k", &k, "samples per problem"},
       {"--limit", &limit, "use only this many rows of the file (0: all)"},
       {"--log", &log, "JSONL file: one line per completion (default: none)"},
       {"-b,--batch", &batch, "sequences that run at once"},
       {"--json", &json, "one JSON object on stdout"}});
  if (const auto stop = parse(args, "Accuracy on problems with checkable answers.", flags)) return *stop;
  if (data.empty() == tasks.empty()) return fail(Errc::usage, "eval: one of --data FILE and --tasks MIXTURE is needed");
  if (k < 1 || n < 1 || limit < 0 || batch < 1)
    return fail(Errc::usage, "-k {}, --n {}, --limit {}, --batch {}: must be positive", k, n, limit, batch);
  R1_TRY(generation.check());
  ProblemFile file;
  if (tasks.empty()) file = R1_TRY(from_file(data, limit, format));
  else file.problems = R1_TRY(generated(tasks, n, generation.seed.value_or(0)));
  const std::vector<Problem>& problems = file.problems;
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
  options.log = log;
  options.stop = &interrupted.raised();
  StatusLine line;
  options.progress = [&](i64 done, i64 total) { line.show(fmt::format("{}/{}", done, total)); };
  const EvalResult result = R1_TRY(evaluate(session.engine(), session.tokenizer(), problems, options));
  line.end();
  if (json) fmt::print("{}\n", to_json(result));
  else print_table(result, std::ssize(problems));
  if (result.log_failed) return fail(Errc::io, "{}: writing failed; the evaluation ended there", log);
  return result.interrupted ? kExitInterrupted : 0;
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
