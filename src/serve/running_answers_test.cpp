// Answers that others than their first connection act on: broken streams, and "answer now".
#include "serve/running_answers.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "serve/test_server.hpp"

namespace r1 {
namespace {

// A source that writes what the test gives it.
struct TestSource final : Reply {
  explicit TestSource(std::atomic<bool>& is_gone) : gone(is_gone) {}
  ~TestSource() override { gone = true; }
  ReplyPart next() override { return std::exchange(part, {}); }

  std::atomic<bool>& gone;
  ReplyPart part;
};

struct TestStream {
  explicit TestStream(i64 bytes = 1 << 20) : stream(std::make_shared<ResumableStream>(bytes, [this] { ++alone; })) {
    auto made = std::make_unique<TestSource>(gone);
    source = made.get();
    source->part.head = HttpHead{.content_type = "text/event-stream"};
    stream->set_source(std::move(made));
  }
  std::unique_ptr<Reply> reader(i64 after, int* wakes = nullptr) {
    auto made = stream->reader(
        [wakes] {
          if (wakes) ++*wakes;
        },
        after);
    EXPECT_TRUE(made);
    return made ? std::move(*made) : nullptr;
  }

  std::atomic<int> alone = 0;
  std::atomic<bool> gone = false;
  std::shared_ptr<ResumableStream> stream;
  TestSource* source;
};

TEST(ResumableStream, ALaterReaderGetsTheEventsAfterTheOneItHas) {
  TestStream s;
  auto first = s.reader(0);
  s.source->part.body = "data: a\n\nevent: x\ndata: b\n\n";
  const ReplyPart begin = first->next();
  EXPECT_EQ(begin.body, "id: 1\ndata: a\n\nid: 2\nevent: x\ndata: b\n\n");
  EXPECT_EQ(begin.head->content_type, "text/event-stream");
  first.reset();
  EXPECT_EQ(s.alone, 1);
  s.source->part.body = "data: c\n\n";
  s.stream->advance();
  auto second = s.reader(1);
  s.source->part = {.body = "data: d\n\n", .end = true};
  const ReplyPart rest = second->next();
  EXPECT_EQ(rest.body, "id: 2\nevent: x\ndata: b\n\nid: 3\ndata: c\n\nid: 4\ndata: d\n\n");
  EXPECT_TRUE(rest.head && rest.end && s.gone);
  EXPECT_EQ(s.reader(3)->next().body, "id: 4\ndata: d\n\n");  // the connection may have broken before the last event
  EXPECT_EQ(s.stream->reader({}, 5).error().status, 400);
}

TEST(ResumableStream, ANewReaderTakesThePlaceOfTheOneBefore) {
  TestStream s;
  int wakes = 0;
  auto first = s.reader(0, &wakes);
  s.source->part.body = "data: a\n\n";
  EXPECT_FALSE(first->next().end);
  auto second = s.reader(0);
  EXPECT_EQ(wakes, 1);
  s.source->part.body = "data: b\n\n";
  const ReplyPart replaced = first->next();
  EXPECT_TRUE(replaced.end && replaced.body.empty());
  first.reset();
  EXPECT_EQ(s.alone, 0);
  EXPECT_FALSE(s.stream->is_alone());
  EXPECT_EQ(second->next().body, "id: 1\ndata: a\n\nid: 2\ndata: b\n\n");
}

TEST(ResumableStream, KeepsNoMoreBytesThanAllowed) {
  const std::string event = "data: " + std::string(40, 'x') + "\n\n";
  TestStream s(200);
  auto reader = s.reader(0);
  for (int i = 0; i < 10; ++i) {
    s.source->part.body = event;
    EXPECT_NE(reader->next().body, "");  // what was read makes room
  }
  EXPECT_FALSE(s.gone);
  EXPECT_EQ(s.stream->reader({}, 0).error().status, 410);
  reader.reset();
  for (int i = 0; i < 10 && !s.gone; ++i) {
    s.source->part.body = event;
    s.stream->advance();
  }
  EXPECT_TRUE(s.gone);  // nobody reads, so the answer ends
  const ReplyPart rest = s.reader(10)->next();
  EXPECT_TRUE(rest.end);
  EXPECT_NE(rest.body.find("events_lost"), std::string::npos);
}

TEST(ResumableStream, ACommentIsNoEventOfItsOwn) {
  TestStream s;
  EXPECT_EQ(s.reader(0)->keep_alive(), ": keep-alive\n");
}

TEST(RunningAnswers, AStreamBelongsToItsKeyAndGoesWhenNobodyReadsIt) {
  RunningAnswers running({.kept = std::chrono::milliseconds(0)});
  std::atomic<bool> gone = false;
  auto stream = *running.add_stream("0123", "mine");
  stream->set_source(std::make_unique<TestSource>(gone));
  auto reader = std::move(*stream->reader([] {}, 0));
  stream.reset();
  EXPECT_EQ(running.stream("0123", "yours").error().status, 404);
  EXPECT_EQ(running.cancel_stream("0123", "yours").error().status, 404);
  ASSERT_TRUE(running.stream("0123", "mine"));
  EXPECT_FALSE(gone);
  reader.reset();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!gone && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(gone);
  EXPECT_EQ(running.stream("0123", "mine").error().status, 404);
}

TEST(RunningAnswers, StreamsAreLimitedInNumber) {
  RunningAnswers running({.streams = 2});
  ASSERT_TRUE(running.add_stream("1", "a"));
  ASSERT_TRUE(running.add_stream("2", "b"));
  EXPECT_EQ(running.add_stream("3", "a").error().status, 429);
  ASSERT_TRUE(running.cancel_stream("1", "a"));
  EXPECT_TRUE(running.add_stream("3", "a"));
}

// ---- With a model.

// A request whose thinking does not end by itself.
std::string endless(std::string_view more) {
  return fmt::format(
      R"({{"messages":[{{"role":"user","content":"What is 3 + 4?"}}],"seed":1,"stream":true,"logit_bias":)"
      R"({{"{}":-100}}{}}})",
      *model_server().model->session().tokenizer().find("</think>"), more);
}

std::string text_of_events(std::string_view body) {
  std::string text;
  for (size_t at = 0; (at = body.find("data: {", at)) != body.npos; ++at) {
    const size_t end = body.find("\n\n", at);
    const auto event = parse_json(body.substr(at + 6, end - at - 6), "event");
    if (!event) continue;
    const Json* const choices = event->find("choices");
    if (!choices || choices->array()->empty()) continue;
    for (const char* name : {"reasoning_content", "content"})
      if (const Json* part = (*choices->array())[0].find("delta")->find(name); part && part->string())
        text += *part->string();
  }
  return text;
}

TEST(Streams, ABrokenOneGoesOnWhereTheClientLeftIt) {
  constexpr std::string_view kBody =
      R"({"messages":[{"role":"user","content":"What is 3 + 4?"}],"seed":1,"stream":true)";
  const TestAnswer whole = model_server().ask(post_text("/v1/chat/completions", std::string(kBody) + "}"));
  EXPECT_EQ(whole.body.find("id: "), std::string::npos);  // only resumable streams have numbers
  const std::string& id = whole.fields.at("x-request-id");
  EXPECT_EQ(model_server().ask(get_text("/v1/streams/" + id)).status, 404);

  TestClient client(model_server().server->port());
  client.send(post_text("/v1/chat/completions", std::string(kBody) + R"(,"resumable":true})"));
  const TestAnswer head = client.read(true);
  ASSERT_EQ(head.status, 200);
  EXPECT_TRUE(client.read_text("id: 1\n"));
  client.leave();
  const std::string path = "/v1/streams/chatcmpl-" + head.fields.at("x-request-id");
  const TestAnswer all = model_server().ask(get_text(path));
  EXPECT_EQ(all.fields.at("content-type"), "text/event-stream");
  EXPECT_EQ(text_of_events(all.body), text_of_events(whole.body));
  EXPECT_TRUE(all.body.ends_with("data: [DONE]\n\n"));
  const TestAnswer rest = model_server().ask(get_text(path + "?after=2"));
  EXPECT_TRUE(rest.body.starts_with("id: 3\ndata: ")) << rest.body;
  EXPECT_TRUE(all.body.ends_with(rest.body));
  EXPECT_EQ(model_server().ask(get_text(path, "Last-Event-ID: 2\r\n")).body, rest.body);
  EXPECT_EQ(model_server().ask(get_text(path + "?after=x")).status, 400);
}

TEST(Streams, ACancelledOneIsGone) {
  for (const char* method : {"POST", "DELETE"}) {
    TestClient client(model_server().server->port());
    client.send(post_text("/v1/chat/completions", endless(R"(,"resumable":true)")));
    const TestAnswer head = client.read(true);
    EXPECT_TRUE(client.read_text("id: 1\n"));
    const std::string path = "/v1/streams/" + head.fields.at("x-request-id");
    const bool is_post = method[0] == 'P';
    EXPECT_EQ(model_server()
                  .ask(is_post ? post_text(path + "/cancel", "{}")
                               : fmt::format("DELETE {} HTTP/1.1\r\nHost: localhost\r\n\r\n", path))
                  .status,
              200);
    EXPECT_EQ(model_server().ask(get_text(path)).status, 404);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (model_server().model->host().status().running > 0 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(model_server().model->host().status().running, 0);
  }
}

// Keeps the engine's thread waiting at its first token until the test lets it go.
struct BlockingSink final : RequestSink {
  void token(CompletionEvent) override {
    std::unique_lock lock(mutex);
    blocks = true;
    changed.notify_all();
    changed.wait(lock, [&] { return released; });
  }
  void end(RequestEnd) override {}
  bool wait_until_it_blocks() {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::minutes(1), [&] { return blocks; });
  }
  void release() {
    const std::lock_guard lock(mutex);
    released = true;
    changed.notify_all();
  }
  std::mutex mutex;
  std::condition_variable changed;
  bool blocks = false, released = false;
};

TEST(Control, TheThinkingOfARunningAnswerEndsOnRequest) {
  constexpr std::string_view kBody = R"({"messages":[{"role":"user","content":"What is 3 + 4?"}],"stream":true})";
  EngineHost& host = model_server().model->host();
  const auto blocking = std::make_shared<BlockingSink>();
  const auto blocker = host.submit(host.session().request(host.session().raw_prompt("a")), blocking);
  ASSERT_TRUE(blocker);
  ASSERT_TRUE(blocking->wait_until_it_blocks());
  TestClient client(model_server().server->port());
  client.send(post_text("/v1/chat/completions", kBody));
  const TestAnswer head = client.read(true);
  const std::string id = "chatcmpl-" + head.fields.at("x-request-id");
  const std::string end = fmt::format(R"({{"id":"{}","action":"reasoning_end"}})", id);
  const TestAnswer done = model_server().ask(post_text("/v1/chat/completions/control", end));
  host.cancel(*blocker);
  blocking->release();
  EXPECT_EQ(done.status, 200) << done.body;
  // Without this request the model would think first.
  EXPECT_TRUE(client.read_text("\"delta\":{\"content\": \""));
  EXPECT_TRUE(client.read_text("[DONE]"));
  EXPECT_FALSE(client.has_read("\"reasoning_content\": \"")) << "no thought before the first draw";
  for (const auto& [body, status] :
       std::initializer_list<std::pair<std::string, int>>{{end, 404},  // it has ended
                                                          {fmt::format(R"({{"id":"{}","action":"stop"}})", id), 400},
                                                          {R"({"id":"x"})", 400},
                                                          {R"({"action":"reasoning_end"})", 400}})
    EXPECT_EQ(model_server().ask(post_text("/v1/chat/completions/control", body)).status, status) << body;
}

}  // namespace
}  // namespace r1
