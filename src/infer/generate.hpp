// A list of prompts through an engine to completion.
#pragma once
#include <atomic>
#include <functional>
#include <span>
#include <vector>

#include "infer/engine.hpp"

namespace r1 {

struct Generation {
  std::vector<i32> tokens;  // the stop token included
  std::vector<float> logprobs;
  Finish finish = Finish::none;  // none: interrupted
};

struct GenerateOptions {
  SamplingParams sampling{};
  i64 max_tokens = 1024;
  std::vector<i32> stop_ids;
  i32 samples = 1;  // per prompt
  ThinkBudget think{};
  u64 first_stream = 0;                     // prompt i draws from stream first_stream + i
  const std::atomic<bool>* stop = nullptr;  // looked at before every step
  // May be empty. on_token's false ends that sequence (finish stop); on_done is called once per finished sequence.
  std::function<bool(size_t prompt, const Event& event)> on_token;
  std::function<void(size_t prompt, i32 sample, const Generation& generation)> on_done;
};

// → [prompts × samples], prompt-major. The engine must be idle. A sequence that failed is an Error; a raised `stop`
// is not: what was cut short has finish none.
Result<std::vector<Generation>> generate(Engine& engine, std::span<const std::vector<i32>> prompts,
                                         const GenerateOptions& options);

}  // namespace r1
