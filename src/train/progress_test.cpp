#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <cstdlib>

#include "core/file.hpp"
#include "core/test_folder.hpp"
#include "train/trainer.hpp"

namespace r1 {
namespace {

// What the function writes to the standard error, which is a file and no terminal.
template <class Function>
std::string errors_of(Function f) {
  const TestFolder folder;
  std::fflush(stderr);
  const int kept = dup(STDERR_FILENO);
  EXPECT_TRUE(std::freopen((folder.path() / "err").c_str(), "w", stderr));
  f();
  std::fflush(stderr);
  dup2(kept, STDERR_FILENO);
  close(kept);
  return read_file(folder.path() / "err").value_or("");
}

StepMetrics metrics(i64 step) {
  StepMetrics m;
  m.step = step, m.steps = 25, m.loss = 1.25, m.lr = 5e-4, m.grad_norm = 0.5;
  m.time_tokens_per_s = 1234, m.time_gflops = 50, m.time_left_s = 59;
  return m;
}

TEST(ProgressLine, ALogHasALineForEvery10thStepAndTheLast) {
  const std::string lines = errors_of([] {
    ProgressLine progress(10, 0);
    for (i64 step = 1; step <= 25; ++step) progress(metrics(step));
  });
  EXPECT_EQ(lines,
            "step 10/25  loss 1.2500  lr 5.00e-04  grad 0.50  1234 tok/s  50 GFLOP/s  left 0m59s\n"
            "step 20/25  loss 1.2500  lr 5.00e-04  grad 0.50  1234 tok/s  50 GFLOP/s  left 0m59s\n"
            "step 25/25  loss 1.2500  lr 5.00e-04  grad 0.50  1234 tok/s  50 GFLOP/s  left 0m59s\n");
}

TEST(ProgressLine, TheLastValidationLossStaysAndTheRoofIsAPercentage) {
  const std::string lines = errors_of([] {
    ProgressLine progress(1, 200);
    StepMetrics m = metrics(1);
    m.mtp_loss = 0.5, m.time_left_s = 3599.9;
    progress(m);
    m = metrics(2);
    m.validation_loss = 0, m.time_left_s = 3600;
    progress(m);
    m = metrics(3);
    m.time_left_s = 7384;
    progress(m);
    progress.note("a note");
  });
  EXPECT_EQ(
      lines,
      "step 1/25  loss 1.2500  mtp 0.5000  lr 5.00e-04  grad 0.50  1234 tok/s  50 GFLOP/s (25 % of roof)  left 59m59s\n"
      "step 2/25  loss 1.2500  val 0.0000  lr 5.00e-04  grad 0.50  1234 tok/s  50 GFLOP/s (25 % of roof)  left 1h00m\n"
      "step 3/25  loss 1.2500  val 0.0000  lr 5.00e-04  grad 0.50  1234 tok/s  50 GFLOP/s (25 % of roof)  left 2h03m\n"
      "a note\n");
}

// What the function writes to the standard error, which is a terminal of 120 columns.
template <class Function>
std::string on_terminal(Function f) {
  const winsize size{.ws_row = 24, .ws_col = 120, .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1, program = -1;
  EXPECT_EQ(openpty(&terminal, &program, nullptr, nullptr, &size), 0);
  std::fflush(stderr);
  const int kept = dup(STDERR_FILENO);
  dup2(program, STDERR_FILENO);
  setenv("TERM", "xterm", 1);
  f();
  std::fputs("|", stderr);
  std::fflush(stderr);
  dup2(kept, STDERR_FILENO);
  close(kept);
  std::string text;
  char buffer[4096];
  while (text.empty() || text.back() != '|') {
    const ssize_t n = read(terminal, buffer, sizeof buffer);
    if (n <= 0) break;
    text.append(buffer, n);
  }
  close(program), close(terminal);
  return text;
}

TEST(ProgressLine, ATerminalShowsEveryStepInOneLineAndANoteBelowIt) {
  EXPECT_EQ(
      on_terminal([] {
        ProgressLine progress(10, 1);
        progress(metrics(1)), progress(metrics(2));
        progress.note("a note");
      }),
      "\r\x1b[Kstep 1/25  loss 1.2500  lr 5.00e-04  grad 0.50  1234 tok/s  50 GFLOP/s (5000 % of roof)  left 0m59s"
      "\r\x1b[Kstep 2/25  loss 1.2500  lr 5.00e-04  grad 0.50  1234 tok/s  50 GFLOP/s (5000 % of roof)  left 0m59s\r\n"
      "a note\r\n|");
}

TEST(ProgressLine, DurationsAreInHoursAndMinutesOrMinutesAndSeconds) {
  for (const auto& [seconds, text] :
       {std::pair{0.0, "0m00s"}, {60.0, "1m00s"}, {3599.0, "59m59s"}, {3660.0, "1h01m"}, {360000.0, "100h00m"}})
    EXPECT_EQ(duration_text(seconds), text);
}

}  // namespace
}  // namespace r1
