// Accuracy of a model on checkable problems: every prompt k times through the engine, every completion through the
// judge.
//
//   pass@1   mean over problems of (right / k); its standard error clusters by problem: sd over problems / sqrt(n)
//   ci95     95 % interval of pass@1 (interval95)
//   pass@j   1 − C(k−c, j) / C(k, j) for c right ones of k, unbiased (arXiv:2107.03374); for j = 1, 2, 4, … and k
//   cons@k   share of problems whose most frequent extracted answer is right; of equally frequent answers the one given
//            first counts, and completions without an answer do not vote. Programs do not vote
#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/json.hpp"
#include "rewards/judge.hpp"
#include "session/completions.hpp"
#include "tasks/tasks.hpp"

namespace r1 {

// The i-th problem of a part of a mixture; the difficulties are min, min + 1, ... max, min, ...
Problem nth_problem(const MixturePart& part, i64 i, Split split, u64 seed);

struct EvalProgress {
  i64 done = 0, total = 0;          // completions; done: judged, now or in the log
  double pass_at_1 = 0, error = 0;  // so far; half of the 95 % interval
  double tokens_per_second = 0;     // of this run
  std::optional<double> seconds_left;
};

struct EvalOptions {
  i32 k = 1;  // completions per problem
  // Required. The prompt of a problem and how it is sampled. evaluate() sets the number of samples and the random
  // stream, which is the problem's index.
  std::function<Result<CompletionRequest>(const Problem&)> request;
  TurnForm form = TurnForm::thinking;
  // A JSON line per completion (eval_log.hpp); empty: no log. What an existing log holds is not generated again.
  std::filesystem::path log;
  std::string log_flag = "--log";                     // what sets `log`, for errors
  Json settings = Json::Object{};                     // what the completions depend on: a log must have the same
  const std::atomic<bool>* stop = nullptr;            // raised: evaluate() ends with what it has
  std::function<void(const EvalProgress&)> progress;  // every 200 ms, and at the end
};

struct Interval {
  double low = 0, high = 1;
};
struct Accuracy {
  i64 n = 0;  // problems whose k completions have all been judged
  double pass_at_1 = 0, standard_error = 0;
  Interval ci95;
  std::optional<double> cons_at_k;  // absent if no problem has answers that can vote
};
struct EvalResult {
  Accuracy all;
  i32 k = 1;
  std::map<i32, double> pass_at;  // j → pass@j
  double mean_thinking_tokens = 0, mean_tokens = 0;
  double format = 0;                        // share of completions with the wanted form
  double thinks = 0;                        // share of completions whose thinking is not empty
  std::optional<double> own_reward;         // mean of the reward program's numbers
  double own_reward_error = 0;              // its standard error, clustered by problem
  i64 truncated = 0;                        // completions that max_tokens or the context cut
  std::map<JudgementKind, i64> verdicts;    // completions by kind; the unchecked ones count in no other number
  std::string unchecked_detail;             // why one of the unchecked ones could not be judged
  i64 resumed = 0;                          // completions that were in the log
  bool interrupted = false;                 // `stop` was raised
  std::optional<Error> failure;             // the log or the reward program failed, so the evaluation ended early
  std::map<std::string, Accuracy> by_kind;  // of the problems that have a kind
  std::map<std::pair<std::string, int>, Accuracy> by_difficulty;  // by kind and difficulty

  i64 unchecked() const;
};

// `engine` and `judge` must be idle. Errors: options.request fails, the engine refuses a request, the log cannot be
// opened or is not of this evaluation, or a sequence fails (the problem's index and the token's are named).
Result<EvalResult> evaluate(Engine& engine, const Tokenizer& tokenizer, std::span<const Problem> problems, Judge& judge,
                            const EvalOptions& options);
// {"n","k","pass@1","stderr","ci95","pass@j"…,"cons@k","mean_thinking_tokens",…} (docs/commands.md)
Json to_json(const EvalResult& result);

// The estimators by themselves, for callers that have counts.
double pass_at(i64 n, i64 right, i64 k);                 // k <= n
double clustered_stderr(std::span<const double> means);  // of the mean of one value per problem; 0 for one problem
// Wilson's 95 % interval of a share p with the effective number of independent completions, p (1 - p) / stderr², kept
// between n, the number of problems, and n · k. So with k = 1 it is Wilson's interval, and when all completions are
// right or all are wrong the interval is that of n completions and not empty.
Interval interval95(double p, double standard_error, i64 n, i64 k);

}  // namespace r1
