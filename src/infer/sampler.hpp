// One token from one row of logits. Deterministic: the random number is a function of (seed, stream, sample, position),
// the arithmetic has one order, so a sequence's tokens do not depend on its neighbours, the batch or the threads.
//
// Order of the steps, each over what the one before left:
//   1. repetition penalty   z > 0: z / r, else z * r, for every id in `history` (prompt included), once per id
//   2. temperature          p = softmax(z / T)
//   3. top_k                the k likeliest; ties to the lowest id; 0 keeps all
//   4. top_p                the shortest prefix in order of probability whose share of 3 reaches top_p; 1 keeps all
//   5. min_p                those with p >= min_p * the largest p; 0 keeps all
// Then one draw, by inverting the cumulative sum. Temperature 0 is greedy: the largest z after 1, ties to the lowest
// id.
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
};
Status check(const SamplingParams& params);  // names the field, its value and what is allowed

// Which random number: stream is the prompt's (the data row, the request), sample its index among the prompt's samples,
// position that of the token to be drawn.
struct SampleKey {
  u64 seed = 0, stream = 0;
  u32 sample = 0, position = 0;
};
double uniform(const SampleKey& key);  // [0, 1)

struct Sampled {
  i32 token = -1;
  // log softmax(z / T)[token] of the model's own logits: before penalty and truncation, at the sampling temperature
  // (1 when greedy). The same bits as minus linear_cross_entropy of the same row.
  float logprob = 0;
};

// Holds scratch that grows to the vocabulary once; one per thread. The kernels' level fixes the bits.
class Sampler {
 public:
  explicit Sampler(const cpu::Kernels& kernels) : kernels_(&kernels) {}
  // Error (corrupt) when the row has a NaN or nothing but -inf. `history` is read only when there is a penalty.
  Result<Sampled> sample(std::span<const float> logits, const SamplingParams& params, const SampleKey& key,
                         std::span<const i32> history = {});

 private:
  void penalise(float penalty, std::span<const i32> history);
  i32 draw_from_all(double u);
  i32 draw_from_some(const SamplingParams& params, double u);

  const cpu::Kernels* kernels_;
  std::vector<float> logits_, weights_;  // z / T (penalised), softmax of it
  std::vector<double> sums_;
  std::vector<i32> candidates_, seen_;
};

}  // namespace r1
