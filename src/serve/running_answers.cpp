#include "serve/running_answers.hpp"

#include <utility>
#include <vector>

#include "formats/utf8.hpp"

namespace r1 {
namespace {

tl::unexpected<ApiError> unknown_answer(std::string_view id) {
  return tl::unexpected(
      ApiError{404, "not_found", fmt::format("id: no answer {} of this API key is running", quoted_text(id)), "id"});
}

}  // namespace

RunningAnswers::~RunningAnswers() { end_streams(); }

std::shared_ptr<void> RunningAnswers::add(const std::string& id, std::string_view key, EngineHost& host,
                                          HostedId hosted) {
  const std::lock_guard lock(mutex_);
  answers_.insert_or_assign(id, Answer{std::string(key), &host, hosted});
  return {this, [id](RunningAnswers* self) {
            const std::lock_guard removing(self->mutex_);
            self->answers_.erase(id);
          }};
}

ApiStatus RunningAnswers::end_thinking(std::string_view id, std::string_view key) {
  const std::lock_guard lock(mutex_);
  const auto found = answers_.find(id);
  if (found == answers_.end() || found->second.key != key) return unknown_answer(id);
  if (!found->second.host->runs(found->second.hosted)) return unknown_answer(id);
  if (!found->second.host->end_thinking(found->second.hosted))
    return api_fail(400, "not_supported", "the answer has ended, or the thinking of its model cannot be closed");
  return {};
}

ApiResult<std::shared_ptr<ResumableStream>> RunningAnswers::add_stream(const std::string& id, std::string_view key) {
  const std::lock_guard lock(mutex_);
  if (std::ssize(streams_) >= limits_.streams)
    return tl::unexpected(ApiError{.status = 429,
                                   .code = "too_many_streams",
                                   .message = fmt::format("resumable: the server keeps {} streams already, at most {}",
                                                          streams_.size(), limits_.streams),
                                   .param = "resumable",
                                   .retry_after = 60});
  auto stream = std::make_shared<ResumableStream>(limits_.bytes, [this, id] { alone(id); });
  streams_.insert_or_assign(id, Stream{std::string(key), stream});
  if (!watcher_.joinable() && !stopped_) watcher_ = std::thread([this] { watch(); });
  return stream;
}

ApiResult<std::shared_ptr<ResumableStream>> RunningAnswers::stream(std::string_view id, std::string_view key) {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(id);
  if (found == streams_.end() || found->second.key != key) return unknown_answer(id);
  found->second.alone_since = Clock::time_point::max();  // the time begins anew when its next reader leaves
  return found->second.stream;
}

ApiStatus RunningAnswers::cancel_stream(std::string_view id, std::string_view key) {
  const auto stream = R1_TRY(this->stream(id, key));
  stream->cancel();
  const std::lock_guard lock(mutex_);
  streams_.erase(std::string(id));
  return {};
}

void RunningAnswers::end_streams() {
  Streams streams;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    streams.swap(streams_);
    changed_.notify_all();
  }
  if (watcher_.joinable()) watcher_.join();
  for (auto& [id, entry] : streams) entry.stream->cancel();
}

// ---- Streams without a reader. A thread of its own takes their events, because no connection does.

void RunningAnswers::alone(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  found->second.has_news = true;
  changed_.notify_all();
}

RunningAnswers::Clock::time_point RunningAnswers::next_deadline() const {
  auto first = Clock::time_point::max();
  for (const auto& [id, entry] : streams_)
    if (entry.alone_since != Clock::time_point::max()) first = std::min(first, entry.alone_since + limits_.kept);
  return first;
}

void RunningAnswers::watch() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    const Clock::time_point now = Clock::now();
    std::vector<std::shared_ptr<ResumableStream>> with_news, expired;
    for (auto entry = streams_.begin(); entry != streams_.end();) {
      Stream& s = entry->second;
      const bool is_alone = s.stream->is_alone();
      if (!is_alone) s.alone_since = Clock::time_point::max();
      else if (s.alone_since == Clock::time_point::max()) s.alone_since = now;
      if (std::exchange(s.has_news, false) && is_alone) with_news.push_back(s.stream);
      const bool is_over = is_alone && now - s.alone_since >= limits_.kept;
      if (is_over) expired.push_back(s.stream);
      entry = is_over ? streams_.erase(entry) : std::next(entry);
    }
    lock.unlock();
    for (const auto& stream : with_news) stream->advance();
    for (const auto& stream : expired) stream->cancel();
    with_news.clear(), expired.clear();  // a stream's destructor may end its answer, which takes the lock
    lock.lock();
    const auto is_due = [&] {
      if (stopped_) return true;
      for (const auto& [id, entry] : streams_)
        if (entry.has_news) return true;
      return false;
    };
    const Clock::time_point deadline = next_deadline();
    if (deadline == Clock::time_point::max()) changed_.wait(lock, is_due);
    else changed_.wait_until(lock, deadline, is_due);
  }
}

}  // namespace r1
