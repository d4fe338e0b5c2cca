// The progress line of a training run.
#include <cstdio>

#include "train/trainer.hpp"

namespace r1 {

std::string duration_text(double seconds) {
  const auto s = static_cast<i64>(seconds);
  if (s >= 3600) return fmt::format("{}h{:02}m", s / 3600, s / 60 % 60);
  return fmt::format("{}m{:02}s", s / 60, s % 60);
}

ProgressLine::ProgressLine(i64 log_every, double roof_gflops) : log_every_(log_every), roof_gflops_(roof_gflops) {}

void ProgressLine::operator()(const StepMetrics& m) {
  if (m.validation_loss >= 0) validation_ = m.validation_loss;
  if (!line_.visible() && m.step % log_every_ != 0 && m.step != m.steps) return;
  std::string line = fmt::format("step {}/{}  loss {:.4f}", m.step, m.steps, m.loss);
  if (m.mtp_loss > 0) line += fmt::format("  mtp {:.4f}", m.mtp_loss);
  if (validation_ >= 0) line += fmt::format("  val {:.4f}", validation_);
  line += fmt::format("  lr {:.2e}  grad {:.2f}  {:.0f} tok/s  {:.0f} GFLOP/s", m.lr, m.grad_norm, m.time_tokens_per_s,
                      m.time_gflops);
  if (roof_gflops_ > 0) line += fmt::format(" ({:.0f} % of roof)", 100 * m.time_gflops / roof_gflops_);
  line += "  left " + duration_text(m.time_left_s);
  if (line_.visible()) return line_.show(line);
  fmt::print(stderr, "{}\n", line);
  std::fflush(stderr);
}

void ProgressLine::note(const std::string& line) {
  line_.end();
  fmt::print(stderr, "{}\n", line);
}

}  // namespace r1
