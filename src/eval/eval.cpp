#include "eval/eval.hpp"

#include <chrono>

#include "eval/eval_log.hpp"
#include "eval/summary.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// One call of evaluate(). A completion's number, which is also its ticket at the judge, is index · k + sample.
class Evaluation {
 public:
  Evaluation(Engine& engine, const Tokenizer& tokenizer, std::span<const Problem> problems, Judge& judge,
             const EvalOptions& options)
      : completions_(engine, tokenizer, options.stop),
        problems_(problems),
        judge_(judge),
        options_(options),
        k_(static_cast<size_t>(options.k)),
        graded_(problems.size() * k_),
        problem_right_(problems.size()),
        problem_judged_(problems.size()) {}

  Result<EvalResult> run() {
    if (!options_.log.empty())
      log_.emplace(
          R1_TRY(EvalLog::open(options_.log, options_.settings, problems_.size(), options_.k, options_.log_flag)));
    std::vector<bool> generated(graded_.size());
    for (size_t i = 0; log_ && i < log_->found().size(); ++i) {
      const LoggedCompletion& c = log_->found()[i];
      generated[number_of(c.index, c.sample)] = true;
    }
    for (size_t i = 0; i < problems_.size(); ++i) R1_TRY(submit(i, generated));
    if (log_)
      for (const LoggedCompletion& c : log_->found()) take_logged(c);
    while ((completions_.busy() || judge_.busy()) && !failure_ && !interrupted_before_verdicts()) {
      if (completions_.busy()) R1_TRY(generate());
      take_judgements(completions_.busy() ? milliseconds(0) : milliseconds(50));
      if (const Status health = judge_.health(); !health && !failure_) failure_ = health.error();
      show_progress(false);
    }
    log_without_verdicts();
    show_progress(true);
    EvalResult result = summarise(problems_, graded_, options_.k);
    result.resumed = log_ ? std::ssize(log_->found()) : 0;
    result.failure = failure_;
    result.interrupted = options_.stop && options_.stop->load();
    return result;
  }

 private:
  size_t number_of(size_t index, i32 sample) const { return index * k_ + static_cast<size_t>(sample); }

  // Queues what of a problem has not been generated, and remembers how its turns begin.
  Status submit(size_t index, const std::vector<bool>& generated) {
    CompletionRequest request = R1_TRY(options_.request(problems_[index]));
    request.stream = index;
    seed_ = request.sampling.seed;
    opens_thinking_.push_back(request.channel == Channel::thinking);
    for (i32 first = 0; first < options_.k;) {
      i32 end = first;
      while (end < options_.k && !generated[number_of(index, end)]) ++end;
      if (end > first) {
        CompletionRequest part = request;
        part.first_sample = first;
        part.samples = end - first;
        const auto id = completions_.submit(std::move(part));
        if (!id) return tl::unexpected(Error(id.error()).in(fmt::format("prompt {}", index)));
        index_of_[*id] = index;
      }
      first = end + 1;
    }
    return {};
  }

  // A completion of the log: judged, or only generated.
  void take_logged(const LoggedCompletion& c) {
    if (c.graded.kind == JudgementKind::unchecked) judge(c);
    else {
      GradedCompletion graded = c.graded;
      graded.thinks = has_thinking(turn_of(c));
      take(number_of(c.index, c.sample), std::move(graded));
    }
    finished_tokens_ += c.graded.tokens;
    ++finished_;
  }

  Status generate() {
    for (const CompletionEvent& event : R1_TRY(completions_.step())) {
      const size_t index = index_of_.at(event.request);
      const auto entry = running_.try_emplace({event.request, event.sample}).first;
      Completion& completion = entry->second;
      if (event.finish == FinishReason::failed)
        return fail(Errc::corrupt, "prompt {}, token {}: {}", index, completion.tokens.size(), event.failure);
      completion.append(event);
      if (event.token >= 0) ++tokens_, ++running_tokens_;
      if (event.finish == FinishReason::none) continue;
      running_tokens_ -= completion.stats.tokens;
      if (event.finish != FinishReason::interrupted) {
        finished_tokens_ += completion.stats.tokens;
        ++finished_;
        LoggedCompletion c;
        c.index = index, c.sample = event.sample;
        c.text = valid_utf8(completion.bytes);
        c.finish = name_of(completion.finish);
        c.graded.truncated = completion.finish == FinishReason::length;
        c.graded.tokens = completion.stats.tokens;
        c.graded.thinking_tokens = completion.stats.thinking_tokens;
        judge(std::move(c));
      }
      running_.erase(entry);
    }
    return {};
  }

