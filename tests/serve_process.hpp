// `r1 serve` as a process of its own, for tests: started as people start it, on a free port of this machine.
#pragma once
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "program.hpp"
#include "serve/test_client.hpp"

extern char** environ;

namespace r1 {

class ServeProcess {
 public:
  explicit ServeProcess(fs::path err) : err_(std::move(err)) {}  // `err` is a file that receives stderr
  ~ServeProcess() {
    if (pid_ > 0) stop(SIGKILL);
  }
  ServeProcess(const ServeProcess&) = delete;
  ServeProcess& operator=(const ServeProcess&) = delete;

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
    posix_spawn_file_actions_addopen(&files, 2, err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
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
    const auto text = read_file(err_);
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

  std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }

 protected:
  pid_t pid_ = 0;
  int port_ = 0;

 private:
  const fs::path err_;
};

}  // namespace r1
