// The curves of a run: metrics.jsonl, which the run may be writing at this moment.
//
//   MetricsReader reader(run / "metrics.jsonl");
//   R1_TRY(reader.update());                       // again, whenever the file may have grown
//   for (const auto& [name, curve] : reader.curves()) ...
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

// The values of one figure, in the order of the steps at which it was recorded. A value may be NaN.
struct Curve {
  std::vector<double> steps, values;
};

using Curves = std::map<std::string, Curve, std::less<>>;

// Figures that the reader adds to those of the file: "share_NAME" is time_NAME_s divided by time_step_s.
inline constexpr std::string_view kShare = "share_";

class MetricsReader {
 public:
  explicit MetricsReader(std::filesystem::path file) : file_(std::move(file)) {}

  // Reads the lines that are new since the last call. Returns whether there were any. An incomplete line at the end of
  // the file is left for the next call. A resumed run writes its last steps again; the new lines replace the old ones.
  // A file that does not exist has no lines.
  // Errors: the file cannot be read; a line is no object, or has no "step".
  Result<bool> update();

  const Curves& curves() const { return curves_; }
  double last_step() const { return last_step_; }  // 0 if there is no line

 private:
  Result<bool> read_from(i64 offset);
  Status add_line(std::string_view line);
  void forget_from(double step);

  std::filesystem::path file_;
  Curves curves_;
  i64 offset_ = 0, lines_ = 0;  // of the complete lines that were read
  double last_step_ = 0;
};

// The curve with at most about `most` points. Neighbouring points are gathered, and of each gathering the lowest and
// the highest value stay, so peaks are kept.
Curve thinned(const Curve& curve, size_t most);

// The exponential moving average of the curve, whose beginning is not drawn towards 0. NaN stays where it is.
Curve smoothed(const Curve& curve, double weight);

// A curve of many steps is noisy and is drawn as its moving average. report.js begins with the same numbers.
inline constexpr size_t kLongCurve = 150;
Curve trend_of(const Curve& curve);  // a shorter curve is its own trend

}  // namespace r1
