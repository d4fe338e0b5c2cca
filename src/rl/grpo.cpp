#include "rl/grpo.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <numeric>

#include "core/philox.hpp"
#include "formats/generation_config.hpp"
#include "formats/json.hpp"
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

RewardShaping shaping_of(const GrpoConfig& c) {
  return {.overlong_weight = c.overlong_weight,
          .length_weight = c.length_weight,
          .language_weight = c.language_weight,
          .repetition_weight = c.repetition_weight,
          .declined_weight = c.declined_weight,
          .limit = c.max_tokens,
          .overlong_tokens = c.overlong_tokens > 0 ? c.overlong_tokens : std::max<i64>(1, c.max_tokens / 5),
          .language = c.language == "chinese" ? Language::chinese : Language::english,
          .repetition_words = c.repetition_words};
}

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
  for (const std::string& line : problems_->notes()) note(line);
  shaping_ = shaping_of(config_);
  JudgeOptions options;
  options.reward_program = config_.reward_program;
  options.reward_timeout = std::chrono::seconds(config_.reward_timeout);
  judge_.emplace(R1_TRY(Judge::open(std::move(options), problems_->needs_sandbox())));
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
  if (config_.curriculum) problems_->follow(state_.solved);
  R1_TRY(open_engine(tokenizer));
  R1_TRY(check_prompts());
  R1_TRY(open_reference());
  for (const char* part : {"samples", "reference"}) remove_unfinished(folder_.path() / part);
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
  o.record_routes = config_.replay_routes;
  if (config_.replay_routes && model().info().experts_per_token == 0)
    note("replay_routes has no effect: the model has no routed experts");
  engine_.emplace(R1_TRY(Engine::create(model(), o)));
  return {};
}

