// metrics.jsonl of a run: one JSON object per logged step. A run appends to it. A resumed run first truncates it to
// the lines that it had at the checkpoint, and writes the later steps again.
#pragma once
#include <filesystem>

#include "core/file.hpp"
#include "formats/json.hpp"
#include "train/trainer.hpp"

namespace r1 {

Json metrics_row(const StepMetrics& m);  // the object of one line

class MetricsFile {
 public:
  // Creates the file if it does not exist. Keeps its lines up to the first one that is incomplete, is not the object of
  // a step, or belongs to a step after `step`, and removes the rest. Errors: fewer than `lines` lines are left, the
  // number at the checkpoint.
  static Result<MetricsFile> open(const std::filesystem::path& path, i64 step, i64 lines);
  Status append(const StepMetrics& m);
  Status sync() { return file_.sync(); }
  i64 lines() const { return lines_; }

 private:
  explicit MetricsFile(AppendFile file) : file_(std::move(file)) {}
  AppendFile file_;
  i64 lines_ = 0;
};

}  // namespace r1
