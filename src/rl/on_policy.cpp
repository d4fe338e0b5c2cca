#include "rl/on_policy.hpp"

namespace r1 {

void OnPolicyCheck::compare(const MicroBatch& micro, std::span<const float> nll) {
  const Batch& b = micro.batch;
  R1_CHECK(nll.size() == micro.targets.size() && micro.old_logprobs.size() == micro.targets.size(),
           "on-policy check: {} rows, {} log-probabilities, {} of the draw", micro.targets.size(), nll.size(),
           micro.old_logprobs.size());
  for (i64 s = 0; s < b.sequences(); ++s)
    for (i64 r = b.seq_begin[s]; r < b.seq_begin[s + 1]; ++r) {
      if (micro.targets[r] < 0) continue;
      ++tokens_;
      const float drawn = micro.old_logprobs[r], trained = -nll[r];
      if (drawn == trained) continue;  // a NaN is equal to nothing
      ++differences_;
      if (!first_) first_ = {sequences_ + s, r - b.seq_begin[s] + 1, micro.targets[r], drawn, trained};
    }
  sequences_ += b.sequences();
}

}  // namespace r1
