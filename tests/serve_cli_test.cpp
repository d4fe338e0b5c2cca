// The command serve: started as people start it, asked over loopback, and stopped by signals.
#include "serve_process.hpp"

namespace r1 {
namespace {

constexpr const char* kChat = R"({"messages":[{"role":"user","content":"What is 3 + 4?"}],"seed":1})";

class ServeProgram : public Program, protected ServeProcess {
 protected:
  ServeProgram() : ServeProcess(file("err")) {}
};

TEST_F(ServeProgram, AnswersAndEndsWithZeroAtEitherSignal) {
  for (const int signal : {SIGTERM, SIGINT}) {
    start({"-m", "nano", "--alias", "chat=nano"});
    const TestAnswer answer = ask(post_text("/v1/chat/completions", kChat));
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_NE(answer.body.find("\"reasoning_content\""), std::string::npos) << answer.body;
    EXPECT_NE(ask(get_text("/v1/models")).body.find("\"chat\""), std::string::npos);
    EXPECT_EQ(ask(get_text("/metrics")).status, 404);
    EXPECT_EQ(stop(signal), 0) << err();
    EXPECT_NE(err().find("POST /v1/chat/completions 200"), std::string::npos) << err();
    EXPECT_EQ(err().find("3 + 4"), std::string::npos) << "prompts are not logged";
  }
}

TEST_F(ServeProgram, AStreamThatRunsAtTheSignalIsFinished) {
  start({});
  TestClient client(port_);
  client.send(post_text("/v1/completions", R"({"prompt":"a","temperature":2,"max_tokens":300,"stream":true})"));
  ASSERT_TRUE(client.read_text("data: "));
  kill(pid_, SIGTERM);
  const TestAnswer answer = client.read();
  EXPECT_TRUE(answer.complete);
  EXPECT_TRUE(answer.body.ends_with("data: [DONE]\n\n")) << answer.body;
  EXPECT_EQ(stop(0), 0) << err();
}

TEST_F(ServeProgram, StreamsOfSeveralModelsThatRunAtTheSignalAreFinished) {
  const std::string copy = file("copy").string();
  std::filesystem::copy(std::filesystem::path(R1_SOURCE_DIR) / "models/nano", copy);
  start({"-m", "nano", "-m", copy, "--alias", "second=" + copy});
  TestClient first(port_), second(port_);
  for (const auto& [client, model] : {std::pair{&first, "nano"}, {&second, "second"}}) {
    client->send(post_text(
        "/v1/completions",
        fmt::format(R"({{"model":"{}","prompt":"a","temperature":2,"max_tokens":300,"stream":true}})", model)));
    ASSERT_TRUE(client->read_text("data: "));
  }
  kill(pid_, SIGTERM);
  for (TestClient* client : {&first, &second}) EXPECT_TRUE(client->read().body.ends_with("data: [DONE]\n\n"));
  EXPECT_EQ(stop(0), 0) << err();
  EXPECT_NE(err().find(" serves nano, copy\n"), std::string::npos) << err();
}

TEST_F(ServeProgram, KeysComeFromTheEnvironmentAndTheFileAndAreReadAgain) {
  ASSERT_TRUE(write_file(file("keys"), "first\n"));
  start({"--api-key-file", file("keys").string()}, "extra");
  const auto status = [&](const char* key) {
    return ask(get_text("/v1/models", fmt::format("Authorization: Bearer {}\r\n", key))).status;
  };
  EXPECT_EQ(ask(get_text("/v1/models")).status, 401);
  EXPECT_EQ(status("first"), 200);
  EXPECT_EQ(status("extra"), 200);
  EXPECT_EQ(status("second"), 401);
  ASSERT_TRUE(write_file(file("keys"), "second\n"));
  kill(pid_, SIGHUP);
  EXPECT_TRUE(until([&] { return status("second") == 200; }));
  EXPECT_EQ(status("first"), 401);
  EXPECT_EQ(stop(SIGTERM), 0);
}

TEST_F(ServeProgram, WrongFlagsAreUsageErrors) {
  expect_failure(r1("serve --host 0.0.0.0 --port 0"), 2, {"--host 0.0.0.0", "API key"});
  expect_failure(r1("serve --port 65536"), 2, {"--port", "65536"});
  expect_failure(r1("serve --reasoning maybe"), 2, {"--reasoning", "maybe"});
  expect_failure(r1("serve --alias x=other"), 2, {"--alias", "x=other"});
  expect_failure(r1("serve --alias nano=nano"), 2, {"--alias", "the name nano twice"});
  expect_failure(r1("serve -m nano -m nano"), 2, {"--model", "nano", "must differ"});
  expect_failure(r1("serve --api-key-file {}/missing"), 1, {"missing"});
  expect_failure(r1("serve -m no/such/model"), 1, {"no/such/model"});
}

}  // namespace
}  // namespace r1
