// The many fields that switch the thinking on and off or limit it.
#pragma once
#include <optional>
#include <span>

#include "serve/requests/fields.hpp"

namespace r1 {

// Whether and for how long an answer thinks. Absent: the server's default.
struct ThinkFields {
  std::optional<bool> on;
  std::optional<i64> budget;  // tokens; absent: no limit
};

std::span<const FieldRule> think_rules();

// The first of these fields that is present decides whether the answer thinks: thinking.type, unless it is auto or
// adaptive; reasoning_effort; enable_thinking, thinking or reasoning_effort in chat_template_kwargs; without any,
// `server_default`. The budget is thinking.budget_tokens, else thinking_token_budget, else thinking_budget_tokens,
// where a negative number means no limit. Without these fields, the efforts minimal and low limit the thinking to 2048
// tokens if they decide. A budget of 0 switches the thinking off.
// Errors: the first field that is wrong; a key of chat_template_kwargs that is not known.
ApiResult<ThinkFields> read_think_fields(const Json& object, std::optional<bool> server_default);

}  // namespace r1
