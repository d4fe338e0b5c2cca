// The progress line of a run of reinforcement learning.
#include <cstdio>

#include "rl/grpo.hpp"

namespace r1 {

void GrpoLine::operator()(const StepMetrics& m) {
  const auto figure = [&](std::string_view name) {
    for (const auto& [key, value] : m.more)
      if (key == name) return value;
    return -1.0;
  };
  if (figure("eval_accuracy") >= 0) evaluated_ = figure("eval_accuracy");
  if (!line_.visible() && m.step % log_every_ != 0 && m.step != m.steps) return;
  std::string line = fmt::format("step {}/{}  reward {:.3f}  right {:.0f} %  form {:.0f} %", m.step, m.steps,
                                 figure("reward"), 100 * figure("accuracy"), 100 * figure("format"));
  if (evaluated_ >= 0) line += fmt::format("  eval {:.1f} %", 100 * evaluated_);
  line += fmt::format("  equal groups {:.0f} %  cut {:.0f} %  thinking {:.0f} right {:.0f} wrong",
                      100 * figure("equal_groups"), 100 * figure("truncated"), figure("thinking_right"),
                      figure("thinking_wrong"));
  if (figure("problems") >= 0) line += fmt::format("  problems {:.0f}", figure("problems"));
  if (m.skipped > 0) line += fmt::format("  not judged {}", m.skipped);
  line += fmt::format("  entropy {:.3f}", figure("entropy"));
  if (figure("kl") >= 0) line += fmt::format("  kl {:.4f}", figure("kl"));
  line += fmt::format("  ratio {:.2f}-{:.2f}", figure("ratio_min"), figure("ratio_max"));
  if (figure("ratio_min") != figure("ratio_max")) line += fmt::format(" clipped {:.1f} %", 100 * figure("clipped"));
  const double whole = m.time_step_s / 100;
  line += fmt::format("  generate {:.0f} judge {:.0f} update {:.0f} %  {:.0f} tok/s  left {}",
                      figure("time_generate_s") / whole, figure("time_judge_s") / whole,
                      figure("time_update_s") / whole, m.time_tokens_per_s, duration_text(m.time_left_s));
  if (line_.visible()) return line_.show(line);
  fmt::print(stderr, "{}\n", line);
  std::fflush(stderr);
}

void GrpoLine::note(const std::string& line) {
  line_.end();
  fmt::print(stderr, "{}\n", line);
}

}  // namespace r1
