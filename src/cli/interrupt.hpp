// SIGINT as a flag that long work looks at. While one exists Ctrl-C raises it; a second Ctrl-C ends the program.
#pragma once
#include <atomic>

namespace r1 {

class InterruptFlag {
 public:
  InterruptFlag();
  ~InterruptFlag();  // the handler that was there before comes back
  InterruptFlag(const InterruptFlag&) = delete;
  InterruptFlag& operator=(const InterruptFlag&) = delete;

  const std::atomic<bool>& raised() const;
  void lower();
};

}  // namespace r1
