#include "core/thread_pool.hpp"

#include <sched.h>

#include <chrono>

#include "core/error.hpp"

namespace r1 {
namespace {

// How long a waiting thread spins before it sleeps. Longer than most serial stretches between two parallel loops of a
// step, because waking a worker costs tens of microseconds, and more in a virtual machine. Far shorter than a time
// slice of the scheduler.
constexpr std::chrono::microseconds kSpin{150};

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

int ThreadPool::default_threads() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(std::thread::hardware_concurrency());
}

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { work(i); });
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_relaxed);
  epoch_.fetch_add(1);
  epoch_.notify_all();
  for (auto& t : workers_) t.join();
}

void ThreadPool::take_tasks(int worker) {
  for (i64 task; (task = next_.fetch_add(1, std::memory_order_relaxed)) < loop_.tasks;)
    loop_.call(loop_.function, task, worker);
}

void ThreadPool::fork(const TaskLoop& loop) {
  R1_CHECK(unfinished_.load(std::memory_order_relaxed) == 0, "ThreadPool::run is not reentrant");
  loop_ = loop;
  next_.store(0, std::memory_order_relaxed);
  unfinished_.store(static_cast<u32>(workers_.size()), std::memory_order_relaxed);
  epoch_.fetch_add(1);  // seq_cst, so that the new epoch is visible before notify_all looks for sleeping workers
  epoch_.notify_all();
  take_tasks(0);
  for (u32 left; (left = unfinished_.load(std::memory_order_acquire)) != 0;) wait_for_change(unfinished_, left);
}

void ThreadPool::work(int worker) {
  u32 seen = 0;
  for (;;) {
    wait_for_change(epoch_, seen);
    ++seen;  // no worker misses an epoch, because fork waits until every worker has finished the previous one
    if (stop_.load(std::memory_order_relaxed)) return;
    take_tasks(worker);
    if (unfinished_.fetch_sub(1) == 1) unfinished_.notify_one();
  }
}

}  // namespace r1
