// The grammar of an answer that may or must call functions.
#pragma once
#include <optional>

#include "grammar/grammar.hpp"
#include "serve/answers/tool_calls.hpp"
#include "serve/requests/tool_fields.hpp"
#include "text/tokenizer.hpp"

namespace r1 {

// Calls stand in `form`, and their arguments fit the schemas. `format` is the form of an answer without calls; absent,
// if any text will do. The result is absent if the request restricts nothing: calls are free, as is the text.
// Errors: a schema that cannot be expressed; a form that is not known; a forced call together with `format`.
ApiResult<std::optional<Grammar>> tool_grammar(const ToolFields& tools, CallForm form, const Tokenizer& tokenizer,
                                               std::optional<Grammar> format);

}  // namespace r1
