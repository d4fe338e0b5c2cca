// `r1 serve` as a process of its own, for tests: started as people start it, on a free port of this machine.
#pragma once
#include <chrono>
#include <csignal>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "program.hpp"
#include "serve/test_client.hpp"
#include "started_program.hpp"

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
    std::vector<std::string> args{"serve", "--port", "0"};
    args.insert(args.end(), words.begin(), words.end());
    StartOptions options{.without = {"R1_API_KEY="}, .err = err_};
    if (key) options.with.push_back(fmt::format("R1_API_KEY={}", key));
    pid_ = start_r1(args, options);
    ASSERT_GT(pid_, 0);
    ASSERT_TRUE(until([&] { return err().find('\n') != std::string::npos; })) << err();
    const std::string line = err().substr(0, err().find('\n')), before = "http://127.0.0.1:";
    ASSERT_EQ(line.find(before), 0u) << line;
    port_ = std::stoi(line.substr(before.size()));
    ASSERT_TRUE(until([&] { return ask(get_text("/health")).status == 200; })) << err();
  }
  // The exit code, or minus the number of the signal that ended the program.
  int stop(int signal) {
    kill(pid_, signal);
    return end_of(std::exchange(pid_, 0));
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
