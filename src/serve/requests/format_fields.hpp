// The fields that say which form an answer must have: response_format, and llama.cpp's and vLLM's names for the same.
#pragma once
#include <optional>

#include "grammar/grammar.hpp"
#include "serve/requests/fields.hpp"

namespace r1 {

// The grammar of the answer; absent if every text will do. Errors: a field that is wrong, two of them at once, a schema
// or grammar that cannot be used. The message says where.
ApiResult<std::optional<Grammar>> read_format_fields(const Json& object);

// The refusal of a grammar that cannot be used.
ApiError grammar_error(const Error& error, std::string field);

}  // namespace r1
