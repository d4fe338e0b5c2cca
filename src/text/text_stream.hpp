// From tokens' bytes to text that can be shown at once: never half a UTF-8 character, never the beginning of what may
// turn out to be a stop string or a think tag. Each class holds back the least it can; finish() gives the rest.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"

namespace r1 {

// Bytes → valid UTF-8. An incomplete character waits for its bytes; bytes that no continuation can make valid become
// U+FFFD, one per maximal ill-formed part (Unicode 15, §3.9, as browsers do).
class Utf8Stream {
 public:
  std::string push(std::string_view bytes);
  std::string finish();  // an incomplete character at the end is one U+FFFD

 private:
  std::string pending_;  // at most three bytes
};

// Text up to the first stop string to be complete, which is dropped; of two that end at the same place the longer one.
class StopStrings {
 public:
  explicit StopStrings(std::vector<std::string> stops = {});  // empty strings are ignored
  std::string push(std::string_view text);
  std::string finish();
  bool stopped() const { return stopped_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

enum class Channel : u8 { thinking, answer };

struct TextStreamOptions {
  std::string think_open = "<think>", think_close = "</think>";
  bool thinking = false;           // the prompt already opened the thinking (R1's template does)
  bool split_thinking = true;      // false: all text is the answer
  std::vector<std::string> stops;  // looked for in the answer only
};

struct TextDelta {
  std::string thinking, answer;
};

// The whole way for one sequence. Tags are dropped, with one newline after the opening and the blank lines after the
// closing one; everything else stays as it is. An opening tag counts only at the very beginning (after white space).
class TextStream {
 public:
  explicit TextStream(TextStreamOptions options);
  TextDelta push(std::string_view bytes);  // one token's
  TextDelta finish();
  bool stopped() const { return stops_.stopped(); }
  Channel channel() const { return channel_; }
  i64 thinking_tokens() const { return thinking_tokens_; }  // pushes inside the thinking, the tags' aside

 private:
  void split(std::string_view text, bool last, TextDelta& out);
  bool split_thinking(bool last, TextDelta& out);  // true: the channel changed, go on
  bool split_answer(bool last, TextDelta& out);

  TextStreamOptions options_;
  Utf8Stream utf8_;
  StopStrings stops_;
  std::string held_;  // may be the beginning of a tag, or white space in front of one
  Channel channel_;
  bool opened_;         // a thinking part was seen
  bool begun_ = false;  // the channel's first text is out: nothing more to trim
  i64 thinking_tokens_ = 0;
};

}  // namespace r1
