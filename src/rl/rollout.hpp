// Rollouts: samples that the engine drew, as documents that the trainer learns from.
#pragma once
#include <span>

#include "train/data.hpp"

namespace r1 {

// The prompt and what was drawn behind it. Every drawn token is the target of the row before it, with the
// log-probability at which it was drawn. A forced token, whose log-probability is NaN, is the target of no row. Weights
// and advantages are left to the caller.
Document rollout_document(std::span<const i32> prompt, std::span<const i32> drawn, std::span<const float> logprobs);

}  // namespace r1
