// What requests share changes no token: the engine's time, the pages of the KV cache, prefixes. And how much of a
// conversation's prompt is computed again follows from its tokens alone.
#include <algorithm>

#include "core/test_folder.hpp"
#include "kernels/cpu/kernels.hpp"
#include "session/engine_host.hpp"
#include "session/numerics.hpp"
#include "session/test_session.hpp"

namespace r1 {
namespace {

class SharingTest : public testing::Test {
 protected:
  Engine engine(i64 pages) {
    EngineOptions o;
    o.kernels = &cpu::active(), o.pool = &pool_, o.kv_tokens = pages * kPageTokens, o.share_generated = true;
    auto e = Engine::create(*model_, o);
    R1_CHECK(e, "{}", e ? "" : e.error().what);
    return std::move(*e);
  }
  // Prompts of up to 285 tokens, four with each beginning.
  CompletionRequest request(u64 number) const {
    CompletionRequest r;
    const std::string beginning(70 * (number % 4), static_cast<char>('a' + number / 4 % 4));
    r.prompt = tokenizer_.encode(fmt::format("{}{} question {}", beginning, std::string(number, '.'), number));
    r.sampling = {.temperature = 1, .top_p = 1, .seed = 5};
    r.max_tokens = 20 + 9 * static_cast<i64>(number % 6);
    r.stream = number;
    if (number % 5 == 1) r.channel = Channel::thinking;
    if (number % 5 == 2) r.stop_strings = {"e", "a"};
    return r;
  }
  Completion alone(const CompletionRequest& r) {
    Engine e = engine(8);
    Completions completions(e, tokenizer_);
    EXPECT_TRUE(completions.submit(r));
    Completion c;
    while (completions.busy()) {
      const auto events = completions.step();
      if (!events) return ADD_FAILURE() << events.error().what, c;
      for (const CompletionEvent& event : *events) c.append(event);
    }
    return c;
  }

  ThreadPool pool_{1};
  Tokenizer tokenizer_ = byte_tokenizer(Marks::r1);
  std::unique_ptr<Model> model_ = test_model(1, test_session_config().c_str());
};

TEST_F(SharingTest, ARequestHasItsTokensAmongSixtyThreeOthersThatComeAndGo) {
  constexpr u64 kRequests = 64, kAtOnce = 48;
  constexpr i64 kPages = 60;  // about a quarter of what 64 sequences need
  Engine e = engine(kPages);
  Completions completions(e, tokenizer_);
  std::map<RequestId, u64> kept;
  std::map<u64, Completion> got;
  std::vector<RequestId> passing;
  Random random(4, Purpose::test, 64);
  RequestId last = 0;
  u64 next = 0;
  while (next < kRequests || got.size() < kRequests ||
         std::ranges::any_of(got, [](const auto& c) { return c.second.finish == FinishReason::none; })) {
    while (next < kAtOnce || (next < kRequests && random.below(2))) {
      last = completions.submit(request(next)).value();
      kept.emplace(last, next++);
    }
    if (random.below(3) == 0 && passing.size() < 16) {
      last = completions.submit(request(100 + random.below(50))).value();
      passing.push_back(last);
    }
    if (!passing.empty() && random.below(3) == 0) {
      std::swap(passing[random.below(static_cast<u32>(passing.size()))], passing.back());
      completions.cancel(passing.back());
      passing.pop_back();
    }
    const auto events = completions.step();
    ASSERT_TRUE(events) << events.error().what;
    for (const CompletionEvent& event : *events)
      if (const auto found = kept.find(event.request); found != kept.end()) got[found->second].append(event);
    e.preempt(1 + random.below(static_cast<u32>(last)), 0);
  }
  for (const RequestId id : passing) completions.cancel(id);
  for (u64 i = 0; i < kRequests; ++i) {
    SCOPED_TRACE(fmt::format("request {}", i));
    const Completion expected = alone(request(i));
    EXPECT_EQ(got[i].tokens, expected.tokens);
    EXPECT_EQ(got[i].logprobs, expected.logprobs);  // bit for bit: none is NaN, because nothing is forced
    EXPECT_EQ(got[i].thinking, expected.thinking);
    EXPECT_EQ(got[i].answer, expected.answer);
    EXPECT_EQ(got[i].finish, expected.finish);
  }
  EXPECT_GT(e.counters().preemptions, 30);
  EXPECT_GT(e.counters().cached_tokens, 20 * kPageTokens);
  EXPECT_EQ(e.cache().pages_in_use(), 0);
}

// One conversation at a time, as a server has it.
struct Talk {
  const char* name;
  Think think;
  i64 heads;  // 45 have so many keys and values per token that the model is served in the mixed form
};

class EndSink : public RequestSink {
 public:
  void token(CompletionEvent event) override { completion.append(event); }
  void end(RequestEnd end) override {
    const std::lock_guard lock(mutex_);
    end_ = std::move(end);
    ended_.notify_all();
  }
  const RequestEnd& wait() {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [&] { return end_.has_value(); });
    return *end_;
  }
  Completion completion;  // after wait()

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  std::optional<RequestEnd> end_;
};

class Conversations : public testing::TestWithParam<Talk> {
 protected:
  static constexpr i64 kTurns = 10;

