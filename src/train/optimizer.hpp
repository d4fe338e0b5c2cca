// AdamW (Loshchilov & Hutter 2019, as torch.optim.AdamW computes it) over the trainable weights of a model, with
// gradients clipped by their global norm, and DeepSeek-V3's update of the routing biases.
#pragma once
#include <vector>

#include "core/pass.hpp"
#include "core/weight.hpp"
#include "train/config.hpp"

namespace r1 {

class Model;

// The learning rate of a step, counted from 0: linear warm-up to lr, then the schedule down to lr_min.
double learning_rate(const TrainConfig& c, i64 step);
double mtp_weight_at(const TrainConfig& c, i64 step);
double bias_speed_at(const TrainConfig& c, i64 step);

struct Moments {
  Weight weight;
  std::vector<float> m, v;
};

class Optimizer {
 public:
  Optimizer(const Model& model, const TrainConfig& config);

  // The L2 norm of all gradients, summed in double in a fixed order.
  double grad_norm(ThreadPool& pool, const cpu::Kernels& kernels) const;
  // One update. If `norm` is above clip_norm, the gradients are scaled so that their norm is clip_norm. The update
  // raises the weights' versions and sets the gradients to zero.
  void step(ThreadPool& pool, const cpu::Kernels& kernels, double lr, double norm);
  // The name of the first weight or gradient that holds a NaN or an infinity; empty if there is none.
  std::string first_not_finite() const;

  i64 steps_taken() const { return steps_; }
  void set_steps_taken(i64 n) { steps_ = n; }
  std::vector<Moments>& moments() { return moments_; }
  const std::vector<Moments>& moments() const { return moments_; }

 private:
  double beta1_, beta2_, eps_, weight_decay_, clip_norm_;
  i64 steps_ = 0;
  std::vector<Moments> moments_;  // of the trained weights, in the order of Model::weights()
};

// b_i −= speed if the load of expert i is above the mean, b_i += speed if it is below.
// V3 §2.1.2. Raises the versions of the biases.
void update_router_biases(const Model& model, const RouteObserver& routes, double speed);

}  // namespace r1
