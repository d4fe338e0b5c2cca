// A run of reinforcement learning that is carried out step by step. train_grpo() opens a run and takes it to its end.
#pragma once
#include <memory>
#include <optional>

#include "infer/engine.hpp"
#include "rewards/shaping.hpp"
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
    double advantage = 0;
  };

  // What a step has drawn: problem g has the samples g · group_size and following.
  struct Draw {
    std::vector<Problem> problems;
    std::vector<Rollout> rollouts;
    std::vector<Judgement> verdicts;
    i64 rounds = 0;
    double generate_s = 0, judge_s = 0;
  };

  Status start(const std::filesystem::path& newest);
  Status resume(const std::filesystem::path& checkpoint);
  Status open_reference();
  Status open_engine(const std::filesystem::path& tokenizer);
  Status check_prompts();
  std::filesystem::path reference_path(i64 step) const;

  Result<Draw> draw(i64 step);
  std::vector<double> rewards_of(const Draw& draw, i64 group) const;
  bool teaches(const Draw& draw, i64 group) const;
  std::vector<i64> chosen_groups(const Draw& draw) const;
  std::vector<Judged> samples_of(Draw& draw) const;  // takes the routes out of the draw
  void measure(const Draw& draw, StepMetrics& m);
  Status update(std::vector<Judged> samples, StepMetrics& m);
  std::span<Judged> trained_on(std::span<Judged> samples) const;
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
  RewardShaping shaping_;
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
  i64 idle_steps_ = 0;      // the last steps, if nothing could be learnt from any of their groups
  double last_loss_ = 0, seconds_per_step_ = 0;
};

}  // namespace r1
