// The folder of a training run: its lock, settings, metrics and checkpoints. Pretraining, fine-tuning and reinforcement
// learning share it. docs/training.md describes the files.
//
//   RunFolder folder(config.out, config.keep_checkpoints);
//   R1_TRY(folder.open([&](const fs::path& newest) { return newest.empty() ? start_new() : resume(newest); }));
//   ... R1_TRY(folder.append(metrics)); ... R1_TRY(folder.save(state, model, optimizer));
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "core/file.hpp"
#include "train/checkpoint.hpp"
#include "train/event_file.hpp"
#include "train/metrics.hpp"

namespace r1 {

// Removes the unfinished files and folders that killed processes have left in `folder`. No process may be writing in
// it.
void remove_unfinished(const std::filesystem::path& folder);

class RunFolder {
 public:
  RunFolder(std::filesystem::path path, i64 keep_checkpoints) : path_(std::move(path)), keep_(keep_checkpoints) {}

  // Creates the folder if it does not exist, locks it and calls `begin` with the newest checkpoint, or with an empty
  // path if there is none. If an error occurs, a folder that was created is removed again. Errors: another process
  // trains in the folder, it cannot be created, those of `begin`.
  Status open(const std::function<Status(const std::filesystem::path& newest)>& begin);
  // To be called at the end of `begin`: writes the settings, opens metrics.jsonl and the event file at the state's
  // step, and removes superfluous checkpoints and unfinished files. The first checkpoint copies its tokenizer files
  // from `tokenizer`.
  Status start(std::string_view config, const TrainState& state, const std::filesystem::path& tokenizer);

  // Errors of append() and save() say which step could not be saved and where the last good checkpoint is.
  Status append(const StepMetrics& m);
  Status save(TrainState& state, const Model& model, const Optimizer& optimizer);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path config_path() const { return path_ / "config.toml"; }
  std::filesystem::path events_path() const { return path_ / "events.out.tfevents.r1"; }
  std::filesystem::path checkpoint(i64 step) const { return checkpoint_path(path_, step); }
  i64 saved_step() const { return saved_step_; }  // of the newest checkpoint; -1 if there is none
  std::string last_good_checkpoint() const;       // the part of a sentence that says where it is

 private:
  Status open_locked(const std::function<Status(const std::filesystem::path&)>& begin);
  Status explain_failed_write(i64 step, Status status) const;

  std::filesystem::path path_, tokenizer_;
  i64 keep_;
  std::optional<FileLock> lock_;
  std::optional<MetricsFile> metrics_;
  std::optional<EventFile> events_;
  i64 saved_step_ = -1;
};

}  // namespace r1
