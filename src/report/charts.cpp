#include "report/charts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace r1 {
namespace {

// A row of the table of charts. `lines` is "figure=label, figure=label"; "begin*=" takes every figure that begins so,
// by the rest of its name.
struct ChartRow {
  const char *id, *section, *title, *note;
  ChartUnit unit;
  const char* lines;
  bool wide = false, band = false;
};

constexpr ChartRow kRows[] = {
    {"accuracy", "Accuracy and length", "Accuracy",
     "Mean reward of the drawn samples, and the share of held-out problems solved", ChartUnit::share,
     "reward=Training reward, eval_*=Held-out", true},
    {"thinking", "Accuracy and length", "Thinking length", "Mean tokens of thinking in right and wrong answers",
     ChartUnit::tokens, "thinking_right=Right answers, thinking_wrong=Wrong answers", true},
    {"loss", "Loss", "Loss", "Mean over the targets of a step; for pretraining and fine-tuning in nats per token",
     ChartUnit::plain, "loss=Training, validation_loss=Validation", true},
    {"reward-parts", "Samples", "Parts of the reward", "Share of samples that are right, and that keep to the form",
     ChartUnit::share, "accuracy=Right, format=Form, own=Reward program"},
    {"further-parts", "Samples", "Further parts of the reward", "Means without their weights", ChartUnit::plain,
     "overlong=Overlong, length_penalty=Length, language=Language, repetition=Repetition, declined=Declined, "
     "reward_*="},
    {"equal-groups", "Samples", "Groups without spread", "Share of groups whose samples all have the same reward",
     ChartUnit::share, "equal_groups=Groups without spread"},
    {"truncated", "Samples", "Truncated", "Share of samples cut at the longest length, or out of time",
     ChartUnit::share, "truncated=Truncated, timeouts=Out of time"},
    {"length", "Samples", "Length", "Mean tokens of a sample, thinking and answer", ChartUnit::tokens,
     "length=Whole sample"},
    {"draws", "Samples", "Draws of a step", "Times that groups were drawn, and problems that they took",
     ChartUnit::plain, "draws=Draws, problems=Problems"},
    {"solved", "Samples", "Levels of the curriculum", "Share of right samples of each level", ChartUnit::share,
     "solved_*="},
    {"entropy", "Policy", "Entropy", "Of the next token, in nats", ChartUnit::plain, "entropy=Entropy"},
    {"kl", "Policy", "KL divergence", "Per token, from the reference model and from the model that drew",
     ChartUnit::plain, "kl=Reference, old_kl=Model that drew"},
    {"ratio", "Policy", "Range of the ratio", "Lowest and highest ratio of new to old probability", ChartUnit::plain,
     "ratio_min=Lowest, ratio_max=Highest", false, true},
    {"clipped", "Policy", "Clipped", "Share of tokens without gradient because of a clip", ChartUnit::share,
     "clipped=Clipped"},
    {"mtp-loss", "Loss", "Multi-token prediction", "Loss of the second next token, in nats", ChartUnit::plain,
     "mtp_loss=MTP loss"},
    {"balance-loss", "Loss", "Balance loss", "Of the experts within a sequence", ChartUnit::plain,
     "balance_loss=Balance loss"},
    {"learning-rate", "Optimizer", "Learning rate", "", ChartUnit::plain, "lr=Learning rate"},
    {"gradient-norm", "Optimizer", "Gradient norm", "Before clipping", ChartUnit::plain, "grad_norm=Gradient norm"},
    {"expert-load", "Optimizer", "Expert load", "Load of the busiest expert, divided by the mean", ChartUnit::plain,
     "load_max=Busiest expert, load_*="},
    {"throughput", "Speed", "Throughput", "Tokens per second over the whole step", ChartUnit::plain,
     "time_tokens_per_s=Tokens per second"},
    {"time-shares", "Speed", "Where the time goes", "Share of the step's time", ChartUnit::share,
     "share_generate=Generate, share_judge=Score, share_update=Update, share_*="},
    {"step-time", "Speed", "Time per step", "", ChartUnit::seconds, "time_step_s=Time per step"},
    {"gflops", "Speed", "Arithmetic", "Useful GFLOP/s", ChartUnit::plain, "time_gflops=GFLOP/s"},
    {"step-tokens", "Speed", "Tokens of a step", "All tokens, and those that are learnt", ChartUnit::tokens,
     "tokens=All, targets=Learnt"},
    {"step-sequences", "Speed", "Sequences of a step", "Taken, and left out", ChartUnit::plain,
     "sequences=Taken, skipped=Left out"},
};

// In the order in which the page shows them.
constexpr const char* kSections[] = {"Accuracy and length", "Loss", "Samples", "Policy", "Optimizer", "Speed", "Other"};

// Known figures that have no chart: the first is in the summary, the others are drawn as shares of the step's time.
bool has_no_chart(std::string_view figure) {
  return figure == "total_tokens" || (figure.starts_with("time_") && figure.ends_with("_s"));
}

// Figures that are 0 at every step if the model lacks the part that they measure.
bool means_nothing_as_zero(std::string_view figure) {
  for (const std::string_view name : {"mtp_loss", "balance_loss", "load_max", "time_gflops"})
    if (figure == name) return true;
  return false;
}

std::string readable(std::string_view name) {
  std::string out(name);
  std::replace(out.begin(), out.end(), '_', ' ');
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return out;
}

std::string id_of(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, 80)) {
    const bool keeps = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    out += keeps ? c : '-';
  }
  return "other-" + out;
}

