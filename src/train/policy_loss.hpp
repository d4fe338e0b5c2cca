// Policy-gradient losses for groups of samples of one prompt: GRPO and what followed it. Every row whose target was
// drawn by the policy contributes
//   l = −min(ρ A, clip(ρ, 1 − clip_low, 1 + clip_high) A) + kl_weight · KL,   ρ = exp(log π − log π_old)
// and the loss is the sum over rows of weight · l. A document carries for each row its advantage A, its weight, the
// log-probability at which its target was drawn (old) and, if kl_weight is not 0, that under the reference model. π is
// taken at the sampling temperature, so at the first update after the draw ρ is exactly 1 (docs/numerics.md).
//
// Sources: GRPO arXiv:2402.03300, DeepSeek-R1 arXiv:2501.12948; Dr. GRPO arXiv:2503.20783; DAPO arXiv:2503.14476; GSPO
// arXiv:2507.18071.
#pragma once
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "train/learner.hpp"

namespace r1 {

// token: ρ is of each token. sequence: every token of a sample has ρ = (π(sample) / π_old(sample))^(1/tokens), GSPO.
enum class PolicyRatio : u8 { token, sequence };

// The mean that the loss takes over the tokens of a step:
//   samples       the mean over samples of the mean over the tokens of each, GRPO
//   length_limit  the sum over tokens / (samples · longest possible sample), Dr. GRPO
//   group_tokens  the mean over groups of the mean over the tokens of each, DAPO's formula
//   batch_tokens  the mean over all tokens of the step, as common implementations of DAPO compute it
enum class PolicyMean : u8 { samples, length_limit, group_tokens, batch_tokens };

// Estimators of KL(π ‖ ref) from d = log π − log ref of a drawn token, and their derivatives by log π:
//   k1       d, with the derivative d. (The true derivative of d is 1. Its gradient has the mean 0 over draws, so it
//            would have no effect.)
//   k2       d² / 2, derivative d. Its mean over draws from π is the gradient of KL(π ‖ ref)
//   k3       exp(−d) + d − 1, derivative 1 − exp(−d): as GRPO published it. Its mean is the gradient of KL(ref ‖ π)
//   k3_plus  the value of k3 with the derivative of k2
// The means hold for draws from π itself. The terms are not corrected for draws from an older policy.
enum class KlEstimator : u8 { k1, k2, k3, k3_plus };

struct PolicyLoss {
  PolicyRatio ratio = PolicyRatio::token;
  PolicyMean mean = PolicyMean::samples;
  bool divide_by_std = true;  // of the group's rewards: group_advantages
  double clip_low = 0.2, clip_high = 0.2;
  double dual_clip = 0;  // above 1: l of a negative A is at most −dual_clip · A. 0: no limit
  double kl_weight = 0;
  KlEstimator kl = KlEstimator::k3;
};

// The published losses by name, with the constants of their papers:
//   grpo     clip 10 on both sides and k3 with weight 0.001, as for R1; mean over samples
//   dr_grpo  clip 0.2; no division by the standard deviation; length_limit
//   dapo     clip 0.2 below and 0.28 above; group_tokens
//   gspo     sequence ratios, clip 3e-4 below and 4e-4 above; mean over samples
// Errors: another name; the message lists all.
Result<PolicyLoss> named_policy_loss(std::string_view name);

// The loss of a configuration: its named loss with the settings that replace the loss's own.
Result<PolicyLoss> policy_loss_of(const GrpoConfig& config);

// The advantages of a group: r − mean, divided by std + 1e-6 if `divide_by_std` (the sample standard deviation, with
// n − 1). All are exactly 0 if the rewards are equal.
std::vector<double> group_advantages(std::span<const double> rewards, bool divide_by_std);

// The weight of every row of each sample under a mean. Sample i has lengths[i] drawn tokens and belongs to the prompt
// groups[i]. `length_limit` is the longest possible sample.
std::vector<double> sample_weights(PolicyMean mean, std::span<const i64> lengths, std::span<const i64> groups,
                                   i64 length_limit);

// What a loss saw in a step. Means are over the drawn tokens.
struct PolicyStats {
  i64 tokens = 0;
  i64 clipped = 0;  // tokens whose ratio has no gradient because of clip_low, clip_high or dual_clip
  double ratio_min = std::numeric_limits<double>::infinity(), ratio_max = 0;
  double kl_sum = 0;       // of the estimator's values against the reference
  double old_kl_sum = 0;   // of k3 against the policy that drew
  double entropy_sum = 0;  // of the policy at each position, in nats
  double mean(double sum) const { return tokens > 0 ? sum / static_cast<double>(tokens) : 0; }
};

// The loss for Learner::compute_gradients. Adds to `stats`, which must outlive the result. The documents must carry
// weights, advantages and old_logprobs, and reference_logprobs if kl_weight is not 0.
RowLoss policy_loss(const PolicyLoss& loss, float temperature, PolicyStats& stats);

}  // namespace r1
