#include "train/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "ops/device.hpp"
#include "ops/ops.hpp"
#include "train/training_run.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// The floating-point operations of a step's forward and backward pass, without recomputation: 6 per active parameter
// and token, and 3·2·(nope + rope + v) per head, layer and pair of a token and a key that it sees. Multi-token
// prediction counts as one more layer, its projection and a second head.
double step_flops(const ModelInfo& info, const KvLayout& kv, const StepBatch& step) {
  const auto hidden = static_cast<double>(info.hidden), head = hidden * static_cast<double>(info.vocab);
  const auto active = static_cast<double>(info.active_parameters);
  const double layer = (active - head) / static_cast<double>(std::max<i64>(info.layers, 1));
  const double mtp = static_cast<double>(info.mtp_layers) * (layer + 2 * hidden * hidden + head);
  const auto per_pair = static_cast<double>(kv.layers * info.heads * (kv.nope + kv.rope + kv.v));
  return 6 * (active + mtp) * static_cast<double>(step.tokens) +
         6 * per_pair * static_cast<double>(step.attention_pairs);
}

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

double sum_of(const Tensor& column) {
  double sum = 0;
  for (i64 r = 0; r < column.rows(); ++r) sum += static_cast<double>(column.data()[r]);
  return sum;
}

}  // namespace

TrainingRun::TrainingRun(const TrainConfig& config, const TrainHooks& hooks)
    : config_(config),
      hooks_(hooks),
      kernels_(hooks.kernels ? *hooks.kernels : active_kernels()),
      pool_(config.threads > 0 ? static_cast<int>(config.threads) : ThreadPool::default_threads()),
      folder_(config.out) {}

Pass TrainingRun::pass(const Batch& batch) {
  const DType matmul = config_.matmul == "bf16" ? DType::bf16 : DType::f32;
  return {.batch = batch, .arena = arena_, .pool = pool_, .kernels = kernels_, .numerics = {.matmul = matmul}};
}

// ---- opening -----------------------------------------------------------------------------------------------------

Status TrainingRun::open() {
  std::error_code code;
  fs::path existing = fs::absolute(folder_, code);
  while (!existing.empty() && existing != existing.root_path() && !fs::exists(existing, code))
    existing = existing.parent_path();
  const bool is_new = !fs::exists(folder_, code);
  fs::create_directories(folder_ / "checkpoints", code);
  if (code) return fail(Errc::io, "{}: cannot create: {}", folder_.string(), code.message());
  lock_.emplace(R1_TRY(FileLock::of_folder(folder_)));
  Status opened = open_locked();
  if (opened || !is_new) return opened;
  // The run has not begun, so the folders made for it go again.
  fs::remove_all(folder_, code);
  for (fs::path at = fs::absolute(folder_, code).parent_path(); at.has_relative_path() && at != existing;
       at = at.parent_path())
    if (!fs::remove(at, code)) break;
  return opened;
}

Status TrainingRun::open_locked() {
  const auto seed = static_cast<u64>(config_.seed);
  state_ = {.seed = seed, .level = level_name(kernels_), .version = R1_VERSION};
  const std::vector<i64> saved = R1_TRY(list_checkpoints(folder_));
  if (saved.empty()) R1_TRY(start_new(seed));
  else R1_TRY(resume(checkpoint_path(folder_, saved.back())));

  tokenizer_ = R1_TRY(Tokenizer::open(tokenizer_path_));
  R1_TRY(check_sizes());
  const ModelInfo& info = model_->info();
  data_ = R1_TRY(open_data(config_, *tokenizer_, {info.bos, info.eos.empty() ? -1 : info.eos.front()}));
  R1_TRY(check_data());
  for (const std::string& line : data_->notes()) note(line);

  remove_old_checkpoints(folder_, config_.keep_checkpoints);
  R1_TRY(write_file(folder_ / "config.toml", to_toml(config_)));
  metrics_.emplace(R1_TRY(MetricsFile::open(folder_ / "metrics.jsonl", state_.metrics_bytes)));
  return {};
}

