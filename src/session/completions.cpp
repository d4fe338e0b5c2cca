#include "session/completions.hpp"

#include <utility>

#include "core/clock.hpp"

namespace r1 {
namespace {

TextStream text_stream(const CompletionRequest& request) {
  TextStreamOptions options;
  options.thinking = request.channel == Channel::thinking;
  options.stops = request.stop_strings;
  return TextStream(std::move(options));
}

void append(TextDelta& text, const TextDelta& more) {
  if (text.thinking.empty()) text.thinking_at = more.thinking_at;
  if (text.answer.empty()) text.answer_at = more.answer_at;
  text.thinking += more.thinking;
  text.answer += more.answer;
}

FinishReason reason_of(Finish finish) {
  switch (finish) {
    case Finish::none: return FinishReason::none;
    case Finish::stop: return FinishReason::stop_token;
    case Finish::length: return FinishReason::length;
    case Finish::failed: return FinishReason::failed;
  }
  return FinishReason::none;
}

}  // namespace

const char* name_of(FinishReason reason) {
  switch (reason) {
    case FinishReason::stop_token:
    case FinishReason::stop_string: return "stop";
    case FinishReason::length: return "length";
    case FinishReason::failed: return "failed";
    case FinishReason::none:
    case FinishReason::interrupted: return "none";
  }
  return "";
}

void Completion::append(const CompletionEvent& event) {
  thinking += event.text.thinking;
  answer += event.text.answer;
  bytes += event.bytes;
  if (event.token >= 0) {
    tokens.push_back(event.token);
    logprobs.push_back(event.logprob);
  }
  routes.insert(routes.end(), event.routes.begin(), event.routes.end());
  channel = event.channel;
  finish = event.finish;
  stats = event.stats;
}

Completions::Completions(Engine& engine, const Tokenizer& tokenizer, const std::atomic<bool>* interrupted)
    : engine_(engine), tokenizer_(tokenizer), interrupted_(interrupted) {
  R1_CHECK(!engine.busy(), "Completions on an engine that runs requests of somebody else");
}

Completions::~Completions() {
  for (const auto& [id, request] : requests_) engine_.cancel(id);
}

Result<RequestId> Completions::submit(CompletionRequest request) {
  ActiveRequest active;
  active.submitted = seconds_now();
  active.first_sample = request.first_sample;
  active.unfinished = request.samples;
  Sample sample{text_stream(request), {}, false};
  sample.stats.prompt_tokens = std::ssize(request.prompt);
  const i64 samples = request.samples;
  const RequestId id = R1_TRY(engine_.submit(std::move(request)));
  active.samples.assign(samples, sample);
  requests_.emplace(id, std::move(active));
  return id;
}

Result<std::span<CompletionEvent>> Completions::step() {
  events_.clear();
  if (interrupted_ && interrupted_->load(std::memory_order_relaxed)) {
    interrupt_all();
  } else {
    const auto drawn = R1_TRY(engine_.step());
    const double now = seconds_now();
    for (const PromptEvent& e : engine_.prompts())
      if (const auto found = requests_.find(e.id); found != requests_.end())
        for (Sample& sample : found->second.samples) sample.stats.cached_tokens = e.cached;
    for (TokenEvent& e : drawn) take(e, now);
  }
  return std::span<CompletionEvent>(events_);
}

void Completions::take(TokenEvent& drawn, double now) {
  const auto found = requests_.find(drawn.id);
  if (found == requests_.end()) return;
  ActiveRequest& request = found->second;
  Sample& sample = request.samples[drawn.sample - request.first_sample];
  if (sample.finished) return;  // a stop string has ended it in this step, in which the engine drew one more token

  CompletionEvent& event = events_.emplace_back();
  event.request = drawn.id;
  event.sample = drawn.sample;
  event.finish = reason_of(drawn.finish);
  if (drawn.finish == Finish::failed) {
    event.failure = drawn.failure;
  } else {
    event.token = drawn.token;
    event.logprob = drawn.logprob;
    event.top = std::move(drawn.top);
    event.forced = drawn.forced;
    event.routes = std::move(drawn.routes);
    if (sample.stats.tokens++ == 0) sample.stats.prefill_seconds = now - request.submitted;
    sample.stats.decode_seconds = now - request.submitted - sample.stats.prefill_seconds;
    if (drawn.finish != Finish::stop) {
      event.bytes = tokenizer_.bytes_of(drawn.token);
      event.text = sample.text.push(event.bytes);
    }
    if (sample.text.stopped()) {
      event.finish = FinishReason::stop_string;
      if (drawn.finish == Finish::none) engine_.finish_sample(drawn.id, drawn.sample);
    }
  }
  complete(event, request, sample);
  if (request.unfinished == 0) requests_.erase(found);
}

// What every event ends with; a sample's last event also releases the text that was held back.
void Completions::complete(CompletionEvent& event, ActiveRequest& request, Sample& sample) {
  if (event.finish != FinishReason::none) {
    append(event.text, sample.text.finish());
    sample.finished = true;
    --request.unfinished;
  }
  event.text_end = sample.text.length();
  event.channel = sample.text.channel();
  sample.stats.thinking_tokens = sample.text.thinking_tokens();
  event.stats = sample.stats;
}

void Completions::interrupt_all() {
  for (auto& [id, request] : requests_) {
    engine_.cancel(id);
    for (i64 i = 0; i < std::ssize(request.samples); ++i) {
      if (request.samples[i].finished) continue;
      CompletionEvent& event = events_.emplace_back();
      event.request = id;
      event.sample = request.first_sample + static_cast<i32>(i);
      event.finish = FinishReason::interrupted;
      complete(event, request, request.samples[i]);
    }
  }
  requests_.clear();
}

void Completions::cancel(RequestId id) {
  if (requests_.erase(id)) engine_.cancel(id);
}

bool Completions::end_thinking(RequestId id) { return requests_.contains(id) && engine_.end_thinking(id); }

}  // namespace r1
