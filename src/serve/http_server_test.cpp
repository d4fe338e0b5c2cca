#include "serve/http_server.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "serve/api_error.hpp"
#include "serve/test_client.hpp"

namespace r1 {
namespace {

using std::chrono::milliseconds;

// Sends its body on, one part for every call of more(), until more() is told that this is the end.
struct Tap {
  void more(std::string text, bool end) {
    const std::lock_guard lock(mutex);
    pending += text;
    ended |= end;
    if (wake) wake();
  }
  bool wait_until(bool Tap::*flag) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::minutes(1), [&] { return this->*flag; });
  }
  std::mutex mutex;
  std::condition_variable changed;
  std::string pending;
  Wake wake;
  bool ended = false, started = false, gone = false, told = false;
};

class TapReply : public Reply {
 public:
  explicit TapReply(Tap& tap) : tap_(tap) {}
  ~TapReply() override {
    const std::lock_guard lock(tap_.mutex);
    tap_.gone = true;
    tap_.changed.notify_all();
  }
  ReplyPart next() override {
    const std::lock_guard lock(tap_.mutex);
    if (tap_.pending == "throw") throw std::bad_alloc();
    ReplyPart part{.body = std::exchange(tap_.pending, {}), .end = tap_.ended || tap_.told};
    if (!std::exchange(begun_, true)) part.head = HttpHead{.content_type = "text/plain"};
    return part;
  }
  std::string keep_alive() override { return "."; }
  void shut_down() override {
    const std::lock_guard lock(tap_.mutex);
    tap_.told = true;
  }

 private:
  Tap& tap_;
  bool begun_ = false;
};

// Its only part takes until the tap is told.
class SlowReply : public Reply {
 public:
  explicit SlowReply(Tap& tap) : tap_(tap) {}
  ReplyPart next() override {
    tap_.wait_until(&Tap::told);
    return {HttpHead{.content_type = "text/plain"}, "slow", true};
  }
  bool is_slow() override { return true; }

 private:
  Tap& tap_;
};

// Answers with the method, the path and the body of the request.
class TestHandler : public HttpHandler {
 public:
  std::unique_ptr<Reply> refuse(const HttpRequest& head) override {
    return head.path == "/refused" ? reply_of({403, "no", "no"}) : nullptr;
  }
  std::unique_ptr<Reply> answer(HttpRequest request, Wake wake) override {
    if (request.path == "/throws") throw std::bad_alloc();
    if (request.path == "/slow") tap.wait_until(&Tap::told);
    if (request.path == "/slow-part") return std::make_unique<SlowReply>(tap);
    if (request.path != "/tap")
      return whole_reply({.content_type = "text/plain"},
                         fmt::format("{} {} {}", request.method, request.path, request.body));
    const std::lock_guard lock(tap.mutex);
    tap.wake = std::move(wake);
    tap.started = true;
    tap.changed.notify_all();
    return std::make_unique<TapReply>(tap);
  }
  bool is_slow(const HttpRequest& request) const override { return request.path == "/slow"; }
  std::unique_ptr<Reply> fault(int status, std::string_view code, std::string_view message) override {
    return reply_of({status, std::string(code), std::string(message)});
  }
  HttpFields fields_for(const HttpRequest& head) override { return {{"x-request-id", head.id}}; }
  void finished(const HttpRequest&, int, i64, double) override {}

  Tap tap;
};

class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() { options_.port = 0; }
  HttpServer& server() {
    if (!server_) {
      auto started = HttpServer::start(options_, handler_);
      R1_CHECK(started, "{}", started ? "" : started.error().what);
      server_ = std::move(*started);
    }
    return *server_;
  }
  TestAnswer ask(std::string_view bytes) {
    TestClient client(server().port());
    client.send(bytes);
    return client.read();
  }

  HttpOptions options_;
  TestHandler handler_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnAnswerThatFailsEndsItsConnectionOnly) {
  handler_.tap.more("throw", false);  // before its first byte
  EXPECT_EQ(ask(get_text("/tap")).status, 500);
  handler_.tap.pending.clear();
  TestClient client(server().port());
  client.send(get_text("/tap"));
  EXPECT_EQ(client.read(true).status, 200);
  handler_.tap.more("throw", false);
  EXPECT_TRUE(client.ended());
  EXPECT_FALSE(client.read_text("0\r\n"));  // the end of a whole answer
  EXPECT_EQ(ask(get_text("/")).status, 200);
}

