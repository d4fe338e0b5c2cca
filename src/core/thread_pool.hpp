// Fork-join over a fixed set of threads. Waiting spins for a fraction of a millisecond and then sleeps in the kernel:
// pure spinning loses several-fold when another program takes one of the cores, pure sleeping costs a decode step
// dearly.
//
// Tasks are handed out by an atomic counter, so which worker runs a task is luck; a task's result must therefore depend
// on its index alone. run() returns when all tasks are done. Not reentrant: one run() at a time, from one thread.
#pragma once
#include <atomic>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

#include "core/dtype.hpp"

#include "core/integer.hpp"

namespace r1 {

class ThreadPool {
 public:
  explicit ThreadPool(int threads);  // >= 1, the caller's included; see default_threads()
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }
  static int default_threads();  // processors this process may run on

  // f(task, worker) for every task in [0, tasks); worker in [0, threads()) names per-thread scratch.
  template <class F>
  void run(i64 tasks, F&& f) {
    using Fn = std::remove_reference_t<F>;
    if (tasks <= 0) return;
    if (tasks == 1 || workers_.empty()) {
      for (i64 i = 0; i < tasks; ++i) f(i, 0);
      return;
    }
    fork({[](void* fn, i64 task, int worker) { (*static_cast<Fn*>(fn))(task, worker); },
          const_cast<void*>(static_cast<const void*>(&f)), tasks});
  }

  // f(begin, end, worker) over [0, n) in fixed pieces of `grain` (the last may be shorter).
  template <class F>
  void ranges(i64 n, i64 grain, F&& f) {
    run(ceil_div(n, grain), [&](i64 task, int worker) {
      const i64 begin = task * grain;
      f(begin, begin + grain < n ? begin + grain : n, worker);
    });
  }

 private:
  struct Job {
    void (*call)(void*, i64, int) = nullptr;
    void* fn = nullptr;
    i64 tasks = 0;
  };
  void fork(const Job& job);
  void work(int worker);
  void take_tasks(int worker);

  Job job_;
  alignas(64) std::atomic<u32> epoch_{0};       // raised by fork; workers sleep on it
  alignas(64) std::atomic<i64> next_{0};        // next task to hand out
  alignas(64) std::atomic<u32> unfinished_{0};  // workers that have not left the job; the caller sleeps on it
  std::atomic<bool> stop_{false};
  std::vector<std::thread> workers_;
};

}  // namespace r1
