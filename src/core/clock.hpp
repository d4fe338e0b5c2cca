// The time of a clock that is never set back, for durations.
#pragma once
#include <chrono>

namespace r1 {

inline double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace r1
