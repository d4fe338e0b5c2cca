#include "train/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "ops/device.hpp"
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

double sum_of(const Tensor& column) {
  double sum = 0;
  for (i64 r = 0; r < column.rows(); ++r) sum += static_cast<double>(column.data()[r]);
  return sum;
}

}  // namespace

TrainingRun::TrainingRun(const TrainConfig& config, const TrainHooks& hooks)
    : config_(config),
      hooks_(hooks),
      folder_(config.out, config.keep_checkpoints),
      learner_(config, hooks.kernels ? *hooks.kernels : active_kernels()) {}

// ---- opening -----------------------------------------------------------------------------------------------------

Status TrainingRun::open() {
  return folder_.open([&](const fs::path& newest) -> Status {
    const auto seed = static_cast<u64>(config_.seed);
    state_ = {.seed = seed, .level = level_name(learner_.kernels()), .version = R1_VERSION};
    fs::path tokenizer = newest;
    if (newest.empty()) {
      tokenizer = config_.tokenizer.empty() ? config_.model : config_.tokenizer;
      R1_TRY(start_new(seed));
    } else {
      R1_TRY(resume(newest));
    }
    tokenizer_ = R1_TRY(Tokenizer::open(tokenizer));
    R1_TRY(check_sizes(tokenizer));
    if (newest.empty() && config_.model.empty()) R1_TRY(check_ids(tokenizer));
    const ModelInfo& info = model().info();
    data_ = R1_TRY(open_data(config_, *tokenizer_, {info.bos, info.eos.empty() ? -1 : info.eos.front()}));
    R1_TRY(check_data());
    for (const std::string& line : data_->notes()) note(line);
    return folder_.start(to_toml(config_), state_, tokenizer);
  });
}

Status TrainingRun::start_new(u64 seed) {
  if (!config_.model.empty()) {
    learner_.set_model(R1_TRY(open_model(config_.model, Weights::trainable, hooks_.admit)));
    return {};
  }
  const std::string text = R1_TRY(read_file(config_.model_config));
  learner_.set_model(R1_TRY(create_model(text, config_.model_config, seed, Weights::trainable, hooks_.admit)));
  return {};
}

Status TrainingRun::resume(const fs::path& checkpoint) {
  const std::string config_path = folder_.config_path().string();
  const std::string config_text = R1_TRY(read_file(config_path));
  const TrainConfig before = R1_TRY(parse_train_config(config_text, config_path));
  if (const std::string difference = first_difference(before, config_); !difference.empty())
    return fail(Errc::invalid_argument, "{} holds a run with other settings: {}; choose another out or remove it",
                folder_.path().string(), difference);
  TrainState saved = R1_TRY(read_state(checkpoint));
  note_changes(saved, before);
  saved.seed = state_.seed, saved.level = state_.level, saved.version = state_.version;
  state_ = saved;

  learner_.set_model(R1_TRY(open_model(checkpoint, Weights::trainable, hooks_.admit)));
  R1_TRY(load_moments(checkpoint, learner_.optimizer()));
  learner_.optimizer().set_steps_taken(state_.optimizer_steps);
  note(fmt::format("resumed from {}", checkpoint.string()));
  return {};
}

void TrainingRun::note_changes(const TrainState& saved, const TrainConfig& before) const {
  for (const std::string& line : changes_since(saved, state_)) note(line);
  if (before.steps != config_.steps)
    note(fmt::format("steps was {}, now {}: the learning rate follows the new length from here on", before.steps,
                     config_.steps));
}

// Of a model that begins with random weights: whether config.json was written for this tokenizer.
Status TrainingRun::check_ids(const fs::path& tokenizer) const {
  const auto check = [&](const char* field, i32 id, std::optional<i32> role) -> Status {
    if (id < 0 || !role || id == *role) return {};
    return fail(Errc::invalid_argument, "{}: {} is {}, the tokenizer of {} has {}", config_.model_config, field, id,
                tokenizer.string(), *role);
  };
  const ModelInfo& info = model().info();
  const Tokenizer::Roles& roles = tokenizer_->roles();
  R1_TRY(check("bos_token_id", info.bos, roles.bos));
  return check("eos_token_id", info.eos.empty() ? -1 : info.eos.front(), roles.eos);
}

