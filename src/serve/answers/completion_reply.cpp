#include "serve/answers/completion_reply.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "serve/random_id.hpp"

namespace r1 {

HttpHead stream_head(const AnswerFormat& format) {
  return {.content_type = format.content_type(),
          .fields = {{"Cache-Control", "no-cache, no-transform"}, {"X-Accel-Buffering", "no"}}};
}

ApiError model_failed(std::string_view why) {
  return {503, "model_failed", fmt::format("{}; the next request loads the model again", why), {}, 1};
}

void EventInbox::progress(const PromptProgress& progress) {
  {
    const std::lock_guard lock(mutex_);
    items_.progress = progress;
  }
  if (eager_) wake_();
}

void EventInbox::token(CompletionEvent event) {
  constexpr size_t kMany = 64;
  bool many;
  {
    const std::lock_guard lock(mutex_);
    items_.events.push_back(std::move(event));
    many = items_.events.size() % kMany == 0;
  }
  if (eager_ || many) wake_();
}

void EventInbox::end(RequestEnd end) {
  on_end_(end);
  {
    const std::lock_guard lock(mutex_);
    items_.end = std::move(end);
  }
  wake_();
}

EventInbox::Items EventInbox::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(items_, {});
}

bool EventInbox::has_ended() {
  const std::lock_guard lock(mutex_);
  return items_.end.has_value();
}

CompletionReply::CompletionReply(EngineHost& host, HostedId id, std::shared_ptr<EventInbox> inbox,
                                 std::unique_ptr<AnswerFormat> format, i64 samples, Readers readers,
                                 std::shared_ptr<void> held)
    : held_(std::move(held)),
      host_(host),
      id_(id),
      inbox_(std::move(inbox)),
      format_(std::move(format)),
      readers_(std::move(readers)),
      call_counts_(samples),
      texts_(samples) {}

CompletionReply::~CompletionReply() {
  if (!ended_) host_.cancel(id_);
}

bool CompletionReply::is_slow() {
  const bool is_large = !readers_.tokens.empty() || texts_.size() > 1;
  return !format_->is_stream() && is_large && inbox_->has_ended();
}

void CompletionReply::shut_down() { failure_ = ApiError{503, "shutting_down", "the server is shutting down", {}, 5}; }

// The text of a sample since the last part, in one piece: a client that reads slowly gets fewer and longer pieces.
std::string CompletionReply::flush(i32 sample) {
  std::string out;
  Text text = std::exchange(texts_[sample], {});
  if (!text.tokens.thinking.empty()) format_->tokens(sample, Channel::thinking, text.tokens.thinking);
  if (!text.thinking.empty()) out += format_->text(sample, Channel::thinking, text.thinking);
  if (!text.tokens.answer.empty()) format_->tokens(sample, Channel::answer, text.tokens.answer);
  if (readers_.calls.empty()) {
    if (!text.answer.empty()) out += format_->text(sample, Channel::answer, text.answer);
    return out;
  }
  ToolCallStream::Part part = readers_.calls[sample].push(text.answer);
  if (text.finished) {
    ToolCallStream::Part rest = readers_.calls[sample].finish();
    part.text += rest.text;
    part.calls.insert(part.calls.end(), rest.calls.begin(), rest.calls.end());
  }
  if (!part.text.empty()) out += format_->text(sample, Channel::answer, part.text);
  for (ToolCall& call : part.calls) {
    call.id = "call_" + random_id();
    out += format_->call(sample, call_counts_[sample]++, call);
  }
  return out;
}

std::string CompletionReply::take_events(const std::vector<CompletionEvent>& events) {
  std::string out;
  for (const CompletionEvent& event : events) {
    Text& text = texts_[event.sample];
    text.thinking += event.text.thinking;
    text.answer += event.text.answer;
    if (!readers_.tokens.empty()) {
      ShownTokens::Part tokens = readers_.tokens[event.sample].push(event);
      std::move(tokens.thinking.begin(), tokens.thinking.end(), std::back_inserter(text.tokens.thinking));
      std::move(tokens.answer.begin(), tokens.answer.end(), std::back_inserter(text.tokens.answer));
    }
    if (event.finish == FinishReason::none) continue;
    text.finished = true;
    out += flush(event.sample);
    if (event.finish == FinishReason::failed) failure_ = ApiError{500, "internal_error", event.failure};
    else if (event.finish != FinishReason::interrupted) out += format_->finish(event.sample, event.finish);
  }
  for (i32 sample = 0; sample < std::ssize(texts_); ++sample) out += flush(sample);
  return out;
}

void CompletionReply::fail(ReplyPart& part, const ApiError& error) {
  if (!begun_) part.head = head_of(error);
  part.body += format_->error(error);
  part.end = true;
}

ReplyPart CompletionReply::next() {
  ReplyPart part;
  const EventInbox::Items items = inbox_->take();
  if (format_->is_stream() && !begun_) {
    part.head = stream_head(*format_);
    part.body = format_->begin();
    begun_ = true;
  }
  if (items.progress) part.body += format_->progress(*items.progress);
  part.body += take_events(items.events);
  if (items.end) {
    ended_ = true;
    if (items.end->cause == EndCause::shut_down) shut_down();
    else if (items.end->cause != EndCause::complete && !failure_) failure_ = model_failed(items.end->error);
  }
  if (failure_) {
    fail(part, *failure_);
  } else if (ended_) {
    if (!begun_) part.head = HttpHead{.content_type = format_->content_type()};
    part.body += format_->end(*items.end);
    part.end = true;
  }
  return part;
}

}  // namespace r1
