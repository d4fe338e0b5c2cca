// A sample has the same text whatever else the engine runs, and ends exactly once with its reason.
#include "session/completions.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/kernels.hpp"
#include "session/test_session.hpp"

namespace r1 {
namespace {

using CompletionsBySample = std::map<std::pair<RequestId, i32>, Completion>;

class CompletionsTest : public testing::Test {
 protected:
  Engine engine(i64 max_sequences = 64) {
    EngineOptions o;
    o.kernels = &cpu::active(), o.pool = &pool_, o.kv_tokens = 64 * 256, o.max_sequences = max_sequences;
    auto e = Engine::create(*model_, o);
    R1_CHECK(e, "{}", e ? "" : e.error().what);
    return std::move(*e);
  }
  CompletionRequest request(u64 stream, i64 max_tokens = 40) const {
    CompletionRequest r;
    r.prompt = tokenizer_.encode(fmt::format("question {}", stream));
    r.sampling = {.temperature = 1, .top_p = 1, .seed = 5};
    r.max_tokens = max_tokens;
    r.stream = stream;
    return r;
  }
  // All samples of the requests by the order of their requests, which are numbered from 0.
  CompletionsBySample complete(const std::vector<CompletionRequest>& requests, i64 max_sequences = 64) {
    Engine e = engine(max_sequences);
    Completions completions(e, tokenizer_);
    std::map<RequestId, i64> number;
    for (const CompletionRequest& r : requests) {
      const auto id = completions.submit(r);
      EXPECT_TRUE(id) << (id ? "" : id.error().what);
      if (id) number.emplace(*id, std::ssize(number));
    }
    CompletionsBySample all;
    while (completions.busy()) {
      const auto events = completions.step();
      if (!events) return ADD_FAILURE() << events.error().what, all;
      for (const CompletionEvent& event : *events) {
        Completion& c = all[{number.at(event.request), event.sample}];
        EXPECT_EQ(c.finish, FinishReason::none) << "an event after the last one";
        c.append(event);
        EXPECT_EQ(event.stats.tokens, std::ssize(c.tokens));
      }
    }
    EXPECT_FALSE(e.busy());
    EXPECT_EQ(e.cache().pages_in_use(), 0);
    for (const auto& [key, c] : all) EXPECT_NE(c.finish, FinishReason::none);
    return all;
  }
  Completion complete(const CompletionRequest& r) { return complete(std::vector{r}).at({0, r.first_sample}); }

  static void expect_equal(const Completion& a, const Completion& b) {
    EXPECT_EQ(a.thinking, b.thinking);
    EXPECT_EQ(a.answer, b.answer);
    EXPECT_EQ(a.tokens, b.tokens);
    EXPECT_EQ(a.finish, b.finish);
    ASSERT_EQ(a.logprobs.size(), b.logprobs.size());
    for (size_t i = 0; i < a.logprobs.size(); ++i) EXPECT_EQ(a.logprobs[i], b.logprobs[i]) << "token " << i;
  }

