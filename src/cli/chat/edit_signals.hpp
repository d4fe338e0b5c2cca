// The signals that matter while a line is edited. They are noted and not acted upon, and a descriptor becomes readable.
#pragma once
#include <signal.h>

#include <array>

namespace r1 {

// While this exists, SIGWINCH (another size of the window), SIGTSTP (Ctrl-Z), SIGINT, SIGTERM and SIGHUP are only
// noted. One object may exist at a time. The signal may reach any thread; the descriptor tells the one that polls.
class EditSignals {
 public:
  EditSignals();
  ~EditSignals();  // restores the handlers that were there before; a signal that was noted and not taken is raised
                   // again
  EditSignals(const EditSignals&) = delete;
  EditSignals& operator=(const EditSignals&) = delete;

  int descriptor() const { return descriptor_; }  // readable if a signal was noted
  int take();                                     // a signal that was noted; 0 if there is none
  // Lets the signal act as it does without this object. Returns when the program goes on, after SIGTSTP.
  void raise(int signal);

 private:
  static constexpr std::array kSignals{SIGWINCH, SIGTSTP, SIGINT, SIGTERM, SIGHUP};
  void install();
  void restore();

  int descriptor_;
  std::array<struct sigaction, kSignals.size()> before_{};
};

}  // namespace r1
