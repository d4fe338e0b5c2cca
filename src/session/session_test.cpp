#include "session/session.hpp"

#include <algorithm>

#include "core/file.hpp"
#include "core/test_folder.hpp"
#include "kernels/cpu/kernels.hpp"
#include "session/numerics.hpp"
#include "session/test_session.hpp"

namespace r1 {
namespace {

class SessionTest : public testing::Test {
 protected:
  SessionTest() { write_test_session(folder_); }

  void write(const std::string& name, const std::string& text) { EXPECT_TRUE(write_file(folder_ / name, text)); }
  Result<Session> open(const SessionOptions& options = {}) { return Session::open(folder_, pool_, options); }
  std::string refusal(const SessionOptions& options = {}) {
    const auto session = open(options);
    EXPECT_FALSE(session);
    return session ? "" : session.error().what;
  }

  const TestFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  ThreadPool pool_{1};
};

TEST_F(SessionTest, OverridesGoBeforeTheModelsFilesAndThoseBeforeTheAdviceOfR1) {
  {
    const Session session = open().value();
    EXPECT_FLOAT_EQ(session.defaults().sampling.temperature, 0.6f);
    EXPECT_FLOAT_EQ(session.defaults().sampling.top_p, 0.95f);
    EXPECT_EQ(session.defaults().max_tokens, kTestContext);
  }
  write("generation_config.json", R"({"temperature": 0.8, "top_k": 20, "max_new_tokens": 9})");
  SessionOptions options;
  options.sampling.top_k = 5, options.sampling.seed = 7;
  const Session session = open(options).value();
  EXPECT_FLOAT_EQ(session.defaults().sampling.temperature, 0.8f);
  EXPECT_EQ(session.defaults().sampling.top_k, 5);
  EXPECT_EQ(session.defaults().sampling.seed, 7u);
  EXPECT_EQ(session.defaults().max_tokens, 9);
  write("generation_config.json", R"({"do_sample": false})");
  EXPECT_EQ(open().value().defaults().sampling.temperature, 0);
}

TEST_F(SessionTest, AnAnswerEndsAtTheTokensThatAnyOfTheModelsFilesNames) {
  write("generation_config.json", R"({"eos_token_id": [7, 9]})");
  const Session session = open().value();
  const std::vector<i32>& ids = session.defaults().stop_ids;
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  for (const i32 id : {1, 7, 9, kTestEos})  // config.json's, generation_config.json's, R1's mark
    EXPECT_TRUE(std::binary_search(ids.begin(), ids.end(), id)) << id;
}

TEST_F(SessionTest, ARequestThinksWhereItsPromptDoesOrIfTheAnswerBeginsSo) {
  SessionOptions options;
  options.max_thinking_tokens = 4;
  Session session = open(options).value();
  const Message question[] = {{"user", "1+1?"}};
  const CompletionRequest thinking =
      session.request(session.chat_prompt({.messages = question, .think = Think::on}).value());
  EXPECT_EQ(thinking.channel, Channel::thinking);
  EXPECT_EQ(thinking.think.tokens, 4);
  EXPECT_EQ(thinking.think.open, -1);
  EXPECT_EQ(thinking.think.end, kTestEndThink);
  EXPECT_EQ(thinking.stop_ids, session.defaults().stop_ids);
  const CompletionRequest answering =
      session.request(session.chat_prompt({.messages = question, .think = Think::off}).value());
  EXPECT_EQ(answering.channel, Channel::answer);
  EXPECT_EQ(answering.think.tokens, 4);
  EXPECT_EQ(answering.think.open, kTestThink);

  Completions completions(session.engine(), session.tokenizer());
  CompletionRequest request = thinking;
  request.max_tokens = 20, request.stop_ids.clear();
  ASSERT_TRUE(completions.submit(request));
  Completion completion;
  while (completions.busy()) {
    const auto events = completions.step();
    ASSERT_TRUE(events);
    for (const CompletionEvent& event : *events) completion.append(event);
  }
  EXPECT_EQ(completion.channel, Channel::answer);
  EXPECT_EQ(completion.stats.prompt_tokens, std::ssize(request.prompt));
}

TEST_F(SessionTest, ARawPromptBeginsAsTheTokenizerSays) {
  const Tokenizer plain = byte_tokenizer(Marks::r1);
  EXPECT_EQ(open().value().raw_prompt("7").ids, plain.encode("7"));
  write("tokenizer_config.json", R"({"bos_token": "<｜begin▁of▁sentence｜>", "add_bos_token": true})");
  const Session session = open().value();
  EXPECT_EQ(session.raw_prompt("7").ids, (std::vector<i32>{kTestBos, '7'}));
  EXPECT_EQ(session.raw_prompt("<｜begin▁of▁sentence｜>7").ids, (std::vector<i32>{kTestBos, '7'}));
}

TEST_F(SessionTest, AMissingTemplateIsReportedByChatPromptAlone) {
  write("tokenizer.json", byte_tokenizer_json(Marks::none));
  const Session session = open().value();
  EXPECT_FALSE(session.chat_template());
  const Message question[] = {{"user", "1+1?"}};
  EXPECT_FALSE(session.chat_prompt({.messages = question}));
  EXPECT_EQ(session.raw_prompt("12").ids.size(), 2u);
}

TEST_F(SessionTest, WhatDoesNotFitTogetherIsRefusedWithThePath) {
  write("generation_config.json", R"({"temperature": 0.6})");
  SessionOptions options;
  options.sampling.temperature = -1;
  EXPECT_NE(refusal(options).find("temperature"), std::string::npos);
  EXPECT_NE(refusal(options).find(folder_.string()), std::string::npos);
  options = {};
  options.context = kTestContext + 1;
  EXPECT_NE(refusal(options).find(fmt::format("{}", kTestContext + 1)), std::string::npos);
  write("tokenizer.json", byte_tokenizer_json(Marks::none));
  options = {};
  options.max_thinking_tokens = 4;
  EXPECT_NE(refusal(options).find("</think>"), std::string::npos);
  const auto small = create_model(kTestDeepseek, "test model", 1, Weights::trainable);
  ASSERT_TRUE(small);
  ASSERT_TRUE(save_model(**small, folder_, DType::f32));
  EXPECT_NE(refusal().find("256"), std::string::npos);
  EXPECT_NE(refusal().find("131"), std::string::npos);
}

TEST_F(SessionTest, TheContextIsWhatTheBudgetOfTheCacheHolds) {
  const Session whole = open().value();
  const i64 page = whole.engine().cache().page_bytes();
  SessionOptions options;
  options.kv_bytes = 3 * page + 1;
  const Session session = open(options).value();
  EXPECT_EQ(session.engine().context(), 3 * kPageTokens);
  EXPECT_EQ(session.engine().cache().pages(), 3);
  options.context = 4 * kPageTokens;
  EXPECT_NE(refusal(options).find(
                fmt::format("256 tokens needs {} bytes of KV cache, the budget is {}", 4 * page, options.kv_bytes)),
            std::string::npos)
      << refusal(options);
  options.context = 0, options.kv_bytes = page - 1;
  EXPECT_NE(refusal(options).find("the budget is"), std::string::npos);
}

TEST_F(SessionTest, ASmallModelIsServedAsItWasTrained) {
  const Session session = open().value();
  const Numerics n = serving_numerics(session.model());
  EXPECT_EQ(n.matmul, DType::f32);
  EXPECT_EQ(n.kv, DType::f32);
  EXPECT_EQ(n.mla, MlaForm::expanded);
  EXPECT_TRUE(n.integer_blocks);
}

}  // namespace
}  // namespace r1
