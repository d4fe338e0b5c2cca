#include "core/threads/fair_lock.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace r1 {
namespace {

TEST(FairLock, OneThreadAtATime) {
  FairLock lock;
  i64 count = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        const std::lock_guard held(lock);
        ++count;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 4000);
}

TEST(FairLock, AThreadThatLocksAgainAtOnceLetsTheOtherIn) {
  FairLock lock;
  std::atomic<bool> done = false;
  lock.lock();
  std::thread other([&] {
    const std::lock_guard held(lock);
    done = true;
  });
  // The other thread gets the lock, however often this one asks for it.
  while (!done) {
    lock.unlock();
    lock.lock();
  }
  lock.unlock();
  other.join();
}

}  // namespace
}  // namespace r1
