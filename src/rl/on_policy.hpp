// The check that a step is on policy: at its first update the trainer's log-probability of every drawn token has the
// bits of the sampler's.
#pragma once
#include <optional>
#include <span>

#include "train/packing.hpp"

namespace r1 {

class OnPolicyCheck {
 public:
  // The first drawn token whose two log-probabilities differ.
  struct Difference {
    i64 sequence = 0;  // counted over the micro-batches, from 0
    i64 position = 0;  // in the sequence, which the prompt begins
    i32 token = 0;
    float drawn = 0, trained = 0;
  };

  // Compares the targets of a micro-batch; nll is minus the trainer's log-probability of each. To be called for the
  // micro-batches of an update in their order. -0 and +0 count as equal.
  void compare(const MicroBatch& micro, std::span<const float> nll);

  i64 tokens() const { return tokens_; }
  i64 differences() const { return differences_; }
  const std::optional<Difference>& first() const { return first_; }

 private:
  i64 sequences_ = 0, tokens_ = 0, differences_ = 0;
  std::optional<Difference> first_;
};

}  // namespace r1
