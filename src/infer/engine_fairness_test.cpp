// Nobody waits for somebody else's long prompt or long answers. Time is counted in rows: the clock of these tests
// advances by a millisecond for every row that the engine computes.
#include <algorithm>

#include "infer/test_engine.hpp"

namespace r1 {
namespace {

class Fairness : public testing::Test {
 protected:
  static i64 rows_of(const Engine& engine) {
    const EngineCounters& c = engine.counters();
    return c.prefill_tokens + c.decode_tokens + c.replayed_tokens;
  }
  // Tells the time of `timed`, once that is set.
  Settings timed_settings() {
    Settings s{*model};
    s.max_batch_tokens = 512;
    s.step_seconds = 0.25;
    s.clock = [this] { return timed ? 1e-3 * static_cast<double>(rows_of(*timed)) : 0.0; };
    return s;
  }
  static GenerationRequest request(const char* client, i64 length, i64 max_tokens, u64 stream) {
    return {.prompt = test_prompt(length, stream), .max_tokens = max_tokens, .stream = stream, .client = client};
  }
  // The tokens of all samples whose request's id is among `ids`.
  static i64 drawn_of(const TestEngine& engine, std::span<const RequestId> ids) {
    i64 tokens = 0;
    for (const auto& [key, drawn] : engine.drawn)
      if (std::ranges::find(ids, key.first) != ids.end()) tokens += std::ssize(drawn.tokens);
    return tokens;
  }
  void expect_alone(const TestEngine& engine, RequestId id, const GenerationRequest& r) {
    EXPECT_EQ(run({*model}, {r}).at({1, 0}), engine.drawn.at({id, 0})) << "request " << id;
  }

