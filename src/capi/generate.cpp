// Generation: the host's thread puts events into an inbox, and the caller's thread hands their texts to the callback.
#include <condition_variable>
#include <mutex>
#include <vector>

#include "capi/boundary.hpp"
#include "capi/opened_model.hpp"

using namespace r1;

namespace {

constexpr r1_generate_options kGenerateDefaults{sizeof(r1_generate_options), -1, -1, -1, -1, -1, 0, 1, 0, -1, nullptr};

class Inbox : public RequestSink {
 public:
  void token(CompletionEvent event) override {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    news_.notify_one();
  }
  void end(RequestEnd end) override {
    const std::lock_guard lock(mutex_);
    end_ = std::move(end);
    news_.notify_one();
  }
  void cancel() {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    news_.notify_one();
  }

  bool cancelled() const {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }

  struct News {
    std::vector<CompletionEvent> events;
    std::optional<RequestEnd> end;
  };
  // Waits for an event or the end, and for a cancellation if the caller does not know of one yet.
  News wait(bool knows_cancelled) {
    std::unique_lock lock(mutex_);
    news_.wait(lock, [&] { return !events_.empty() || end_ || (cancelled_ && !knows_cancelled); });
    return {std::exchange(events_, {}), std::exchange(end_, {})};
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable news_;
  std::vector<CompletionEvent> events_;
  std::optional<RequestEnd> end_;
  bool cancelled_ = false;
};

}  // namespace

struct r1_cancellation {
  void raise() {
    const std::lock_guard lock(mutex);
    raised = true;
    for (const auto& weak : inboxes)
      if (const auto inbox = weak.lock()) inbox->cancel();
    inboxes.clear();
  }
  void watch(const std::shared_ptr<Inbox>& inbox) {
    const std::lock_guard lock(mutex);
    std::erase_if(inboxes, [](const auto& weak) { return weak.expired(); });
    if (raised) inbox->cancel();
    else inboxes.push_back(inbox);
  }

