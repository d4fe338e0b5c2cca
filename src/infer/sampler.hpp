// Draws one token from one row of logits. The draw is deterministic: the random number is a function of (seed, stream,
// sample, position), and the arithmetic has a fixed order. So a sequence's tokens do not depend on its neighbours, the
// batch or the threads.
//
// The steps in their order; each takes what the step before kept:
//   1. repetition penalty   z > 0: z / r, else z * r, for every token of prompt and generated text, once per token
//   2. other penalties      z - presence - frequency * n, for every generated token, which occurs n times
//   3. logit bias           z + bias
//   4. mask                 the tokens that are allowed
//   5. temperature          p = softmax(z / T)
//   6. top_k                the k likeliest tokens; of equally likely ones the lowest id; 0 keeps all
//   7. top_p                the fewest likeliest tokens whose share of what step 6 kept reaches top_p; 1 keeps all
//   8. min_p                the tokens with p >= min_p * the largest p; 0 keeps all
//   9. the draw             by inverting the cumulative sum
// Temperature 0 is greedy: the token with the largest z after step 4, of equal ones the lowest id.
#pragma once
#include <span>
#include <utility>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

namespace cpu {
struct Kernels;
}

// At which scale log-probabilities are reported. sampling: log softmax(z / T), which training compares (greedy: T = 1).
// raw: log softmax(z), as HTTP clients expect. Both are of the model's own logits z, before steps 1 to 4.
enum class LogprobScale : u8 { sampling, raw };

struct SamplingParams {
  float temperature = 0.6f;      // 0: greedy; else [0.001, 1000]
  float top_p = 0.95f;           // (0, 1]
  i64 top_k = 0;                 // 0: off
  float min_p = 0;               // [0, 1)
  float repetition_penalty = 1;  // [0.01, 100]
  u64 seed = 0;
  i64 top_logprobs = 0;  // how many of the likeliest tokens to report with every draw
  LogprobScale logprob_scale = LogprobScale::sampling;
  float presence_penalty = 0, frequency_penalty = 0;  // [-2, 2]
  std::vector<std::pair<i32, float>> logit_bias{};    // token, bias in [-100, 100]; biases of one token add up
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
  // log softmax(z / T)[token] of the model's own logits, or log softmax(z)[token], as LogprobScale says. It has the
  // bits of minus linear_cross_entropy of the same row at that temperature.
  float logprob = 0;
  // The top_logprobs likeliest tokens by the same measure, likeliest first; equally likely ones by ascending id.
  std::vector<TokenLogprob> top{};
};

// What a draw depends on besides the logits.
struct SampleContext {
  std::span<const i32> prompt{}, generated{};  // read only if there are penalties
  std::span<const u64> allowed{};              // TokenConstraint::allowed
};

// Sets the logits of the tokens that a mask (TokenConstraint::allowed) does not allow to minus infinity.
void mask_logits(std::span<float> logits, std::span<const u64> allowed);

// Not thread-safe: each thread needs a Sampler of its own, which keeps scratch memory of the size of the vocabulary.
// The bits of its results depend on the level of the kernels.
class Sampler {
 public:
  explicit Sampler(const cpu::Kernels& kernels) : kernels_(&kernels) {}
  // Errors: corrupt, if the row has a NaN or no finite log-sum-exp; invalid_argument, if no token is allowed.
  Result<SampledToken> sample(std::span<const float> logits, const SamplingParams& params, const SampleKey& key,
                              const SampleContext& context = {});

 private:
  std::vector<TokenLogprob> likeliest(std::span<const float> logits, float scale, float lse, i64 count);
  void change_logits(const SamplingParams& params, const SampleContext& context, float inverse);
  void penalise_repetition(float penalty, const SampleContext& context);
  i32 draw_from_all(double u);
  i32 draw_from_some(const SamplingParams& params, double u);

  const cpu::Kernels* kernels_;
  std::vector<float> logits_;   // z / T, after steps 1 to 4
  std::vector<float> weights_;  // softmax of logits_
  std::vector<double> sums_;    // of blocks of weights_
  std::vector<i32> candidates_, seen_;
};

}  // namespace r1
