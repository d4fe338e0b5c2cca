#include "infer/sampler.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/integer.hpp"
#include "core/philox.hpp"
#include "ops/distribution.hpp"

namespace r1 {

namespace {

constexpr size_t kSumBlock = 256;
constexpr float kNever = -std::numeric_limits<float>::infinity();

// Sets those of the four floats at x whose bit is 0 to kNever. `bits` holds four bits and others above them. It has no
// branch, because the bits of a mask cannot be predicted.
void keep_of_four(float* x, u64 bits) {
  using Words = u32 __attribute__((vector_size(16)));
  constexpr u32 kNeverBits = std::bit_cast<u32>(kNever);
  const Words place{1, 2, 4, 8};
  const auto keep = reinterpret_cast<Words>(((Words{} + static_cast<u32>(bits)) & place) == place);
  Words values;
  std::memcpy(&values, x, sizeof(values));
  values = (values & keep) | (kNeverBits & ~keep);
  std::memcpy(x, &values, sizeof(values));
}

double sum(const float* x, size_t n) {
  double s = 0;
  for (size_t i = 0; i < n; ++i) s += static_cast<double>(x[i]);
  return s;
}

}  // namespace

void mask_logits(std::span<float> logits, std::span<const u64> allowed) {
  constexpr int kMostlyAllowed = 52;  // tokens of a word: from there on it is cheaper to go through the others
  const i64 n = std::ssize(logits);
  for (i64 begin = 0, word = 0; begin < n; begin += 64, ++word) {
    const i64 count = std::min<i64>(64, n - begin);
    const u64 beyond = ~u64{0} << (count - 1) << 1;  // the bits behind the last token
    const u64 bits = (word < std::ssize(allowed) ? allowed[word] : 0) & ~beyond;
    float* const x = logits.data() + begin;
    if (bits == 0) {
      std::fill_n(x, count, kNever);
    } else if (count == 64 && std::popcount(bits) < kMostlyAllowed) {
      for (int i = 0; i < 64; i += 4) keep_of_four(x + i, bits >> i);
    } else {
      for (u64 rest = ~bits & ~beyond; rest; rest &= rest - 1) x[std::countr_zero(rest)] = kNever;
    }
  }
}

Status check(const SamplingParams& p) {
  const auto refuse = [](const char* field, double value, const char* allowed) {
    return fail(Errc::invalid_argument, "{} is {}, must be {}", field, value, allowed);
  };
  // Each condition is written so that NaN fails it.
  if (!(p.temperature == 0 || (p.temperature >= 1e-3f && p.temperature <= 1e3f)))
    return refuse("temperature", p.temperature, "0 (greedy) or 0.001 to 1000");
  if (!(p.top_p > 0 && p.top_p <= 1)) return refuse("top_p", p.top_p, "above 0 and at most 1");
  if (p.top_k < 0) return refuse("top_k", static_cast<double>(p.top_k), "0 (off) or more");
  if (!(p.min_p >= 0 && p.min_p < 1)) return refuse("min_p", p.min_p, "at least 0 and below 1");
  if (!(p.repetition_penalty >= 0.01f && p.repetition_penalty <= 100))
    return refuse("repetition_penalty", p.repetition_penalty, "0.01 to 100");
  for (const auto& [field, value] :
       {std::pair{"presence_penalty", p.presence_penalty}, std::pair{"frequency_penalty", p.frequency_penalty}})
    if (!(value >= -2 && value <= 2)) return refuse(field, value, "-2 to 2");
  for (const auto& [token, bias] : p.logit_bias)
    if (!(bias >= -100 && bias <= 100)) return refuse("logit_bias", bias, "-100 to 100");
  if (p.top_logprobs < 0) return refuse("top_logprobs", static_cast<double>(p.top_logprobs), "0 (off) or more");
  return {};
}

double uniform(const SampleKey& key) {
  // The counter has no room for the purpose and the sample, so they go into a second key.
  const auto derived = philox({0, 0, key.sample, static_cast<u32>(Purpose::sample)},
                              {static_cast<u32>(key.seed), static_cast<u32>(key.seed >> 32)});
  const auto block = philox({key.position, static_cast<u32>(key.stream), static_cast<u32>(key.stream >> 32), 0},
                            {derived[0], derived[1]});
  return static_cast<double>((u64{block[0]} << 32 | block[1]) >> 11) * 0x1p-53;
}

Result<SampledToken> Sampler::sample(std::span<const float> logits, const SamplingParams& params, const SampleKey& key,
                                     const SampleContext& context) {
  const Distribution k(*kernels_);
  const i64 n = static_cast<i64>(logits.size());
  const bool greedy = params.temperature == 0;
  // The same arithmetic as linear_cross_entropy, so that the log-probabilities have the same bits.
  const float inverse = greedy ? 1.0f : 1.0f / params.temperature;
  logits_.resize(logits.size());
  k.scale(logits_.data(), logits.data(), inverse, n);
  bool nan = false;
  for (const float z : logits_) nan |= z != z;
  const float lse = nan ? NAN : k.logsumexp(logits_.data(), n);
  if (!std::isfinite(lse))
    return fail(Errc::corrupt, "the model's logits are no distribution: {}",
                nan ? "a NaN among them" : "their log-sum-exp is not finite");

  change_logits(params, context, inverse);
  if (!context.allowed.empty() && !std::isfinite(logits_[k.argmax(logits_.data(), n)]))
    return fail(Errc::invalid_argument, "the constraint of the answer allows no token here");
  i32 token;
  if (greedy) {
    token = static_cast<i32>(k.argmax(logits_.data(), n));
  } else {
    weights_.resize(logits.size());
    k.softmax(weights_.data(), logits_.data(), n);
    const double u = uniform(key);
    const bool all = params.top_p == 1 && params.min_p == 0 && (params.top_k == 0 || params.top_k >= n);
    token = all ? draw_from_all(u) : draw_from_some(params, u);
  }
  const bool raw = params.logprob_scale == LogprobScale::raw && inverse != 1;
  const float reported_scale = raw ? 1.0f : inverse, reported_lse = raw ? k.logsumexp(logits.data(), n) : lse;
  return SampledToken{token, logits[token] * reported_scale - reported_lse,
                      likeliest(logits, reported_scale, reported_lse, params.top_logprobs)};
}

std::vector<TokenLogprob> Sampler::likeliest(std::span<const float> logits, float scale, float lse, i64 count) {
  if (count == 0) return {};
  candidates_.resize(logits.size());
  for (size_t i = 0; i < candidates_.size(); ++i) candidates_[i] = static_cast<i32>(i);
  const i64 kept = std::min<i64>(count, std::ssize(candidates_));
  std::partial_sort(candidates_.begin(), candidates_.begin() + kept, candidates_.end(),
                    [&](i32 a, i32 b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; });
  std::vector<TokenLogprob> top;
  for (const i32 id : std::span(candidates_).first(kept)) top.push_back({id, logits[id] * scale - lse});
  return top;
}

// Steps 1 to 4, on logits that are divided by the temperature already. Multiplying commutes with that division; what is
// added is divided first.
void Sampler::change_logits(const SamplingParams& params, const SampleContext& context, float inverse) {
  if (params.repetition_penalty != 1) penalise_repetition(params.repetition_penalty, context);
  if (params.presence_penalty != 0 || params.frequency_penalty != 0) {
    seen_.assign(context.generated.begin(), context.generated.end());
    std::sort(seen_.begin(), seen_.end());
    for (auto first = seen_.begin(); first != seen_.end();) {
      const auto end = std::find_if(first, seen_.end(), [&](i32 id) { return id != *first; });
      const auto count = static_cast<float>(end - first);
      logits_[*first] -= (params.presence_penalty + params.frequency_penalty * count) * inverse;
      first = end;
    }
  }
  for (const auto& [token, bias] : params.logit_bias) logits_[token] += bias * inverse;
  if (!context.allowed.empty()) mask_logits(logits_, context.allowed);
}

void Sampler::penalise_repetition(float penalty, const SampleContext& context) {
  seen_.assign(context.prompt.begin(), context.prompt.end());
  seen_.insert(seen_.end(), context.generated.begin(), context.generated.end());
  std::sort(seen_.begin(), seen_.end());
  seen_.erase(std::unique(seen_.begin(), seen_.end()), seen_.end());
  for (const i32 id : seen_) {
    float& z = logits_[id];
    z = z > 0 ? z / penalty : z * penalty;
  }
}

i32 Sampler::draw_from_all(double u) {
  // The sums of fixed blocks come first. They tell in which block the token lies without a second sum over all weights.
  const size_t n = weights_.size(), blocks = ceil_div(n, kSumBlock);
  sums_.resize(blocks);
  double total = 0;
  for (size_t b = 0; b < blocks; ++b)
    total += sums_[b] = sum(weights_.data() + b * kSumBlock, std::min(kSumBlock, n - b * kSumBlock));
  const double target = u * total;
  double below = 0;
  size_t b = 0;
  while (b + 1 < blocks && below + sums_[b] <= target) below += sums_[b++];
  i32 last = -1;
  for (size_t i = b * kSumBlock; i < n; ++i) {
    if (weights_[i] == 0) continue;
    last = static_cast<i32>(i);
    below += static_cast<double>(weights_[i]);
    if (below > target) return last;
  }
  if (last >= 0) return last;  // by rounding, the target lies behind the last weight
  for (size_t i = n; i-- > 0;)
    if (weights_[i] != 0) return static_cast<i32>(i);
  return 0;
}

i32 Sampler::draw_from_some(const SamplingParams& params, double u) {
  const size_t n = weights_.size();
  const bool top_k = params.top_k > 0 && params.top_k < std::ssize(weights_);
  const auto likelier = [&](i32 a, i32 b) {
    const float za = logits_[a], zb = logits_[b];
    return za != zb ? za > zb : a < b;
  };
  const auto weight = [&](i32 id) { return static_cast<double>(weights_[id]); };

  candidates_.clear();
  double total = 0;
  if (top_k) {
    candidates_.resize(n);
    for (size_t i = 0; i < n; ++i) candidates_[i] = static_cast<i32>(i);
    std::nth_element(candidates_.begin(), candidates_.begin() + params.top_k, candidates_.end(), likelier);
    candidates_.resize(params.top_k);
    std::sort(candidates_.begin(), candidates_.end(), likelier);
    for (const i32 id : candidates_) total += weight(id);
  } else {
    // Sorting a whole vocabulary would cost more than a small model's step, so only candidates are sorted. All weights
    // below (1 − top_p)/n together are less than the share that top_p leaves out, so none of them is kept. Half of that
    // bound is safe against rounding.
    float largest = 0;
    for (const float w : weights_) largest = std::max(largest, w);
    total = sum(weights_.data(), n);
    const double rest = 0.5 * (1.0 - static_cast<double>(params.top_p)) * total / static_cast<double>(n);
    const double floor = std::max(rest, 0.5 * static_cast<double>(params.min_p) * static_cast<double>(largest));
    for (size_t i = 0; i < n; ++i)
      if (weights_[i] > 0 && static_cast<double>(weights_[i]) >= floor) candidates_.push_back(static_cast<i32>(i));
    std::sort(candidates_.begin(), candidates_.end(), likelier);
  }

  size_t kept = candidates_.size();
  if (params.top_p < 1) {
    double share = 0;
    for (kept = 0; kept < candidates_.size() && share < static_cast<double>(params.top_p) * total;)
      share += weight(candidates_[kept++]);
  }
  const double floor = static_cast<double>(params.min_p) * weight(candidates_.front());
  while (kept > 1 && weight(candidates_[kept - 1]) < floor) --kept;

  double left = 0;
  for (size_t i = 0; i < kept; ++i) left += weight(candidates_[i]);
  double below = 0;
  for (size_t i = 0; i < kept; ++i) {
    below += weight(candidates_[i]);
    if (below > u * left) return candidates_[i];
  }
  return candidates_.front();  // not reached: `below` ends at `left`, and u is less than 1
}

}  // namespace r1
