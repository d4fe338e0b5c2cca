// Accuracy of a model on checkable problems: every prompt k times through the engine, every answer through its checker.
//
//   pass@1   mean over problems of (right / k); its standard error clusters by problem: sd over problems / sqrt(n)
//   pass@j   1 − C(k−c, j) / C(k, j) for c right ones of k, unbiased (arXiv:2107.03374); for j = 1, 2, 4, … and k
//   cons@k   share of problems whose most frequent extracted answer is right; of equally frequent answers the one given
//            first counts, and completions without an answer do not vote
#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "session/completions.hpp"
#include "tasks/tasks.hpp"

namespace r1 {

// The i-th problem of a part of a mixture; the difficulties are min, min + 1, ... max, min, ...
Problem nth_problem(const MixturePart& part, i64 i, Split split, u64 seed);

struct EvalOptions {
  i32 k = 1;  // completions per problem
  // Required. The prompt of a problem and how it is sampled. evaluate() sets the number of samples to k and the random
  // stream to the problem's index.
  std::function<Result<CompletionRequest>(const Problem&)> request;
  std::filesystem::path log;                          // one JSON line per completion; empty: no log
  const std::atomic<bool>* stop = nullptr;            // raised: evaluate() ends with what it has
  std::function<void(i64 done, i64 total)> progress;  // completions
};

struct Accuracy {
  i64 n = 0;  // problems with all k completions
  double pass_at_1 = 0, standard_error = 0, cons_at_k = 0;
};
struct EvalResult {
  Accuracy all;
  i32 k = 1;
  std::map<i32, double> pass_at;  // j → pass@j
  double mean_thinking_tokens = 0, mean_tokens = 0;
  i64 truncated = 0;                        // completions that max_tokens or the context cut
  i64 unchecked = 0;                        // completions whose checker failed; they count as wrong
  bool interrupted = false;                 // `stop` was raised
  bool log_failed = false;                  // the log could not be written, so the evaluation ended early
  std::map<std::string, Accuracy> by_kind;  // of the problems that have a kind
  std::map<std::pair<std::string, int>, Accuracy> by_difficulty;  // by kind and difficulty
};

// `engine` must be idle. Errors: options.request fails, the engine refuses a request, the log cannot be created, or a
// sequence fails (the problem's index and the token's are named).
Result<EvalResult> evaluate(Engine& engine, const Tokenizer& tokenizer, std::span<const Problem> problems,
                            const EvalOptions& options);
// {"n","k","pass@1","stderr","pass@j"…,"cons@k","mean_thinking_tokens","mean_tokens","truncated",…} (docs/commands.md)
std::string to_json(const EvalResult& result);

// The estimators by themselves, for callers that have counts.
double pass_at(i64 n, i64 right, i64 k);                 // k <= n
double clustered_stderr(std::span<const double> means);  // of the mean of one value per problem; 0 for one problem

}  // namespace r1
