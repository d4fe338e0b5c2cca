#include "client/chat_server.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "client/test_stream.hpp"

namespace r1 {
namespace {

struct Failure {
  Errc code = Errc::io;
  std::string what{};
};

// A server whose answer to POST /v1/chat/completions each test writes itself.
class ChatServerTest : public testing::Test {
 protected:
  ChatServer open(const std::string& key = "", const std::string& path = "") {
    auto address = parse_server_address(server_.url() + path);
    EXPECT_TRUE(address);
    auto server = ChatServer::open(*address, key, &stop_);
    EXPECT_TRUE(server);
    return std::move(*server);
  }
  Result<ChatReply> ask(ChatServer& server) {
    return server.chat(Json::object({{"model", "m"}}), [&](const ReplyText& text) {
      thinking_ += text.thinking;
      answer_ += text.answer;
      if (stop_after_text_) stop_ = true;
      return Status();
    });
  }
  Result<ChatReply> ask() {
    ChatServer server = open();
    return ask(server);
  }
  // Asks, and expects an error that contains all of `words`.
  Failure error_of(std::initializer_list<std::string> words, const std::string& key = "") {
    ChatServer server = open(key);
    const auto reply = ask(server);
    EXPECT_FALSE(reply);
    const Failure error = reply ? Failure{} : Failure{reply.error().code, reply.error().what};
    for (const std::string& word : words)
      EXPECT_NE(error.what.find(word), std::string::npos) << word << " in: " << error.what;
    EXPECT_NE(error.what.find(server_.url() + "/v1/chat/completions"), std::string::npos) << error.what;
    return error;
  }
  Failure models_error(std::initializer_list<std::string> words) {
    const auto models = open().models();
    EXPECT_FALSE(models);
    const Failure error = models ? Failure{} : Failure{models.error().code, models.error().what};
    for (const std::string& word : words)
      EXPECT_NE(error.what.find(word), std::string::npos) << word << " in: " << error.what;
    return error;
  }

  std::atomic<bool> stop_{false};
  bool stop_after_text_ = false;
  std::string thinking_, answer_;
  Mischief handler_;
  TestServer server_{[this](const TestRequest& r, TestConnection& c) {
    if (!handler_(r, c)) c.answer(500, "");
  }};
};

TEST_F(ChatServerTest, AStreamIsReadAndTheRequestAsksForIt) {
  handler_ = always([](TestConnection& c) {
    begin_stream(c);
    c.send(chunk(R"({"role":"assistant","content":null,"reasoning_content":""})"));
    c.send(chunk(R"({"reasoning_content":"3 + 4"})"));
    c.send(": keep-alive\n\n" + chunk(R"({"content":"It is "})"));
    const std::string last = chunk(R"({"content":"7."})");
    c.send(last.substr(0, 30));
    c.send(last.substr(30));
    c.send(chunk("{}", "stop"));
    c.send(R"(data: {"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":20,)"
           R"("completion_tokens_details":{"reasoning_tokens":9}}})"
           "\n\ndata: [DONE]\n\n");
  });
  ChatServer server = open("secret");
  const auto reply = ask(server);
  ASSERT_TRUE(reply) << reply.error().what;
  EXPECT_EQ(thinking_, "3 + 4");
  EXPECT_EQ(answer_, "It is 7.");
  EXPECT_EQ(reply->finish, "stop");
  ASSERT_TRUE(reply->usage);
  EXPECT_EQ(reply->usage->prompt_tokens, 12);
  EXPECT_EQ(reply->usage->tokens, 20);
  EXPECT_EQ(reply->usage->thinking_tokens, 9);

  ASSERT_EQ(server_.requests().size(), 1u);
  const TestRequest sent = server_.requests().front();
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.path, "/v1/chat/completions");
  EXPECT_EQ(sent.body, R"({"model": "m", "stream": true, "stream_options": {"include_usage": true}})");
  ASSERT_TRUE(sent.header("authorization"));
  EXPECT_EQ(*sent.header("authorization"), "Bearer secret");
  ASSERT_TRUE(sent.header("content-type"));
  EXPECT_EQ(*sent.header("content-type"), "application/json");
}

TEST_F(ChatServerTest, AnAnswerThatIsOneObjectIsReadToo) {
  handler_ = always([](TestConnection& c) {
    c.answer(200, R"({"choices":[{"message":{"content":"7","reasoning":"3 + 4"},"finish_reason":"length"}]})",
             {"Content-Type: application/json"});
  });
  const auto reply = ask();
  ASSERT_TRUE(reply) << reply.error().what;
  EXPECT_EQ(thinking_, "3 + 4");
  EXPECT_EQ(answer_, "7");
  EXPECT_EQ(reply->finish, "length");
  EXPECT_FALSE(reply->usage);
}

TEST_F(ChatServerTest, AStreamThatBreaksIsAnErrorAfterItsText) {
  handler_ = always([](TestConnection& c) {
    begin_stream(c);
    c.send(chunk(R"({"content":"It is"})"));
  });
  error_of({"in the middle of the answer"});
  EXPECT_EQ(answer_, "It is");
}

TEST_F(ChatServerTest, AStreamWithoutDoneEndsWithItsReason) {
  handler_ = always([](TestConnection& c) {
    begin_stream(c);
    c.send(chunk(R"({"content":"7"})", "stop"));
  });
  const auto reply = ask();
  ASSERT_TRUE(reply) << reply.error().what;
  EXPECT_EQ(reply->finish, "stop");
}

TEST_F(ChatServerTest, AnErrorInsideAStreamIsTheServersMessage) {
  handler_ = always([](TestConnection& c) {
    begin_stream(c);
    c.send(chunk(R"({"content":"It is"})") + "data: {\"error\":{\"message\":\"out of\\u001b[31m memory\"}}\n\n");
  });
  const Failure error = error_of({"out of", "memory"});
  EXPECT_EQ(error.what.find('\x1b'), std::string::npos) << error.what;
}

TEST_F(ChatServerTest, AnEventThatIsNoJsonIsAnError) {
  handler_ = always([](TestConnection& c) {
    begin_stream(c);
    c.send("data: {\"choices\":\n\n");
    c.hang();
  });
  EXPECT_EQ(error_of({}).code, Errc::corrupt);
}

TEST_F(ChatServerTest, StopEndsTheAnswerWhileTheServerIsSilent) {
  stop_after_text_ = true;
  handler_ = always([](TestConnection& c) {
    begin_stream(c);
    c.send(chunk(R"({"content":"It is"})"));
    c.hang();
  });
  ChatServer server = open();
  const auto reply = ask(server);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Errc::interrupted);
  EXPECT_EQ(answer_, "It is");
}

