// The functions that a request offers to the model.
#pragma once
#include <string>
#include <vector>

#include "serve/requests/fields.hpp"

namespace r1 {

struct ToolFunction {
  std::string name;
  std::string where;    // its path in the request, for messages: "tools[0].function"
  Json parameters{};    // the schema of its arguments; null: it has none
  bool strict = false;  // every call must fit the schema
};

struct ToolFields {
  Json tools{};                           // OpenAI's array, for the chat template; null if the model may call nothing
  std::vector<ToolFunction> functions{};  // that the model may call: all in `tools`, or those that tool_choice allows
  bool must_call = false;                 // the answer is at least one call
  bool one_call = false;                  // it has at most one
  FieldNames field_names{};
  std::vector<std::string> names() const;
};

// Reads "tools", "tool_choice" and "parallel_tool_calls". Errors: another shape; two functions of one name; a choice of
// a function that is not there.
ApiResult<ToolFields> read_tool_fields(const Json& object, const FieldNames& names = {});

}  // namespace r1
