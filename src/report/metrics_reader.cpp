#include "report/metrics_reader.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

#include "formats/json.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

bool continues_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// The line with null for the words NaN, Infinity and -Infinity, which Python writes and JSON does not have.
std::string with_null_for_nan(std::string_view line) {
  std::string out;
  bool in_string = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (in_string) {
      out += line[i];
      if (line[i] == '\\' && i + 1 < line.size()) out += line[++i];
      else if (line[i] == '"') in_string = false;
      continue;
    }
    size_t length = 0;
    for (const std::string_view word : {"NaN", "Infinity", "-Infinity"})
      if (line.substr(i).starts_with(word) && (i == 0 || !continues_word(line[i - 1]))) length = word.size();
    if (length > 0) out += "null", i += length - 1;
    else out += line[i];
    in_string = line[i] == '"';
  }
  return out;
}

Result<Json> row_of(std::string_view line, const std::string& source) {
  auto row = parse_json(line, source);
  if (row || line.find_first_of("NI") == line.npos) return row;
  auto without_nan = parse_json(with_null_for_nan(line), source);
  return without_nan ? std::move(without_nan) : std::move(row);
}

// The name behind "share_" for a time in seconds: "generate" for time_generate_s. Empty for other names.
std::string_view part_of_step(std::string_view name) {
  constexpr std::string_view kBegin = "time_", kEnd = "_s";
  if (!name.starts_with(kBegin) || !name.ends_with(kEnd) || name.ends_with("_per_s")) return "";
  if (name.size() <= kBegin.size() + kEnd.size()) return "";
  name = name.substr(kBegin.size(), name.size() - kBegin.size() - kEnd.size());
  return name == "step" ? "" : name;
}

}  // namespace

Result<bool> MetricsReader::update() {
  std::error_code code;
  const auto size = static_cast<i64>(fs::file_size(file_, code));
  if (code) return false;
  if (size == offset_) return false;
  if (size >= offset_ && offset_ > 0)
    if (auto more = read_from(offset_)) return more;
  // The file has become shorter, or does not go on where it ended: a resumed run has truncated it.
  curves_.clear();
  offset_ = lines_ = 0, last_step_ = 0;
  return read_from(0);
}

Result<bool> MetricsReader::read_from(i64 offset) {
  std::ifstream in(file_, std::ios::binary);
  in.seekg(offset);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  if (in.bad() || !in.is_open()) return fail(Errc::io, "{}: cannot be read", file_.string());
  bool any = false;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    // Without its line end the last line may be incomplete. A part of an object is no object.
    if (end == text.npos && !parse_json(line, "")) break;
    ++lines_;
    if (line.find_first_not_of(" \t\r") != line.npos) {
      R1_TRY(add_line(line));
      any = true;
    }
    begin = end == text.npos ? text.size() : end + 1;
    offset_ = offset + static_cast<i64>(begin);
  }
  return any;
}

Status MetricsReader::add_line(std::string_view line) {
  const std::string source = fmt::format("{}:{}", file_.string(), lines_);
  const Json row = R1_TRY(row_of(line, source));
  const JsonFields fields = R1_TRY(JsonFields::of(row, source));
  const double step = R1_TRY(fields.number("step"));
  if (step <= last_step_) forget_from(step);
  last_step_ = step;
  const auto add = [&](std::string_view name, double value) {
    auto at = curves_.find(name);
    if (at == curves_.end()) at = curves_.emplace(name, Curve()).first;
    at->second.steps.push_back(step);
    at->second.values.push_back(value);
  };
  const Json* whole = row.find("time_step_s");
  const double step_seconds = whole && whole->number() ? *whole->number() : 0;
  // A step of reinforcement learning writes the mean length of no answers as 0.
  const Json* const right = row.find("accuracy");
  const double accuracy = right && right->number() ? *right->number() : 0.5;
  const auto is_mean_of_nothing = [&](std::string_view name) {
    return (name == "thinking_right" && accuracy == 0) || (name == "thinking_wrong" && accuracy == 1);
  };
  for (const auto& [name, value] : *row.object()) {
    if (name == "step") continue;
    const std::optional<double> number = value.number();
    if (!number && !value.is_null()) continue;  // a text is no figure
    add(name, is_mean_of_nothing(name) ? kNaN : number.value_or(kNaN));
    if (const std::string_view part = part_of_step(name); !part.empty() && number && step_seconds > 0)
      add(std::string(kShare) + std::string(part), *number / step_seconds);
  }
  return {};
}

void MetricsReader::forget_from(double step) {
  for (auto at = curves_.begin(); at != curves_.end();) {
    Curve& curve = at->second;
    const auto kept = std::lower_bound(curve.steps.begin(), curve.steps.end(), step) - curve.steps.begin();
    curve.steps.resize(kept);
    curve.values.resize(kept);
    at = curve.steps.empty() ? curves_.erase(at) : std::next(at);
  }
}

Curve thinned(const Curve& curve, size_t most) {
  const size_t n = curve.steps.size(), buckets = std::max<size_t>(1, most / 2);
  if (n <= most) return curve;
  Curve out;
  const auto keep = [&](size_t i) {
    out.steps.push_back(curve.steps[i]);
    out.values.push_back(curve.values[i]);
  };
  for (size_t b = 0; b < buckets; ++b) {
    const size_t begin = n * b / buckets, end = n * (b + 1) / buckets;
    size_t low = begin, high = begin;
    for (size_t i = begin; i < end; ++i) {
      if (!(curve.values[low] <= curve.values[i])) low = i;
      if (!(curve.values[high] >= curve.values[i])) high = i;
    }
    keep(std::min(low, high));
    if (low != high) keep(std::max(low, high));
  }
  return out;
}

Curve smoothed(const Curve& curve, double weight) {
  Curve out = curve;
  double sum = 0, share = 0;
  for (double& value : out.values) {
    if (!std::isfinite(value)) continue;
    sum = weight * sum + (1 - weight) * value;
    share = weight * share + (1 - weight);
    value = sum / share;
  }
  return out;
}

Curve trend_of(const Curve& curve) { return curve.steps.size() > kLongCurve ? smoothed(curve, 0.9) : curve; }

}  // namespace r1
