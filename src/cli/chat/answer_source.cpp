#include "cli/chat/answer_source.hpp"

#include <utility>

namespace r1 {

void finish_answer(AnswerPrinter& printer, const Completion& answer, i64 context) {
  printer.finish(answer, context);
  if (answer.finish == FinishReason::length && answer.stats.prompt_tokens + answer.stats.tokens >= context)
    fmt::print(stderr, "({})\n", kFullContextAdvice);
}

ChatAnswer chat_answer(const Question& question, Completion answer, bool thought, std::string stats, size_t left_out) {
  return {{std::string(question.text), std::move(answer.thinking), std::move(answer.answer), thought},
          answer.finish,
          std::move(stats),
          left_out};
}

}  // namespace r1
