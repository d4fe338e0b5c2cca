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

// Text up to the first occurrence of any stop string; the stop string itself is dropped. Of several that begin at the
// same place the longest wins only if it is complete by then: the first to be complete ends the text.
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
  bool thinking = false;                // the prompt already opened the thinking (R1's template does)
  bool split_thinking = true;           // false: all text is the answer
  std::vector<std::string> stops;       // looked for in the answer only
};

struct TextDelta {
  std::string thinking, answer;
};

// The whole way for one sequence. Tags are dropped; so is white space around the thinking and before the answer.
class TextStream {
 public:
  explicit TextStream(TextStreamOptions options);
  TextDelta push(std::string_view bytes);  // one token's
  TextDelta finish();
  bool stopped() const { return stops_.stopped(); }
  Channel channel() const { return channel_; }
  i64 thinking_tokens() const { return thinking_tokens_; }  // pushes that began while thinking, the closing tag's included

 private:
  void split(std::string_view text, bool last, TextDelta& out);
  void emit(std::string_view text, TextDelta& out);

  TextStreamOptions options_;
  Utf8Stream utf8_;
  StopStrings stops_;
  std::string held_;        // may be the beginning of a tag
  std::string space_;       // thinking's white space that is dropped if nothing follows it
  Channel channel_;
  bool opened_ = false, begun_ = false;  // a thinking part was seen; the channel has had text
  i64 thinking_tokens_ = 0;
};

}  // namespace r1
