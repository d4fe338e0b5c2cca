// A chat: a conversation with a model, and the settings that slash commands change.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/chat/answer_source.hpp"

namespace r1 {

class Chat {
 public:
  explicit Chat(std::unique_ptr<AnswerSource> source) : source_(std::move(source)) {}

  AnswerSource& source() { return *source_; }
  const AnswerSource& source() const { return *source_; }
  const Conversation& conversation() const { return conversation_; }
  const std::optional<ChatAnswer>& last() const { return last_; }

  ThinkingDisplay display = ThinkingDisplay::show;
  ContextFull when_full = ContextFull::refuse;  // drop_oldest leaves turns out of the prompt and keeps them here

  // Each of these asks the model and prints its answer as it comes. After an error the conversation is as it was.
  // Errors: a text that is not UTF-8; those of AnswerSource::answer; for the last two that there is no turn yet.
  Status say(const std::string& text);      // a new turn; what is attached goes behind the text
  Status replace(const std::string& text);  // in place of the last turn
  Status regenerate();                      // the last turn again, drawn with other random numbers

  void attach(std::string text) { attached_ = std::move(text); }  // to the next text that is said
  void clear();                                                   // all turns; the system prompt stays
  Status set_system(std::string text);                            // Errors: those of AnswerSource::check_system
  Status load(Conversation conversation);
  Status open_model(const std::string& name);  // as AnswerSource::open_model

 private:
  Status answer(Conversation before, const std::string& text, u64 stream, i32 sample);

  std::unique_ptr<AnswerSource> source_;
  Conversation conversation_;
  std::optional<ChatAnswer> last_;
  std::string attached_;
  u64 asked_ = 0;        // texts that were answered; the random stream of the next one
  i32 sample_ = 0;       // how often the last one was drawn again
  size_t left_out_ = 0;  // turns at the beginning that no longer fit into the context
};

}  // namespace r1
