// One answer: a request run to its end, and its text on the terminal while it comes.
#pragma once
#include <atomic>
#include <optional>
#include <string>

#include "cli/plain_math.hpp"
#include "session/session.hpp"

namespace r1 {

enum class ThinkingDisplay { show, hide };

// Prints text as people read it. On a terminal the thinking is dimmed, LaTeX is shown as plain text, and control
// characters are left out; elsewhere the thinking stands between <think> and </think>, and the text is unchanged.
// Hidden thinking is one line on a terminal's stderr.
class AnswerPrinter {
 public:
  explicit AnswerPrinter(ThinkingDisplay display);
  ~AnswerPrinter();  // switches the dimming off, also if an error ends the thinking
  AnswerPrinter(const AnswerPrinter&) = delete;
  AnswerPrinter& operator=(const AnswerPrinter&) = delete;
  void print(const TextDelta& text);
  void finish();  // ends the line
  // The same, and says on stderr if -n or the context, which is given in tokens, has cut the answer.
  void finish(const Completion& answer, i64 context);

 private:
  void print_thinking(const std::string& text);
  void begin_answer();
  void dim();
  void undim();
  const bool show_, colour_;
  std::optional<PlainMath> plain_thinking_, plain_answer_;  // on a terminal
  bool dimmed_ = false, in_thinking_ = false, in_answer_ = false, mid_line_ = false;
};

// Runs one request to its end, or until `interrupted`. A printer, if given, prints the text as it comes.
// Errors: those of Completions, and a failed sample.
Result<Completion> complete(Session& session, CompletionRequest request, const std::atomic<bool>& interrupted,
                            AnswerPrinter* printer);

// "12 + 84 tokens, 61 thinking, first after 31 ms, 270.2 tokens/s"
std::string stats_line(const CompletionStats& stats);

}  // namespace r1
