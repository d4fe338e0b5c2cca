#include "sandbox/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <set>

#include "sandbox/usage.hpp"

namespace r1::sandbox {
namespace {

constexpr i64 kKeptErrorBytes = 4096;  // of stderr
constexpr i64 kStatusBytes = 4096;
constexpr i64 kMostFiles = 4096;  // in /tmp
constexpr i64 kGraceMs = 10'000;  // bubblewrap must have reported process 1 by then

Descriptor pidfd_of(pid_t pid) { return Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))); }
void kill_through(const Descriptor& pidfd) { syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0); }

bool readable(int fd, int timeout_ms) {
  pollfd p{fd, POLLIN, 0};
  return poll(&p, 1, timeout_ms) > 0;
}

// How many files and folders /tmp of the sandbox holds; the size of a tmpfs does not count empty ones. 0 if the mount
// cannot be seen from here.
i64 files_of(pid_t init) {
  const std::string path = "/proc/" + std::to_string(init) + "/root/tmp";
  // Opened once: while bubblewrap changes the root, the path means one folder after another.
  const Descriptor folder(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  // Until bubblewrap has changed the root, this is the /tmp of the machine.
  struct stat here, there;
  if (!folder || fstat(folder.get(), &there) != 0 || stat("/tmp", &here) != 0 || here.st_dev == there.st_dev) return 0;
  struct statvfs info;
  if (fstatvfs(folder.get(), &info) != 0) return 0;
  return static_cast<i64>(info.f_files - info.f_ffree);
}

// The number after "key": in bubblewrap's status, or -1.
i64 status_number(const std::string& text, std::string_view key) {
  size_t at = text.find(key);
  if (at == std::string::npos) return -1;
  at = text.find_first_of("0123456789", at + key.size());
  i64 value = -1;
  // A number at the end of the text may not be complete yet.
  if (at != std::string::npos && text.find_first_not_of("0123456789", at) != std::string::npos)
    std::from_chars(text.data() + at, text.data() + text.size(), value);
  return value;
}

// Starts a command with exactly the given descriptors: fds[i].second becomes fds[i].first.
Result<pid_t> spawn(const std::vector<std::string>& command, const std::vector<std::pair<int, int>>& fds) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  char* environment[] = {nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  std::set<int> targets;
  for (const auto& [target, source] : fds) {
    posix_spawn_file_actions_adddup2(&actions, source, target);
    targets.insert(target);
  }
  for (int fd = 0; fd < *targets.rbegin(); ++fd)
    if (!targets.contains(fd)) posix_spawn_file_actions_addclose(&actions, fd);
  posix_spawn_file_actions_addclosefrom_np(&actions, *targets.rbegin() + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none), sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  // A session of its own: Ctrl-C at the terminal reaches this process, which then ends its sandboxes in order.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, argv[0], &actions, &attributes, argv.data(), environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error) return fail(Errc::io, "cannot start {}: {}", command[0], std::strerror(error));
  return pid;
}

}  // namespace

i64 now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

Result<Child> Child::start(const std::string& filter, Launch launch) {
  Child child;
  child.limits_ = launch.limits;
  Pipe out = R1_TRY(make_pipe()), err = R1_TRY(make_pipe()), status = R1_TRY(make_pipe());
  for (const Descriptor* fd : {&out.read, &err.read, &status.read}) fcntl(fd->get(), F_SETFL, O_NONBLOCK);
  std::vector<Descriptor> given;
  given.push_back(R1_TRY(sealed_file(launch.input)));
  given.push_back(R1_TRY(sealed_file(filter)));
  std::vector<std::pair<int, int>> fds{{0, given[0].get()},
                                       {1, out.write.get()},
                                       {2, err.write.get()},
                                       {kFilterFd, given[1].get()},
                                       {kStatusFd, status.write.get()}};
  for (size_t i = 0; i < launch.extra.size(); ++i) fds.emplace_back(3 + static_cast<int>(i), launch.extra[i].get());
  for (size_t i = 0; i < launch.files.size(); ++i) {
    given.push_back(R1_TRY(sealed_file(launch.files[i].content)));
    fds.emplace_back(kFirstFileFd + static_cast<int>(i), given.back().get());
  }
  const auto command = command_line(launch.root, launch.files, launch.program, launch.limits);
  child.pid_ = R1_TRY(spawn(command, fds));
  child.pidfd_ = pidfd_of(child.pid_);
  if (!child.pidfd_) {
    const int error = errno;
    kill(child.pid_, SIGKILL);
    while (waitpid(child.pid_, nullptr, 0) < 0 && errno == EINTR) continue;
    return fail(Errc::io, "cannot watch a sandbox (pidfd_open, Linux 5.3): {}", std::strerror(error));
  }
  child.out_ = std::move(out.read), child.err_ = std::move(err.read), child.status_ = std::move(status.read);
  child.started_ms_ = child.sampled_ms_ = now_ms();
  return child;
}

