#include "infer/sampler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <span>

#include "core/philox.hpp"
#include "kernels/cpu/kernels.hpp"

namespace r1 {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<float> random_logits(i64 n, u64 stream) {
  Random random(2, Purpose::test, stream);
  std::vector<float> z;
  for (i64 i = 0; i < n; ++i) z.push_back(static_cast<float>(2 * random.normal()));
  return z;
}

std::vector<double> softmax(const std::vector<float>& z, double temperature) {
  std::vector<double> p;
  double sum = 0;
  for (const float x : z) p.push_back(std::exp(static_cast<double>(x) / temperature)), sum += p.back();
  for (double& x : p) x /= sum;
  return p;
}

i32 draw(const std::vector<float>& z, const SamplingParams& params, u32 position = 0,
         const SampleContext& context = {}) {
  static Sampler sampler(cpu::active());
  const auto s = sampler.sample(z, params, {params.seed, 0, 0, position}, context);
  EXPECT_TRUE(s) << (s ? "" : s.error().what);
  return s ? s->token : -1;
}

std::set<i32> support(const std::vector<float>& z, const SamplingParams& params, int draws = 2000) {
  std::set<i32> ids;
  for (int i = 0; i < draws; ++i) ids.insert(draw(z, params, static_cast<u32>(i)));
  return ids;
}

// Chi-square with d degrees of freedom exceeds d + 2·sqrt(12 d) + 24 with probability under e^-12 (Laurent and Massart
// 2000, lemma 1 with x = 12). The seed fixes the draws, so the test passes always or never.
void expect_drawn_from(const std::vector<double>& p, const std::vector<float>& z, const SamplingParams& params,
                       const SampleContext& context = {}) {
  constexpr int kDraws = 40000;
  std::vector<int> count(p.size());
  for (int i = 0; i < kDraws; ++i) ++count[draw(z, params, static_cast<u32>(i), context)];
  double chi = 0, rest_p = 0, rest_n = 0;
  int cells = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    if (p[i] == 0) {
      EXPECT_EQ(count[i], 0) << "token " << i;
    }
    if (kDraws * p[i] < 10) {  // too rare for the approximation: all such tokens share one cell
      rest_p += p[i], rest_n += count[i];
      continue;
    }
    chi += std::pow(count[i] - kDraws * p[i], 2) / (kDraws * p[i]);
    ++cells;
  }
  if (kDraws * rest_p >= 10) chi += std::pow(rest_n - kDraws * rest_p, 2) / (kDraws * rest_p), ++cells;
  const double d = cells - 1;
  EXPECT_LT(chi, d + 2 * std::sqrt(12 * d) + 24);
}

TEST(Sampler, DrawsFromTheSoftmaxAtTheTemperature) {
  for (const i64 n : {5, 300, 1000}) {
    const auto z = random_logits(n, static_cast<u64>(n));
    for (const float t : {0.6f, 1.0f, 1.7f})
      expect_drawn_from(softmax(z, static_cast<double>(t)), z, {.temperature = t, .top_p = 1});
  }
}

TEST(Sampler, DrawsFromTheNucleusRenormalised) {
  const auto z = random_logits(300, 8);
  auto p = softmax(z, 1);
  auto sorted = p;
  std::sort(sorted.rbegin(), sorted.rend());
  double share = 0, last = 0;
  for (const double x : sorted)
    if (share < 0.8) share += x, last = x;
  for (double& x : p) x = x >= last ? x / share : 0;
  expect_drawn_from(p, z, {.temperature = 1, .top_p = 0.8f});
}

