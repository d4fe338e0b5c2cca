// A stream of server-sent events that outlives its connection: a client that comes back reads on after the last event
// that it has.
#pragma once
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "serve/api_error.hpp"
#include "serve/http.hpp"

namespace r1 {

struct ResumeLimits {
  std::chrono::milliseconds kept{60'000};  // how long a stream without a reader is kept
  i64 bytes = i64{1} << 20;                // of the events that one stream keeps
  i64 streams = 256;                       // of all clients together, including finished streams that are kept
};

// Every event gets its number as `id:`, from 1 on. One reader at a time: a new one takes the place of the one before.
// All functions may be called from any thread.
class ResumableStream : public std::enable_shared_from_this<ResumableStream> {
 public:
  // `alone` is called when there is something to write and no reader, or when the last reader has left. It must not
  // block, and must call advance() later, on another thread.
  ResumableStream(i64 most_bytes, std::function<void()> alone) : most_bytes_(most_bytes), alone_(std::move(alone)) {}

  // The function with which the source of the events wakes this stream. It may outlive the stream, and then does
  // nothing.
  Wake waker();
  void set_source(std::unique_ptr<Reply> source);
  // Reads on after the event number `after`. Errors: 410, if events after that one are no longer kept; 400, if there is
  // no event of that number yet.
  ApiResult<std::unique_ptr<Reply>> reader(Wake wake, i64 after);
  // Takes the events that the source has. If the unread events are larger than `most_bytes`, the stream ends, and with
  // it its source.
  void advance();
  void cancel();          // ends the source; a reader gets no further event
  bool is_alone() const;  // its last reader has left

 private:
  class Reader;
  void wake();
  void pull();
  void take(ReplyPart part);
  void append(std::string_view event);
  void drop_read_events();
  ReplyPart read(u64 reader, i64& after, bool with_head);
  void shut_down();
  void leave(u64 reader);

  const i64 most_bytes_;
  const std::function<void()> alone_;

  std::mutex mutex_;  // guards the members up to ended_
  std::unique_ptr<Reply> source_;
  std::optional<HttpHead> head_;
  std::deque<std::string> events_;
  i64 first_ = 1, read_ = 0;  // numbers: of the first event in events_, of the last one that a reader has taken
  i64 bytes_ = 0;             // of events_
  bool ended_ = false;

  mutable std::mutex reader_mutex_;  // if both are held, taken after mutex_
  Wake reader_wake_;
  u64 readers_ = 0;  // so far; the last one reads
  bool is_alone_ = false;
};

}  // namespace r1
