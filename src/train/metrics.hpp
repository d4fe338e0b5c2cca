// metrics.jsonl of a run: one JSON object per logged step. A run appends to it. A resumed run first truncates it to
// the lines that it had at the checkpoint, and writes the later steps again.
#pragma once
#include <filesystem>

#include "core/error.hpp"
#include "train/trainer.hpp"

namespace r1 {

class MetricsFile {
 public:
  // Creates the file if it does not exist, and truncates it behind its last line of a step up to `step`. What is no
  // complete line of a step, such as the remains of a crash, ends the part that is kept. Errors: that part has fewer
  // than `lines` lines, which it had at the checkpoint.
  static Result<MetricsFile> open(const std::filesystem::path& path, i64 step, i64 lines);
  MetricsFile(MetricsFile&& o) noexcept;
  MetricsFile& operator=(MetricsFile&&) = delete;
  ~MetricsFile();
  Status append(const StepMetrics& m);
  Status sync();
  i64 lines() const { return lines_; }

 private:
  MetricsFile(std::filesystem::path path, int fd, i64 lines);
  std::filesystem::path path_;
  int fd_ = -1;
  i64 lines_ = 0;
};

}  // namespace r1
