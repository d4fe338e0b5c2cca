// A conversation: a system prompt and turns, each the user's text and the model's answer. It becomes the messages of a
// chat template, fits itself into a context, and is stored in the form that training reads.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "session/session.hpp"

namespace r1 {

struct Turn {
  std::string user{};
  std::string thinking{}, answer{};
  bool thought = false;  // the answer began with a thinking, which may be empty
};

struct Conversation {
  std::string system{};  // empty: none
  std::vector<Turn> turns{};

  // The messages of a prompt: the system prompt, the turns from `first_turn` on without their thinking (R1's models do
  // not see the thinking of earlier turns), and the user's next text.
  std::vector<Message> messages(std::string_view user, size_t first_turn = 0) const;
};

enum class ContextFull { refuse, drop_oldest };

struct TurnPrompt {
  ChatPrompt prompt;
  size_t dropped = 0;  // turns at the beginning of the conversation that the prompt leaves out
};

// The prompt for the user's next text. With drop_oldest the oldest turns are left out, at least `dropped` of them,
// until the prompt leaves `room` tokens of the context for the answer; the system prompt stays. Errors:
// Errc::exhausted, if the prompt leaves no room for a single token (both numbers); those of chat_prompt.
Result<TurnPrompt> prompt_for_turn(const Session& session, const Conversation& conversation, std::string_view user,
                                   Think think, ContextFull when_full, i64 room, size_t dropped = 0);

// {"messages": [...]}, a row for `r1 train sft`. The thinking stands between <think> and </think> before the answer.
Json to_json(const Conversation& conversation);
// Reads an object with "messages", or the array itself: perhaps a system message, then user and assistant in turn.
// Errors: another shape, another role, a user's message without an answer. They name `source` and the message.
Result<Conversation> conversation_from(const Json& json, const std::string& source);

struct StoredConversation {
  Conversation conversation;
  i64 rows = 1;  // of the file
};
// The conversation in a JSON file, or in the first row of a JSONL file.
Result<StoredConversation> read_conversation(const std::filesystem::path& path);

}  // namespace r1
