// Draws one token from one row of logits. The draw is deterministic: the random number is a function of (seed, stream,
// sample, position), and the arithmetic has a fixed order. So a sequence's tokens do not depend on its neighbours, the
// batch or the threads.
//
// The steps in their order; each takes what the step before kept:
//   1. repetition penalty   z > 0: z / r, else z * r, for every id in `history` (prompt included), once per id
//   2. temperature          p = softmax(z / T)
//   3. top_k                the k likeliest tokens; of equally likely ones the lowest id; 0 keeps all
//   4. top_p                the shortest prefix in order of probability whose share of 3 reaches top_p; 1 keeps all
//   5. min_p                the tokens with p >= min_p * the largest p; 0 keeps all
//   6. the draw             by inverting the cumulative sum
// Temperature 0 is greedy: the token with the largest z after step 1, of equal ones the lowest id.
#pragma once
#include <span>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

namespace cpu {
struct Kernels;
}

struct SamplingParams {
  float temperature = 0.6f;      // 0: greedy
  float top_p = 0.95f;           // (0, 1]
  i64 top_k = 0;                 // 0: off
  float min_p = 0;               // [0, 1)
  float repetition_penalty = 1;  // > 0
  u64 seed = 0;
  i64 top_logprobs = 0;  // how many of the likeliest tokens to report with every draw
};
// Errors: a value out of range; the message names the field, the value and the range.
Status check(const SamplingParams& params);

// Selects the random number of one draw.
struct SampleKey {
  u64 seed = 0;
  u64 stream = 0;    // of the prompt: the data row, the request, the turn of a conversation
  u32 sample = 0;    // among the prompt's samples
  u32 position = 0;  // in the sequence, of the token that is drawn
};
double uniform(const SampleKey& key);  // [0, 1)

struct TokenLogprob {
  i32 token = -1;
  float logprob = 0;
  bool operator==(const TokenLogprob&) const = default;
};

struct SampledToken {
  i32 token = -1;
  // log softmax(z / T)[token] of the model's own logits, before penalty and truncation, at the sampling temperature
  // (greedy: 1). It has the bits of minus linear_cross_entropy of the same row.
  float logprob = 0;
  // The top_logprobs likeliest tokens by the same measure, likeliest first; equally likely ones by ascending id.
  std::vector<TokenLogprob> top{};
};

// Holds scratch memory that grows to the size of the vocabulary once. Each thread needs its own. The level of the
// kernels fixes the bits.
class Sampler {
 public:
  explicit Sampler(const cpu::Kernels& kernels) : kernels_(&kernels) {}
  // `history` is read only if there is a repetition penalty.
  // Errors: corrupt, if the row has a NaN or no finite log-sum-exp.
  Result<SampledToken> sample(std::span<const float> logits, const SamplingParams& params, const SampleKey& key,
                              std::span<const i32> history = {});

 private:
  std::vector<TokenLogprob> likeliest(std::span<const float> logits, float inverse, float lse, i64 count);
  void penalise(float penalty, std::span<const i32> history);
  i32 draw_from_all(double u);
  i32 draw_from_some(const SamplingParams& params, double u);

  const cpu::Kernels* kernels_;
  std::vector<float> logits_;   // z / T, penalised
  std::vector<float> weights_;  // softmax of logits_
  std::vector<double> sums_;    // of blocks of weights_
  std::vector<i32> candidates_, seen_;
};

}  // namespace r1
