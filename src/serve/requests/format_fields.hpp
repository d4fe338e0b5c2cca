// The fields that say which form an answer must have: response_format, and llama.cpp's and vLLM's names for the same.
#pragma once
#include <optional>

#include "grammar/grammar.hpp"
#include "serve/requests/fields.hpp"

namespace r1 {

struct FormatFields {
  Grammar grammar;    // not checked yet: GrammarProgram::compile does that
  std::string field;  // that it comes from
};

// The grammar of the answer; absent if every text will do. Errors: a field that is wrong, two of them at once, a schema
// or grammar that cannot be read. The message says where.
ApiResult<std::optional<FormatFields>> read_format_fields(const Json& object, const FieldNames& names = {});

// The grammar of the texts that fit a JSON Schema. Errors: a schema that is too large or cannot be expressed; `field`
// stands for it in the message.
ApiResult<Grammar> schema_grammar(const Json& schema, const std::string& field);

// The refusal of a grammar that cannot be used.
ApiError grammar_error(const Error& error, std::string field);

}  // namespace r1
