#include "train/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/math.hpp"
#include "model/model.hpp"
#include "ops/optimizer.hpp"

namespace r1 {
namespace {

// 1 at the start of the decay, 0 at its end and later.
double half_cosine(i64 done, i64 length) {
  if (done <= 0) return 1;
  if (done >= length) return 0;
  return 0.5 * (1 + exact_sincos(std::numbers::pi * static_cast<double>(done) / static_cast<double>(length)).cos);
}

}  // namespace

double learning_rate(const TrainConfig& c, i64 step) {
  if (step < c.warmup_steps) return c.lr * static_cast<double>(step + 1) / static_cast<double>(c.warmup_steps);
  const i64 start = c.schedule == "cosine" ? c.warmup_steps : std::max(c.decay_start, c.warmup_steps);
  return c.lr_min + (c.lr - c.lr_min) * half_cosine(step - start, c.steps - start);
}

double mtp_weight_at(const TrainConfig& c, i64 step) {
  return c.mtp_later_step >= 0 && step >= c.mtp_later_step ? c.mtp_weight_later : c.mtp_weight;
}

double bias_speed_at(const TrainConfig& c, i64 step) {
  return c.bias_update_stop >= 0 && step >= c.bias_update_stop ? 0 : c.bias_update_speed;
}

Optimizer::Optimizer(const Model& model, const TrainConfig& config)
    : beta1_(config.beta1),
      beta2_(config.beta2),
      eps_(config.eps),
      weight_decay_(config.weight_decay),
      clip_norm_(config.clip_norm) {
  // An MTP module (multi-token prediction) that no loss ever reaches is not trained: weight decay would only shrink it.
  const bool mtp = config.mtp_weight > 0 || (config.mtp_later_step >= 0 && config.mtp_weight_later > 0);
  for (const Weight& w : model.weights()) {
    if (!w.trainable() || (!mtp && model.in_mtp(w))) continue;
    const auto n = static_cast<size_t>(w.size());
    moments_.push_back({w, std::vector<float>(n), std::vector<float>(n)});
  }
}

double Optimizer::grad_norm(ThreadPool& pool, const cpu::Kernels& kernels) const {
  std::vector<Weight> weights;
  for (const Moments& m : moments_) weights.push_back(m.weight);
  return std::sqrt(grad_sum_squares(pool, kernels, weights));
}

void Optimizer::step(ThreadPool& pool, const cpu::Kernels& kernels, double lr, double norm) {
  const double scale = clip_norm_ > 0 && norm > clip_norm_ ? clip_norm_ / norm : 1;
  std::vector<AdamWTarget> targets;
  for (Moments& m : moments_) targets.push_back({m.weight, m.m.data(), m.v.data(), m.weight.rows() > 1});
  adamw_step(pool, kernels, targets,
             {.lr = static_cast<float>(lr),
              .beta1 = static_cast<float>(beta1_),
              .beta2 = static_cast<float>(beta2_),
              .eps = static_cast<float>(eps_),
              .weight_decay = static_cast<float>(weight_decay_),
              .grad_scale = static_cast<float>(scale),
              .step = ++steps_});
}

std::string Optimizer::first_not_finite() const {
  const auto all_finite = [](const float* x, i64 n) {
    return std::all_of(x, x + n, [](float f) { return std::isfinite(f); });
  };
  for (const Moments& m : moments_)
    if (!all_finite(m.weight.f32(), m.weight.size())) return m.weight.name();
  for (const Moments& m : moments_)
    if (!all_finite(m.weight.grad(), m.weight.size())) return "the gradient of " + m.weight.name();
  return {};
}

void update_router_biases(const Model& model, const RouteObserver& routes, double speed) {
  const auto& biases = model.router_biases();
  const auto step = static_cast<float>(speed);
  for (size_t l = 0; l < std::min(biases.size(), routes.load.size()); ++l) {
    const auto& load = routes.load[l];
    if (!biases[l] || load.empty() || step == 0) continue;
    R1_CHECK(std::ssize(load) == biases[l].size(), "router bias {}: {} loads", biases[l].shape(), load.size());
    i64 total = 0;
    for (const i64 n : load) total += n;
    float* b = biases[l].f32();
    for (size_t e = 0; e < load.size(); ++e) {
      const i64 above_mean = load[e] * std::ssize(load) - total;  // times the number of experts
      b[e] += above_mean > 0 ? -step : above_mean < 0 ? step : 0.0f;
    }
    biases[l].bump();
  }
}

}  // namespace r1
