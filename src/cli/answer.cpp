#include "cli/answer.hpp"

#include <unistd.h>

#include <cstdio>

#include "cli/interrupt.hpp"
#include "core/terminal/status_line.hpp"

namespace r1 {
namespace {

constexpr const char *kDim = "\033[2m", *kPlain = "\033[0m";

// The text without the characters that control a terminal: U+0000 to U+001F, of which line ends and tabs stay, U+007F,
// and U+0080 to U+009F. In UTF-8 the last are two bytes, 0xc2 and one below 0xa0.
std::string without_controls(std::string_view utf8) {
  std::string out;
  for (size_t i = 0; i < utf8.size(); ++i) {
    const unsigned char c = utf8[i];
    const bool control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
    const bool control8 = c == 0xc2 && i + 1 < utf8.size() && static_cast<unsigned char>(utf8[i + 1]) < 0xa0;
    if (control8) ++i;
    else if (!control) out += utf8[i];
  }
  return out;
}

}  // namespace

AnswerPrinter::AnswerPrinter(ThinkingDisplay display)
    : show_(display == ThinkingDisplay::show), colour_(isatty(STDOUT_FILENO) && !color_refused()) {
  if (isatty(STDOUT_FILENO)) plain_thinking_.emplace(), plain_answer_.emplace();
}

AnswerPrinter::~AnswerPrinter() { undim(); }

// Uses stdio because a destructor must not throw. While the text is dimmed, a second Ctrl-C, which ends the program,
// also switches the dimming off.
void AnswerPrinter::dim() {
  if (!colour_ || dimmed_) return;
  dimmed_ = true;
  set_last_words(kPlain);
  std::fputs(kDim, stdout);
  std::fflush(stdout);
}

void AnswerPrinter::undim() {
  if (!dimmed_) return;
  dimmed_ = false;
  std::fputs(kPlain, stdout);
  std::fflush(stdout);
  set_last_words(nullptr);
}

void AnswerPrinter::begin_answer() {
  if (in_answer_) return;
  if (plain_thinking_) print_thinking(plain_thinking_->finish());
  undim();
  if (in_thinking_ && show_) fmt::print("{}{}\n", mid_line_ ? "\n" : "", colour_ ? "" : "</think>\n");
  in_answer_ = true;
}

void AnswerPrinter::print_thinking(const std::string& text) {
  if (text.empty()) return;
  if (show_) {
    dim();
    fmt::print("{}", text);
  }
  mid_line_ = text.back() != '\n';
}

void AnswerPrinter::print(const TextDelta& text) {
  if (text.thinking.empty() && text.answer.empty()) return;
  if (!text.thinking.empty()) {
    if (!in_thinking_ && show_ && !colour_) fmt::print("<think>\n");
    if (!in_thinking_ && !show_ && isatty(STDERR_FILENO)) fmt::print(stderr, "thinking ...\n");
    in_thinking_ = true;
    print_thinking(plain_thinking_ ? plain_thinking_->push(without_controls(text.thinking)) : text.thinking);
  }
  if (!text.answer.empty()) {
    begin_answer();
    fmt::print("{}", plain_answer_ ? plain_answer_->push(without_controls(text.answer)) : text.answer);
  }
  std::fflush(stdout);
}

void AnswerPrinter::finish() {
  if (plain_thinking_ && !in_answer_) print_thinking(plain_thinking_->finish());
  undim();
  fmt::print("{}\n", plain_answer_ ? plain_answer_->finish() : "");
  std::fflush(stdout);
}

void AnswerPrinter::finish(const Completion& answer, i64 context) {
  finish();
  if (answer.finish != FinishReason::length) return;
  const CompletionStats& s = answer.stats;
  if (s.prompt_tokens + s.tokens >= context)
    fmt::print(stderr, "r1: the answer was cut: {} tokens of the prompt and {} of the answer fill the context of {}\n",
               s.prompt_tokens, s.tokens, context);
  else fmt::print(stderr, "r1: the answer was cut after {} tokens; -n allows more\n", s.tokens);
}

Result<Completion> complete(Session& session, CompletionRequest request, const std::atomic<bool>& interrupted,
                            AnswerPrinter* printer) {
  Completions completions(session.engine(), session.tokenizer(), &interrupted);
  R1_TRY(completions.submit(std::move(request)));
  Completion answer;
  while (completions.busy()) {
    for (const CompletionEvent& event : R1_TRY(completions.step())) {
      if (event.finish == FinishReason::failed)
        return fail(Errc::corrupt, "{}: {}", session.path().string(), event.failure);
      answer.append(event);
      if (printer) printer->print(event.text);
    }
  }
  return answer;
}

std::string stats_line(const CompletionStats& s) {
  const double rate = s.tokens > 1 && s.decode_seconds > 0 ? static_cast<double>(s.tokens - 1) / s.decode_seconds : 0;
  return fmt::format("{} + {} tokens, {} thinking, first after {:.0f} ms, {:.1f} tokens/s", s.prompt_tokens, s.tokens,
                     s.thinking_tokens, 1e3 * s.prefill_seconds, rate);
}

}  // namespace r1
