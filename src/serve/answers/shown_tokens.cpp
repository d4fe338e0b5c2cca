#include "serve/answers/shown_tokens.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace r1 {
namespace {

double finite(float logprob) { return std::isfinite(logprob) ? static_cast<double>(logprob) : kNoLogprob; }

}  // namespace

void ShownTokens::Range::extend(std::string_view text, i64 at) {
  if (text.empty()) return;
  if (begin == end) begin = at;
  end = at + std::ssize(text);
}

ShownTokens::Part ShownTokens::push(const CompletionEvent& event) {
  if (!event.bytes.empty()) {
    // A token that ends inside a character belongs to the text of that character, too. It begins where the text ends
    // now, and a later token completes it.
    utf8_.push(event.bytes);
    const bool is_last = event.finish != FinishReason::none;  // the text ends with U+FFFD then, which is 3 bytes long
    const i64 open = std::min(utf8_.pending(), std::ssize(event.bytes)), open_text = open == 0 ? 0 : is_last ? 3 : 1;
    Pending& added = pending_.emplace_back(Pending{{std::string(event.bytes), finite(event.logprob), {}},
                                                   {length_, event.text_end + (is_last ? 0 : open_text)},
                                                   open,
                                                   open_text});
    for (const TokenLogprob& top : event.top)
      added.token.top.emplace_back(tokenizer_->bytes_of(top.token), finite(top.logprob));
  }
  length_ = event.text_end;
  thinking_.extend(event.text.thinking, event.text.thinking_at);
  answer_.extend(event.text.answer, event.text.answer_at);

  const i64 shown =
      event.finish == FinishReason::none ? std::max(thinking_.end, answer_.end) : std::numeric_limits<i64>::max();
  Part out;
  for (; !pending_.empty() && pending_.front().range.end <= shown; pending_.pop_front()) {
    add(pending_.front(), thinking_, out.thinking);
    add(pending_.front(), answer_, out.answer);
  }
  return out;
}

// Adds the token with those of its bytes that `text` has. What is cut off is a tag, a line break or a stop string, and
// so has as many bytes in the token as in the text, except for an incomplete character.
void ShownTokens::add(const Pending& pending, const Range& text, std::vector<ShownToken>& out) {
  const ShownToken& token = pending.token;
  const i64 begin = std::max(pending.range.begin, text.begin), end = std::min(pending.range.end, text.end);
  const i64 front = begin - pending.range.begin, cut = pending.range.end - end;
  const i64 size = std::ssize(token.bytes) - front - (cut > 0 ? cut - pending.open_text + pending.open : 0);
  if (begin >= end || size <= 0) return;
  out.push_back(token);
  out.back().bytes = token.bytes.substr(static_cast<size_t>(front), static_cast<size_t>(size));
}

}  // namespace r1
