// Where the answers of a chat come from: a model in this program, or a server.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/answer.hpp"
#include "cli/generation_flags.hpp"
#include "session/conversation.hpp"

namespace r1 {

// What helps if the context is full.
inline constexpr std::string_view kFullContextAdvice =
    "/new starts afresh, /set context_shift on leaves out the oldest turns";

struct Question {
  const Conversation& before;
  std::string_view text;
  ContextFull when_full = ContextFull::refuse;
  size_t left_out = 0;  // turns at the beginning that no longer fit into the context
  u64 stream = 0;       // the number of the text in this chat, for its random numbers
  i32 sample = 0;       // how often the text was answered before
};

struct ChatAnswer {
  Turn turn;
  FinishReason finish = FinishReason::none;
  std::string stats;    // a line for /stats
  size_t left_out = 0;  // turns that the model did not see
};

// AnswerPrinter::finish, and says what helps if the answer fills the context.
void finish_answer(AnswerPrinter& printer, const Completion& answer, i64 context);

// `thought`: the model was to think, or has thought.
ChatAnswer chat_answer(const Question& question, Completion answer, bool thought, std::string stats, size_t left_out);

class AnswerSource {
 public:
  virtual ~AnswerSource() = default;

  // Prints the answer as it comes. Ctrl-C ends it; what was printed is then the answer. Errors: Errc::exhausted, if
  // the conversation does not fit into the context.
  virtual Result<ChatAnswer> answer(const Question& question, ThinkingDisplay display) = 0;

  // Errors: text that is not UTF-8; a model that takes no system prompts.
  virtual Status check_system(const std::string& system) const = 0;

  const GenerationFlags& flags() const { return flags_; }
  // Changes the flags of the requests to come. Errors: values out of range; the flags stay as they were.
  virtual Status set_flags(const GenerationFlags& flags) = 0;
  // What a request has if no flag says otherwise; null if only the server knows.
  virtual const CompletionRequest* defaults() const = 0;
  virtual i64 context() const = 0;  // tokens; 0: unknown

  // Goes on with another model, which must take this system prompt. After an error the old one stays, unless
  // has_model() says that there is none.
  virtual Status open_model(const std::string& name, const std::string& system) = 0;
  virtual bool has_model() const { return true; }
  virtual std::string describe() const = 0;             // the model, in a line
  virtual std::string greeting() const = 0;             // the same, shorter
  virtual std::vector<std::string> models() const = 0;  // names for open_model

 protected:
  explicit AnswerSource(GenerationFlags flags) : flags_(std::move(flags)) {}
  GenerationFlags flags_;
};

}  // namespace r1
