#include "core/threads/thread_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace r1 {
namespace {

TEST(ThreadPool, EveryTaskRunsExactlyOnceForAnyNumberOfThreads) {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (const i64 tasks : {0, 1, 2, 7, 1000}) {
      std::vector<int> runs(tasks);
      pool.run(tasks, [&](i64 task, int worker) {
        EXPECT_TRUE(worker >= 0 && worker < threads);
        ++runs[task];
      });
      EXPECT_EQ(std::count(runs.begin(), runs.end(), 1), tasks);
    }
  }
}

TEST(ThreadPool, RangesDoNotDependOnTheNumberOfThreads) {
  for (const int threads : {1, 2}) {
    ThreadPool pool(threads);
    std::vector<std::pair<i64, i64>> seen(4);
    pool.ranges(10, 3, [&](i64 begin, i64 end, int) { seen[begin / 3] = {begin, end}; });
    EXPECT_EQ(seen, (std::vector<std::pair<i64, i64>>{{0, 3}, {3, 6}, {6, 9}, {9, 10}}));
  }
}

// Short loops back to back, so that a fork meets workers that spin, that fall asleep and that sleep.
TEST(ThreadPool, ManyShortForksRunEveryTask) {
  ThreadPool pool(4);
  i64 total = 0;
  for (int round = 0; round < 5000; ++round) {
    i64 part[5] = {};
    pool.run(5, [&](i64 task, int) { part[task] = task + round; });
    for (const i64 p : part) total += p;
    if (round % 500 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // long enough to fall asleep
  }
  EXPECT_EQ(total, i64{10} * 5000 + i64{5} * 4999 * 5000 / 2);
}

TEST(ThreadPool, WritesOfATaskAreVisibleAfterRunAndToTheNextRun) {
  ThreadPool pool(3);
  std::vector<i64> a(64), b(64);
  for (i64 round = 1; round <= 2000; ++round) {
    pool.run(64, [&](i64 i, int) { a[i] = round + i; });
    pool.run(64, [&](i64 i, int) { b[i] = a[63 - i]; });
    for (i64 i = 0; i < 64; ++i) ASSERT_EQ(b[i], round + 63 - i);
  }
}

TEST(ThreadPool, SeveralCallersShareAPoolAndEachGetsItsOwnTasksDone) {
  ThreadPool pool(3);
  std::vector<std::thread> callers;
  std::vector<i64> sums(4);
  for (size_t c = 0; c < sums.size(); ++c)
    callers.emplace_back([&, c] {
      for (int round = 0; round < 500; ++round) {
        std::vector<i64> part(7);
        std::vector<int> scratch(3);  // of a worker's own: two loops at once would share it
        pool.run(7, [&](i64 task, int worker) {
          part[task] = task + static_cast<i64>(c);
          ++scratch[worker];
        });
        for (const i64 p : part) sums[c] += p;
        sums[c] += scratch[0] + scratch[1] + scratch[2];
      }
    });
  for (std::thread& t : callers) t.join();
  for (size_t c = 0; c < sums.size(); ++c) EXPECT_EQ(sums[c], 500 * (21 + 7 * static_cast<i64>(c) + 7)) << c;
}

TEST(ThreadPool, ALoopInsideATaskOfItsOwnPoolIsRefusedAndOneOfAnotherPoolRuns) {
  ThreadPool pool(2), other(2);
  std::atomic<i64> sum{0};
  pool.run(4, [&](i64, int) { other.run(3, [&](i64 task, int) { sum += task; }); });
  EXPECT_EQ(sum.load(), 12);
  EXPECT_DEATH(pool.run(4, [&](i64, int) { pool.run(3, [](i64, int) {}); }), "one of the pool's own tasks");
}

TEST(ThreadPool, ManyPoolsCanBeCreatedAndTwoCanRunAtOnce) {
  for (int i = 0; i < 200; ++i) {
    ThreadPool a(2), b(3);
    std::atomic<i64> sum{0};
    a.run(10, [&](i64 task, int) { sum += task; });
    b.run(10, [&](i64 task, int) { sum += task; });
    ASSERT_EQ(sum.load(), 90);
  }
  ThreadPool never_used(4);
  EXPECT_GE(ThreadPool::default_threads(), 1);
}

TEST(ThreadPool, OnlyLoopsThatAreSplitCountAsForks) {
  ThreadPool one(1), two(2);
  for (ThreadPool* pool : {&one, &two})
    for (const i64 tasks : {0, 1, 2, 50}) pool->run(tasks, [](i64, int) {});
  EXPECT_EQ(one.forks(), 0u);
  EXPECT_EQ(two.forks(), 2u);
}

}  // namespace
}  // namespace r1
