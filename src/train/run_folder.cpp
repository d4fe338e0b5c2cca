#include "train/run_folder.hpp"

namespace r1 {

namespace fs = std::filesystem;

namespace {

bool is_two_numbers(std::string_view text) {
  const size_t dash = text.find('-');
  constexpr std::string_view kDigits = "0123456789";
  return dash != text.npos && dash > 0 && dash + 1 < text.size() && text.find_first_not_of(kDigits) == dash &&
         text.find_first_not_of(kDigits, dash + 1) == text.npos;
}

// The names that AtomicFile and publish_folder give to what they have not completed: NAME.tmpPID-N and NAME.PID-N.tmp.
bool is_unfinished(std::string_view name) {
  constexpr std::string_view kMark = ".tmp";
  const size_t mark = name.rfind(kMark);
  if (mark == name.npos) return false;
  if (mark + kMark.size() < name.size()) return is_two_numbers(name.substr(mark + kMark.size()));
  const size_t dot = name.substr(0, mark).rfind('.');
  return dot != name.npos && is_two_numbers(name.substr(dot + 1, mark - dot - 1));
}

}  // namespace

void remove_unfinished(const fs::path& folder) {
  std::error_code code;
  std::vector<fs::path> unfinished;
  for (fs::directory_iterator it(folder, code), end; !code && it != end; it.increment(code))
    if (is_unfinished(it->path().filename().string())) unfinished.push_back(it->path());
  for (const fs::path& path : unfinished) fs::remove_all(path, code);
}

Status RunFolder::open(const std::function<Status(const fs::path&)>& begin) {
  std::error_code code;
  fs::path existing = fs::absolute(path_, code);
  while (!existing.empty() && existing != existing.root_path() && !fs::exists(existing, code))
    existing = existing.parent_path();
  const bool is_new = !fs::exists(path_, code);
  fs::create_directories(path_ / "checkpoints", code);
  if (code) return fail(Errc::io, "{}: cannot create: {}", path_.string(), code.message());
  lock_.emplace(R1_TRY(FileLock::of_folder(path_)));
  Status opened = open_locked(begin);
  if (opened || !is_new) return opened;
  // The run has not begun, so the folders made for it go again.
  fs::remove_all(path_, code);
  for (fs::path at = fs::absolute(path_, code).parent_path(); at.has_relative_path() && at != existing;
       at = at.parent_path())
    if (!fs::remove(at, code)) break;
  return opened;
}

Status RunFolder::open_locked(const std::function<Status(const fs::path&)>& begin) {
  const std::vector<i64> saved = R1_TRY(list_checkpoints(path_));
  if (!saved.empty()) saved_step_ = saved.back();
  return begin(saved.empty() ? fs::path() : checkpoint(saved_step_));
}

Status RunFolder::start(std::string_view config, const TrainState& state, const fs::path& tokenizer) {
  tokenizer_ = tokenizer;
  remove_old_checkpoints(path_, keep_);
  remove_unfinished(path_);
  R1_TRY(write_file(config_path(), config));
  const fs::path metrics = path_ / "metrics.jsonl";
  metrics_.emplace(R1_TRY(MetricsFile::open(metrics, state.step, state.metrics_lines)));
  std::vector<Json> rows;
  R1_TRY(for_each_jsonl(metrics, [&](i64, Json row) -> Status {
    rows.push_back(std::move(row));
    return {};
  }));
  events_.emplace(R1_TRY(EventFile::open(events_path(), rows)));
  return {};
}

Status RunFolder::append(const StepMetrics& m) {
  R1_TRY(explain_failed_write(m.step, metrics_->append(m)));
  return explain_failed_write(m.step, events_->append(metrics_row(m)));
}

Status RunFolder::save(TrainState& state, const Model& model, const Optimizer& optimizer) {
  R1_TRY(explain_failed_write(state.step, metrics_->sync()));
  R1_TRY(explain_failed_write(state.step, events_->sync()));
  state.metrics_lines = metrics_->lines();
  R1_TRY(explain_failed_write(state.step, save_checkpoint(path_, state, model, optimizer, tokenizer_)));
  saved_step_ = state.step;
  tokenizer_ = checkpoint(state.step);  // the next line may remove the previous checkpoint
  remove_old_checkpoints(path_, keep_);
  return {};
}

// After a failed write the previous checkpoint is still good; the error says where it is.
Status RunFolder::explain_failed_write(i64 step, Status status) const {
  if (status) return status;
  return fail(status.error().code, "step {} could not be saved: {}; {}; make room and run the same command again", step,
              status.error().what, last_good_checkpoint());
}

std::string RunFolder::last_good_checkpoint() const {
  const auto steps = list_checkpoints(path_);
  if (!steps) return steps.error().what;
  return steps->empty() ? "there is no checkpoint yet"
                        : "the last good checkpoint is " + checkpoint(steps->back()).string();
}

}  // namespace r1
