#include "train/policy_loss.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/math.hpp"

namespace r1 {
namespace {

// A log-ratio beyond this bound is cut to it, so that no ratio is infinite. Its gradient is then 0.
constexpr double kMostLogRatio = 20;

struct Term {
  double value = 0, slope = 0;  // of the loss; its derivative by log π
};

struct RatioTerm : Term {
  double ratio = 1;
  bool clipped = false;
};

// −min(ρ A, clip(ρ) A) for ρ = exp(log_ratio).
RatioTerm ratio_term(const PolicyLoss& loss, double log_ratio, double advantage) {
  RatioTerm t;
  const bool cut = std::abs(log_ratio) > kMostLogRatio;
  t.ratio = exact_exp(std::clamp(log_ratio, -kMostLogRatio, kMostLogRatio));
  const double low = 1 - loss.clip_low, high = 1 + loss.clip_high;
  double bound = t.ratio;
  if (advantage > 0) bound = std::min(bound, high);
  if (advantage < 0) bound = std::max(bound, low);
  if (advantage < 0 && loss.dual_clip > 1) bound = std::min(bound, loss.dual_clip);
  t.clipped = bound != t.ratio;
  t.value = -bound * advantage;
  t.slope = t.clipped || cut ? 0 : -t.ratio * advantage;
  return t;
}

double k3(double d) {
  d = std::clamp(d, -kMostLogRatio, kMostLogRatio);
  return exact_exp(-d) + d - 1;
}

Term kl_term(KlEstimator estimator, double d) {
  switch (estimator) {
    case KlEstimator::k1: return {d, d};
    case KlEstimator::k2: return {d * d / 2, d};
    case KlEstimator::k3: return {k3(d), std::abs(d) > kMostLogRatio ? 0 : 1 - exact_exp(-d)};
    case KlEstimator::k3_plus: return {k3(d), d};
  }
  return {};
}

class RowTerms {
 public:
  RowTerms(const PolicyLoss& loss, PolicyStats& stats, const MicroBatch& batch, const LossRows& rows)
      : loss_(loss), stats_(stats), batch_(batch), rows_(rows) {
    const size_t n = batch.targets.size();
    R1_CHECK(batch.weights.size() == n && batch.advantages.size() == n && batch.old_logprobs.size() == n,
             "policy loss: {} rows with {} weights, {} advantages, {} old log-probabilities", n, batch.weights.size(),
             batch.advantages.size(), batch.old_logprobs.size());
    R1_CHECK(loss.kl_weight == 0 || batch.reference_logprobs.size() == n,
             "policy loss: {} rows with {} log-probabilities of the reference", n, batch.reference_logprobs.size());
  }

  // Adds the terms of one sample, rows [begin, end), writes their gradients and returns their sum.
  double sample(i64 begin, i64 end) {
    double sum = 0;
    if (loss_.ratio == PolicyRatio::sequence) sum += sequence_ratio(begin, end);
    for (i64 r = begin; r < end; ++r)
      if (batch_.targets[r] >= 0) sum += row(r);
    return sum;
  }

 private:
  double log_ratio(i64 r) const {
    return -static_cast<double>(rows_.nll[r]) - static_cast<double>(batch_.old_logprobs[r]);
  }

  void add_gradient(i64 r, double slope) { rows_.gradient[r] -= static_cast<float>(slope); }  // log π = −nll

  void count(const RatioTerm& t, i64 tokens) {
    stats_.clipped += t.clipped ? tokens : 0;
    stats_.ratio_min = std::min(stats_.ratio_min, t.ratio);
    stats_.ratio_max = std::max(stats_.ratio_max, t.ratio);
  }

  double sequence_ratio(i64 begin, i64 end) {
    double log_sum = 0, weight = 0, advantage = 0;
    i64 tokens = 0;
    for (i64 r = begin; r < end; ++r) {
      if (batch_.targets[r] < 0) continue;
      log_sum += log_ratio(r);
      weight += static_cast<double>(batch_.weights[r]);
      advantage = static_cast<double>(batch_.advantages[r]);  // the rows of a sample have the same
      ++tokens;
    }
    if (tokens == 0) return 0;
    const auto n = static_cast<double>(tokens);
    const RatioTerm t = ratio_term(loss_, log_sum / n, advantage);
    count(t, tokens);
    for (i64 r = begin; r < end; ++r)
      if (batch_.targets[r] >= 0) add_gradient(r, weight * t.slope / n);
    return weight * t.value;
  }

  double row(i64 r) {
    const auto weight = static_cast<double>(batch_.weights[r]);
    const double logprob = -static_cast<double>(rows_.nll[r]);
    Term sum;
    if (loss_.ratio == PolicyRatio::token) {
      const RatioTerm t = ratio_term(loss_, log_ratio(r), static_cast<double>(batch_.advantages[r]));
      count(t, 1);
      sum = t;
    }
    if (loss_.kl_weight != 0) {
      const Term kl = kl_term(loss_.kl, logprob - static_cast<double>(batch_.reference_logprobs[r]));
      sum.value += loss_.kl_weight * kl.value;
      sum.slope += loss_.kl_weight * kl.slope;
      stats_.kl_sum += kl.value;
    }
    ++stats_.tokens;
    stats_.old_kl_sum += k3(-log_ratio(r));  // of draws from the old policy: KL(π_old ‖ π)
    stats_.entropy_sum += static_cast<double>(rows_.entropy[r]);
    add_gradient(r, weight * sum.slope);
    return weight * sum.value;
  }

