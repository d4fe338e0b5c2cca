#include "report/terminal_charts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "core/integer.hpp"
#include "formats/utf8.hpp"
#include "report/summary.hpp"

namespace r1 {
namespace {

constexpr int kLeastWidth = 38, kLeastHeight = 8;  // of a chart that can be read
constexpr const char* kRunColors[] = {"94", "93", "92", "95", "96", "91", "97", "90"};

int width_of(std::string_view text) {
  int out = 0;
  for (const char c : text) out += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return out;
}

// The text in exactly `width` columns: cut, or with spaces behind it. Names of runs and figures come from files, so
// control characters are escaped.
std::string fitted(std::string_view given, int width) {
  const std::string safe = printable(given, given.npos);
  std::string_view text = safe;
  std::string out;
  int columns = 0;
  while (!text.empty() && columns < width) {
    const size_t length = std::max<size_t>(1, utf8_length(text));
    out += text.substr(0, length);
    text.remove_prefix(length);
    ++columns;
  }
  return out + std::string(std::max(0, width - columns), ' ');
}

class Painter {
 public:
  explicit Painter(const TerminalStyle& style) : style_(style) {}
  std::string colored(std::string_view text, const char* code) const {
    return style_.color ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
  }
  std::string faint(std::string_view text) const { return colored(text, "90"); }
  std::string strong(std::string_view text) const { return colored(text, "1"); }

  // The dots of a cell: bit 0 to 3 are its left column from the top, bit 4 to 7 the right one.
  std::string cell(unsigned dots, int color) const {
    if (dots == 0) return " ";
    std::string out;
    if (style_.utf8) {
      // Braille's dots 1, 2, 3, 7 are the left column, 4, 5, 6, 8 the right one (Unicode, block U+2800).
      constexpr unsigned kBit[] = {0, 1, 2, 6, 3, 4, 5, 7};
      u32 pattern = 0x2800;
      for (unsigned i = 0; i < 8; ++i)
        if (dots >> i & 1) pattern |= 1u << kBit[i];
      append_utf8(pattern, out);
    } else {
      out = (dots & 0x33) ? "*" : ".";
    }
    return colored(out, kRunColors[color % std::size(kRunColors)]);
  }

 private:
  TerminalStyle style_;
};

class DotGrid {
 public:
  DotGrid(int columns, int rows) : columns_(columns), rows_(rows), cells_(columns * rows), colors_(columns * rows) {}

  void dot(int x, int y, int color) {
    if (x < 0 || y < 0 || x >= 2 * columns_ || y >= 4 * rows_) return;
    const int at = y / 4 * columns_ + x / 2;
    cells_[at] |= 1u << (y % 4 + (x % 2 ? 4 : 0));
    colors_[at] = color;
  }
  void line(double x0, double y0, double x1, double y1, int color) {
    const int steps = std::max(1, static_cast<int>(std::ceil(std::max(std::abs(x1 - x0), std::abs(y1 - y0)))));
    for (int i = 0; i <= steps; ++i) {
      const double t = static_cast<double>(i) / steps;
      dot(static_cast<int>(std::lround(x0 + t * (x1 - x0))), static_cast<int>(std::lround(y0 + t * (y1 - y0))), color);
    }
  }
  std::string row(int r, const Painter& paint) const {
    std::string out;
    for (int c = 0; c < columns_; ++c) out += paint.cell(cells_[r * columns_ + c], colors_[r * columns_ + c]);
    return out;
  }

