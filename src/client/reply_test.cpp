#include "client/reply.hpp"

#include <gtest/gtest.h>

#include "client/event_stream.hpp"
#include "core/philox.hpp"

namespace r1 {
namespace {

struct Read {
  Status status;
  std::string thinking, answer;
  ReplyReader reader;
};

Read read(std::initializer_list<std::string_view> events) {
  Read out;
  for (const std::string_view event : events) {
    out.status = out.reader.read(event, "server", [&](const ReplyText& text) {
      out.thinking += text.thinking;
      out.answer += text.answer;
      return Status();
    });
    if (!out.status) break;
  }
  return out;
}

TEST(Reply, TheThinkingHasTwoNames) {
  EXPECT_EQ(read({R"({"choices":[{"delta":{"reasoning_content":"a"}}]})"}).thinking, "a");
  EXPECT_EQ(read({R"({"choices":[{"delta":{"reasoning":"a"}}]})"}).thinking, "a");
  EXPECT_EQ(read({R"({"choices":[{"delta":{"reasoning_content":"a","reasoning":"a"}}]})"}).thinking, "a");
  EXPECT_EQ(read({R"({"choices":[{"delta":{"reasoning_content":null,"reasoning":"a"}}]})"}).thinking, "a");
  EXPECT_EQ(read({R"({"choices":[{"delta":{"reasoning":{"text":"a"},"content":"b"}}]})"}).answer, "b");
}

TEST(Reply, EventsWithoutTextAreTaken) {
  const Read r =
      read({R"({"choices":[]})", R"({"choices":[{"delta":{}}]})", R"({"choices":[{"delta":{"content":""}}]})",
            R"({"object":"chat.completion.chunk"})", R"({"choices":[{"index":0,"finish_reason":"stop"}]})",
            R"({"usage":null,"error":null})", "[DONE]"});
  ASSERT_TRUE(r.status) << r.status.error().what;
  EXPECT_EQ(r.answer, "");
  EXPECT_EQ(r.reader.reply().finish, "stop");
  EXPECT_FALSE(r.reader.reply().usage);
  EXPECT_TRUE(r.reader.done());
}

TEST(Reply, TheLastCountsAreThoseOfTheAnswer) {
  const Read r = read({R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}})",
                       R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,
                           "completion_tokens_details":null}})"});
  ASSERT_TRUE(r.status) << r.status.error().what;
  ASSERT_TRUE(r.reader.reply().usage);
  EXPECT_EQ(r.reader.reply().usage->tokens, 2);
  EXPECT_EQ(r.reader.reply().usage->thinking_tokens, 0);
}

TEST(Reply, FieldsOfAnotherTypeAreNamed) {
  const auto error_of = [](std::string_view event) {
    const Read r = read({event});
    EXPECT_FALSE(r.status) << event;
    return r.status ? "" : r.status.error().what;
  };
  EXPECT_NE(error_of(R"({"choices":7})").find("choices"), std::string::npos);
  EXPECT_NE(error_of(R"({"choices":[7]})").find("choices[0]"), std::string::npos);
  EXPECT_NE(error_of(R"({"choices":[{"delta":7}]})").find("delta"), std::string::npos);
  EXPECT_NE(error_of(R"({"choices":[{"delta":{"content":[]}}]})").find("content"), std::string::npos);
  EXPECT_NE(error_of(R"({"usage":{"prompt_tokens":-1}})").find("prompt_tokens"), std::string::npos);
  EXPECT_NE(error_of("[]").find("server"), std::string::npos);
  EXPECT_NE(error_of("not JSON").find("server"), std::string::npos);
}

TEST(Reply, ErrorsHaveTheServersWords) {
  const auto words = [](std::string_view json) { return server_error(*parse_json(json, "test")).message; };
  EXPECT_EQ(words(R"({"error":{"message":"no"}})"), "no");
  EXPECT_EQ(words(R"({"error":"no"})"), "no");
  EXPECT_EQ(words(R"({"message":"no"})"), "no");
  EXPECT_EQ(words(R"({"detail":"no"})"), "no");
  EXPECT_EQ(words(R"({"error":null})"), "");
  EXPECT_EQ(words("[]"), "");
  EXPECT_EQ(server_error(*parse_json(R"({"error":{"code":"a","type":"b"}})", "test")).code, "a");
  EXPECT_EQ(server_error(*parse_json(R"({"error":{"code":400,"type":"b"}})", "test")).code, "b");
  EXPECT_LT(words("{\"error\":\"" + std::string(10'000, 'x') + "\"}").size(), 500u);
}

TEST(Reply, AnErrorInTheStreamSaysWhyAndWhetherTheContextIsFull) {
  const auto error = [](std::string_view event) {
    const Read r = read({R"({"choices":[{"delta":{"content":"a"}}]})", event});
    EXPECT_FALSE(r.status) << event;
    return r.status ? Error{Errc::unsupported, ""} : r.status.error();
  };
  const std::string begin = "server: the server ended the answer: ";
  EXPECT_EQ(error(R"({"error":{"message":"no"}})").what, begin + "no");
  EXPECT_EQ(error(R"({"error":{"message":"","type":"overloaded"}})").what, begin + "overloaded");
  for (const char* empty : {R"({"error":{}})", R"({"error":""})", R"({"error":{"message":""}})"})
    EXPECT_EQ(error(empty).what, begin + "the server gives no reason") << empty;
  EXPECT_EQ(error(R"({"error":{"message":"no"}})").code, Errc::io);
  EXPECT_EQ(error(R"({"error":{"message":"too long","code":"context_length_exceeded"}})").code, Errc::exhausted);
}

TEST(Reply, AWholeAnswerIsOneObject) {
  ReplyReader reader;
  std::string answer;
  const auto object = parse_json(
      R"({"choices":[{"message":{"content":"7"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3}})", "test");
  ASSERT_TRUE(object);
  ASSERT_TRUE(reader.read_object(*object, "server", [&](const ReplyText& text) {
    answer += text.answer;
    return Status();
  }));
  EXPECT_EQ(answer, "7");
  EXPECT_EQ(reader.reply().finish, "stop");
}

// Whatever a server sends, the reader takes it or says what is wrong.
TEST(Reply, DamagedStreamsAreReadOrRefused) {
  const std::string whole =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"a\"}}]}\n\n: keep-alive\r\n\r\n"
      "data: {\"choices\":[{\"delta\":{\"content\":\"\xc3\xa9\"},\"finish_reason\":\"stop\"}],"
      "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";
  Random random(1, Purpose::test);
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = whole;
    for (u32 changes = 1 + random.next_u32() % 3; changes > 0; --changes) {
      const size_t at = random.next_u32() % damaged.size();
      if (random.next_u32() % 2) damaged[at] = static_cast<char>(random.next_u32() & 0xff);
      else damaged.erase(at, 1 + random.next_u32() % 8);
    }
    EventStream stream("server");
    ReplyReader reader;
    const Status status = stream.push(damaged, [&](std::string_view data) {
      return reader.read(data, "server", [](const ReplyText&) { return Status(); });
    });
    if (status) continue;
    ++refused;
    EXPECT_TRUE(status.error().what.starts_with("server: ")) << status.error().what;
  }
  EXPECT_GT(refused, 300) << "most changes hit JSON";
}

}  // namespace
}  // namespace r1
