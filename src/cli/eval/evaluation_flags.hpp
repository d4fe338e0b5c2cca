// The flags of the commands that judge completions (eval, sample): the model, the problems, and how they are run.
#pragma once
#include <string>
#include <vector>

#include "cli/generation_flags.hpp"
#include "eval/eval.hpp"
#include "tasks/problem_files.hpp"

namespace r1 {

struct EvaluationFlags {
  GenerationFlags generation;
  JudgeOptions judging;
  std::string data, format, tasks;
  i64 k = 1, limit = 0, n = 500, batch = 64, judges = judging.workers;

  std::vector<Flag> flags();                     // bound to this object
  Status check(std::string_view command) const;  // usage errors
  // The problems of --data, or those of --tasks from this side of the split. What is skipped goes to stderr.
  Result<ProblemFile> problems(Split split) const;
  // Opens the judge. Errors: those of Judge::open.
  Result<Judge> judge(std::span<const Problem> problems) const;
  // k completions of every problem, without a log. Errors: usage, if they would all be equal. `session` must outlive
  // the options.
  Result<EvalOptions> options(const Session& session) const;
  // What the completions and their verdicts depend on, for the log.
  Result<Json> settings(const Session& session, std::span<const Problem> problems) const;
};

// Calls `visit` for `per_part` problems of each part of a mixture ("product:1-2=2,sort"), spread evenly over the part's
// difficulties.
Status for_each_generated(const std::string& mixture, i64 per_part, Split split, u64 seed,
                          const std::function<void(Problem)>& visit);

std::string status_text(const EvalProgress& progress);

}  // namespace r1
