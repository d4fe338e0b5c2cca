// The messages of a request as those of a chat template.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "serve/api_error.hpp"
#include "text/chat.hpp"

namespace r1 {

inline constexpr i64 kMostMessages = 10'000;

struct ChatMessages {
  std::vector<Message> messages;
  // The beginning of the answer, which the model continues: the last message, if it is an assistant's with "prefix".
  std::optional<Message> prefix;
};

// Reads OpenAI's form with DeepSeek's additions. `value` is the field "messages"; `continues` says that the last
// message, if it is an assistant's, is to be continued whether or not it has "prefix".
// Errors: another shape; a role or a part of a content that is not known; the result of a call that nobody made. They
// name the message.
ApiResult<ChatMessages> read_messages(const Json* value, bool continues);

}  // namespace r1
