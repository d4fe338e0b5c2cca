// One answer: a request run to its end, and its text on the terminal while it comes.
#pragma once
#include <atomic>
#include <string>

#include "session/session.hpp"

namespace r1 {

enum class ThinkingDisplay { show, hide };

// Prints text as people read it. On a terminal the thinking is dimmed; elsewhere it stands between <think> and
// </think>. Hidden thinking is one line on a terminal's stderr.
class AnswerPrinter {
 public:
  explicit AnswerPrinter(ThinkingDisplay display);
  ~AnswerPrinter();  // switches the dimming off, also if an error ends the thinking
  AnswerPrinter(const AnswerPrinter&) = delete;
  AnswerPrinter& operator=(const AnswerPrinter&) = delete;
  void print(const TextDelta& text);
  void finish(const Completion& answer);  // ends the line and says on stderr if the answer was cut

 private:
  void begin_answer();
  void dim();
  void undim();
  const bool show_, colour_;
  bool dimmed_ = false, in_thinking_ = false, in_answer_ = false, mid_line_ = false;
};

// Runs one request to its end, or until `interrupted`. A printer, if given, prints the text as it comes.
// Errors: those of Completions, and a failed sample.
Result<Completion> complete(Session& session, CompletionRequest request, const std::atomic<bool>& interrupted,
                            AnswerPrinter* printer);

// "12 + 84 tokens, 61 thinking, first after 31 ms, 270.2 tokens/s"
std::string stats_line(const CompletionStats& stats);

}  // namespace r1
