// metrics.jsonl of a run: one object per logged step. Appended to, and cut back to the checkpoint when a run resumes.
#pragma once
#include <filesystem>

#include "core/error.hpp"
#include "train/trainer.hpp"

namespace r1 {

class MetricsFile {
 public:
  // Made if it is not there. Cut back to `bytes`, what the checkpoint knows of; what lies behind will be written again.
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
