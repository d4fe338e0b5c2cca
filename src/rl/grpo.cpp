#include "rl/grpo.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>

#include "core/philox.hpp"
#include "formats/generation_config.hpp"
#include "formats/model_folder.hpp"
#include "ops/device.hpp"
#include "rl/grpo_run.hpp"
#include "rl/verdicts.hpp"
#include "session/session.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// A mean of what is added; 0 of nothing.
struct Mean {
  double sum = 0;
  i64 count = 0;
  void add(double x) { sum += x, ++count; }
  double value() const { return count > 0 ? sum / static_cast<double>(count) : 0; }
};

}  // namespace

GrpoRun::GrpoRun(const GrpoConfig& config, const TrainHooks& hooks)
    : config_(config),
      hooks_(hooks),
      folder_(config.out, config.keep_checkpoints),
      learner_(config, hooks.kernels ? *hooks.kernels : active_kernels()) {}

// ---- opening -----------------------------------------------------------------------------------------------------

Status GrpoRun::open() {
  loss_ = R1_TRY(policy_loss_of(config_));
  problems_ = R1_TRY(ProblemSource::open(config_));
  judge_.emplace(R1_TRY(Judge::open({}, problems_->needs_sandbox())));
  return folder_.open([&](const fs::path& newest) { return start(newest); });
}

Status GrpoRun::start(const fs::path& newest) {
  state_ = {.seed = static_cast<u64>(config_.seed), .level = level_name(learner_.kernels()), .version = R1_VERSION};
  const fs::path first_tokenizer = config_.tokenizer.empty() ? config_.model : config_.tokenizer;
  const fs::path tokenizer = newest.empty() ? first_tokenizer : newest;
  if (newest.empty()) learner_.set_model(R1_TRY(open_model(config_.model, Weights::trainable, hooks_.admit)));
  else R1_TRY(resume(newest));
  const std::string fingerprint = fmt::format("{:016x}", problems_->fingerprint());
  if (!state_.data.empty() && state_.data != fingerprint)
    return fail(Errc::invalid_argument,
                "{}: the run's problems have changed since its last checkpoint: put {} back or choose another out",
                folder_.path().string(), config_.file);
  state_.data = fingerprint;
  R1_TRY(open_engine(tokenizer));
  R1_TRY(open_reference());
  return folder_.start(to_toml(config_), state_, tokenizer);
}

Status GrpoRun::resume(const fs::path& checkpoint) {
  const std::string path = folder_.config_path().string();
  const GrpoConfig before = R1_TRY(parse_grpo_config(R1_TRY(read_file(path)), path));
  if (const std::string difference = first_difference(before, config_); !difference.empty())
    return fail(Errc::invalid_argument, "{} holds a run with other settings: {}; choose another out or remove it",
                folder_.path().string(), difference);
  TrainState saved = R1_TRY(read_state(checkpoint));
  for (const std::string& line : changes_since(saved, state_)) note(line);
  saved.seed = state_.seed, saved.level = state_.level, saved.version = state_.version;
  state_ = saved;
  learner_.set_model(R1_TRY(open_model(checkpoint, Weights::trainable, hooks_.admit)));
  R1_TRY(load_moments(checkpoint, learner_.optimizer()));
  learner_.optimizer().set_steps_taken(state_.optimizer_steps);
  note(fmt::format("resumed from {}", checkpoint.string()));
  return {};
}

Status GrpoRun::open_engine(const fs::path& tokenizer) {
  tokenizer_ = R1_TRY(Tokenizer::open(tokenizer));
  if (tokenizer_->size() > model().info().vocab)
    return fail(Errc::invalid_argument, "{}: the tokenizer has {} tokens, the model's vocabulary only {}",
                tokenizer.string(), tokenizer_->size(), model().info().vocab);
  chat_ = R1_TRY(ChatTemplate::open(tokenizer, *tokenizer_));
  stop_ids_ = stop_ids_of(model(), R1_TRY(read_generation_config(tokenizer)), *tokenizer_);
  EngineOptions o;
  o.kernels = &learner_.kernels(), o.pool = &learner_.pool(), o.numerics = learner_.numerics();
  o.max_sequences = config_.max_sequences;
  o.max_batch_tokens = std::max(o.max_batch_tokens, o.max_sequences);
  engine_.emplace(R1_TRY(Engine::create(model(), o)));
  return {};
}