  std::unique_ptr<Model> model = test_model();
  const Engine* timed = nullptr;
};

TEST_F(Fairness, ARunningStreamGetsATokenInEveryStepAndNoStepOfAPromptTakesLongerThanItsTime) {
  TestEngine engine(timed_settings());
  timed = engine.operator->();
  const RequestId stream = engine.submit(request("a", 10, 60, 1));
  engine.step();
  i64 longest = 0, steps_with_prompts = 0;
  for (u64 i = 0; i < 8; ++i) engine.submit(request("b", 500, 2, 10 + i));
  for (i64 step = 2; step <= 60; ++step) {
    const i64 rows = rows_of(*engine.operator->()), prefill = engine->counters().prefill_tokens;
    engine.step();
    longest = std::max(longest, rows_of(*engine.operator->()) - rows);
    steps_with_prompts += engine->counters().prefill_tokens > prefill;
    EXPECT_EQ(std::ssize(engine.drawn.at({stream, 0}).tokens), step);
  }
  EXPECT_LE(longest, 250) << "a step of more rows lasts longer than 0.25 s";
  EXPECT_GE(longest, 150) << "but most of the time is used";
  EXPECT_LE(steps_with_prompts, 8 * 500 / 150 + 8);
  engine.finish();
}

TEST_F(Fairness, ACancellationWaitsForNoMoreThanAStep) {
  TestEngine engine(timed_settings());
  timed = engine.operator->();
  const RequestId id = engine.submit(request("a", 500, 2, 1));
  engine.step(), engine.step();
  const i64 rows = rows_of(*engine.operator->());
  EXPECT_LT(rows, 250 + 32);
  EXPECT_TRUE(engine->cancel(id));
  engine.step();
  EXPECT_EQ(rows_of(*engine.operator->()), rows);
}

TEST_F(Fairness, AShortPromptDoesNotWaitForTheLongOnesOfAnotherClient) {
  Settings settings{*model};
  settings.max_batch_tokens = 64;
  for (const char* client : {"a", "b"}) {
    TestEngine engine(settings);
    for (u64 i = 0; i < 5; ++i) engine.submit(request("a", 400, 2, i));
    engine.step();
    const GenerationRequest r = request(client, 90, 2, 20);
    const RequestId id = engine.submit(r);
    i64 steps = 0;
    while (!engine.drawn.contains({id, 0})) engine.step(), ++steps;
    // 2000 tokens of the same client go before, 64 in a step. Those of another take half of every step.
    EXPECT_GE(steps, *client == 'a' ? 2000 / 64 : 3);
    EXPECT_LE(steps, *client == 'a' ? 2000 / 64 + 5 : 3);
    engine.finish();
    expect_alone(engine, id, r);
  }
}

TEST_F(Fairness, AClientWithoutASequenceTakesThePlaceOfOneThatHasSeveral) {
  Settings settings{*model};
  settings.max_sequences = 4;
  TestEngine engine(settings);
  std::vector<GenerationRequest> requests;
  for (u64 i = 0; i < 6; ++i) requests.push_back(request("a", 20, 60, i));
  for (u64 i = 6; i < 8; ++i) requests.push_back(request("b", 20, 10, i));
  for (size_t i = 0; i < 6; ++i) engine.submit(requests[i]);
  for (int i = 0; i < 5; ++i) engine.step();
  EXPECT_EQ(engine->running(), 4);
  engine.submit(requests[6]), engine.submit(requests[7]);
  engine.step();
  EXPECT_TRUE(engine.drawn.contains({7, 0})) << "it is drawn at once";
  EXPECT_FALSE(engine.drawn.contains({8, 0})) << "its client has a sequence";
  EXPECT_EQ(engine->counters().preemptions, 1);
  EXPECT_EQ(engine.drawn.at({4, 0}).tokens.size(), 5u) << "the youngest gave way";
  for (int i = 0; i < 10; ++i) engine.step();
  EXPECT_TRUE(engine.drawn.contains({8, 0})) << "the second of b goes before the fifth of a";
  EXPECT_FALSE(engine.drawn.contains({5, 0}));
  engine.finish();
  EXPECT_EQ(engine->counters().preemptions, 1);
  for (size_t i = 0; i < requests.size(); ++i) expect_alone(engine, static_cast<RequestId>(i) + 1, requests[i]);
}

// When c comes, a has waited in vain and b has been served. So c begins with nothing, like a, and goes before b.
TEST_F(Fairness, ANewClientBeginsWithTheLeastOfAllClientsEvenIfThatIsNothing) {
  Settings settings{*model};
  settings.max_sequences = 1;
  TestEngine engine(settings);
  GenerationRequest urgent = request("b", 20, 3, 1);
  urgent.priority = 1;
  const RequestId served = engine.submit(urgent), next_of_b = engine.submit(request("b", 20, 3, 2));
  engine.submit(request("a", 20, 3, 3));
  for (int i = 0; i < 3; ++i) engine.step();
  EXPECT_EQ(engine.drawn.at({served, 0}).tokens.size(), 3u);
  const RequestId of_c = engine.submit(request("c", 20, 3, 4));
  while (!engine.drawn.contains({of_c, 0})) engine.step();
  EXPECT_FALSE(engine.drawn.contains({next_of_b, 0}));
  engine.finish();
}

TEST_F(Fairness, AHigherPriorityTakesThePlaceOfTheYoungestLowerOne) {
  Settings settings{*model};
  settings.max_sequences = 2;
  TestEngine engine(settings);
  std::vector<GenerationRequest> requests;
  for (u64 i = 0; i < 4; ++i) requests.push_back(request("a", 20, 30, i));
  requests[2].priority = 1, requests[3].priority = -1;
  for (const size_t i : {0, 1, 3}) engine.submit(requests[i]);  // ids 1, 2, 3
  for (int i = 0; i < 5; ++i) engine.step();
  engine.submit(requests[2]);  // id 4
  engine.step();
  EXPECT_TRUE(engine.drawn.contains({4, 0}));
  EXPECT_EQ(engine.drawn.at({1, 0}).tokens.size(), 6u);
  EXPECT_EQ(engine.drawn.at({2, 0}).tokens.size(), 5u);
  for (int i = 0; i < 23; ++i) engine.step();
  EXPECT_FALSE(engine.drawn.contains({3, 0})) << "the lowest waits for all others";
  engine.finish();
  EXPECT_EQ(engine->counters().preemptions, 1);
  expect_alone(engine, 1, requests[0]);
  expect_alone(engine, 2, requests[1]);
  expect_alone(engine, 3, requests[3]);
  expect_alone(engine, 4, requests[2]);
}

TEST_F(Fairness, EqualClientsGetEqualSharesHoweverManyRequestsEachSends) {
  Settings settings{*model};
  settings.max_sequences = 6, settings.max_batch_tokens = 96;
  TestEngine engine(settings);
  std::vector<std::vector<RequestId>> ids(3);
  const char* names[] = {"a", "b", "c"};
  for (u64 i = 0; i < 30; ++i) ids[0].push_back(engine.submit(request(names[0], 70, 40, i)));
  for (u64 i = 0; i < 60; ++i) {
    const size_t client = i % 6 == 5 ? 2 : 1;  // 50 of b, 10 of c
    ids[client].push_back(engine.submit(request(names[client], 70, 40, 100 + i)));
  }
  for (int steps = 0; steps < 150; ++steps) engine.step();
  i64 total = 0, least = i64{1} << 60;
  for (const auto& of_client : ids) {
    const i64 tokens = drawn_of(engine, of_client);
    total += tokens, least = std::min(least, tokens);
  }
  EXPECT_GE(least * 3 * 10, total * 9) << "the slowest has at least 90 % of the mean";
  for (const auto& of_client : ids)
    for (const RequestId id : of_client) engine->cancel(id);
}

TEST_F(Fairness, EveryTokenOfManyClientsIsTheSameAsAlone) {
  auto requests = mixed_requests(24);
  const char* names[] = {"a", "b", "c", "d"};
  for (size_t i = 0; i < requests.size(); ++i)
    requests[i].client = names[i * i % 4], requests[i].priority = static_cast<i32>(i % 5 == 4);
  const DrawnBySample free = run({*model}, requests);
  Settings settings = timed_settings();
  settings.max_sequences = 5, settings.kv_tokens = 6 * 64;
  TestEngine engine(settings);
  timed = engine.operator->();
  EXPECT_EQ(engine.run(requests), free);
}

}  // namespace
}  // namespace r1