 private:
  int columns_, rows_;
  std::vector<unsigned> cells_;
  std::vector<int> colors_;
};

void plot(DotGrid& grid, const Curve& curve, const Axis& steps, const Axis& values, int columns, int rows, int color) {
  const auto x = [&](double step) { return (step - steps.low) / (steps.high - steps.low) * (2 * columns - 1); };
  const auto y = [&](double v) { return (1 - (v - values.low) / (values.high - values.low)) * (4 * rows - 1); };
  bool drawing = false;
  double last_x = 0, last_y = 0;
  const Curve few = thinned(trend_of(curve), static_cast<size_t>(4 * columns));
  for (size_t i = 0; i < few.steps.size(); ++i) {
    if (!std::isfinite(few.values[i])) {
      drawing = false;
      continue;
    }
    const double at_x = x(few.steps[i]), at_y = y(few.values[i]);
    grid.line(drawing ? last_x : at_x, drawing ? last_y : at_y, at_x, at_y, color);
    last_x = at_x, last_y = at_y, drawing = true;
  }
}

double last_finite(const Curve& curve) {
  for (size_t i = curve.values.size(); i-- > 0;)
    if (std::isfinite(curve.values[i])) return curve.values[i];
  return NAN;
}

// A chart in exactly `width` columns and `height` lines: title and last values, the curves, the axis of the steps.
std::vector<std::string> chart_lines(const Chart& chart, std::span<const ReportRun> runs, int width, int height,
                                     const Painter& paint) {
  constexpr int kAxis = 10;  // columns for the numbers beside the curves
  const int columns = width - kAxis - 2, rows = height - 3;
  const ChartRange range = range_of(chart, runs);
  const Axis steps = step_axis(range.first, range.last, 2), values = axis_of(range.low, range.high, chart.unit, 3);
  DotGrid grid(columns, rows);
  // The title, and behind it the lines with their last values as far as they fit.
  std::string head = paint.strong(fitted(chart.title, std::min(width - 1, width_of(chart.title))));
  int used = std::min(width - 1, width_of(chart.title));
  for (size_t r = runs.size(); r-- > 0;)
    for (size_t l = chart.lines.size(); l-- > 0;)
      if (const auto found = runs[r].curves.find(chart.lines[l].figure); found != runs[r].curves.end())
        plot(grid, found->second, steps, values, columns, rows, static_cast<int>(runs.size() == 1 ? l : r));
  for (size_t r = 0; r < runs.size(); ++r)
    for (size_t l = 0; l < chart.lines.size(); ++l) {
      const auto found = runs[r].curves.find(chart.lines[l].figure);
      if (found == runs[r].curves.end()) continue;
      const std::string value = value_text(last_finite(found->second), chart.unit);
      const std::string name = printable(chart.lines[l].label, 40);
      const std::string text = chart.lines.size() > 1 ? name + " " + value : value;
      if (used + 2 + width_of(text) > width - 1) continue;
      head += "  " + paint.colored(text, kRunColors[(runs.size() == 1 ? l : r) % std::size(kRunColors)]);
      used += 2 + width_of(text);
    }
  std::vector<std::string> out = {head + std::string(std::max(0, width - used), ' ')};
  for (int r = 0; r < rows; ++r) {
    std::string label;
    if (r == 0) label = value_text(values.high, chart.unit);
    if (r == rows - 1) label = value_text(values.low, chart.unit);
    if (rows > 4 && r == rows / 2) label = value_text((values.low + values.high) / 2, chart.unit);
    const int length = width_of(label);
    out.push_back(
        paint.faint(std::string(std::max(0, kAxis - 1 - length), ' ') + fitted(label, std::min(length, kAxis - 1))) +
        " " + grid.row(r, paint) + "  ");
  }
  const std::string first = value_text(steps.low, ChartUnit::plain), last = value_text(steps.high, ChartUnit::plain);
  const int gap = std::max(1, columns - width_of(first) - width_of(last));
  out.push_back(paint.faint(fitted(std::string(kAxis, ' ') + first + std::string(gap, ' ') + last, width)));
  out.push_back(std::string(width, ' '));
  return out;
}

}  // namespace

std::vector<std::string> step_lines(const ReportRun& run, double step) {
  std::set<double> steps;
  for (const auto& [name, curve] : run.curves)
    steps.insert(std::upper_bound(curve.steps.begin(), curve.steps.end(), step), curve.steps.end());
  std::vector<std::string> out;
  for (const double at : steps) {
    std::string line = fmt::format("{}  step {:.0f}", printable(run.name, run.name.npos), at);
    if (run.planned_steps > 0) line += fmt::format(" of {}", run.planned_steps);
    for (const char* name : {"reward", "eval_accuracy", "loss", "validation_loss", "thinking_right", "thinking_wrong",
                             "entropy", "grad_norm", "time_tokens_per_s"}) {
      const auto found = run.curves.find(name);
      if (found == run.curves.end()) continue;
      const Curve& c = found->second;
      const auto i = std::lower_bound(c.steps.begin(), c.steps.end(), at) - c.steps.begin();
      if (i < std::ssize(c.steps) && c.steps[i] == at) line += fmt::format("  {} {:.4g}", name, c.values[i]);
    }
    out.push_back(std::move(line));
  }
  return out;
}

std::vector<std::string> terminal_screen(std::span<const ReportRun> runs, const TerminalStyle& style) {
  const Painter paint(style);
  std::vector<std::string> out;
  for (size_t r = 0; r < runs.size() && std::ssize(out) + 1 < style.rows; ++r) {
    const bool waits = runs[r].curves.empty();
    const std::string about = waits ? runs[r].name + "  waits for the first step"
                                    : fmt::format("{}  step {}", runs[r].name, steps_text(runs[r]));
    const std::string mark = style.utf8 ? "● " : "* ";
    out.push_back(paint.colored(mark, kRunColors[r % std::size(kRunColors)]) + fitted(about, style.columns - 3));
  }
  const int free_rows = style.rows - static_cast<int>(out.size()) - 1;
  const std::vector<Chart> charts = charts_of(runs);
  if (style.columns >= kLeastWidth && free_rows >= kLeastHeight && !charts.empty()) {
    const int count = static_cast<int>(charts.size());
    const int across = std::clamp(style.columns / kLeastWidth, 1, std::min(3, count));
    const int down = std::clamp(free_rows / kLeastHeight, 1, static_cast<int>(ceil_div(i64{count}, i64{across})));
    const int width = (style.columns - 1) / across, height = free_rows / down;
    for (int row = 0; row < down; ++row) {
      std::vector<std::string> lines(static_cast<size_t>(height));
      for (int c = 0; c < across && row * across + c < count; ++c) {
        const auto chart = chart_lines(charts[static_cast<size_t>(row * across + c)], runs, width, height, paint);
        for (size_t i = 0; i < lines.size(); ++i) lines[i] += chart[i];
      }
      out.insert(out.end(), lines.begin(), lines.end());
    }
  }
  out.resize(static_cast<size_t>(style.rows));
  out.back() = paint.faint(fitted("q quits", style.columns - 1));
  return out;
}

}  // namespace r1
