// The functions that a request offers to the model.
#pragma once
#include <string>
#include <vector>

#include "serve/requests/fields.hpp"

namespace r1 {

struct ToolFields {
  Json tools;                      // OpenAI's array, for the chat template; null if the model may call nothing
  std::vector<std::string> names;  // of the functions in it
};

// Reads "tools" and "tool_choice". Errors: another shape; two functions of one name; a choice that forces a call, which
// needs a constrained answer.
ApiResult<ToolFields> read_tool_fields(const Json& object);

}  // namespace r1
