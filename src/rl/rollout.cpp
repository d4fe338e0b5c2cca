#include "rl/rollout.hpp"

#include <cmath>

namespace r1 {

Document rollout_document(std::span<const i32> prompt, std::span<const i32> drawn, std::span<const float> logprobs) {
  R1_CHECK(!prompt.empty() && drawn.size() == logprobs.size(), "a prompt of {} tokens, {} drawn with {} values",
           prompt.size(), drawn.size(), logprobs.size());
  std::vector<i32> tokens(prompt.begin(), prompt.end());
  tokens.insert(tokens.end(), drawn.begin(), drawn.end());
  Document d = make_document(std::move(tokens), std::ssize(prompt));
  d.old_logprobs.assign(d.tokens.size(), 0.0f);
  for (size_t i = 0; i < drawn.size(); ++i) {
    const size_t row = prompt.size() + i - 1;
    if (std::isnan(logprobs[i])) d.targets[row] = -1;
    else d.old_logprobs[row] = logprobs[i];
  }
  return d;
}

}  // namespace r1