fs::path GrpoRun::reference_path(i64 step) const { return folder_.path() / "reference" / fmt::format("{:06}", step); }

Status GrpoRun::open_reference() {
  if (loss_.kl_weight == 0) return {};
  const i64 every = config_.reference_every, step = every > 0 ? state_.step / every * every : 0;
  reference_ = R1_TRY(open_model(step == 0 ? fs::path(config_.model) : reference_path(step)));
  return {};
}

// ---- one step ----------------------------------------------------------------------------------------------------

Status GrpoRun::step() {
  const auto start = Clock::now();
  StepMetrics m;
  m.step = state_.step + 1, m.steps = config_.steps, m.lr = learning_rate(config_, state_.step);
  auto samples = R1_TRY(draw(m));
  const auto drawn = Clock::now();
  R1_TRY(update(std::move(samples), m));
  m.time_step_s = seconds_since(start);
  m.more.emplace_back("time_update_s", seconds_since(drawn));
  m.time_tokens_per_s = static_cast<double>(m.targets) / m.time_step_s;
  seconds_per_step_ = seconds_per_step_ > 0 ? 0.9 * seconds_per_step_ + 0.1 * m.time_step_s : m.time_step_s;

  ++state_.step;
  state_.optimizer_steps = learner_.optimizer().steps_taken();
  state_.next_sample += config_.groups;
  state_.tokens += m.tokens;
  m.total_tokens = state_.tokens;
  m.time_left_s = seconds_per_step_ * static_cast<double>(config_.steps - state_.step);
  last_loss_ = m.loss;

  const bool evaluates = due(config_.eval_every);
  if (evaluates) m.more.emplace_back("eval_accuracy", R1_TRY(evaluate()));
  if (due(config_.log_every) || evaluates) R1_TRY(folder_.append(m));
  if (hooks_.progress) hooks_.progress(m);
  R1_TRY(renew_reference());
  if (due(config_.save_every) || stop_requested()) R1_TRY(folder_.save(state_, model(), learner_.optimizer()));
  return {};
}

// Draws the groups, judges them and gives every sample its advantage. Samples that could not be judged are left out.
Result<std::vector<GrpoRun::Judged>> GrpoRun::draw(StepMetrics& m) {
  const auto start = Clock::now();
  std::vector<Problem> problems;
  for (i64 g = 0; g < config_.groups; ++g) problems.push_back(problems_->problem(Split::train, state_.next_sample + g));
  const RolloutSettings settings{.samples = config_.group_size,
                                 .max_tokens = config_.max_tokens,
                                 .temperature = static_cast<float>(config_.temperature),
                                 .seed = state_.seed,
                                 .stop_ids = stop_ids_};
  const auto first = static_cast<u64>(state_.next_sample);
  const auto rollouts = R1_TRY(draw_rollouts(*engine_, *tokenizer_, *chat_, problems, first, settings, hooks_.stop));
  engine_->release_memory();
  const double generated = seconds_since(start);
  const auto verdicts = R1_TRY(judge_step(*judge_, folder_.path(), m.step, problems, rollouts));
  const double judged = seconds_since(start) - generated;

  std::vector<Judged> samples;
  Mean reward, accuracy, format, equal, truncated, right, wrong, length;
  for (i64 g = 0; g < config_.groups; ++g) {
    std::vector<double> rewards;
    const size_t begin = samples.size();
    for (i64 k = 0; k < config_.group_size; ++k) {
      const size_t i = static_cast<size_t>(g * config_.group_size + k);
      const Completion& c = rollouts[i].completion;
      const Judgement& judgement = verdicts[i];
      m.skipped += !judgement.reward;
      if (!judgement.reward) continue;
      samples.push_back(
          {g, static_cast<i64>(i), rollout_document(rollouts[i].prompt, c.tokens, c.logprobs), std::ssize(c.tokens)});
      const double correct = judgement.parts.accuracy.value_or(0);
      rewards.push_back(*judgement.reward);
      reward.add(*judgement.reward), accuracy.add(correct), format.add(judgement.parts.format);
      truncated.add(c.finish == FinishReason::length ? 1 : 0);
      length.add(static_cast<double>(c.stats.tokens));
      (correct > 0 ? right : wrong).add(static_cast<double>(c.stats.thinking_tokens));
    }
    const auto advantages = group_advantages(rewards, loss_.divide_by_std);
    equal.add(std::all_of(advantages.begin(), advantages.end(), [](double a) { return a == 0; }) ? 1 : 0);
    for (size_t i = begin; i < samples.size(); ++i)
      samples[i].document.advantages.assign(samples[i].document.tokens.size(),
                                            static_cast<float>(advantages[i - begin]));
  }
  if (samples.empty())
    return fail(Errc::invalid_argument, "step {}: none of the {} samples could be judged; {}", m.step, rollouts.size(),
                folder_.last_good_checkpoint());
  m.more = {{"reward", reward.value()},        {"accuracy", accuracy.value()},    {"format", format.value()},
            {"equal_groups", equal.value()},   {"truncated", truncated.value()},  {"length", length.value()},
            {"thinking_right", right.value()}, {"thinking_wrong", wrong.value()}, {"time_generate_s", generated},
            {"time_judge_s", judged}};
  return samples;
}

