// The experts of every token that a sample was fed are recorded, wherever its pages come from.
#include <numeric>
#include <set>

#include "infer/test_engine.hpp"

namespace r1 {
namespace {

class RecordedRoutesAtEveryLevel : public testing::TestWithParam<const cpu::Kernels*> {
 protected:
  Settings with(const Numerics& n) const {
    Settings s{*model, GetParam(), n};
    s.record_routes = true;
    return s;
  }
  i64 per_token() const { return model->info().layers * model->info().experts_per_token; }

  // The routes of one pass over all the tokens but the last, without a cache.
  std::vector<u16> routes_of(const std::vector<i32>& prompt, const DrawnSample& drawn, const Numerics& n) const {
    std::vector<i32> tokens = prompt;
    tokens.insert(tokens.end(), drawn.tokens.begin(), drawn.tokens.end() - 1);
    Batch batch;
    batch.add_sequence(tokens);
    ThreadPool pool(1);
    Arena arena;
    RecordedRoutes routes{model->info().layers, model->info().experts_per_token};
    routes.clear(batch.rows());
    Pass p{.batch = batch, .arena = arena, .pool = pool, .kernels = *GetParam(), .numerics = n};
    p.record_routes = &routes;
    model->forward(p);
    return routes.expert;
  }

  const std::unique_ptr<Model> model = test_model();
};
INSTANTIATE_TEST_SUITE_P(Engine, RecordedRoutesAtEveryLevel,
                         testing::ValuesIn(cpu::levels().begin(), cpu::levels().end()),
                         [](const auto& i) { return std::string(i.param->name); });

// Requests that share a prefix of two pages, alone and in groups. Some groups are larger than what runs at once, so
// their last samples start late.
std::vector<GenerationRequest> requests_that_share_pages() {
  std::vector<GenerationRequest> requests = mixed_requests(8);
  const auto prefix = test_prompt(150, 99);
  for (size_t i = 0; i < requests.size(); ++i) {
    requests[i].samples = static_cast<i32>(i % 3) * 2 + 1;
    if (i % 2) requests[i].prompt.insert(requests[i].prompt.begin(), prefix.begin(), prefix.end());
  }
  return requests;
}

TEST_P(RecordedRoutesAtEveryLevel, RoutesOfSharedAndChunkedPromptsAreThoseOfOnePassOverTheSequence) {
  const auto requests = requests_that_share_pages();
  for (const Numerics& n : {kExpanded, kRounded})
    for (const i64 budget : {7, 200}) {
      Settings settings = with(n);
      settings.max_batch_tokens = budget, settings.max_sequences = 5;
      TestEngine engine(settings);
      const DrawnBySample drawn = engine.run(requests);
      EXPECT_GT(engine->counters().cached_tokens, 0);
      for (const auto& [key, sample] : drawn)
        ASSERT_EQ(sample.routes, routes_of(requests[key.first - 1].prompt, sample, n))
            << "request " << key.first << ", sample " << key.second << ", " << budget << " tokens a step";
    }
}

// Preempted sequences lose their pages and are replayed; answers become prefixes.
TEST_P(RecordedRoutesAtEveryLevel, RoutesOfPreemptedSequencesAndOfSharedAnswersAreThoseOfOnePassToo) {
  auto requests = requests_that_share_pages();
  for (GenerationRequest& r : requests) r.max_tokens = 80;
  Settings settings = with(kExpanded);
  settings.kv_tokens = 12 * kPageTokens, settings.share_generated = true;
  TestEngine engine(settings);
  const DrawnBySample drawn = engine.run(requests);
  EXPECT_GT(engine->counters().preemptions, 0);
  for (const auto& [key, sample] : drawn)
    ASSERT_EQ(sample.routes, routes_of(requests[key.first - 1].prompt, sample, kExpanded))
        << "request " << key.first << ", sample " << key.second;
  GenerationRequest next;  // begins with an answer
  next.prompt = requests[1].prompt;
  const auto& answer = drawn.at({2, 0}).tokens;
  next.prompt.insert(next.prompt.end(), answer.begin(), answer.end());
  next.max_tokens = 3;
  engine.submit(next);
  const DrawnSample sample = engine.finish().at({std::ssize(requests) + 1, 0});
  EXPECT_EQ(sample.routes, routes_of(next.prompt, sample, kExpanded));
}

TEST_P(RecordedRoutesAtEveryLevel, RecordingChangesNoBitOfWhatIsDrawn) {
  const auto requests = requests_that_share_pages();
  for (const Numerics& n : {kExpanded, kMixed}) {
    Settings settings = with(n);
    DrawnBySample recorded = run(settings, requests);
    for (auto& [key, sample] : recorded) {
      EXPECT_EQ(std::ssize(sample.routes),
                (std::ssize(requests[key.first - 1].prompt) + std::ssize(sample.tokens) - 1) * per_token());
      sample.routes.clear();
    }
    settings.record_routes = false;
    EXPECT_EQ(run(settings, requests), recorded);
  }
}

TEST_P(RecordedRoutesAtEveryLevel, InTheMixedFormARequestAloneHasTheRoutesThatItHasAmongOthers) {
  const auto requests = requests_that_share_pages();
  const DrawnBySample together = run(with(kMixed), requests);
  for (const size_t i : {size_t{1}, size_t{2}, size_t{5}}) {
    const DrawnBySample alone = run(with(kMixed), {requests[i]});
    for (i32 s = 0; s < requests[i].samples; ++s)
      EXPECT_EQ(alone.at({1, s}).routes, together.at({static_cast<RequestId>(i) + 1, s}).routes);
  }
}

TEST(RecordedRoutes, AModelOfOneLayerWithOneExpertPerTokenHasOneRoutePerToken) {
  std::string config = kTestDeepseek;
  for (const auto& [was, now] : {std::pair{R"("num_hidden_layers":3)", R"("num_hidden_layers":1)"},
                                 {R"("first_k_dense_replace":1)", R"("first_k_dense_replace":0)"},
                                 {R"("num_experts_per_tok":3)", R"("num_experts_per_tok":1)"}})
    config.replace(config.find(was), std::string_view(was).size(), now);
  const auto model = test_model(1, config.c_str());
  Settings settings{*model};
  settings.record_routes = true;
  const auto routes = run(settings, {{.prompt = test_prompt(40, 1), .max_tokens = 3}}).at({1, 0}).routes;
  EXPECT_EQ(routes.size(), 40u + 2u);
  EXPECT_GT(std::set(routes.begin(), routes.end()).size(), 1u) << "not all tokens have the same expert";
}

// Tokens that a budget forces are fed like those that are drawn. A sample that is ended early has had the routes of
// what it was fed until then.
TEST_P(RecordedRoutesAtEveryLevel, ForcedTokensAndSamplesThatEndEarlyHaveRoutesToo) {
  GenerationRequest r;
  r.prompt = test_prompt(70, 1);
  r.max_tokens = 12, r.samples = 2;
  r.think = {.tokens = 3, .end = 9, .close = {7, 9}};
  TestEngine engine(with(kExpanded));
  engine.submit(r);
  for (int i = 0; i < 8; ++i) engine.step();
  engine->finish_sample(1, 1);
  const DrawnBySample drawn = engine.finish();
  EXPECT_EQ(drawn.at({1, 0}).tokens.size(), 12u);
  EXPECT_LT(drawn.at({1, 1}).tokens.size(), 12u);
  for (const auto& [key, sample] : drawn) EXPECT_EQ(sample.routes, routes_of(r.prompt, sample, kExpanded));
}

TEST(RecordedRoutes, ADenseModelHasNone) {
  const auto model = test_model(1, kTestQwen2);
  Settings settings{*model};
  settings.record_routes = true;
  for (const auto& [key, sample] : run(settings, mixed_requests(3))) EXPECT_TRUE(sample.routes.empty());
}

TEST(KvCacheRoutes, LieWithTheirPagesAndTakeNoMemoryOnceThosePagesAreFree) {
  constexpr KvLayout kLayout{.dtype = DType::f32, .layers = 1, .heads = 1, .nope = 2, .rope = 0, .v = 2};
  constexpr i64 kPerToken = 3;
  auto created = KvCache::create(kLayout, 8, -1, kPerToken);
  ASSERT_TRUE(created);
  KvCache cache = std::move(*created);
  const auto prompt = test_prompt(100, 1);
  std::vector<u16> routes(100 * kPerToken);
  std::iota(routes.begin(), routes.end(), u16{0});
  KvSequence first = std::move(*cache.open(prompt, 150));
  cache.write_routes(first.pages, 0, std::span(routes).first(30 * kPerToken));
  cache.write_routes(first.pages, 30, std::span(routes).subspan(30 * kPerToken));
  EXPECT_EQ(cache.routes(first, 0, 100), routes);
  EXPECT_EQ(cache.routes(first, 63, 65), std::vector<u16>(routes.begin() + 63 * 3, routes.begin() + 65 * 3));

  KvSequence fork = std::move(*cache.fork(first, 100, 150));
  EXPECT_EQ(cache.routes(fork, 0, 100), routes);
  cache.write_routes(fork.pages, 100, std::vector<u16>{7, 8, 9});
  cache.write_routes(first.pages, 100, std::vector<u16>{4, 5, 6});
  EXPECT_EQ(cache.routes(fork, 100, 101), (std::vector<u16>{7, 8, 9})) << "the partial page is the fork's own";
  EXPECT_EQ(cache.route_bytes(), 3 * kPageTokens * kPerToken * 2) << "one page is shared";

  cache.publish(first, prompt, 100);
  cache.close(first);
  cache.close(fork);
  EXPECT_EQ(cache.route_bytes(), kPageTokens * kPerToken * 2) << "of the published page";
  KvSequence again = std::move(*cache.open(prompt, 100));
  EXPECT_EQ(again.cached, kPageTokens);
  EXPECT_EQ(cache.routes(again, 0, 64), std::vector<u16>(routes.begin(), routes.begin() + 64 * 3));
  cache.close(again);
  cache.set_version(1);
  EXPECT_EQ(cache.route_bytes(), 0);
}

}  // namespace
}  // namespace r1
