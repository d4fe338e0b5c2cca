#include "train/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/file.hpp"
#include "ops/device.hpp"
#include "ops/ops.hpp"
#include "text/tokenizer.hpp"
#include "train/checkpoint.hpp"
#include "train/data.hpp"
#include "train/metrics.hpp"
#include "train/optimizer.hpp"
#include "train/packing.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Operations of one step's forward and backward, recomputation not counted: 6 per active parameter and token, and
// 3·2·(nope + rope + v) per head, layer and pair of a token with a key. MTP is one more layer, its projection and a
// second head.
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

class Run {
 public:
  Run(const TrainConfig& config, const TrainHooks& hooks)
      : config_(config),
        hooks_(hooks),
        kernels_(hooks.kernels ? *hooks.kernels : active_kernels()),
        pool_(config.threads > 0 ? static_cast<int>(config.threads) : ThreadPool::default_threads()) {}

  Status open();
  Result<TrainResult> loop();

 private:
  Status start_or_resume();
  Status check_fits();
  Status check_data();
  Result<StepMetrics> one_step();
  void run_micro_batch(const MicroBatch& m, RouteObserver& routes, StepMetrics& metrics, double mtp_weight);
  Status check_sound(const StepMetrics& m);
  Result<double> validate();
  Status after_step(StepMetrics& m);
  Status written(Status status) const;
  Status save();
  void note(const std::string& line) const {
    if (hooks_.note) hooks_.note(line);
  }
  bool stop_asked() const { return hooks_.stop && hooks_.stop->load(); }
  std::string last_good() const;
  Pass pass(const Batch& batch) {
    const DType matmul = config_.matmul == "bf16" ? DType::bf16 : DType::f32;
    return {.batch = batch, .arena = arena_, .pool = pool_, .kernels = kernels_, .numerics = {.matmul = matmul}};
  }

  TrainConfig config_;
  const TrainHooks& hooks_;
  const cpu::Kernels& kernels_;
  ThreadPool pool_;
  Arena arena_;
  std::optional<FileLock> lock_;
  fs::path run_, tokenizer_path_;
  std::unique_ptr<Model> model_;
  std::optional<Tokenizer> tokenizer_;
  std::optional<Optimizer> optimizer_;
  std::optional<MetricsFile> metrics_;
  std::unique_ptr<Data> data_;
  std::optional<StepBatch> validation_;
  TrainState state_;
  i64 saved_step_ = -1;
  double last_loss_ = 0, last_validation_ = -1, seconds_per_step_ = 0;
};

// ---- opening -----------------------------------------------------------------------------------------------------

Status Run::open() {
  run_ = config_.out;
  std::error_code code;
  fs::create_directories(run_ / "checkpoints", code);
  if (code) return fail(Errc::io, "{}: cannot create: {}", run_.string(), code.message());
  lock_.emplace(R1_TRY(FileLock::of_folder(run_)));
  R1_TRY(start_or_resume());
  tokenizer_ = R1_TRY(Tokenizer::open(tokenizer_path_));
  R1_TRY(check_fits());
  const ModelInfo& info = model_->info();
  data_ = R1_TRY(open_data(config_, *tokenizer_, {info.bos, info.eos.empty() ? -1 : info.eos.front()}));
  R1_TRY(check_data());
  remove_old_checkpoints(run_, config_.keep_checkpoints);
  R1_TRY(write_file(run_ / "config.toml", to_toml(config_)));
  metrics_.emplace(R1_TRY(MetricsFile::open(run_ / "metrics.jsonl", state_.metrics_bytes)));
  return {};
}

Status Run::start_or_resume() {
  const auto steps = R1_TRY(list_checkpoints(run_));
  const auto seed = static_cast<u64>(config_.seed);
  state_ = {.seed = seed, .level = level_name(kernels_), .version = R1_VERSION};
  if (steps.empty()) {
    tokenizer_path_ = config_.tokenizer.empty() ? config_.model : config_.tokenizer;
    if (!config_.model.empty()) {
      model_ = R1_TRY(open_model(config_.model, true));
    } else {
      const std::string text = R1_TRY(read_file(config_.model_config));
      model_ = R1_TRY(create_model(text, config_.model_config, seed, true));
    }
    optimizer_.emplace(*model_, config_);
    return {};
  }
  const fs::path from = checkpoint_path(run_, steps.back());
  const std::string was_path = (run_ / "config.toml").string();
  const std::string was_text = R1_TRY(read_file(was_path));
  const TrainConfig was = R1_TRY(parse_train_config(was_text, was_path));
  if (const std::string difference = first_difference(was, config_); !difference.empty())
    return fail(Errc::invalid_argument, "{} holds a run with other settings: {}; choose another out or remove it",
                run_.string(), difference);
  TrainState saved = R1_TRY(read_state(from));
  if (saved.level != state_.level)
    note(fmt::format("saved on level {}, resuming on {}: close to, but no longer bit for bit, what {} would have given",
                     saved.level, state_.level, saved.level));
  if (saved.version != state_.version)
    note(
        fmt::format("saved by version {}, resuming with {}: the bits are those of {} only where no change between them "
                    "touched training",
                    saved.version, state_.version, saved.version));
  if (was.steps != config_.steps)
    note(fmt::format("steps was {}, now {}: the learning rate follows the new length from here on", was.steps,
                     config_.steps));
  saved.seed = seed, saved.level = state_.level, saved.version = state_.version;
  state_ = saved;
  tokenizer_path_ = from;
  model_ = R1_TRY(open_model(from, true));
  optimizer_.emplace(*model_, config_);
  R1_TRY(load_moments(from, *optimizer_));
  optimizer_->set_steps_taken(state_.optimizer_steps);
  saved_step_ = state_.step;
  note(fmt::format("resumed from {}", from.string()));
  return {};
}

