#include "cli/progress_meter.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace r1 {

ProgressMeter::ProgressMeter(AmountText amount_text) : amount_text_(amount_text) {}

ProgressMeter::~ProgressMeter() { line_.clear(); }

void ProgressMeter::show(i64 done, i64 total, std::string_view detail) {
  const auto now = Clock::now();
  if (!line_.visible() || now - last_ < std::chrono::milliseconds(200)) return;
  last_ = now;
  const double rate = static_cast<double>(done) / std::chrono::duration<double>(now - start_).count();
  const auto left = static_cast<i64>(static_cast<double>(total - done) / std::max(rate, 1.0));
  line_.show(fmt::format("{:3} %  {} of {}  {}/s  left {}m{:02}s  {}", total ? 100 * done / total : 100,
                         amount_text_(done), amount_text_(total), amount_text_(static_cast<i64>(rate)), left / 60,
                         left % 60, detail));
}

std::string count_text(i64 n) {
  if (n >= 1'000'000'000) return fmt::format("{:.2f} B", static_cast<double>(n) * 1e-9);
  if (n >= 1'000'000) return fmt::format("{:.2f} M", static_cast<double>(n) * 1e-6);
  return fmt::format("{}", n);
}

}  // namespace r1
