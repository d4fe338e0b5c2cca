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

// A completion as the assistant's turn of a conversation. `opens_thinking`: the prompt ends with <think>.
std::string turn_text(bool opens_thinking, std::string_view text);

// The lines of a log: its first one, and that of a completion.
Json log_header(const Json& settings);
Json log_line(const LoggedCompletion& completion, const Problem& problem, u64 seed);

class EvalLog {
 public:
  // Opens or creates the log of an evaluation with these settings, of `problems` problems with k completions. What it
  // holds is found(); of two lines for one completion the later one counts. A pipe or a device is only written to.
  // Errors: the file is no log; its settings differ (the first difference is named); a line of another evaluation;
  // another process has it open; io. They say that `flag` chooses another file.
  static Result<EvalLog> open(const std::filesystem::path& path, const Json& settings, size_t problems, i32 k,
                              std::string_view flag = "--log");
  EvalLog(EvalLog&& o) noexcept;
  EvalLog& operator=(EvalLog&&) = delete;
  ~EvalLog();

  const std::vector<LoggedCompletion>& found() const { return found_; }
  // Errors: io.
  Status append(const LoggedCompletion& completion, const Problem& problem, u64 seed);

 private:
  EvalLog(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}
  Status write_line(const Json& line);
  Status read(const Json& settings, size_t problems, i32 k, std::string_view flag);

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
