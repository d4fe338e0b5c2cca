// One sandbox: starting it, watching its limits, ending it with everything in it.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "sandbox/bubblewrap.hpp"
#include "sandbox/descriptor.hpp"
#include "sandbox/sandbox.hpp"

namespace r1::sandbox {

// What to run. `input` is the content of stdin.
struct Launch {
  Root root = Root::program;
  std::vector<File> files;
  std::vector<std::string> program;
  std::string input;
  Limits limits;
  // Descriptors 3 and after for the program: ends of pipes. They are closed here once the program has them.
  std::vector<Descriptor> extra;
};

// How a sandbox ended.
struct Ending {
  bool lost = false;                   // bubblewrap was killed from outside
  bool started = false;                // the program ran; if not, `err` says why
  int exit_code = -1;                  // 128 + the signal, if a signal ended the program
  std::optional<VerdictKind> stopped;  // time, memory or output: this process ended it for that
  bool cut = false;                    // this process ended it, and no limit was the reason
  std::string out, err;                // stdout; the last bytes of stderr
};

class Child {
 public:
  // Errors: io, if the machine has no processes or descriptors left.
  static Result<Child> start(const std::string& filter, Launch launch);
  Child(Child&&) noexcept = default;
  Child& operator=(Child&&) = delete;
  ~Child();  // ends everything in the sandbox and reaps it

  pid_t pid() const { return pid_; }
  bool ended() const { return ended_; }
  const Ending& ending() const { return ending_; }

  // Reads what the program printed, checks its limits and notices its end.
  void step(i64 now_ms);
  // Appends the descriptors on which a step has work.
  void add_watched(std::vector<int>& watched) const;
  // Ends the sandbox. The following steps notice its end.
  void stop(std::optional<VerdictKind> why);

 private:
  Child() = default;
  void read_output();
  void read_status();
  void check_limits(i64 now_ms);
  void reap();

  Limits limits_;
  pid_t pid_ = -1, init_ = -1;     // bubblewrap, and process 1 of the sandbox
  Descriptor pidfd_, init_pidfd_;  // of the same
  Descriptor out_, err_, status_;  // ends of pipes
  std::string status_text_;
  i64 started_ms_ = 0, sampled_ms_ = 0, stopped_ms_ = 0, bytes_ = 0;
  bool ended_ = false, stopping_ = false;
  Ending ending_;
};

i64 now_ms();                // a clock that never goes back
constexpr i64 kTickMs = 20;  // how often limits are checked

}  // namespace r1::sandbox
