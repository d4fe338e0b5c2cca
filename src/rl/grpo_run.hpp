// A run of reinforcement learning that is carried out step by step. train_grpo() opens a run and takes it to its end.
#pragma once
#include <memory>
#include <optional>

#include "infer/engine.hpp"
#include "rewards/judge.hpp"
#include "rl/grpo.hpp"
#include "rl/on_policy.hpp"
#include "rl/problems.hpp"
#include "rl/rollout.hpp"
#include "text/chat_template.hpp"
#include "text/tokenizer.hpp"
#include "train/learner.hpp"
#include "train/policy_loss.hpp"
#include "train/run_folder.hpp"

namespace r1 {

class GrpoRun {
 public:
  GrpoRun(const GrpoConfig& config, const TrainHooks& hooks);

  Status open();
  bool finished() const { return state_.step >= config_.steps; }
  // Draws, judges, updates, and does what is due after it: evaluation, metrics, progress, a new reference, a
  // checkpoint.
  Status step();
  Result<TrainResult> finish();

  const Model& model() const { return learner_.model(); }

 private:
  // A sample of the step that has a reward, and what is learnt from it.
  struct Judged {
    i64 group = 0, index = 0;  // index: among all samples of the step
    Document document;
    i64 drawn = 0;  // tokens
  };

  Status start(const std::filesystem::path& newest);
  Status resume(const std::filesystem::path& checkpoint);
  Status open_reference();
  Status open_engine(const std::filesystem::path& tokenizer);
  std::filesystem::path reference_path(i64 step) const;

  Result<std::vector<Judged>> draw(StepMetrics& m);
  Status update(std::vector<Judged> samples, StepMetrics& m);
  StepBatch minibatch(std::span<Judged> samples);
  Status report(const OnPolicyCheck& check, std::span<const Judged> samples, i64 step);
  Status renew_reference();
  Result<double> evaluate();
  bool due(i64 every) const { return every > 0 && (state_.step % every == 0 || state_.step == config_.steps); }
  bool stop_requested() const { return hooks_.stop && hooks_.stop->load(); }
  void note(const std::string& line) const {
    if (hooks_.note) hooks_.note(line);
  }

  GrpoConfig config_;
  const TrainHooks& hooks_;
  PolicyLoss loss_;
  RunFolder folder_;
  Learner learner_;
  std::optional<Tokenizer> tokenizer_;
  std::optional<ChatTemplate> chat_;
  std::optional<ProblemSource> problems_;
  std::optional<Judge> judge_;
  std::optional<Engine> engine_;
  std::unique_ptr<Model> reference_;  // null if the loss has no KL term
  std::vector<i32> stop_ids_;
  TrainState state_;
  bool on_policy_ = false;  // the check of this process's first update has been passed
  double last_loss_ = 0, seconds_per_step_ = 0;
};

}  // namespace r1
