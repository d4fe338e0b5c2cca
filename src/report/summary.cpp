#include "report/summary.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace r1 {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

struct SummaryRow {
  const char *figure, *name;
  ChartUnit unit;
};
constexpr SummaryRow kSummary[] = {
    {"reward", "Training reward", ChartUnit::share},
    {"eval_accuracy", "Held-out accuracy", ChartUnit::share},
    {"thinking_right", "Thinking if right", ChartUnit::tokens},
    {"thinking_wrong", "Thinking if wrong", ChartUnit::tokens},
    {"validation_loss", "Validation loss", ChartUnit::plain},
    {"loss", "Training loss", ChartUnit::plain},
    {"entropy", "Entropy", ChartUnit::plain},
    {"kl", "KL to the reference", ChartUnit::plain},
    {"time_tokens_per_s", "Tokens per second", ChartUnit::plain},
};

double mean_of(std::vector<double>::const_iterator begin, std::vector<double>::const_iterator end) {
  double sum = 0;
  for (auto at = begin; at != end; ++at) sum += *at;
  return sum / static_cast<double>(end - begin);
}

const Curve* curve_of(const ReportRun& run, std::string_view figure) {
  const auto found = run.curves.find(figure);
  return found == run.curves.end() ? nullptr : &found->second;
}

}  // namespace

std::vector<SummaryItem> summary_of(const ReportRun& run) {
  std::vector<SummaryItem> items;
  const bool draws_samples = curve_of(run, "reward") != nullptr;
  for (const SummaryRow& row : kSummary) {
    if (draws_samples && std::string_view(row.figure) == "loss") continue;  // a policy loss tells nothing by itself
    const Curve* const curve = curve_of(run, row.figure);
    if (!curve) continue;
    std::vector<double> values;
    std::copy_if(curve->values.begin(), curve->values.end(), std::back_inserter(values),
                 [](double v) { return std::isfinite(v); });
    if (values.empty()) continue;
    const auto tenth = static_cast<std::ptrdiff_t>(std::max<size_t>(1, values.size() / 10));
    SummaryItem item{row.name, row.unit, mean_of(values.begin(), values.begin() + tenth),
                     mean_of(values.end() - tenth, values.end()), curve};
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    if (item.unit == ChartUnit::share && (*low < 0 || *high > 1)) item.unit = ChartUnit::plain;
    items.push_back(std::move(item));
  }
  return items;
}

double total_tokens(const ReportRun& run) {
  const Curve* const curve = curve_of(run, "total_tokens");
  return curve ? curve->values.back() : kUnknown;
}

double total_seconds(const ReportRun& run) {
  const Curve* const curve = curve_of(run, "time_step_s");
  if (!curve) return kUnknown;
  double seconds = 0, before = 0;
  for (size_t i = 0; i < curve->steps.size(); ++i) {
    if (std::isfinite(curve->values[i])) seconds += curve->values[i] * (curve->steps[i] - before);
    before = curve->steps[i];
  }
  return seconds;
}

std::string seconds_text(double seconds) {
  if (!std::isfinite(seconds)) return "–";
  const auto minutes = static_cast<i64>(seconds / 60 + 0.5);
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  if (minutes < 60) return fmt::format("{} min", minutes);
  return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

std::string steps_text(const ReportRun& run) {
  return run.planned_steps > 0 ? fmt::format("{:.0f} of {}", run.last_step, run.planned_steps)
                               : fmt::format("{:.0f}", run.last_step);
}

}  // namespace r1
