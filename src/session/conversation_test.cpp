#include "session/conversation.hpp"

#include "core/file.hpp"
#include "core/test_folder.hpp"
#include "formats/json.hpp"
#include "session/test_session.hpp"

namespace r1 {
namespace {

Conversation sample() {
  Conversation c{.system = "Be brief."};
  c.turns.push_back({"1+1?", "one and one", "2", true});
  c.turns.push_back({"2+2?", "", "4", false});
  return c;
}

void expect_equal(const Conversation& a, const Conversation& b) {
  EXPECT_EQ(a.system, b.system);
  ASSERT_EQ(a.turns.size(), b.turns.size());
  for (size_t i = 0; i < a.turns.size(); ++i) {
    EXPECT_EQ(a.turns[i].user, b.turns[i].user);
    EXPECT_EQ(a.turns[i].thinking, b.turns[i].thinking);
    EXPECT_EQ(a.turns[i].answer, b.turns[i].answer);
    EXPECT_EQ(a.turns[i].thought, b.turns[i].thought) << i;
  }
}

TEST(Conversation, MessagesHaveTheSystemPromptAndNoThinking) {
  const auto messages = sample().messages("3+3?");
  ASSERT_EQ(messages.size(), 6u);
  EXPECT_EQ(messages[0].role, "system");
  EXPECT_EQ(messages[2].content, "2");
  EXPECT_EQ(messages[5].content, "3+3?");
  const auto later = sample().messages("3+3?", 1);
  ASSERT_EQ(later.size(), 4u);
  EXPECT_EQ(later[0].role, "system");
  EXPECT_EQ(later[1].content, "2+2?");
}

TEST(Conversation, ComesBackFromItsJson) {
  expect_equal(conversation_from(to_json(sample()), "test").value(), sample());
  Conversation odd;
  odd.turns.push_back({"a", "cut off in the thinking", "", true});
  odd.turns.push_back({"b", "", "", true});
  odd.turns.push_back({"c", "", "an empty thinking", true});
  odd.turns.push_back({"d", "line\n\nline", "x\n\ny", true});
  expect_equal(conversation_from(to_json(odd), "test").value(), odd);
  EXPECT_EQ(
      dump(to_json(sample())),
      "{\"messages\": [{\"role\": \"system\", \"content\": \"Be brief.\"}, {\"role\": \"user\", \"content\": "
      "\"1+1?\"}, {\"role\": \"assistant\", \"content\": \"<think>\\none and one\\n</think>\\n\\n2\"}, {\"role\": "
      "\"user\", \"content\": \"2+2?\"}, {\"role\": \"assistant\", \"content\": \"4\"}]}");
}

TEST(Conversation, OtherShapesAreRefusedWithTheMessage) {
  const auto error = [](const char* text) {
    const auto json = parse_json(text, "test");
    EXPECT_TRUE(json) << text;
    const auto c = conversation_from(*json, "file");
    EXPECT_FALSE(c) << text;
    return c ? "" : c.error().what;
  };
  EXPECT_NE(error("{\"text\": 1}").find("file: expected an object with \"messages\""), std::string::npos);
  EXPECT_NE(error("[{\"role\": \"user\"}]").find("file: message 1: content"), std::string::npos);
  EXPECT_NE(error(R"([{"role": "assistant", "content": ""}])")
                .find("message 1: the role is \"assistant\", expected "
                      "\"system\" or \"user\""),
            std::string::npos);
  EXPECT_NE(
      error(R"([{"role": "user", "content": ""}, {"role": "user", "content": ""}])").find("expected \"assistant\""),
      std::string::npos);
  EXPECT_NE(error(R"([{"role": "user", "content": ""}, {"role": "tool", "content": ""}])").find("\"tool\""),
            std::string::npos);
  EXPECT_NE(error(R"([{"role": "user", "content": ""}])").find("has no answer"), std::string::npos);
}

TEST(Conversation, IsReadFromJsonAndFromTheFirstRowOfJsonl) {
  const TestFolder folder;
  const auto path = folder.path() / "c";
  const auto read = [&](const std::string& text) {
    EXPECT_TRUE(write_file(path, text));
    return read_conversation(path);
  };
  const std::string row = dump(to_json(sample()));
  for (const std::string& text :
       {row, row + "\n", dump(to_json(sample()), 2), "\n" + row + "\n\n{\"messages\": []}\n"}) {
    const auto stored = read(text);
    ASSERT_TRUE(stored) << stored.error().what;
    expect_equal(stored->conversation, sample());
    EXPECT_EQ(stored->rows, text.find("[]") == text.npos ? 1 : 2);
  }
  for (const char* broken : {"", "{", "{\"messages\": [}\n"}) {
    const auto stored = read(broken);
    ASSERT_FALSE(stored) << broken;
    EXPECT_NE(stored.error().what.find(path.string()), std::string::npos) << stored.error().what;
  }
}

class FullContext : public testing::Test {
 protected:
  FullContext() {
    const auto model = create_model(test_session_config(), "test model", 1, Weights::trainable);
    R1_CHECK(model, "{}", model ? "" : model.error().what);
    EXPECT_TRUE(save_model(**model, folder_.path(), DType::f32));
    EXPECT_TRUE(write_file(folder_.path() / "tokenizer.json", byte_tokenizer_json(Marks::r1)));
    session_.emplace(Session::open(folder_.path(), pool_, {}).value());
    conversation_.system = "S";
    for (const char* text : {"aaaaaaaa", "bbbbbbbb", "cccccccc"})
      conversation_.turns.push_back({text, "", text, false});
  }
  // The user's texts in the prompt.
  std::string text_of(const TurnPrompt& prompt) const {
    std::string text;
    for (const i32 id : prompt.prompt.ids)
      if (id < 256) text += static_cast<char>(id);
    return text;
  }
  i64 tokens(size_t dropped) const {
    return std::ssize(
        prompt_for_turn(*session_, conversation_, "dd", Think::off, ContextFull::drop_oldest, 1, dropped)->prompt.ids);
  }
  const TestFolder folder_;
  ThreadPool pool_{1};
  std::optional<Session> session_;
  Conversation conversation_;
};

TEST_F(FullContext, TheOldestTurnsAreLeftOutUntilThereIsRoomAndTheSystemPromptStays) {
  const i64 all = tokens(0), context = session_->engine().context();
  ASSERT_LT(all, context);
  for (size_t dropped = 0; dropped <= 3; ++dropped) {
    const i64 room = context - tokens(dropped);
    const auto fits = prompt_for_turn(*session_, conversation_, "dd", Think::off, ContextFull::drop_oldest, room);
    ASSERT_TRUE(fits) << fits.error().what;
    EXPECT_EQ(fits->dropped, dropped) << "room " << room;
    EXPECT_NE(text_of(*fits).find('S'), std::string::npos);
    EXPECT_EQ(text_of(*fits).find('a') == std::string::npos, dropped > 0);
    EXPECT_EQ(text_of(*fits).find('c') == std::string::npos, dropped > 2);
  }
  const auto again = prompt_for_turn(*session_, conversation_, "dd", Think::off, ContextFull::drop_oldest, 1, 2);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->dropped, 2u) << "turns that were left out stay out";
  const auto refused = prompt_for_turn(*session_, conversation_, "dd", Think::off, ContextFull::refuse, context);
  ASSERT_TRUE(refused) << "room is only made where turns may be dropped";
  EXPECT_EQ(refused->dropped, 0u);
}

TEST_F(FullContext, AConversationThatDoesNotFitIsRefusedWithBothNumbers) {
  const i64 context = session_->engine().context();
  const std::string fills(static_cast<size_t>(context - tokens(0) + 2), 'd');
  const auto one_less = prompt_for_turn(*session_, conversation_, fills.substr(1), Think::off, ContextFull::refuse, 1);
  EXPECT_TRUE(one_less);
  const auto full = prompt_for_turn(*session_, conversation_, fills, Think::off, ContextFull::refuse, 1);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Errc::exhausted);
  EXPECT_EQ(full.error().what,
            fmt::format("the context is full: the conversation with this message has {0} tokens, the "
                        "context holds {0}",
                        context));
  EXPECT_TRUE(prompt_for_turn(*session_, conversation_, fills, Think::off, ContextFull::drop_oldest, 1));
  const std::string too_long(static_cast<size_t>(context), 'd');
  const auto alone = prompt_for_turn(*session_, conversation_, too_long, Think::off, ContextFull::drop_oldest, 1);
  ASSERT_FALSE(alone);
  EXPECT_NE(alone.error().what.find("this message has"), std::string::npos) << alone.error().what;
}

}  // namespace
}  // namespace r1
