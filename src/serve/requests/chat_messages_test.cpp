#include "serve/requests/chat_messages.hpp"

#include <gtest/gtest.h>

namespace r1 {
namespace {

ApiResult<ChatMessages> read(std::string_view text, bool continues = false) {
  const auto parsed = parse_json(text, "test");
  R1_CHECK(parsed, "{}", parsed ? "" : parsed.error().what);
  return read_messages(&*parsed, continues);
}

TEST(ChatMessages, RolesAndContentsOfEveryForm) {
  const auto read_all = read(R"([
    {"role":"developer","content":"be brief"},
    {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"name":"me"},
    {"role":"assistant","content":null,
     "tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"c1","content":"7"},
    {"role":"assistant","content":"<think>\nwell\n</think>\n\nyes"},
    {"role":"assistant","content":"no","reasoning":"hm"}])");
  ASSERT_TRUE(read_all) << read_all.error().message;
  const auto& m = read_all->messages;
  ASSERT_EQ(m.size(), 6u);
  EXPECT_EQ(m[0].role, "system");
  EXPECT_EQ(m[1].content, "ab");
  EXPECT_EQ(m[1].name, "me");
  EXPECT_EQ(m[2].tool_calls.array()->size(), 1u);
  EXPECT_EQ(m[3].tool_call_id, "c1");
  EXPECT_EQ(m[4].reasoning_content, "well\n");
  EXPECT_EQ(m[4].content, "yes");
  EXPECT_EQ(m[5].reasoning_content, "hm");
  EXPECT_FALSE(read_all->prefix);
}

TEST(ChatMessages, TheLastAnswerIsContinuedOnRequest) {
  const char* plain = R"([{"role":"user","content":"q"},{"role":"assistant","content":"be"}])";
  EXPECT_EQ(read(plain)->messages.size(), 2u);
  ASSERT_TRUE(read(plain, true)->prefix);
  EXPECT_EQ(read(plain, true)->prefix->content, "be");
  const auto prefix = read(R"([{"role":"user","content":"q"},{"role":"assistant","content":"be","prefix":true}])");
  EXPECT_EQ(prefix->messages.size(), 1u);
  EXPECT_EQ(prefix->prefix->content, "be");
}

TEST(ChatMessages, WhatIsWrongIsRefusedWithItsPlace) {
  struct Case {
    const char *text, *param;
  };
  for (const auto& [text, param] : {
           Case{"[]", "messages"},
           Case{"3", "messages"},
           Case{"{}", "messages"},
           Case{R"(["a"])", "messages[0]"},
           Case{R"([{"content":"a"}])", "messages[0].role"},
           Case{R"([{"role":"function","content":"a"}])", "messages[0].role"},
           Case{R"([{"role":"User","content":"a"}])", "messages[0].role"},
           Case{R"([{"role":3,"content":"a"}])", "messages[0].role"},
           Case{R"([{"role":"user"}])", "messages[0].content"},
           Case{R"([{"role":"user","content":3}])", "messages[0].content"},
           Case{R"([{"role":"user","content":[3]}])", "messages[0].content[0]"},
           Case{R"([{"role":"user","content":[{"type":"text"}]}])", "messages[0].content[0]"},
           Case{R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://x"}}]}])",
                "messages[0].content[0]"},
           Case{R"([{"role":"assistant"}])", "messages[0].content"},
           Case{R"([{"role":"assistant","tool_calls":[{"id":"a"}]}])", "messages[0].tool_calls[0]"},
           Case{R"([{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":3}}]}])",
                "messages[0].tool_calls[0].function.arguments"},
           Case{R"([{"role":"tool","content":"a"}])", "messages[0].tool_call_id"},
           Case{R"([{"role":"tool","content":"a","tool_call_id":"x"}])", "messages[0].tool_call_id"},
           Case{R"([{"role":"user","content":"a","prefix":true}])", "messages[0].prefix"},
       }) {
    const auto refused = read(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().status, 400);
    EXPECT_EQ(refused.error().param, param) << text << ": " << refused.error().message;
    EXPECT_NE(refused.error().message.find("messages"), std::string::npos) << refused.error().message;
  }
  EXPECT_FALSE(read_messages(nullptr, false));
}

}  // namespace
}  // namespace r1