TEST_F(HttpServerTest, SlowAnswersKeepNoOtherConnectionWaiting) {
  // More of both kinds than there are threads for connections.
  options_.threads = 1;
  TestClient one(server().port()), two(server().port()), three(server().port()), four(server().port());
  for (TestClient* client : {&one, &two}) client->send(get_text("/slow"));
  for (TestClient* client : {&three, &four}) client->send(get_text("/slow-part"));
  EXPECT_EQ(ask(get_text("/fast")).body, "GET /fast ");
  {
    const std::lock_guard lock(handler_.tap.mutex);
    handler_.tap.told = true;
    handler_.tap.changed.notify_all();
  }
  for (TestClient* client : {&one, &two}) EXPECT_EQ(client->read().body, "GET /slow ");
  for (TestClient* client : {&three, &four}) EXPECT_EQ(client->read().body, "slow");
}

TEST_F(HttpServerTest, AConnectionTakesOneRequestAfterTheOther) {
  TestClient client(server().port());
  client.send(post_text("//a//b/?query", "first"));
  const TestAnswer first = client.read();
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, "POST /a/b first");
  EXPECT_EQ(first.fields.at("connection"), "keep-alive");
  EXPECT_EQ(first.fields.at("x-request-id").size(), 32u);
  client.send(get_text("/2") + get_text("/3", "Connection: close\r\n"));  // the third before the second's answer
  EXPECT_EQ(client.read().body, "GET /2 ");
  const TestAnswer third = client.read();
  EXPECT_EQ(third.body, "GET /3 ");
  EXPECT_EQ(third.fields.at("connection"), "close");
  EXPECT_NE(third.fields.at("x-request-id"), first.fields.at("x-request-id"));
  EXPECT_TRUE(client.ended());
}

TEST_F(HttpServerTest, ABodyMayComeInChunksAndAfterAContinue) {
  EXPECT_EQ(
      ask("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").body,
      "POST /x abcde");
  TestClient client(server().port());
  client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(client.read_text("HTTP/1.1 100 Continue\r\n\r\n"));
  client.send("ok");
  EXPECT_EQ(client.read().body, "POST /x ok");
}

TEST_F(HttpServerTest, HeadGetsTheFieldsAlone) {
  TestClient client(server().port());
  client.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n" + get_text("/y"));
  EXPECT_EQ(client.read(/*head_only=*/true).fields.at("content-length"), "8");
  EXPECT_EQ(client.read().body, "GET /y ");
}

TEST_F(HttpServerTest, WhatIsNoHttpIsRefused) {
  for (const char* bytes : {
           "nonsense\r\n\r\n",
           "GET /x HTTP/9.9\r\nHost: a\r\n\r\n",
           "GET /x HTTP/1.1\r\nHost a\r\n\r\n",
           "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
           "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
           "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
       }) {
    const TestAnswer answer = ask(bytes);
    EXPECT_EQ(answer.status, 400) << bytes;
    EXPECT_EQ(answer.fields.at("connection"), "close") << bytes;
    EXPECT_NE(answer.body.find("invalid_http"), std::string::npos) << bytes;
  }
}

TEST_F(HttpServerTest, TooMuchIsRefusedWithItsLimit) {
  options_.max_body_bytes = 1000;
  options_.max_header_bytes = 2000;
  options_.max_target_bytes = 500;
  const TestAnswer announced = ask(post_text("/x", std::string(1001, 'a')));
  EXPECT_EQ(announced.status, 413);
  EXPECT_NE(announced.body.find("1000"), std::string::npos);
  EXPECT_EQ(ask(post_text("/x", std::string(1000, 'a'))).status, 200);
  const std::string half(600, 'a');
  EXPECT_EQ(
      ask(fmt::format("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n258\r\n{}\r\n258\r\n{}\r\n"
                      "0\r\n\r\n",
                      half, half))
          .status,
      413);
  EXPECT_EQ(ask(get_text("/x", "A: " + std::string(2000, 'a') + "\r\n")).status, 431);
  EXPECT_EQ(ask(get_text("/" + std::string(500, 'a'))).status, 431);
}

TEST_F(HttpServerTest, AClientThatIsTooSlowIsToldSo) {
  options_.header_deadline = options_.body_idle = milliseconds(50);
  TestClient slow(server().port());
  slow.send("GET /x HT");
  const TestAnswer answer = slow.read();
  EXPECT_EQ(answer.status, 408);
  EXPECT_NE(answer.body.find("request_timeout"), std::string::npos);
  EXPECT_EQ(ask("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc").status, 408);
  TestClient silent(server().port());
  EXPECT_TRUE(silent.ended());
}

