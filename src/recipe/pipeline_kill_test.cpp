// A pipeline that is killed at random moments and started again ends in the files of one that was never killed.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <thread>

#include "recipe/test_pipeline.hpp"

namespace r1 {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

// Runs the recipe in a process of its own. Returns whether it ended by itself before it was killed.
bool run_apart(const fs::path& recipe, const fs::path& out, std::optional<microseconds> killed_after) {
  const pid_t pid = fork();
  if (pid == 0) _exit(run_recipe(recipe, out, {}) ? 0 : 1);
  const auto deadline = Clock::now() + killed_after.value_or(microseconds(std::chrono::hours(1)));
  int status = 0;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    if (Clock::now() >= deadline) {
      kill(pid, SIGKILL);
      waitpid(pid, &status, 0);
      break;
    }
    std::this_thread::sleep_for(microseconds(100));
  }
  if (WIFSIGNALED(status)) return false;
  EXPECT_EQ(WEXITSTATUS(status), 0);
  return true;
}

// The moments are uniform in the first third of the time that the whole takes, so that every stage is killed and the
// whole still gets on.
TEST(PipelineKill_slow, KilledAtTwelveRandomMomentsItEndsInTheSameFiles) {
  const RunCase run;
  const fs::path recipe = miniature(run), whole = run.folder() / "whole", killed = run.folder() / "killed";
  const auto start = Clock::now();
  ASSERT_TRUE(run_apart(recipe, whole, {}));
  const auto time = std::chrono::duration_cast<microseconds>(Clock::now() - start).count();
  Random random(13, Purpose::test);
  int kills = 0;
  while (kills < 12) {
    if (!run_apart(recipe, killed, microseconds(random.between(0, time / 3)))) {
      ++kills;
      continue;
    }
    for (const char* result : kResults) EXPECT_TRUE(text_of(whole / result) == text_of(killed / result)) << result;
    fs::remove_all(killed);
  }
  ASSERT_TRUE(run_apart(recipe, killed, {}));
  for (const char* result : kResults) EXPECT_TRUE(text_of(whole / result) == text_of(killed / result)) << result;
  for (const auto& entry : fs::recursive_directory_iterator(killed))
    EXPECT_EQ(entry.path().filename().string().find(".tmp"), std::string::npos) << entry.path();
}

}  // namespace
}  // namespace r1