// The figures that have something to show, in alphabetical order.
std::set<std::string, std::less<>> figures_to_draw(std::span<const ReportRun> runs) {
  std::set<std::string, std::less<>> out;
  for (const ReportRun& run : runs)
    for (const auto& [name, curve] : run.curves) {
      const bool zero_is_nothing = means_nothing_as_zero(name);
      const auto shows = [&](double v) { return std::isfinite(v) && !(zero_is_nothing && v == 0); };
      if (std::any_of(curve.values.begin(), curve.values.end(), shows)) out.insert(name);
    }
  return out;
}

std::vector<ChartLine> lines_of(std::string_view text, const std::set<std::string, std::less<>>& present,
                                std::set<std::string, std::less<>>& placed) {
  std::vector<ChartLine> out;
  const auto place = [&](const std::string& figure, std::string label) {
    if (present.contains(figure) && placed.insert(figure).second) out.push_back({figure, std::move(label)});
  };
  while (!text.empty()) {
    const size_t end = std::min(text.find(", "), text.size());
    const std::string_view entry = text.substr(0, end);
    text.remove_prefix(std::min(end + 2, text.size()));
    const size_t equals = entry.find('=');
    const std::string_view figure = entry.substr(0, equals), label = entry.substr(equals + 1);
    if (!figure.ends_with('*')) {
      place(std::string(figure), std::string(label));
      continue;
    }
    const std::string_view begin = figure.substr(0, figure.size() - 1);
    std::vector<std::string> names;
    for (const std::string& name : present)
      if (name.starts_with(begin) && name.size() > begin.size()) names.push_back(name);
    for (const std::string& name : names) {
      const std::string rest = readable(std::string_view(name).substr(begin.size()));
      place(name, label.empty()
                      ? rest
                      : fmt::format("{} {}", label, static_cast<char>(std::tolower(rest[0])) + rest.substr(1)));
    }
  }
  return out;
}

double round_step(double span, int count) {
  const double rough = span / std::max(1, count), power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 2.5, 5.0})
    if (factor * power >= rough * 0.999) return factor * power;
  return 10 * power;
}

std::vector<double> ticks_between(double low, double high, double step) {
  std::vector<double> out;
  for (double k = std::ceil(low / step - 1e-9); k * step <= high + step * 1e-9 && out.size() < 50; ++k)
    out.push_back(k == 0 ? 0 : k * step);
  return out;
}

}  // namespace

