// Conversations, the format that our own models are trained in, and completions back to thinking and answer. What other
// models' files say about their format is chat_template.hpp.
//
// Ours is R1's: the begin-of-sentence mark, the system text (the last system message's), then per turn `<｜User｜>`
// text or
// `<｜Assistant｜>` text `<｜end▁of▁sentence｜>`, nothing between. The thinking of earlier turns is dropped: of an
// assistant's text only what follows its last `</think>` stays.
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

// What our tokenizers have as added tokens, in the order of their ids.
inline constexpr std::string_view kR1AddedTokens[] = {kBeginOfSentence, kEndOfSentence, kPad,     kUser,
                                                      kAssistant,       kThink,         kEndThink};

struct Message {
  std::string role;  // system, user, assistant, tool; our own format has no tool
  std::string content;
  std::string reasoning_content{};     // an assistant's, where it came apart from the content
  Json tool_calls{};                   // an assistant's: OpenAI's array, arguments a string or an object; or null
  std::string tool_call_id{}, name{};  // of a tool's result
};

// How a generation prompt opens the assistant's turn: `<think>\n`, or the empty block `<think>\n\n</think>\n\n`.
enum class Think : u8 { on, off };
enum class GenerationPrompt : u8 { none, add };

// The prompt as text. Encode it with Special::recognise and without another begin-of-sentence token; only if its
// messages are trusted, for marks inside them would be taken for turns. Else use encode_r1_chat.
Result<std::string> render_r1_chat(std::span<const Message> messages, GenerationPrompt generation, Think think);

// The prompt as tokens. Marks written by users are text here, never turns.
Result<std::vector<i32>> encode_r1_chat(const Tokenizer& tokenizer, std::span<const Message> messages,
                                        GenerationPrompt generation, Think think);

// Our format in Jinja (variable enable_thinking, default true): what render_r1_chat runs, and what goes into the
// tokenizer_config.json of a model of ours.
extern const std::string_view kR1ChatTemplate;

// A completion, as it follows a generation prompt, taken apart; white space around both parts is trimmed.
struct ThinkingSplit {
  std::string thinking, answer;
  bool closed;  // the thinking ended; if not, all of the completion is thinking and there is no answer
};
ThinkingSplit split_thinking(std::string_view completion, Think think = Think::on);

// The reverse, for training targets after a generation prompt with Think::on: "thinking\n</think>\n\nanswer" (and no
// end-of-sentence mark).
std::string join_thinking(std::string_view thinking, std::string_view answer);

}  // namespace r1
