#include "train/learner.hpp"

#include <algorithm>
#include <cmath>

#include "ops/ops.hpp"

namespace r1 {
namespace {

double largest_load(const RouteObserver& routes) {
  double most = 0;
  for (const auto& layer : routes.load) {
    i64 total = 0, top = 0;
    for (const i64 n : layer) total += n, top = std::max(top, n);
    const double mean = static_cast<double>(total) / static_cast<double>(layer.size());
    if (total > 0) most = std::max(most, static_cast<double>(top) / mean);
  }
  return most;
}

std::span<float> column(const Tensor& t) { return {t.data(), static_cast<size_t>(t.size())}; }

double sum_of(std::span<const float> x) {
  double sum = 0;
  for (const float f : x) sum += static_cast<double>(f);
  return sum;
}

double weighted_sum(const MicroBatch& batch, const LossRows& rows) {
  double sum = 0;
  for (size_t r = 0; r < rows.nll.size(); ++r) {
    const float weight = batch.weights.empty() ? 1.0f : batch.weights[r];
    rows.gradient[r] = weight;
    sum += static_cast<double>(weight) * static_cast<double>(rows.nll[r]);
  }
  return sum;
}

}  // namespace

RowLoss likelihood_loss(const StepBatch& batch) {
  return {.rows = weighted_sum, .denominator = static_cast<double>(batch.targets)};
}

Learner::Learner(const TrainConfig& config, const cpu::Kernels& kernels)
    : config_(config),
      kernels_(kernels),
      pool_(config.threads > 0 ? static_cast<int>(config.threads) : ThreadPool::default_threads()) {}

void Learner::set_model(std::unique_ptr<Model> model) {
  model_ = std::move(model);
  optimizer_.emplace(*model_, config_);
}

Pass Learner::pass(const Batch& batch) {
  return {.batch = batch, .arena = arena_, .pool = pool_, .kernels = kernels_, .numerics = numerics()};
}

void Learner::compute_gradients(const StepBatch& batch, const RowLoss& loss, StepMetrics& m) {
  routes_ = {};
  routes_.balance_weight = static_cast<float>(config_.balance_alpha / static_cast<double>(batch.sequences));
  const double mtp_weight = model_->info().mtp_layers > 0 ? mtp_weight_at(config_, m.step - 1) : 0;
  for (const MicroBatch& micro : batch.micro) add_gradients(micro, loss, mtp_weight, batch.targets, m);
  m.loss /= loss.denominator;
  m.mtp_loss /= static_cast<double>(batch.targets);
  m.balance_loss = routes_.balance_loss;
  m.load_max = largest_load(routes_);
  m.grad_norm = optimizer_->grad_norm(pool_, kernels_);
}

// Forward and backward pass of one micro-batch.
void Learner::add_gradients(const MicroBatch& batch, const RowLoss& loss, double mtp_weight, i64 targets,
                            StepMetrics& m) {
  Tape tape(arena_);
  Pass p = pass(batch.batch);
  p.tape = &tape, p.routes = &routes_, p.recompute = config_.recompute;
  if (!batch.routes.empty()) p.replay_routes = &batch.routes;
  const Output out = model_->forward(p);
  Tensor entropy;
  const Tensor nll = linear_cross_entropy(p, out.hidden, model_->head(), batch.targets, loss.temperature,
                                          loss.wants_entropy ? &entropy : nullptr);
  const auto gradient = column(tape.grads()[nll]);
  m.loss += loss.rows(batch, {column(nll), column(entropy), gradient});
  for (float& g : gradient) g = static_cast<float>(static_cast<double>(g) / loss.denominator);
  if (mtp_weight > 0) {
    const Tensor mtp_hidden = model_->mtp(p, out.hidden, batch.next);
    const Tensor mtp_nll = linear_cross_entropy(p, mtp_hidden, model_->head(), batch.mtp_targets);
    m.mtp_loss += sum_of(column(mtp_nll));
    const auto seed = column(tape.grads()[mtp_nll]);
    std::fill(seed.begin(), seed.end(), static_cast<float>(mtp_weight / static_cast<double>(targets)));
  }
  tape.backward();
}

Status Learner::check_finite(const StepMetrics& m) const {
  if (std::isfinite(m.loss) && std::isfinite(m.mtp_loss) && std::isfinite(m.grad_norm)) return {};
  const std::string name = optimizer_->first_not_finite();
  return fail(Errc::corrupt, "step {}: loss {}, gradient norm {}: the first tensor that is not finite is {}", m.step,
              m.loss, m.grad_norm, name.empty() ? "an activation" : name);
}

void Learner::update(const StepMetrics& m) {
  optimizer_->step(pool_, kernels_, m.lr, m.grad_norm);
  update_router_biases(*model_, routes_, bias_speed_at(config_, m.step - 1));
}

Tensor Learner::score(const Model& model, const MicroBatch& batch, float temperature) {
  Pass p = pass(batch.batch);
  return linear_cross_entropy(p, model.forward(p).hidden, model.head(), batch.targets, temperature);
}

}  // namespace r1