  Conversations() {
    Json config = parse_json(test_session_config(), "config").value();
    for (const char* name : {"num_attention_heads", "num_key_value_heads"}) config.set(name, GetParam().heads);
    config.set("max_position_embeddings", 4096);
    const auto model = create_model(dump(config), "test model", 1, Weights::trainable);
    EXPECT_TRUE(model) << (model ? "" : model.error().what);
    EXPECT_TRUE(save_model(**model, folder_.path(), DType::f32));
    EXPECT_TRUE(write_file(folder_.path() / "tokenizer.json", byte_tokenizer_json(Marks::r1)));
    host_ = std::make_unique<EngineHost>(Session::open(folder_.path(), pool_, {.max_sequences = 2}).value(),
                                         EngineHostOptions{});
  }
  bool mixed() const { return serving_numerics(host_->session().model()).mla == MlaForm::mixed; }
  // Answers a prompt and checks how many of its tokens were found in the cache: in the request's usage, and in what the
  // engine counts as found and as computed.
  Completion answer(ChatPrompt prompt, i64 cached) {
    const i64 tokens = std::ssize(prompt.ids);
    CompletionRequest r = host_->session().request(std::move(prompt));
    r.sampling.temperature = 1, r.sampling.seed = static_cast<u64>(turns_), r.max_tokens = 70;
    if (r.channel == Channel::thinking) r.think.tokens = 20;
    const EngineCounters before = host_->status().engine;
    const auto sink = std::make_shared<EndSink>();
    EXPECT_TRUE(host_->submit(std::move(r), sink));
    const RequestEnd& end = sink->wait();
    ++turns_;
    // The counts of the last step are there when nothing runs any more; a single step never shows as running.
    HostStatus status = host_->status();
    while (status.completed < turns_ || status.running > 0 || status.engine.steps == before.steps) {
      std::this_thread::yield();
      status = host_->status();
    }
    const EngineCounters after = status.engine;
    EXPECT_EQ(end.usage.prompt_tokens, tokens);
    EXPECT_EQ(end.usage.cached_tokens, cached);
    EXPECT_EQ(after.cached_tokens - before.cached_tokens, cached);
    EXPECT_EQ(after.prefill_tokens - before.prefill_tokens, tokens - cached);
    return sink->completion;
  }
  static i64 whole_pages(i64 tokens) { return tokens / kPageTokens * kPageTokens; }
  static i64 common(const std::vector<i32>& a, const std::vector<i32>& b) {
    return std::ranges::mismatch(a, b).in1 - a.begin();
  }

  const TestFolder folder_;
  ThreadPool pool_{2};
  std::unique_ptr<EngineHost> host_;
  i64 turns_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Session, Conversations,
                         testing::Values(Talk{"thinking", Think::on, 3}, Talk{"direct", Think::off, 3},
                                         Talk{"thinking_mixed", Think::on, 45}, Talk{"direct_mixed", Think::off, 45}),
                         [](const auto& i) { return i.param.name; });

// The template leaves the thinking out of earlier turns. So the next prompt is the last one up to its thinking, then
// the answer and the new question.
TEST_P(Conversations, ATurnComputesWhatFollowsTheLastThinkTag) {
  EXPECT_EQ(mixed(), GetParam().heads == 45);
  const i64 opening = GetParam().think == Think::on ? 2 : 6;  // "<think>\n", "<think>\n\n</think>\n\n"
  std::vector<Message> messages;
  std::vector<i32> last;  // the prompt of the turn before
  for (i64 turn = 0; turn < kTurns; ++turn) {
    SCOPED_TRACE(fmt::format("turn {}", turn));
    messages.push_back({"user", fmt::format("{} question {}", std::string(40 + 13 * turn, 'q'), turn)});
    ChatPrompt prompt = host_->session().chat_prompt({.messages = messages, .think = GetParam().think}).value();
    i64 cached = 0;
    if (turn > 0) {
      EXPECT_EQ(common(prompt.ids, last), std::ssize(last) - opening);
      cached = whole_pages(std::ssize(last) - opening);
    }
    last = prompt.ids;
    const Completion c = answer(std::move(prompt), cached);
    messages.push_back({"assistant", c.answer, c.thinking});
  }
}

// Where nothing is left out, the answer is in the cache too, except its last token, which was never fed. In the mixed
// form the keys of an answer are not those of a prompt.
TEST_P(Conversations, ATextThatGoesOnComputesWhatIsNewAndInTheMixedFormTheAnswerToo) {
  ChatPrompt prompt = host_->session().raw_prompt(std::string(150, 'p'));
  i64 reusable = 0;
  for (i64 turn = 0; turn < kTurns; ++turn) {
    SCOPED_TRACE(fmt::format("turn {}", turn));
    const Completion c = answer(prompt, whole_pages(reusable));
    reusable = std::ssize(prompt.ids) + (mixed() ? 0 : std::ssize(c.tokens) - 1);
    prompt.ids.insert(prompt.ids.end(), c.tokens.begin(), c.tokens.end());
    prompt.ids.insert(prompt.ids.end(), static_cast<size_t>(30 + turn), 'n');
  }
}

}  // namespace
}  // namespace r1
