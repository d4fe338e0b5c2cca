// What scoring refuses. Its values are compared with the engine's in engine_test.cpp, bit for bit.
#include "infer/score.hpp"

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

}  // namespace
}  // namespace r1
