// Requests from many threads have the tokens that they have alone, end exactly once, and fail alone.
#include "session/engine_host.hpp"

#include <bit>
#include <cmath>
#include <functional>
#include <map>

#include "core/test_folder.hpp"
#include "session/test_session.hpp"

namespace r1 {
namespace {

using namespace std::chrono_literals;

// Collects what the host tells of one request, and checks the order of the calls.
class Collector : public RequestSink {
 public:
  void progress(const PromptProgress& progress) override {
    {
      const std::lock_guard lock(mutex_);
      EXPECT_FALSE(ended_) << "a call after the end";
      prompt.push_back(progress);
    }
    if (on_progress) on_progress();
  }
  void token(CompletionEvent event) override {
    {
      const std::lock_guard lock(mutex_);
      EXPECT_FALSE(ended_) << "a call after the end";
      samples[event.sample].append(event);
      failure += event.failure;
    }
    if (on_token) on_token();
  }
  void end(RequestEnd e) override {
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(ended_) << "a second end";
    ended_ = true;
    result = std::move(e);
    changed_.notify_all();
  }
  const RequestEnd& wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_; });
    return result;
  }
  i64 tokens() const { return samples.empty() ? 0 : std::ssize(samples.begin()->second.tokens); }

  std::function<void()> on_progress, on_token;  // on the host's thread
  std::vector<PromptProgress> prompt;
  std::map<i32, Completion> samples;
  std::string failure;
  RequestEnd result;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
};

class EngineHostTest : public testing::Test {
 protected:
  EngineHostTest() { write_test_session(folder_.path()); }

  std::unique_ptr<EngineHost> open(i64 max_sequences = 8, i64 max_queue = 64) {
    SessionOptions options;
    options.max_sequences = max_sequences;
    auto session = Session::open(folder_.path(), pool_, options);
    R1_CHECK(session, "{}", session ? "" : session.error().what);
    return std::make_unique<EngineHost>(std::move(*session),
                                        EngineHostOptions{.max_queue = max_queue, .warm_up = warm_up_});
  }
  bool warm_up_ = false;
  static CompletionRequest request(const EngineHost& host, u64 seed, i64 max_tokens = 40) {
    CompletionRequest r = host.session().request(host.session().raw_prompt(fmt::format("question {}", seed)));
    r.sampling.temperature = 1, r.sampling.top_p = 1, r.sampling.seed = seed;
    r.max_tokens = max_tokens;
    r.stop_ids.clear();
    return r;
  }
  static HostedId submit(EngineHost& host, const CompletionRequest& r, const std::shared_ptr<Collector>& sink) {
    const auto id = host.submit(r, sink);
    EXPECT_TRUE(id) << (id ? "" : id.error().what);
    return id ? *id : 0;
  }
  static Completion complete(EngineHost& host, const CompletionRequest& r) {
    const auto sink = std::make_shared<Collector>();
    submit(host, r, sink);
    EXPECT_EQ(sink->wait().cause, EndCause::complete);
    return sink->samples.at(r.first_sample);
  }
  static void expect_equal(const Completion& a, const Completion& b) {
    EXPECT_EQ(a.tokens, b.tokens);
    EXPECT_EQ(a.thinking, b.thinking);
    EXPECT_EQ(a.answer, b.answer);
    EXPECT_EQ(a.finish, b.finish);
    ASSERT_EQ(a.logprobs.size(), b.logprobs.size());
    for (size_t i = 0; i < a.logprobs.size(); ++i)  // those of forced tokens are NaN
      EXPECT_EQ(std::bit_cast<u32>(a.logprobs[i]), std::bit_cast<u32>(b.logprobs[i])) << "token " << i;
  }

  const TestFolder folder_;
  ThreadPool pool_{2};
};

