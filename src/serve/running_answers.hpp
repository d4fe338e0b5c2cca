// The answers that are being written, by the ids of their requests: for paths that act on one of them.
#pragma once
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "serve/answers/resumable_stream.hpp"
#include "session/engine_host.hpp"

namespace r1 {

// An id counts only together with the API key whose request it names; with another key it is unknown. All functions may
// be called from any thread.
class RunningAnswers {
 public:
  explicit RunningAnswers(const ResumeLimits& limits) : limits_(limits) {}
  ~RunningAnswers();  // end_streams()
  RunningAnswers(const RunningAnswers&) = delete;
  RunningAnswers& operator=(const RunningAnswers&) = delete;

  // Makes an answer known until the returned object is destroyed. `host` must outlive the returned object, which must
  // not outlive this RunningAnswers.
  std::shared_ptr<void> add(const std::string& id, std::string_view key, EngineHost& host, HostedId hosted);
  // Closes the thinking of an answer ("answer now"). Errors: 404, if no answer of this key has the id; 400, if its
  // model's thinking cannot be closed.
  ApiStatus end_thinking(std::string_view id, std::string_view key);

  // A new stream, which stays for ResumeLimits::kept when its reader has left, even after its end. Errors: 429, if
  // there are ResumeLimits::streams streams already.
  ApiResult<std::shared_ptr<ResumableStream>> add_stream(const std::string& id, std::string_view key);
  // Errors of both: 404, if no stream of this key has the id.
  ApiResult<std::shared_ptr<ResumableStream>> stream(std::string_view id, std::string_view key);
  ApiStatus cancel_stream(std::string_view id, std::string_view key);
  // Ends all streams. Must be called before the models are destroyed.
  void end_streams();

 private:
  using Clock = std::chrono::steady_clock;
  struct Answer {
    std::string key;
    EngineHost* host = nullptr;
    HostedId hosted = 0;
  };
  struct Stream {
    std::string key;
    std::shared_ptr<ResumableStream> stream;
    bool has_news = false;
    Clock::time_point alone_since = Clock::time_point::max();  // max: it has a reader
  };
  using Streams = std::map<std::string, Stream, std::less<>>;

  void alone(const std::string& id);
  void watch();
  Clock::time_point next_deadline() const;

  const ResumeLimits limits_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Answer, std::less<>> answers_;
  Streams streams_;
  bool stopped_ = false;
  std::thread watcher_;  // started with the first stream
};

}  // namespace r1
