// Reinforcement learning with verifiable rewards, as DeepSeek-R1-Zero was trained (arXiv:2501.12948). A step draws a
// group of samples for each of some problems, judges them, and updates the model with a loss of train/policy_loss.hpp.
// One process holds one set of weights: the engine that draws and the trainer that updates compute the same bits.
//
//   const TrainResult r = R1_TRY(train_grpo(R1_TRY(load_grpo_config(path)), hooks));
//
// docs/training.md describes the settings, the files and the figures. A run resumes as those of train() do.
#pragma once
#include "train/trainer.hpp"

namespace r1 {

// hooks.progress receives StepMetrics whose `more` has the names that docs/training.md lists.
// Errors: as train(); also a reference or samples that cannot be read or written.
Result<TrainResult> train_grpo(const GrpoConfig& config, const TrainHooks& hooks = {});

// The progress line: one line that is rewritten on a terminal, otherwise a line every log_every steps.
class GrpoLine {
 public:
  explicit GrpoLine(i64 log_every) : log_every_(log_every) {}
  void operator()(const StepMetrics& m);
  void note(const std::string& line);

 private:
  i64 log_every_;
  StatusLine line_;
  double evaluated_ = -1;
};

}  // namespace r1
