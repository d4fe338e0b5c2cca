// The tokens of the text that a client is shown, with their log-probabilities.
#pragma once
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "session/completions.hpp"

namespace r1 {

struct ShownToken {
  std::string bytes;  // those that the text shows
  double logprob = 0;
  std::vector<std::pair<std::string_view, double>> top{};  // bytes and log-probability, likeliest first
};

// Stands for the log-probability of a token that was forced, or whose log-probability is not finite, as in OpenAI's
// API.
inline constexpr double kNoLogprob = -9999;

// Finds the tokens behind the texts of one sample's events. The bytes of all tokens of a text, put together, are the
// text, in which U+FFFD stands for bytes that are no UTF-8. Tags, trimmed line breaks and stop strings are not part of
// the text: a token that consists of them is left out, and a token that is text in part comes with the bytes of that
// part.
class ShownTokens {
 public:
  // `tokenizer` must outlive the tokens that push() returns.
  explicit ShownTokens(const Tokenizer& tokenizer) : tokenizer_(&tokenizer) {}

  // Tokens whose text has been shown completely. A token that ends inside held text comes with a later event.
  struct Part {
    std::vector<ShownToken> thinking, answer;
  };
  Part push(const CompletionEvent& event);

 private:
  // Of bytes of the whole text (TextDelta).
  struct Range {
    i64 begin = 0, end = 0;
    void extend(std::string_view text, i64 at);
  };
  struct Pending {
    ShownToken token;
    Range range;
    i64 open = 0;       // bytes at its end that begin a character without completing it
    i64 open_text = 0;  // bytes for them in `range`
  };
  static void add(const Pending& pending, const Range& text, std::vector<ShownToken>& out);

  const Tokenizer* tokenizer_;
  std::deque<Pending> pending_;
  Utf8Stream utf8_;
  Range thinking_, answer_;
  i64 length_ = 0;  // of the whole text
};

}  // namespace r1