Status Run::check_fits() {
  const ModelInfo& info = model_->info();
  if (tokenizer_->size() > info.vocab)
    return fail(Errc::invalid_argument, "{}: {} tokens, the model's vocabulary has {}", tokenizer_path_.string(),
                tokenizer_->size(), info.vocab);
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

// A counter into other rows would neither repeat the run nor go on with it.
Status Run::check_data() {
  const std::string now = fmt::format("{:016x}", data_->fingerprint());
  if (!state_.data.empty() && state_.data != now)
    return fail(Errc::invalid_argument,
                "{}: the run's data files have changed since its last checkpoint: put them back or choose another out",
                run_.string());
  state_.data = now;
  return {};
}

// ---- one step ----------------------------------------------------------------------------------------------------

void Run::run_micro_batch(const MicroBatch& m, RouteObserver& routes, StepMetrics& metrics, double mtp_weight) {
  Tape tape(arena_);
  Pass p = pass(m.batch);
  p.tape = &tape, p.routes = &routes, p.recompute = config_.recompute;
  const auto seed_gradient = [&](const Tensor& nll, double weight) {
    const Tensor g = tape.grads()[nll];
    std::fill_n(g.data(), g.size(), static_cast<float>(weight / static_cast<double>(metrics.targets)));
  };
  const Output out = model_->forward(p);
  const Tensor nll = linear_cross_entropy(p, out.hidden, model_->head(), m.targets);
  metrics.loss += sum_of(nll);
  seed_gradient(nll, 1);
  if (mtp_weight > 0) {
    const Tensor further = model_->mtp(p, out.hidden, m.next);
    const Tensor mtp_nll = linear_cross_entropy(p, further, model_->head(), m.mtp_targets);
    metrics.mtp_loss += sum_of(mtp_nll);
    seed_gradient(mtp_nll, mtp_weight);
  }
  tape.backward();
}

Result<StepMetrics> Run::one_step() {
  const auto start = Clock::now();
  if (hooks_.before_step) hooks_.before_step(*model_, state_.step);
  const StepBatch batch =
      R1_TRY(take_step(*data_, Split::train, state_.next_sample, config_.batch_tokens, config_.micro_batch_tokens));
  if (batch.targets == 0)
    return fail(Errc::invalid_argument, "step {}: no token to learn in the whole batch", state_.step + 1);
  StepMetrics m;
  m.step = state_.step + 1, m.steps = config_.steps, m.lr = learning_rate(config_, state_.step);
  m.tokens = batch.tokens, m.targets = batch.targets, m.sequences = batch.sequences, m.skipped = batch.skipped;
  m.micro_batches = static_cast<i64>(batch.micro.size()), m.total_tokens = state_.tokens + batch.tokens;
  RouteObserver routes;
  routes.balance_weight = static_cast<float>(config_.balance_alpha / static_cast<double>(batch.sequences));
  const double mtp_weight = model_->info().mtp_layers > 0 ? mtp_weight_at(config_, state_.step) : 0;
  for (const MicroBatch& micro : batch.micro) run_micro_batch(micro, routes, m, mtp_weight);
  m.loss /= static_cast<double>(batch.targets);
  m.mtp_loss /= static_cast<double>(batch.targets);
  m.balance_loss = routes.balance_loss;
  m.load_max = largest_load(routes);
  m.grad_norm = optimizer_->grad_norm(pool_, kernels_);
  R1_TRY(check_sound(m));
  optimizer_->step(pool_, kernels_, m.lr, m.grad_norm);
  update_router_biases(*model_, routes, bias_speed_at(config_, state_.step));
  ++state_.step;
  state_.optimizer_steps = optimizer_->steps_taken();
  state_.next_sample = batch.next;
  state_.tokens = m.total_tokens;
  state_.loss_average = state_.step == 1 ? m.loss : 0.95 * state_.loss_average + 0.05 * m.loss;
  m.time_step_s = seconds_since(start);
  seconds_per_step_ = seconds_per_step_ > 0 ? 0.9 * seconds_per_step_ + 0.1 * m.time_step_s : m.time_step_s;
  m.time_tokens_per_s = static_cast<double>(batch.tokens) / m.time_step_s;
  m.time_gflops = 1e-9 * step_flops(model_->info(), model_->kv_layout({}), batch) / m.time_step_s;
  m.time_left_s = seconds_per_step_ * static_cast<double>(config_.steps - state_.step);
  return m;
}

std::string Run::last_good() const {
  const auto steps = list_checkpoints(run_);
  if (!steps) return steps.error().what;
  return steps->empty() ? "there is no checkpoint yet"
                        : "the last good checkpoint is " + checkpoint_path(run_, steps->back()).string();
}

// A run that has gone wrong stops before the update, so that what is saved stays sound. Spikes happen; three times the
// running mean and two nats is beyond any that recovers by itself.
Status Run::check_sound(const StepMetrics& m) {
  if (!std::isfinite(m.loss) || !std::isfinite(m.mtp_loss) || !std::isfinite(m.grad_norm)) {
    const std::string name = optimizer_->first_not_finite();
    return fail(Errc::corrupt, "step {}: loss {}, gradient norm {}: the first tensor that is not finite is {}; {}",
                m.step, m.loss, m.grad_norm, name.empty() ? "an activation" : name, last_good());
  }
  if (m.step > 20 && m.loss > 3 * state_.loss_average + 2)
    return fail(Errc::corrupt, "step {}: loss {:.4f} has exploded (running mean {:.4f}): lower lr; {}", m.step, m.loss,
                state_.loss_average, last_good());
  return {};
}

Result<double> Run::validate() {
  if (!validation_)
    validation_ = R1_TRY(take_step(*data_, Split::test, 0, config_.validation_tokens, config_.micro_batch_tokens));
  double sum = 0;
  for (const MicroBatch& m : validation_->micro) {
    Pass p = pass(m.batch);
    sum += sum_of(linear_cross_entropy(p, model_->forward(p).hidden, model_->head(), m.targets));
  }
  return sum / static_cast<double>(std::max<i64>(validation_->targets, 1));
}

// ---- the loop ----------------------------------------------------------------------------------------------------

// What could not be written leaves the last checkpoint good; the user is told where it is.
Status Run::written(Status status) const {
  if (status) return status;
  return fail(status.error().code, "step {} could not be saved: {}; {}; make room and run the same command again",
              state_.step, status.error().what, last_good());
}

Status Run::save() {
  R1_TRY(written(metrics_->sync()));
  state_.metrics_bytes = metrics_->bytes();
  R1_TRY(written(save_checkpoint(run_, state_, *model_, *optimizer_, tokenizer_path_, hooks_.before_rename)));
  saved_step_ = state_.step;
  tokenizer_path_ = checkpoint_path(run_, state_.step);  // the one before may be removed now
  remove_old_checkpoints(run_, config_.keep_checkpoints);
  return {};
}

Status Run::after_step(StepMetrics& m) {
  const auto due = [&](i64 every) { return every > 0 && (m.step % every == 0 || m.step == config_.steps); };
  last_loss_ = m.loss;
  if (due(config_.validation_every)) m.validation_loss = last_validation_ = R1_TRY(validate());
  if (due(config_.log_every) || m.validation_loss >= 0) R1_TRY(written(metrics_->append(m)));
  if (hooks_.progress) hooks_.progress(m);
  if (due(config_.save_every) || stop_asked()) R1_TRY(save());
  return {};
}

Result<TrainResult> Run::loop() {
  const bool finished = state_.step >= config_.steps;
  while (state_.step < config_.steps) {
    if (stop_asked()) {
      if (saved_step_ != state_.step) R1_TRY(save());
      return fail(Errc::interrupted,
                  "interrupted after step {} of {}; everything is saved in {}; the same command goes on", state_.step,
                  config_.steps, checkpoint_path(run_, state_.step).string());
    }
    StepMetrics m = R1_TRY(one_step());
    R1_TRY(after_step(m));
  }
  return TrainResult{state_.step, last_loss_, last_validation_, finished, checkpoint_path(run_, saved_step_)};
}

}  // namespace

Result<TrainResult> train(const TrainConfig& config, const TrainHooks& hooks) {
  Run run(config, hooks);
  R1_TRY(run.open());
  return run.loop();
}

}  // namespace r1
