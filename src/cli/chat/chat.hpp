// A chat: a conversation with an open model, and the settings that slash commands change.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "cli/answer.hpp"
#include "cli/generation_flags.hpp"
#include "session/conversation.hpp"

namespace r1 {

// What helps if the context is full.
inline constexpr std::string_view kFullContextAdvice =
    "/new starts afresh, /set context_shift on leaves out the oldest turns";

class Chat {
 public:
  // Opens the model. `flags` must have passed check(). Errors: those of open_session and check_system_prompt.
  static Result<Chat> open(GenerationFlags flags, std::string system, ThreadPool& pool);

  const Session& session() const { return *session_; }
  const Conversation& conversation() const { return conversation_; }
  const GenerationFlags& flags() const { return flags_; }
  const std::optional<Completion>& last() const { return last_; }

  ThinkingDisplay display = ThinkingDisplay::show;
  ContextFull when_full = ContextFull::refuse;  // drop_oldest leaves turns out of the prompt and keeps them here

  // Each of these asks the model and prints its answer as it comes. After an error the conversation is as it was.
  // Errors: a text that is not UTF-8; a conversation that does not fit into the context; those of complete(); for the
  // last two that there is no turn yet.
  Status say(const std::string& text);      // a new turn; what is attached goes behind the text
  Status replace(const std::string& text);  // in place of the last turn
  Status regenerate();                      // the last turn again, drawn with other random numbers

  void attach(std::string text) { attached_ = std::move(text); }  // to the next text that is said
  void clear();                                                   // all turns; the system prompt stays
  Status set_system(std::string text);                            // Errors: those of check_system_prompt
  Status load(Conversation conversation);
  // Changes the flags of the requests to come. Errors: values out of range; the flags stay as they were.
  Status set_flags(const GenerationFlags& flags);
  // Opens another model. If both do not fit into the memory, the old one is closed first. After an error the old one is
  // open. Errors: those of open_session; Errc::unsupported, if the old one cannot be opened again either.
  Status open_model(const std::string& name);
  bool has_model() const { return session_.has_value(); }

 private:
  Chat(GenerationFlags flags, ThreadPool& pool) : flags_(std::move(flags)), pool_(&pool) {}
  Result<Session> open_for_conversation(const GenerationFlags& flags) const;
  Status answer(Conversation before, const std::string& text, u64 stream, i32 sample);

  GenerationFlags flags_;
  ThreadPool* pool_;
  std::optional<Session> session_;
  Conversation conversation_;
  std::optional<Completion> last_;
  std::string attached_;
  u64 asked_ = 0;        // texts that were answered; the random stream of the next one
  i32 sample_ = 0;       // how often the last one was drawn again
  size_t left_out_ = 0;  // turns at the beginning that no longer fit into the context
};

}  // namespace r1
