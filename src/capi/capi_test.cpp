#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "capi/r1.h"

namespace r1 {
namespace {

struct Text {
  std::string thinking, answer;
  std::atomic<int> calls = 0;
  int most_calls = -1;                     // the callback ends the generation with this call; -1: never
  r1_cancellation* raise_after = nullptr;  // raised by another thread during the first call
};

int take(void* user, r1_channel channel, const char* text, size_t bytes) {
  Text& t = *static_cast<Text*>(user);
  (channel == R1_THINKING ? t.thinking : t.answer).append(text, bytes);
  if (++t.calls == 1 && t.raise_after) std::thread([&t] { r1_cancellation_raise(t.raise_after); }).join();
  return t.calls == t.most_calls;
}

class CInterface : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    setenv("R1_HOME", R1_SOURCE_DIR, 1);
    r1_open_options options;
    r1_open_options_init(&options);
    options.threads = 2;
    options.context = 1024;
    ASSERT_EQ(r1_open("nano", &options, &model_), R1_OK) << r1_last_error();
  }
  static void TearDownTestSuite() {
    r1_close(model_);
    unsetenv("R1_HOME");
  }

  static r1_status ask(const char* question, Text& text, const r1_generate_options* options = nullptr,
                       r1_result* result = nullptr) {
    const r1_message message{"user", question};
    return r1_generate(model_, &message, 1, options, take, &text, result);
  }
  static std::string answer_to(const char* question) {
    Text text;
    EXPECT_EQ(ask(question, text), R1_OK) << r1_last_error();
    return text.thinking + "|" + text.answer;
  }

  static inline r1_model* model_ = nullptr;
};

TEST_F(CInterface, TextBecomesTokensAndTokensTheSameText) {
  const std::string text("47 * 36 = <think>\0\n", 19);
  for (const int special : {0, 1}) {
    int32_t* tokens = nullptr;
    size_t count = 0, bytes = 0;
    char* back = nullptr;
    ASSERT_EQ(r1_tokenize(model_, text.data(), text.size(), special, &tokens, &count), R1_OK);
    ASSERT_GT(count, 0u);
    for (size_t i = 0; i < count; ++i) EXPECT_TRUE(tokens[i] >= 0 && tokens[i] < r1_vocabulary(model_));
    ASSERT_EQ(r1_detokenize(model_, tokens, count, &back, &bytes), R1_OK);
    EXPECT_EQ(std::string(back, bytes), text);
    EXPECT_EQ(back[bytes], '\0');
    r1_free(tokens);
    r1_free(back);
  }
  int32_t* tokens = nullptr;
  size_t count = 1;
  ASSERT_EQ(r1_tokenize(model_, nullptr, 0, 0, &tokens, &count), R1_OK);
  EXPECT_EQ(count, 0u);
  r1_free(tokens);
}

TEST_F(CInterface, AnAnswerComesInPiecesAndIsCounted) {
  Text text;
  r1_result result{};
  result.size = sizeof(result);
  ASSERT_EQ(ask("What is 3 + 4?", text, nullptr, &result), R1_OK) << r1_last_error();
  EXPECT_NE(text.answer.find('7'), std::string::npos) << text.answer;
  EXPECT_NE(text.thinking, "");
  EXPECT_GT(text.calls, 5);
  EXPECT_EQ(result.finish, R1_FINISH_STOP);
  EXPECT_GT(result.prompt_tokens, 3);
  EXPECT_GT(result.tokens, result.thinking_tokens);
  EXPECT_GT(result.thinking_tokens, 0);
}

TEST_F(CInterface, OptionsChangeTheAnswer) {
  r1_generate_options options;
  r1_generate_options_init(&options);
  options.think = 0;
  options.max_tokens = 2;
  Text text;
  r1_result result{};
  result.size = sizeof(result);
  ASSERT_EQ(ask("What is 3 + 4?", text, &options, &result), R1_OK);
  EXPECT_EQ(text.thinking, "");
  EXPECT_EQ(result.tokens, 2);
  EXPECT_EQ(result.finish, R1_FINISH_LENGTH);
}

TEST_F(CInterface, ThreadsThatShareAModelGetTheAnswersThatTheyGetAlone) {
  const std::vector<const char*> questions{"What is 3 + 4?", "What is 12 * 7?", "Sort 5, 2, 9.", "What is 90 - 17?"};
  std::vector<std::string> alone, together(questions.size());
  for (const char* q : questions) alone.push_back(answer_to(q));
  std::vector<std::thread> threads;
  for (size_t i = 0; i < questions.size(); ++i) threads.emplace_back([&, i] { together[i] = answer_to(questions[i]); });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(together, alone);
}