  // The turn with the <think> that the template puts in front.
  std::string turn_of(const LoggedCompletion& c) const { return turn_text(opens_thinking_[c.index], c.text); }

  void judge(LoggedCompletion c) {
    const size_t number = number_of(c.index, c.sample);
    c.graded.thinks = has_thinking(turn_of(c));
    judge_.submit(number, problems_[c.index], {turn_of(c), options_.form});
    unjudged_.emplace(number, std::move(c));
  }

  void take_judgements(milliseconds patience) {
    for (Judge::Finished& finished : judge_.finished(patience)) {
      LoggedCompletion c = std::move(unjudged_.extract(finished.ticket).mapped());
      GradedCompletion& g = c.graded;
      g.kind = finished.judgement.kind;
      g.parts = finished.judgement.parts;
      g.given = std::move(finished.judgement.given);
      g.detail = std::move(finished.judgement.detail);
      log(c);
      take(finished.ticket, std::move(g));
    }
  }

  void take(size_t number, GradedCompletion g) {
    g.done = true;
    problem_judged_[number / k_] += g.judged();
    problem_right_[number / k_] += g.right();
    graded_[number] = std::move(g);
    ++done_;
  }

  void log(const LoggedCompletion& c) {
    if (!log_ || failure_) return;
    if (Status written = log_->append(c, problems_[c.index], seed_); !written) failure_ = written.error();
  }

  bool interrupted_before_verdicts() const { return options_.stop && options_.stop->load() && !completions_.busy(); }

  // What has been generated but not judged when the evaluation ends early is kept in the log, to be judged when it goes
  // on. It counts nowhere.
  void log_without_verdicts() {
    take_judgements(milliseconds(0));
    for (auto& [number, c] : unjudged_) {
      c.graded.detail = "the evaluation ended before the verdict";
      log(c);
    }
  }

  void show_progress(bool last) {
    if (!options_.progress) return;
    const auto now = Clock::now();
    if (!last && now - shown_ < milliseconds(200)) return;
    shown_ = now;
    EvalProgress p;
    p.done = done_, p.total = std::ssize(graded_);
    std::vector<double> means;
    for (size_t i = 0; i < problems_.size(); ++i)
      if (problem_judged_[i] > 0)
        means.push_back(static_cast<double>(problem_right_[i]) / static_cast<double>(problem_judged_[i]));
    for (const double m : means) p.pass_at_1 += m / static_cast<double>(means.size());
    const Interval ci = interval95(p.pass_at_1, clustered_stderr(means), std::ssize(means), options_.k);
    p.error = (ci.high - ci.low) / 2;
    p.tokens_per_second = static_cast<double>(tokens_) / std::chrono::duration<double>(now - begun_).count();
    if (finished_ > 0 && tokens_ > 0) {
      const double mean = static_cast<double>(finished_tokens_) / static_cast<double>(finished_);
      const double ahead = mean * static_cast<double>(p.total - finished_) - static_cast<double>(running_tokens_);
      p.seconds_left = std::max(0.0, ahead) / p.tokens_per_second;
    }
    options_.progress(p);
  }

  Completions completions_;
  const std::span<const Problem> problems_;
  Judge& judge_;
  const EvalOptions& options_;
  const size_t k_;
  std::optional<EvalLog> log_;
  std::optional<Error> failure_;
  u64 seed_ = 0;
  std::vector<bool> opens_thinking_;      // per problem: its prompt ends with <think>
  std::map<RequestId, size_t> index_of_;  // of the request's problem
  std::map<std::pair<RequestId, i32>, Completion> running_;
  std::map<size_t, LoggedCompletion> unjudged_;  // by number
  std::vector<GradedCompletion> graded_;         // by number
  std::vector<i64> problem_right_, problem_judged_;
  i64 done_ = 0;                            // judged completions
  i64 tokens_ = 0, running_tokens_ = 0;     // generated in this run; of the completions that are not finished
  i64 finished_ = 0, finished_tokens_ = 0;  // generated completions, those of the log included
  Clock::time_point begun_ = Clock::now(), shown_ = begun_;
};

}  // namespace

Result<EvalResult> evaluate(Engine& engine, const Tokenizer& tokenizer, std::span<const Problem> problems, Judge& judge,
                            const EvalOptions& options) {
  if (options.k < 1) return fail(Errc::invalid_argument, "k is {}, must be at least 1", options.k);
  return Evaluation(engine, tokenizer, problems, judge, options).run();
}

}  // namespace r1
