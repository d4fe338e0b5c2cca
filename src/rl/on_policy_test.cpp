// The sampler and the trainer compute the same log-probabilities, bit for bit: random models of every architecture, at
// every level, with products in f32 and bf16, and keys and values in f32, bf16 and Q8_0; groups that share a prompt,
// prompts that share a prefix, prompts cut into chunks, micro-batches of many lengths; before an update and after it.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "kernels/cpu/kernels.hpp"
#include "rl/on_policy.hpp"
#include "rl/test_rollouts.hpp"
#include "train/learner.hpp"

namespace r1 {
namespace {

class OnPolicy : public testing::TestWithParam<std::tuple<const cpu::Kernels*, const char*, const char*, u64>> {};
INSTANTIATE_TEST_SUITE_P(Rl, OnPolicy,
                         testing::Combine(testing::ValuesIn(cpu::levels().begin(), cpu::levels().end()),
                                          testing::Values("f32", "bf16"), testing::Values("f32", "bf16", "q8_0"),
                                          testing::Range(u64{0}, u64{5})),
                         [](const auto& i) {
                           return fmt::format("{}_{}_kv_{}_{}", std::get<0>(i.param)->name, std::get<1>(i.param),
                                              std::get<2>(i.param), std::get<3>(i.param));
                         });

TEST_P(OnPolicy, TheTrainersLogProbabilityOfADrawnTokenHasTheBitsOfTheSamplers) {
  const auto& [kernels, matmul, kv, seed] = GetParam();
  Random random(seed, Purpose::test, 2);
  TrainConfig config;
  config.matmul = matmul, config.kv = kv, config.threads = seed == 0 ? 2 : 1, config.recompute = random.below(2) == 0;
  config.lr = 1e-2;
  Learner learner(config, *kernels);
  const std::string text = dump(random_config(seed));
  auto model = create_model(text, "random model", seed, Weights::trainable);
  ASSERT_TRUE(model) << model.error().what << "\n" << text;
  learner.set_model(std::move(*model));

  ThreadPool pool(seed == 1 ? 2 : 1);
  EngineOptions options;
  options.kernels = kernels, options.pool = &pool, options.numerics = learner.numerics();
  options.max_sequences = random.between(2, 8), options.max_batch_tokens = random.between(8, 120);
  Engine engine = std::move(*Engine::create(learner.model(), options));
  const float temperature = random.below(2) ? 1.0f : 0.7f;

  for (int update = 0; update < 2; ++update) {
    const auto requests = random_requests(random, learner.model().info().vocab, temperature);
    const auto documents = draw_documents(engine, requests);
    engine.release_memory();
    StepBatch batch;
    batch.micro = pack(documents, random.between(100, 900));
    i64 rows = 0, equal = 0;
    OnPolicyCheck check;
    RowLoss loss;
    loss.temperature = temperature;
    loss.rows = [&](const MicroBatch& micro, const LossRows& r) {
      check.compare(micro, r.nll);
      double sum = 0;
      for (size_t t = 0; t < r.nll.size(); ++t) {
        r.gradient[t] = 1;
        sum += static_cast<double>(r.nll[t]);
        if (micro.targets[t] < 0) continue;
        const float logprob = -r.nll[t];
        ++rows;
        equal += std::memcmp(&logprob, &micro.old_logprobs[t], 4) == 0;
      }
      return sum;
    };
    for (const Document& d : documents) {
      ++batch.sequences;
      for (const i32 t : d.targets) batch.targets += t >= 0;
    }
    loss.denominator = static_cast<double>(batch.targets);
    StepMetrics m;
    m.step = 1, m.lr = config.lr;
    learner.compute_gradients(batch, loss, m);
    EXPECT_GT(rows, 100);
    EXPECT_EQ(check.tokens(), rows);
    EXPECT_EQ(check.differences(), 0);
    EXPECT_EQ(equal, rows) << (update ? "after" : "before") << " an update of " << text;
    ASSERT_TRUE(learner.check_finite(m));
    EXPECT_GT(m.grad_norm, 0);
    learner.update(m);
  }
}

// Three samples in two micro-batches. Of the third, whose prompt has two tokens, the last token was drawn at another
// log-probability than the trainer's.
TEST(OnPolicyCheck, NamesTheFirstTokenThatDiffers) {
  std::vector<Document> documents;
  for (const i64 n : {3, 4, 5}) {
    std::vector<i32> tokens;
    for (i64 i = 0; i < n; ++i) tokens.push_back(static_cast<i32>(10 * n + i));
    documents.push_back(make_document(tokens, 2));
    documents.back().old_logprobs.assign(tokens.size(), -0.5f);
  }
  documents[0].old_logprobs[1] = 0.0f;  // minus a nll of 0 is the other zero
  documents[2].old_logprobs[3] = -0.75f;
  documents[2].old_logprobs[4] = NAN;  // no target
  const auto micro = pack(documents, 7);
  ASSERT_EQ(micro.size(), 2u);
  OnPolicyCheck check;
  check.compare(micro[0], std::vector<float>{9, 0, 9, 9, 0.5f, 0.5f, 9});
  EXPECT_EQ(check.differences(), 0);
  EXPECT_FALSE(check.first());
  check.compare(micro[1], std::vector<float>{9, 0.5f, 0.5f, 0.5f, 9});
  EXPECT_EQ(check.tokens(), 1 + 2 + 3);
  EXPECT_EQ(check.differences(), 1);
  ASSERT_TRUE(check.first());
  const OnPolicyCheck::Difference d = *check.first();
  EXPECT_EQ(std::tuple(d.sequence, d.position, d.token, d.drawn, d.trained), std::tuple(2, 4, 54, -0.75f, -0.5f));
  documents[2].old_logprobs[1] = NAN;
  check.compare(pack(documents, 99)[0], std::vector<float>(12, 0.5f));
  EXPECT_EQ(check.differences(), 1 + 3);
}

}  // namespace
}  // namespace r1
