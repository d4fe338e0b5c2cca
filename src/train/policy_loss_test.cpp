#include "train/policy_loss.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "ops/op_test.hpp"
#include "train/run_case.hpp"

namespace r1 {
namespace {

constexpr i64 kVocab = 19, kWidth = 6, kLengthLimit = 9;
constexpr float kTemperature = 0.8f;

// Samples of three prompts with random states, old and reference log-probabilities, so that ratios lie on both sides of
// every clip. Row 0 of a sample belongs to its prompt.
struct Samples {
  std::vector<Document> documents;
  std::vector<i64> lengths, groups;
  std::vector<double> advantages;
};

struct Case {
  std::string name;
  PolicyLoss loss;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

// log p of every row's target, from x and w in double.
std::vector<double> logprobs(std::span<const double> x, const Weight& w, std::span<const i32> targets) {
  std::vector<double> out(targets.size());
  for (size_t t = 0; t < targets.size(); ++t) {
    if (targets[t] < 0) continue;
    double sum = 0, target = 0;
    for (i64 v = 0; v < kVocab; ++v) {
      double z = 0;
      for (i64 i = 0; i < kWidth; ++i) z += x[t * kWidth + i] * static_cast<double>(w.f32()[v * kWidth + i]);
      z /= static_cast<double>(kTemperature);
      sum += std::exp(z);
      if (v == targets[t]) target = z;
    }
    out[t] = target - std::log(sum);
  }
  return out;
}

class PolicyLossCase : public testing::TestWithParam<Case> {
 protected:
  PolicyLossCase() {
    Random random(5, Purpose::test, 1);
    i64 rows = 0;
    for (const i64 n : {5, 1, 8, 3, 7, 2, 4}) {
      std::vector<i32> ids(static_cast<size_t>(n) + 1);
      for (i32& id : ids) id = static_cast<i32>(random.below(kVocab));
      s.documents.push_back(make_document(ids, 1));
      s.lengths.push_back(n);
      s.groups.push_back(std::ssize(s.documents) % 3);
      s.advantages.push_back(static_cast<double>(static_cast<float>(random.normal())));
      rows += n + 1;
    }
    x = test.tensor(rows, kWidth, 1);
    for (i64 i = 0; i < x.size(); ++i) x0.push_back(static_cast<double>(x.data()[i]));
    std::vector<i32> targets;
    for (const Document& d : s.documents) targets.insert(targets.end(), d.targets.begin(), d.targets.end());
    const auto now = logprobs(x0, head, targets);
    size_t row = 0;
    for (Document& d : s.documents)
      for (size_t i = 0; i < d.tokens.size(); ++i, ++row) {
        d.old_logprobs.push_back(static_cast<float>(now[row] + 0.4 * random.normal()));
        d.reference_logprobs.push_back(static_cast<float>(now[row] + 0.5 * random.normal()));
      }
  }

