// Rewards from a program of the user's: a worker process that reads one line of JSON for each completion from stdin and
// writes one line with a number to stdout.
//
// A request holds the row of the problem (tasks/rows.hpp), "completion" (the whole turn), "finished" (false if a limit
// cut it), "format" (0 or 1) and "accuracy" (0, 1, or null if it is not known). The process gets the next request when
// it has answered the last one. Its stdout is not buffered if it is written in Python (PYTHONUNBUFFERED); other
// programs must flush every line.
//
// An answer that is no finite number, more than one line for a request, a missing answer after the deadline, and the
// end of the process are failures: the request gets an error and never a number. The process and its children are then
// killed, and it is started again for the next request. After kMostFailures failures in a row it is not started any
// more, so that a broken program does not cost a deadline for every completion.
#pragma once
#include <chrono>
#include <future>
#include <memory>
#include <string>

#include "core/error.hpp"

namespace r1 {

class RewardProgram {
 public:
  static constexpr int kMostFailures = 5;

  // Starts the worker; /bin/sh runs `command`. Errors: io, if it cannot be started or ends at once, as it does if there
  // is no such program.
  static Result<RewardProgram> start(std::string command, std::chrono::milliseconds timeout);
  RewardProgram(RewardProgram&&) noexcept;
  RewardProgram& operator=(RewardProgram&&) = delete;
  ~RewardProgram();  // kills the worker's process group; requests without an answer get errors

  // `request` is one line with its line break. Thread-safe.
  std::future<Result<double>> submit(std::string request);
  // Holds an error after kMostFailures failures in a row.
  Status health() const;

 private:
  struct State;
  explicit RewardProgram(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace r1
