// The command serve: started as people start it, asked over loopback, and stopped by signals.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>
#include <vector>

#include "program.hpp"
#include "serve/test_client.hpp"

extern char** environ;

namespace r1 {
namespace {

constexpr const char* kChat = R"({"messages":[{"role":"user","content":"What is 3 + 4?"}],"seed":1})";

class ServeProgram : public Program {
 protected:
  ~ServeProgram() override {
    if (pid_ > 0) stop(SIGKILL);
  }

  // Starts `r1 serve --port 0 WORDS` and waits for the first line on stderr.
  void start(const std::vector<std::string>& words, const char* key = nullptr) {
    std::vector<std::string> args{fmt::format("{}/r1", R1_BINARY_DIR), "serve", "--port", "0"}, env;
    args.insert(args.end(), words.begin(), words.end());
    for (char** e = environ; *e; ++e)
      if (!std::string_view(*e).starts_with("R1_API_KEY=")) env.push_back(*e);
    if (key) env.push_back(fmt::format("R1_API_KEY={}", key));
    const auto pointers = [](std::vector<std::string>& all) {
      std::vector<char*> out;
      for (std::string& s : all) out.push_back(s.data());
      out.push_back(nullptr);
      return out;
    };
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 2, file("err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    ASSERT_EQ(posix_spawn(&pid_, args[0].c_str(), &files, nullptr, pointers(args).data(), pointers(env).data()), 0);
    posix_spawn_file_actions_destroy(&files);
    ASSERT_TRUE(until([&] { return err().find('\n') != std::string::npos; })) << err();
    const std::string line = err().substr(0, err().find('\n')), before = "http://127.0.0.1:";
    ASSERT_EQ(line.find(before), 0u) << line;
    port_ = std::stoi(line.substr(before.size()));
    ASSERT_TRUE(until([&] { return ask(get_text("/health")).status == 200; })) << err();
  }
  // The exit code, or minus the number of the signal that ended the program.
  int stop(int signal) {
    kill(pid_, signal);
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  TestAnswer ask(std::string_view bytes) const {
    TestClient client(port_);
    client.send(bytes);
    return client.read();
  }
  std::string err() const {
    const auto text = read_file(file("err"));
    return text ? *text : "";
  }
  template <class F>
  static bool until(F&& holds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (!holds()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }

  pid_t pid_ = 0;
  int port_ = 0;
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
  expect_failure(r1("serve -m nano -m nano"), 2, {"--model", "nano", "must differ"});
  expect_failure(r1("serve --api-key-file {}/missing"), 1, {"missing"});
  expect_failure(r1("serve -m no/such/model"), 1, {"no/such/model"});
}

}  // namespace
}  // namespace r1