  ThreadPool pool_{1};
  Tokenizer tokenizer_ = byte_tokenizer(Marks::r1);
  std::unique_ptr<Model> model_ = test_model(1, test_session_config().c_str());
};

TEST_F(CompletionsTest, ASampleAloneIsTheSameAsAmongMany) {
  std::vector<CompletionRequest> requests;
  for (u64 i = 0; i < 12; ++i) {
    CompletionRequest r = request(i, 10 + 5 * static_cast<i64>(i % 4));
    r.samples = 1 + static_cast<i32>(i % 3);
    if (i % 4 == 1) r.channel = Channel::thinking;
    if (i % 4 == 2) r.stop_strings = {"e", "a"};
    requests.push_back(r);
  }
  const CompletionsBySample together = complete(requests, 7);
  for (i64 i = 0; i < std::ssize(requests); ++i)
    for (i32 sample = 0; sample < requests[i].samples; ++sample) {
      CompletionRequest one = requests[i];
      one.samples = 1, one.first_sample = sample;
      SCOPED_TRACE(fmt::format("request {}, sample {}", i, sample));
      expect_equal(complete(one), together.at({i, sample}));
    }
}

TEST_F(CompletionsTest, TheTextOfAllEventsIsTheTextOfAllTokens) {
  i64 invalid = 0;
  for (u64 stream = 0; stream < 8; ++stream) {
    CompletionRequest r = request(stream, 120);
    const Completion c = complete(r);
    EXPECT_EQ(c.bytes, tokenizer_.decode(c.tokens));
    TextStream whole{TextStreamOptions()};
    TextDelta text = whole.push(c.bytes);
    const TextDelta rest = whole.finish();
    EXPECT_EQ(c.thinking, text.thinking + rest.thinking);
    EXPECT_EQ(c.answer, text.answer + rest.answer);
    invalid += first_invalid_utf8(c.bytes) < c.bytes.size();
    EXPECT_EQ(first_invalid_utf8(c.answer), c.answer.size());
  }
  EXPECT_GT(invalid, 0) << "a random model of bytes should break characters";
}

TEST_F(CompletionsTest, AStopStringOverSeveralTokensEndsTheAnswerBeforeIt) {
  const CompletionRequest r = request(3, 60);
  const Completion whole = complete(r);
  ASSERT_EQ(whole.finish, FinishReason::length);
  ASSERT_EQ(whole.thinking, "");
  // Three bytes of ASCII, each a token, from the middle of the answer on.
  const auto ascii = [](char c) { return static_cast<unsigned char>(c) < 128; };
  size_t begin = whole.bytes.size() / 2;
  while (!std::all_of(whole.bytes.begin() + begin, whole.bytes.begin() + begin + 3, ascii)) ++begin;
  CompletionRequest stopped = r;
  stopped.stop_strings = {whole.bytes.substr(begin, 3)};
  const size_t first = whole.answer.find(stopped.stop_strings[0]);
  const Completion cut = complete(stopped);
  EXPECT_EQ(cut.finish, FinishReason::stop_string);
  EXPECT_EQ(cut.answer, whole.answer.substr(0, first));
  EXPECT_LT(cut.tokens.size(), whole.tokens.size());
  EXPECT_TRUE(std::equal(cut.tokens.begin(), cut.tokens.end(), whole.tokens.begin()));

  // The last token that is allowed completes the stop string: the answer is whole, not cut.
  stopped.max_tokens = std::ssize(cut.tokens);
  EXPECT_EQ(complete(stopped).finish, FinishReason::stop_string);
  stopped.max_tokens = std::ssize(cut.tokens) - 1;
  EXPECT_EQ(complete(stopped).finish, FinishReason::length);
}

TEST_F(CompletionsTest, AStopStringEndsOneSampleOfAGroupAndNoOther) {
  CompletionRequest r = request(1, 30);
  r.samples = 4;
  const CompletionsBySample whole = complete({r}, 2);  // the last two start when others have ended
  for (i32 sample = 0; sample < r.samples; ++sample) {
    CompletionRequest stopped = r;
    stopped.stop_strings = {whole.at({0, sample}).answer.substr(0, 2)};
    const CompletionsBySample cut = complete({stopped}, 2);
    EXPECT_EQ(cut.at({0, sample}).answer, "");
    for (i32 other = 0; other < r.samples; ++other)
      if (whole.at({0, other}).answer.find(stopped.stop_strings[0]) == std::string::npos)
        expect_equal(cut.at({0, other}), whole.at({0, other}));
  }
}

TEST_F(CompletionsTest, AStopTokenEndsTheSampleAndIsNoText) {
  CompletionRequest r = request(2, 30);
  const Completion whole = complete(r);
  r.stop_ids = {whole.tokens[10]};
  const Completion stopped = complete(r);
  EXPECT_EQ(stopped.finish, FinishReason::stop_token);
  EXPECT_EQ(stopped.tokens.back(), r.stop_ids[0]);
  EXPECT_EQ(std::ssize(stopped.bytes), std::ssize(stopped.tokens) - 1);
  EXPECT_STREQ(name_of(stopped.finish), "stop");
}

TEST_F(CompletionsTest, AThinkingBudgetClosesTheThinkingAndTheAnswerFollows) {
  CompletionRequest r;
  Completion open;
  u64 stream = 0;
  do {  // until a sample does not end its thinking by itself
    r = request(stream++, 30);
    r.channel = Channel::thinking;
    open = complete(r);
  } while (open.channel == Channel::answer && stream < 50);
  ASSERT_EQ(open.channel, Channel::thinking);
  EXPECT_EQ(open.answer, "");
  r.think = {.tokens = 6, .end = kTestEndThink, .close = {'\n', kTestEndThink, '\n', '\n'}};
  const Completion closed = complete(r);
  EXPECT_EQ(closed.channel, Channel::answer);
  EXPECT_TRUE(std::equal(open.tokens.begin(), open.tokens.begin() + 6, closed.tokens.begin()));
  EXPECT_EQ(closed.tokens[7], kTestEndThink);
  EXPECT_TRUE(std::isnan(closed.logprobs[7]));
  EXPECT_EQ(closed.stats.thinking_tokens, 7);  // the forced line end is one of them
  EXPECT_EQ(closed.thinking.back(), '\n');
  EXPECT_EQ(closed.thinking.find("</think>"), std::string::npos);
  EXPECT_FALSE(closed.answer.empty());
}

TEST_F(CompletionsTest, AnInterruptionEndsEverySampleOnceAndKeepsItsText) {
  Engine e = engine(3);
  std::atomic<bool> interrupted = false;
  Completions completions(e, tokenizer_, &interrupted);
  for (u64 stream = 0; stream < 2; ++stream) {
    CompletionRequest r = request(stream, 200);
    r.samples = 2;  // the fourth sample never starts
    ASSERT_TRUE(completions.submit(r));
  }
  CompletionsBySample all;
  for (i64 steps = 0; completions.busy(); ++steps) {
    interrupted = steps >= 9;
    const auto events = completions.step();
    ASSERT_TRUE(events);
    for (const CompletionEvent& event : *events) all[{event.request, event.sample}].append(event);
  }
  ASSERT_EQ(all.size(), 4u);
  i64 begun = 0;
  for (const auto& [key, c] : all) {
    EXPECT_EQ(c.finish, FinishReason::interrupted);
    EXPECT_EQ(c.tokens.size(), c.logprobs.size());
    EXPECT_EQ(c.bytes, tokenizer_.decode(c.tokens));
    begun += !c.tokens.empty();
  }
  EXPECT_EQ(begun, 3);
  EXPECT_STREQ(name_of(FinishReason::interrupted), "none");
  EXPECT_FALSE(e.busy());
  EXPECT_EQ(e.cache().pages_in_use(), 0);
}

TEST_F(CompletionsTest, ASampleThatFailsEndsAloneAndSaysWhy) {
  const Weight& embed = model_->weights().front();
  ASSERT_EQ(embed.rows(), kTestTokens) << embed.name();
  embed.f32()[i64{'!'} * embed.cols()] = NAN;
  embed.bump();
  CompletionRequest bad = request(0, 1), fine = request(1, 1);
  bad.prompt = {'!'};
  Engine e = engine();
  Completions completions(e, tokenizer_);
  const RequestId bad_id = completions.submit(bad).value(), fine_id = completions.submit(fine).value();
  std::map<RequestId, CompletionEvent> last;
  while (completions.busy()) {
    const auto events = completions.step();
    ASSERT_TRUE(events);
    for (const CompletionEvent& event : *events) last[event.request] = event;
  }
  EXPECT_EQ(last.at(bad_id).finish, FinishReason::failed);
  EXPECT_EQ(last.at(bad_id).token, -1);
  EXPECT_NE(last.at(bad_id).failure.find("NaN"), std::string::npos) << last.at(bad_id).failure;
  EXPECT_EQ(last.at(fine_id).finish, FinishReason::length);
  EXPECT_EQ(last.at(fine_id).failure, "");
}

TEST_F(CompletionsTest, WhatIsCancelledOrLeftBehindFreesTheEngine) {
  Engine e = engine();
  {
    Completions completions(e, tokenizer_);
    const RequestId first = completions.submit(request(0)).value();
    ASSERT_TRUE(completions.submit(request(1)));
    ASSERT_TRUE(completions.step());
    completions.cancel(first);
    const auto events = completions.step();
    ASSERT_TRUE(events);
    for (const CompletionEvent& event : *events) EXPECT_NE(event.request, first);
    EXPECT_TRUE(e.busy());
  }
  EXPECT_FALSE(e.busy());
  EXPECT_EQ(e.cache().pages_in_use(), 0);
}

}  // namespace
}  // namespace r1
