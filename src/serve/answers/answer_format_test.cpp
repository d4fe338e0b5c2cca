// The bytes of answers, as the clients of OpenAI and DeepSeek read them.
#include "serve/answers/answer_format.hpp"

#include <gtest/gtest.h>

namespace r1 {
namespace {

AnswerHeader header(i64 samples = 1) {
  return {
      .id = "0123", .model = "m", .fingerprint = "r1_x", .created = 7, .samples = samples, .seed = 5, .thinking = true};
}

RequestEnd test_end() {
  RequestEnd end;
  end.usage = {.prompt_tokens = 10, .cached_tokens = 4, .completion_tokens = 6, .reasoning_tokens = 2};
  end.timings = {.queued_seconds = 1, .prompt_seconds = 0.5, .decode_seconds = 2};
  return end;
}

// The texts in the order of the list, whose items are evaluated in order.
std::string joined(std::initializer_list<std::string> texts) {
  std::string out;
  for (const std::string& text : texts) out += text;
  return out;
}

// The JSON of every event but [DONE], which must be the last.
std::vector<Json> events_of(std::string_view stream) {
  std::vector<Json> events;
  bool done = false;
  for (size_t begin = 0; begin < stream.size();) {
    const size_t end = stream.find("\n\n", begin);
    R1_CHECK(end != stream.npos, "an event without an end");
    const std::string_view event = stream.substr(begin, end - begin);
    EXPECT_TRUE(event.starts_with("data: ")) << event;
    EXPECT_EQ(event.find('\n'), event.npos) << event;
    EXPECT_FALSE(done) << "nothing follows [DONE]";
    begin = end + 2;
    if (event == "data: [DONE]") {
      done = true;
      continue;
    }
    auto json = parse_json(event.substr(6), "event");
    R1_CHECK(json, "{}: {}", json ? "" : json.error().what, event);
    events.push_back(std::move(*json));
  }
  EXPECT_TRUE(done);
  return events;
}

const Json& at(const Json& json, std::initializer_list<std::string_view> path) {
  static const Json kNothing;
  const Json* value = &json;
  for (const std::string_view step : path) {
    const bool is_index = step.size() == 1 && step[0] >= '0' && step[0] <= '9';
    if (is_index) {
      const size_t index = static_cast<size_t>(step[0] - '0');
      value = value->array() && value->array()->size() > index ? &(*value->array())[index] : nullptr;
    } else {
      value = value->find(step);
    }
    if (!value) return kNothing;
  }
  return *value;
}

TEST(ChatFormat, AStreamHasRoleThinkingAnswerReasonAndUsageInThisOrder) {
  const auto f = chat_format(header(), {.stream = true, .include_usage = true});
  EXPECT_EQ(f->content_type(), "text/event-stream");
  const auto events =
      events_of(joined({f->begin(), f->text(0, Channel::thinking, "hm\n\""), f->text(0, Channel::answer, "4\u00e9"),
                        f->finish(0, FinishReason::stop_token), f->end(test_end())}));
  ASSERT_EQ(events.size(), 5u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(at(events[i], {"id"}), Json("chatcmpl-0123"));
    EXPECT_EQ(at(events[i], {"object"}), Json("chat.completion.chunk"));
    EXPECT_EQ(at(events[i], {"created"}), Json(7));
    EXPECT_EQ(at(events[i], {"model"}), Json("m"));
    EXPECT_EQ(at(events[i], {"choices", "0", "index"}), Json(0));
    EXPECT_TRUE(events[i].find("usage") && events[i].find("usage")->is_null());
    EXPECT_TRUE(at(events[i], {"choices", "0"}).find("logprobs"));
    EXPECT_EQ(at(events[i], {"choices", "0", "finish_reason"}).is_null(), i < 3);
  }
  EXPECT_EQ(at(events[0], {"choices", "0", "delta"}), Json::object({{"role", "assistant"}, {"content", ""}}));
  EXPECT_EQ(at(events[1], {"choices", "0", "delta"}), Json::object({{"reasoning_content", "hm\n\""}}));
  EXPECT_EQ(at(events[2], {"choices", "0", "delta"}), Json::object({{"content", "4\u00e9"}}));
  EXPECT_EQ(at(events[3], {"choices", "0", "delta"}), Json(Json::Object{}));
  EXPECT_EQ(at(events[3], {"choices", "0", "finish_reason"}), Json("stop"));
  EXPECT_EQ(at(events[4], {"choices"}), Json(Json::Array{}));
  EXPECT_EQ(at(events[4], {"usage"}), usage_json(test_end().usage));
}

TEST(ChatFormat, WithoutTheWishNoChunkHasUsage) {
  const auto f = chat_format(header(), {.stream = true});
  for (const Json& event : events_of(joined({f->begin(), f->finish(0, FinishReason::length), f->end(test_end())})))
    EXPECT_FALSE(event.find("usage")) << dump(event);
}

TEST(ChatFormat, TheRolesOfAllChoicesComeFirstAndInOrder) {
  const auto f = chat_format(header(3), {.stream = true});
  const auto events = events_of(joined({f->begin(), f->end(test_end())}));
  ASSERT_EQ(events.size(), 3u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(at(events[static_cast<size_t>(i)], {"choices", "0", "index"}), Json(i));
    EXPECT_EQ(at(events[static_cast<size_t>(i)], {"choices", "0", "delta", "role"}), Json("assistant"));
  }
}

TEST(ChatFormat, AWholeAnswerHasEveryChoiceAndTheUsage) {
  const auto f = chat_format(header(2), {});
  EXPECT_EQ(f->content_type(), "application/json; charset=utf-8");
  EXPECT_EQ(joined({f->begin(), f->text(1, Channel::answer, "b"), f->text(0, Channel::thinking, "t"),
                    f->text(0, Channel::answer, "a"), f->text(0, Channel::answer, "A"),
                    f->finish(0, FinishReason::stop_string), f->finish(1, FinishReason::length)}),
            "");
  const auto answer = parse_json(f->end(test_end()), "answer");
  ASSERT_TRUE(answer);
  EXPECT_EQ(at(*answer, {"object"}), Json("chat.completion"));
  EXPECT_EQ(at(*answer, {"choices", "0", "message", "content"}), Json("aA"));
  EXPECT_EQ(at(*answer, {"choices", "0", "message", "reasoning_content"}), Json("t"));
  EXPECT_EQ(at(*answer, {"choices", "0", "finish_reason"}), Json("stop"));
  EXPECT_EQ(at(*answer, {"choices", "1", "message", "content"}), Json("b"));
  EXPECT_EQ(at(*answer, {"choices", "1", "finish_reason"}), Json("length"));
  EXPECT_EQ(at(*answer, {"usage", "total_tokens"}), Json(16));
  EXPECT_EQ(at(*answer, {"usage", "prompt_tokens_details", "cached_tokens"}), Json(4));
  EXPECT_EQ(at(*answer, {"usage", "prompt_cache_miss_tokens"}), Json(6));
  EXPECT_EQ(at(*answer, {"usage", "completion_tokens_details", "reasoning_tokens"}), Json(2));
  EXPECT_EQ(at(*answer, {"timings", "predicted_per_second"}), Json(3.0));
  EXPECT_EQ(at(*answer, {"seed"}), Json(5));
}

TEST(ChatFormat, ACallHasItsNameOnceAndItsArgumentsAfterIt) {
  const ToolCall add{"add", "{\"a\": 1}", "call_1"};
  const auto s = chat_format(header(), {.stream = true});
  const auto events =
      events_of(joined({s->begin(), s->call(0, 0, add), s->finish(0, FinishReason::stop_token), s->end(test_end())}));
  ASSERT_EQ(events.size(), 4u);
  const Json& first = at(events[1], {"choices", "0", "delta", "tool_calls", "0"});
  EXPECT_EQ(first, Json::object({{"index", 0},
                                 {"id", "call_1"},
                                 {"type", "function"},
                                 {"function", Json::object({{"name", "add"}, {"arguments", ""}})}}));
  EXPECT_EQ(at(events[2], {"choices", "0", "delta", "tool_calls", "0"}),
            Json::object({{"index", 0}, {"function", Json::object({{"arguments", add.arguments}})}}));
  EXPECT_EQ(at(events[3], {"choices", "0", "finish_reason"}), Json("tool_calls"));

  const auto w = chat_format(header(), {});
  w->call(0, 0, add);
  w->finish(0, FinishReason::stop_token);
  const auto answer = parse_json(w->end(test_end()), "answer");
  EXPECT_TRUE(at(*answer, {"choices", "0", "message", "content"}).is_null());
  EXPECT_EQ(at(*answer, {"choices", "0", "message", "tool_calls", "0", "function", "arguments"}), Json(add.arguments));
  EXPECT_EQ(at(*answer, {"choices", "0", "finish_reason"}), Json("tool_calls"));
}

TEST(ChatFormat, WithoutThinkingThereIsNoReasoningContent) {
  AnswerHeader h = header();
  h.thinking = false;
  const auto answer = parse_json(chat_format(h, {})->end(test_end()), "answer");
  EXPECT_FALSE(at(*answer, {"choices", "0", "message"}).find("reasoning_content"));
  EXPECT_EQ(at(*answer, {"choices", "0", "message", "content"}), Json(""));
}

TEST(ChatFormat, TheThinkingMayHaveASecondName) {
  const auto f = chat_format(header(), {.stream = true, .reasoning_alias = true});
  EXPECT_NE(f->text(0, Channel::thinking, "x").find(R"({"reasoning_content": "x", "reasoning": "x"})"),
            std::string::npos);
}

TEST(ChatFormat, AFailureInAStreamIsAnEvent) {
  const auto f = chat_format(header(), {.stream = true});
  EXPECT_EQ(f->error({500, "internal_error", "why"}),
            "data: {\"error\": {\"message\": \"why\", \"type\": \"server_error\", \"param\": null, "
            "\"code\": \"internal_error\"}}\n\n");
}

TEST(TextFormat, AStreamAndAWholeAnswerHaveTheSameText) {
  const auto s = text_format(header(), {.stream = true, .include_usage = true}, "echo ");
  const auto w = text_format(header(), {}, "echo ");
  std::string stream, whole;
  for (AnswerFormat* f : {s.get(), w.get()})
    (f == s.get() ? stream : whole) =
        joined({f == s.get() ? f->begin() : "", f->text(0, Channel::answer, "a"), f->text(0, Channel::thinking, "b"),
                f->finish(0, FinishReason::length), f->end(test_end())});
  std::string texts;
  const auto events = events_of(stream);
  for (const Json& event : events)
    if (const std::string* text = at(event, {"choices", "0", "text"}).string()) texts += *text;
  EXPECT_EQ(texts, "echo ab");
  EXPECT_EQ(at(events.back(), {"usage", "total_tokens"}), Json(16));
  const auto answer = parse_json(whole, "answer");
  ASSERT_TRUE(answer);
  EXPECT_EQ(at(*answer, {"object"}), Json("text_completion"));
  EXPECT_EQ(at(*answer, {"choices", "0", "text"}), Json("echo ab"));
  EXPECT_EQ(at(*answer, {"choices", "0", "finish_reason"}), Json("length"));
}

TEST(MessagesFormat, AnAnswerWithACallAsksForItsResultAlsoIfTextFollows) {
  const auto f = messages_format(header(), false, "");
  f->call(0, 0, {"add", "{}", "call_1"});
  f->text(0, Channel::answer, "\n");
  f->finish(0, FinishReason::stop_token);
  const auto answer = parse_json(f->end(test_end()), "answer");
  ASSERT_TRUE(answer);
  EXPECT_EQ(at(*answer, {"stop_reason"}), Json("tool_use"));
}

TEST(ApiErrors, TheKindFollowsTheStatusAndOnlyWhatMayHelpSaysTryAgain) {
  for (const auto& [status, type] : std::initializer_list<std::pair<int, const char*>>{{400, "invalid_request_error"},
                                                                                       {401, "authentication_error"},
                                                                                       {403, "permission_error"},
                                                                                       {404, "not_found_error"},
                                                                                       {405, "not_found_error"},
                                                                                       {408, "timeout_error"},
                                                                                       {413, "invalid_request_error"},
                                                                                       {415, "invalid_request_error"},
                                                                                       {429, "rate_limit_error"},
                                                                                       {500, "server_error"},
                                                                                       {501, "not_supported_error"},
                                                                                       {503, "unavailable_error"}})
    EXPECT_STREQ((ApiError{.status = status}).type(), type);
  const HttpHead busy = head_of({.status = 429, .retry_after = 3});
  EXPECT_EQ(busy.fields, (HttpFields{{"Retry-After", "3"}}));
  EXPECT_EQ(head_of({.status = 500}).fields, (HttpFields{{"x-should-retry", "false"}}));
  EXPECT_EQ(head_of({.status = 401}).fields, (HttpFields{{"WWW-Authenticate", "Bearer"}}));
}

}  // namespace
}  // namespace r1
