// Everything at once, at random: clients, priorities, salts, samples, budgets, constraints, a cache that is too small,
// cancellations, early ends and preemptions. What a request draws is what it draws alone, and all pages come back.
#include <algorithm>

#include "infer/test_engine.hpp"

namespace r1 {
namespace {

class Mixture : public testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<Model> model = test_model(1, GetParam());
};
INSTANTIATE_TEST_SUITE_P(Engine, Mixture, testing::Values(kTestDeepseek, kTestQwen2),
                         [](const auto& i) { return std::string(i.param == kTestQwen2 ? "qwen2" : "deepseek"); });

// Prompts begin with one of three texts, so that many share pages.
std::vector<GenerationRequest> random_requests(Random& random, i64 n) {
  const char* clients[] = {"a", "b", "c"};
  const char* salts[] = {"", "", "tenant"};
  std::vector<GenerationRequest> requests = mixed_requests(n);
  for (size_t i = 0; i < requests.size(); ++i) {
    GenerationRequest& r = requests[i];
    std::vector<i32> prompt = test_prompt(random.between(0, 150), 1000 + random.below(3));
    const std::vector<i32> own = test_prompt(random.between(1, 40), i);
    prompt.insert(prompt.end(), own.begin(), own.end());
    r.prompt = std::move(prompt);
    r.max_tokens = random.between(1, 60);
    r.samples = random.below(4) ? 1 : static_cast<i32>(random.between(2, 4));
    r.client = clients[random.below(3)], r.priority = static_cast<i32>(random.below(8) == 0);
    r.cache_salt = salts[random.below(3)];
    if (random.below(4) == 0) r.think = {.tokens = random.between(0, 20), .end = 130, .close = {7, 130}};
  }
  return requests;
}

bool begins(const std::vector<i32>& whole, const std::vector<i32>& beginning) {
  return beginning.size() <= whole.size() && std::equal(beginning.begin(), beginning.end(), whole.begin());
}

TEST_P(Mixture, EveryRequestDrawsWhatItDrawsAlone) {
  for (const Numerics& n : {kExpanded, kMixed})
    for (u64 seed = 0; seed < 3; ++seed) {
      SCOPED_TRACE(seed);
      Random random(seed, Purpose::test);
      const std::vector<GenerationRequest> requests = random_requests(random, 40);
      Settings settings{*model, &cpu::active(), n};
      settings.kv_tokens = 64 * random.between(5, 12), settings.max_sequences = random.between(1, 8);
      settings.max_batch_tokens = random.between(16, 200), settings.share_generated = true;
      TestEngine engine(settings);
      std::vector<RequestId> cancelled;
      std::vector<std::pair<RequestId, i32>> finished;
      size_t submitted = 0;
      for (i64 steps = 0; (submitted < requests.size() || engine->busy()) && steps < 20'000; ++steps) {
        if (submitted < requests.size() && random.below(4) == 0) engine.submit(requests[submitted++]);
        const auto any = static_cast<RequestId>(1 + random.below(static_cast<u32>(requests.size())));
        if (random.below(5) == 0) engine->preempt(any, static_cast<i32>(random.below(2)));
        if (random.below(60) == 0 && engine->cancel(any)) cancelled.push_back(any);
        if (random.below(60) == 0)
          if (const auto d = engine.drawn.find({any, 0}); d != engine.drawn.end() && d->second.finish == Finish::none)
            engine->finish_sample(any, 0), finished.push_back({any, 0});
        engine.step();
      }
      engine.finish();
      for (size_t i = 0; i < requests.size(); ++i) {
        const auto id = static_cast<RequestId>(i) + 1;
        const bool whole = std::ranges::find(cancelled, id) == cancelled.end();
        const DrawnBySample alone = run({*model, &cpu::active(), n}, {requests[i]});
        for (i32 sample = 0; sample < requests[i].samples; ++sample) {
          const DrawnSample& drawn = engine.drawn[{id, sample}];
          const DrawnSample& expected = alone.at({1, sample});
          const bool ended = std::ranges::find(finished, std::pair(id, sample)) != finished.end();
          if (whole && !ended) {
            EXPECT_EQ(drawn, expected) << "request " << id << ", sample " << sample;
          } else {
            EXPECT_TRUE(begins(expected.tokens, drawn.tokens)) << "request " << id << ", sample " << sample;
          }
        }
      }
    }
}

}  // namespace
}  // namespace r1
