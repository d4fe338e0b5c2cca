#include "cli/answer.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace r1 {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// A part of an answer: until the model stops, the budget is reached, or someone asks to stop.
struct Part {
  std::vector<i32> tokens;
  Finish finish = Finish::none;
  bool over_budget = false;
};

Result<Part> generate_part(Session& s, std::vector<i32> prompt, i64 max_tokens, const AnswerOptions& o, TextStream& text,
                           Answer& answer, double begin) {
  Engine& engine = *s.engine;
  const RequestId id = R1_TRY(engine.submit({std::move(prompt), s.sampling, max_tokens, s.stop_ids, 1, o.stream, 0}));
  const auto emit = [&](const TextDelta& d) {
    answer.thinking += d.thinking, answer.answer += d.answer;
    if (o.on_text && (!d.thinking.empty() || !d.answer.empty())) o.on_text(d);
  };
  Part part;
  while (engine.busy() && part.finish == Finish::none && !part.over_budget) {
    if (o.stop && o.stop->load()) break;
    for (const Event& e : R1_TRY(engine.step())) {
      if (answer.tokens.empty() && part.tokens.empty()) answer.prefill_seconds = now() - begin;
      if (e.finish == Finish::failed) return fail(Errc::corrupt, "{}: {}", s.path.string(), engine.failure());
      part.tokens.push_back(e.token);
      part.finish = e.finish;
      if (e.finish != Finish::stop) emit(text.push(s.tokenizer.bytes_of(e.token)));
      if (text.stopped()) part.finish = Finish::stop;
      part.over_budget = o.think_budget > 0 && text.channel() == Channel::thinking &&
                         text.thinking_tokens() >= o.think_budget && part.finish == Finish::none;
    }
  }
  engine.cancel(id);
  return part;
}

}  // namespace

Result<Answer> generate_answer(Session& session, const std::vector<i32>& prompt, const AnswerOptions& options) {
  Answer answer;
  answer.prompt_tokens = static_cast<i64>(prompt.size());
  TextStreamOptions text_options;
  text_options.thinking = options.thinking;
  text_options.stops = options.stops;
  TextStream text(text_options);
  const double begin = now();
  Part part = R1_TRY(generate_part(session, prompt, session.max_tokens, options, text, answer, begin));
  answer.tokens = part.tokens;
  if (part.over_budget) {  // closes the thinking for the model and lets it go on
    const std::string closing = "\n</think>\n\n";
    const std::vector<i32> ids = session.tokenizer.encode(closing, Tokenizer::Special::recognise);
    answer.tokens.insert(answer.tokens.end(), ids.begin(), ids.end());
    const TextDelta d = text.push(closing);
    answer.answer += d.answer;
    if (options.on_text) options.on_text(d);
    std::vector<i32> longer = prompt;
    longer.insert(longer.end(), answer.tokens.begin(), answer.tokens.end());
    AnswerOptions rest = options;
    rest.think_budget = 0;
    const i64 left = std::max<i64>(1, session.max_tokens - static_cast<i64>(answer.tokens.size()));
    part = R1_TRY(generate_part(session, longer, left, rest, text, answer, begin));
    answer.tokens.insert(answer.tokens.end(), part.tokens.begin(), part.tokens.end());
  }
  const TextDelta last = text.finish();
  answer.thinking += last.thinking, answer.answer += last.answer;
  if (options.on_text) options.on_text(last);
  answer.finish = part.finish;
  answer.thinking_tokens = text.thinking_tokens();
  answer.decode_seconds = now() - begin - answer.prefill_seconds;
  return answer;
}

AnswerPrinter::AnswerPrinter(bool show_thinking)
    : show_(show_thinking), colour_(isatty(STDOUT_FILENO) && !std::getenv("NO_COLOR")) {}

void AnswerPrinter::to_answer() {
  if (in_answer_) return;
  if (in_thinking_) fmt::print("{}\n\n", colour_ ? "\033[0m" : "\n</think>");
  in_answer_ = true;
}

void AnswerPrinter::print(const TextDelta& text) {
  if (!text.thinking.empty()) {
    if (!in_thinking_ && show_) fmt::print("{}", colour_ ? "\033[2m" : "<think>\n");
    if (!in_thinking_ && !show_ && isatty(STDERR_FILENO)) fmt::print(stderr, "thinking ...\n");
    in_thinking_ = show_;
    if (show_) fmt::print("{}", text.thinking);
  }
  if (!text.answer.empty()) {
    to_answer();
    fmt::print("{}", text.answer);
  }
  std::fflush(stdout);
}

void AnswerPrinter::finish(const Answer& answer) {
  if (in_thinking_ && !in_answer_) fmt::print("{}", colour_ ? "\033[0m" : "");
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