StepBatch GrpoRun::minibatch(std::span<Judged> samples) {
  std::vector<i64> lengths, groups;
  for (const Judged& s : samples) lengths.push_back(s.drawn), groups.push_back(s.group);
  const auto weights = sample_weights(loss_.mean, lengths, groups, config_.max_tokens);
  StepBatch batch;
  std::vector<Document> documents;
  for (size_t i = 0; i < samples.size(); ++i) {
    Document& d = samples[i].document;
    d.weights.assign(d.tokens.size(), static_cast<float>(weights[i]));
    batch.tokens += std::ssize(d.tokens);
    batch.targets += samples[i].drawn;
    documents.push_back(std::move(d));
  }
  batch.sequences = std::ssize(documents);
  batch.micro = pack(documents, config_.micro_batch_tokens);
  if (reference_)
    for (MicroBatch& micro : batch.micro) {
      const Tensor nll = learner_.score(*reference_, micro, static_cast<float>(config_.temperature));
      for (i64 r = 0; r < nll.rows(); ++r) micro.reference_logprobs.push_back(-nll.data()[r]);
    }
  return batch;
}

// Says that the first update of this process is on policy, or fails before the update.
Status GrpoRun::report(const OnPolicyCheck& check, std::span<const Judged> samples, i64 step) {
  if (const auto& d = check.first())
    return fail(Errc::corrupt,
                "step {}: sample {}, position {}: token {} was drawn at a log-probability of {}, the trainer computes "
                "{}; {} of the {} tokens of the first update differ, so sampler and trainer are not the same function; "
                "{}",
                step, samples[d->sequence].index, d->position, d->token, d->drawn, d->trained, check.differences(),
                check.tokens(), folder_.last_good_checkpoint());
  on_policy_ = true;
  note(
      fmt::format("on policy: in step {} the trainer's log-probabilities of {} drawn tokens are the sampler's, bit "
                  "for bit",
                  step, check.tokens()));
  return {};
}