// The rows of a file are known, so a prompt that fills the context is found before the run begins.
Status GrpoRun::check_prompts() {
  i64 cut = 0;
  for (const Split split : {Split::train, Split::test})
    for (const Problem& p : problems_->rows(split)) {
      const std::vector<Message> messages = messages_of(p);
      const i64 n = std::ssize(R1_TRY(chat_->encode(*tokenizer_, {.messages = messages})).ids);
      if (n >= engine_->context())
        return fail(
            Errc::invalid_argument,
            "{}: the prompt that begins with {} has {} tokens, the model's context {}: no answer fits behind it",
            config_.file, quoted_text(p.prompt.substr(0, 60)), n, engine_->context());
      cut += n + config_.max_tokens > engine_->context();
    }
  if (cut > 0)
    note(fmt::format("{}: behind {} prompts the context of {} tokens ends before max_tokens {}", config_.file, cut,
                     engine_->context(), config_.max_tokens));
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
  auto draw = this->draw(m.step);
  if (!draw && draw.error().code != Errc::interrupted)
    return fail(draw.error().code, "step {}: {}; {}", m.step, draw.error().what, folder_.last_good_checkpoint());
  if (!draw) return tl::unexpected(draw.error());
  measure(*draw, m);
  const auto drawn = Clock::now();
  R1_TRY(update(samples_of(*draw), m));
  m.time_step_s = seconds_since(start);
  m.more.emplace_back("time_update_s", seconds_since(drawn));
  i64 drawn_tokens = 0;
  for (const Rollout& r : draw->rollouts) drawn_tokens += std::ssize(r.completion.tokens);
  m.time_tokens_per_s = static_cast<double>(drawn_tokens) / m.time_step_s;
  seconds_per_step_ = seconds_per_step_ > 0 ? 0.9 * seconds_per_step_ + 0.1 * m.time_step_s : m.time_step_s;

  ++state_.step;
  state_.optimizer_steps = learner_.optimizer().steps_taken();
  state_.next_sample += std::ssize(draw->problems);
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

// Draws the groups and judges them. Groups whose rewards are all equal teach nothing: as many further problems are
// drawn until enough groups teach, or max_draws is reached.
Result<GrpoRun::Draw> GrpoRun::draw(i64 step) {
  const RolloutSettings settings{.samples = config_.group_size,
                                 .max_tokens = config_.max_tokens,
                                 .temperature = static_cast<float>(config_.temperature),
                                 .seed = state_.seed,
                                 .stop_ids = stop_ids_};
  Draw d;
  for (i64 missing = config_.groups; missing > 0 && d.rounds < config_.max_draws; ++d.rounds) {
    const auto start = Clock::now();
    const i64 begin = std::ssize(d.problems), first = state_.next_sample + begin;
    for (i64 g = 0; g < missing; ++g) d.problems.push_back(problems_->problem(Split::train, first + g));
    auto rollouts = R1_TRY(draw_rollouts(*engine_, *tokenizer_, *chat_, std::span(d.problems).subspan(begin),
                                         static_cast<u64>(first), settings, hooks_.stop));
    engine_->release_memory();
    std::move(rollouts.begin(), rollouts.end(), std::back_inserter(d.rollouts));
    const double generated = seconds_since(start);
    d.generate_s += generated;
    d.verdicts = R1_TRY(judge_step(*judge_, shaping_, folder_.path(), step, d.problems, d.rollouts));
    d.judge_s += seconds_since(start) - generated;
    missing = config_.groups;
    for (i64 g = 0; g < std::ssize(d.problems); ++g) missing -= teaches(d, g);
  }
  const bool any = std::any_of(d.verdicts.begin(), d.verdicts.end(), [](const Judgement& j) { return !!j.reward; });
  if (!any)
    return fail(Errc::invalid_argument, "none of the {} samples could be judged; the first: {}", d.rollouts.size(),
                d.verdicts.front().detail);
  return d;
}

// The rewards of a group's samples. Samples that could not be judged are left out.
std::vector<double> GrpoRun::rewards_of(const Draw& d, i64 group) const {
  std::vector<double> rewards;
  for (i64 k = 0; k < config_.group_size; ++k)
    if (const auto& reward = d.verdicts[group * config_.group_size + k].reward) rewards.push_back(*reward);
  return rewards;
}

bool GrpoRun::teaches(const Draw& d, i64 group) const {
  const auto rewards = rewards_of(d, group);
  return std::adjacent_find(rewards.begin(), rewards.end(), std::not_equal_to<>()) != rewards.end();
}

// The groups of the update, in the order of their problems: the first that teach, and if there are too few, the first
// of the others.
std::vector<i64> GrpoRun::chosen_groups(const Draw& d) const {
  std::vector<i64> groups(d.problems.size());
  std::iota(groups.begin(), groups.end(), 0);
  std::stable_partition(groups.begin(), groups.end(), [&](i64 g) { return teaches(d, g); });
  groups.resize(config_.groups);
  std::sort(groups.begin(), groups.end());
  return groups;
}

// The judged samples of the chosen groups with their advantages.
std::vector<GrpoRun::Judged> GrpoRun::samples_of(Draw& d) const {
  std::vector<Judged> samples;
  for (const i64 g : chosen_groups(d)) {
    const auto advantages = group_advantages(rewards_of(d, g), loss_.divide_by_std);
    size_t next = 0;
    for (i64 k = 0; k < config_.group_size; ++k) {
      const i64 i = g * config_.group_size + k;
      if (!d.verdicts[i].reward) continue;
      Completion& c = d.rollouts[i].completion;
      const ModelInfo& info = model().info();
      RecordedRoutes routes{info.layers, info.experts_per_token, std::move(c.routes)};
      Judged s{g, i, rollout_document(d.rollouts[i].prompt, c.tokens, c.logprobs, std::move(routes)),
               std::ssize(c.tokens), advantages[next++]};
      s.document.advantages.assign(s.document.tokens.size(), static_cast<float>(s.advantage));
      samples.push_back(std::move(s));
    }
  }
  return samples;
}

// The figures of all that was drawn, whether or not it is learnt from; and what the curriculum makes of it.
void GrpoRun::measure(const Draw& d, StepMetrics& m) {
  Mean reward, accuracy, format, own, equal, truncated, timeouts, right, wrong, length;
  std::map<std::string_view, Mean> parts;
  for (i64 g = 0; g < std::ssize(d.problems); ++g) {
    Mean solved;
    for (i64 k = 0; k < config_.group_size; ++k) {
      const i64 i = g * config_.group_size + k;
      const Completion& c = d.rollouts[i].completion;
      const Judgement& j = d.verdicts[i];
      m.skipped += !j.reward;
      if (!j.reward) continue;
      const double correct = j.parts.accuracy.value_or(0);
      solved.add(correct), accuracy.add(correct);
      reward.add(*j.reward), format.add(j.parts.format);
      if (j.parts.own) own.add(*j.parts.own);
      for (const ShapingPart& part : shaping_parts(shaping_, d.rollouts[i], j)) parts[part.name].add(part.value);
      truncated.add(c.finish == FinishReason::length ? 1 : 0);
      timeouts.add(j.kind == JudgementKind::time ? 1 : 0);
      length.add(static_cast<double>(c.stats.tokens));
      (correct > 0 ? right : wrong).add(static_cast<double>(c.stats.thinking_tokens));
    }
    equal.add(teaches(d, g) ? 0 : 1);
    if (config_.curriculum && solved.count > 0) observe(state_.solved, d.problems[g], solved.value());
  }
  m.more = {{"reward", reward.value()},        {"accuracy", accuracy.value()},    {"format", format.value()},
            {"equal_groups", equal.value()},   {"truncated", truncated.value()},  {"length", length.value()},
            {"thinking_right", right.value()}, {"thinking_wrong", wrong.value()}, {"time_generate_s", d.generate_s},
            {"time_judge_s", d.judge_s}};
  if (problems_->needs_sandbox()) m.more.emplace_back("timeouts", timeouts.value());
  if (!config_.reward_program.empty()) m.more.emplace_back("own", own.value());
  for (const auto& [name, part] : parts) m.more.emplace_back(name, part.value());
  if (config_.max_draws > 1) {
    m.more.emplace_back("draws", static_cast<double>(d.rounds));
    m.more.emplace_back("problems", static_cast<double>(d.problems.size()));
  }
  if (config_.curriculum) {
    problems_->follow(state_.solved);
    for (const auto& [level, share] : state_.solved) m.more.emplace_back("solved_" + level, share);
  }
  idle_steps_ = equal.value() == 1 ? idle_steps_ + 1 : 0;
  for (i64 told = 1; told <= idle_steps_; told *= 10)
    if (idle_steps_ == told)
      note(
          fmt::format("step {}: in each of the {} groups all rewards are equal{}: there is nothing to learn from; "
                      "choose problems that the model solves sometimes",
                      m.step, d.problems.size(), told == 1 ? "" : fmt::format(", for {} steps now", told)));
}

// Gives the samples of an update their weights, and returns those that the update must compute. A sample whose
// advantage is 0 adds nothing to the loss or its gradient, unless there is a KL term, and then only its experts' loads
// count.
std::span<GrpoRun::Judged> GrpoRun::trained_on(std::span<Judged> samples) const {
  std::vector<i64> lengths, groups;
  for (const Judged& s : samples) lengths.push_back(s.drawn), groups.push_back(s.group);
  const auto weights = sample_weights(loss_.mean, lengths, groups, config_.max_tokens);
  for (size_t i = 0; i < samples.size(); ++i) {
    Document& d = samples[i].document;
    d.weights.assign(d.tokens.size(), static_cast<float>(weights[i]));
  }
  if (config_.train_equal_groups || reference_ || config_.bias_update_speed > 0) return samples;
  const auto end =
      std::stable_partition(samples.begin(), samples.end(), [](const Judged& s) { return s.advantage != 0; });
  return samples.first(std::max<i64>(1, end - samples.begin()));
}

StepBatch GrpoRun::minibatch(std::span<Judged> samples) {
  StepBatch batch;
  std::vector<Document> documents;
  for (Judged& s : samples) {
    batch.tokens += std::ssize(s.document.tokens);
    batch.targets += s.drawn;
    documents.push_back(std::move(s.document));
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
    const auto part = trained_on(std::span(samples).subspan(begin, end - begin));
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
    if (j.parts.accuracy) accuracy.add(j.parts.format * *j.parts.accuracy);
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