TEST_F(EngineHostTest, RequestsOfManyThreadsAreTheSameAsAloneWhateverIsCancelled) {
  constexpr u64 kThreads = 6, kEach = 8;
  const auto host = open(5, 2 * kThreads * kEach);
  std::vector<std::shared_ptr<Collector>> kept(kThreads * kEach), dropped(kThreads * kEach);
  for (u64 i = 0; i < kThreads * kEach; ++i)
    kept[i] = std::make_shared<Collector>(), dropped[i] = std::make_shared<Collector>();
  std::vector<std::thread> threads;
  for (u64 t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (u64 i = t * kEach; i < (t + 1) * kEach; ++i) {
        submit(*host, request(*host, i, 5 + static_cast<i64>(i % 7) * 5), kept[i]);
        const HostedId id = submit(*host, request(*host, 1000 + i), dropped[i]);
        if (i % 2) std::this_thread::yield();
        host->status();
        host->end_thinking(id);
        EXPECT_TRUE(host->cancel(id) || dropped[i]->wait().cause == EndCause::complete);
        EXPECT_FALSE(host->cancel(id));
      }
    });
  for (std::thread& t : threads) t.join();
  for (const auto& sink : dropped) sink->wait();
  for (u64 i = 0; i < kThreads * kEach; ++i) {
    EXPECT_EQ(kept[i]->wait().cause, EndCause::complete);
    SCOPED_TRACE(i);
    if (i % 5 == 0)
      expect_equal(complete(*host, request(*host, i, 5 + static_cast<i64>(i % 7) * 5)), kept[i]->samples.at(0));
  }
  host->shutdown(Shutdown::drain);
  EXPECT_TRUE(host->wait(1min));
  const HostStatus status = host->status();
  EXPECT_EQ(status.completed + status.cancelled, status.accepted);
  EXPECT_EQ(status.queued, 0);
  EXPECT_EQ(status.running, 0);
  EXPECT_EQ(status.pages_in_use, 0);
}

TEST_F(EngineHostTest, AHostThatWarmsUpMakesPacksAndAnswersTheSame) {
  const auto cold = open();
  const Completion want = complete(*cold, request(*cold, 3));
  warm_up_ = true;
  for (int i = 0; i < 5; ++i) {  // the requests come before the warm-up or within it
    const auto host = open();
    expect_equal(complete(*host, request(*host, 3)), want);
  }
  const auto host = open();
  while (host->status().engine.decode_tokens < static_cast<i64>(Weight::kProductsUntilPacked) - 1)
    std::this_thread::sleep_for(1ms);
  const HostStatus status = host->status();
  EXPECT_EQ(status.accepted + status.queued + status.running + status.pages_in_use + status.pages_cached, 0);
  i64 packed = 0;
  for (const Weight& w : host->session().model().weights()) packed += w.pack_bytes();
  EXPECT_GT(packed, 0);
  expect_equal(complete(*host, request(*host, 3)), want);
}

TEST_F(EngineHostTest, AFullQueueRefusesAndSaysHowFullItIs) {
  const auto host = open(1, 2);
  std::mutex gate;
  std::unique_lock closed(gate);
  const auto first = std::make_shared<Collector>();
  first->on_progress = [&] { const std::lock_guard wait(gate); };  // holds the host's thread
  submit(*host, request(*host, 1, 3), first);
  const auto second = std::make_shared<Collector>(), third = std::make_shared<Collector>();
  submit(*host, request(*host, 2, 3), second);
  CompletionRequest two = request(*host, 3, 3);
  two.samples = 2;
  const auto refused = host->submit(two, third);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().cause, Refusal::Cause::queue_full);
  EXPECT_NE(refused.error().what.find("2 sequences run or wait, 2 more are wanted, 3 may be there"), std::string::npos)
      << refused.error().what;
  EXPECT_EQ(host->status().refused, 1);
  submit(*host, request(*host, 3, 3), third);
  EXPECT_FALSE(host->submit(request(*host, 4, 3), std::make_shared<Collector>()));
  closed.unlock();
  for (const auto& sink : {first, second, third}) EXPECT_EQ(sink->wait().cause, EndCause::complete);
  EXPECT_EQ(complete(*host, two).tokens.size(), 3u) << "the queue is empty again";
}

TEST_F(EngineHostTest, AWrongRequestIsRefusedAndNothingOfItsSinkIsCalled) {
  const auto host = open();
  CompletionRequest wrong = request(*host, 1);
  wrong.prompt = {7, -3};
  const auto refused = host->submit(wrong, std::make_shared<Collector>());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().cause, Refusal::Cause::invalid);
  EXPECT_NE(refused.error().what.find("-3"), std::string::npos);
  EXPECT_EQ(host->status().accepted, 0);
}

