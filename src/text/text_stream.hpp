// Turns the bytes of tokens into text that can be shown at once. The text never contains half a UTF-8 character, nor
// the beginning of something that may become a stop string or a think tag. Each class holds back as little as possible,
// and finish() returns what it still holds.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"

namespace r1 {

// Length of the longest suffix of `text` that is a proper prefix of `word`.
size_t beginning_at_end(std::string_view text, std::string_view word);

// Bytes → valid UTF-8. An incomplete character waits for its remaining bytes. Bytes that no continuation can make valid
// become U+FFFD, one for each maximal ill-formed part (Unicode 15 §3.9, as in browsers).
class Utf8Stream {
 public:
  std::string push(std::string_view bytes);
  std::string finish();                                 // an incomplete character at the end becomes one U+FFFD
  i64 pending() const { return std::ssize(pending_); }  // bytes of an incomplete character

 private:
  std::string pending_;  // the incomplete character, at most three bytes
};

// Passes text on until the first stop string is complete, and drops that stop string. If two stop strings end at the
// same place, the longer one counts.
class StopStrings {
 public:
  explicit StopStrings(std::vector<std::string> stops = {});  // empty strings are ignored
  std::string push(std::string_view text);
  std::string finish();
  bool stopped() const { return stopped_; }
  i64 held() const { return std::ssize(held_); }  // bytes that may become a stop string

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

enum class Channel : u8 { thinking, answer };

struct TextStreamOptions {
  std::string think_open = "<think>", think_close = "</think>";
  bool thinking = false;           // the prompt has opened the thinking already, as R1's template does
  bool split_thinking = true;      // false: all text is answer
  std::vector<std::string> stops;  // searched in the answer only
};

// The positions count bytes of the whole text: that of all tokens, as valid UTF-8, with the tags. They let a caller
// find the tokens of a text (serve/answers/shown_tokens.hpp).
struct TextDelta {
  std::string thinking, answer;
  i64 thinking_at = 0, answer_at = 0;  // where each begins, if it is not empty
};

// All steps for one sequence. The tags are dropped, together with one newline after the opening tag and the blank lines
// after the closing tag; all other text stays as it is. An opening tag counts only at the beginning, after white space
// at most.
class TextStream {
 public:
  explicit TextStream(TextStreamOptions options);
  TextDelta push(std::string_view bytes);  // the bytes of one token
  TextDelta finish();
  bool stopped() const { return stops_.stopped(); }
  Channel channel() const { return channel_; }
  i64 thinking_tokens() const { return thinking_tokens_; }  // tokens inside the thinking, without those of the tags
  i64 length() const { return length_; }                    // bytes of the whole text so far

 private:
  void split(std::string_view text, bool last, TextDelta& out);
  bool split_thinking(bool last, TextDelta& out);  // true: the channel changed and held_ must be split again
  bool split_answer(bool last, TextDelta& out);
  void answer(TextDelta& out);  // all of held_

  TextStreamOptions options_;
  Utf8Stream utf8_;
  StopStrings stops_;
  std::string held_;  // text that may be the beginning of a tag, or white space before one
  Channel channel_;
  bool opened_;         // the text has had a thinking part
  bool begun_ = false;  // the channel has produced text, so white space is no longer trimmed
  i64 thinking_tokens_ = 0, length_ = 0;
};

}  // namespace r1
