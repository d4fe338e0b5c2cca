// SIGINT as a flag that long work looks at. While one exists Ctrl-C raises it; a second Ctrl-C ends the program.
#pragma once
#include <signal.h>

#include <atomic>

namespace r1 {

class InterruptFlag {
 public:
  InterruptFlag();
  ~InterruptFlag();  // the handler that was there before comes back
  InterruptFlag(const InterruptFlag&) = delete;
  InterruptFlag& operator=(const InterruptFlag&) = delete;

  const std::atomic<bool>& raised() const;

 private:
  struct sigaction before_;
};

// What a second Ctrl-C writes to stdout before it ends the program; null: nothing. Must live on.
void last_words(const char* text);

}  // namespace r1
