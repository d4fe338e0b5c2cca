// What scoring refuses. Its values are compared with the engine's in engine_test.cpp, bit for bit.
#include "infer/score.hpp"

#include <cmath>

#include "infer/test_model.hpp"
#include "kernels/cpu/kernels.hpp"

namespace r1 {
namespace {

TEST(Score, TokensThatCannotBeScoredAreRefusedWithBothNumbers) {
  const auto model = test_model();
  ThreadPool pool(1);
  ScoreOptions options;
  options.kernels = &cpu::active(), options.pool = &pool;
  const auto refusal = [&](const std::vector<i32>& tokens) {
    const auto scored = score(*model, tokens, options);
    return scored ? "accepted" : scored.error().what;
  };
  EXPECT_EQ(refusal({}), "there are no tokens to score");
  EXPECT_EQ(refusal(std::vector<i32>(kTestContext + 1, 3)), "513 tokens to score, the model's context is 512");
  EXPECT_EQ(refusal({3, -1}), "token -1 to score, the vocabulary has 131 entries");
  EXPECT_EQ(refusal({3, 131}), "token 131 to score, the vocabulary has 131 entries");
  EXPECT_EQ(refusal({3, 130}), "accepted");
}

TEST(Score, AnErrorOfTheReceiverOfLogitsEndsTheScoring) {
  const auto model = test_model();
  ThreadPool pool(1);
  ScoreOptions options;
  options.kernels = &cpu::active(), options.pool = &pool;
  options.logits = [](i64, std::span<const float>) -> Status { return fail(Errc::io, "the disk is full"); };
  const auto scored = score(*model, std::vector<i32>{3, 4, 5}, options);
  ASSERT_FALSE(scored.has_value());
  EXPECT_EQ(scored.error().what, "the disk is full");
}

// The receiver gets 128 rows at a time, and the rest in the end. The rows are those that the model's head gives.
TEST(Score, TheReceiverOfLogitsGetsEveryRowOnceInItsPlace) {
  const auto model = test_model();
  ThreadPool pool(1);
  for (const i64 n : {1, 127, 128, 129, 256, 300, 512}) {
    const std::vector<i32> tokens = test_prompt(n, 4);
    std::vector<float> received;
    ScoreOptions options;
    options.kernels = &cpu::active(), options.pool = &pool;
    std::vector<i64> firsts;
    options.logits = [&](i64 first, std::span<const float> rows) -> Status {
      EXPECT_EQ(first * kTestVocab, std::ssize(received));
      firsts.push_back(first);
      received.insert(received.end(), rows.begin(), rows.end());
      return {};
    };
    const auto scored = score(*model, tokens, options);
    ASSERT_TRUE(scored) << scored.error().what;
    ASSERT_EQ(std::ssize(received), n * kTestVocab);
    EXPECT_EQ(std::ssize(firsts), (n + 127) / 128);
    Batch batch;
    batch.add_sequence(tokens);
    batch.want_all();
    Arena arena;
    Pass pass{batch, arena, pool, cpu::active(), options.numerics};
    const Tensor whole = model->forward(pass).logits;
    EXPECT_EQ(received, std::vector<float>(whole.data(), whole.data() + whole.size())) << n;
    ASSERT_EQ(std::ssize(*scored), n);
    EXPECT_TRUE(std::isnan((*scored)[0]));
    for (i64 t = 1; t < n; ++t) EXPECT_LT((*scored)[t], 0) << t;
  }
}

}  // namespace
}  // namespace r1
