// The whole server with the model that ships, over loopback.
#include <gtest/gtest.h>

#include <thread>

#include "serve/test_server.hpp"

namespace r1 {
namespace {

constexpr const char* kQuestion = R"("messages":[{"role":"user","content":"What is 3 + 4?"}],"seed":1)";

ApiOptions api_options() {
  ApiOptions options;
  options.access.origins = {"https://chat.example"};
  options.endpoints.fingerprint = "r1_test";
  options.metrics = true;
  return options;
}

class ApiTest : public testing::Test {
 protected:
  static ModelServer& running() {
    static ModelServer instance({"nano", {"other"}}, {.max_queue = 4}, api_options());
    return instance;
  }
  static TestAnswer ask(std::string_view bytes) { return running().ask(bytes); }
  static TestAnswer post(std::string_view path, std::string_view body) { return ask(post_text(path, body)); }
  static Json json(const TestAnswer& answer) { return json_of(answer); }
  static Json member(const Json& value, std::string_view name) {
    const Json* const found = value.find(name);
    return found ? *found : Json();
  }
  static Json choice(const Json& answer, size_t index = 0) {
    const Json choices = member(answer, "choices");
    return choices.array() && choices.array()->size() > index ? (*choices.array())[index] : Json();
  }
  static std::string text(const Json& value) { return value.string() ? *value.string() : ""; }