Child::~Child() {
  if (!pidfd_ || ended_) return;  // the second: also after a move
  stop(std::nullopt);
  while (!ended_) {
    readable(pidfd_.get(), static_cast<int>(kTickMs));
    step(now_ms());
  }
}

void Child::add_watched(std::vector<int>& watched) const {
  for (const Descriptor* fd : {&pidfd_, &out_, &err_, &status_})
    if (*fd && !ended_) watched.push_back(fd->get());
}

void Child::stop(std::optional<VerdictKind> why) {
  if (stopping_ || ended_) return;
  stopping_ = true;
  stopped_ms_ = now_ms();
  ending_.stopped = why;
}

void Child::step(i64 now) {
  if (ended_) return;
  read_status();
  if (readable(pidfd_.get(), 0)) return reap();
  read_output();
  if (!stopping_) check_limits(now);
  if (!stopping_) return;
  // Killing process 1 ends all others of the sandbox, and then bubblewrap. Killing bubblewrap first could leave them
  // behind for a moment.
  if (init_pidfd_) kill_through(init_pidfd_);
  else if (now - stopped_ms_ > kGraceMs) kill_through(pidfd_);
}

void Child::read_output() {
  for (auto [fd, text] : {std::pair{&out_, &ending_.out}, std::pair{&err_, &ending_.err}}) {
    const i64 most = fd == &out_ ? limits_.output_bytes : std::min(kKeptErrorBytes, limits_.output_bytes);
    i64 n = 1;
    while (*fd && bytes_ <= limits_.output_bytes && (n = read_available(fd->get(), *text, most)) > 0) bytes_ += n;
    if (n == 0) fd->reset();
  }
  if (bytes_ > limits_.output_bytes) stop(VerdictKind::output);
}

void Child::read_status() {
  i64 n = 1;
  while (status_ && (n = read_available(status_.get(), status_text_, kStatusBytes)) > 0) continue;
  if (n == 0) status_.reset();
  if (init_ > 0) return;
  init_ = static_cast<pid_t>(status_number(status_text_, "\"child-pid\""));
  if (init_ <= 0) return;
  init_pidfd_ = pidfd_of(init_);
  // If the sandbox has ended already, the number may belong to somebody else by now.
  if (!is_first_of_namespace(init_)) init_pidfd_.reset();
}

void Child::check_limits(i64 now) {
  if (now - started_ms_ > limits_.wall_ms) return stop(VerdictKind::time);
  if (!init_pidfd_ || now - sampled_ms_ < kTickMs) return;
  sampled_ms_ = now;
  const Usage usage = usage_of_tree(init_);
  const i64 files = files_of(init_);
  // If process 1 has ended meanwhile, its number may belong to somebody else, whose figures these are.
  if (readable(init_pidfd_.get(), 0)) return;
  if (usage.memory_bytes > limits_.memory_bytes) return stop(VerdictKind::memory);
  if (usage.cpu_ms > limits_.cpu_ms) return stop(VerdictKind::time);
  if (files > kMostFiles) return stop(VerdictKind::output);
}

// bubblewrap has ended. Process 1 of the sandbox may still be ending, and with it the other processes: its pidfd
// becomes readable when all are gone.
void Child::reap() {
  // If bubblewrap was killed before it reported process 1, that process is still in its group. The group's number
  // cannot belong to another one before waitpid().
  if (!init_pidfd_) read_status();
  if (!init_pidfd_) kill(-pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
  read_status();
  if (init_pidfd_) {
    kill_through(init_pidfd_);
    readable(init_pidfd_.get(), kGraceMs);
    siginfo_t info;  // succeeds if this process is the one that inherits orphans
    waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(init_pidfd_.get()), &info, WEXITED | WNOHANG);
  }
  read_output();
  ending_.lost = WIFSIGNALED(status) && !stopping_;
  ending_.started = status_text_.find("\"exit-code\"") != std::string::npos || ending_.stopped.has_value();
  ending_.cut = stopping_ && !ending_.stopped;
  ending_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  out_.reset(), err_.reset(), status_.reset();
  ended_ = true;
}

}  // namespace r1::sandbox