Status TrainingRun::start_new(u64 seed) {
  tokenizer_path_ = config_.tokenizer.empty() ? config_.model : config_.tokenizer;
  if (!config_.model.empty()) {
    model_ = R1_TRY(open_model(config_.model, Weights::trainable, hooks_.admit));
  } else {
    const std::string text = R1_TRY(read_file(config_.model_config));
    model_ = R1_TRY(create_model(text, config_.model_config, seed, Weights::trainable, hooks_.admit));
  }
  optimizer_.emplace(*model_, config_);
  return {};
}

Status TrainingRun::resume(const fs::path& checkpoint) {
  const std::string config_path = (folder_ / "config.toml").string();
  const std::string config_text = R1_TRY(read_file(config_path));
  const TrainConfig before = R1_TRY(parse_train_config(config_text, config_path));
  if (const std::string difference = first_difference(before, config_); !difference.empty())
    return fail(Errc::invalid_argument, "{} holds a run with other settings: {}; choose another out or remove it",
                folder_.string(), difference);
  TrainState saved = R1_TRY(read_state(checkpoint));
  note_changes(saved, before);
  saved.seed = state_.seed, saved.level = state_.level, saved.version = state_.version;
  state_ = saved;

  tokenizer_path_ = checkpoint;
  model_ = R1_TRY(open_model(checkpoint, Weights::trainable, hooks_.admit));
  optimizer_.emplace(*model_, config_);
  R1_TRY(load_moments(checkpoint, *optimizer_));
  optimizer_->set_steps_taken(state_.optimizer_steps);
  saved_step_ = state_.step;
  note(fmt::format("resumed from {}", checkpoint.string()));
  return {};
}

void TrainingRun::note_changes(const TrainState& saved, const TrainConfig& before) const {
  if (saved.level != state_.level)
    note(
        fmt::format("saved with kernel level {}, resuming with {}: the result will be close to that of {}, but not "
                    "equal bit for bit",
                    saved.level, state_.level, saved.level));
  if (saved.version != state_.version)
    note(
        fmt::format("saved by version {}, resuming with {}: the bits are those of {} only if no change between the "
                    "versions touched training",
                    saved.version, state_.version, saved.version));
  if (before.steps != config_.steps)
    note(fmt::format("steps was {}, now {}: the learning rate follows the new length from here on", before.steps,
                     config_.steps));
}

Status TrainingRun::check_sizes() const {
  const ModelInfo& info = model_->info();
  if (tokenizer_->size() > info.vocab)
    return fail(Errc::invalid_argument, "{}: the tokenizer has {} tokens, the model's vocabulary only {}",
                tokenizer_path_.string(), tokenizer_->size(), info.vocab);
  if (info.context > 0 && config_.sequence_length > info.context)
    return fail(Errc::invalid_argument, "sequence_length {} is beyond the model's context of {}",
                config_.sequence_length, info.context);
  if (config_.sequence_length > config_.batch_tokens)
    return fail(Errc::invalid_argument, "sequence_length {} is more than batch_tokens {}", config_.sequence_length,
                config_.batch_tokens);
  if (config_.sequence_length > config_.micro_batch_tokens)
    return fail(Errc::invalid_argument, "sequence_length {} is more than micro_batch_tokens {}",
                config_.sequence_length, config_.micro_batch_tokens);
  return {};
}

// The position in the data is a counter of samples. With changed files it would point to other rows, so the run could
// neither be repeated nor be continued.
Status TrainingRun::check_data() {
  const std::string fingerprint = fmt::format("{:016x}", data_->fingerprint());
  if (!state_.data.empty() && state_.data != fingerprint)
    return fail(Errc::invalid_argument,
                "{}: the run's data files have changed since its last checkpoint: put them back or choose another out",
                folder_.string());
  state_.data = fingerprint;
  return {};
}

// ---- one step ----------------------------------------------------------------------------------------------------

Status TrainingRun::step() {
  StepMetrics m = R1_TRY(optimizer_step());
  const auto due = [&](i64 every) { return every > 0 && (m.step % every == 0 || m.step == config_.steps); };
  last_loss_ = m.loss;
  if (due(config_.validation_every)) m.validation_loss = last_validation_ = R1_TRY(validate());
  if (due(config_.log_every) || m.validation_loss >= 0) R1_TRY(explain_failed_write(metrics_->append(m)));
  if (hooks_.progress) hooks_.progress(m);
  if (due(config_.save_every) || stop_requested()) R1_TRY(save());
  return {};
}

