// r1 report --live: the curves of runs in the terminal, redrawn while the runs go on.
#pragma once
#include <filesystem>
#include <span>

#include "core/error.hpp"

namespace r1 {

// Follows the metrics of the runs. On a terminal the curves fill the screen until q (exit code 0) or Ctrl-C (130), and
// the screen is then as it was before. Elsewhere each new step is a line on stdout, and the command ends when all runs
// have done the steps that their config.toml plans. A run without metrics is waited for.
// Errors: a folder that does not exist, metrics that cannot be read.
Result<int> follow_runs(std::span<const std::filesystem::path> folders);

}  // namespace r1
