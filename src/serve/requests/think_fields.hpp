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

// The first of these that is there decides: thinking.type; reasoning_effort; enable_thinking or thinking in
// chat_template_kwargs; `server_default`. A budget of 0 switches the thinking off.
// Errors: the first field that is wrong; a key of chat_template_kwargs that is not known.
ApiResult<ThinkFields> read_think_fields(const Json& object, std::optional<bool> server_default);

}  // namespace r1
