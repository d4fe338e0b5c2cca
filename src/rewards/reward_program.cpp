#include "rewards/reward_program.hpp"

#include <signal.h>

#include <charconv>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "core/text.hpp"
#include "formats/utf8.hpp"
#include "rewards/worker_process.hpp"

namespace r1 {
namespace {

// A program that does not exist ends within this time; one that exists is not waited for any longer.
constexpr std::chrono::milliseconds kFirstLook(200);

Result<double> number_in(std::string_view line) {
  std::string_view text = trimmed(line);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return fail(Errc::corrupt, "the reward program printed \"{}\", which is no finite number", printable(line, 100));
  return value;
}

}  // namespace

struct RewardProgram::State {
  struct Task {
    std::string request;
    std::promise<Result<double>> promise;
  };

  // The worker is started by the thread that asks it, because it is killed when that thread ends.
  void work(std::promise<Status> started) {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);  // a worker that does not read is an error of write()
    std::optional<WorkerProcess> worker;
    Status first = start(worker);
    if (first) first = worker->stays(kFirstLook);
    started.set_value(first);
    if (!first) return;
    while (true) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return stop || !tasks.empty(); });
      if (tasks.empty()) return;
      Task task = std::move(tasks.front());
      tasks.pop_front();
      lock.unlock();
      task.promise.set_value(answer(worker, task.request));
    }
  }

  Status start(std::optional<WorkerProcess>& worker) {
    auto process = WorkerProcess::start(command);
    if (!process) return tl::unexpected(std::move(process).error());
    worker.emplace(std::move(*process));
    return {};
  }

  Result<double> answer(std::optional<WorkerProcess>& worker, const std::string& request) {
    if (stop) return fail(Errc::io, "the reward program was stopped");
    R1_TRY(health());
    const auto asked = [&]() -> Result<double> {
      if (!worker) R1_TRY(start(worker));
      return number_in(R1_TRY(worker->ask(request, timeout, stop)));
    };
    Result<double> out = asked();
    if (out) {
      failures = 0;
      return out;
    }
    worker.reset();
    if (++failures == kMostFailures) {
      const std::lock_guard lock(mutex);
      last_failure = out.error();
    }
    return out;
  }

  Status health() const {
    const std::lock_guard lock(mutex);
    if (!last_failure) return {};
    return fail(last_failure->code, "{} requests in a row failed, the last one: {}", kMostFailures, last_failure->what);
  }

  std::string command;
  std::chrono::milliseconds timeout{};
  std::atomic<bool> stop{false};
  int failures = 0;  // in a row
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::deque<Task> tasks;
  std::optional<Error> last_failure;
  std::thread thread;
};

RewardProgram::RewardProgram(std::unique_ptr<State> state) : state_(std::move(state)) {}
RewardProgram::RewardProgram(RewardProgram&&) noexcept = default;

Result<RewardProgram> RewardProgram::start(std::string command, std::chrono::milliseconds timeout) {
  auto state = std::make_unique<State>();
  state->command = std::move(command);
  state->timeout = timeout;
  std::promise<Status> started;
  std::future<Status> first = started.get_future();
  state->thread = std::thread([s = state.get(), p = std::move(started)]() mutable { s->work(std::move(p)); });
  RewardProgram out(std::move(state));
  R1_TRY(first.get());
  return out;
}

RewardProgram::~RewardProgram() {
  if (!state_) return;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->changed.notify_all();
  state_->thread.join();
}

std::future<Result<double>> RewardProgram::submit(std::string request) {
  State::Task task{std::move(request), {}};
  std::future<Result<double>> out = task.promise.get_future();
  {
    const std::lock_guard lock(state_->mutex);
    state_->tasks.push_back(std::move(task));
  }
  state_->changed.notify_one();
  return out;
}

Status RewardProgram::health() const { return state_->health(); }

}  // namespace r1
