#include "serve/answers/resumable_stream.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "serve/answers/answer_format.hpp"

namespace r1 {

class ResumableStream::Reader final : public Reply {
 public:
  Reader(std::shared_ptr<ResumableStream> stream, u64 number, i64 after)
      : stream_(std::move(stream)), number_(number), after_(after) {}
  ~Reader() override { stream_->leave(number_); }

  ReplyPart next() override { return stream_->read(number_, after_, !std::exchange(begun_, true)); }
  // Without a blank line: some clients take a comment that stands alone for an empty event once they have seen an
  // `id:`.
  std::string keep_alive() override { return ": keep-alive\n"; }
  void shut_down() override { stream_->shut_down(); }

 private:
  const std::shared_ptr<ResumableStream> stream_;
  const u64 number_;
  i64 after_;
  bool begun_ = false;
};

Wake ResumableStream::waker() {
  return [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->wake();
  };
}

void ResumableStream::wake() {
  Wake reader;
  {
    const std::lock_guard lock(reader_mutex_);
    reader = reader_wake_;
  }
  reader ? reader() : alone_();
}

void ResumableStream::set_source(std::unique_ptr<Reply> source) {
  const std::lock_guard lock(mutex_);
  source_ = std::move(source);
}

ApiResult<std::unique_ptr<Reply>> ResumableStream::reader(Wake wake, i64 after) {
  Wake before;
  u64 number;
  {
    const std::lock_guard lock(mutex_);
    const i64 last = first_ + std::ssize(events_) - 1;
    if (after < first_ - 1)
      return api_fail(410, "events_lost",
                      fmt::format("after: {}, the events before number {} are no longer kept", after, first_));
    if (after > last) return bad_field("after", fmt::format("after: {}, the stream has {} events so far", after, last));
    read_ = std::min(read_, after);  // its reader has not got them, so they must stay
    // Under the same lock: the reader before must not take events, and so drop them, after `after` was checked.
    const std::lock_guard reader_lock(reader_mutex_);
    before = std::exchange(reader_wake_, std::move(wake));
    number = ++readers_;
    is_alone_ = false;
  }
  if (before) before();  // that reader then finds out that it is the last no more, and ends
  return std::make_unique<Reader>(shared_from_this(), number, after);
}

void ResumableStream::advance() {
  std::unique_ptr<Reply> over;
  const std::lock_guard lock(mutex_);
  if (!source_) return;
  pull();
  drop_read_events();
  if (bytes_ <= most_bytes_) return;
  if (source_)
    append(sse_event(
        dump(to_json({500, "events_lost", fmt::format("more than {} bytes came while nobody read", most_bytes_)}))));
  over = std::move(source_);
  ended_ = true;
}

void ResumableStream::cancel() {
  {
    const std::lock_guard lock(mutex_);
    source_.reset();
    ended_ = true;
  }
  Wake reader;
  {
    const std::lock_guard lock(reader_mutex_);
    reader = reader_wake_;
  }
  if (reader) reader();
}

bool ResumableStream::is_alone() const {
  const std::lock_guard lock(reader_mutex_);
  return is_alone_;
}

// What the standard library throws for lack of memory ends this stream alone.
void ResumableStream::pull() {
  try {
    take(source_->next());
  } catch (const std::exception&) {
    source_.reset();
    ended_ = true;
  }
}

// Cuts what the source has written into events, and numbers them.
void ResumableStream::take(ReplyPart part) {
  if (part.head) head_ = std::move(part.head);
  for (size_t begin = 0; begin < part.body.size();) {
    const size_t end = std::min(part.body.find("\n\n", begin), part.body.size() - 2) + 2;
    append(std::string_view(part.body).substr(begin, end - begin));
    begin = end;
  }
  if (!part.end) return;
  source_.reset();
  ended_ = true;
}

void ResumableStream::append(std::string_view event) {
  events_.push_back(fmt::format("id: {}\n{}", first_ + std::ssize(events_), event));
  bytes_ += std::ssize(events_.back());
}

// The newest of the events that were read stay, because a connection may break before its client has them.
void ResumableStream::drop_read_events() {
  for (; bytes_ > most_bytes_ && !events_.empty() && first_ <= read_; ++first_) {
    bytes_ -= std::ssize(events_.front());
    events_.pop_front();
  }
}

ReplyPart ResumableStream::read(u64 reader, i64& after, bool with_head) {
  ReplyPart part;
  const std::lock_guard lock(mutex_);
  bool replaced;
  {
    const std::lock_guard reader_lock(reader_mutex_);
    replaced = reader != readers_;
  }
  if (source_ && !replaced) pull();
  if (with_head) part.head = head_ ? *head_ : HttpHead{.content_type = "text/event-stream"};
  if (replaced) {
    part.end = true;
    return part;
  }
  for (; after < first_ + std::ssize(events_) - 1; ++after)
    part.body += events_[static_cast<size_t>(after + 1 - first_)];
  read_ = std::max(read_, after);
  drop_read_events();
  part.end = ended_;
  return part;
}

void ResumableStream::shut_down() {
  const std::lock_guard lock(mutex_);
  if (source_) source_->shut_down();
}

void ResumableStream::leave(u64 reader) {
  {
    const std::lock_guard lock(reader_mutex_);
    if (reader != readers_) return;
    reader_wake_ = nullptr;
    is_alone_ = true;
  }
  alone_();
}

}  // namespace r1
