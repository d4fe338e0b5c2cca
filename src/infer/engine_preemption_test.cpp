// Sequences grow page by page. Those that lose their pages to others are replayed, and their tokens have the same bits.
#include <algorithm>

#include "infer/test_engine.hpp"

namespace r1 {
namespace {

class Preemption : public testing::TestWithParam<std::tuple<const cpu::Kernels*, const char*>> {
 protected:
  const cpu::Kernels* kernels = std::get<0>(GetParam());
  std::unique_ptr<Model> model = test_model(1, std::get<1>(GetParam()));
};
INSTANTIATE_TEST_SUITE_P(Engine, Preemption,
                         testing::Combine(testing::ValuesIn(cpu::levels().begin(), cpu::levels().end()),
                                          testing::Values(kTestDeepseek, kTestQwen2)),
                         [](const auto& i) {
                           const bool qwen2 = std::get<1>(i.param) == kTestQwen2;
                           return fmt::format("{}_{}", std::get<0>(i.param)->name, qwen2 ? "qwen2" : "deepseek");
                         });

// Requests of all kinds that run long enough to cross pages; some with thinking budgets, some in several samples.
std::vector<GenerationRequest> long_requests() {
  std::vector<GenerationRequest> requests = mixed_requests(12);
  for (size_t i = 0; i < requests.size(); ++i) {
    GenerationRequest& r = requests[i];
    r.max_tokens = 20 + 17 * static_cast<i64>(i % 5);
    r.samples = i % 3 == 1 ? 3 : 1;
    if (i % 4 == 2) r.think = {.tokens = 10 + static_cast<i64>(i), .end = 130, .close = {7, 8, 130, 9}};
  }
  return requests;
}

TEST_P(Preemption, SequencesThatArePreemptedAtRandomHaveTheSameBits) {
  const auto requests = long_requests();
  for (const Numerics& n : {kExpanded, kRounded, kMixed, kIntegerCache}) {
    const Settings settings{*model, kernels, n};
    const DrawnBySample undisturbed = run(settings, requests);
    for (const i64 budget : {24, 128}) {  // replays in small chunks and at once
      Settings cut = settings;
      cut.max_batch_tokens = budget, cut.max_sequences = 20;
      TestEngine engine(cut);
      for (const GenerationRequest& r : requests) engine.submit(r);
      Random random(4, Purpose::test, static_cast<u64>(budget));
      for (i64 steps = 0; engine->busy() && steps < 5000; ++steps) {
        engine.step();
        for (int i = 0; i < 2; ++i)
          engine->preempt(1 + random.below(static_cast<u32>(requests.size())), static_cast<i32>(random.below(3)));
      }
      EXPECT_EQ(engine.finish(), undisturbed);
      EXPECT_GT(engine->counters().preemptions, 20);
      EXPECT_GT(engine->counters().replayed_tokens, 500);
    }
  }
}

TEST_P(Preemption, WhenPagesRunOutTheYoungestAreReplayedWithTheSameBits) {
  const auto requests = long_requests();
  for (const Numerics& n : {kExpanded, kMixed}) {
    Settings settings{*model, kernels, n};
    const DrawnBySample roomy = run(settings, requests);
    settings.kv_tokens = 5 * 64;
    TestEngine engine(settings);
    EXPECT_EQ(engine.run(requests), roomy);
    EXPECT_GT(engine->counters().preemptions, 0);
  }
}

class PagesOnDemand : public testing::Test {
 protected:
  std::unique_ptr<Model> model = test_model();
};

TEST_F(PagesOnDemand, ARequestTakesNoMorePagesThanItHasTokens) {
  Settings settings{*model};
  settings.kv_tokens = 6 * 64;
  TestEngine engine(settings);
  GenerationRequest r{.prompt = test_prompt(10, 1), .max_tokens = 300};  // five pages if it becomes so long
  for (u64 i = 0; i < 3; ++i) r.stream = i, engine.submit(r);
  for (int steps = 0; steps < 55; ++steps) engine.step();
  EXPECT_EQ(engine->running(), 3);
  EXPECT_EQ(engine->cache().pages_in_use(), 3) << "10 + 54 tokens";
  engine.step();
  EXPECT_EQ(engine->cache().pages_in_use(), 6);
}

TEST_F(PagesOnDemand, TheYoungestGivesWayAndTheOldestNeverWaits) {
  const auto request = [](u64 stream) {
    return GenerationRequest{.prompt = test_prompt(60, stream), .max_tokens = 150, .stream = stream};
  };
  Settings settings{*model};
  settings.kv_tokens = 5 * 64;
  TestEngine engine(settings);
  for (u64 i = 0; i < 3; ++i) engine.submit(request(i));
  for (i64 steps = 1; steps <= 150; ++steps) {
    engine.step();
    EXPECT_EQ(std::ssize(engine.drawn.at({1, 0}).tokens), steps) << "the oldest draws a token in every step";
  }
  EXPECT_LT(engine.drawn.at({3, 0}).tokens.size(), engine.drawn.at({2, 0}).tokens.size());
  EXPECT_GT(engine->counters().preemptions, 0);
  engine.finish();
  for (u64 i = 0; i < 3; ++i)
    EXPECT_EQ(engine.drawn.at({static_cast<RequestId>(i) + 1, 0}), run({*model}, {request(i)}).at({1, 0})) << i;
}

// Every token is computed once as a prompt's or as a generated one. What is computed again is a replay.
TEST_F(PagesOnDemand, CountersTellReplaysFromWhatIsComputedForTheFirstTime) {
  TestEngine engine({*model});
  engine.submit({.prompt = test_prompt(70, 1), .max_tokens = 30});
  for (int steps = 0; steps < 10; ++steps) engine.step();
  EXPECT_TRUE(engine->preempt(1, 0));
  EXPECT_FALSE(engine->preempt(1, 0)) << "it does not run";
  EXPECT_EQ(engine->running(), 0);
  EXPECT_EQ(engine->preempted(), 1);
  EXPECT_EQ(engine->cache().pages_in_use(), 0);
  engine.finish();
  EXPECT_EQ(engine->counters().prefill_tokens, 70);
  EXPECT_EQ(engine->counters().decode_tokens, 29);
  EXPECT_EQ(engine->counters().replayed_tokens, 70 + 9 - 64) << "the prompt's full page was found again";
  EXPECT_EQ(engine->counters().preemptions, 1);
  EXPECT_EQ(engine->counters().cached_tokens, 0) << "that page was not found by a prompt";
}

TEST_F(PagesOnDemand, TheProgressOfAPreemptedPromptNeverGoesBack) {
  Settings settings{*model};
  settings.max_batch_tokens = 30, settings.max_sequences = 4;
  TestEngine engine(settings);
  engine.submit({.prompt = test_prompt(200, 1), .max_tokens = 10});
  i64 processed = -1;  // the first event says 0
  for (int steps = 0; engine->busy() && steps < 100; ++steps) {
    engine.step();
    for (const PromptEvent& e : engine->prompts()) {
      EXPECT_GT(e.processed, processed);
      processed = e.processed;
    }
    if (steps == 3) {
      EXPECT_EQ(processed, 120);
      EXPECT_TRUE(engine->preempt(1, 0));
    }
  }
  EXPECT_EQ(processed, 200);
  EXPECT_EQ(engine->counters().cached_tokens, 0) << "the page that it found again was its own";
}

TEST_F(PagesOnDemand, AllPreemptedSequencesThatHaveRoomRunInTheNextStep) {
  TestEngine engine({*model});
  for (int i = 0; i < 3; ++i) engine.submit({.prompt = test_prompt(70, 1), .max_tokens = 30});
  for (int steps = 0; steps < 10; ++steps) engine.step();
  EXPECT_TRUE(engine->preempt(1, 0) && engine->preempt(2, 0) && engine->preempt(3, 0));
  EXPECT_EQ(engine->running(), 0);
  engine.step();
  EXPECT_EQ(engine->running(), 3);
  engine.finish();
}

TEST_F(PagesOnDemand, APreemptedSequenceIsCancelledAndFinishedLikeARunningOne) {
  TestEngine engine({*model});
  for (int i = 0; i < 2; ++i) engine.submit({.prompt = test_prompt(70, 1), .max_tokens = 30});
  for (int steps = 0; steps < 10; ++steps) engine.step();
  EXPECT_TRUE(engine->preempt(1, 0) && engine->preempt(2, 0));
  engine->finish_sample(1, 0);
  EXPECT_EQ(engine->preempted(), 1);
  EXPECT_TRUE(engine->cancel(2));
  EXPECT_EQ(engine->preempted(), 0);
  EXPECT_FALSE(engine->busy());
}

TEST_F(PagesOnDemand, WeightsMayNotChangeWhileAPreemptedSequenceWaits) {
  TestEngine engine({*model});
  engine.submit({.prompt = test_prompt(70, 1), .max_tokens = 30});
  for (int steps = 0; steps < 10; ++steps) engine.step();
  engine->preempt(1, 0);
  model->weights().back().bump();
  EXPECT_FALSE(engine->step());
  EXPECT_TRUE(engine->cancel(1));
}

}  // namespace
}  // namespace r1
