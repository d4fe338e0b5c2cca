#include "rewards/worker_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include "core/text.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr i64 kLongestLine = 1 << 16;     // bytes of an answer
constexpr i64 kKeptComplaints = 1 << 12;  // bytes of stderr
constexpr milliseconds kTick(50);         // how often `stop` is looked at
constexpr milliseconds kGrace(500);       // from the end of the output to the end of the process

std::string_view last_line(std::string_view text) {
  text = trimmed(text);
  return text.substr(text.find_last_of('\n') + 1);  // npos + 1 is 0
}

}  // namespace

Result<WorkerProcess> WorkerProcess::start(const std::string& command) {
  sandbox::Pipe in = R1_TRY(sandbox::make_pipe()), out = R1_TRY(sandbox::make_pipe()),
                err = R1_TRY(sandbox::make_pipe());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.write.get(), STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM}) sigaddset(&usual, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::string unbuffered = "PYTHONUNBUFFERED=1";
  std::vector<char*> environment;
  for (char** variable = environ; *variable; ++variable)
    if (std::strncmp(*variable, "PYTHONUNBUFFERED=", 17) != 0) environment.push_back(*variable);
  environment.push_back(unbuffered.data());
  environment.push_back(nullptr);
  // setpriv: if this process is killed, the kernel kills the worker too.
  std::vector<std::string> words{"/usr/bin/setpriv", "--pdeathsig", "KILL", "/bin/sh", "-c", command};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  WorkerProcess worker;
  const int error = posix_spawn(&worker.pid_, argv[0], &actions, &attributes, argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return fail(Errc::io, "cannot start {}: {}", argv[0], std::strerror(error));
  for (const sandbox::Descriptor* fd : {&in.write, &out.read, &err.read}) fcntl(fd->get(), F_SETFL, O_NONBLOCK);
  worker.in_ = std::move(in.write);
  worker.out_ = std::move(out.read);
  worker.err_ = std::move(err.read);
  return worker;
}

WorkerProcess::WorkerProcess(WorkerProcess&& o) noexcept
    : pid_(std::exchange(o.pid_, -1)),
      in_(std::move(o.in_)),
      out_(std::move(o.out_)),
      err_(std::move(o.err_)),
      printed_(std::move(o.printed_)),
      complaints_(std::move(o.complaints_)) {}

WorkerProcess::~WorkerProcess() {
  if (pid_ < 0) return;
  kill(-pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

tl::unexpected<Error> WorkerProcess::failure(std::string what) const {
  const std::string_view line = last_line(complaints_);
  if (!line.empty()) what += fmt::format("; the last line on its stderr: {}", printable(line, 300));
  return fail(Errc::io, "{}", what);
}

// The error after the end of the output.
tl::unexpected<Error> WorkerProcess::ended() {
  int status = 0;
  pid_t got = 0;
  for (const auto until = Clock::now() + kGrace; got == 0 && Clock::now() < until;) {
    got = waitpid(pid_, &status, WNOHANG);
    if (got == 0) std::this_thread::sleep_for(milliseconds(2));
  }
  while (sandbox::read_available(err_.get(), complaints_, kKeptComplaints) > 0) continue;
  if (got != pid_) return failure("the reward program closed its output");
  kill(-pid_, SIGKILL);  // children that are still there
  pid_ = -1;
  if (WIFSIGNALED(status)) return failure(fmt::format("the reward program was ended by signal {}", WTERMSIG(status)));
  return failure(fmt::format("the reward program ended with exit code {}", WEXITSTATUS(status)));
}

Status WorkerProcess::stays(milliseconds time) {
  pollfd fd{out_.get(), POLLIN, 0};
  if (poll(&fd, 1, static_cast<int>(time.count())) <= 0) return {};
  if (sandbox::read_available(out_.get(), printed_, kLongestLine) != 0) return {};
  return ended();
}

Result<std::string> WorkerProcess::ask(std::string_view line, milliseconds timeout, const std::atomic<bool>& stop) {
  const auto deadline = Clock::now() + timeout;
  const auto in_one_line = [&]() -> Status {
    const size_t end = printed_.find('\n');
    if (end == std::string::npos || end + 1 == printed_.size()) return {};
    return failure("the reward program printed more than one line for a request");
  };
  // Whatever is there before the request belongs to an earlier one.
  while (sandbox::read_available(out_.get(), printed_, kLongestLine) > 0) continue;
  if (!printed_.empty())
    return failure(fmt::format("the reward program printed {} without a request", printable(printed_, 100)));
  while (true) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
    if (stop) return fail(Errc::io, "the reward program was stopped");
    if (left.count() <= 0)
      return failure(fmt::format("the reward program gave no answer within {} s (does it flush every line?)",
                                 static_cast<double>(timeout.count()) / 1000));
    pollfd fds[3] = {{out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}, {line.empty() ? -1 : in_.get(), POLLOUT, 0}};
    if (poll(fds, 3, static_cast<int>(std::min(left, kTick).count())) < 0 && errno != EINTR)
      return fail(Errc::io, "the reward program cannot be waited for: {}", std::strerror(errno));
    if (fds[1].revents != 0 && sandbox::read_available(err_.get(), complaints_, kKeptComplaints) == 0)
      err_.reset();  // it has closed its stderr; poll passes over the descriptor -1
    if (fds[2].revents != 0) {
      const ssize_t n = write(in_.get(), line.data(), line.size());
      if (n > 0) line.remove_prefix(static_cast<size_t>(n));
      else if (n < 0 && errno == EPIPE) line = {};  // the end of its output will say more
    }
    if (fds[0].revents == 0) continue;
    if (sandbox::read_available(out_.get(), printed_, kLongestLine) == 0) return ended();
    if (const size_t end = printed_.find('\n'); end != std::string::npos) {
      R1_TRY(in_one_line());
      std::string answer = printed_.substr(0, end);
      printed_.clear();
      return answer;
    }
    if (std::ssize(printed_) >= kLongestLine)
      return failure(fmt::format("the reward program printed a line of more than {} bytes", kLongestLine - 1));
  }
}

}  // namespace r1
