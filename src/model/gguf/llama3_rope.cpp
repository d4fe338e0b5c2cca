#include "model/gguf/llama3_rope.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "model/config_json.hpp"

namespace r1 {
namespace {

// Programs that write this table compute it in f32, so a few roundings of 6e-8 are allowed.
bool gives(const RopeConfig& c, std::span<const float> table) {
  return std::ranges::equal(llama3_divisors(c), table, [](float a, float b) { return std::abs(a - b) < 2e-6f * b; });
}

// A pair's turns within the original context, and the part of its frequency that it keeps: 1 above high_turns, 0 below
// low_turns, and a linear ramp between.
struct Point {
  double turns, keep;
};

// Returns the points on the ramp, the last point before the ramp (keep 1) and the first behind it (keep 0).
std::vector<Point> ramp(const RopeConfig& plain, double factor, std::span<const float> table) {
  const std::vector<double> frequencies = rope_frequencies(plain);
  std::vector<Point> out;
  for (size_t i = 0; i < table.size(); ++i) {
    const double keep = (1 / static_cast<double>(table[i]) - 1 / factor) / (1 - 1 / factor);
    const Point p{static_cast<double>(plain.original_context) * frequencies[i] / (2 * std::numbers::pi), keep};
    if (keep >= 1) out.clear();
    out.push_back(p);
    if (keep <= 0) break;
  }
  return out;
}

double slope(const Point& a, const Point& b) { return (a.keep - b.keep) / (a.turns - b.turns); }

// Two points on the ramp give its slope. With fewer, the steepest line between neighbours is taken: it leaves the
// points that are not on the ramp at 1 and 0.
double slope_of(std::span<const Point> p) {
  const size_t first = p.front().keep < 1 ? 0 : 1, last = p.back().keep > 0 ? p.size() : p.size() - 1;
  if (last >= first + 2) return slope(p[first], p[last - 1]);
  if (p.size() == 1) return 1 / p.front().turns;  // every pair keeps 0: the ramp goes from its turns to twice as many
  double steepest = 0;
  for (size_t i = 1; i < p.size(); ++i) steepest = std::max(steepest, slope(p[i - 1], p[i]));
  return steepest;
}

}  // namespace

std::vector<float> llama3_divisors(const RopeConfig& c) {
  RopeConfig plain = c;
  plain.factor = 1;
  const std::vector<double> before = rope_frequencies(plain), after = rope_frequencies(c);
  std::vector<float> out;
  for (size_t i = 0; i < before.size(); ++i) out.push_back(static_cast<float>(before[i] / after[i]));
  return out;
}

std::optional<RopeConfig> llama3_of(std::span<const float> table, double theta) {
  if (table.empty()) return std::nullopt;
  const float factor = *std::ranges::max_element(table);
  RopeConfig c{.dim = 2 * std::ssize(table), .theta = theta, .original_context = 8192, .scaling = RopeScaling::llama3};
  const std::vector<Point> points = ramp(c, factor, table);
  c.factor = shortest(factor);
  for (i64 context = 16; context <= 1 << 20; context *= 2) {
    RopeConfig published = c;
    published.original_context = context;
    if (gives(published, table)) return published;
  }
  const Point& p = points.size() > 1 ? points[points.size() - 2] : points.front();
  const double k = slope_of(points);
  c.low_turns = p.turns - p.keep / k;
  c.high_turns = c.low_turns + 1 / k;
  return gives(c, table) ? std::optional(c) : std::nullopt;
}

}  // namespace r1