// Which token a number of the generator means is part of the bits of every answer. Without truncation the tokens lie in
// the order of their ids, otherwise from the likeliest to the least likely.
TEST(Sampler, ANumberMeansTheTokenAtItsPlaceInTheCumulativeDistribution) {
  const auto z = random_logits(300, 5);
  const std::vector<double> p = softmax(z, 1);
  std::vector<i32> by_id(300), by_likelihood;
  std::iota(by_id.begin(), by_id.end(), 0);
  by_likelihood = by_id;
  std::sort(by_likelihood.begin(), by_likelihood.end(), [&](i32 a, i32 b) { return p[a] > p[b]; });
  const auto expect = [&](const SamplingParams& params, std::span<const i32> order) {
    double total = 0;
    for (const i32 id : order) total += p[id];
    for (u32 position = 0; position < 500; ++position) {
      const double target = uniform({params.seed, 0, 0, position}) * total;
      double below = 0, gap = total;  // gap: how far the target is from a boundary between two tokens
      i32 want = -1;
      for (const i32 id : order) {
        gap = std::min(gap, std::abs(below - target));
        if (want < 0 && below + p[id] > target) want = id;
        below += p[id];
      }
      // Weights in f32 move a boundary by less than 2^-24 per token.
      if (gap > 300 * 0x1p-24) {
        EXPECT_EQ(draw(z, params, position), want) << position;
      }
    }
  };
  expect({.temperature = 1, .top_p = 1}, by_id);
  expect({.temperature = 1, .top_p = 1, .top_k = 300}, by_id);
  expect({.temperature = 1, .top_p = 1, .top_k = 40}, std::span(by_likelihood).first(40));
}

TEST(Sampler, TopKKeepsTheLikeliestAndTiesGoToTheLowestId) {
  EXPECT_EQ(support({1, 3, 2, 0}, {.temperature = 1, .top_p = 1, .top_k = 2}), (std::set<i32>{1, 2}));
  EXPECT_EQ(support({0, 5, 5, 5, 5}, {.temperature = 1, .top_p = 1, .top_k = 3}), (std::set<i32>{1, 2, 3}));
  EXPECT_EQ(support({1, 3, 2, 0}, {.temperature = 1, .top_p = 1, .top_k = 1}), (std::set<i32>{1}));
  EXPECT_EQ(support({1, 1, 1, 1}, {.temperature = 1, .top_p = 1, .top_k = 99}), (std::set<i32>{0, 1, 2, 3}));
}

TEST(Sampler, TopPKeepsTheShortestPrefixThatReachesIt) {
  const std::vector<float> z{std::log(0.5f), std::log(0.3f), std::log(0.15f), std::log(0.05f)};
  EXPECT_EQ(support(z, {.temperature = 1, .top_p = 0.4f}), (std::set<i32>{0}));
  EXPECT_EQ(support(z, {.temperature = 1, .top_p = 0.6f}), (std::set<i32>{0, 1}));
  EXPECT_EQ(support(z, {.temperature = 1, .top_p = 0.9f}), (std::set<i32>{0, 1, 2}));
  EXPECT_EQ(support(z, {.temperature = 1, .top_p = 1e-6f}), (std::set<i32>{0}));
  // Of the tokens that top_k keeps: 0.5 and 0.3 become 0.625 and 0.375.
  EXPECT_EQ(support(z, {.temperature = 1, .top_p = 0.6f, .top_k = 2}), (std::set<i32>{0}));
}

TEST(Sampler, MinPKeepsWhatIsLikelyBesideTheLikeliest) {
  const std::vector<float> z{std::log(0.5f), std::log(0.3f), std::log(0.15f), std::log(0.05f)};
  EXPECT_EQ(support(z, {.temperature = 1, .top_p = 1, .min_p = 0.5f}), (std::set<i32>{0, 1}));
  EXPECT_EQ(support(z, {.temperature = 1, .top_p = 1, .min_p = 0.2f}), (std::set<i32>{0, 1, 2}));
  EXPECT_EQ(support(z, {.temperature = 1, .top_p = 1, .min_p = 0.99f}), (std::set<i32>{0}));
}

TEST(Sampler, GreedyTakesTheLowestOfTheLargest) {
  EXPECT_EQ(draw({0, 7, 3, 7}, {.temperature = 0}), 1);
  EXPECT_EQ(draw({-kInf, -3, -kInf}, {.temperature = 0}), 1);
}

TEST(Sampler, AnImpossibleTokenIsNeverDrawn) {
  EXPECT_EQ(support({-kInf, 0, -kInf, 0, -kInf}, {.temperature = 1, .top_p = 1}), (std::set<i32>{1, 3}));
  EXPECT_EQ(support({-kInf, 0, -kInf}, {.temperature = 1, .top_p = 0.9f}), (std::set<i32>{1}));
}

