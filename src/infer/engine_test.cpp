// A sequence has the same bits whatever shares its batch, its pages and its processor; and all pages come back.
#include "infer/engine.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "infer/score.hpp"
#include "infer/test_engine.hpp"

namespace r1 {
namespace {

class AtEveryLevel : public testing::TestWithParam<std::tuple<const cpu::Kernels*, const char*>> {
 protected:
  const cpu::Kernels* kernels = std::get<0>(GetParam());
  std::unique_ptr<Model> model = test_model(1, std::get<1>(GetParam()));
  Settings with(const Numerics& n) const { return {*model, kernels, n}; }
};
INSTANTIATE_TEST_SUITE_P(Engine, AtEveryLevel,
                         testing::Combine(testing::ValuesIn(cpu::levels().begin(), cpu::levels().end()),
                                          testing::Values(kTestDeepseek, kTestQwen2)),
                         [](const auto& i) {
                           const bool qwen2 = std::get<1>(i.param) == kTestQwen2;
                           return fmt::format("{}_{}", std::get<0>(i.param)->name, qwen2 ? "qwen2" : "deepseek");
                         });

TEST_P(AtEveryLevel, ARequestAloneIsTheSameBitsAsAmongSixtyFour) {
  const auto requests = mixed_requests(64);
  for (const Numerics& n : {kExpanded, kRounded, kMixed, kIntegerCache}) {
    const DrawnBySample together = run(with(n), requests);
    for (const i64 i : {0, 1, 2, 3, 17, 43, 63}) {
      const DrawnBySample alone = run(with(n), {requests[i]});
      const DrawnSample& among = together.at({i + 1, 0});
      ASSERT_EQ(static_cast<i64>(among.tokens.size()), requests[i].max_tokens);
      EXPECT_EQ(alone.at({1, 0}), among) << "request " << i;
    }
  }
}

TEST_P(AtEveryLevel, ChunkedPrefillIsTheSameBitsAsWhole) {
  const auto requests = mixed_requests(12);
  for (const Numerics& n : {kExpanded, kMixed}) {
    Settings settings = with(n);
    settings.max_sequences = 5;
    settings.max_batch_tokens = 512;
    const DrawnBySample whole = run(settings, requests);
    for (const i64 budget : {5, 7, 33, 64, 100}) {
      settings.max_batch_tokens = budget;
      EXPECT_EQ(run(settings, requests), whole) << budget << " tokens a step";
    }
  }
}

TEST_P(AtEveryLevel, CachedLogProbabilitiesAreTheBitsOfUncachedScoring) {
  ThreadPool pool(1);
  for (const Numerics& n : {kExpanded, kRounded}) {
    for (const float temperature : {1.0f, 0.7f}) {
      auto requests = mixed_requests(10);
      for (GenerationRequest& r : requests) r.sampling.temperature = temperature, r.max_tokens = 70;
      for (const auto& [key, drawn] : run(with(n), requests)) {
        const auto& prompt = requests[key.first - 1].prompt;
        std::vector<i32> all = prompt;
        all.insert(all.end(), drawn.tokens.begin(), drawn.tokens.end());
        ScoreOptions options;
        options.kernels = kernels, options.pool = &pool, options.numerics = n, options.temperature = temperature;
        const auto scored = score(*model, all, options);
        ASSERT_TRUE(scored) << (scored ? "" : scored.error().what);
        for (size_t t = 0; t < drawn.tokens.size(); ++t) {
          u32 bits;
          std::memcpy(&bits, &(*scored)[prompt.size() + t], 4);
          ASSERT_EQ(bits, drawn.logprob_bits[t]) << "request " << key.first << ", token " << t;
        }
      }
    }
  }
}

TEST_P(AtEveryLevel, OneThreadIsTheSameBitsAsThree) {
  const auto requests = mixed_requests(24);
  for (const Numerics& n : {kExpanded, kMixed}) {
    Settings settings = with(n);
    const DrawnBySample one = run(settings, requests);
    settings.threads = 3;
    EXPECT_EQ(run(settings, requests), one);
  }
}

TEST_P(AtEveryLevel, SamplesOfAGroupAreTheBitsOfSeparateRequests) {
  for (const Numerics& n : {kExpanded, kMixed})
    for (const i64 length : {3, 64, 100, 128}) {
      GenerationRequest group;
      group.prompt = test_prompt(length, 77);
      group.sampling = {.temperature = 1, .top_p = 1, .seed = 9};
      group.max_tokens = 12, group.samples = 6, group.stream = 4;
      Settings settings = with(n);
      settings.max_sequences = 4;  // the last samples start after the first ones have ended
      const DrawnBySample together = run(settings, {group});
      for (i32 i = 0; i < group.samples; ++i) {
        GenerationRequest one = group;
        one.samples = 1, one.first_sample = i;
        EXPECT_EQ(run(settings, {one}).at({1, i}), together.at({1, i})) << "sample " << i << " of length " << length;
      }
      EXPECT_NE(together.at({1, 0}).tokens, together.at({1, 1}).tokens);
    }
}

TEST_P(AtEveryLevel, APrefixFoundInTheCacheIsTheSameBitsAsOneComputed) {
  for (const Numerics& n : {kExpanded, kMixed}) {
    const Settings settings = with(n);
    const auto prefix = test_prompt(150, 5);
    TestEngine sharing(settings);
    for (i64 i = 0; i < 5; ++i) {
      GenerationRequest r;
      r.prompt = prefix;
      const auto own = test_prompt(1 + i * 20, static_cast<u64>(100 + i));
      r.prompt.insert(r.prompt.end(), own.begin(), own.end());
      r.max_tokens = 8;
      r.stream = static_cast<u64>(i);
      const i64 cached = sharing->counters().cached_tokens;
      sharing.submit(r);
      sharing.finish();
      EXPECT_EQ(sharing->counters().cached_tokens - cached, i == 0 ? 0 : 128);
      EXPECT_EQ(run(settings, {r}).at({1, 0}), sharing.drawn.at({i + 1, 0})) << "request " << i;
    }
  }
}

class EngineTest : public testing::Test {
 protected:
  std::unique_ptr<Model> model = test_model();
};

TEST_F(EngineTest, APromptThatIsAllInTheCacheStillComputesItsLastToken) {
  TestEngine engine({*model});
  GenerationRequest r;
  r.prompt = test_prompt(128, 1);
  r.max_tokens = 3;
  for (int i = 0; i < 2; ++i) engine.submit(r), engine.finish();
  EXPECT_EQ(engine->counters().cached_tokens, 64);
  EXPECT_EQ(engine.drawn.at({1, 0}), engine.drawn.at({2, 0}));
}

TEST_F(EngineTest, WhenPagesAreScarceRequestsWaitAndTheBitsStay) {
  const auto requests = mixed_requests(20);
  const DrawnBySample roomy = run({*model}, requests);
  Settings tight{*model};
  tight.kv_tokens = 4 * 64;
  EXPECT_EQ(run(tight, requests), roomy);
}

TEST_F(EngineTest, AGroupLargerThanTheCacheFinishesWithTheSameBits) {
  GenerationRequest r;
  r.prompt = test_prompt(70, 3);
  r.max_tokens = 40, r.samples = 9;
  Settings tight{*model};
  tight.kv_tokens = 3 * 64;
  EXPECT_EQ(run(tight, {r}), run({*model}, {r}));
}

TEST_F(EngineTest, AGroupNeedsNoMorePagesThanOneOfItsSamples) {
  const auto admitted = [&](i64 prompt, i32 samples, i64 pages) {
    Settings settings{*model};
    settings.kv_tokens = pages * 64;
    TestEngine engine(settings);
    GenerationRequest r;
    r.prompt = test_prompt(prompt, 1);
    r.max_tokens = 193 - prompt, r.samples = samples;  // 192 positions: 3 pages
    const auto id = engine->submit(r);
    if (id) {
      // A request that is admitted also ends.
      for (int steps = 0; engine->busy() && steps < 2000; ++steps) engine.step();
      EXPECT_FALSE(engine->busy()) << prompt << " tokens, " << samples << " samples, " << pages << " pages";
    }
    return id.has_value();
  };
  EXPECT_TRUE(admitted(70, 1, 3));
  EXPECT_FALSE(admitted(70, 1, 2));
  EXPECT_TRUE(admitted(70, 2, 3)) << "the held prompt is given up for the first sample";
  EXPECT_FALSE(admitted(128, 2, 2));
  EXPECT_TRUE(admitted(128, 2, 3));
}

TEST_F(EngineTest, GroupsThatHoldTheirPromptsNeverWaitForEachOther) {
  GenerationRequest a, b;
  a.prompt = test_prompt(10, 1), a.max_tokens = 370, a.samples = 2;  // a sample: 6 of the 8 pages
  b.prompt = test_prompt(100, 2), b.max_tokens = 20, b.samples = 2;  // holding its two prompt pages would leave 5
  const DrawnBySample roomy = run({*model}, {a, b});
  Settings tight{*model};
  tight.kv_tokens = 8 * 64;
  TestEngine engine(tight);
  engine.submit(a), engine.submit(b);
  for (int steps = 0; engine->busy() && steps < 2000; ++steps) engine.step();
  ASSERT_FALSE(engine->busy());
  EXPECT_EQ(engine.finish(), roomy);
}

TEST_F(EngineTest, TheDefaultCacheHoldsASampleOfTheWholeContextThatStartsLate) {
  ThreadPool pool(1);
  EngineOptions o;
  o.kernels = &cpu::active(), o.pool = &pool, o.max_sequences = 1;
  auto engine = Engine::create(*model, o);
  ASSERT_TRUE(engine);
  GenerationRequest r;
  r.prompt = test_prompt(10, 1), r.max_tokens = kTestContext, r.samples = 2;
  const auto id = engine->submit(r);
  EXPECT_TRUE(id) << (id ? "" : id.error().what);
}

TEST_F(EngineTest, ASequenceMayFillTheContextAndNoMore) {
  TestEngine engine({*model});
  const auto refused = [&](i64 prompt) { return !engine->submit({.prompt = test_prompt(prompt, 1)}); };
  EXPECT_TRUE(refused(kTestContext));
  GenerationRequest r;
  r.prompt = test_prompt(kTestContext - 1, 1), r.max_tokens = 100;
  const DrawnBySample drawn = engine.run({r});
  EXPECT_EQ(drawn.at({1, 0}).tokens.size(), 1u) << "there is room for one token";
  EXPECT_EQ(drawn.at({1, 0}).finish, Finish::length);
}

TEST_F(EngineTest, CancelFreesThePagesOfWhatRunsAndWhatWaits) {
  Settings settings{*model};
  settings.max_sequences = 3;
  TestEngine engine(settings);
  GenerationRequest r;
  r.prompt = test_prompt(100, 1);
  r.max_tokens = 50, r.samples = 5;
  const RequestId running = engine.submit(r);
  for (int i = 0; i < 4; ++i) engine.step();
  const RequestId waiting = engine.submit(r);
  engine.step();
  EXPECT_EQ(engine->running(), 3);
  EXPECT_EQ(engine->queued(), 2);
  // 104 positions: the sequences share one page of the prompt, and each has one more.
  EXPECT_EQ(engine->cache().pages_in_use(), 1 + 3 * 1);
  EXPECT_TRUE(engine->cancel(running));
  EXPECT_FALSE(engine->cancel(running));
  EXPECT_EQ(engine->cache().pages_in_use(), 0);
  EXPECT_TRUE(engine->cancel(waiting));
  EXPECT_FALSE(engine->busy());
  EXPECT_EQ(engine->queued(), 0);
}

TEST_F(EngineTest, ASampleThatIsFinishedEarlyLeavesTheOthersAlone) {
  GenerationRequest r;
  r.prompt = test_prompt(20, 1);
  r.max_tokens = 10, r.samples = 3;
  const DrawnBySample whole = run({*model}, {r});
  TestEngine engine({*model});
  engine.submit(r);
  for (int i = 0; i < 4; ++i) engine.step();
  engine->finish_sample(1, 1);
  const DrawnBySample cut = engine.finish();
  EXPECT_EQ(cut.at({1, 0}), whole.at({1, 0}));
  EXPECT_EQ(cut.at({1, 2}), whole.at({1, 2}));
  EXPECT_LT(cut.at({1, 1}).tokens.size(), 10u);
}

TEST_F(EngineTest, AStopTokenEndsItsSequenceAndIsReported) {
  GenerationRequest r;
  r.prompt = test_prompt(20, 1);
  r.sampling.temperature = 0;
  r.max_tokens = 10;
  const DrawnSample free = run({*model}, {r}).at({1, 0});
  EXPECT_EQ(free.finish, Finish::length);
  r.stop_ids = {free.tokens[4]};
  const DrawnSample stopped = run({*model}, {r}).at({1, 0});
  EXPECT_EQ(stopped.finish, Finish::stop);
  EXPECT_EQ(stopped.tokens.back(), free.tokens[4]);
  EXPECT_LE(stopped.tokens.size(), 5u);
}

TEST_F(EngineTest, AThinkingPastItsBudgetIsClosedByForceAndOneThatEndedIsNot) {
  GenerationRequest r;
  r.prompt = test_prompt(20, 1);
  r.sampling.temperature = 0;
  r.max_tokens = 12;
  const std::vector<i32> free = run({*model}, {r}).at({1, 0}).tokens;
  i32 never = 0;
  while (std::find(free.begin(), free.end(), never) != free.end()) ++never;
  r.think = {.tokens = 5, .end = never, .close = {7, never}};
  const std::vector<i32> forced = run({*model}, {r}).at({1, 0}).tokens;
  EXPECT_EQ(std::vector(forced.begin(), forced.begin() + 5), std::vector(free.begin(), free.begin() + 5));
  EXPECT_EQ(forced[5], 7);
  EXPECT_EQ(forced[6], never);
  EXPECT_EQ(forced.size(), 12u);
  r.think.end = free[2];
  EXPECT_EQ(run({*model}, {r}).at({1, 0}).tokens, free);
}

TEST_F(EngineTest, AThinkingThatTheModelMustOpenHasABudgetOnlyIfItsFirstTokenOpensIt) {
  GenerationRequest r;
  r.prompt = test_prompt(20, 1);
  r.sampling.temperature = 0;
  r.max_tokens = 8;
  const std::vector<i32> free = run({*model}, {r}).at({1, 0}).tokens;
  i32 never = 0;
  while (std::find(free.begin(), free.end(), never) != free.end()) ++never;
  for (const i64 budget : {0, 1, 3}) {  // the opening token itself is never replaced
    r.think = {.tokens = budget, .open = free[0], .end = never, .close = {7, never}};
    const std::vector<i32> forced = run({*model}, {r}).at({1, 0}).tokens;
    const i64 drawn = std::max<i64>(budget, 1);
    EXPECT_EQ(std::vector(forced.begin(), forced.begin() + drawn), std::vector(free.begin(), free.begin() + drawn));
    EXPECT_EQ(forced[drawn], 7) << budget;
    EXPECT_EQ(forced[drawn + 1], never) << budget;
    r.think.open = never;
    EXPECT_EQ(run({*model}, {r}).at({1, 0}).tokens, free) << budget;
  }
}

TEST_F(EngineTest, WhatCannotBeServedIsRefusedAtOnceWithBothNumbers) {
  TestEngine engine({*model, &cpu::active(), {}, 1, 128, 64, 4 * 64});
  const auto refusal = [&](GenerationRequest r) {
    const auto id = engine->submit(std::move(r));
    EXPECT_FALSE(id);
    return id ? std::string() : id.error().what;
  };
  EXPECT_NE(refusal({}).find("no tokens"), std::string::npos);
  const std::string long_prompt = refusal({.prompt = test_prompt(600, 1)});
  EXPECT_NE(long_prompt.find("600"), std::string::npos) << long_prompt;
  EXPECT_NE(long_prompt.find("512"), std::string::npos) << long_prompt;
  EXPECT_NE(refusal({.prompt = {0, 131}}).find("131"), std::string::npos);
  EXPECT_NE(refusal({.prompt = {0, -1}}).find("-1"), std::string::npos);
  EXPECT_NE(refusal({.prompt = {0}, .sampling = {.temperature = NAN}}).find("temperature"), std::string::npos);
  EXPECT_NE(refusal({.prompt = {0}, .sampling = {.logit_bias = {{131, 1.0f}}}}).find("131"), std::string::npos);
  EXPECT_NE(refusal({.prompt = {0}, .max_tokens = 0}).find("max_tokens"), std::string::npos);
  EXPECT_NE(refusal({.prompt = {0}, .max_tokens = 300}).find("pages"), std::string::npos);
  EXPECT_NE(refusal({.prompt = {0}, .samples = 0}).find("samples is 0"), std::string::npos);
  EXPECT_NE(refusal({.prompt = {0}, .first_sample = -1}).find("from -1"), std::string::npos);
  EXPECT_FALSE(engine->busy());
}

TEST_F(EngineTest, ChangedWeightsDropPrefixesAndMayNotMeetARunningSequence) {
  TestEngine engine({*model});
  GenerationRequest r;
  r.prompt = test_prompt(100, 1);
  r.max_tokens = 5;
  engine.submit(r);
  engine.finish();
  EXPECT_EQ(engine->cache().pages_cached(), 1);

  const Weight& w = model->weights().back();
  w.f32()[0] += 1;
  w.bump();
  engine.submit(r);
  engine.step();
  EXPECT_EQ(engine->counters().cached_tokens, 0);
  w.bump();
  const auto events = engine->step();
  ASSERT_FALSE(events);
  EXPECT_NE(events.error().what.find("weights changed"), std::string::npos);
  EXPECT_TRUE(engine->cancel(2));
}

TEST_F(EngineTest, ASequenceWhoseLogitsAreNaNFailsAloneAndSaysWhy) {
  const auto bad = test_prompt(1, 1);
  const Weight& embed = model->weights().front();
  ASSERT_EQ(embed.rows(), kTestVocab) << embed.name();
  embed.f32()[bad[0] * embed.cols()] = NAN;
  embed.bump();
  TestEngine engine({*model});
  engine.submit({.prompt = bad});
  GenerationRequest fine;
  for (i32 id = 2; static_cast<i64>(fine.prompt.size()) < 20; ++id)
    if (id != bad[0]) fine.prompt.push_back(id);
  engine.submit(fine);
  const DrawnBySample drawn = engine.finish();
  EXPECT_EQ(drawn.at({1, 0}).finish, Finish::failed);
  EXPECT_EQ(drawn.at({2, 0}).finish, Finish::length);
  EXPECT_NE(drawn.at({1, 0}).failure.find("NaN"), std::string::npos);
  EXPECT_EQ(drawn.at({2, 0}).failure, "");
}

TEST_F(EngineTest, AConstraintIsObeyedAndSeesEveryTokenOnceAlsoForcedOnes) {
  struct Recorder : ThirdsConstraint {
    explicit Recorder(std::vector<i32>& tokens) : seen(tokens) {}
    void accept(i32 token) override { seen.push_back(token), ThirdsConstraint::accept(token); }
    std::vector<i32>& seen;
  };
  std::vector<i32> seen;
  GenerationRequest r{.prompt = test_prompt(20, 1), .max_tokens = 40};
  r.think = {.tokens = 4, .end = 130, .close = {7, 130}};
  r.constraint = [&] { return std::make_unique<Recorder>(seen); };
  TestEngine engine({*model});
  engine.submit(r);
  for (i64 steps = 0; engine->busy(); ++steps) {
    engine.step();
    if (steps % 7 == 3) engine->preempt(1, 0);
  }
  const std::vector<i32> tokens = engine.finish().at({1, 0}).tokens;
  EXPECT_EQ(seen, tokens);
  EXPECT_EQ(tokens[4], 7) << "forced, whatever the constraint says";
  for (i64 i = 6; i < 40; ++i)
    if (i % 10 != 9) {
      EXPECT_EQ(tokens[i] % 3, i % 3) << i;
    }
}

TEST_F(EngineTest, AConstraintThatAllowsNothingFailsItsSampleAlone) {
  struct Nothing : TokenConstraint {
    std::span<const u64> allowed() override { return words; }
    void accept(i32) override {}
    u64 words[1] = {0};
  };
  GenerationRequest r{.prompt = test_prompt(20, 1), .max_tokens = 3}, constrained = r;
  constrained.constraint = [] { return std::make_unique<Nothing>(); };
  const DrawnBySample drawn = run({*model}, {constrained, r});
  EXPECT_EQ(drawn.at({1, 0}).finish, Finish::failed);
  EXPECT_NE(drawn.at({1, 0}).failure.find("allows no token"), std::string::npos);
  EXPECT_EQ(drawn.at({2, 0}).finish, Finish::length);
}

// Pages for max_sequences whole contexts, each with the page of a sample that starts late, but at most a gibibyte, and
// at least one sequence.
TEST_F(EngineTest, TheDefaultCacheHoldsEverySequenceOrOneGibibyteOrAtLeastOneSequence) {
  ThreadPool pool(1);
  const auto pages = [&](i64 sequences, i64 context) {
    EngineOptions o;
    o.kernels = &cpu::active(), o.pool = &pool, o.numerics = kExpanded;
    o.max_sequences = sequences, o.context = context, o.max_batch_tokens = std::max<i64>(128, sequences);
    auto engine = Engine::create(*model, o);
    EXPECT_TRUE(engine) << (engine ? "" : engine.error().what);
    return engine ? engine->cache().pages() : 0;
  };
  EXPECT_EQ(pages(1, 512), 512 / kPageTokens + 1);
  EXPECT_EQ(pages(3, 512), 3 * (512 / kPageTokens + 1));
  EXPECT_EQ(pages(3, 64), 3 * (64 / kPageTokens + 1));
  const KvLayout layout = model->kv_layout(kExpanded);
  EXPECT_EQ(pages(100'000, 512), (i64{1} << 30) / (layout.page_bytes() * layout.layers));
}

TEST_F(EngineTest, ABudgetInBytesHoldsAsManyPagesAsFit) {
  ThreadPool pool(1);
  EngineOptions o;
  o.kernels = &cpu::active(), o.pool = &pool, o.numerics = kExpanded, o.context = 128;
  const KvLayout layout = model->kv_layout(kExpanded);
  const i64 page = layout.page_bytes() * layout.layers;
  for (const i64 bytes : {7 * page, 8 * page - 1}) {
    o.kv_bytes = bytes;
    const auto engine = Engine::create(*model, o);
    ASSERT_TRUE(engine) << engine.error().what;
    EXPECT_EQ(engine->cache().pages(), 7);
  }
}

TEST_F(EngineTest, AnEngineIsRefusedWhoseOptionsContradictTheModelOrEachOther) {
  ThreadPool pool(1);
  const auto refusal = [&](i64 context, i64 max_sequences, i64 max_batch_tokens) {
    EngineOptions o;
    o.kernels = &cpu::active(), o.pool = &pool, o.numerics = kExpanded;
    o.context = context, o.max_sequences = max_sequences, o.max_batch_tokens = max_batch_tokens;
    const auto engine = Engine::create(*model, o);
    return engine ? std::string() : engine.error().what;
  };
  const i64 trained = model->info().context;
  EXPECT_EQ(refusal(trained, 4, 4), "");
  EXPECT_EQ(refusal(trained + 1, 4, 4), fmt::format("context {} is longer than the model's {}", trained + 1, trained));
  EXPECT_EQ(refusal(0, 1, 1), "");
  EXPECT_NE(refusal(0, 0, 1).find("max_sequences 0"), std::string::npos);
  EXPECT_NE(refusal(0, 5, 4).find("max_batch_tokens 4 must be at least max_sequences 5"), std::string::npos);
}

// The first token of an answer is drawn from the last row of the prompt. Every further one needs a row of its own.
TEST_F(EngineTest, CountersHoldTheRowsOfPromptsAndOfDrawnTokens) {
  TestEngine engine({*model});
  GenerationRequest r{.prompt = test_prompt(70, 1), .max_tokens = 6};
  engine.run({r});
  const EngineCounters first = engine->counters();
  EXPECT_EQ(first.prefill_tokens, 70);
  EXPECT_EQ(first.decode_tokens, 5);
  EXPECT_EQ(first.cached_tokens, 0);
  EXPECT_EQ(first.steps, 6);
  engine.run({r});
  const EngineCounters second = engine->counters();
  EXPECT_EQ(second.prefill_tokens, 70 + 70 - kPageTokens) << "the first page is shared";
  EXPECT_EQ(second.decode_tokens, 10);
  EXPECT_EQ(second.cached_tokens, kPageTokens);
  EXPECT_EQ(second.steps, 12);
}

}  // namespace
}  // namespace r1
