// One answer, streamed: from prompt tokens to text on a terminal or in a JSON object.
#pragma once
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "cli/session.hpp"
#include "text/text_stream.hpp"

namespace r1 {

struct AnswerOptions {
  bool thinking = true;  // the prompt ends inside the thinking
  std::vector<std::string> stops;
  u64 stream = 0;  // random stream: another for each turn
  const std::atomic<bool>* stop = nullptr;
  std::function<void(const TextDelta&)> on_text;
};

struct Answer {
  std::string thinking, answer;
  std::vector<i32> tokens;  // generated, the stop token included
  i64 prompt_tokens = 0, thinking_tokens = 0;
  Finish finish = Finish::none;  // none: interrupted
  double prefill_seconds = 0, decode_seconds = 0;
};

Result<Answer> generate_answer(Session& session, const std::vector<i32>& prompt, const AnswerOptions& options);

// Text as people read it: thinking dimmed on a terminal, between <think> tags elsewhere, or one line instead of it.
class AnswerPrinter {
 public:
  explicit AnswerPrinter(bool show_thinking);
  ~AnswerPrinter();  // an error in the middle of the thinking leaves no dimmed terminal
  AnswerPrinter(const AnswerPrinter&) = delete;
  AnswerPrinter& operator=(const AnswerPrinter&) = delete;
  void print(const TextDelta& text);
  void finish(const Answer& answer);  // ends the line; stats are the caller's
 private:
  void to_answer();
  void dim(bool on);
  bool show_, colour_, dimmed_ = false, in_thinking_ = false, in_answer_ = false, mid_line_ = false;
};

// "12 + 84 tokens, 61 thinking, first after 31 ms, 270.2 tokens/s"
std::string stats_line(const Answer& answer);

}  // namespace r1
