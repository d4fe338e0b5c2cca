// The flags of the commands that score given tokens (logprobs, perplexity), and the model that they ask for.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/args.hpp"
#include "core/threads/thread_pool.hpp"
#include "infer/score.hpp"

namespace r1 {

struct ScoreFlags {
  std::string model = "nano", numerics = "exact";
  std::optional<std::string> memory;  // of the routed experts: "8g"
  std::optional<std::string> kv;      // type to which keys and values are rounded: "bf16"
  i64 threads = ThreadPool::default_threads();

  std::vector<Flag> flags();  // bound to this object
  Status check() const;       // usage errors
  // Kernels, threads and numerics for scoring with `m`.
  ScoreOptions options(const Model& m, ThreadPool& pool) const;
};

// Errors: a log-probability other than the first is not finite, so the model computes nothing useful. The message names
// the position and the command that finds broken weights.
Status check_finite(std::span<const float> logprobs, const std::string& model);

// open_model, and limit_experts where `memory` is set. Errors: theirs, and a model for which the memory is too small.
Result<std::unique_ptr<Model>> open_model_within(const std::filesystem::path& path,
                                                 const std::optional<std::string>& memory);

}  // namespace r1