  struct Streamed {
    std::string thinking, answer, finish;
    Json usage;
    bool done = false;
  };
  static Streamed streamed(const TestAnswer& answer) {
    Streamed out;
    for (size_t begin = 0; begin < answer.body.size();) {
      const size_t end = answer.body.find("\n\n", begin);
      const std::string event = answer.body.substr(begin + 6, end - begin - 6);
      begin = end + 2;
      if (event == "[DONE]") {
        out.done = true;
        break;
      }
      const auto parsed = parse_json(event, "event");
      EXPECT_TRUE(parsed) << event;
      const Json delta = member(choice(*parsed), "delta");
      out.thinking += text(member(delta, "reasoning_content"));
      out.answer += text(member(delta, "content")) + text(member(choice(*parsed), "text"));
      out.finish += text(member(choice(*parsed), "finish_reason"));
      if (!member(*parsed, "usage").is_null()) out.usage = member(*parsed, "usage");
    }
    return out;
  }
};

TEST_F(ApiTest, AQuestionIsAnsweredTheSameAsAStreamAndInOnePiece) {
  const TestAnswer whole = post("/v1/chat/completions", fmt::format("{{{}}}", kQuestion));
  ASSERT_EQ(whole.status, 200) << whole.body;
  EXPECT_EQ(whole.fields.at("content-type"), "application/json; charset=utf-8");
  const Json answer = json(whole), message = member(choice(answer), "message");
  EXPECT_NE(text(member(message, "content")).find('7'), std::string::npos) << whole.body;
  EXPECT_NE(text(member(message, "reasoning_content")), "");
  EXPECT_EQ(text(member(choice(answer), "finish_reason")), "stop");

  const TestAnswer stream = post("/chat/completions", fmt::format(R"({{{},"stream":true,"stream_options":)"
                                                                  R"({{"include_usage":true}}}})",
                                                                  kQuestion));
  ASSERT_EQ(stream.status, 200) << stream.body;
  EXPECT_TRUE(stream.complete);
  EXPECT_EQ(stream.fields.at("content-type"), "text/event-stream");
  const Streamed got = streamed(stream);
  EXPECT_TRUE(got.done);
  EXPECT_EQ(got.thinking, text(member(message, "reasoning_content")));
  EXPECT_EQ(got.answer, text(member(message, "content")));
  EXPECT_EQ(got.finish, "stop");
  for (const char* name : {"prompt_tokens", "completion_tokens", "total_tokens"})
    EXPECT_EQ(member(got.usage, name), member(member(answer, "usage"), name)) << name;
}

TEST_F(ApiTest, SeveralChoicesDifferAndRepeatWithTheSeed) {
  const std::string body = R"({"prompt":"7","n":3,"temperature":2,"max_tokens":24,"seed":1})";
  const Json first = json(post("/v1/completions", body)), second = json(post("/v1/completions", body));
  EXPECT_EQ(member(first, "choices"), member(second, "choices"));
  ASSERT_EQ(member(first, "choices").array()->size(), 3u);
  EXPECT_NE(text(member(choice(first, 0), "text")), text(member(choice(first, 1), "text")));
  EXPECT_NE(text(member(choice(first, 1), "text")), text(member(choice(first, 2), "text")));
  EXPECT_EQ(member(first, "seed"), Json(1));
  EXPECT_EQ(member(member(first, "usage"), "completion_tokens"), member(member(second, "usage"), "completion_tokens"));
}

TEST_F(ApiTest, LimitsStopsAndThinkingAreHonoured) {
  const Json cut = json(post("/v1/chat/completions", fmt::format(R"({{{},"max_tokens":3}})", kQuestion)));
  EXPECT_EQ(text(member(choice(cut), "finish_reason")), "length");
  EXPECT_EQ(member(member(cut, "usage"), "completion_tokens"), Json(3));

  const Json brief =
      json(post("/v1/chat/completions", fmt::format(R"({{{},"thinking":{{"type":"disabled"}}}})", kQuestion)));
  EXPECT_FALSE(member(choice(brief), "message").find("reasoning_content"));
  const std::string content = text(member(member(choice(brief), "message"), "content"));
  ASSERT_GT(content.size(), 1u);

  const Json stopped =
      json(post("/v1/chat/completions", fmt::format(R"({{{},"reasoning_effort":"none","stop":{}}})", kQuestion,
                                                    dump(Json(content.substr(content.size() - 1))))));
  const std::string before = text(member(member(choice(stopped), "message"), "content"));
  EXPECT_EQ(before, content.substr(0, content.find(content.back())));
  EXPECT_EQ(text(member(choice(stopped), "finish_reason")), "stop");
}

TEST_F(ApiTest, AnAnswerGoesOnBehindItsEndWhereThatIsWanted) {
  const TestAnswer whole = post("/v1/chat/completions", fmt::format("{{{}}}", kQuestion));
  const i64 length = *member(member(json(whole), "usage"), "completion_tokens").integer();
  const Json longer = json(
      post("/v1/chat/completions", fmt::format(R"({{{},"ignore_eos":true,"max_tokens":{}}})", kQuestion, length + 40)));
  EXPECT_EQ(member(member(longer, "usage"), "completion_tokens"), Json(length + 40));
  EXPECT_EQ(text(member(choice(longer), "finish_reason")), "length");
  EXPECT_EQ(text(member(member(choice(longer), "message"), "reasoning_content")),
            text(member(member(choice(json(whole)), "message"), "reasoning_content")));

  const TestAnswer refused =
      post("/v1/chat/completions",
           fmt::format(R"({{{},"ignore_eos":true,"response_format":{{"type":"json_object"}}}})", kQuestion));
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("ignore_eos"), std::string::npos) << refused.body;
}

TEST_F(ApiTest, AnAnswerThatHasBegunIsContinued) {
  const Json whole =
      json(post("/v1/chat/completions", fmt::format(R"({{{},"reasoning_effort":"none","temperature":0}})", kQuestion)));
  const std::string content = text(member(member(choice(whole), "message"), "content"));
  const size_t cut = content.rfind(' ');  // where a token begins
  ASSERT_NE(cut, content.npos) << content;
  const Json rest = json(post(
      "/beta/chat/completions",
      fmt::format(R"({{"messages":[{{"role":"user","content":"What is 3 + 4?"}},{{"role":"assistant","content":{},)"
                  R"("prefix":true}}],"temperature":0}})",
                  dump(Json(content.substr(0, cut))))));
  EXPECT_EQ(text(member(member(choice(rest), "message"), "content")), content.substr(cut));
}

TEST_F(ApiTest, APromptIsContinuedAsTextOrTokens) {
  const Json tokens = member(json(post("/tokenize", R"({"content":"3 + 4 ="})")), "tokens");
  ASSERT_TRUE(tokens.array());
  EXPECT_EQ(text(member(json(post("/detokenize", dump(Json::object({{"tokens", tokens}})))), "content")), "3 + 4 =");
  const std::string rest = R"(,"temperature":0,"max_tokens":8})";
  const Json as_text = json(post("/v1/completions", R"({"prompt":"3 + 4 =")" + rest));
  const Json as_tokens = json(post("/v1/completions", R"({"prompt":)" + dump(tokens) + rest));
  EXPECT_EQ(member(as_text, "choices"), member(as_tokens, "choices"));
  const Streamed stream = streamed(post("/completions", R"({"prompt":["3 + 4 ="],"stream":true)" + rest));
  EXPECT_EQ(stream.answer, text(member(choice(as_text), "text")));
  EXPECT_EQ(text(member(as_text, "object")), "text_completion");
}

TEST_F(ApiTest, ClientsOfAnthropicGetTheSameAnswer) {
  const std::string question = R"("max_tokens":200,"temperature":0,"messages":[{"role":"user","content":[)"
                               R"({"type":"text","text":"What is 3 + 4?"}]}])";
  const Json whole = json(post("/v1/messages", fmt::format("{{{}}}", question)));
  const Json open = json(
      post("/v1/chat/completions", R"({"temperature":0,"messages":[{"role":"user","content":"What is 3 + 4?"}]})"));
  const Json blocks = member(whole, "content"), message = member(choice(open), "message");
  ASSERT_TRUE(blocks.array() && blocks.array()->size() == 2) << dump(whole);
  EXPECT_EQ(member((*blocks.array())[0], "thinking"), member(message, "reasoning_content"));
  EXPECT_EQ(member((*blocks.array())[1], "text"), member(message, "content"));
  EXPECT_EQ(text(member(whole, "stop_reason")), "end_turn");

  const TestAnswer stream = post("/v1/messages", fmt::format(R"({{{},"stream":true}})", question));
  EXPECT_TRUE(stream.body.starts_with("event: message_start\ndata: {")) << stream.body;
  size_t at = 0;
  for (const char* part :
       {"content_block_start", "thinking_delta", "signature_delta", "content_block_stop", "content_block_start",
        "text_delta", "content_block_stop", "message_delta", "message_stop"}) {
    at = stream.body.find(part, at);
    ASSERT_NE(at, std::string::npos) << part << stream.body;
    ++at;
  }
  EXPECT_EQ(member(json(post("/v1/messages/count_tokens", fmt::format("{{{}}}", question))), "input_tokens"),
            member(member(open, "usage"), "prompt_tokens"));
  const Json refused = json(post("/v1/messages", R"({"messages":[]})"));
  EXPECT_EQ(text(member(refused, "type")), "error");
  EXPECT_EQ(text(member(member(refused, "error"), "type")), "invalid_request_error");
}

TEST_F(ApiTest, ClientsOfOllamaGetLinesOfJson) {
  const std::string question = R"("model":"nano:latest","options":{"temperature":0},"messages":[{"role":"user",)"
                               R"("content":"What is 3 + 4?"}])";
  const Json whole = json(post("/api/chat", fmt::format(R"({{{},"stream":false}})", question)));
  EXPECT_EQ(member(whole, "done"), Json(true));
  EXPECT_EQ(text(member(whole, "done_reason")), "stop");
  const TestAnswer stream = post("/api/chat", fmt::format("{{{}}}", question));
  EXPECT_EQ(stream.fields.at("content-type"), "application/x-ndjson");
  std::string thinking, answer;
  Json last;
  for (size_t begin = 0; begin < stream.body.size();) {
    const size_t end = stream.body.find('\n', begin);
    last = *parse_json(stream.body.substr(begin, end - begin), "line");
    thinking += text(member(member(last, "message"), "thinking"));
    answer += text(member(member(last, "message"), "content"));
    begin = end + 1;
  }
  EXPECT_EQ(member(last, "done"), Json(true));
  EXPECT_EQ(thinking, text(member(member(whole, "message"), "thinking")));
  EXPECT_EQ(answer, text(member(member(whole, "message"), "content")));
  EXPECT_NE(answer, "");
  EXPECT_NE(text(member(json(post("/api/generate", R"({"prompt":"What is 3 + 4?","stream":false})")), "response")), "");
  EXPECT_EQ(text(member((*member(json(ask(get_text("/api/tags"))), "models").array())[0], "name")), "nano:latest");
  EXPECT_NE(text(member(json(post("/api/chat", R"({"options":{"num_ctx":999999}})")), "error")).find("num_ctx"),
            std::string::npos);
}

TEST_F(ApiTest, ACompletionMayRepeatItsPromptAsAStreamAndInOnePiece) {
  const std::string body = R"({"prompt":"3 + 4 =","echo":true,"temperature":0,"max_tokens":4)";
  const std::string whole = text(member(choice(json(post("/v1/completions", body + "}"))), "text"));
  EXPECT_TRUE(whole.starts_with("3 + 4 =")) << whole;
  EXPECT_EQ(streamed(post("/v1/completions", body + R"(,"stream":true})")).answer, whole);
}

TEST_F(ApiTest, FunctionsOfOtherDialectsAreReadAsOpenAis) {
  const std::string messages = R"("messages":[{"role":"user","content":"add 1 and 2"}])";
  // nano's template shows no functions; what matters is that the description is understood.
  const Json anthropic = json(post("/v1/messages/count_tokens",
                                   fmt::format(R"({{{},"tools":[{{"name":"add","description":"adds","input_schema":)"
                                               R"({{"type":"object"}}}}],"tool_choice":{{"type":"auto"}}}})",
                                               messages)));
  EXPECT_EQ(text(member(member(anthropic, "error"), "message")).find("tools[0]"), std::string::npos) << dump(anthropic);
  const Json ollama = json(
      post("/api/chat", R"({"stream":false,"messages":[{"role":"user","content":"add 1 and 2"},{"role":"assistant",)"
                        R"("content":"","tool_calls":[{"function":{"name":"add","arguments":{"a":1,"b":2}}}]},)"
                        R"({"role":"tool","content":"3","tool_name":"add"}]})"));
  EXPECT_EQ(text(member(ollama, "error")).find("messages["), std::string::npos) << dump(ollama);
}

TEST_F(ApiTest, PenaltiesAndBiasesReachTheSampler) {
  const std::string begin = R"({"prompt":"3 + 4 =","temperature":0,"max_tokens":8)";
  const Json plain = json(post("/v1/completions", begin + "}"));
  const Json ids = member(
      json(post("/tokenize", fmt::format(R"({{"content":{}}})", dump(member(choice(plain), "text"))))), "tokens");
  ASSERT_TRUE(ids.array() && !ids.array()->empty());
  const Json biased = json(
      post("/v1/completions", fmt::format(R"({},"logit_bias":{{"{}":-100}}}})", begin, *(*ids.array())[0].integer())));
  EXPECT_NE(member(biased, "choices"), member(plain, "choices"));
  EXPECT_EQ(post("/v1/completions", begin + R"(,"logit_bias":{"99999999":1}})").status, 400);
}

std::string bytes_of(const Json& entries) {
  std::string bytes;
  if (!entries.array()) return bytes;
  for (const Json& entry : *entries.array())
    for (const Json& byte : *entry.find("bytes")->array()) bytes += static_cast<char>(*byte.integer());
  return bytes;
}

TEST_F(ApiTest, TheBytesOfTheLogprobsAreTheContentAlsoInAStream) {
  const std::string body = fmt::format(R"({{{},"logprobs":true,"top_logprobs":3,"temperature":0)", kQuestion);
  const Json whole = choice(json(post("/v1/chat/completions", body + "}")));
  const Json logprobs = member(whole, "logprobs"), content = member(logprobs, "content");
  EXPECT_EQ(bytes_of(content), text(member(member(whole, "message"), "content")));
  EXPECT_EQ(bytes_of(member(logprobs, "reasoning_content")),
            text(member(member(whole, "message"), "reasoning_content")));
  ASSERT_TRUE(content.array() && !content.array()->empty());
  for (const Json& entry : *content.array()) {
    const Json top = member(entry, "top_logprobs");
    ASSERT_TRUE(top.array() && top.array()->size() == 3u) << dump(entry);
    // At temperature 0 the likeliest token is drawn, and a log-probability does not depend on the temperature.
    EXPECT_EQ(member((*top.array())[0], "logprob"), member(entry, "logprob"));
    EXPECT_LE(*member(entry, "logprob").number(), 0.0);
  }
  Json streamed_content = Json::Array{};
  const TestAnswer stream = post("/v1/chat/completions", body + R"(,"stream":true})");
  for (size_t begin = 0; begin < stream.body.size();) {
    const size_t end = stream.body.find("\n\n", begin);
    const auto event = parse_json(stream.body.substr(begin + 6, end - begin - 6), "event");
    begin = end + 2;
    if (!event) continue;
    const Json part = member(member(choice(*event), "logprobs"), "content");
    if (part.array())
      for (const Json& entry : *part.array()) streamed_content.push(entry);
  }
  EXPECT_EQ(streamed_content, content);
  EXPECT_EQ(post("/v1/chat/completions", fmt::format(R"({{{},"top_logprobs":3}})", kQuestion)).status, 400);
}

TEST_F(ApiTest, ACompletionListsItsTokensWithTheirLogprobs) {
  const std::string body = R"({"prompt":"3 + 4 =","temperature":0,"max_tokens":8,"logprobs":2)";
  const Json whole = choice(json(post("/v1/completions", body + "}")));
  const Json lists = member(whole, "logprobs"), tokens = member(lists, "tokens");
  std::string joined;
  ASSERT_TRUE(tokens.array() && !tokens.array()->empty());
  for (const Json& token : *tokens.array()) joined += text(token);
  EXPECT_EQ(joined, text(member(whole, "text")));
  for (const char* name : {"token_logprobs", "top_logprobs", "text_offset"})
    EXPECT_EQ(member(lists, name).array()->size(), tokens.array()->size()) << name;
  EXPECT_EQ(post("/v1/completions", body + R"(,"echo":true})").status, 400);
}

TEST_F(ApiTest, ModelsPropsTemplateAndMetricsTellWhatIsServed) {
  const Json models = json(ask(get_text("/v1/models")));
  EXPECT_EQ(text(member((*member(models, "data").array())[0], "id")), "nano");
  EXPECT_EQ(ask(get_text("/models/other")).status, 200);
  EXPECT_EQ(ask(get_text("/v1/models/gpt-4")).status, 404);
  EXPECT_EQ(text(member(json(ask(get_text("/props"))), "build")), "r1_test");
  EXPECT_EQ(json(ask(get_text("/health"))), Json::object({{"status", "ok"}}));
  const Json prompt = json(post("/apply-template", R"({"messages":[{"role":"user","content":"hi"}]})"));
  EXPECT_NE(text(member(prompt, "prompt")).find("hi"), std::string::npos);
  EXPECT_EQ(member(prompt, "thinking"), Json(true));
  const TestAnswer metrics = ask(get_text("/metrics"));
  EXPECT_NE(metrics.body.find("r1_generation_tokens_total"), std::string::npos) << metrics.body;
}

TEST_F(ApiTest, EveryRefusalHasItsStatusAndCode) {
  struct Case {
    std::string bytes;
    int status;
    const char* code;
  };
  const std::string chat = "/v1/chat/completions";
  const std::string long_text(200'000, '7');
  for (const Case& c : {
           Case{get_text("/nowhere"), 404, "not_found"},
           Case{get_text(chat), 405, "method_not_allowed"},
           Case{"POS /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, "method_not_allowed"},
           Case{"GE /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, "method_not_allowed"},
           Case{post_text("/v1/models", "{}"), 405, "method_not_allowed"},
           Case{"GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403, "host_not_allowed"},
           Case{get_text("/v1/models", "Origin: https://evil.example\r\n"), 403, "origin_not_allowed"},
           Case{get_text("/v1/models", "Origin: null\r\n"), 403, "origin_not_allowed"},
           Case{"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
                "Content-Length: 2\r\n\r\n{}",
                415, "unsupported_media_type"},
           Case{post_text(chat, "{}", "Content-Encoding: gzip\r\n"), 415, "unsupported_media_type"},
           Case{post_text(chat, "{"), 400, "invalid_json"},
           Case{post_text(chat, "[]"), 400, "invalid_json"},
           Case{post_text(chat, R"({"a":NaN})"), 400, "invalid_json"},
           Case{post_text(chat, "{\"a\":\"\xff\"}"), 400, "invalid_json"},
           Case{post_text(chat, std::string(200, '[') + std::string(200, ']')), 400, "invalid_json"},
           Case{post_text(chat, "{}"), 400, "missing_required_parameter"},
           Case{post_text(chat, R"({"messages":[{"role":"user","content":"a"}],"temperature":"hot"})"), 400,
                "invalid_type"},
           Case{post_text(chat, R"({"messages":[{"role":"user","content":"a"}],"n":9})"), 400, "invalid_value"},
           Case{post_text(chat, R"({"messages":[{"role":"user","content":"a"}],"model":"gpt-4"})"), 404,
                "model_not_found"},
           Case{post_text(chat, R"({"messages":[{"role":"user","content":"a"}],"functions":[]})"), 400,
                "unsupported_parameter"},
           Case{post_text(chat, R"({"messages":[{"role":"user","content":")" + long_text + R"("}]})"), 400,
                "context_length_exceeded"},
           Case{post_text("/v1/completions", R"({"prompt":[]})"), 400, "invalid_value"},
           Case{post_text("/v1/completions", R"({"prompt":[999999999]})"), 400, "invalid_value"},
           Case{post_text("/detokenize", R"({"tokens":[-1]})"), 400, "invalid_value"},
           Case{post_text("/v1/embeddings", "{}"), 501, "not_supported"},
           Case{post_text("/v1/streams/0123", "{}"), 404, "not_found"},
           Case{get_text("/v1/streams/0123"), 404, "not_found"},
       }) {
    const TestAnswer answer = ask(c.bytes);
    const std::string shown = c.bytes.substr(0, 200);
    EXPECT_EQ(answer.status, c.status) << shown << answer.body;
    const Json error = member(json(answer), "error");
    EXPECT_EQ(text(member(error, "code")), c.code) << shown << answer.body;
    EXPECT_NE(text(member(error, "message")), "") << shown;
    EXPECT_NE(text(member(error, "type")), "") << shown;
    EXPECT_TRUE(error.find("param")) << shown;
    EXPECT_EQ(answer.fields.at("x-request-id").size(), 32u);
  }
  EXPECT_EQ(ask(get_text(chat)).fields.at("allow"), "POST");
}

TEST_F(ApiTest, ATemplateThatRefusesIsQuotedWithoutThePathOfItsFile) {
  const TestAnswer answer =
      post("/v1/chat/completions",
           R"({"messages":[{"role":"assistant","content":"","tool_calls":[{"id":"a","function":{"name":"f"}}]},
                      {"role":"tool","tool_call_id":"a","content":"7"}]})");
  EXPECT_EQ(answer.status, 400);
  const Json error = member(json(answer), "error");
  EXPECT_EQ(text(member(error, "param")), "messages");
  EXPECT_NE(text(member(error, "message")).find("chat template"), std::string::npos) << answer.body;
  EXPECT_EQ(answer.body.find('/'), std::string::npos) << answer.body;
}

TEST_F(ApiTest, ABiasForATokenThatIsNotThereNamesTheField) {
  const TestAnswer answer =
      post("/v1/chat/completions", fmt::format(R"({{{},"logit_bias":{{"99999":1}}}})", kQuestion));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(text(member(member(json(answer), "error"), "param")), "logit_bias") << answer.body;
}

TEST_F(ApiTest, OnlyListedOriginsAreToldThatTheyMayRead) {
  const TestAnswer listed = ask(get_text("/health", "Origin: https://chat.example\r\n"));
  EXPECT_EQ(listed.fields.at("access-control-allow-origin"), "https://chat.example");
  EXPECT_EQ(listed.fields.at("vary"), "Origin");
  EXPECT_FALSE(
      ask(get_text("/health", "Origin: http://localhost:3000\r\n")).fields.contains("access-control-allow-origin"));
  EXPECT_FALSE(ask(get_text("/health")).fields.contains("access-control-allow-origin"));
  const TestAnswer preflight =
      ask("OPTIONS /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nOrigin: https://chat.example\r\n\r\n");
  EXPECT_EQ(preflight.status, 204);
  for (const char* name : {"x-stainless-os", "anthropic-version", "Last-Event-ID"})
    EXPECT_NE(preflight.fields.at("access-control-allow-headers").find(name), std::string::npos) << name;
}

TEST_F(ApiTest, ARequestEndsWhenItsClientLeaves) {
  EngineHost& host = running().model->host();
  const i64 before = host.status().cancelled;
  constexpr int kClients = 8;
  for (int i = 0; i < kClients; ++i) {
    TestClient client(running().server->port());
    // Without a token that ends it, an answer at this temperature fills the context.
    client.send(post_text("/v1/completions",
                          fmt::format(R"({{"prompt":"a","temperature":2,"stream":{}}})", i % 2 ? "true" : "false")));
    if (i % 2) {
      EXPECT_TRUE(client.read_text("data: "));
    }
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (host.status().running + host.status().queued > 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(host.status().running, 0);
  EXPECT_GT(host.status().cancelled, before);
  EXPECT_NE(ask(get_text("/metrics")).body.find(R"(cause="cancelled",model="nano"} )"), std::string::npos);
  EXPECT_EQ(post("/v1/chat/completions", fmt::format("{{{}}}", kQuestion)).status, 200);
}

}  // namespace
}  // namespace r1