// The samples in a random order that depends on the step alone, in equal parts.
Status GrpoRun::update(std::vector<Judged> samples, StepMetrics& m) {
  Random random(state_.seed, Purpose::data, u64{1} << 63 | static_cast<u64>(m.step));
  if (config_.updates > 1)
    for (size_t k = samples.size(); k > 1; --k) std::swap(samples[k - 1], samples[random.below(static_cast<u32>(k))]);
  PolicyStats stats;
  const auto updates = std::min<i64>(config_.updates, std::ssize(samples));
  for (i64 u = 0; u < updates; ++u) {
    const i64 n = std::ssize(samples), begin = n * u / updates, end = n * (u + 1) / updates;
    const auto part = std::span(samples).subspan(begin, end - begin);
    const StepBatch batch = minibatch(part);
    StepMetrics one;
    one.step = m.step, one.lr = m.lr;
    RowLoss loss = policy_loss(loss_, static_cast<float>(config_.temperature), stats);
    OnPolicyCheck check;
    if (!on_policy_)
      loss.rows = [&check, inner = std::move(loss.rows)](const MicroBatch& micro, const LossRows& rows) {
        check.compare(micro, rows.nll);
        return inner(micro, rows);
      };
    learner_.compute_gradients(batch, loss, one);
    if (!on_policy_) R1_TRY(report(check, part, m.step));
    if (const Status finite = learner_.check_finite(one); !finite)
      return fail(finite.error().code, "{}; {}", finite.error().what, folder_.last_good_checkpoint());
    learner_.update(one);
    m.loss += one.loss / static_cast<double>(updates);
    m.grad_norm += one.grad_norm / static_cast<double>(updates);
    m.load_max = std::max(m.load_max, one.load_max);
    m.tokens += batch.tokens, m.targets += batch.targets, m.sequences += batch.sequences;
  }
  m.more.emplace_back("entropy", stats.mean(stats.entropy_sum));
  if (reference_) m.more.emplace_back("kl", stats.mean(stats.kl_sum));
  m.more.emplace_back("old_kl", stats.mean(stats.old_kl_sum));
  m.more.emplace_back("ratio_min", stats.ratio_min);
  m.more.emplace_back("ratio_max", stats.ratio_max);
  m.more.emplace_back("clipped", stats.mean(static_cast<double>(stats.clipped)));
  return {};
}

// The reference lies in the run's folder before a checkpoint that needs it does. References that no checkpoint needs
// any more are removed.
Status GrpoRun::renew_reference() {
  const i64 every = config_.reference_every;
  if (!reference_ || every == 0 || state_.step % every != 0) return {};
  const fs::path path = reference_path(state_.step);
  std::error_code code;
  fs::create_directories(path.parent_path(), code);
  R1_TRY(publish_folder(path, is_replaceable_model_file,
                        [&](const fs::path& to) { return save_model(model(), to, DType::f32); }));
  reference_ = R1_TRY(open_model(path));
  const auto kept = R1_TRY(list_checkpoints(folder_.path()));
  for (i64 step = every; !kept.empty() && step < kept.front() / every * every; step += every)
    fs::remove_all(reference_path(step), code);
  return {};
}

Result<double> GrpoRun::evaluate() {
  std::vector<Problem> problems;
  for (i64 i = 0; i < config_.eval_problems; ++i) problems.push_back(problems_->problem(Split::test, i));
  const RolloutSettings greedy{.max_tokens = config_.max_tokens, .temperature = 0, .stop_ids = stop_ids_};
  const auto rollouts = R1_TRY(draw_rollouts(*engine_, *tokenizer_, *chat_, problems, 0, greedy, hooks_.stop));
  engine_->release_memory();
  Mean accuracy;
  for (const Judgement& j : R1_TRY(judge_rollouts(*judge_, problems, rollouts)))
    if (j.reward) accuracy.add(*j.reward);
  return accuracy.value();
}

// ---- the loop ----------------------------------------------------------------------------------------------------

Result<TrainResult> GrpoRun::finish() {
  const bool already_finished = finished();
  while (!finished()) {
    Status done;
    if (!stop_requested()) done = step();
    if (!done && done.error().code != Errc::interrupted) return tl::unexpected(done.error());
    if (done && !stop_requested()) continue;
    if (finished()) break;
    if (folder_.saved_step() != state_.step) R1_TRY(folder_.save(state_, model(), learner_.optimizer()));
    return fail(Errc::interrupted,
                "interrupted after step {} of {}; everything is saved in {}; the same command goes on", state_.step,
                config_.steps, folder_.checkpoint(state_.step).string());
  }
  return TrainResult{state_.step, last_loss_, -1, already_finished, folder_.checkpoint(folder_.saved_step())};
}

Result<TrainResult> train_grpo(const GrpoConfig& config, const TrainHooks& hooks) {
  GrpoRun run(config, hooks);
  R1_TRY(run.open());
  return run.finish();
}

}  // namespace r1