TEST_F(EngineHostTest, ACancelEndsARequestInEveryPhaseBeforeTheNextStep) {
  const auto host = open(1);
  const auto running = std::make_shared<Collector>(), waiting = std::make_shared<Collector>();
  const auto prefill = std::make_shared<Collector>();
  HostedId running_id = 0, waiting_id = 0, prefill_id = 0;
  std::mutex gate;
  std::unique_lock closed(gate);
  running->on_token = [&] {
    const std::lock_guard wait(gate);
    if (running->tokens() < 3) return;
    EXPECT_TRUE(host->cancel(waiting_id) && host->cancel(running_id));
  };
  prefill->on_progress = [&] { host->cancel(prefill_id); };
  running_id = submit(*host, request(*host, 1, 200), running);
  waiting_id = submit(*host, request(*host, 2, 200), waiting);
  CompletionRequest long_prompt = request(*host, 3, 4);
  long_prompt.prompt.assign(250, 'a');  // with max_batch_tokens 512 a single chunk, and a token in the same step
  prefill_id = submit(*host, long_prompt, prefill);
  closed.unlock();
  EXPECT_EQ(running->wait().cause, EndCause::cancelled);
  EXPECT_EQ(running->tokens(), 3);
  EXPECT_EQ(running->result.usage.completion_tokens, 3);
  EXPECT_EQ(waiting->wait().cause, EndCause::cancelled);
  EXPECT_TRUE(waiting->prompt.empty());
  EXPECT_EQ(prefill->wait().cause, EndCause::cancelled);
  EXPECT_LE(prefill->tokens(), 1) << "the step in which it was cancelled may still draw a token";
  EXPECT_EQ(complete(*host, request(*host, 4, 5)).tokens.size(), 5u);
  host->shutdown(Shutdown::now);
  EXPECT_TRUE(host->wait(1min));
  EXPECT_EQ(host->status().pages_in_use, 0);
}

TEST_F(EngineHostTest, AnsweringNowIsAThinkingBudgetThatIsUsedUp) {
  const auto host = open();
  CompletionRequest r;
  u64 seed = 0;
  do {  // until a sample does not end its thinking by itself
    r = request(*host, seed++, 30);
    r.channel = Channel::thinking, r.think.open = -1;
  } while (complete(*host, r).channel == Channel::answer && seed < 50);
  CompletionRequest budget = r;
  budget.think.tokens = 4;
  const Completion expected = complete(*host, budget);
  EXPECT_EQ(expected.channel, Channel::answer);

  const auto sink = std::make_shared<Collector>();
  HostedId id = 0;
  std::mutex gate;
  std::unique_lock closed(gate);
  sink->on_token = [&] {
    const std::lock_guard wait(gate);
    if (sink->tokens() != 4) return;
    EXPECT_TRUE(host->end_thinking(id));
  };
  id = submit(*host, r, sink);
  closed.unlock();
  EXPECT_EQ(sink->wait().cause, EndCause::complete);
  expect_equal(sink->samples.at(0), expected);
  EXPECT_FALSE(host->end_thinking(id)) << "it has ended";
  r.think = {};
  EXPECT_FALSE(host->end_thinking(submit(*host, r, std::make_shared<Collector>()))) << "nothing says how to close it";
}

TEST_F(EngineHostTest, DrainingFinishesWhatRunsAndEndsWhatWaits) {
  const auto host = open(1);
  const Completion alone = complete(*host, request(*host, 1, 30));
  const auto running = std::make_shared<Collector>(), waiting = std::make_shared<Collector>();
  std::mutex gate;
  std::unique_lock closed(gate);
  running->on_progress = [&] { const std::lock_guard wait(gate); };
  submit(*host, request(*host, 1, 30), running);
  submit(*host, request(*host, 2, 30), waiting);
  while (host->status().queued > 1) std::this_thread::yield();  // until the first is taken up
  host->shutdown(Shutdown::drain);
  const auto late = host->submit(request(*host, 3), std::make_shared<Collector>());
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().cause, Refusal::Cause::shut_down);
  EXPECT_FALSE(host->wait(0ms));
  closed.unlock();
  EXPECT_EQ(running->wait().cause, EndCause::complete);
  expect_equal(running->samples.at(0), alone);
  EXPECT_EQ(waiting->wait().cause, EndCause::shut_down);
  EXPECT_TRUE(host->wait(1min));
  EXPECT_EQ(host->status().shut_down, 1);
}

TEST_F(EngineHostTest, AShutdownAtOnceEndsEverything) {
  std::vector<std::shared_ptr<Collector>> sinks;
  std::mutex gate;
  std::unique_lock closed(gate);
  auto host = open(2);
  for (u64 i = 0; i < 6; ++i) {
    sinks.push_back(std::make_shared<Collector>());
    if (i == 0) sinks[0]->on_progress = [&] { const std::lock_guard wait(gate); };
    submit(*host, request(*host, i, 400), sinks[i]);
  }
  host->shutdown(Shutdown::now);
  closed.unlock();
  host.reset();
  for (const auto& sink : sinks) EXPECT_EQ(sink->wait().cause, EndCause::shut_down);
}