TEST_F(HttpServerTest, ARefusalNeedsNoBody) {
  TestClient client(server().port());
  client.send("POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc");
  const TestAnswer answer = client.read();
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.fields.at("connection"), "close");
}

TEST_F(HttpServerTest, AHandlerThatThrowsEndsItsRequestAlone) {
  TestClient client(server().port());
  client.send(get_text("/throws"));
  EXPECT_EQ(client.read().status, 500);
  client.send(get_text("/x"));
  EXPECT_EQ(client.read().status, 200);
}

TEST_F(HttpServerTest, AnAnswerIsSentAsItComes) {
  TestClient client(server().port());
  client.send(get_text("/tap"));
  EXPECT_TRUE(client.read_text("Transfer-Encoding: chunked"));
  handler_.tap.more("one ", false);
  EXPECT_TRUE(client.read_text("one "));
  handler_.tap.more("two ", false);
  EXPECT_TRUE(client.read_text("two "));
  handler_.tap.more("three", true);
  const TestAnswer answer = client.read();
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.body, "one two three");
  client.send(get_text("/x"));
  EXPECT_EQ(client.read().status, 200) << "the connection goes on";
}

TEST_F(HttpServerTest, AClientOfHttp10GetsAnAnswerWithoutChunks) {
  handler_.tap.more("text", true);
  TestClient client(server().port());
  client.send("GET /tap HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.read().body, "text");
  EXPECT_TRUE(client.ended());
}

TEST_F(HttpServerTest, ASilentAnswerSendsSignsOfLife) {
  options_.ping = milliseconds(10);
  TestClient client(server().port());
  client.send(get_text("/tap"));
  EXPECT_TRUE(client.read_text("1\r\n.\r\n1\r\n.\r\n"));
  handler_.tap.more({}, true);
  EXPECT_TRUE(client.read().complete);
}

TEST_F(HttpServerTest, AReplyIsDestroyedWhenItsClientLeaves) {
  for (const bool half : {false, true}) {
    for (const bool sends_ahead : {false, true}) {
      handler_.tap.gone = handler_.tap.started = false;
      TestClient client(server().port());
      client.send(get_text("/tap"));
      EXPECT_TRUE(handler_.tap.wait_until(&Tap::started));
      if (sends_ahead) client.send(get_text("/next"));
      if (half) client.close_sending();
      else client.leave();
      EXPECT_TRUE(handler_.tap.wait_until(&Tap::gone)) << half << sends_ahead;
    }
  }
}

TEST_F(HttpServerTest, DrainingEndsIdleConnectionsNowAndTheOthersAfterTheirAnswer) {
  TestClient idle(server().port()), busy(server().port());
  idle.send(get_text("/x"));
  EXPECT_EQ(idle.read().status, 200);
  busy.send(get_text("/tap"));
  EXPECT_TRUE(handler_.tap.wait_until(&Tap::started));
  EXPECT_FALSE(server().drain(milliseconds(20)));
  EXPECT_TRUE(idle.ended());
  handler_.tap.more("rest", true);
  EXPECT_EQ(busy.read().body, "rest");
  EXPECT_TRUE(busy.ended());
  EXPECT_TRUE(server().drain(std::chrono::minutes(1)));
  EXPECT_FALSE(TestClient(server().port()).connected());
}

TEST_F(HttpServerTest, ClosingTellsRepliesToEnd) {
  TestClient client(server().port());
  client.send(get_text("/tap"));
  EXPECT_TRUE(handler_.tap.wait_until(&Tap::started));
  EXPECT_TRUE(server().close(std::chrono::minutes(1)));
  EXPECT_TRUE(client.read().complete);
  EXPECT_TRUE(handler_.tap.told);
}

TEST_F(HttpServerTest, ConnectionsBeyondTheLimitAreEnded) {
  options_.max_connections = 2;
  TestClient first(server().port()), second(server().port());
  for (TestClient* client : {&first, &second}) {
    client->send(get_text("/x"));
    EXPECT_EQ(client->read().status, 200);
  }
  EXPECT_TRUE(TestClient(server().port()).ended());
}

TEST_F(HttpServerTest, APortThatIsTakenIsNamed) {
  options_.port = server().port();
  const auto second = HttpServer::start(options_, handler_);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().what.find(fmt::format("{}", options_.port)), std::string::npos);
}

}  // namespace
}  // namespace r1
