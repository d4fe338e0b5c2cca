// A child process that is asked line by line.
#pragma once
#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <string>

#include "sandbox/descriptor.hpp"

namespace r1 {

class WorkerProcess {
 public:
  // /bin/sh runs `command` in a process group of its own, with this process's environment and PYTHONUNBUFFERED. The
  // process is killed when the thread that has started it ends. SIGPIPE must be blocked in that thread.
  // Errors: io.
  static Result<WorkerProcess> start(const std::string& command);
  WorkerProcess(WorkerProcess&& o) noexcept;
  WorkerProcess& operator=(WorkerProcess&& o) = delete;
  ~WorkerProcess();  // kills the process group

  // Sends a line and returns the line that comes back, without its line break. Errors: no line before the deadline, the
  // end of the process, more than one line, `stop` was raised. After an error the process is of no more use.
  Result<std::string> ask(std::string_view line, std::chrono::milliseconds timeout, const std::atomic<bool>& stop);
  // Whether the process ends within this time without having been asked. The error says how.
  Status stays(std::chrono::milliseconds time);

 private:
  WorkerProcess() = default;
  tl::unexpected<Error> ended();
  tl::unexpected<Error> failure(std::string what) const;

  pid_t pid_ = -1;
  sandbox::Descriptor in_, out_, err_;  // the parent's ends of the child's 0, 1 and 2
  std::string printed_, complaints_;    // what was read from 1 and 2
};

}  // namespace r1
