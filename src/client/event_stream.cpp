#include "client/event_stream.hpp"

#include <algorithm>
#include <utility>

namespace r1 {

Status EventStream::push(std::string_view piece, const OnData& on_data) {
  while (!piece.empty()) {
    if (std::exchange(after_return_, false) && piece.front() == '\n') {
      piece.remove_prefix(1);
      continue;
    }
    const size_t end = std::min(piece.find_first_of("\r\n"), piece.size());
    if (line_.size() + end > kMostBytes)
      return fail(Errc::corrupt, "{}: a line of the stream has more than {} bytes", source_, kMostBytes);
    line_ += piece.substr(0, end);
    if (end == piece.size()) return {};
    after_return_ = piece[end] == '\r';
    piece.remove_prefix(end + 1);
    R1_TRY(end_line(on_data));
  }
  return {};
}

Status EventStream::end_line(const OnData& on_data) {
  const std::string line = std::exchange(line_, {});
  std::string_view text = line;
  if (std::exchange(first_line_, false) && text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (text.empty()) {
    const std::string data = std::exchange(data_, {});
    return std::exchange(has_data_, false) ? on_data(data) : Status();
  }
  const size_t colon = std::min(text.find(':'), text.size());
  if (text.substr(0, colon) != "data") return {};
  std::string_view value = text.substr(std::min(colon + 1, text.size()));
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (data_.size() + value.size() > kMostBytes)
    return fail(Errc::corrupt, "{}: an event of the stream has more than {} bytes", source_, kMostBytes);
  if (has_data_) data_ += '\n';
  data_ += value;
  has_data_ = true;
  return {};
}

}  // namespace r1
