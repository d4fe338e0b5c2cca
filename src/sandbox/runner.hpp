// Runs sandboxes to their end, one or two at a time, and knows which are running.
#pragma once
#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/child.hpp"
#include "sandbox/executable_cache.hpp"

namespace r1::sandbox {

// Thread safety: all functions may be called from any thread.
class Runner {
 public:
  explicit Runner(std::string filter) : filter_(std::move(filter)) {}

  // Runs a sandbox to its end. Errors: io, if it cannot be started.
  Result<Ending> run(Launch launch);

  struct Endings {
    Ending leader, follower;
  };
  // Runs two sandboxes that talk to each other. When the leader has ended, the follower has `patience_ms` to end too.
  // Errors: io, if one of them cannot be started.
  Result<Endings> run_both(Launch leader, Launch follower, i64 patience_ms);

  void cancel() { cancelled_ = true; }  // ends all sandboxes, also those that are started later
  bool cancelled() const { return cancelled_; }
  std::vector<i64> processes() const;
  ExecutableCache& compiled_tests() { return compiled_tests_; }

 private:
  Result<Child> start(Launch launch);
  void finish(Child& child);
  void step(const std::vector<Child*>& children);

  std::string filter_;
  ExecutableCache compiled_tests_;
  std::atomic<bool> cancelled_{false};
  mutable std::mutex mutex_;
  std::set<i64> pids_;
};

}  // namespace r1::sandbox
