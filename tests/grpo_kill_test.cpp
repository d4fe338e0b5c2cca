// r1 train grpo, killed at random moments and started again, ends in the files of a run that was never killed.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <optional>
#include <thread>

#include "program.hpp"
#include "train/run_case.hpp"

namespace r1 {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

class GrpoKill_slow : public testing::Test {
 protected:
  // Starts the training in a folder, with the run in its subfolder "run". Returns whether it ended by itself before it
  // was killed.
  bool train(const fs::path& folder, std::optional<microseconds> killed_after) const {
    fs::create_directories(folder);
    const std::string binary = std::string(R1_BINARY_DIR) + "/r1", config = (run_.folder() / "grpo.toml").string();
    const pid_t pid = fork();
    if (pid == 0) {
      const int log = open((folder / "stderr").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
      if (chdir(folder.c_str()) != 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0) _exit(126);
      execl(binary.c_str(), "r1", "train", "grpo", "--config", config.c_str(), "--out", "run", nullptr);
      _exit(127);
    }
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
    EXPECT_EQ(WEXITSTATUS(status), 0) << text_of(folder / "stderr");
    return true;
  }

  // The records of an event file and its size, without the wall-clock figures.
  static std::string events_of(const fs::path& path) {
    std::string text = fmt::format("{} bytes\n", fs::file_size(path));
    for (const TestEvent& event : events_in(path)) {
      text += fmt::format("step {} version {}", event.step, event.version);
      for (const auto& [tag, value] : event.scalars)
        if (!tag.starts_with("time_")) text += fmt::format(" {} {:a}", tag, value);
      text += "\n";
    }
    return text;
  }

  // Every file of a run: its bytes, of metrics.jsonl and the event file without the wall-clock figures.
  static std::map<std::string, std::string> files_of(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder / "run")) {
      const std::string name = entry.path().lexically_relative(folder).string();
      if (entry.is_directory()) files[name] = "a folder";
      else if (name.find("tfevents") != name.npos) files[name] = events_of(entry.path());
      else if (entry.path().filename() == "metrics.jsonl")
        for (const std::string& row : metrics_of(folder / "run")) files[name] += row + "\n";
      else files[name] = text_of(entry.path());
    }
    return files;
  }

  static void expect_same_files(const fs::path& a, const fs::path& b) {
    const auto x = files_of(a), y = files_of(b);
    for (const auto& [name, bytes] : x) {
      const auto found = y.find(name);
      if (found == y.end()) ADD_FAILURE() << name << " is missing in " << b;
      else EXPECT_TRUE(found->second == bytes) << name << " differs";
    }
    for (const auto& [name, bytes] : y) EXPECT_TRUE(x.contains(name)) << name << " is only in " << b;
  }

  // A random model of two layers, rewarded for the length of what it writes; its steps have all phases: further draws,
  // a curriculum, a program that rewards, a reference, two updates, a checkpoint.
  void SetUp() override {
    fs::create_directories(run_.folder() / "tiny");
    ASSERT_TRUE(save_model(*run_.model(), run_.folder() / "tiny", DType::f32));
    RunCase::write(run_.folder() / "grpo.toml", R"(
      model = "tiny"
      tokenizer = "tokenizer"
      tasks = "gcd:1-2,sort:1"
      steps = 16
      groups = 2
      group_size = 4
      max_tokens = 16
      max_draws = 2
      curriculum = true
      updates = 2
      threads = 1
      lr = 1e-3
      kl_weight = 0.05
      reference_every = 2
      save_every = 1
      keep_checkpoints = 2
      eval_every = 3
      eval_problems = 2
      reward_program = "while IFS= read -r line; do n=${#line}; echo $((n / 2 % 3)); done"
    )");
  }

  const RunCase run_;
};

// The moments are uniform in the first third of the time that the whole run takes, so that a run is killed several
// times while it starts, draws, judges, updates and saves, and still gets on.
TEST_F(GrpoKill_slow, ARunThatIsKilledAtTwentyRandomMomentsEndsInTheSameFiles) {
  const fs::path whole = run_.folder() / "whole";
  const auto start = Clock::now();
  ASSERT_TRUE(train(whole, {}));
  const auto time = std::chrono::duration_cast<microseconds>(Clock::now() - start).count();
  Random random(11, Purpose::test);
  int kills = 0, ended = 0;
  const auto folder = [&] { return run_.folder() / fmt::format("killed{}", ended); };
  while (kills < 20) {
    if (!train(folder(), microseconds(random.between(0, time / 3)))) {
      ++kills;
      continue;
    }
    expect_same_files(whole, folder());
    ++ended;
  }
  ASSERT_TRUE(train(folder(), {}));
  expect_same_files(whole, folder());
}

}  // namespace
}  // namespace r1
