// r1 pull fetches a model from a hub.
#include "hub/pull.hpp"

#include <algorithm>
#include <chrono>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "core/terminal/status_line.hpp"
#include "formats/utf8.hpp"
#include "hub/fit.hpp"
#include "hub/models.hpp"
#include "hub/reference.hpp"

namespace r1 {
namespace {

using Clock = std::chrono::steady_clock;

std::string time_text(double seconds) {
  const i64 s = static_cast<i64>(seconds + 0.5);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
}

// A line on the terminal, rewritten five times a second: file, share, rate of the last seconds, time left.
class DownloadLine {
 public:
  void show(const PullProgress& p) {
    done_ = p.done;
    if (!line_.visible()) return;
    const auto now = Clock::now();
    if (now - shown_ < std::chrono::milliseconds(200) && p.done < p.bytes) return;
    const double seconds = std::chrono::duration<double>(now - shown_).count(),
                 gained = static_cast<double>(p.done - last_);
    if (last_ >= 0 && seconds > 0 && gained >= 0) {
      const double share = std::min(1.0, seconds / 3);  // the rate averages over about three seconds
      rate_ = rate_ < 0 ? gained / seconds : rate_ + share * (gained / seconds - rate_);
    }
    shown_ = now, last_ = p.done;
    const std::string left = rate_ > 0 ? fmt::format("  {}/s  {} left", size_text(static_cast<i64>(rate_)),
                                                     time_text(static_cast<double>(p.bytes - p.done) / rate_))
                                       : "";
    line_.show(fmt::format("{}  {} of {}  {} %{}", printable(p.file.path.substr(p.file.path.rfind('/') + 1), 200),
                           size_text(p.done), size_text(p.bytes), p.bytes ? p.done * 100 / p.bytes : 100, left));
  }
  void close() { line_.end(); }
  i64 done() const { return done_; }

 private:
  StatusLine line_;
  i64 done_ = 0, last_ = -1;
  double rate_ = -1;
  Clock::time_point shown_{};
};

enum class LargerThanMemory { refuse, accept };

// Prints what will be fetched and whether this machine can run it. Errors: it cannot, and that is not accepted.
Status announce(const PullPlan& plan, const HubSettings& settings, i64 memory, LargerThanMemory larger) {
  fmt::print(stderr, "{} at {} ({}): {} file{}, {}{}\n", plan.name, plan.revision, plan.commit.substr(0, 7),
             plan.files.size(), plan.files.size() == 1 ? "" : "s", size_text(plan.bytes),
             plan.here == plan.bytes ? ", all here"
             : plan.here             ? fmt::format(", {} of it here", size_text(plan.here))
                                     : "");
  fmt::print(stderr, "disk: {} free in {}\n", size_text(plan.free_bytes), settings.cache.string());
  if (memory <= 0 || plan.weight_bytes == 0) return {};
  const std::string both =
      fmt::format("{} of weights, {} of memory here", size_text(plan.weight_bytes), size_text(memory));
  switch (fit_of(plan.weight_bytes, memory)) {
    case Fit::fits: fmt::print(stderr, "memory: fits ({})\n", both); return {};
    case Fit::tight: fmt::print(stderr, "memory: tight ({}): little is left for the context\n", both); return {};
    case Fit::exceeds:
      fmt::print(
          stderr,
          "memory: does not fit ({}): a mixture of experts runs with --memory, the rest of its weights must fit\n",
          both);
  }
  if (larger == LargerThanMemory::accept || plan.here == plan.bytes) return {};
  return fail(Errc::exhausted, "{}: larger than this machine's memory; --yes fetches it nevertheless", plan.name);
}

std::string shortest_name_of(const std::filesystem::path& path, const std::string& otherwise) {
  for (const LocalModel& m : local_models())
    if (m.path == path) return m.name;
  return otherwise;
}

}  // namespace

Result<int> run_pull(const Args& args) {
  std::string model, revision;
  bool yes = false, dry_run = false;
  if (const auto stop =
          parse(args,
                "Fetches a model from a hub with Hugging Face's URL scheme into Hugging Face's cache. "
                "FILE is a file, a glob or a quantisation such as Q4_K_M.",
                {{"REPO", &model, "ORG/NAME[:FILE], its address, or a short name (deepseek-r1:1.5b)", true},
                 {"--revision", &revision, "branch, tag or commit (default: main)"},
                 {"--yes", &yes, "fetch even if the model is larger than this machine's memory"},
                 {"--dry-run", &dry_run, "print what would be fetched, and fetch nothing"}}))
    return *stop;
  const HubSettings settings = R1_TRY(HubSettings::from_environment());
  const ModelReference reference = R1_TRY(parse_reference(model, settings.endpoint));
  if (revision.empty()) revision = reference.revision.empty() ? "main" : reference.revision;
  R1_TRY(check_revision(revision));

  const InterruptFlag interrupt;
  DownloadLine line;
  HubOptions options;
  options.stop = &interrupt.raised();
  options.notice = [&](const std::string& text) {
    line.close();
    fmt::print(stderr, "{}\n", printable(text, 400));
  };
  Hub hub = R1_TRY(Hub::open(settings, std::move(options)));
  const i64 memory = memory_limit();
  const PullPlan plan = R1_TRY(plan_pull(hub, settings, reference.repo, reference.file, revision, memory));
  R1_TRY(announce(plan, settings, memory, yes || dry_run ? LargerThanMemory::accept : LargerThanMemory::refuse));
  if (dry_run) return 0;

  const auto path = pull(hub, settings, plan, [&](const PullProgress& p) { line.show(p); });
  line.close();
  if (!path && path.error().code == Errc::interrupted)
    return fail(Errc::interrupted, "interrupted: {} of {} are here and stay; the same command goes on from there",
                size_text(line.done()), size_text(plan.bytes));
  R1_TRY(path);
  fmt::print("{}\n", path->string());
  fmt::print(stderr, "r1 run -m {} -p PROMPT\n", shortest_name_of(*path, path->string()));
  return 0;
}

}  // namespace r1