  // The loss as its paper writes it, at states x, with every derivative that is not of the value itself written as the
  // value of a function whose constants come from x0.
  double reference(std::span<const double> at) const {
    const PolicyLoss& loss = GetParam().loss;
    std::map<i64, i64> group_tokens;
    i64 tokens = 0;
    for (size_t i = 0; i < s.lengths.size(); ++i) group_tokens[s.groups[i]] += s.lengths[i], tokens += s.lengths[i];
    double total = 0;
    size_t first = 0;
    for (size_t i = 0; i < s.documents.size(); ++i) {
      const Document& d = s.documents[i];
      const size_t rows = d.tokens.size();
      const auto states = [&](std::span<const double> all) { return all.subspan(first * kWidth, rows * kWidth); };
      const auto now = logprobs(states(at), head, d.targets), start = logprobs(states(x0), head, d.targets);
      first += rows;
      const auto n = static_cast<double>(s.lengths[i]);
      double mean_log_ratio = 0;
      for (size_t t = 0; t < rows; ++t)
        if (d.targets[t] >= 0) mean_log_ratio += (now[t] - static_cast<double>(d.old_logprobs[t])) / n;
      double sum = 0;
      for (size_t t = 0; t < rows; ++t) {
        if (d.targets[t] < 0) continue;
        const double own = now[t] - static_cast<double>(d.old_logprobs[t]), a = s.advantages[i];
        const double ratio = std::exp(loss.ratio == PolicyRatio::sequence ? mean_log_ratio : own);
        double gain = std::min(ratio * a, std::clamp(ratio, 1 - loss.clip_low, 1 + loss.clip_high) * a);
        if (loss.dual_clip > 0 && a < 0) gain = std::max(gain, loss.dual_clip * a);
        const double reference = static_cast<double>(d.reference_logprobs[t]);
        const double k = now[t] - reference, k_start = start[t] - reference;
        double kl = 0;
        if (loss.kl == KlEstimator::k1) kl = k_start * (now[t] - start[t]) + k_start;
        if (loss.kl == KlEstimator::k2) kl = k * k / 2;
        if (loss.kl == KlEstimator::k3) kl = std::exp(-k) - 1 + k;
        if (loss.kl == KlEstimator::k3_plus) kl = k * k / 2 - k_start * k_start / 2 + std::exp(-k_start) - 1 + k_start;
        sum += -gain + loss.kl_weight * kl;
      }
      const auto samples = static_cast<double>(s.documents.size());
      if (loss.mean == PolicyMean::samples) total += sum / n / samples;
      if (loss.mean == PolicyMean::length_limit) total += sum / static_cast<double>(kLengthLimit) / samples;
      if (loss.mean == PolicyMean::group_tokens)
        total += sum / static_cast<double>(group_tokens[s.groups[i]]) / static_cast<double>(group_tokens.size());
      if (loss.mean == PolicyMean::batch_tokens) total += sum / static_cast<double>(tokens);
    }
    return total;
  }

