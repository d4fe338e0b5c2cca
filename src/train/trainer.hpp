// Training: data → packed micro-batches → forward pass with a tape → loss → backward pass → AdamW → checkpoint.
//
//   TrainHooks hooks;
//   hooks.stop = &interrupted;
//   const TrainResult r = R1_TRY(train(config, hooks));
//
// If the run's folder (config.out) holds checkpoints, the run continues from the newest one and ends in the same bits
// as an uninterrupted run.
#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/terminal/status_line.hpp"
#include "model/model.hpp"
#include "train/config.hpp"

namespace r1 {

// The figures of one optimizer step. metrics.jsonl uses the same names; those of wall-clock figures start with time_.
struct StepMetrics {
  i64 step = 0, steps = 0;  // steps done, steps planned
  double loss = 0;          // mean over the targets of the step
  double mtp_loss = 0, balance_loss = 0;
  double lr = 0, grad_norm = 0;
  double load_max = 0;  // the largest load of an expert divided by the mean load of its layer, over all layers
  i64 tokens = 0, targets = 0, sequences = 0, skipped = 0, total_tokens = 0;
  double validation_loss = -1;  // negative if it was not measured at this step
  // Further figures under names of the caller. Names of wall-clock figures start with time_.
  std::vector<std::pair<std::string, double>> more{};
  double time_step_s = 0, time_tokens_per_s = 0, time_gflops = 0, time_left_s = 0;
};

struct TrainHooks {
  const cpu::Kernels* kernels = nullptr;             // null: the active level
  const std::atomic<bool>* stop = nullptr;           // true: finish the step, save, return Errc::interrupted
  std::function<void(const StepMetrics&)> progress;  // called after every step
  std::function<void(const std::string&)> note;      // receives lines for people, such as "resumed from ..."
  Admit admit;                                       // may refuse the model before memory is allocated for it
};

struct TrainResult {
  i64 step = 0;
  double loss = 0, validation_loss = -1;
  bool already_finished = false;
  std::filesystem::path checkpoint;  // the last checkpoint, which is a model folder
};

// Errors: Errc::interrupted if hooks.stop became true (everything is saved). Other errors say what to do and where the
// last good checkpoint is.
Result<TrainResult> train(const TrainConfig& config, const TrainHooks& hooks = {});

std::string duration_text(double seconds);  // as "2h05m" or "7m03s"

// Prints progress to stderr: one line that is rewritten on a terminal, otherwise a line every log_every steps.
// `roof_gflops` is the machine's highest speed, 0 if unknown.
class ProgressLine {
 public:
  ProgressLine(i64 log_every, double roof_gflops);
  void operator()(const StepMetrics& m);
  void note(const std::string& line);

 private:
  i64 log_every_;
  double roof_gflops_;
  StatusLine line_;
  double validation_ = -1;
};

}  // namespace r1