TEST(Sampler, ThePenaltyLowersWhatWasSeenOnceHoweverOften) {
  const SamplingParams greedy{.temperature = 0, .repetition_penalty = 2};
  const std::vector<i32> zero{0}, often{0, 0, 0}, one{1};
  EXPECT_EQ(draw({4, 3, -1}, greedy, 0, {.prompt = zero}), 1);
  EXPECT_EQ(draw({4, 3, -1}, greedy, 0, {.generated = zero}), 1);
  EXPECT_EQ(draw({4, 1.5f, -1}, greedy, 0, {.prompt = zero, .generated = often}), 0);  // 4 → 2, not 0.25
  EXPECT_EQ(draw({-3, -2, -9}, greedy, 0, {.prompt = one}), 0);                        // −2 → −4
}

// z - presence - frequency · n, for generated tokens alone.
TEST(Sampler, PresenceAndFrequencyLowerGeneratedTokensByHowOftenTheyOccur) {
  const auto z = random_logits(50, 11);
  const std::vector<i32> prompt{1, 2, 3, 3}, generated{7, 9, 7, 30, 7, 9};
  for (const float t : {0.6f, 1.0f}) {
    std::vector<float> penalised = z;
    penalised[7] -= 0.8f + 0.5f * 3, penalised[9] -= 0.8f + 0.5f * 2, penalised[30] -= 0.8f + 0.5f;
    expect_drawn_from(softmax(penalised, static_cast<double>(t)), z,
                      {.temperature = t, .top_p = 1, .presence_penalty = 0.8f, .frequency_penalty = 0.5f},
                      {.prompt = prompt, .generated = generated});
  }
  const std::vector<i32> twice{1, 1};
  const SampleContext context{.generated = twice};
  EXPECT_EQ(draw({1, 2, 0}, {.temperature = 0, .presence_penalty = 1.5f}, 0, context), 0);
  EXPECT_EQ(draw({1, 2, 0}, {.temperature = 0, .frequency_penalty = 0.4f}, 0, context), 1);
  EXPECT_EQ(draw({1, 2, 0}, {.temperature = 0, .frequency_penalty = 0.6f}, 0, context), 0);
  EXPECT_EQ(draw({1, 0.9f, 0}, {.temperature = 0, .presence_penalty = -1}, 0, context), 1);
}

TEST(Sampler, ABiasIsAddedToTheLogit) {
  const auto z = random_logits(50, 12);
  const std::vector<std::pair<i32, float>> bias{{4, 3.0f}, {5, -100.0f}, {6, -1.5f}, {4, -1.0f}};
  std::vector<float> biased = z;
  biased[4] += 2, biased[5] -= 100, biased[6] -= 1.5f;
  for (const float t : {0.6f, 1.0f})
    expect_drawn_from(softmax(biased, static_cast<double>(t)), z, {.temperature = t, .top_p = 1, .logit_bias = bias});
  EXPECT_EQ(draw({1, 2, 0}, {.temperature = 0, .logit_bias = {{2, 2.5f}}}), 2);
}

std::vector<u64> mask_of(const std::set<i32>& ids, i64 tokens) {
  std::vector<u64> words(static_cast<size_t>((tokens + 63) / 64));
  for (const i32 id : ids) words[id / 64] |= u64{1} << id % 64;
  return words;
}

TEST(Sampler, AMaskLeavesTheAllowedTokensRenormalised) {
  const auto z = random_logits(300, 13);
  std::set<i32> some{0, 63, 64, 100, 127, 128, 255, 299}, most;
  for (i32 id = 0; id < 300; ++id)
    if (id % 7) most.insert(id);
  for (const std::set<i32>& ids : {some, most}) {
    const auto words = mask_of(ids, 300);
    std::vector<float> allowed(300, -kInf);
    for (const i32 id : ids) allowed[id] = z[id];
    const auto p = softmax(allowed, 1);
    expect_drawn_from(p, z, {.temperature = 1, .top_p = 1}, {.allowed = words});
    const auto best = static_cast<i32>(std::max_element(p.begin(), p.end()) - p.begin());
    EXPECT_EQ(draw(z, {.temperature = 0}, 0, {.allowed = words}), best);
    EXPECT_EQ(draw(z, {.temperature = 1, .top_p = 1e-6f}, 0, {.allowed = words}), best);
    for (u32 i = 0; i < 300; ++i) {  // more than are allowed
      EXPECT_TRUE(ids.contains(draw(z, {.temperature = 1, .top_p = 1, .top_k = 290}, i, {.allowed = words})));
      EXPECT_TRUE(ids.contains(draw(z, {.temperature = 1, .top_p = 0.9f}, i, {.allowed = words})));
    }
  }
}