  const PolicyLoss& loss_;
  PolicyStats& stats_;
  const MicroBatch& batch_;
  const LossRows& rows_;
};

}  // namespace

Result<PolicyLoss> named_policy_loss(std::string_view name) {
  PolicyLoss p;
  if (name == "grpo") {
    p.clip_low = p.clip_high = 10;
    p.kl_weight = 0.001;
  } else if (name == "dr_grpo") {
    p.divide_by_std = false;
    p.mean = PolicyMean::length_limit;
  } else if (name == "dapo") {
    p.clip_high = 0.28;
    p.mean = PolicyMean::group_tokens;
  } else if (name == "gspo") {
    p.ratio = PolicyRatio::sequence;
    p.clip_low = 3e-4, p.clip_high = 4e-4;
  } else {
    return fail(Errc::invalid_argument, "no policy loss is called \"{}\"; there are grpo, dr_grpo, dapo and gspo",
                name);
  }
  return p;
}

Result<PolicyLoss> policy_loss_of(const GrpoConfig& c) {
  PolicyLoss p = R1_TRY(named_policy_loss(c.loss));
  for (const auto& [name, mean] :
       {std::pair("samples", PolicyMean::samples), std::pair("length_limit", PolicyMean::length_limit),
        std::pair("group_tokens", PolicyMean::group_tokens), std::pair("batch_tokens", PolicyMean::batch_tokens)})
    if (c.mean == name) p.mean = mean;
  for (const auto& [name, kl] : {std::pair("k1", KlEstimator::k1), std::pair("k2", KlEstimator::k2),
                                 std::pair("k3", KlEstimator::k3), std::pair("k3_plus", KlEstimator::k3_plus)})
    if (c.kl == name) p.kl = kl;
  if (c.divide_by_std != "default") p.divide_by_std = c.divide_by_std == "yes";
  if (c.clip_low >= 0) p.clip_low = c.clip_low;
  if (c.clip_high >= 0) p.clip_high = c.clip_high;
  if (c.kl_weight >= 0) p.kl_weight = c.kl_weight;
  p.dual_clip = c.dual_clip;
  return p;
}

std::vector<double> group_advantages(std::span<const double> rewards, bool divide_by_std) {
  const auto n = static_cast<double>(rewards.size());
  std::vector<double> advantages(rewards.size(), 0.0);
  // Rounding of the mean could leave a difference, which a division by 1e-6 would enlarge.
  if (std::adjacent_find(rewards.begin(), rewards.end(), std::not_equal_to<>()) == rewards.end()) return advantages;
  double mean = 0, squares = 0;
  for (const double r : rewards) mean += r / n;
  for (const double r : rewards) squares += (r - mean) * (r - mean);
  const double scale = divide_by_std ? 1 / (std::sqrt(squares / (n - 1)) + 1e-6) : 1;
  for (size_t i = 0; i < rewards.size(); ++i) advantages[i] = (rewards[i] - mean) * scale;
  return advantages;
}

std::vector<double> sample_weights(PolicyMean mean, std::span<const i64> lengths, std::span<const i64> groups,
                                   i64 length_limit) {
  R1_CHECK(lengths.size() == groups.size(), "{} lengths of samples, {} groups", lengths.size(), groups.size());
  std::map<i64, i64> group_tokens;
  i64 tokens = 0;
  for (size_t i = 0; i < lengths.size(); ++i) group_tokens[groups[i]] += lengths[i], tokens += lengths[i];
  const auto samples = static_cast<double>(lengths.size());
  std::vector<double> weights(lengths.size(), 0.0);
  for (size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] == 0) continue;
    switch (mean) {
      case PolicyMean::samples: weights[i] = 1 / (samples * static_cast<double>(lengths[i])); break;
      case PolicyMean::length_limit: weights[i] = 1 / (samples * static_cast<double>(length_limit)); break;
      case PolicyMean::group_tokens:
        weights[i] = 1 / (static_cast<double>(group_tokens.size()) * static_cast<double>(group_tokens[groups[i]]));
        break;
      case PolicyMean::batch_tokens: weights[i] = 1 / static_cast<double>(tokens); break;
    }
  }
  return weights;
}

RowLoss policy_loss(const PolicyLoss& loss, float temperature, PolicyStats& stats) {
  RowLoss out;
  out.temperature = temperature;
  out.wants_entropy = true;
  out.rows = [loss, &stats](const MicroBatch& batch, const LossRows& rows) {
    RowTerms terms(loss, stats, batch, rows);
    double sum = 0;
    for (i64 s = 0; s < batch.batch.sequences(); ++s)
      sum += terms.sample(batch.batch.seq_begin[s], batch.batch.seq_begin[s + 1]);
    return sum;
  };
  return out;
}

}  // namespace r1
