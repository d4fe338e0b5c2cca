// Drafts change neither a token nor a bit of a log-probability, whether they are right or wrong.
#include <algorithm>

#include "infer/test_engine.hpp"

namespace r1 {
namespace {

std::unique_ptr<Model> named_model(std::string_view name) {
  if (name == "deepseek_mtp") return test_model(1, test_deepseek_mtp().c_str());
  return test_model(1, name == "qwen2" ? kTestQwen2 : kTestDeepseek);
}

class Drafts : public testing::TestWithParam<std::tuple<const cpu::Kernels*, const char*>> {
 protected:
  const cpu::Kernels* kernels = std::get<0>(GetParam());
  std::unique_ptr<Model> model = named_model(std::get<1>(GetParam()));
};
INSTANTIATE_TEST_SUITE_P(Engine, Drafts,
                         testing::Combine(testing::ValuesIn(cpu::levels().begin(), cpu::levels().end()),
                                          testing::Values("deepseek", "deepseek_mtp", "qwen2")),
                         [](const auto& i) {
                           return fmt::format("{}_{}", std::get<0>(i.param)->name, std::get<1>(i.param));
                         });

// Requests of all kinds whose answers repeat themselves: a bias leaves few tokens, so that many drafts are right.
std::vector<GenerationRequest> repetitive_requests(i64 count) {
  std::vector<GenerationRequest> requests = mixed_requests(count);
  for (size_t i = 0; i < requests.size(); ++i) {
    GenerationRequest& r = requests[i];
    r.max_tokens = 40 + 13 * static_cast<i64>(i % 5);
    if (i % 3 != 2)
      for (i32 id = 10; id < 14; ++id) r.sampling.logit_bias.emplace_back(id + static_cast<i32>(i), 60.0f);
    if (i % 4 == 2) r.think = {.tokens = 10 + static_cast<i64>(i), .end = 130, .close = {7, 8, 130, 9}};
    if (i % 5 == 3) r.stop_ids = {12 + static_cast<i32>(i)};
    if (i % 6 == 4) r.samples = 2;
  }
  return requests;
}

// A clock by which every step takes the same time: a row of drafts costs nothing, so that it always pays.
Settings with_drafts(Settings settings, i64 most) {
  settings.max_drafts = most;
  settings.clock = [now = 0.0]() mutable { return now += 1e-3; };
  return settings;
}

TEST_P(Drafts, TokensAndLogProbabilitiesHaveTheSameBits) {
  const auto requests = repetitive_requests(10);
  for (const Numerics& n : {kExpanded, kRounded, kMixed, kIntegerCache}) {
    const Settings plain{*model, kernels, n};
    const DrawnBySample undisturbed = run(plain, requests);
    for (const i64 most : {1, 3, 8}) {
      TestEngine engine(with_drafts(plain, most));
      EXPECT_EQ(engine.run(requests), undisturbed);
      const EngineCounters& c = engine->counters();
      EXPECT_GT(c.accepted_drafts, 20);
      EXPECT_GT(c.drafts, c.accepted_drafts + 20) << "some are wrong";
      i64 tokens = 0;
      for (const auto& [sample, drawn] : undisturbed) tokens += std::ssize(drawn.tokens) - 1;
      EXPECT_EQ(c.decode_tokens, tokens) << "wrong drafts do not count, and neither does a sample's last token";
    }
  }
}

TEST_P(Drafts, SequencesThatArePreemptedAtRandomHaveTheSameBits) {
  const auto requests = repetitive_requests(8);
  for (const Numerics& n : {kExpanded, kMixed}) {
    const Settings plain{*model, kernels, n};
    const DrawnBySample undisturbed = run(plain, requests);
    TestEngine engine(with_drafts(plain, 8));
    for (const GenerationRequest& r : requests) engine.submit(r);
    Random random(4, Purpose::test, 1);
    for (i64 steps = 0; engine->busy() && steps < 5000; ++steps) {
      engine.step();
      engine->preempt(1 + random.below(static_cast<u32>(requests.size())), static_cast<i32>(random.below(2)));
    }
    EXPECT_EQ(engine.finish(), undisturbed);
    EXPECT_GT(engine->counters().preemptions, 5);
    EXPECT_GT(engine->counters().accepted_drafts, 10);
  }
}

TEST_P(Drafts, WhenPagesRunOutTheBitsAreTheSame) {
  const auto requests = repetitive_requests(6);
  Settings settings{*model, kernels, kExpanded};
  const DrawnBySample roomy = run(settings, requests);
  settings.kv_tokens = 5 * 64;
  TestEngine without(settings), with(with_drafts(settings, 8));
  EXPECT_EQ(without.run(requests), roomy);
  EXPECT_EQ(with.run(requests), roomy);
  EXPECT_GT(with->counters().accepted_drafts, 0);
}

class DraftsOfOneModel : public testing::Test {
 protected:
  std::unique_ptr<Model> model = test_model();
};

TEST_F(DraftsOfOneModel, RoutesAreThoseOfTheTokens) {
  const auto requests = repetitive_requests(6);
  Settings settings{*model};
  settings.record_routes = true;
  const DrawnBySample undisturbed = run(settings, requests);
  TestEngine engine(with_drafts(settings, 4));
  EXPECT_EQ(engine.run(requests), undisturbed);
  EXPECT_GT(engine->counters().accepted_drafts, 10);
}

TEST_F(DraftsOfOneModel, ATextThatRepeatsItselfTakesFewerSteps) {
  GenerationRequest r{.prompt = test_prompt(8, 1), .max_tokens = 200};
  r.sampling.temperature = 0;
  r.sampling.logit_bias = {{20, 100.0f}};  // always the same token
  const Settings plain{*model};
  TestEngine without(plain), with(with_drafts(plain, 8));
  EXPECT_EQ(with.run({r}), without.run({r}));
  EXPECT_EQ(without->counters().steps, 200);
  EXPECT_LT(with->counters().steps, 50) << "a step with 8 drafts makes 9 tokens";
}

// Allows one token, and another one after each token, so that no text repeats itself.
class CountingConstraint : public TokenConstraint {
 public:
  std::span<const u64> allowed() override {
    std::fill(std::begin(words_), std::end(words_), 0);
    words_[next_ / 64] |= u64{1} << next_ % 64;
    return words_;
  }
  void accept(i32 token) override { next_ = (token + 1) % kTestVocab; }

