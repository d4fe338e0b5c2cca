// `r1 chat --connect`: with `r1 serve` and with servers that misbehave, on a pseudo-terminal and from a pipe.
#include "client/test_stream.hpp"
#include "formats/json.hpp"
#include "serve_process.hpp"
#include "terminal.hpp"

namespace r1 {
namespace {

const std::vector<std::string> kUtf8{"LANG=C.UTF-8"};
const std::string kDim = "\x1b[2m", kPlain = "\x1b[0m";

class ConnectToServe : public TerminalProgram {
 protected:
  ~ConnectToServe() override = default;
  Outcome piped(const std::string& lines, const std::string& flags) const {
    EXPECT_TRUE(write_file(file("lines"), lines));
    return r1("chat " + flags + " < {}/lines");
  }
  std::string connect() const { return "--connect " + serve_.url(); }
  ServeProcess serve_{file("serve.err")};
};

TEST_F(ConnectToServe, AnAnswerIsThatOfTheChatWithoutAServer) {
  serve_.start({});
  const std::string lines = "What is 3 + 4?\n/think off\nAnd 5 + 6?\n/stats\n/save {}/saved.jsonl\n";
  const std::string here = std::string(lines).replace(lines.find("{}"), 2, folder_.string());
  const Outcome local = piped(here, "-m nano --temperature 0");
  const std::string saved = read_file(file("saved.jsonl")).value_or("nothing saved");
  fs::remove(file("saved.jsonl"));
  const Outcome remote = piped(here, connect() + " --temperature 0");
  EXPECT_EQ(remote.code, 0) << remote.err;
  EXPECT_EQ(remote.out, local.out);
  EXPECT_EQ(read_file(file("saved.jsonl")).value_or(""), saved);
  // "12 + 30 tokens, 0 thinking": the counts of the server are those of the engine.
  const auto counts = [](const std::string& err) {
    const size_t end = err.find(", first after"), begin = err.rfind('\n', end) + 1;
    return end == err.npos ? "none in: " + err : err.substr(begin, end - begin);
  };
  EXPECT_EQ(counts(remote.err), counts(local.err));
}

TEST_F(ConnectToServe, ATerminalShowsTheModelAndDimsTheThinking) {
  serve_.start({"--alias", "other=nano"});
  start(kUtf8, 80, {"--connect", serve_.url()});
  EXPECT_NE(greeting_.find("nano at " + serve_.url() + "/v1, context "), std::string::npos) << greeting_;
  const std::string answer = say("What is 3 + 4?");
  const size_t dim = answer.find(kDim), plain = answer.find(kPlain);
  ASSERT_NE(dim, std::string::npos) << answer;
  ASSERT_NE(plain, std::string::npos) << answer;
  EXPECT_NE(answer.find('7', plain), std::string::npos) << answer;
  EXPECT_NE(say("/stats").find("tokens/s"), std::string::npos);
  EXPECT_NE(say("/set").find("temperature         default"), std::string::npos);
  EXPECT_NE(say("/set temperature 0.5").find("temperature 0.5"), std::string::npos);
  EXPECT_NE(say("/model other").find("other at " + serve_.url()), std::string::npos);
  EXPECT_NE(say("/model othr").find("did you mean other?"), std::string::npos);
  EXPECT_NE(say("What is 3 + 4?").find("status 404"), std::string::npos);
  say("/model nano");
  EXPECT_NE(say("/regen").find(kDim), std::string::npos) << "the conversation goes on after an error";
  EXPECT_EQ(leave(), 0);
}

TEST_F(ConnectToServe, AKeyComesFromAFileOrTheEnvironment) {
  serve_.start({}, "secret");
  ASSERT_TRUE(write_file(file("key"), "# for the server\n\nsecret\n"));
  ASSERT_TRUE(write_file(file("wrong"), "wrong\n"));
  const std::string address = connect();
  unsetenv("R1_API_KEY");
  expect_failure(r1("chat " + address), 1, {"/v1/models: status 401", "--api-key-file FILE", "R1_API_KEY gives"});
  expect_failure(r1("chat " + address + " --api-key-file {}/wrong"), 1, {"status 401", "does not accept"});
  const Outcome by_file = piped("What is 3 + 4?\n", address + " --api-key-file {}/key");
  EXPECT_EQ(by_file.code, 0) << by_file.err;
  EXPECT_NE(by_file.out.find('7'), std::string::npos) << by_file.out;
  setenv("R1_API_KEY", "secret", 1);
  const Outcome by_variable = piped("What is 3 + 4?\n", address);
  unsetenv("R1_API_KEY");
  EXPECT_EQ(by_variable.code, 0) << by_variable.err;
}

TEST_F(ConnectToServe, EveryFormOfTheAddressIsUnderstood) {
  serve_.start({});
  const std::string place = serve_.url().substr(std::string("http://").size());
  for (const std::string& form :
       {place, serve_.url() + "/", serve_.url() + "/v1", serve_.url() + "/v1/chat/completions"}) {
    const Outcome o = r1("chat --connect " + form);
    EXPECT_EQ(o.code, 0) << form << ": " << o.err;
  }
  expect_failure(r1("chat --connect https://" + place), 1, {"https://", "does not encrypt", "http://"});
  expect_failure(r1("chat --connect " + serve_.url() + "/wrong"), 1, {"/wrong/models", "404"});
}

TEST_F(ConnectToServe, AFullContextLeavesOutTheOldestTurnsIfAsked) {
  serve_.start({"-c", "160"});
  const std::string lines = "What is 3 + 4?\nWhat is 5 + 6?\nWhat is 7 + 8?\nWhat is 9 + 1?\nWhat is 2 + 3?\n";
  const Outcome full = piped(lines + lines, connect() + " --no-think");
  EXPECT_EQ(full.code, 1);
  EXPECT_NE(full.err.find("/new starts afresh"), std::string::npos) << full.err;
  const Outcome shifted = piped(lines + lines, connect() + " --no-think --context-shift");
  EXPECT_EQ(shifted.code, 0) << shifted.err;
  EXPECT_NE(shifted.err.find("the model no longer sees the oldest"), std::string::npos) << shifted.err;
}

TEST_F(ConnectToServe, WrongFlagsAreUsageErrors) {
  expect_failure(r1("chat --connect ftp://host"), 2, {"--connect", "ftp://host"});
  expect_failure(r1("chat --connect host:99999"), 2, {"--connect", "99999"});
  expect_failure(r1("chat --connect host:1 -c 512"), 2, {"--context", "--connect"});
  expect_failure(r1("chat --connect host:1 --kv f32"), 2, {"--kv", "--connect"});
  expect_failure(r1("chat --api-key-file x"), 2, {"--api-key-file", "--connect"});
  expect_failure(r1("chat --connect 127.0.0.1:1"), 1, {"http://127.0.0.1:1/v1/models", "onnect"});
  expect_failure(r1("chat --connect 127.0.0.1:1 --api-key-file {}/missing"), 1, {"missing"});
}

// A server in this process whose answers a test writes.
class ConnectToAny : public TerminalProgram {
 protected:
  using Answer = std::function<void(TestConnection&)>;
  void chat_with(Answer answer, const std::vector<std::string>& flags = {}) {
    answer_ = always(std::move(answer));
    std::vector<std::string> all{"--connect", server_.url()};
    all.insert(all.end(), flags.begin(), flags.end());
    start(kUtf8, 80, all);
  }
  // The member of the last request's body.
  Json sent(const std::string& name) const {
    const auto requests = server_.requests();
    const auto body = parse_json(requests.back().body, "request");
    EXPECT_TRUE(body) << requests.back().body;
    const Json* member = body ? body->find(name) : nullptr;
    return member ? *member : Json();
  }

