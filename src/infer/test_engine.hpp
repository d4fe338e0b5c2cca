// An engine for tests that collects what every sample draws, bit for bit, and requests of all kinds.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "infer/engine.hpp"
#include "infer/test_model.hpp"
#include "kernels/cpu/kernels.hpp"

namespace r1 {

struct DrawnSample {
  std::vector<i32> tokens;
  std::vector<u32> logprob_bits;
  std::vector<u16> routes{};
  Finish finish = Finish::none;
  std::string failure;
  bool operator==(const DrawnSample&) const = default;
};
using DrawnBySample = std::map<std::pair<RequestId, i32>, DrawnSample>;

struct Settings {
  const Model& model;
  const cpu::Kernels* kernels = &cpu::active();
  Numerics numerics{};
  int threads = 1;
  i64 max_batch_tokens = 128, max_sequences = 64, kv_tokens = 64 * 512;
  bool share_generated = false;
  i64 max_drafts = 0;
  double step_seconds = 0;
  std::function<double()> clock{};
  bool record_routes = false;
};

// An engine with its pool, which collects what every sample draws.
class TestEngine {
 public:
  explicit TestEngine(const Settings& s) : pool_(s.threads), engine_(make(s)) {}
  Engine* operator->() { return &engine_; }

  RequestId submit(const GenerationRequest& r) {
    const auto id = engine_.submit(r);
    EXPECT_TRUE(id) << (id ? "" : id.error().what);
    return id ? *id : -1;
  }
  void step() {
    const auto events = engine_.step();
    ASSERT_TRUE(events) << (events ? "" : events.error().what);
    for (const TokenEvent& e : *events) {
      DrawnSample& d = drawn[{e.id, e.sample}];
      u32 bits;
      std::memcpy(&bits, &e.logprob, 4);
      d.tokens.push_back(e.token);
      d.logprob_bits.push_back(bits);
      d.routes.insert(d.routes.end(), e.routes.begin(), e.routes.end());
      d.finish = e.finish;
      d.failure = e.failure;
    }
  }
  DrawnBySample finish() {
    while (engine_.busy() && !testing::Test::HasFatalFailure()) step();
    EXPECT_EQ(engine_.cache().pages_in_use(), 0);
    EXPECT_EQ(engine_.running() + engine_.queued() + engine_.preempted(), 0);
    return drawn;
  }
  DrawnBySample run(const std::vector<GenerationRequest>& requests) {
    for (const GenerationRequest& r : requests) submit(r);
    return finish();
  }
  DrawnBySample drawn;

 private:
  Engine make(const Settings& s) {
    EngineOptions o;
    o.kernels = s.kernels, o.pool = &pool_, o.numerics = s.numerics;
    o.record_routes = s.record_routes, o.max_drafts = s.max_drafts;
    o.kv_tokens = s.kv_tokens, o.max_batch_tokens = s.max_batch_tokens, o.max_sequences = s.max_sequences;
    o.share_generated = s.share_generated, o.step_seconds = s.step_seconds, o.clock = s.clock;
    auto engine = Engine::create(s.model, o);
    R1_CHECK(engine, "{}", engine ? "" : engine.error().what);
    return std::move(*engine);
  }
  ThreadPool pool_;
  Engine engine_;
};

inline DrawnBySample run(const Settings& settings, const std::vector<GenerationRequest>& requests) {
  return TestEngine(settings).run(requests);
}

// Allows a third of the vocabulary, another one after every token, and everything after each tenth token.
class ThirdsConstraint : public TokenConstraint {
 public:
  std::span<const u64> allowed() override {
    if (accepted_ % 10 == 9) return {};
    std::fill(std::begin(words_), std::end(words_), 0);
    for (i64 id = accepted_ % 3; id < kTestVocab; id += 3) words_[id / 64] |= u64{1} << id % 64;
    return words_;
  }
  void accept(i32) override { ++accepted_; }

 private:
  u64 words_[(kTestVocab + 63) / 64];
  i64 accepted_ = 0;
};

// Requests of all kinds: lengths around the page size; greedy and sampled; truncated, penalised, biased and
// constrained.
inline std::vector<GenerationRequest> mixed_requests(i64 n) {
  std::vector<GenerationRequest> requests;
  for (i64 i = 0; i < n; ++i) {
    GenerationRequest r;
    r.prompt = test_prompt(1 + (i * 37) % 150, static_cast<u64>(i));
    r.sampling.temperature = i % 4 == 0 ? 0.0f : i % 4 == 1 ? 1.0f : 0.7f;
    r.sampling.top_p = i % 3 ? 1.0f : 0.9f;
    r.sampling.top_k = i % 5 == 2 ? 20 : 0;
    r.sampling.repetition_penalty = i % 7 == 3 ? 1.3f : 1.0f;
    if (i % 6 == 1) r.sampling.presence_penalty = 0.7f, r.sampling.frequency_penalty = 0.4f;
    if (i % 11 == 4) r.sampling.logit_bias = {{3, 2.0f}, {70, -100.0f}};
    if (i % 8 == 5) r.constraint = [] { return std::make_unique<ThirdsConstraint>(); };
    r.sampling.seed = 5;
    r.max_tokens = 4 + i % 9;
    r.stream = static_cast<u64>(i);
    requests.push_back(std::move(r));
  }
  return requests;
}

inline const Numerics kExpanded{DType::f32, DType::f32, MlaForm::expanded};
inline const Numerics kMixed{DType::f32, DType::bf16, MlaForm::mixed};
inline const Numerics kRounded{DType::bf16, DType::bf16, MlaForm::expanded};
inline const Numerics kIntegerCache{DType::f32, DType::q8_0, MlaForm::mixed};

}  // namespace r1
