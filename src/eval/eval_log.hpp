// The log of an evaluation: a JSON line with the settings, then one for each judged completion. An evaluation that
// finds a log of its own goes on where the log ends.
//
// A line is written at once, so what a killed process leaves is whole but for the last line, which is removed when the
// log is opened again.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "eval/summary.hpp"

namespace r1 {

struct LoggedCompletion {
  size_t index = 0;  // of the problem
  i32 sample = 0;
  std::string text;  // the tokens as they came, tags included; valid UTF-8
  std::string finish;
  GradedCompletion graded;
};

class EvalLog {
 public:
  // Opens or creates the log of an evaluation with these settings, of `problems` problems with k completions. What it
  // holds is found(); of two lines for one completion the later one counts. A pipe or a device is only written to.
  // Errors: the file is no log; its settings differ (the first difference is named); a line of another evaluation;
  // another process has it open; io.
  static Result<EvalLog> open(const std::filesystem::path& path, const Json& settings, size_t problems, i32 k);
  EvalLog(EvalLog&& o) noexcept;
  EvalLog& operator=(EvalLog&&) = delete;
  ~EvalLog();

  const std::vector<LoggedCompletion>& found() const { return found_; }
  // Errors: io.
  Status append(const LoggedCompletion& completion, const Problem& problem, u64 seed);

 private:
  EvalLog(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}
  Status write_line(const Json& line);
  Status read(const Json& settings, size_t problems, i32 k);

  std::filesystem::path path_;
  int fd_ = -1;
  std::vector<LoggedCompletion> found_;
};

// A number that changes when the files of a model do: the names and sizes of its files, and the bytes at sixteen places
// of each. Reading all of a large model would take longer than many an evaluation.
Result<std::string> model_fingerprint(const std::filesystem::path& model);
// The same of the problems: their prompts and how they are checked.
std::string problems_fingerprint(std::span<const Problem> problems);

}  // namespace r1
