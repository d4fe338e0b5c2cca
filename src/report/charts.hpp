// Which figures of a run make which chart. The page, the pictures and the terminal draw the same charts.
//
// To give a new figure a place: add its name to a row of the table in charts.cpp. A figure without a place gets a chart
// of its own in the section "Other".
#pragma once
#include <span>
#include <string>
#include <vector>

#include "report/run_files.hpp"

namespace r1 {

enum class ChartUnit { plain, share, tokens, seconds };

struct ChartLine {
  std::string figure, label;
};

struct Chart {
  std::string id;  // letters, digits, - and _: serves as the name of a picture's file
  std::string section, title, note;
  ChartUnit unit = ChartUnit::plain;
  bool wide = false;  // one of those that matter most
  bool band = false;  // the lines are the lower and the upper end of a range
  std::vector<ChartLine> lines;
};

// The charts for which at least one of the runs has a finite value, in the order in which they are shown. Figures of
// parts that a model does not have (experts, multi-token prediction) are 0 at every step and get no chart.
std::vector<Chart> charts_of(std::span<const ReportRun> runs);

std::string unit_name(ChartUnit unit);
// A value for people: "12.5 %", "18.2k", "3.0e-06".
std::string value_text(double value, ChartUnit unit);

// The ends of an axis for values from `low` to `high`, and round numbers on it, about `count` of them.
struct Axis {
  double low = 0, high = 1;
  std::vector<double> ticks;
};
Axis axis_of(double low, double high, ChartUnit unit, int count);
// The axis of the steps. It ends at `last`, and its ticks are whole numbers.
Axis step_axis(double first, double last, int count);

// The lowest and the highest finite values of a chart, and its first and last steps, over all runs. Shares begin at 0.
struct ChartRange {
  double first = 0, last = 0, low = 0, high = 0;
};
ChartRange range_of(const Chart& chart, std::span<const ReportRun> runs);

}  // namespace r1
