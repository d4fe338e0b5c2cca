// Fork-join over a fixed set of threads. A waiting thread spins for a fraction of a millisecond and then sleeps in the
// kernel. Spinning without end makes a step several times slower when another program takes one of the cores; sleeping
// at once slows every decode step, which forks many times.
//
// Threads take tasks from a shared counter, so any thread may run any task, and a task's result must depend on its
// index alone. run() returns when all tasks are done. It waits for threads that have taken a task, and for no others: a
// worker whose core is busy with another program does not delay the loop.
//
// Thread-safe: several threads may share a pool, and their loops run one after the other. A task must not call run() of
// its own pool.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

#include "core/dtype.hpp"
#include "core/integer.hpp"

namespace r1 {

class ThreadPool {
 public:
  explicit ThreadPool(int threads);  // at least 1; the calling thread counts. See default_threads().
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }
  static int default_threads();  // usable_processors() of this machine
  // Loops that were split over the threads so far, modulo 2^32. Each is a fork and a join.
  u32 forks() const { return epoch_.load(std::memory_order_relaxed); }

  // Calls f(task, worker) for every task in [0, tasks), at most 2^32 - 1. `worker`, in [0, threads()), selects the
  // thread's scratch memory.
  template <class F>
  void run(i64 tasks, F&& f) {
    using Fn = std::remove_reference_t<F>;
    if (tasks <= 0) return;
    if (tasks == 1 || workers_.empty()) {
      for (i64 i = 0; i < tasks; ++i) f(i, 0);
      return;
    }
    fork({[](void* fn, i64 task, int worker) { (*static_cast<Fn*>(fn))(task, worker); },
          const_cast<void*>(static_cast<const void*>(&f)), static_cast<u32>(tasks)});
  }

  // Calls f(begin, end, worker) for consecutive ranges of [0, n), each `grain` long; the last may be shorter.
  template <class F>
  void ranges(i64 n, i64 grain, F&& f) {
    run(ceil_div(n, grain), [&](i64 task, int worker) {
      const i64 begin = task * grain;
      f(begin, begin + grain < n ? begin + grain : n, worker);
    });
  }

 private:
  struct TaskLoop {
    void (*call)(void* function, i64 task, int worker) = nullptr;
    void* function = nullptr;
    u32 tasks = 0;
  };
  void fork(const TaskLoop& loop);
  void work(int worker);
  void take_tasks(int worker);

  std::mutex callers_;  // held by the thread whose loop runs
  TaskLoop loop_;
  alignas(64) std::atomic<u32> epoch_{0};  // the loop's number; workers sleep on it
  alignas(64) std::atomic<u64> open_{0};   // the loop's number << 32 | tasks that no thread has taken
  alignas(64) std::atomic<u32> done_{0};   // finished tasks; the caller sleeps on it
  std::atomic<bool> stop_{false};
  std::vector<std::thread> workers_;
};

}  // namespace r1
