// Reads JSON Schemas (draft 2020-12): a grammar of documents that the schema allows. The grammar allows no other
// document, but not every form of each: members come in the order of the schema, blanks are few, numbers have at most
// 18 digits. docs/structured-output.md lists the keywords.
#pragma once
#include "formats/json.hpp"
#include "grammar/grammar.hpp"

namespace r1 {

// Errors: a keyword that is not supported, or not in this place; a schema that is wrong, or that no document fits; more
// than 1,000 properties or values of enum; nesting of more than 32. Each begins with the place, as "#/properties/x".
Result<Grammar> read_json_schema(const Json& schema);

// Any object of JSON.
Grammar json_object_grammar();

}  // namespace r1