Result<StepMetrics> TrainingRun::optimizer_step() {
  const auto start = Clock::now();
  const StepBatch batch =
      R1_TRY(take_step(*data_, Split::train, state_.next_sample, config_.batch_tokens, config_.micro_batch_tokens));
  if (batch.targets == 0)
    return fail(Errc::invalid_argument, "step {}: the batch has no token to learn; check the data and sequence_length",
                state_.step + 1);
  StepMetrics m = new_metrics(batch);
  RouteObserver routes;
  compute_gradients(batch, routes, m);
  R1_TRY(check_sound(m));
  update_weights(routes, m);
  advance_state(batch, m);
  measure_speed(batch, seconds_since(start), m);
  return m;
}

StepMetrics TrainingRun::new_metrics(const StepBatch& batch) const {
  StepMetrics m;
  m.step = state_.step + 1, m.steps = config_.steps, m.lr = learning_rate(config_, state_.step);
  m.tokens = batch.tokens, m.targets = batch.targets, m.sequences = batch.sequences, m.skipped = batch.skipped;
  m.total_tokens = state_.tokens + batch.tokens;
  return m;
}

void TrainingRun::compute_gradients(const StepBatch& batch, RouteObserver& routes, StepMetrics& m) {
  routes.balance_weight = static_cast<float>(config_.balance_alpha / static_cast<double>(batch.sequences));
  const double mtp_weight = model_->info().mtp_layers > 0 ? mtp_weight_at(config_, state_.step) : 0;
  for (const MicroBatch& micro : batch.micro) add_gradients(micro, routes, m, mtp_weight);
  m.loss /= static_cast<double>(batch.targets);
  m.mtp_loss /= static_cast<double>(batch.targets);
  m.balance_loss = routes.balance_loss;
  m.load_max = largest_load(routes);
  m.grad_norm = optimizer_->grad_norm(pool_, kernels_);
}

// Forward and backward pass of one micro-batch. The gradient of a token's loss is its weight divided by the targets of
// the whole step, so that the gradients of the micro-batches add up to that of the mean loss.
void TrainingRun::add_gradients(const MicroBatch& batch, RouteObserver& routes, StepMetrics& m, double mtp_weight) {
  Tape tape(arena_);
  Pass p = pass(batch.batch);
  p.tape = &tape, p.routes = &routes, p.recompute = config_.recompute;
  const auto seed_gradient = [&](const Tensor& nll, double weight) {
    const Tensor g = tape.grads()[nll];
    std::fill_n(g.data(), g.size(), static_cast<float>(weight / static_cast<double>(m.targets)));
  };
  const Output out = model_->forward(p);
  const Tensor nll = linear_cross_entropy(p, out.hidden, model_->head(), batch.targets);
  m.loss += sum_of(nll);
  seed_gradient(nll, 1);
  if (mtp_weight > 0) {
    const Tensor mtp_hidden = model_->mtp(p, out.hidden, batch.next);
    const Tensor mtp_nll = linear_cross_entropy(p, mtp_hidden, model_->head(), batch.mtp_targets);
    m.mtp_loss += sum_of(mtp_nll);
    seed_gradient(mtp_nll, mtp_weight);
  }
  tape.backward();
}

// Runs before the update and stops a run that has gone wrong, so that only sound weights are saved. The loss may jump
// for some steps and recover; a loss above three times the running mean plus two nats does not recover.
Status TrainingRun::check_sound(const StepMetrics& m) const {
  if (!std::isfinite(m.loss) || !std::isfinite(m.mtp_loss) || !std::isfinite(m.grad_norm)) {
    const std::string name = optimizer_->first_not_finite();
    return fail(Errc::corrupt, "step {}: loss {}, gradient norm {}: the first tensor that is not finite is {}; {}",
                m.step, m.loss, m.grad_norm, name.empty() ? "an activation" : name, last_good_checkpoint());
  }
  if (m.step > 20 && m.loss > 3 * state_.loss_average + 2)
    return fail(Errc::corrupt, "step {}: loss {:.4f} has exploded (running mean {:.4f}): lower lr; {}", m.step, m.loss,
                state_.loss_average, last_good_checkpoint());
  return {};
}

