// What a fork costs, and how much of the speed of several threads is left when another process burns one processor.
// Usage: thread_pool_bench [THREADS]
#include <fmt/format.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <vector>

#include "core/threads/processors.hpp"
#include "core/threads/thread_pool.hpp"

namespace r1 {
namespace {

using Clock = std::chrono::steady_clock;

double microseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

// A chain of dependent multiplications, about a nanosecond each.
double busy(i64 steps) {
  double x = 1.5;
  for (i64 i = 0; i < steps; ++i) x = x * 0.999999 + 1e-7;
  return x;
}

// Microseconds of a loop of `tasks` tasks with `steps` steps each: the median of 9 series.
double loop_microseconds(ThreadPool& pool, i64 tasks, i64 steps) {
  std::vector<double> series, results(tasks);
  const i64 repeats = steps ? 400 : 20'000;
  for (int s = 0; s < 9; ++s) {
    const auto start = Clock::now();
    for (i64 i = 0; i < repeats; ++i) pool.run(tasks, [&](i64 task, int) { results[task] = busy(steps); });
    series.push_back(microseconds_since(start) / static_cast<double>(repeats));
  }
  std::ranges::nth_element(series, series.begin() + 4);
  return series[4];
}

// A process that burns the last of the allowed processors until it is killed.
pid_t burn() {
  const pid_t child = fork();
  if (child != 0) return child;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(allowed_processors().back(), &one);
  sched_setaffinity(0, sizeof one, &one);
  for (volatile double x = 0;;) x = x + busy(1000);
}

void report(ThreadPool& pool, const char* beside) {
  ThreadPool one(1);
  for (const i64 tasks : {i64{pool.threads()}, i64{4} * pool.threads(), i64{16} * pool.threads()})
    fmt::print("{:<22} {:4} empty tasks {:9.2f} us a fork\n", beside, tasks, loop_microseconds(pool, tasks, 0));
  for (const i64 steps : {2'000, 20'000}) {
    const i64 tasks = i64{8} * pool.threads();
    const double alone = loop_microseconds(one, tasks, steps), all = loop_microseconds(pool, tasks, steps);
    fmt::print("{:<22} {:4} tasks of {:5.1f} us {:7.1f} us a fork, {:.2f} times the speed of one thread\n", beside,
               tasks, alone / static_cast<double>(tasks), all, alone / all);
  }
}

}  // namespace
}  // namespace r1

int main(int argc, char** argv) {
  r1::ThreadPool pool(argc > 1 ? std::atoi(argv[1]) : r1::ThreadPool::default_threads());
  r1::report(pool, "alone");
  const pid_t child = r1::burn();
  r1::report(pool, "one processor burned");
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}