  OpTest test;
  Weight head = test_weight("head", kVocab, kWidth, 3, 0.7);
  Samples s;
  Tensor x;
  std::vector<double> x0;
};

void set_rows(Samples& s, const PolicyLoss& loss) {
  const auto weights = sample_weights(loss.mean, s.lengths, s.groups, kLengthLimit);
  for (size_t i = 0; i < s.documents.size(); ++i) {
    Document& d = s.documents[i];
    d.weights.assign(d.tokens.size(), static_cast<float>(weights[i]));
    d.advantages.assign(d.tokens.size(), static_cast<float>(s.advantages[i]));
  }
}

// The gradient reaches the states through linear_cross_entropy. Differences in double with h = 1e-5 are good to about
// h² + 1e-16 / h = 1e-10; f32 log-probabilities are off by some 1e-6, which ratios and slopes pass on, and the sums of
// the product by as much again. No random ratio lies so close to a clip that the differences cross it.
TEST_P(PolicyLossCase, ValueAndGradientAreThoseOfAReferenceInDouble) {
  const PolicyLoss& loss = GetParam().loss;
  set_rows(s, loss);
  const auto micro = pack(s.documents, 1000);
  ASSERT_EQ(micro.size(), 1u);
  PolicyStats stats;
  const RowLoss rows = policy_loss(loss, kTemperature, stats);
  Tape tape(test.arena);
  Pass p = test.pass(&tape);
  Tensor entropy;
  const Tensor nll = linear_cross_entropy(p, x, head, micro[0].targets, rows.temperature, &entropy);
  const auto span = [](const Tensor& t) { return std::span(t.data(), static_cast<size_t>(t.size())); };
  const double value = rows.rows(micro[0], {span(nll), span(entropy), span(tape.grads()[nll])});
  tape.backward();
  EXPECT_NEAR(value, reference(x0), 1e-5);
  const Tensor dx = tape.grads()[x];
  double largest = 0;
  std::vector<double> at = x0;
  for (size_t i = 0; i < at.size(); ++i) {
    const double h = 1e-5;
    at[i] = x0[i] + h;
    const double up = reference(at);
    at[i] = x0[i] - h;
    const double down = reference(at);
    at[i] = x0[i];
    const double want = (up - down) / (2 * h);
    EXPECT_NEAR(static_cast<double>(dx.data()[i]), want, 1e-6) << "row " << i / kWidth;
    largest = std::max(largest, std::abs(want));
  }
  EXPECT_GT(largest, 0.01) << "the tolerance is small beside the gradients";
  EXPECT_EQ(stats.tokens, 30);
  if (loss.clip_high < 1) {
    EXPECT_GT(stats.clipped, 0);
    EXPECT_LT(stats.clipped, stats.tokens);
  }
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const char* name : {"grpo", "dr_grpo", "dapo", "gspo"}) all.push_back({name, *named_policy_loss(name)});
  PolicyLoss l;
  for (const auto& [name, kl] : {std::pair("k1", KlEstimator::k1), std::pair("k2", KlEstimator::k2),
                                 std::pair("k3", KlEstimator::k3), std::pair("k3_plus", KlEstimator::k3_plus)}) {
    l.kl = kl, l.kl_weight = 0.7;
    all.push_back({name, l});
  }
  l = {.mean = PolicyMean::batch_tokens, .dual_clip = 1.3, .kl_weight = 0.1};
  all.push_back({"dual_clip", l});
  l = {.ratio = PolicyRatio::sequence, .mean = PolicyMean::group_tokens, .kl_weight = 0.3};
  all.push_back({"sequence_kl", l});
  return all;
}
INSTANTIATE_TEST_SUITE_P(PolicyLoss, PolicyLossCase, testing::ValuesIn(cases()),
                         [](const auto& i) { return i.param.name; });

TEST(PolicyLoss, AdvantagesAreTheDistancesFromTheMeanInStandardDeviations) {
  const std::vector<double> rewards = {1, 0, 0, 1, 1};  // mean 0.6, sample variance (3·0.16 + 2·0.36) / 4 = 0.3
  const auto scaled = group_advantages(rewards, true), plain = group_advantages(rewards, false);
  for (size_t i = 0; i < rewards.size(); ++i) {
    EXPECT_NEAR(plain[i], rewards[i] - 0.6, 1e-15);
    EXPECT_NEAR(scaled[i], (rewards[i] - 0.6) / (std::sqrt(0.3) + 1e-6), 1e-14);
  }
  EXPECT_EQ(group_advantages(std::vector<double>{0.1, 0.1, 0.1}, true), (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(group_advantages(std::vector<double>{3}, true), std::vector<double>{0});
}

// Samples of 2, 6 and 4 tokens; the first two are of one prompt.
TEST(PolicyLoss, TheWeightsOfRowsAddUpToOneExceptAgainstTheLengthLimit) {
  const std::vector<i64> lengths = {2, 6, 4}, groups = {7, 7, 3};
  const auto weights = [&](PolicyMean mean) { return sample_weights(mean, lengths, groups, 10); };
  const auto near = [](const std::vector<double>& got, const std::vector<double>& want) {
    for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(got[i], want[i], 1e-15) << i;
  };
  near(weights(PolicyMean::samples), {1.0 / 6, 1.0 / 18, 1.0 / 12});
  near(weights(PolicyMean::length_limit), {1.0 / 30, 1.0 / 30, 1.0 / 30});
  near(weights(PolicyMean::group_tokens), {1.0 / 16, 1.0 / 16, 1.0 / 8});
  near(weights(PolicyMean::batch_tokens), {1.0 / 12, 1.0 / 12, 1.0 / 12});
}

// R1's report (arXiv:2501.12948) for grpo; the papers of the others are arXiv:2503.20783, 2503.14476 and 2507.18071.
TEST(PolicyLoss, TheNamedLossesHaveTheConstantsOfTheirPapers) {
  const auto constants = [](std::string_view name) {
    const PolicyLoss p = *named_policy_loss(name);
    return std::array{p.clip_low, p.clip_high, p.kl_weight};
  };
  EXPECT_EQ(constants("grpo"), (std::array{10.0, 10.0, 0.001}));
  EXPECT_EQ(constants("dr_grpo"), (std::array{0.2, 0.2, 0.0}));
  EXPECT_EQ(constants("dapo"), (std::array{0.2, 0.28, 0.0}));
  EXPECT_EQ(constants("gspo"), (std::array{3e-4, 4e-4, 0.0}));
  const auto form = [](std::string_view name) {
    const PolicyLoss p = *named_policy_loss(name);
    return std::tuple(p.ratio, p.mean, p.divide_by_std);
  };
  EXPECT_EQ(form("grpo"), std::tuple(PolicyRatio::token, PolicyMean::samples, true));
  EXPECT_EQ(form("dr_grpo"), std::tuple(PolicyRatio::token, PolicyMean::length_limit, false));
  EXPECT_EQ(form("dapo"), std::tuple(PolicyRatio::token, PolicyMean::group_tokens, true));
  EXPECT_EQ(form("gspo"), std::tuple(PolicyRatio::sequence, PolicyMean::samples, true));
}

// One row for each log-ratio, with the same advantage; all targets are learnt.
struct Rows {
  MicroBatch batch;
  std::vector<float> nll, entropy, gradient;
  PolicyStats stats;
  double value(const PolicyLoss& loss) { return policy_loss(loss, 1, stats).rows(batch, {nll, entropy, gradient}); }
};
Rows rows_of(const std::vector<float>& log_ratios, float advantage, i64 masked = 0) {
  Rows r;
  const size_t n = log_ratios.size();
  Document d = make_document(std::vector<i32>(n + 1, 0), masked);  // token 0 is a target like any other
  d.weights.assign(n + 1, 1), d.advantages.assign(n + 1, advantage);
  for (const float x : log_ratios) {
    d.old_logprobs.push_back(-1 - x), d.reference_logprobs.push_back(-1 - x);
    r.nll.push_back(1), r.entropy.push_back(0.5f);
  }
  d.old_logprobs.push_back(0), d.reference_logprobs.push_back(0);  // of the last row, which has no target
  r.nll.push_back(0), r.entropy.push_back(0);
  r.gradient.assign(n + 1, 0);
  r.batch = pack({d}, 100).front();
  return r;
}

TEST(PolicyLoss, ASampleWithoutTokensHasNoValueAndNoGradient) {
  for (const char* name : {"gspo", "grpo"}) {
    Rows r = rows_of({0.5f, 1, 2}, 1, 4);  // every row is masked
    EXPECT_EQ(r.value(*named_policy_loss(name)), 0) << name;
    EXPECT_EQ(r.gradient, std::vector<float>(4)) << name;
    EXPECT_EQ(r.stats.tokens, 0) << name;
    EXPECT_EQ(r.stats.ratio_max, 0) << name << ": no ratio was seen";
    EXPECT_EQ(r.stats.mean(r.stats.entropy_sum), 0) << name;
  }
}

TEST(PolicyLoss, ALogRatioBeyondTwentyIsCutAndHasNoGradient) {
  const PolicyLoss loss{.clip_low = 1, .clip_high = 1e12};  // no ratio is clipped
  Rows r = rows_of({19.5f, 20.5f, -19.5f, -20.5f}, -1);
  const double value = r.value(loss);
  EXPECT_NEAR(value / (std::exp(19.5) + std::exp(20.0)), 1, 1e-12) << "the other two ratios are below 1e-8";
  EXPECT_NEAR(r.stats.ratio_max / std::exp(20.0), 1, 1e-14);
  EXPECT_NEAR(r.stats.ratio_min / std::exp(-20.0), 1, 1e-14);
  EXPECT_EQ(r.stats.clipped, 0);
  EXPECT_EQ(r.stats.tokens, 4);
  EXPECT_FLOAT_EQ(r.gradient[0], static_cast<float>(-std::exp(19.5)));
  EXPECT_EQ(r.gradient[1], 0);
  EXPECT_FLOAT_EQ(r.gradient[2], static_cast<float>(-std::exp(-19.5)));
  EXPECT_EQ(r.gradient[3], 0);
  EXPECT_NEAR(r.stats.entropy_sum, 2, 1e-12);
  EXPECT_NEAR(r.stats.mean(r.stats.entropy_sum), 0.5, 1e-12);
}

// d is the log-ratio to the reference too. With no advantage only the distance from the reference is left.
TEST(PolicyLoss, TheGradientOfADistanceBeyondTwentyIsNoughtForK3Alone) {
  for (const auto& [kl, value, slope] : {std::tuple(KlEstimator::k1, 21.0, 21.0),
                                         {KlEstimator::k2, 220.5, 21.0},
                                         {KlEstimator::k3, std::exp(-20.0) + 19, 0.0},
                                         {KlEstimator::k3_plus, std::exp(-20.0) + 19, 21.0}}) {
    Rows r = rows_of({21}, 0);
    EXPECT_NEAR(r.value({.kl_weight = 0.5, .kl = kl}), 0.5 * value, 1e-12) << static_cast<int>(kl);
    EXPECT_NEAR(static_cast<double>(r.gradient[0]), -0.5 * slope, 1e-6) << static_cast<int>(kl);
    EXPECT_NEAR(r.stats.kl_sum, value, 1e-12);
  }
}

TEST(PolicyLoss, AConfigurationsSettingsReplaceThoseOfItsLoss) {
  GrpoConfig c;
  c.loss = "grpo", c.mean = "default", c.kl = "default", c.divide_by_std = "default";
  c.clip_low = c.clip_high = c.kl_weight = -1, c.dual_clip = 0;
  const PolicyLoss own = *policy_loss_of(c);
  EXPECT_EQ((std::array{own.clip_low, own.clip_high, own.kl_weight, own.dual_clip}),
            (std::array{10.0, 10.0, 0.001, 0.0}));
  EXPECT_TRUE(own.divide_by_std && own.mean == PolicyMean::samples && own.kl == KlEstimator::k3);
  c.clip_low = c.clip_high = c.kl_weight = 0, c.dual_clip = 3, c.divide_by_std = "no";
  const PolicyLoss nought = *policy_loss_of(c);
  EXPECT_EQ((std::array{nought.clip_low, nought.clip_high, nought.kl_weight, nought.dual_clip}),
            (std::array{0.0, 0.0, 0.0, 3.0}));
  EXPECT_FALSE(nought.divide_by_std);
  c.loss = "dr_grpo", c.divide_by_std = "yes";
  EXPECT_TRUE(policy_loss_of(c)->divide_by_std);
  for (const auto& [name, mean] : {std::pair("samples", PolicyMean::samples),
                                   {"length_limit", PolicyMean::length_limit},
                                   {"group_tokens", PolicyMean::group_tokens},
                                   {"batch_tokens", PolicyMean::batch_tokens}}) {
    c.mean = name;
    EXPECT_EQ(policy_loss_of(c)->mean, mean) << name;
  }
  for (const auto& [name, kl] : {std::pair("k1", KlEstimator::k1),
                                 {"k2", KlEstimator::k2},
                                 {"k3", KlEstimator::k3},
                                 {"k3_plus", KlEstimator::k3_plus}}) {
    c.kl = name;
    EXPECT_EQ(policy_loss_of(c)->kl, kl) << name;
  }
}

TEST(PolicyLoss, AnUnknownNameIsAnErrorThatListsTheKnownOnes) {
  const auto r = named_policy_loss("ppo");
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().what, "no policy loss is called \"ppo\"; there are grpo, dr_grpo, dapo and gspo");
}

// 64 samples as one micro-batch and as eight of eight. The gradients are sums of the same terms in another order; a sum
// of n terms in f32 is off by some √n · 6e-8 of its terms' size, which is at most some ten times the sum's here.
TEST(PolicyLoss, OneMicroBatchOf64SamplesAndEightOf8AgreeWithinRounding) {
  const RunCase run;
  TrainConfig config = run.config("x");
  config.mtp_weight = 0, config.balance_alpha = 0;
  Learner learner(config, active_kernels());
  learner.set_model(run.model());
  Random random(3, Purpose::test);
  std::vector<Document> documents;
  std::vector<i64> lengths, groups;
  for (i64 i = 0; i < 64; ++i) {
    std::vector<i32> ids;
    for (i64 n = 0; n < 10; ++n) ids.push_back(static_cast<i32>(random.below(256)));
    documents.push_back(make_document(ids, 4));
    lengths.push_back(6), groups.push_back(i / 8);
  }
  const PolicyLoss loss = *named_policy_loss("dapo");
  const auto weights = sample_weights(loss.mean, lengths, groups, 6);
  const auto gradients = [&](i64 micro_batch_tokens) {
    StepBatch batch;
    batch.micro = pack(documents, micro_batch_tokens);
    batch.sequences = 64, batch.targets = 64 * 6;
    PolicyStats stats;
    StepMetrics m;
    m.step = 1;
    learner.compute_gradients(batch, policy_loss(loss, 1, stats), m);
    std::vector<float> all;
    for (const Moments& moment : learner.optimizer().moments()) {
      const Weight& w = moment.weight;
      all.insert(all.end(), w.grad(), w.grad() + w.size());
      w.clear_grad();
    }
    return std::pair(all, std::pair(batch.micro.size(), stats));
  };
  for (size_t i = 0; i < documents.size(); ++i) {
    Document& d = documents[i];
    d.weights.assign(10, static_cast<float>(weights[i]));
    d.advantages.assign(10, static_cast<float>(random.normal()));
    for (i64 r = 0; r < 10; ++r) d.old_logprobs.push_back(static_cast<float>(-5.5 + 0.3 * random.normal()));
  }
  const auto [whole, one] = gradients(640);
  const auto [parts, eight] = gradients(80);
  EXPECT_EQ(one.first, 1u);
  EXPECT_EQ(eight.first, 8u);
  EXPECT_EQ(one.second.tokens, 64 * 6);
  EXPECT_EQ(one.second.clipped, eight.second.clipped);
  EXPECT_GT(one.second.clipped, 0);
  EXPECT_GT(one.second.entropy_sum / 384, 5.0);  // near ln 263 = 5.57, as the weights are random
  double largest = 0, difference = 0;
  for (size_t i = 0; i < whole.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(whole[i])));
    difference = std::max(difference, std::abs(static_cast<double>(whole[i]) - static_cast<double>(parts[i])));
  }
  EXPECT_GT(largest, 0.001);
  EXPECT_LT(difference, 1e-5 * largest);
}

// Twenty itself is not cut. The differences from the reference and from the drawing policy are the same here.
TEST(PolicyLoss, ALogRatioOfTwentyKeepsItsGradient) {
  Rows r = rows_of({20, -20}, -1);
  r.value({.clip_low = 1, .clip_high = 1e12});
  EXPECT_FLOAT_EQ(r.gradient[0], static_cast<float>(-std::exp(20.0)));
  EXPECT_FLOAT_EQ(r.gradient[1], static_cast<float>(-std::exp(-20.0)));
  EXPECT_NEAR(r.stats.old_kl_sum / (std::exp(20.0) - 21 + std::exp(-20.0) + 19), 1, 1e-14);
  Rows kl = rows_of({20}, 0);
  kl.value({.kl_weight = 1, .kl = KlEstimator::k3});
  EXPECT_FLOAT_EQ(kl.gradient[0], -1);
}

TEST(PolicyLoss, WithoutAnAdvantageNoRatioIsClipped) {
  Rows r = rows_of({1, -1}, 0);
  EXPECT_EQ(r.value({}), 0);
  EXPECT_EQ(r.stats.clipped, 0);
}

TEST(PolicyLoss, ADualClipOfOneIsNone) {
  for (const auto& [dual_clip, clipped] : {std::pair{0.0, 0}, {1.0, 0}, {1.5, 1}}) {
    Rows r = rows_of({1}, -1);
    r.value({.dual_clip = dual_clip});
    EXPECT_EQ(r.stats.clipped, clipped) << dual_clip;
  }
}

TEST(PolicyLoss, ASampleWithoutTokensHasNoWeightUnderAnyMean) {
  for (const PolicyMean mean :
       {PolicyMean::samples, PolicyMean::length_limit, PolicyMean::group_tokens, PolicyMean::batch_tokens}) {
    const auto weights = sample_weights(mean, std::vector<i64>{0, 2}, std::vector<i64>{1, 2}, 10);
    EXPECT_EQ(weights[0], 0);
    EXPECT_GT(weights[1], 0);
  }
}

}  // namespace
}  // namespace r1