// A mask and a number do not influence each other: a mask that allows everything changes nothing.
TEST(Sampler, AMaskOfAllTokensDrawsWhatNoMaskDraws) {
  const auto z = random_logits(300, 14);
  const std::vector<u64> all(5, ~u64{0});
  for (u32 i = 0; i < 500; ++i)
    EXPECT_EQ(draw(z, {.temperature = 1}, i, {.allowed = all}), draw(z, {.temperature = 1}, i));
}

TEST(Sampler, AMaskThatAllowsNothingIsAnErrorAndAShortOneAllowsNothingBehindIt) {
  Sampler sampler(cpu::active());
  const auto z = random_logits(300, 15);
  const std::vector<u64> none(5), beyond{0, 0, 0, 0, u64{1} << 60}, short_mask{1};
  for (const auto& words : {none, beyond})
    for (const float t : {0.0f, 1.0f}) {
      const auto s = sampler.sample(z, {.temperature = t}, {}, {.allowed = words});
      ASSERT_FALSE(s);
      EXPECT_NE(s.error().what.find("allows no token"), std::string::npos);
    }
  EXPECT_EQ(draw(z, {.temperature = 1}, 0, {.allowed = short_mask}), 0);
  EXPECT_EQ(draw({0, -kInf}, {.temperature = 1}, 0, {.allowed = short_mask}), 0);
  EXPECT_FALSE(sampler.sample(std::vector<float>{-kInf, 0}, {.temperature = 0}, {}, {.allowed = short_mask}));
}

// Whatever temperature, penalties, biases and masks do to the draw.
TEST(Sampler, RawLogProbabilitiesAreThoseOfTheModelAlone) {
  Sampler sampler(cpu::active());
  const auto z = random_logits(300, 16);
  const auto p = softmax(z, 1);
  const std::vector<i32> generated{1, 2, 3};
  const auto words = mask_of({10, 20, 30}, 300);
  for (const float t : {0.0f, 0.6f, 1.0f, 1.7f}) {
    const auto s = sampler.sample(z,
                                  {.temperature = t,
                                   .repetition_penalty = 1.3f,
                                   .top_logprobs = 300,
                                   .logprob_scale = LogprobScale::raw,
                                   .presence_penalty = 1,
                                   .logit_bias = {{20, 3.0f}}},
                                  {}, {.generated = generated, .allowed = words});
    ASSERT_TRUE(s) << s.error().what;
    // Logits reach 8: a few ulp of 8.
    EXPECT_NEAR(static_cast<double>(s->logprob), std::log(p[s->token]), 4 * 8 * 6e-8);
    ASSERT_EQ(s->top.size(), 300u);
    for (const TokenLogprob& top : s->top)
      EXPECT_NEAR(static_cast<double>(top.logprob), std::log(p[top.token]), 4 * 8 * 6e-8);
  }
}

TEST(Sampler, TheLogProbabilityIsThatOfTheModelAtTheSamplingTemperature) {
  Sampler sampler(cpu::active());
  const std::vector<i32> seen{3};
  const auto z = random_logits(500, 4);
  for (const float t : {0.0f, 0.6f, 1.0f}) {
    const auto s =
        sampler.sample(z, {.temperature = t, .top_p = 0.5f, .repetition_penalty = 1.5f}, {}, {.prompt = seen});
    ASSERT_TRUE(s);
    const double want = std::log(softmax(z, t == 0 ? 1 : static_cast<double>(t))[s->token]);
    // z/T up to 13 is rounded to f32, and the log-sum-exp has f32 terms: a few ulp of 16.
    EXPECT_NEAR(static_cast<double>(s->logprob), want, 4 * 16 * 6e-8);
  }
}

TEST(Sampler, LogitsThatAreNoDistributionAreAnError) {
  Sampler sampler(cpu::active());
  for (const float t : {0.0f, 1.0f})
    for (const auto& z : {std::vector<float>{0, NAN, 1}, {-kInf, -kInf}, {0, kInf}})
      EXPECT_FALSE(sampler.sample(z, {.temperature = t}, {}));
}