  std::string models_ = R"({"data":[{"id":"one"},{"id":"two"}]})";
  Mischief answer_;
  TestServer server_{[this](const TestRequest& r, TestConnection& c) {
    if (r.path == "/v1/models") return c.answer(200, models_);
    if (!answer_(r, c)) c.answer(500, "");
  }};
};

void send_answer(TestConnection& c, const std::string& delta) {
  begin_stream(c);
  c.send(chunk(delta) + chunk("{}", "stop") + "data: [DONE]\n\n");
}

TEST_F(ConnectToAny, CtrlCEndsTheAnswerAndKeepsWhatCame) {
  chat_with([](TestConnection& c) {
    begin_stream(c);
    c.send(chunk(R"({"reasoning":"let me see"})") + chunk(R"({"content":"It is"})"));
    c.hang();
  });
  terminal_->type("What is 3 + 4?" + kEnter);
  terminal_->wait_for("It is");
  terminal_->type(kCtrlC);
  terminal_->wait_for("(stopped)");
  terminal_->wait_for("> ");
  answer_ = always([](TestConnection& c) { send_answer(c, R"({"content":"seven"})"); });
  EXPECT_NE(say("Go on").find("seven"), std::string::npos);
  const Json messages = sent("messages");
  ASSERT_TRUE(messages.array());
  ASSERT_EQ(messages.array()->size(), 3u);
  EXPECT_EQ(*messages.array()->at(1).find("content")->string(), "It is");
  EXPECT_EQ(leave(), 0);
}

TEST_F(ConnectToAny, AServerThatDiesInAnAnswerLeavesTheConversationAsItWas) {
  chat_with([](TestConnection& c) {
    begin_stream(c);
    c.send(chunk(R"({"content":"It is"})"));
  });
  const std::string printed = say("What is 3 + 4?");
  EXPECT_NE(printed.find("It is"), std::string::npos) << printed;
  EXPECT_NE(printed.find("in the middle of the answer"), std::string::npos) << printed;
  EXPECT_NE(say("/save " + file("none").string()).find("no turn"), std::string::npos);
  answer_ = always([](TestConnection& c) { send_answer(c, R"({"content":"seven"})"); });
  EXPECT_NE(say("What is 3 + 4?").find("seven"), std::string::npos);
  EXPECT_EQ(sent("messages").array()->size(), 1u);
}

TEST_F(ConnectToAny, OnlyFieldsThatWereAskedForAreSent) {
  chat_with([](TestConnection& c) { send_answer(c, R"({"content":"7"})"); });
  say("3 + 4?");
  EXPECT_EQ(server_.requests().back().body, R"({"model": "one", "messages": [{"role": "user", "content": "3 + 4?"}], )"
                                            R"("stream": true, "stream_options": {"include_usage": true}})");
  say("/set temperature 0.5");
  say("/set seed 7");
  say("/set max_tokens 9");
  say("/think off");
  say("/system Be brief.");
  say("/model two");
  say("3 + 4?");
  EXPECT_EQ(sent("model"), Json("two"));
  EXPECT_EQ(sent("temperature"), Json(0.5));
  EXPECT_EQ(sent("seed"), Json(7));
  EXPECT_EQ(sent("max_tokens"), Json(9));
  EXPECT_EQ(sent("thinking"), Json::object({{"type", "disabled"}}));
  EXPECT_EQ(sent("messages").array()->size(), 4u) << "the system prompt, a turn and a text";
  say("/regen");
  EXPECT_EQ(sent("seed"), Json(8));
  say("/set temperature default");
  say("/think 100");
  say("/regen");
  EXPECT_TRUE(sent("temperature").is_null());
  EXPECT_EQ(sent("thinking"), Json::object({{"type", "enabled"}, {"budget_tokens", 100}}));
}

TEST_F(ConnectToAny, TagsInTheAnswerArePartedAndControlCharactersLeftOut) {
  chat_with([](TestConnection& c) {
    begin_stream(c);
    c.send(chunk(R"({"content":"<thi"})") + chunk(R"({"content":"nk>\nlet me\u001b[31m see</think>\n\nseven"})") +
           chunk("{}", "stop") + "data: [DONE]\n\n");
  });
  const std::string printed = say("3 + 4?");
  const size_t dim = printed.find(kDim + "let me[31m see");
  EXPECT_NE(dim, std::string::npos) << printed;
  EXPECT_NE(printed.find("seven", printed.find(kPlain, dim)), std::string::npos) << printed;
  EXPECT_EQ(printed.find("think>"), std::string::npos) << printed;
}

TEST_F(ConnectToAny, HiddenThinkingIsNotShown) {
  chat_with([](TestConnection& c) { send_answer(c, R"({"reasoning_content":"let me see","content":"seven"})"); },
            {"--hide-thinking"});
  const std::string printed = say("3 + 4?");
  EXPECT_EQ(printed.find("let me see"), std::string::npos) << printed;
  EXPECT_NE(printed.find("thinking ..."), std::string::npos) << printed;
  EXPECT_NE(printed.find("seven"), std::string::npos) << printed;
}

TEST_F(ConnectToAny, TabCompletesTheModelsOfTheServer) {
  chat_with([](TestConnection& c) { send_answer(c, R"({"content":"7"})"); });
  terminal_->type("/model tw" + kTab + kEnter);
  terminal_->wait_for("two at ");
}

TEST_F(ConnectToAny, NamesOfModelsDoNotRuleTheTerminal) {
  models_ = R"({"data":[{"id":"one"},{"id":"a\u001b[2Jb"},{"id":"a\u001b[2Jc"}]})";
  chat_with([](TestConnection& c) { send_answer(c, R"({"content":"7"})"); });
  terminal_->type("/model " + kTab);
  EXPECT_NE(terminal_->wait_for("one").find(R"(a\x1b[2Jb)"), std::string::npos);
}

TEST_F(ConnectToAny, AnAnswerThatHasBegunIsNotAskedForAgain) {
  chat_with([](TestConnection& c) { send_answer(c, R"({"content":"seven"})"); }, {"--context-shift"});
  say("3 + 4?");
  answer_ = always([](TestConnection& c) {
    begin_stream(c);
    c.send(chunk(R"({"content":"It is"})") +
           "data: {\"error\":{\"message\":\"too long\",\"code\":\"context_length_exceeded\"}}\n\n");
  });
  const size_t before = server_.requests().size();
  EXPECT_NE(say("And 5 + 6?").find("too long"), std::string::npos);
  EXPECT_EQ(server_.requests().size(), before + 1);
}

TEST_F(ConnectToAny, AnAnswerThatFillsTheContextSaysWhatHelps) {
  models_ = R"({"data":[{"id":"one","context_length":20}]})";
  chat_with([](TestConnection& c) {
    begin_stream(c);
    c.send(chunk(R"({"content":"seven"})") + chunk("{}", "length") +
           R"(data: {"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":8}})" + "\n\ndata: [DONE]\n\n");
  });
  const std::string printed = say("3 + 4?");
  EXPECT_NE(printed.find("fill the context of 20"), std::string::npos) << printed;
  EXPECT_NE(printed.find("/new starts afresh"), std::string::npos) << printed;
}

}  // namespace
}  // namespace r1