Status TrainingRun::check_sizes(const fs::path& tokenizer) const {
  const ModelInfo& info = model().info();
  if (tokenizer_->size() > info.vocab)
    return fail(Errc::invalid_argument, "{}: the tokenizer has {} tokens, the model's vocabulary only {}",
                tokenizer.string(), tokenizer_->size(), info.vocab);
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
                folder_.path().string());
  state_.data = fingerprint;
  return {};
}

// ---- one step ----------------------------------------------------------------------------------------------------

Status TrainingRun::step() {
  StepMetrics m = R1_TRY(optimizer_step());
  const auto due = [&](i64 every) { return every > 0 && (m.step % every == 0 || m.step == config_.steps); };
  last_loss_ = m.loss;
  const bool validates = due(config_.validation_every);
  if (validates) m.validation_loss = last_validation_ = R1_TRY(validate());
  if (due(config_.log_every) || validates) R1_TRY(folder_.append(m));
  if (hooks_.progress) hooks_.progress(m);
  if (due(config_.save_every) || stop_requested()) R1_TRY(folder_.save(state_, model(), learner_.optimizer()));
  return {};
}

Result<StepMetrics> TrainingRun::optimizer_step() {
  const auto start = Clock::now();
  const StepBatch batch =
      R1_TRY(take_step(*data_, Split::train, state_.next_sample, config_.batch_tokens, config_.micro_batch_tokens));
  StepMetrics m = new_metrics(batch);
  learner_.compute_gradients(batch, likelihood_loss(batch), m);
  R1_TRY(check_sound(m));
  learner_.update(m);
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

// Runs before the update and stops a run that has gone wrong, so that only sound weights are saved. The loss may jump
// for some steps and recover; a loss above three times the running mean plus two nats does not recover.
Status TrainingRun::check_sound(const StepMetrics& m) const {
  if (const Status finite = learner_.check_finite(m); !finite)
    return fail(finite.error().code, "{}; {}", finite.error().what, folder_.last_good_checkpoint());
  if (m.step > 20 && m.loss > 3 * state_.loss_average + 2)
    return fail(Errc::corrupt, "step {}: loss {:.4f} has exploded (running mean {:.4f}): lower lr; {}", m.step, m.loss,
                state_.loss_average, folder_.last_good_checkpoint());
  return {};
}

void TrainingRun::advance_state(const StepBatch& batch, const StepMetrics& m) {
  ++state_.step;
  state_.optimizer_steps = learner_.optimizer().steps_taken();
  state_.next_sample = batch.next;
  state_.tokens = m.total_tokens;
  state_.loss_average = state_.step == 1 ? m.loss : 0.95 * state_.loss_average + 0.05 * m.loss;
}

void TrainingRun::measure_speed(const StepBatch& batch, double seconds, StepMetrics& m) {
  m.time_step_s = seconds;
  seconds_per_step_ = seconds_per_step_ > 0 ? 0.9 * seconds_per_step_ + 0.1 * seconds : seconds;
  m.time_tokens_per_s = static_cast<double>(batch.tokens) / seconds;
  m.time_gflops = 1e-9 * step_flops(model().info(), model().kv_layout({}), batch) / seconds;
  m.time_left_s = seconds_per_step_ * static_cast<double>(config_.steps - state_.step);
}

Result<double> TrainingRun::validate() {
  if (!validation_)
    validation_ = R1_TRY(take_step(*data_, Split::test, 0, config_.validation_tokens, config_.micro_batch_tokens));
  double sum = 0;
  for (const MicroBatch& m : validation_->micro) sum += sum_of(learner_.score(m));
  return sum / static_cast<double>(validation_->targets);
}

// ---- the loop ----------------------------------------------------------------------------------------------------

Result<TrainResult> TrainingRun::finish() {
  const bool already_finished = finished();
  while (!finished()) {
    if (stop_requested()) {
      if (folder_.saved_step() != state_.step) R1_TRY(folder_.save(state_, model(), learner_.optimizer()));
      return fail(Errc::interrupted,
                  "interrupted after step {} of {}; everything is saved in {}; the same command goes on", state_.step,
                  config_.steps, folder_.checkpoint(state_.step).string());
    }
    R1_TRY(step());
  }
  return TrainResult{state_.step, last_loss_, last_validation_, already_finished,
                     folder_.checkpoint(folder_.saved_step())};
}

Result<TrainResult> train(const TrainConfig& config, const TrainHooks& hooks) {
  TrainingRun run(config, hooks);
  R1_TRY(run.open());
  return run.finish();
}

}  // namespace r1
