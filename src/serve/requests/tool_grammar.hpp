// The grammar of an answer that may or must call functions.
#pragma once
#include <optional>

#include "grammar/grammar.hpp"
#include "serve/answers/tool_calls.hpp"
#include "serve/requests/tool_fields.hpp"
#include "text/tokenizer.hpp"

namespace r1 {

// Calls are written in `form`. Their arguments are JSON objects, which fit the functions' schemas if a call is forced
// or the function is strict. `format` is the grammar of an answer without calls; absent: any text is allowed. The
// result is absent if the request restricts neither calls nor text. Errors: a schema that cannot be expressed; a forced
// call or a strict function with the form `unknown`; a forced call together with `format`.
ApiResult<std::optional<Grammar>> tool_grammar(const ToolFields& tools, CallForm form, const Tokenizer& tokenizer,
                                               std::optional<Grammar> format);

}  // namespace r1