TEST_F(CInterface, AnotherThreadCancels) {
  r1_cancellation* const cancel = r1_cancellation_create();
  r1_generate_options options;
  r1_generate_options_init(&options);
  options.cancel = cancel;
  Text text;
  text.raise_after = cancel;
  r1_result result{};
  result.size = sizeof(result);
  EXPECT_EQ(ask("What is 3 + 4?", text, &options, &result), R1_CANCELLED);
  EXPECT_EQ(text.calls, 1);
  EXPECT_EQ(result.finish, R1_FINISH_CANCELLED);
  // It stays raised until it is reset.
  Text second;
  EXPECT_EQ(ask("What is 3 + 4?", second, &options), R1_CANCELLED);
  r1_cancellation_reset(cancel);
  EXPECT_EQ(ask("What is 3 + 4?", second, &options), R1_OK);
  r1_cancellation_free(cancel);
}

TEST_F(CInterface, TheCallbackEndsAGeneration) {
  Text text;
  text.most_calls = 3;
  EXPECT_EQ(ask("What is 3 + 4?", text), R1_CANCELLED);
  EXPECT_EQ(text.calls, 3);
}

TEST_F(CInterface, WrongArgumentsAreStatusesWithASentence) {
  const auto expect = [](r1_status got, r1_status want, const char* word) {
    EXPECT_EQ(got, want);
    EXPECT_NE(std::string(r1_last_error()).find(word), std::string::npos) << r1_last_error();
  };
  r1_model* other = nullptr;
  expect(r1_open("no-such-model", nullptr, &other), R1_IO, "no-such-model");
  expect(r1_open(nullptr, nullptr, &other), R1_INVALID, "name");
  EXPECT_EQ(other, nullptr);
  r1_open_options open;
  r1_open_options_init(&open);
  open.threads = -1;
  expect(r1_open("nano", &open, &other), R1_INVALID, "threads");
  const int32_t bad = r1_vocabulary(model_);
  char* text = nullptr;
  size_t bytes = 0;
  expect(r1_detokenize(model_, &bad, 1, &text, &bytes), R1_INVALID, "tokens[0]");
  EXPECT_EQ(text, nullptr);
  const r1_message nothing{"user", nullptr}, stranger{"nobody", "x"};
  expect(r1_generate(model_, &nothing, 1, nullptr, nullptr, nullptr, nullptr), R1_INVALID, "messages[0]");
  expect(r1_generate(model_, nullptr, 0, nullptr, nullptr, nullptr, nullptr), R1_INVALID, "messages");
  EXPECT_NE(r1_generate(model_, &stranger, 1, nullptr, nullptr, nullptr, nullptr), R1_OK);
  r1_generate_options options;
  r1_generate_options_init(&options);
  options.top_p = 2;
  const r1_message question{"user", "1 + 1"};
  expect(r1_generate(model_, &question, 1, &options, nullptr, nullptr, nullptr), R1_INVALID, "top_p");
  const std::string mine = r1_last_error();
  std::thread([] { EXPECT_STREQ(r1_last_error(), ""); }).join();
  EXPECT_EQ(r1_last_error(), mine);
}

TEST_F(CInterface, ProgramsMayBeOlderOrNewerThanTheLibrary) {
  struct {
    r1_generate_options known;
    int64_t later[2];
  } newer{};
  r1_generate_options_init_sized(&newer.known, sizeof(newer));
  newer.known.max_tokens = 1;
  const r1_message question{"user", "1 + 1"};
  EXPECT_EQ(r1_generate(model_, &question, 1, &newer.known, nullptr, nullptr, nullptr), R1_OK);
  newer.later[1] = 5;
  EXPECT_EQ(r1_generate(model_, &question, 1, &newer.known, nullptr, nullptr, nullptr), R1_INVALID);
  // An older program knows max_tokens only; what follows it in memory is not read.
  r1_generate_options older;
  r1_generate_options_init(&older);
  older.size = offsetof(r1_generate_options, temperature);
  older.max_tokens = 1;
  older.top_p = 77;
  EXPECT_EQ(r1_generate(model_, &question, 1, &older, nullptr, nullptr, nullptr), R1_OK) << r1_last_error();
  older.size = 0;
  EXPECT_EQ(r1_generate(model_, &question, 1, &older, nullptr, nullptr, nullptr), R1_INVALID);
}

}  // namespace
}  // namespace r1