  std::mutex mutex;
  bool raised = false;
  std::vector<std::weak_ptr<Inbox>> inboxes;
};

namespace {

Result<CompletionRequest> request_of(const r1_model& model, const r1_message* messages, size_t count,
                                     const r1_generate_options& o) {
  if (!messages || count == 0) return fail(Errc::invalid_argument, "messages: there are none");
  std::vector<Message> conversation;
  for (size_t i = 0; i < count; ++i) {
    if (!messages[i].role || !messages[i].content)
      return fail(Errc::invalid_argument, "messages[{}]: role or content is NULL", i);
    conversation.push_back({messages[i].role, messages[i].content});
  }
  if (o.raw && count != 1)
    return fail(Errc::invalid_argument, "raw: {} messages, expected 1 that the model continues", count);
  const Session& session = model.host.session();
  ChatPrompt prompt =
      o.raw ? session.raw_prompt(conversation[0].content)
            : R1_TRY(session.chat_prompt({.messages = conversation, .think = o.think ? Think::on : Think::off}));
  CompletionRequest request = session.request(std::move(prompt));
  if (o.max_tokens != -1) request.max_tokens = o.max_tokens;
  if (o.temperature != -1) request.sampling.temperature = static_cast<float>(o.temperature);
  if (o.top_p != -1) request.sampling.top_p = static_cast<float>(o.top_p);
  if (o.min_p != -1) request.sampling.min_p = static_cast<float>(o.min_p);
  if (o.top_k != -1) request.sampling.top_k = o.top_k;
  request.sampling.seed = o.seed;
  if (o.thinking_tokens != -1) {
    if (request.think.close.empty() || o.thinking_tokens < 0)
      return fail(Errc::invalid_argument, "thinking_tokens: {}, {}", o.thinking_tokens,
                  o.thinking_tokens < 0 ? "must not be negative" : "but the model has no token that ends a thinking");
    request.think.tokens = o.thinking_tokens;
  }
  return request;
}

// Hands a text to the callback. Returns whether the generation goes on.
bool call(r1_callback callback, void* user, r1_channel channel, const std::string& text) {
  return text.empty() || !callback || callback(user, channel, text.data(), text.size()) == 0;
}

struct Answer {
  FinishReason finish = FinishReason::none;
  RequestUsage usage;
};

Errc code_of(Refusal::Cause cause) {
  switch (cause) {
    case Refusal::Cause::invalid: return Errc::invalid_argument;
    case Refusal::Cause::queue_full: return Errc::exhausted;
    case Refusal::Cause::broken: return Errc::corrupt;
    case Refusal::Cause::shut_down: break;
  }
  return Errc::interrupted;
}

// Cancels the request when r1_generate is left early, for example because the callback threw.
struct CancelAtEnd {
  EngineHost& host;
  HostedId id;
  ~CancelAtEnd() { host.cancel(id); }
};

// Runs a request to its end. Errors: interrupted, with what there is in `answer`; a failure of the engine.
Status run(EngineHost& host, CompletionRequest request, r1_cancellation* cancellation, r1_callback callback, void* user,
           Answer& answer) {
  const auto inbox = std::make_shared<Inbox>();
  const auto id = host.submit(std::move(request), inbox);
  if (!id) return fail(code_of(id.error().cause), "{}", id.error().what);
  const CancelAtEnd cancel_at_end{host, *id};
  if (cancellation) cancellation->watch(inbox);
  for (bool stopped = false;;) {
    const Inbox::News news = inbox->wait(stopped);
    for (const CompletionEvent& event : news.events) {
      if (event.finish == FinishReason::failed) return fail(Errc::corrupt, "{}", event.failure);
      if (event.finish != FinishReason::none) answer.finish = event.finish;
      // A cancellation that was raised before now also counts if the engine has drawn the whole answer.
      if (!inbox->cancelled() && !(call(callback, user, R1_THINKING, event.text.thinking) &&
                                   call(callback, user, R1_ANSWER, event.text.answer)))
        inbox->cancel();
    }
    if (news.end) {
      answer.usage = news.end->usage;
      if (news.end->cause == EndCause::failed) return fail(Errc::corrupt, "{}", news.end->error);
      if (news.end->cause != EndCause::complete || inbox->cancelled())
        return fail(Errc::interrupted, "the generation was cancelled");
      return {};
    }
    if (inbox->cancelled() && !std::exchange(stopped, true)) host.cancel(*id);
  }
}

}  // namespace

void r1_generate_options_init_sized(r1_generate_options* options, size_t size) {
  if (options) write_defaults(kGenerateDefaults, options, size);
}

r1_status r1_generate(r1_model* model, const r1_message* messages, size_t count, const r1_generate_options* options,
                      r1_callback callback, void* user, r1_result* result) {
  return at_boundary([&]() -> Result<r1_status> {
    if (!model) return fail(Errc::invalid_argument, "model: the pointer is NULL");
    if (result && result->size <= sizeof(result->size))
      return fail(Errc::invalid_argument, "r1_result: its size is {}, expected sizeof(r1_result)", result->size);
    const r1_generate_options o = R1_TRY(options_over(kGenerateDefaults, options, "r1_generate_options"));
    Answer answer;
    const Status done =
        run(model->host, R1_TRY(request_of(*model, messages, count, o)), o.cancel, callback, user, answer);
    const bool cancelled = !done && done.error().code == Errc::interrupted;
    if (result && (done || cancelled)) {
      const r1_finish finish = cancelled                               ? R1_FINISH_CANCELLED
                               : answer.finish == FinishReason::length ? R1_FINISH_LENGTH
                                                                       : R1_FINISH_STOP;
      write_defaults(r1_result{sizeof(r1_result), finish, answer.usage.prompt_tokens, answer.usage.completion_tokens,
                               answer.usage.reasoning_tokens},
                     result, result->size);
    }
    R1_TRY(done);
    return R1_OK;
  });
}

r1_cancellation* r1_cancellation_create(void) { return new (std::nothrow) r1_cancellation; }
void r1_cancellation_raise(r1_cancellation* cancellation) {
  if (cancellation) cancellation->raise();
}
void r1_cancellation_reset(r1_cancellation* cancellation) {
  if (!cancellation) return;
  const std::lock_guard lock(cancellation->mutex);
  cancellation->raised = false;
}
void r1_cancellation_free(r1_cancellation* cancellation) { delete cancellation; }
