#include "core/threads/thread_pool.hpp"

#include <chrono>
#include <utility>

#include "core/error.hpp"
#include "core/threads/processors.hpp"

namespace r1 {
namespace {

// How long a waiting thread spins before it sleeps. Longer than most serial stretches between two parallel loops of a
// step, because waking a worker costs tens of microseconds, and more in a virtual machine. Far shorter than a time
// slice of the scheduler.
constexpr std::chrono::microseconds kSpin{150};

// The pool whose task this thread runs, the innermost one; or null.
thread_local const ThreadPool* running_in = nullptr;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Returns once `value` differs from `old`.
template <class T>
void wait_for_change(const std::atomic<T>& value, T old) {
  const auto deadline = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 16; ++i) {
      if (value.load(std::memory_order_acquire) != old) return;
      relax();
    }
  } while (std::chrono::steady_clock::now() < deadline);
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

int ThreadPool::default_threads() { return usable_processors(allowed_processors()); }

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { work(i); });
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_relaxed);
  epoch_.fetch_add(1);
  epoch_.notify_all();
  for (auto& t : workers_) t.join();
}

// A thread reads the loop only between taking a task and reporting it as done. The loop cannot end in that time, so it
// does not change. A worker that comes late takes no task and reads nothing, and nobody waits for it.
void ThreadPool::take_tasks(int worker) {
  const ThreadPool* const outer = std::exchange(running_in, this);
  u32 taken = 0, tasks = 0;
  for (u64 open = open_.load(std::memory_order_acquire); static_cast<u32>(open) > 0;) {
    if (!open_.compare_exchange_weak(open, open - 1, std::memory_order_acquire)) continue;
    tasks = loop_.tasks;
    loop_.call(loop_.function, tasks - static_cast<u32>(open), worker);
    ++taken;
    open = open_.load(std::memory_order_acquire);
  }
  running_in = outer;
  if (taken > 0 && done_.fetch_add(taken, std::memory_order_acq_rel) + taken == tasks) done_.notify_one();
}

void ThreadPool::fork(const TaskLoop& loop) {
  R1_CHECK(running_in != this, "ThreadPool::run was called by one of the pool's own tasks");
  const std::lock_guard<std::mutex> one_caller(callers_);
  loop_ = loop;
  done_.store(0, std::memory_order_relaxed);
  const u32 epoch = epoch_.load(std::memory_order_relaxed) + 1;
  open_.store(u64{epoch} << 32 | loop.tasks, std::memory_order_release);
  epoch_.store(epoch);  // seq_cst, so that the new epoch is visible before notify_all looks for sleeping workers
  epoch_.notify_all();
  take_tasks(0);
  for (u32 done; (done = done_.load(std::memory_order_acquire)) != loop.tasks;) wait_for_change(done_, done);
}

void ThreadPool::work(int worker) {
  for (u32 seen = 0;;) {
    wait_for_change(epoch_, seen);
    seen = epoch_.load(std::memory_order_acquire);
    if (stop_.load(std::memory_order_relaxed)) return;
    take_tasks(worker);
  }
}

}  // namespace r1
