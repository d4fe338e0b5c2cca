// Server-sent events: the text of a stream, which arrives in pieces cut anywhere, as the data of its events
// (WHATWG HTML, "Server-sent events").
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.hpp"

namespace r1 {

// Reads the field "data" and skips all else: comments, and the fields "event", "id" and "retry". An event ends with a
// blank line. An event without that line, or without data, is ignored.
class EventStream {
 public:
  static constexpr size_t kMostBytes = size_t{4} << 20;  // of a line, and of an event's data
  using OnData = std::function<Status(std::string_view data)>;

  explicit EventStream(std::string source) : source_(std::move(source)) {}  // stands for the stream in errors

  // Adds a piece and calls `on_data` for every event that is now complete. Errors: those of `on_data`, after which the
  // rest of the piece is not read; a line or an event of more than kMostBytes.
  Status push(std::string_view piece, const OnData& on_data);

 private:
  Status end_line(const OnData& on_data);

  const std::string source_;
  std::string line_, data_;
  bool has_data_ = false;      // the event has a field "data", which may be empty
  bool after_return_ = false;  // the last byte was CR, so LF belongs to the same line end
  bool first_line_ = true;     // which may begin with a byte order mark
};

}  // namespace r1
