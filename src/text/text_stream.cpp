#include "text/text_stream.hpp"

#include <algorithm>
#include <utility>

#include "formats/utf8.hpp"

namespace r1 {

namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// Describes the front of `s`, which is no valid character. `bytes` is how many of its bytes a valid character could
// begin with, at least 1. `undecided` says that all of `s` is such a beginning, so that the next bytes decide. Unicode
// 15, table 3-7.
struct IllFormed {
  size_t bytes;
  bool undecided;
};
IllFormed ill_formed(std::string_view s) {
  const auto at = [&](size_t i) { return static_cast<u8>(s[i]); };
  const u8 lead = at(0);
  if (lead < 0xc2 || lead > 0xf4) return {1, false};
  const size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  u8 low = 0x80, high = 0xbf;  // the range of the second byte
  if (lead == 0xe0) low = 0xa0;
  if (lead == 0xed) high = 0x9f;
  if (lead == 0xf0) low = 0x90;
  if (lead == 0xf4) high = 0x8f;
  size_t n = 1;
  for (; n < std::min(length, s.size()); ++n, low = 0x80, high = 0xbf)
    if (at(n) < low || at(n) > high) return {n, false};
  return {n, n < length};
}

}  // namespace

size_t beginning_at_end(std::string_view text, std::string_view word) {
  for (size_t n = std::min(text.size(), word.size() - 1); n > 0; --n)
    if (text.substr(text.size() - n) == word.substr(0, n)) return n;
  return 0;
}

std::string Utf8Stream::push(std::string_view bytes) {
  pending_ += bytes;
  std::string out;
  std::string_view rest = pending_;
  while (!rest.empty()) {
    size_t n = utf8_length(rest);
    if (n > 0) {
      out += rest.substr(0, n);
    } else {
      const IllFormed bad = ill_formed(rest);
      if (bad.undecided) break;
      out += kReplacement;
      n = bad.bytes;
    }
    rest.remove_prefix(n);
  }
  pending_.erase(0, pending_.size() - rest.size());
  return out;
}

std::string Utf8Stream::finish() {
  const bool incomplete = !pending_.empty();
  pending_.clear();
  return std::string(incomplete ? kReplacement : "");
}

StopStrings::StopStrings(std::vector<std::string> stops) : stops_(std::move(stops)) {
  std::erase(stops_, std::string());
}

std::string StopStrings::push(std::string_view text) {
  if (stopped_) return {};
  held_ += text;
  size_t best_begin = 0, best_end = std::string::npos, keep = 0;
  for (const std::string& stop : stops_) {
    const size_t begin = held_.find(stop);
    if (begin == std::string::npos) {
      keep = std::max(keep, beginning_at_end(held_, stop));
    } else if (const size_t end = begin + stop.size(); end < best_end || (end == best_end && begin < best_begin)) {
      best_begin = begin, best_end = end;
    }
  }
  std::string out;
  if (best_end != std::string::npos) {
    stopped_ = true;
    out = held_.substr(0, best_begin);
    held_.clear();
  } else {
    out = held_.substr(0, held_.size() - keep);
    held_.erase(0, out.size());
  }
  return out;
}

std::string StopStrings::finish() { return std::exchange(held_, {}); }

TextStream::TextStream(TextStreamOptions options)
    : options_(std::move(options)),
      stops_(options_.stops),
      channel_(options_.thinking && options_.split_thinking ? Channel::thinking : Channel::answer),
      opened_(channel_ == Channel::thinking) {}

TextDelta TextStream::push(std::string_view bytes) {
  TextDelta out;
  const bool thinking = channel_ == Channel::thinking;
  split(utf8_.push(bytes), false, out);
  if (thinking && channel_ == Channel::thinking) ++thinking_tokens_;
  return out;
}

TextDelta TextStream::finish() {
  TextDelta out;
  split(utf8_.finish(), true, out);
  if (out.answer.empty()) out.answer_at = length_ - stops_.held();
  out.answer += stops_.finish();
  return out;
}

void TextStream::split(std::string_view text, bool last, TextDelta& out) {
  held_ += text;
  length_ += std::ssize(text);
  if (!options_.split_thinking) return answer(out);
  while (channel_ == Channel::thinking ? split_thinking(last, out) : split_answer(last, out)) {
  }
}

bool TextStream::split_thinking(bool last, TextDelta& out) {
  if (!begun_ && !held_.empty()) {
    if (held_.front() == '\n') held_.erase(0, 1);
    begun_ = true;
  }
  const size_t close = held_.find(options_.think_close);
  const bool closed = close != std::string::npos;
  const size_t ready = closed ? close : held_.size() - (last ? 0 : beginning_at_end(held_, options_.think_close));
  if (out.thinking.empty()) out.thinking_at = length_ - std::ssize(held_);
  out.thinking += held_.substr(0, ready);
  held_.erase(0, closed ? close + options_.think_close.size() : ready);
  if (closed) channel_ = Channel::answer, begun_ = false;
  return closed;
}

bool TextStream::split_answer(bool last, TextDelta& out) {
  if (!begun_ && opened_) {
    held_.erase(0, std::min(held_.find_first_not_of("\r\n"), held_.size()));
    if (held_.empty()) return false;
  } else if (!begun_) {
    const size_t text = std::min(held_.find_first_not_of(" \t\r\n"), held_.size());
    const std::string_view rest = std::string_view(held_).substr(text);
    const std::string_view open = options_.think_open;
    if (rest.substr(0, open.size()) == open) {
      held_.erase(0, text + open.size());
      channel_ = Channel::thinking, opened_ = true;
      return true;
    }
    if (!last && open.substr(0, rest.size()) == rest) return false;
  }
  begun_ = true;
  answer(out);
  return false;
}

void TextStream::answer(TextDelta& out) {
  if (out.answer.empty()) out.answer_at = length_ - std::ssize(held_) - stops_.held();
  out.answer += stops_.push(std::exchange(held_, {}));
}

}  // namespace r1
