// A lock that threads get in the order in which they asked for it. A std::mutex lets a thread that unlocks it and locks
// it again at once overtake those that wait. Meant for critical sections of milliseconds, because each unlock() wakes
// all waiting threads.
#pragma once
#include <condition_variable>
#include <mutex>

#include "core/dtype.hpp"

namespace r1 {

class FairLock {
 public:
  void lock() {
    std::unique_lock held(mutex_);
    const u64 mine = next_++;
    changed_.wait(held, [&] { return turn_ == mine; });
  }
  void unlock() {
    {
      const std::lock_guard held(mutex_);
      ++turn_;
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  u64 next_ = 0, turn_ = 0;
};

}  // namespace r1
