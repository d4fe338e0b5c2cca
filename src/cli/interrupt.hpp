// SIGINT as a flag that long work reads. While an InterruptFlag exists, Ctrl-C raises it, and a second Ctrl-C ends the
// program.
#pragma once
#include <signal.h>

#include <atomic>

namespace r1 {

class InterruptFlag {
 public:
  InterruptFlag();
  ~InterruptFlag();  // restores the handler that was there before
  InterruptFlag(const InterruptFlag&) = delete;
  InterruptFlag& operator=(const InterruptFlag&) = delete;

  const std::atomic<bool>& raised() const;  // the same for all objects; it outlives them

 private:
  struct sigaction before_;
};

// Sets what a second Ctrl-C writes to stdout before it ends the program; null: nothing. The text must stay alive.
void set_last_words(const char* text);

}  // namespace r1