TEST_F(ChatServerTest, AMissingAndAWrongKeyAreToldApart) {
  handler_ =
      always([](TestConnection& c) { c.answer(401, R"({"error":{"message":"no access","code":"invalid_api_key"}})"); });
  error_of({"status 401", "no access", "--api-key-file FILE", "R1_API_KEY gives"});
  error_of({"status 401", "no access", "does not accept"}, "wrong");
  handler_ = always([](TestConnection& c) { c.answer(401, ""); });
  error_of({"status 401", "gives no reason", "--api-key-file FILE"});
  EXPECT_FALSE(server_.requests().front().header("authorization"));
}

TEST_F(ChatServerTest, RefusalsShowWhatEachServerSays) {
  struct Case {
    int status;
    const char *type, *body, *word;
  };
  for (const Case& k :
       {Case{404, "application/json", R"({"error":"model \"m\" not found"})", "not found"},
        Case{400, "application/json", R"({"object":"error","message":"bad field"})", "bad field"},
        Case{422, "application/json", R"({"detail":[{"msg":"too hot"}]})", "too hot"},
        Case{500, "application/json", R"({"error":{}})", "gives no reason"},
        Case{404, "text/html", "<html><body>Not Found</body></html>", "an HTML page"},
        Case{404, "text/plain", "404 page not found", "404 page not found"},
        Case{200, "text/html; charset=utf-8", "<!DOCTYPE html><p>hello</p>", "an HTML page"},
        Case{200, "text/plain", "hello", "\"hello\""}, Case{502, "text/plain", "", "an empty answer"}}) {
    handler_ =
        always([k](TestConnection& c) { c.answer(k.status, k.body, {fmt::format("Content-Type: {}", k.type)}); });
    error_of({k.word});
  }
}

