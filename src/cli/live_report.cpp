#include "cli/live_report.hpp"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>

#include "cli/args.hpp"
#include "cli/chat/character_set.hpp"
#include "cli/chat/edit_signals.hpp"
#include "cli/interrupt.hpp"
#include "core/terminal/status_line.hpp"
#include "report/terminal_charts.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

constexpr int kPollMs = 250;  // how often the files are looked at

class FollowedRuns {
 public:
  static Result<FollowedRuns> open(std::span<const fs::path> folders) {
    FollowedRuns out;
    const std::vector<std::string> names = run_names(folders);
    for (size_t i = 0; i < folders.size(); ++i) {
      R1_TRY(check_run_folder(folders[i]));
      out.readers_.emplace_back(metrics_path(folders[i]));
      ReportRun run;
      run.name = names[i], run.folder = folders[i];
      out.runs_.push_back(std::move(run));
    }
    return out;
  }

  // Returns whether a run has a new step.
  Result<bool> update() {
    bool any = false;
    for (size_t i = 0; i < runs_.size(); ++i) {
      if (!R1_TRY(readers_[i].update())) continue;
      any = true;
      runs_[i].curves = readers_[i].curves();
      runs_[i].last_step = readers_[i].last_step();
      runs_[i].planned_steps = planned_steps_of(read_config_lines(runs_[i].folder));
    }
    return any;
  }
  bool all_finished() const {
    for (const ReportRun& run : runs_)
      if (run.planned_steps == 0 || run.last_step < static_cast<double>(run.planned_steps)) return false;
    return true;
  }
  std::span<const ReportRun> runs() const { return runs_; }

 private:
  std::vector<MetricsReader> readers_;
  std::vector<ReportRun> runs_;
};

// The terminal's other screen, without cursor, echo and line editing, for as long as this exists.
class FullScreen {
 public:
  FullScreen() { enter(); }
  ~FullScreen() { leave(); }
  FullScreen(const FullScreen&) = delete;
  FullScreen& operator=(const FullScreen&) = delete;

  void enter() {
    if (tcgetattr(STDIN_FILENO, &before_) == 0) {
      termios settings = before_;
      settings.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // Ctrl-C still is a signal
      tcsetattr(STDIN_FILENO, TCSADRAIN, &settings);
      changed_ = true;
    }
    print("\x1b[?1049h\x1b[?25l");
  }
  void leave() {
    print("\x1b[?25h\x1b[?1049l");
    if (changed_) tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
    changed_ = false;
  }
  void draw(std::span<const std::string> lines) {
    std::string out = "\x1b[H";
    for (size_t i = 0; i < lines.size(); ++i) out += (i ? "\r\n" : "") + lines[i] + "\x1b[K";
    print(out + "\x1b[J");
  }

 private:
  static void print(const std::string& text) {  // uses stdio, which does not throw if stdout is closed
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }
  termios before_{};
  bool changed_ = false;
};

// The next key; 0 if there is none, or if stdin has ended.
char read_key() {
  char key = 0;
  return ::read(STDIN_FILENO, &key, 1) == 1 ? key : '\0';
}

Result<int> draw_until_quit(FollowedRuns& followed) {
  EditSignals signals;
  FullScreen screen;
  const bool utf8 = CharacterSet().utf8();
  bool changed = true;
  pollfd waits[] = {{signals.descriptor(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  while (!std::ferror(stdout)) {
    changed |= R1_TRY(followed.update());
    if (changed) {
      const TerminalSize size = terminal_size(STDOUT_FILENO);
      screen.draw(terminal_screen(followed.runs(), {size.columns, size.rows, !color_refused(), utf8}));
    }
    changed = false;
    poll(waits, std::size(waits), kPollMs);
    while (const int signal = signals.take()) {
      if (signal == SIGINT) return kExitInterrupted;
      if (signal != SIGWINCH) {
        screen.leave();
        signals.raise(signal);  // ends the program, or stops it until it is continued
        screen.enter();
      }
      changed = true;
    }
    if (waits[1].revents == 0) continue;
    const char key = read_key();
    if (key == 'q' || key == 'Q') return 0;
    if (key == '\0') waits[1].fd = -1;
  }
  return 0;
}

Result<int> print_steps(FollowedRuns& followed) {
  const InterruptFlag interrupted;
  std::vector<double> printed(followed.runs().size(), 0);
  while (!interrupted.raised()) {
    R1_TRY(followed.update());
    for (size_t i = 0; i < printed.size(); ++i) {
      const ReportRun& run = followed.runs()[i];
      if (run.last_step < printed[i]) printed[i] = run.last_step - 1;  // a resumed run repeats steps
      for (const std::string& line : step_lines(run, printed[i])) fmt::print("{}\n", line);
      printed[i] = run.last_step;
    }
    if (std::fflush(stdout) != 0) return 0;
    if (followed.all_finished()) return 0;
    poll(nullptr, 0, kPollMs);
  }
  return kExitInterrupted;
}

}  // namespace

Result<int> follow_runs(std::span<const fs::path> folders) {
  FollowedRuns followed = R1_TRY(FollowedRuns::open(folders));
  return is_rewritable_terminal(STDOUT_FILENO) ? draw_until_quit(followed) : print_steps(followed);
}

}  // namespace r1
