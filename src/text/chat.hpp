// Conversations, and the chat format that our own models are trained in. chat_template.hpp handles the formats that
// other models bring in their files.
// Our format is R1's. It begins with the begin-of-sentence mark and the text of the last system message. Then each turn
// follows, with nothing in between: `<｜User｜>` and the user's text, or `<｜Assistant｜>`, the assistant's text and
// `<｜end▁of▁sentence｜>`. The thinking of earlier turns is dropped: of an assistant's text only the part after its
// last
// `</think>` stays.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "formats/json.hpp"
#include "text/tokenizer.hpp"

namespace r1 {

inline constexpr std::string_view kBeginOfSentence = "<｜begin▁of▁sentence｜>";
inline constexpr std::string_view kEndOfSentence = "<｜end▁of▁sentence｜>";
inline constexpr std::string_view kPad = "<｜▁pad▁｜>";
inline constexpr std::string_view kUser = "<｜User｜>";
inline constexpr std::string_view kAssistant = "<｜Assistant｜>";
inline constexpr std::string_view kThink = "<think>";
inline constexpr std::string_view kEndThink = "</think>";

// The added tokens of our tokenizers, in the order of their ids.
inline constexpr std::string_view kR1AddedTokens[] = {kBeginOfSentence, kEndOfSentence, kPad,     kUser,
                                                      kAssistant,       kThink,         kEndThink};

struct Message {
  std::string role;  // system, user, assistant or tool; our own format has no tool
  std::string content;
  std::string reasoning_content{};  // the assistant's thinking, if it is kept apart from the content
  Json tool_calls{};                // the assistant's calls as OpenAI's array (arguments: text or an object), or null
  std::string tool_call_id{}, name{};  // of the call whose result a tool's message holds
};

// How a generation prompt opens the assistant's turn: `on` with `<think>\n`, `off` with the empty block
// `<think>\n\n</think>\n\n`.
enum class Think : u8 { on, off };
enum class GenerationPrompt : u8 { none, add };

// The prompt as tokens. A mark inside a message is encoded as text and never begins a turn.
// Errors: a role other than system, user and assistant.
Result<std::vector<i32>> encode_r1_chat(const Tokenizer& tokenizer, std::span<const Message> messages,
                                        GenerationPrompt generation, Think think);

// Our format as a Jinja template. encode_r1_chat runs it, and the tokenizer_config.json of our models contains it. Its
// variable enable_thinking is true by default.
extern const std::string_view kR1ChatTemplate;

}  // namespace r1
