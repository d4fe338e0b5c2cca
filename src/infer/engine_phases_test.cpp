// What an engine offers to reinforcement learning: memory that is given back between phases, the version of the
// weights, and the likeliest tokens of a position.
#include <unistd.h>

#include <fstream>

#include "infer/test_engine.hpp"

namespace r1 {
namespace {

class EnginePhases : public testing::Test {
 protected:
  std::unique_ptr<Model> model = test_model();
};

i64 resident_bytes() {
  std::ifstream file("/proc/self/statm");
  i64 size = 0, resident = 0;
  file >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

TEST_F(EnginePhases, MemoryThatIsGivenBackBetweenPhasesIsTakenAgainWithTheSameBits) {
  TestEngine engine({*model});
  GenerationRequest r;
  r.prompt = test_prompt(400, 1);
  r.max_tokens = 100, r.samples = 40;
  const DrawnBySample before = engine.run({r});
  // The samples share 6 pages of the prompt; each has written 2 more. At this size a page holds 64 kB in three layers.
  const i64 written = (6 + 40 * 2) * engine->cache().page_bytes();
  ASSERT_GT(written, i64{5} << 20);
  EXPECT_GT(engine->activation_bytes(), 0);
  const i64 resident = resident_bytes();
  engine->release_memory();
  EXPECT_EQ(engine->activation_bytes(), 0);
  EXPECT_LT(resident_bytes(), resident - written) << "the pages are still in memory";
  engine.drawn.clear();
  engine.submit(r);
  const DrawnBySample after = engine.finish();
  EXPECT_EQ(engine->counters().cached_tokens, 0) << "a prefix of pages whose memory is gone";
  for (i32 i = 0; i < r.samples; ++i) EXPECT_EQ(after.at({2, i}), before.at({1, i})) << i;
}

TEST_F(EnginePhases, TheVersionOfTheWeightsGrowsWithEveryUpdate) {
  TestEngine engine({*model});
  const GenerationRequest r{.prompt = test_prompt(10, 1), .max_tokens = 2};
  engine.run({r});
  const u64 first = engine->weights_version();
  engine.run({r});
  EXPECT_EQ(engine->weights_version(), first);
  model->weights().back().bump();
  engine.run({r});
  EXPECT_GT(engine->weights_version(), first);
}

// The reported log-probabilities are those of the model at the sampling temperature, so that of the drawn token is
// among them with the same bits when all are reported, and their exponentials add up to 1.
TEST_F(EnginePhases, TheLikeliestTokensOfAPositionAreReportedInOrder) {
  ThreadPool pool(1);
  EngineOptions o;
  o.kernels = &cpu::active(), o.pool = &pool;
  Engine engine = std::move(*Engine::create(*model, o));
  GenerationRequest r{.prompt = test_prompt(10, 1), .max_tokens = 6};
  r.sampling = {.temperature = 0.8f, .top_p = 0.9f, .repetition_penalty = 1.2f, .top_logprobs = kTestVocab + 5};
  ASSERT_TRUE(engine.submit(r));
  i64 tokens = 0;
  while (engine.busy()) {
    const auto events = engine.step();
    ASSERT_TRUE(events);
    for (const TokenEvent& e : *events) {
      ++tokens;
      ASSERT_EQ(std::ssize(e.top), kTestVocab);
      double sum = 0;
      for (size_t i = 0; i < e.top.size(); ++i) {
        sum += std::exp(static_cast<double>(e.top[i].logprob));
        if (e.top[i].token == e.token) {
          EXPECT_EQ(e.top[i].logprob, e.logprob);
        }
        if (i > 0) {
          EXPECT_GE(e.top[i - 1].logprob, e.top[i].logprob);
        }
      }
      EXPECT_NEAR(sum, 1, 1e-5);  // each of 131 terms has an error of a few units of 6e-8 of its log-probability
    }
  }
  EXPECT_EQ(tokens, 6);
  r.sampling.top_logprobs = 3;
  ASSERT_TRUE(engine.submit(r));
  const auto events = engine.step();
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ(events->front().top.size(), 3u);
}

// A model may be trained for a context that no machine can hold. A page of 64 tokens stays free for a sample that
// starts late.
TEST_F(EnginePhases, WithoutASettingTheContextIsTheModelsOrThatOfHalfTheMemory) {
  ThreadPool pool(1);
  EngineOptions o;
  o.kernels = &cpu::active(), o.pool = &pool, o.kv_tokens = 256;
  const Engine small = std::move(*Engine::create(*model, o));
  EXPECT_EQ(small.context(), kTestContext);
  std::string config = kTestDeepseek;
  const std::string context = "\"max_position_embeddings\":512";
  config.replace(config.find(context), context.size(), "\"max_position_embeddings\":2147483647");
  const auto endless = test_model(1, config.c_str());
  ASSERT_TRUE(endless);
  const auto engine = Engine::create(*endless, o);
  ASSERT_TRUE(engine) << engine.error().what;
  const KvLayout layout = endless->kv_layout(o.numerics);
  const i64 memory = static_cast<i64>(sysconf(_SC_PHYS_PAGES)) * static_cast<i64>(sysconf(_SC_PAGESIZE));
  const i64 pages = memory / (2 * layout.page_bytes() * layout.layers) - 1;
  EXPECT_EQ(engine->context(), std::min<i64>(pages * kPageTokens, 2147483647));
  EXPECT_EQ(engine->cache().pages(), 256 / kPageTokens);
}

TEST_F(EnginePhases, TheTimeOfForwardPassesIsAPartOfTheTimeOfSteps) {
  TestEngine engine({*model});
  engine.run({{.prompt = test_prompt(100, 1), .max_tokens = 5}});
  EXPECT_GT(engine->counters().forward_seconds, 0);
  EXPECT_GE(engine->counters().step_seconds, engine->counters().forward_seconds);
  EXPECT_LT(engine->counters().step_seconds, 3600) << "seconds, and not the time since the machine started";
}

}  // namespace
}  // namespace r1
