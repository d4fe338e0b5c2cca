// A pseudo-terminal for tests, and a fixture that runs the command chat on it.
#pragma once
#include <fcntl.h>
#include <poll.h>
#include <pty.h>

#include <array>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "program.hpp"

namespace r1 {

inline const std::string kUp = "\x1b[A", kDown = "\x1b[B", kRight = "\x1b[C", kLeft = "\x1b[D", kBackspace = "\x7f";
inline const std::string kEnter = "\r", kTab = "\t", kCtrlA = "\x01", kCtrlC = "\x03", kCtrlD = "\x04", kCtrlE = "\x05";
inline const std::string kCtrlU = "\x15", kCtrlW = "\x17";

// Runs a program on a new pseudo-terminal. Every wait ends when the text appears, or fails at the deadline.
class Terminal {
 public:
  Terminal(std::vector<std::string> command, std::vector<std::string> environment, unsigned short columns) {
    const auto pointers = [](std::vector<std::string>& words) {
      std::vector<char*> out;
      for (std::string& word : words) out.push_back(word.data());
      out.push_back(nullptr);
      return out;
    };
    const auto argv = pointers(command), envp = pointers(environment);
    const winsize window{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    child_ = forkpty(&master_, nullptr, nullptr, &window);
    if (child_ == 0) {
      if (chdir(R1_SOURCE_DIR) == 0) execve(argv[0], argv.data(), envp.data());
      _exit(127);
    }
    EXPECT_GT(child_, 0) << "no pseudo-terminal";
  }
  ~Terminal() {
    if (master_ >= 0) close(master_);
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Gives the window another width, which the program learns by SIGWINCH.
  void resize(unsigned short columns) {
    const winsize window{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    EXPECT_EQ(ioctl(master_, TIOCSWINSZ, &window), 0);
  }

  void type(const std::string& keys) { EXPECT_EQ(write(master_, keys.data(), keys.size()), std::ssize(keys)); }

  // Waits for `text` and returns what the program wrote since the last wait, up to the end of `text`.
  std::string wait_for(const std::string& text) {
    size_t at;
    while ((at = output_.find(text, begin_)) == output_.npos)
      if (!read_more()) {
        ADD_FAILURE() << "no \"" << text << "\" after: " << output_.substr(begin_);
        return "";
      }
    const size_t from = std::exchange(begin_, at + text.size());
    return output_.substr(from, begin_ - from);
  }

  void signal(int number) { EXPECT_EQ(kill(child_, number), 0); }

  // Everything that the program wrote, also what no wait has returned.
  const std::string& output() const { return output_; }

  int exit_code() {
    while (read_more()) {
    }
    int status = 0;
    waitpid(child_, &status, 0);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  using Clock = std::chrono::steady_clock;

  bool read_more() {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    pollfd ready{.fd = master_, .events = POLLIN, .revents = 0};
    std::array<char, 4096> bytes;
    if (left <= 0 || poll(&ready, 1, static_cast<int>(left)) <= 0) return false;
    const ssize_t count = ::read(master_, bytes.data(), bytes.size());
    if (count <= 0) return false;  // EIO: the program has ended
    output_.append(bytes.data(), static_cast<size_t>(count));
    return true;
  }

  const Clock::time_point deadline_ = Clock::now() + std::chrono::minutes(1);
  int master_ = -1;
  pid_t child_ = -1;
  std::string output_;
  size_t begin_ = 0;  // where the output begins that no wait has returned yet
};

class TerminalProgram : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0) GTEST_SKIP() << "this machine has no pseudo-terminals (/dev/pts)";
    close(master);
  }
  // Runs `r1 chat` with flags. `environment` holds further variables, such as {"LANG=C.UTF-8"}; the last of two
  // with the same name counts.
  void start(const std::vector<std::string>& environment, unsigned short columns = 80,
             const std::vector<std::string>& flags = {}) {
    std::vector<std::string> command = {std::string(R1_BINARY_DIR) + "/r1", "chat"};
    command.insert(command.end(), flags.begin(), flags.end());
    std::vector<std::string> variables = environment;
    variables.insert(variables.end(), {"TERM=xterm", "PATH=/usr/bin:/bin", "HOME=" + folder_.string()});
    terminal_ = std::make_unique<Terminal>(std::move(command), std::move(variables), columns);
    greeting_ = terminal_->wait_for("> ");
  }
  // Types a text and Enter, and returns what was printed up to the next prompt.
  std::string say(const std::string& keys) {
    terminal_->type(keys + kEnter);
    const std::string printed = terminal_->wait_for("\x1b[?2004h");  // asks for marks around the next pasted text
    terminal_->wait_for("> ");
    return printed;
  }
  // Types Ctrl-D at a prompt.
  int leave() {
    terminal_->type(kCtrlD);
    return terminal_->exit_code();
  }

  std::unique_ptr<Terminal> terminal_;
  std::string greeting_;  // the output before the first prompt
};

}  // namespace r1
