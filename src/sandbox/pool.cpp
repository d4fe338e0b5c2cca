#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <thread>

#include "sandbox/judge.hpp"
#include "sandbox/seccomp_filter.hpp"

namespace r1::sandbox {
namespace {

i64 setting(const char* file, i64 otherwise) {
  std::ifstream in(file);
  i64 value = otherwise;
  in >> value;
  return in ? value : otherwise;
}

// What to enable so that an ordinary user may make namespaces.
std::string advice() {
  if (setting("/proc/sys/kernel/unprivileged_userns_clone", 1) == 0)
    return "enable them as root: sysctl -w kernel.unprivileged_userns_clone=1";
  if (setting("/proc/sys/user/max_user_namespaces", 1) == 0)
    return "enable them as root: sysctl -w user.max_user_namespaces=10000";
  if (setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 0) == 1)
    return "enable them as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
  return "a container must allow them (docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
         "--security-opt systempaths=unconfined)";
}

std::string first_line(std::string_view text) { return {text.begin(), std::find(text.begin(), text.end(), '\n')}; }

// Starts a sandbox with a harmless program in it.
Status try_sandbox(Runner& runner) {
  if (access("/proc/thread-self/children", R_OK) != 0)
    return fail(
        Errc::unsupported,
        "/proc/thread-self/children: cannot be read, so nobody can see what a judged program uses. Mount /proc, "
        "and use a kernel with CONFIG_PROC_CHILDREN");
  Launch launch;
  launch.program = {"/usr/bin/prlimit", "--version"};
  const Ending ending = R1_TRY(runner.run(std::move(launch)));
  if (ending.started && ending.exit_code == 0) return {};
  const std::string line = first_line(ending.err);
  return fail(Errc::unsupported,
              "the kernel does not allow a sandbox ({}). Programs are judged only where a user may make namespaces; {}",
              line.empty() ? fmt::format("exit code {}", ending.exit_code) : line, advice());
}

}  // namespace

struct Pool::State {
  struct Task {
    Job job;
    std::promise<Verdict> promise;
  };

  explicit State(std::string filter) : runner(std::move(filter)) {}

  void work() {
    while (true) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return runner.cancelled() || !tasks.empty(); });
      if (tasks.empty()) return;
      Task task = std::move(tasks.front());
      tasks.pop_front();
      lock.unlock();
      task.promise.set_value(judge_until_sure(task.job));
    }
  }

  Verdict judge_until_sure(const Job& job) {
    Attempt attempt;
    for (int i = 0; i < kAttempts; ++i) {
      if (runner.cancelled()) return {VerdictKind::refused, -1, "the pool was closed"};
      attempt = sandbox::judge(runner, job);
      if (!attempt.again) break;
      ++lost;
    }
    if (runner.cancelled()) return {VerdictKind::refused, -1, "the pool was closed"};
    return attempt.verdict;
  }

  Runner runner;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Task> tasks;
  std::atomic<i64> lost{0};
  std::vector<std::thread> workers;
};

Pool::Pool(std::unique_ptr<State> state) : state_(std::move(state)) {}
Pool::Pool(Pool&&) noexcept = default;

Pool::~Pool() {
  if (!state_) return;
  {
    const std::lock_guard lock(state_->mutex);
    state_->runner.cancel();
  }
  state_->changed.notify_all();
  for (std::thread& worker : state_->workers) worker.join();
}

Result<Pool> Pool::open(int workers) {
  if (workers < 1) return fail(Errc::invalid_argument, "a pool needs at least one worker, not {}", workers);
  R1_TRY(check_installed());
  auto state = std::make_unique<State>(R1_TRY(seccomp_filter()));
  R1_TRY(try_sandbox(state->runner));
  for (int i = 0; i < workers; ++i) state->workers.emplace_back([s = state.get()] { s->work(); });
  return Pool(std::move(state));
}

std::future<Verdict> Pool::submit(Job job) {
  std::promise<Verdict> promise;
  std::future<Verdict> out = promise.get_future();
  {
    const std::lock_guard lock(state_->mutex);
    state_->tasks.push_back({std::move(job), std::move(promise)});
  }
  state_->changed.notify_one();
  return out;
}

std::vector<Verdict> Pool::judge(std::vector<Job> jobs) {
  std::vector<std::future<Verdict>> futures;
  for (Job& job : jobs) futures.push_back(submit(std::move(job)));
  std::vector<Verdict> out;
  for (auto& future : futures) out.push_back(future.get());
  return out;
}

std::vector<i64> Pool::processes() const { return state_->runner.processes(); }
i64 Pool::lost() const { return state_->lost; }

}  // namespace r1::sandbox
