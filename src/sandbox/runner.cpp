#include "sandbox/runner.hpp"

#include <poll.h>

namespace r1::sandbox {

Result<Child> Runner::start(Launch launch) {
  Child child = R1_TRY(Child::start(filter_, std::move(launch)));
  const std::lock_guard lock(mutex_);
  pids_.insert(child.pid());
  return child;
}

void Runner::finish(Child& child) {
  child.stop(std::nullopt);
  while (!child.ended()) step({&child});
  const std::lock_guard lock(mutex_);
  pids_.erase(child.pid());
}

// Waits until a child has something to do, a tick at most, and does it.
void Runner::step(const std::vector<Child*>& children) {
  std::vector<int> watched;
  for (const Child* child : children) child->add_watched(watched);
  std::vector<pollfd> polled;
  for (const int fd : watched) polled.push_back({fd, POLLIN, 0});
  poll(polled.data(), polled.size(), static_cast<int>(kTickMs));
  const i64 now = now_ms();
  for (Child* child : children) {
    if (cancelled_) child->stop(std::nullopt);
    child->step(now);
  }
}

Result<Ending> Runner::run(Launch launch) {
  Child child = R1_TRY(start(std::move(launch)));
  while (!child.ended()) step({&child});
  finish(child);
  return child.ending();
}

Result<Runner::Endings> Runner::run_both(Launch leader, Launch follower, i64 patience_ms) {
  Child first = R1_TRY(start(std::move(leader)));
  Result<Child> second = start(std::move(follower));
  if (!second) {
    finish(first);
    return tl::unexpected(second.error());
  }
  while (!first.ended()) step({&first, &*second});
  const i64 end = now_ms() + patience_ms;
  while (!second->ended() && now_ms() < end) step({&*second});
  finish(first);
  finish(*second);
  return Endings{first.ending(), second->ending()};
}

std::vector<i64> Runner::processes() const {
  const std::lock_guard lock(mutex_);
  return {pids_.begin(), pids_.end()};
}

}  // namespace r1::sandbox
