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
         const std::vector<i32>& history = {}) {
  static Sampler sampler(cpu::active());
  const auto s = sampler.sample(z, params, {params.seed, 0, 0, position}, history);
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
void expect_drawn_from(const std::vector<double>& p, const std::vector<float>& z, const SamplingParams& params) {
  constexpr int kDraws = 40000;
  std::vector<int> count(p.size());
  for (int i = 0; i < kDraws; ++i) ++count[draw(z, params, static_cast<u32>(i))];
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
  EXPECT_EQ(draw({4, 3, -1}, greedy, 0, {0}), 1);
  EXPECT_EQ(draw({4, 1.5f, -1}, greedy, 0, {0, 0, 0}), 0);  // 4 → 2, not 0.5
  EXPECT_EQ(draw({-3, -2, -9}, greedy, 0, {1}), 0);         // −2 → −4
}

TEST(Sampler, TheLogProbabilityIsThatOfTheModelAtTheSamplingTemperature) {
  Sampler sampler(cpu::active());
  const auto z = random_logits(500, 4);
  for (const float t : {0.0f, 0.6f, 1.0f}) {
    const auto s =
        sampler.sample(z, {.temperature = t, .top_p = 0.5f, .repetition_penalty = 1.5f}, {}, std::vector<i32>{3});
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
                                                        {{.repetition_penalty = 0}, "repetition_penalty"}};
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