void TrainingRun::update_weights(const RouteObserver& routes, const StepMetrics& m) {
  optimizer_->step(pool_, kernels_, m.lr, m.grad_norm);
  update_router_biases(*model_, routes, bias_speed_at(config_, state_.step));
}

void TrainingRun::advance_state(const StepBatch& batch, const StepMetrics& m) {
  ++state_.step;
  state_.optimizer_steps = optimizer_->steps_taken();
  state_.next_sample = batch.next;
  state_.tokens = m.total_tokens;
  state_.loss_average = state_.step == 1 ? m.loss : 0.95 * state_.loss_average + 0.05 * m.loss;
}

void TrainingRun::measure_speed(const StepBatch& batch, double seconds, StepMetrics& m) {
  m.time_step_s = seconds;
  seconds_per_step_ = seconds_per_step_ > 0 ? 0.9 * seconds_per_step_ + 0.1 * seconds : seconds;
  m.time_tokens_per_s = static_cast<double>(batch.tokens) / seconds;
  m.time_gflops = 1e-9 * step_flops(model_->info(), model_->kv_layout({}), batch) / seconds;
  m.time_left_s = seconds_per_step_ * static_cast<double>(config_.steps - state_.step);
}

Result<double> TrainingRun::validate() {
  if (!validation_)
    validation_ = R1_TRY(take_step(*data_, Split::test, 0, config_.validation_tokens, config_.micro_batch_tokens));
  double sum = 0;
  for (const MicroBatch& m : validation_->micro) {
    Pass p = pass(m.batch);
    sum += sum_of(linear_cross_entropy(p, model_->forward(p).hidden, model_->head(), m.targets));
  }
  return sum / static_cast<double>(std::max<i64>(validation_->targets, 1));
}

// ---- saving ------------------------------------------------------------------------------------------------------

Status TrainingRun::save() {
  R1_TRY(explain_failed_write(metrics_->sync()));
  state_.metrics_bytes = metrics_->bytes();
  R1_TRY(explain_failed_write(save_checkpoint(folder_, state_, *model_, *optimizer_, tokenizer_path_)));
  saved_step_ = state_.step;
  tokenizer_path_ = checkpoint_path(folder_, state_.step);  // the next line may remove the previous checkpoint
  remove_old_checkpoints(folder_, config_.keep_checkpoints);
  return {};
}

// After a failed write the previous checkpoint is still good; the error says where it is.
Status TrainingRun::explain_failed_write(Status status) const {
  if (status) return status;
  return fail(status.error().code, "step {} could not be saved: {}; {}; make room and run the same command again",
              state_.step, status.error().what, last_good_checkpoint());
}

std::string TrainingRun::last_good_checkpoint() const {
  const auto steps = list_checkpoints(folder_);
  if (!steps) return steps.error().what;
  return steps->empty() ? "there is no checkpoint yet"
                        : "the last good checkpoint is " + checkpoint_path(folder_, steps->back()).string();
}

// ---- the loop ----------------------------------------------------------------------------------------------------

Result<TrainResult> TrainingRun::finish() {
  const bool already_finished = finished();
  while (!finished()) {
    if (stop_requested()) {
      if (saved_step_ != state_.step) R1_TRY(save());
      return fail(Errc::interrupted,
                  "interrupted after step {} of {}; everything is saved in {}; the same command goes on", state_.step,
                  config_.steps, checkpoint_path(folder_, state_.step).string());
    }
    R1_TRY(step());
  }
  return TrainResult{state_.step, last_loss_, last_validation_, already_finished,
                     checkpoint_path(folder_, saved_step_)};
}

Result<TrainResult> train(const TrainConfig& config, const TrainHooks& hooks) {
  TrainingRun run(config, hooks);
  R1_TRY(run.open());
  return run.finish();
}

}  // namespace r1