TEST_F(ChatServerTest, AFullContextHasACodeOfItsOwn) {
  const auto says = [&](std::string body) {
    handler_ = always([body = std::move(body)](TestConnection& c) { c.answer(400, body); });
  };
  for (const char* said : {R"({"error":{"message":"too long","code":"context_length_exceeded"}})",
                           R"({"error":{"message":"too long","code":400,"type":"exceed_context_size_error"}})",
                           R"({"error":{"message":"This model's maximum context length is 8 tokens","code":400}})"}) {
    says(said);
    EXPECT_EQ(error_of({}).code, Errc::exhausted) << said;
  }
  says(R"({"error":{"message":"temperature: 3","code":"invalid_value"}})");
  EXPECT_EQ(error_of({}).code, Errc::io);
  handler_ = always([](TestConnection& c) {
    begin_stream(c);
    c.send("data: {\"error\":{\"message\":\"too long\",\"code\":\"context_length_exceeded\"}}\n\n");
  });
  EXPECT_EQ(error_of({"too long"}).code, Errc::exhausted) << "also when the answer has begun";
}

TEST_F(ChatServerTest, NoRedirectIsFollowed) {
  handler_ = always([](TestConnection& c) { c.answer(307, "", {"Location: /elsewhere"}); });
  error_of({"status 307", "/elsewhere"}, "secret");
  models_error({"/elsewhere"});
  EXPECT_EQ(server_.count("/elsewhere"), 0);
}

TEST_F(ChatServerTest, ModelsAreListedWithTheirContexts) {
  handler_ = always([](TestConnection& c) {
    c.answer(200, R"({"data":[{"id":"a","context_length":4096},{"id":"b","max_model_len":8},{"id":"c"},)"
                  R"({"id":7},{"id":"d","aliases":["e",8]}]})");
  });
  const auto models = open("", "/v1/chat/completions").models();
  ASSERT_TRUE(models) << models.error().what;
  ASSERT_EQ(models->size(), 5u);
  EXPECT_EQ(models->at(4).name, "e") << "another name of d";
  EXPECT_EQ(models->at(0).name, "a");
  EXPECT_EQ(models->at(0).context, 4096);
  EXPECT_EQ(models->at(1).context, 8);
  EXPECT_EQ(models->at(2).context, 0);
  EXPECT_EQ(server_.requests().front().path, "/v1/models");
}

TEST_F(ChatServerTest, AServerMayHaveNoListOfModels) {
  handler_ = always([](TestConnection& c) { c.answer(404, R"({"error":{"message":"no such path"}})"); });
  EXPECT_EQ(models_error({"404", "no such path"}).code, Errc::unsupported);
  handler_ = always([](TestConnection& c) { c.answer(404, "<html>"); });
  EXPECT_EQ(models_error({"404", "an HTML page", "/v1"}).code, Errc::io);
  handler_ = always([](TestConnection& c) { c.answer(200, "[]"); });
  models_error({"not OpenAI's API"});
}

TEST_F(ChatServerTest, AServerThatIsNotThereIsNamed) {
  std::optional<TestServer> gone(std::in_place, [](const TestRequest&, TestConnection&) {});
  const std::string url = gone->url();
  gone.reset();
  auto server = ChatServer::open(*parse_server_address(url), "", nullptr);
  const auto models = server->models();
  ASSERT_FALSE(models);
  EXPECT_NE(models.error().what.find(url), std::string::npos) << models.error().what;
  EXPECT_NE(models.error().what.find("onnect"), std::string::npos) << models.error().what;
}

TEST_F(ChatServerTest, AKeyThatWouldEndAHeaderIsRefused) {
  EXPECT_FALSE(ChatServer::open(*parse_server_address(server_.url()), "a\r\nb", nullptr));
  EXPECT_FALSE(ChatServer::open(*parse_server_address(server_.url()), "a b", nullptr));
}

TEST_F(ChatServerTest, AProxyIsNotUsedForThisMachine) {
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  handler_ = always([](TestConnection& c) { c.answer(200, R"({"data":[]})"); });
  EXPECT_TRUE(open().models());
  TestServer proxy([](const TestRequest&, TestConnection& c) { c.answer(200, R"({"data":[{"id":"proxied"}]})"); });
  setenv("http_proxy", proxy.url().c_str(), 1);
  const auto models = ChatServer::open(*parse_server_address("http://r1.invalid"), "", nullptr)->models();
  unsetenv("http_proxy");
  ASSERT_TRUE(models) << models.error().what;
  EXPECT_EQ(models->front().name, "proxied");
}

}  // namespace
}  // namespace r1
