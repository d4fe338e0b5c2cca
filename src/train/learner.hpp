// A model, its optimizer and one step of them: packed batch → forward pass with a tape → loss → gradients → AdamW. The
// loss is the caller's: pretraining and fine-tuning use likelihood_loss, reinforcement learning a loss of its own.
//
//   learner.compute_gradients(batch, likelihood_loss(batch), m);
//   R1_TRY(learner.check_finite(m));
//   learner.update(m);
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "core/pass.hpp"
#include "train/optimizer.hpp"
#include "train/packing.hpp"
#include "train/trainer.hpp"

namespace r1 {

// A loss that reads one number of a row: nll, minus the log-probability of the row's target at `temperature`.
//   loss = Σ_rows value(row) / denominator
struct LossRows {
  std::span<const float> nll;      // 0 for rows without a target
  std::span<const float> entropy;  // of the row's distribution, 0 for rows without a target; empty if it is not wanted
  std::span<float> gradient;       // receives d value / d nll; zeros before. Rows without a target have no effect
};
struct RowLoss {
  // Writes the gradients and returns the sum of the values.
  std::function<double(const MicroBatch&, const LossRows&)> rows;
  double denominator = 1;
  float temperature = 1;
  bool wants_entropy = false;
};

// The mean of nll over the targets of the step, each multiplied by its row's weight if the batch has weights.
RowLoss likelihood_loss(const StepBatch& batch);

class Learner {
 public:
  // Uses these settings: threads, matmul, kv, recompute, the weights of the losses and those of the optimizer.
  // `kernels` must outlive the object.
  Learner(const TrainConfig& config, const cpu::Kernels& kernels);

  void set_model(std::unique_ptr<Model> model);  // with moments that are zero
  const Model& model() const { return *model_; }
  Optimizer& optimizer() { return *optimizer_; }
  const cpu::Kernels& kernels() const { return kernels_; }
  // An engine with these numerics draws tokens at the log-probabilities that the loss computes, bit for bit.
  Numerics numerics() const {
    const auto type = [](const std::string& name) {
      return name == "q8_0" ? DType::q8_0 : name == "bf16" ? DType::bf16 : DType::f32;
    };
    return {.matmul = type(config_.matmul), .kv = type(config_.kv)};
  }
  ThreadPool& pool() { return pool_; }
  Arena& arena() { return arena_; }

  // The parts of step m.step, which counts from 1. compute_gradients() adds up the gradients of all micro-batches,
  // which gives the gradient of the step's loss, and fills in the losses, load_max and grad_norm of `m`. The loss of
  // multi-token prediction is the mean over the targets and ignores the weights of rows. If a micro-batch has routes,
  // the routers use them, except those of the module for multi-token prediction, which choose by themselves.
  void compute_gradients(const StepBatch& batch, const RowLoss& loss, StepMetrics& m);
  // Errors: a loss or a gradient is not finite; the message names the first such tensor.
  Status check_finite(const StepMetrics& m) const;
  // AdamW at m.lr with clipping by m.grad_norm, and the update of the routing biases.
  void update(const StepMetrics& m);

  // nll of every row, without gradients: [T, 1]. The second function scores with another model, such as a reference.
  Tensor score(const MicroBatch& batch, float temperature = 1) { return score(*model_, batch, temperature); }
  Tensor score(const Model& model, const MicroBatch& batch, float temperature);

 private:
  Pass pass(const Batch& batch);
  void add_gradients(const MicroBatch& batch, const RowLoss& loss, double mtp_weight, i64 targets, StepMetrics& m);

  const TrainConfig config_;
  const cpu::Kernels& kernels_;
  ThreadPool pool_;
  Arena arena_;
  std::unique_ptr<Model> model_;
  std::optional<Optimizer> optimizer_;
  RouteObserver routes_;  // of the step
};

}  // namespace r1
