#include "cli/answer.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "cli/interrupt.hpp"

namespace r1 {
namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

constexpr const char *kDim = "\033[2m", *kPlain = "\033[0m";

bool no_colour() {
  const char* set = std::getenv("NO_COLOR");
  return set && *set;  // https://no-color.org: set and not empty
}

}  // namespace

Result<Answer> generate_answer(Session& s, const std::vector<i32>& prompt, const AnswerOptions& o) {
  Answer answer;
  answer.prompt_tokens = static_cast<i64>(prompt.size());
  TextStreamOptions text_options;
  text_options.thinking = o.thinking;
  text_options.stops = o.stops;
  TextStream text(text_options);
  const auto emit = [&](const TextDelta& d) {
    answer.thinking += d.thinking, answer.answer += d.answer;
    if (o.on_text && (!d.thinking.empty() || !d.answer.empty())) o.on_text(d);
  };

  Engine& engine = *s.engine;
  Request request{prompt, s.sampling, s.max_tokens, s.stop_ids};
  request.stream = o.stream;
  if (o.thinking) request.think = s.think_budget;
  const double begin = now();
  const RequestId id = R1_TRY(engine.submit(std::move(request)));
  while (engine.busy() && !(o.stop && o.stop->load())) {
    for (const Event& e : R1_TRY(engine.step())) {
      if (answer.tokens.empty()) answer.prefill_seconds = now() - begin;
      if (e.finish == Finish::failed) return fail(Errc::corrupt, "{}: {}", s.path.string(), engine.failure());
      answer.tokens.push_back(e.token);
      answer.finish = e.finish;
      if (e.finish != Finish::stop) emit(text.push(s.tokenizer.bytes_of(e.token)));
    }
    if (text.stopped() && answer.finish == Finish::none) {
      answer.finish = Finish::stop;
      break;
    }
  }
  engine.cancel(id);
  emit(text.finish());
  answer.thinking_tokens = text.thinking_tokens();
  answer.decode_seconds = now() - begin - answer.prefill_seconds;
  return answer;
}

AnswerPrinter::AnswerPrinter(bool show_thinking)
    : show_(show_thinking), colour_(isatty(STDOUT_FILENO) && !no_colour()) {}

AnswerPrinter::~AnswerPrinter() { dim(false); }

// By stdio: a destructor must not throw. A second Ctrl-C in between resets the terminal too.
void AnswerPrinter::dim(bool on) {
  if (!colour_ || on == dimmed_) return;
  dimmed_ = on;
  if (on) last_words(kPlain);
  std::fputs(on ? kDim : kPlain, stdout);
  std::fflush(stdout);
  if (!on) last_words(nullptr);
}

void AnswerPrinter::to_answer() {
  if (in_answer_) return;
  dim(false);
  if (in_thinking_ && show_) fmt::print("{}{}\n", mid_line_ ? "\n" : "", colour_ ? "" : "</think>\n");
  in_answer_ = true;
}

void AnswerPrinter::print(const TextDelta& text) {
  if (!text.thinking.empty()) {
    if (!in_thinking_ && show_ && !colour_) fmt::print("<think>\n");
    if (!in_thinking_ && !show_ && isatty(STDERR_FILENO)) fmt::print(stderr, "thinking ...\n");
    in_thinking_ = true;
    dim(show_);
    if (show_) fmt::print("{}", text.thinking);
    mid_line_ = text.thinking.back() != '\n';
  }
  if (!text.answer.empty()) {
    to_answer();
    fmt::print("{}", text.answer);
  }
  std::fflush(stdout);
}

void AnswerPrinter::finish(const Answer& answer) {
  dim(false);
  fmt::print("\n");
  std::fflush(stdout);
  if (answer.finish == Finish::length)
    fmt::print(stderr, "r1: the answer was cut after {} tokens; -n allows more\n", answer.tokens.size());
}

std::string stats_line(const Answer& a) {
  const auto n = static_cast<double>(a.tokens.size());
  return fmt::format("{} + {} tokens, {} thinking, first after {:.0f} ms, {:.1f} tokens/s", a.prompt_tokens,
                     a.tokens.size(), a.thinking_tokens, 1e3 * a.prefill_seconds,
                     n > 1 && a.decode_seconds > 0 ? (n - 1) / a.decode_seconds : 0);
}

}  // namespace r1
