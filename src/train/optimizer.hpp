// AdamW (Loshchilov & Hutter 2019, as torch.optim.AdamW computes it) over a model's trainable weights, with the
// global-norm clip and V3's routing-bias update.
#pragma once
#include <vector>

#include "core/pass.hpp"
#include "core/weight.hpp"
#include "train/config.hpp"

namespace r1 {

class Model;

// Learning rate of step `step` (0-based): linear warm-up to lr, then the schedule down to lr_min.
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

  // L2 norm over all gradients, in double, summed in a fixed order.
  double grad_norm(ThreadPool& pool, const cpu::Kernels& kernels) const;
  // One update with the gradients scaled to clip_norm if `norm` exceeds it; raises versions and clears gradients.
  void step(ThreadPool& pool, const cpu::Kernels& kernels, double lr, double norm);
  std::string first_not_finite() const;  // name of the first weight or gradient with a NaN or infinity; empty: none

  i64 steps_taken() const { return steps_; }
  void set_steps_taken(i64 n) { steps_ = n; }
  std::vector<Moments>& moments() { return moments_; }
  const std::vector<Moments>& moments() const { return moments_; }

 private:
  double beta1_, beta2_, eps_, weight_decay_, clip_norm_;
  i64 steps_ = 0;
  std::vector<Moments> moments_;  // in Model::weights() order, those that are trained
};

// b_i −= speed where expert i took more than the mean load, += where less. V3 §2.1.2. Biases' versions are raised.
void update_router_biases(const Model& model, const RouteObserver& routes, double speed);

}  // namespace r1
