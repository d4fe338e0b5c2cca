// The training loop: data → packed micro-batches → forward with a tape → loss → backward → AdamW → checkpoint.
//
//   TrainHooks hooks;
//   hooks.stop = &interrupted;
//   const TrainResult r = R1_TRY(train(config, hooks));
//
// If RUN (config.out) holds checkpoints the run goes on from the newest one, to the same bits.
#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <string>

#include "core/error.hpp"
#include "model/model.hpp"
#include "train/config.hpp"

namespace r1 {

// One optimizer step as people and metrics.jsonl see it. Names in the file are these; wall-clock ones start with time_.
struct StepMetrics {
  i64 step = 0, steps = 0;  // done, planned
  double loss = 0;          // mean over the step's targets
  double mtp_loss = 0, balance_loss = 0;
  double lr = 0, grad_norm = 0;
  double load_max = 0;  // largest expert load of the step over the mean load, over all layers
  i64 tokens = 0, targets = 0, sequences = 0, skipped = 0, micro_batches = 0, total_tokens = 0;
  double validation_loss = -1;  // < 0: not measured at this step
  double time_step_s = 0, time_tokens_per_s = 0, time_gflops = 0, time_left_s = 0;
};

struct TrainHooks {
  const cpu::Kernels* kernels = nullptr;             // null: the active ones
  const std::atomic<bool>* stop = nullptr;           // SIGINT: finish the step, save, return interrupted
  std::function<void(const StepMetrics&)> progress;  // after every step
  std::function<void(const std::string&)> note;      // a line for people: resumed from, saved, …
  std::function<Status(const std::filesystem::path&)> before_rename;  // tests: a save that fails
  std::function<void(const Model&, i64 step)> before_step;            // tests: spoil a weight
};

struct TrainResult {
  i64 step = 0;
  double loss = 0, validation_loss = -1;
  bool already_finished = false;
  std::filesystem::path checkpoint;  // the last one, a model folder
};

// Errc::interrupted when `stop` was raised (everything is saved); other errors say what to do and where the last good
// checkpoint is.
Result<TrainResult> train(const TrainConfig& config, const TrainHooks& hooks = {});

// Writes to stderr: in place on a terminal, else a line per log_every steps. `roof_gflops` 0: unknown.
class ProgressLine {
 public:
  ProgressLine(i64 log_every, double roof_gflops);
  void operator()(const StepMetrics& m);
  void note(const std::string& line);

 private:
  i64 log_every_;
  double roof_gflops_;
  bool terminal_, dirty_ = false;
  double validation_ = -1;
};

}  // namespace r1