std::vector<Chart> charts_of(std::span<const ReportRun> runs) {
  const auto present = figures_to_draw(runs);
  std::set<std::string, std::less<>> placed;
  std::vector<Chart> charts;
  for (const ChartRow& row : kRows) {
    Chart chart{row.id, row.section, row.title, row.note, row.unit, row.wide, row.band, {}};
    chart.lines = lines_of(row.lines, present, placed);
    if (chart.lines.empty()) continue;
    chart.band &= chart.lines.size() == 2;
    // A reward may be any number. Only between 0 and 1 it reads as a share.
    const ChartRange range = range_of(chart, runs);
    if (chart.unit == ChartUnit::share && (range.low < 0 || range.high > 1)) chart.unit = ChartUnit::plain;
    charts.push_back(std::move(chart));
  }
  for (const std::string& figure : present)
    if (!placed.contains(figure) && !has_no_chart(figure))
      charts.push_back(
          {id_of(figure), "Other", readable(figure), figure, ChartUnit::plain, false, false, {{figure, figure}}});
  const auto place_of = [](const Chart& c) {
    return std::find(std::begin(kSections), std::end(kSections), c.section) - std::begin(kSections);
  };
  std::stable_sort(charts.begin(), charts.end(),
                   [&](const Chart& a, const Chart& b) { return place_of(a) < place_of(b); });
  return charts;
}

std::string unit_name(ChartUnit unit) {
  switch (unit) {
    case ChartUnit::share: return "share";
    case ChartUnit::tokens: return "tokens";
    case ChartUnit::seconds: return "seconds";
    case ChartUnit::plain: break;
  }
  return "plain";
}

std::string value_text(double value, ChartUnit unit) {
  if (!std::isfinite(value)) return "–";
  const double size = std::abs(value);
  if (unit == ChartUnit::share) return fmt::format("{:.{}f} %", 100 * value, size >= 0.1 || size == 0 ? 1 : 2);
  if (unit == ChartUnit::seconds) return fmt::format("{:.3g} s", value);
  if (size >= 1e9) return fmt::format("{:.3g}G", value * 1e-9);
  if (size >= 1e6) return fmt::format("{:.3g}M", value * 1e-6);
  if (size >= 1e4) return fmt::format("{:.3g}k", value * 1e-3);
  if (size >= 1000 || (unit == ChartUnit::tokens && size >= 100)) return fmt::format("{:.0f}", value);
  if (size != 0 && size < 1e-3) return fmt::format("{:.2e}", value);
  return fmt::format("{:.4g}", value);
}

Axis axis_of(double low, double high, ChartUnit unit, int count) {
  if (!(high > low)) {
    const double around = low == 0 ? 1 : std::abs(low) * 0.1;
    high = low + around;
    if (unit != ChartUnit::share) low -= around;
  }
  Axis axis{low, high, {}};
  const double step = round_step(high - low, count);
  axis.low = std::floor(low / step + 1e-9) * step;
  axis.high = std::ceil(high / step - 1e-9) * step;
  axis.ticks = ticks_between(axis.low, axis.high, step);
  return axis;
}

Axis step_axis(double first, double last, int count) {
  if (!(last > first)) last = first + 1;
  return {first, last, ticks_between(first, last, std::max(1.0, round_step(last - first, count)))};
}

ChartRange range_of(const Chart& chart, std::span<const ReportRun> runs) {
  constexpr double kMost = std::numeric_limits<double>::infinity();
  ChartRange r{kMost, -kMost, kMost, -kMost};
  for (const ReportRun& run : runs)
    for (const ChartLine& line : chart.lines) {
      const auto found = run.curves.find(line.figure);
      if (found == run.curves.end()) continue;
      const Curve& c = found->second;
      for (size_t i = 0; i < c.steps.size(); ++i) {
        if (!std::isfinite(c.values[i])) continue;
        r.first = std::min(r.first, c.steps[i]), r.last = std::max(r.last, c.steps[i]);
        r.low = std::min(r.low, c.values[i]), r.high = std::max(r.high, c.values[i]);
      }
    }
  if (r.first > r.last) return {};
  if (chart.unit == ChartUnit::share || chart.unit == ChartUnit::tokens) r.low = std::min(r.low, 0.0);
  return r;
}

}  // namespace r1
