// An answer on its way from the engine's thread to a connection.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "serve/answers/answer_format.hpp"
#include "serve/http.hpp"
#include "session/engine_host.hpp"

namespace r1 {

// The head of a stream in this format.
HttpHead stream_head(const AnswerFormat& format);

// The error for a request whose model can run nothing any more. The next request loads the model again.
ApiError model_failed(std::string_view why);

// The engine's thread puts events in, the connection's thread takes them out.
class EventInbox final : public RequestSink {
 public:
  // With `eager`, every event calls `wake`; without it, only every 64th token and the end do. `on_end` is called once,
  // on the engine's thread, even if the client has left.
  EventInbox(Wake wake, bool eager, std::function<void(const RequestEnd&)> on_end)
      : wake_(std::move(wake)), eager_(eager), on_end_(std::move(on_end)) {}

  void progress(const PromptProgress& progress) override;
  void token(CompletionEvent event) override;
  void end(RequestEnd end) override;

  struct Items {
    std::optional<PromptProgress> progress{};  // the latest
    std::vector<CompletionEvent> events{};
    std::optional<RequestEnd> end{};
  };
  Items take();
  bool has_ended();  // the next take() returns the end

 private:
  const Wake wake_;
  const bool eager_;
  const std::function<void(const RequestEnd&)> on_end_;
  std::mutex mutex_;
  Items items_;
};

// Writes what is in the inbox. Cancels the request if it is destroyed before the end.
class CompletionReply final : public Reply {
 public:
  // What is done with the text of each sample.
  struct Readers {
    std::vector<ToolCallStream> calls{};  // find the calls of functions; empty if there are no functions
    std::vector<ShownTokens> tokens{};    // find the tokens; empty if nobody wants their log-probabilities
  };
  // `id` is of a request that `host` runs for `inbox`; `host` must outlive the reply. `held` is released after
  // everything else in the reply.
  CompletionReply(EngineHost& host, HostedId id, std::shared_ptr<EventInbox> inbox,
                  std::unique_ptr<AnswerFormat> format, i64 samples, Readers readers,
                  std::shared_ptr<void> held = nullptr);
  ~CompletionReply() override;

  ReplyPart next() override;
  bool is_slow() override;  // the end of a whole answer that is large, or that is made of several
  std::string keep_alive() override { return format_->keep_alive(); }
  void shut_down() override;

 private:
  struct Text {
    std::string thinking, answer;
    ShownTokens::Part tokens;
    bool finished = false;
  };
  std::string flush(i32 sample);
  std::string take_events(const std::vector<CompletionEvent>& events);
  void fail(ReplyPart& part, const ApiError& error);

  const std::shared_ptr<void> held_;
  EngineHost& host_;
  const HostedId id_;
  const std::shared_ptr<EventInbox> inbox_;
  const std::unique_ptr<AnswerFormat> format_;
  Readers readers_;
  std::vector<i64> call_counts_;  // of each sample
  std::vector<Text> texts_;       // of each sample: what came since the last part
  std::optional<ApiError> failure_;
  bool begun_ = false, ended_ = false;
};

}  // namespace r1
