// What prompts share: the pages of earlier prompts and answers, and those of prompts that are being computed. Expected
// counts are derived from lengths; the bits are those of a prompt that is computed alone.
#include <algorithm>

#include "infer/test_engine.hpp"

namespace r1 {
namespace {

constexpr i64 whole_pages(i64 tokens) { return tokens / kPageTokens * kPageTokens; }

std::vector<i32> joined(std::vector<i32> a, const std::vector<i32>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

class Prefixes : public testing::TestWithParam<std::tuple<const cpu::Kernels*, const char*>> {
 protected:
  const cpu::Kernels* kernels = std::get<0>(GetParam());
  std::unique_ptr<Model> model = test_model(1, std::get<1>(GetParam()));
  bool latent = std::get<1>(GetParam()) == kTestDeepseek;
};
INSTANTIATE_TEST_SUITE_P(Engine, Prefixes,
                         testing::Combine(testing::ValuesIn(cpu::levels().begin(), cpu::levels().end()),
                                          testing::Values(kTestDeepseek, kTestQwen2)),
                         [](const auto& i) {
                           const bool qwen2 = std::get<1>(i.param) == kTestQwen2;
                           return fmt::format("{}_{}", std::get<0>(i.param)->name, qwen2 ? "qwen2" : "deepseek");
                         });

// Every turn's prompt is the one before, then (a part of) its answer, then the user's next text. A turn shares what the
// turn before has computed of this beginning. The last token of an answer is never fed to the model, so its key is not
// there; in the mixed form the keys of an answer are not those of a prompt. Dropped thinking is the beginning of the
// answer, so then the common part ends where the answer began.
TEST_P(Prefixes, AConversationComputesOnlyWhatFollowsTheCommonBeginning) {
  for (const Numerics& n : {kExpanded, kRounded, kMixed, kIntegerCache})
    for (const bool thinking_dropped : {false, true}) {
      Settings settings{*model, kernels, n};
      settings.share_generated = true;
      TestEngine engine(settings);
      GenerationRequest r;
      r.prompt = test_prompt(30, 1), r.max_tokens = 25;
      i64 expected = 0;
      for (u64 turn = 0; turn < 10; ++turn) {
        r.stream = turn;
        const i64 cached = engine->counters().cached_tokens, prefill = engine->counters().prefill_tokens;
        const RequestId id = engine.submit(r);
        const DrawnSample drawn = engine.finish().at({id, 0});
        const i64 length = std::ssize(r.prompt);
        EXPECT_EQ(engine->counters().cached_tokens - cached, expected) << "turn " << turn;
        EXPECT_EQ(engine->counters().prefill_tokens - prefill, length - expected) << "turn " << turn;
        EXPECT_EQ(run({*model, kernels, n}, {r}).at({1, 0}), drawn) << "turn " << turn;
        const auto kept = drawn.tokens.begin() + (thinking_dropped ? 9 : 0);
        const bool answer_shared = !thinking_dropped && !(latent && n.mla == MlaForm::mixed);
        r.prompt.insert(r.prompt.end(), kept, drawn.tokens.end());
        r.prompt = joined(r.prompt, test_prompt(11, 100 + turn));
        expected = whole_pages(answer_shared ? length + 25 - 1 : length);
      }
      EXPECT_GE(expected, 256);
    }
}

TEST_P(Prefixes, PromptsThatArriveTogetherShareWhatOneOfThemComputes) {
  for (const Numerics& n : {kExpanded, kMixed})
    for (const i64 budget : {16, 70, 512}) {
      Settings settings{*model, kernels, n};
      settings.max_batch_tokens = budget, settings.max_sequences = 8;
      std::vector<GenerationRequest> requests;
      const auto common = test_prompt(200, 1);
      for (u64 i = 0; i < 5; ++i) {
        const std::vector<i32> own = test_prompt(static_cast<i64>(1 + 40 * i), 50 + i);
        requests.push_back({.prompt = joined(common, own), .max_tokens = 6, .stream = i});
      }
      TestEngine engine(settings);
      const DrawnBySample together = engine.run(requests);
      // 192 of the 200 common tokens are whole pages.
      EXPECT_EQ(engine->counters().cached_tokens, 4 * 192) << budget;
      i64 rows = 192;
      for (const GenerationRequest& r : requests) rows += std::ssize(r.prompt) - 192;
      EXPECT_EQ(engine->counters().prefill_tokens, rows) << budget;
      for (size_t i = 0; i < requests.size(); ++i)
        EXPECT_EQ(run({*model, kernels, n}, {requests[i]}).at({1, 0}), together.at({static_cast<RequestId>(i) + 1, 0}));
    }
}

class PrefixTest : public testing::Test {
 protected:
  std::unique_ptr<Model> model = test_model();
};

TEST_F(PrefixTest, ASaltKeepsTenantsApartAlsoWhileAPromptIsComputed) {
  Settings settings{*model};
  settings.max_batch_tokens = 64;
  TestEngine engine(settings);
  GenerationRequest r{.prompt = test_prompt(150, 1), .max_tokens = 3};
  for (const char* salt : {"a", "b", "a", ""}) r.cache_salt = salt, engine.submit(r);
  engine.finish();
  EXPECT_EQ(engine->counters().cached_tokens, 128) << "the third shares with the first";
  for (const char* salt : {"a", "b", ""}) {
    const i64 cached = engine->counters().cached_tokens;
    r.cache_salt = salt, engine.submit(r), engine.finish();
    EXPECT_EQ(engine->counters().cached_tokens - cached, 128) << salt;
  }
  const i64 cached = engine->counters().cached_tokens;
  r.cache_salt = "c", engine.submit(r), engine.finish();
  EXPECT_EQ(engine->counters().cached_tokens, cached);
}

TEST_F(PrefixTest, AFollowerGoesOnAloneWhenTheOneThatComputesItsPrefixLeaves) {
  Settings settings{*model};
  settings.max_batch_tokens = 64;
  TestEngine engine(settings);
  GenerationRequest r{.prompt = test_prompt(300, 1), .max_tokens = 3};
  for (int i = 0; i < 2; ++i) engine.submit(r);
  engine.step(), engine.step();
  EXPECT_TRUE(engine->cancel(1));
  engine.finish();
  EXPECT_EQ(engine->counters().prefill_tokens, 300);
  EXPECT_EQ(engine->counters().cached_tokens, 128);
  EXPECT_EQ(engine.drawn.at({2, 0}), run({*model}, {r}).at({1, 0}));
}

TEST_F(PrefixTest, PromptEventsSayWhatIsCachedAndEndAtTheWholePrompt) {
  Settings settings{*model};
  settings.max_batch_tokens = 64;
  TestEngine engine(settings);
  GenerationRequest r{.prompt = test_prompt(200, 1), .max_tokens = 2};
  for (int i = 0; i < 2; ++i) engine.submit(r);
  std::map<RequestId, std::vector<PromptEvent>> events;
  while (engine->busy()) {
    engine.step();
    for (const PromptEvent& e : engine->prompts()) events[e.id].push_back(e);
  }
  for (const auto& [id, list] : events) {
    EXPECT_EQ(list.front().processed, 0);
    EXPECT_EQ(list.back().processed, 200);
    EXPECT_EQ(list.back().cached, id == 1 ? 0 : 192);
    EXPECT_TRUE(std::ranges::is_sorted(list, {}, &PromptEvent::processed));
    for (const PromptEvent& e : list) EXPECT_EQ(e.total, 200);
  }
}

TEST_F(PrefixTest, WithoutLeaveGeneratedPagesAreNotShared) {
  TestEngine engine({*model});
  GenerationRequest r{.prompt = test_prompt(60, 1), .max_tokens = 80};
  const DrawnSample answer = engine.run({r}).at({1, 0});
  r.prompt = joined(r.prompt, answer.tokens);
  engine.submit(r), engine.finish();
  EXPECT_EQ(engine->counters().cached_tokens, 0);
}

TEST_F(PrefixTest, UnusedPrefixesTakeNoMoreThanTheirBound) {
  ThreadPool pool(1);
  EngineOptions o;
  o.kernels = &cpu::active(), o.pool = &pool, o.numerics = kExpanded, o.kv_tokens = 64 * 20;
  const KvLayout layout = model->kv_layout(kExpanded);
  o.prefix_bytes = 3 * layout.page_bytes() * layout.layers + 1;
  Engine engine = std::move(*Engine::create(*model, o));
  for (u64 i = 0; i < 4; ++i) {
    ASSERT_TRUE(engine.submit({.prompt = test_prompt(150, i), .max_tokens = 2}));
    while (engine.busy()) ASSERT_TRUE(engine.step());
    EXPECT_EQ(engine.cache().pages_cached(), i == 0 ? 2 : 3);
  }
}

}  // namespace
}  // namespace r1
