// A training run that is carried out step by step. train() in trainer.hpp opens a run and takes it to its end.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "text/tokenizer.hpp"
#include "train/data.hpp"
#include "train/learner.hpp"
#include "train/run_folder.hpp"
#include "train/trainer.hpp"

namespace r1 {

class TrainingRun {
 public:
  TrainingRun(const TrainConfig& config, const TrainHooks& hooks);

  // Locks the run's folder and starts a new run, or resumes the one that the folder holds. Errors: another process
  // trains in the folder, the folder holds a run with other settings or other data, or something cannot be read. A run
  // that cannot be started leaves no folder behind.
  Status open();
  bool finished() const { return state_.step >= config_.steps; }
  // One optimizer step, and what is due after it: validation, metrics, progress and a checkpoint.
  Status step();
  // Steps until the run is finished. Errors: Errc::interrupted after hooks.stop; those of step().
  Result<TrainResult> finish();

  const Model& model() const { return learner_.model(); }

 private:
  // Opening.
  Status start_new(u64 seed);
  Status resume(const std::filesystem::path& checkpoint);
  void note_changes(const TrainState& saved, const TrainConfig& before) const;
  Status check_sizes(const std::filesystem::path& tokenizer) const;
  Status check_ids(const std::filesystem::path& tokenizer) const;
  Status check_data();

  // One step.
  Result<StepMetrics> optimizer_step();
  StepMetrics new_metrics(const StepBatch& batch) const;
  Status check_sound(const StepMetrics& m) const;
  void advance_state(const StepBatch& batch, const StepMetrics& m);
  void measure_speed(const StepBatch& batch, double seconds, StepMetrics& m);
  Result<double> validate();

  void note(const std::string& line) const {
    if (hooks_.note) hooks_.note(line);
  }
  bool stop_requested() const { return hooks_.stop && hooks_.stop->load(); }

  TrainConfig config_;
  const TrainHooks& hooks_;
  RunFolder folder_;
  Learner learner_;
  std::optional<Tokenizer> tokenizer_;
  std::unique_ptr<Data> data_;
  std::optional<StepBatch> validation_;
  TrainState state_;
  double last_loss_ = 0, last_validation_ = -1, seconds_per_step_ = 0;
};

}  // namespace r1
