// The flags of the commands that score given tokens (logprobs, perplexity), and the model that they ask for.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/args.hpp"
#include "core/thread_pool.hpp"
#include "infer/score.hpp"

namespace r1 {

struct ScoreFlags {
  std::string model = "nano", numerics = "exact";
  std::optional<std::string> memory;  // of the routed experts: "8g"
  i64 threads = ThreadPool::default_threads();

  std::vector<Flag> flags();  // bound to this object
  Status check() const;       // usage errors
  // Kernels, threads and numerics for scoring with `m`.
  ScoreOptions options(const Model& m, ThreadPool& pool) const;
};

// open_model, and limit_experts where `memory` is set.
Result<std::unique_ptr<Model>> open_model_within(const std::filesystem::path& path,
                                                 const std::optional<std::string>& memory);

}  // namespace r1
