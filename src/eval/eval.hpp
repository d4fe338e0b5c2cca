// Accuracy of a model on checkable problems: every prompt k times through the engine, every answer through its checker.
//
//   pass@1   mean over problems of (right / k); its standard error clusters by problem: sd over problems / sqrt(n)
//   pass@j   1 − C(k−c, j) / C(k, j), c right of k, unbiased (arXiv:2107.03374); for j = 1, 2, 4, … and k
//   cons@k   share of problems whose most frequent extracted answer is right; ties go to the answer given first,
//            completions without an answer do not vote
#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "infer/engine.hpp"
#include "tasks/tasks.hpp"
#include "text/tokenizer.hpp"

namespace r1 {

// n problems of a generator, difficulties min..max in turn.
std::vector<Problem> generate_problems(std::string_view kind, int min_difficulty, int max_difficulty, i64 n,
                                       Split split, u64 seed);

struct EvalOptions {
  SamplingParams sampling{};
  i64 max_tokens = 1024;
  i32 k = 1;
  std::vector<i32> stop_ids;
  // A problem as the model is asked it: chat template, special tokens. Default: the prompt's tokens and no more.
  std::function<Result<std::vector<i32>>(const Problem&)> encode;
  bool starts_thinking = true;  // the encoded prompt ends inside the thinking
  ThinkBudget think{};
  std::filesystem::path log;  // one JSON line per completion; empty: none
  const std::atomic<bool>* stop = nullptr;
  std::function<void(i64 done, i64 total)> progress;  // completions
};

struct Accuracy {
  i64 n = 0;  // problems with all k completions
  double pass_at_1 = 0, stderr_ = 0, cons_at_k = 0;
};
struct EvalResult {
  Accuracy all;
  i32 k = 1;
  std::map<i32, double> pass_at;  // j → pass@j
  double mean_thinking_tokens = 0, mean_tokens = 0;
  i64 truncated = 0;  // completions cut by max_tokens or the context
  i64 unchecked = 0;  // completions whose checker failed: counted as wrong
  bool interrupted = false;
  bool log_failed = false;                                        // writing to it did, which ended the evaluation early
  std::map<std::string, Accuracy> by_kind;                        // where problems name their kind
  std::map<std::pair<std::string, int>, Accuracy> by_difficulty;  // kind and difficulty
};

Result<EvalResult> evaluate(Engine& engine, const Tokenizer& tokenizer, std::span<const Problem> problems,
                            const EvalOptions& options);
// {"n","k","pass@1","stderr","pass@j"…,"cons@k","mean_thinking_tokens","mean_tokens","truncated","by_kind","by_difficulty"…}
std::string to_json(const EvalResult& result);

// The estimators, for who has counts already.
double pass_at(i64 n, i64 right, i64 k);                 // k <= n
double clustered_stderr(std::span<const double> means);  // of the mean of one value per problem; 0 for one problem

}  // namespace r1