 private:
  u64 words_[(kTestVocab + 63) / 64];
  i64 next_ = 0;
};

class Predictions : public testing::Test {
 protected:
  std::unique_ptr<Model> model = test_model(1, test_deepseek_mtp().c_str());
  GenerationRequest counting(i64 prompt, i64 tokens) const {
    GenerationRequest r{.prompt = test_prompt(prompt, 1), .max_tokens = tokens};
    r.constraint = [] { return std::make_unique<CountingConstraint>(); };
    return r;
  }
};

TEST_F(Predictions, AGuessOfTheModuleSavesAStep) {
  const Settings plain{*model};
  TestEngine without(plain), with(with_drafts(plain, 8));
  EXPECT_EQ(with.run({counting(100, 120)}), without.run({counting(100, 120)}));
  EXPECT_EQ(without->counters().predictions, 0);
  EXPECT_EQ(without->counters().steps, 120);
  EXPECT_LT(with->counters().steps, 70) << "a step with one draft makes 2 tokens";
}

TEST_F(Predictions, ModuleSeesTheWholePromptInChunks) {
  Settings settings{*model};
  settings.max_batch_tokens = 33, settings.max_sequences = 4;
  const std::vector<GenerationRequest> requests{counting(150, 60), counting(70, 50), counting(5, 40)};
  const DrawnBySample undisturbed = run(settings, requests);
  TestEngine engine(with_drafts(settings, 1));
  EXPECT_EQ(engine.run(requests), undisturbed);
  EXPECT_GT(engine->counters().accepted_drafts, 60);
}

// The clock advances by the rows that the step has computed, those of the module included.
TEST_F(Predictions, AModuleThatDoesNotPayIsUsedNoMore) {
  const auto rows = std::make_shared<double>(0);
  Settings settings{*model};
  settings.max_drafts = 8;
  settings.clock = [rows] { return *rows += 1e-6; };
  TestEngine engine(settings);
  engine.submit({.prompt = test_prompt(8, 1), .max_tokens = 300});
  while (engine->busy()) {
    engine.step();
    const EngineCounters& c = engine->counters();
    *rows = static_cast<double>(c.prefill_tokens + c.decode_tokens + c.drafts - c.accepted_drafts);
  }
  EXPECT_GT(engine->counters().predictions, 0);
  EXPECT_LT(engine->counters().predictions, 100);
}

TEST_F(DraftsOfOneModel, WhereARowTakesAsLongAsAStepHardlyAnyDraftIsTried) {
  // The clock advances by the rows that the step has computed.
  const auto rows = std::make_shared<double>(0);
  Settings settings{*model};
  settings.max_drafts = 8;
  settings.clock = [rows] { return *rows; };
  GenerationRequest r{.prompt = test_prompt(8, 1), .max_tokens = 300};
  r.sampling.logit_bias = {{20, 60.0f}, {21, 60.0f}};
  TestEngine engine(settings);
  engine.submit(r);
  while (engine->busy()) {
    engine.step();
    const EngineCounters& c = engine->counters();
    *rows = static_cast<double>(c.prefill_tokens + c.decode_tokens + c.drafts - c.accepted_drafts);
  }
  EXPECT_LT(engine->counters().drafts, 60);
}

}  // namespace
}  // namespace r1