TEST(Sampler, EveryPartOfTheKeyChangesTheNumber) {
  const SampleKey keys[] = {{},
                            {.seed = 1},
                            {.seed = u64{1} << 32},
                            {.stream = 1},
                            {.stream = u64{1} << 32},
                            {.sample = 1},
                            {.position = 1},
                            {.seed = 1, .stream = 1}};
  std::set<double> numbers;
  for (const SampleKey& k : keys) {
    EXPECT_EQ(uniform(k), uniform(k));
    EXPECT_GE(uniform(k), 0);
    EXPECT_LT(uniform(k), 1);
    numbers.insert(uniform(k));
  }
  EXPECT_EQ(numbers.size(), std::size(keys));
}

// A seed means the same answers in every version. Computed with another implementation of Philox (Salmon et al. 2011).
TEST(Sampler, TheNumberOfAKeyStaysWhatItIs) {
  EXPECT_EQ(uniform({.seed = 0x0123456789abcdef, .stream = 0xfedcba9876543210, .sample = 5, .position = 77}),
            static_cast<double>(0x84f5417311d28) * 0x1p-53);
}

// Of 4096 numbers each of the first 53 bits is set in half, give or take five standard deviations of 32.
TEST(Sampler, EveryBitOfTheRandomNumberIsSetInHalfOfTheNumbers) {
  int set[53] = {};
  for (u32 position = 0; position < 4096; ++position) {
    const auto bits = static_cast<u64>(uniform({7, 1, 2, position}) * 0x1p53);
    for (int b = 0; b < 53; ++b) set[b] += static_cast<int>(bits >> b & 1);
  }
  for (int b = 0; b < 53; ++b) EXPECT_NEAR(set[b], 2048, 160) << b;
}

TEST(Sampler, ParametersOutOfRangeAreNamed) {
  const std::pair<SamplingParams, const char*> bad[] = {{{.temperature = -1}, "temperature"},
                                                        {{.temperature = kInf}, "temperature"},
                                                        {{.top_p = 0}, "top_p"},
                                                        {{.top_p = 1.5f}, "top_p"},
                                                        {{.top_p = NAN}, "top_p"},
                                                        {{.top_k = -1}, "top_k"},
                                                        {{.min_p = 1}, "min_p"},
                                                        {{.repetition_penalty = 0}, "repetition_penalty"},
                                                        {{.presence_penalty = 2.1f}, "presence_penalty"},
                                                        {{.presence_penalty = NAN}, "presence_penalty"},
                                                        {{.frequency_penalty = -2.1f}, "frequency_penalty"},
                                                        {{.logit_bias = {{0, 101.0f}}}, "logit_bias"},
                                                        {{.logit_bias = {{0, NAN}}}, "logit_bias"}};
  for (const auto& [params, field] : bad) {
    const auto status = check(params);
    ASSERT_FALSE(status) << field;
    EXPECT_NE(status.error().what.find(field), std::string::npos);
  }
  EXPECT_TRUE(check({}));
}

TEST(Sampler, ParametersAreAcceptedAtTheirLimitsAndRefusedBeyondThem) {
  for (const SamplingParams& good : std::vector<SamplingParams>{{.temperature = 0},
                                                                {.temperature = 1e-3f},
                                                                {.temperature = 1000},
                                                                {.top_p = 1e-6f},
                                                                {.top_p = 1},
                                                                {.top_k = 0},
                                                                {.top_k = 1},
                                                                {.min_p = 0},
                                                                {.min_p = 0.999f},
                                                                {.repetition_penalty = 0.01f},
                                                                {.presence_penalty = -2, .frequency_penalty = 2},
                                                                {.logit_bias = {{0, -100.0f}, {1, 100.0f}}},
                                                                {.repetition_penalty = 100}})
    EXPECT_TRUE(check(good)) << (check(good) ? "" : check(good).error().what);
  for (const SamplingParams& bad : std::vector<SamplingParams>{{.temperature = 0.0009f},
                                                               {.temperature = 1001},
                                                               {.temperature = NAN},
                                                               {.top_p = 1.001f},
                                                               {.min_p = -0.001f},
                                                               {.min_p = NAN},
                                                               {.repetition_penalty = 0.0099f},
                                                               {.repetition_penalty = 100.1f},
                                                               {.repetition_penalty = NAN}})
    EXPECT_FALSE(check(bad));
}

}  // namespace
}  // namespace r1
