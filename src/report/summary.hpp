// The few figures that tell how a run went.
#pragma once
#include <string>
#include <vector>

#include "report/charts.hpp"

namespace r1 {

struct SummaryItem {
  std::string name;
  ChartUnit unit = ChartUnit::plain;
  double first = 0, last = 0;    // means over the first and the last tenth of the recorded values
  const Curve* curve = nullptr;  // of the run
};
// Only what the run recorded. The items point into the run.
std::vector<SummaryItem> summary_of(const ReportRun& run);

// Tokens trained on so far; NaN if they were not recorded.
double total_tokens(const ReportRun& run);
// Seconds of all steps, taking each recorded step for those since the one before; NaN if they were not recorded.
double total_seconds(const ReportRun& run);
std::string seconds_text(double seconds);      // "42 s", "7 min", "2 h 05 min"
std::string steps_text(const ReportRun& run);  // "12 of 30"

}  // namespace r1