TEST_F(EngineHostTest, UsageCountsEverySampleAndThePromptOnce) {
  const auto host = open();
  CompletionRequest r = request(*host, 1, 30);
  r.prompt.assign(150, 'a');
  r.channel = Channel::thinking, r.think.open = -1, r.think.tokens = 5;
  r.samples = 3;
  for (const i64 cached : {0, 128}) {
    const auto sink = std::make_shared<Collector>();
    submit(*host, r, sink);
    const RequestEnd& end = sink->wait();
    EXPECT_EQ(end.cause, EndCause::complete);
    EXPECT_EQ(end.usage.prompt_tokens, 150);
    EXPECT_EQ(end.usage.cached_tokens, cached);
    EXPECT_EQ(end.usage.completion_tokens, 3 * 30);
    i64 reasoning = 0;
    for (const auto& [sample, c] : sink->samples) {
      reasoning += c.stats.thinking_tokens;
      EXPECT_EQ(c.stats.cached_tokens, cached);
    }
    EXPECT_GT(reasoning, 0);
    EXPECT_EQ(end.usage.reasoning_tokens, reasoning);
    EXPECT_EQ(sink->prompt.front().processed, cached);
    EXPECT_EQ(sink->prompt.back().processed, 150);
    EXPECT_EQ(sink->prompt.back().total, 150);
    for (const double seconds : {end.timings.queued_seconds, end.timings.prompt_seconds, end.timings.decode_seconds})
      EXPECT_GE(seconds, 0);
  }
}

TEST_F(EngineHostTest, ASampleThatFailsEndsAloneAndTheHostGoesOn) {
  const TestFolder folder;
  write_test_session(folder.path(), [](const Model& model) {
    const Weight& embed = model.weights().front();
    ASSERT_EQ(embed.rows(), kTestTokens) << embed.name();
    embed.f32()[i64{'!'} * embed.cols()] = NAN;
  });
  auto session = Session::open(folder.path(), pool_, {});
  ASSERT_TRUE(session) << session.error().what;
  EngineHost host(std::move(*session), {});
  CompletionRequest bad = request(host, 1, 1);
  bad.prompt = {'!'};
  const auto sink = std::make_shared<Collector>();
  submit(host, bad, sink);
  EXPECT_EQ(sink->wait().cause, EndCause::complete);
  EXPECT_EQ(sink->samples.at(0).finish, FinishReason::failed);
  EXPECT_NE(sink->failure.find("NaN"), std::string::npos) << sink->failure;
  EXPECT_EQ(complete(host, request(host, 2, 1)).finish, FinishReason::length);
}

TEST_F(EngineHostTest, AModelFileThatIsCutShortFailsThisModelsRequestsAndNotTheProcess) {
  const auto host = open();
  const TestFolder folder;
  write_test_session(folder.path());
  auto session = Session::open(folder.path(), pool_, {});
  ASSERT_TRUE(session) << session.error().what;
  EngineHost cut(std::move(*session), {});
  const Completion before = complete(*host, request(*host, 1));
  const auto sink = std::make_shared<Collector>();
  sink->on_token = [&] { std::filesystem::resize_file(folder.path() / "model.safetensors", 0); };
  submit(cut, request(cut, 1, 100), sink);
  EXPECT_EQ(sink->wait().cause, EndCause::failed);
  EXPECT_EQ(sink->tokens(), 1) << "what the next step draws is worthless";
  EXPECT_NE(sink->result.error.find("model.safetensors was cut short"), std::string::npos) << sink->result.error;
  EXPECT_TRUE(cut.is_broken());
  expect_equal(before, complete(*host, request(*host, 1)));
  EXPECT_FALSE(host->is_broken());
}

TEST_F(EngineHostTest, AnEngineThatCanRunNothingMoreFailsItsRequestsAndNotTheProcess) {
  const auto host = open();
  const auto sink = std::make_shared<Collector>(), other = std::make_shared<Collector>();
  std::mutex gate;
  std::unique_lock closed(gate);
  // Changing a weight under a running sequence is what makes Engine::step fail. The sink runs on the host's thread.
  sink->on_token = [&] {
    const std::lock_guard wait(gate);
    for (const Weight& bias : host->session().model().router_biases())
      if (bias) bias.bump();
  };
  submit(*host, request(*host, 1, 100), sink);
  submit(*host, request(*host, 2, 100), other);
  closed.unlock();
  for (const auto& s : {sink, other}) {
    EXPECT_EQ(s->wait().cause, EndCause::failed);
    EXPECT_NE(s->result.error.find("weights changed"), std::string::npos) << s->result.error;
  }
  const auto refused = host->submit(request(*host, 3), sink);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().cause, Refusal::Cause::broken);
  EXPECT_NE(host->status().broken, "");
}

}  // namespace
}  // namespace r1
