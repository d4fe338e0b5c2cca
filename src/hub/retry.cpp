#include "hub/retry.hpp"

#include <algorithm>
#include <thread>

namespace r1 {
namespace {

Status pause(Milliseconds time, const std::atomic<bool>* stop) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
    if (stop && *stop) return fail(Errc::interrupted, "interrupted");
    std::this_thread::sleep_for(std::min(time, Milliseconds(50)));
  }
  return {};
}

double seconds(Milliseconds time) { return static_cast<double>(time.count()) / 1000; }

}  // namespace

Status with_retries(const RetryPolicy& policy, std::string_view what, const Notice& notice,
                    const std::atomic<bool>* stop, const std::function<Result<Attempt>()>& attempt) {
  Milliseconds back_off = policy.first;
  for (int failures = 0;;) {
    const Attempt a = R1_TRY(attempt());
    if (a.failure.empty()) return {};
    if (a.progress) failures = 0, back_off = policy.first;
    if (++failures >= policy.attempts) return fail(Errc::io, "{}: {} (tried {} times)", what, a.failure, failures);
    const Milliseconds wait = std::max(back_off, a.wait.value_or(Milliseconds(0)));
    if (wait > policy.patience)
      return fail(Errc::io, "{}: {}; the server asks to wait {:.0f} s, try again then", what, a.failure, seconds(wait));
    if (notice)
      notice(fmt::format("{}; trying again in {:.3g} s ({} of {})", a.failure, seconds(wait), failures + 1,
                         policy.attempts));
    R1_TRY(pause(wait, stop));
    back_off = std::min(back_off * 2, policy.longest);
  }
}

}  // namespace r1
