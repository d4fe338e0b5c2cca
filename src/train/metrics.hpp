// metrics.jsonl of a run: one JSON object per logged step. A run appends to it. A resumed run first truncates it to its
// length at the checkpoint.
#pragma once
#include <filesystem>

#include "core/error.hpp"
#include "train/trainer.hpp"

namespace r1 {

class MetricsFile {
 public:
  // Creates the file if it does not exist, and truncates it to `bytes`, its length at the checkpoint; the run writes
  // the later steps again. Errors: the file is shorter than that.
  static Result<MetricsFile> open(const std::filesystem::path& path, i64 bytes);
  MetricsFile(MetricsFile&& o) noexcept;
  MetricsFile& operator=(MetricsFile&&) = delete;
  ~MetricsFile();
  Status append(const StepMetrics& m);
  Status sync();
  i64 bytes() const { return bytes_; }

 private:
  MetricsFile(std::filesystem::path path, int fd, i64 bytes);
  std::filesystem::path path_;
  int fd_ = -1;
  i64 bytes_ = 0;
};

}  // namespace r1
