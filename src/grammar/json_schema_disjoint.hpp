// Which schemas of a oneOf may fit the same document.
#pragma once
#include <optional>
#include <string_view>
#include <utility>

#include "formats/json.hpp"

namespace r1 {

// The place in `document` that a reference such as "#/$defs/x" names; null if there is none.
const Json* schema_at(const Json& document, std::string_view reference);
// The indices of the first two schemas that may fit the same document; nullopt if there are none. Two schemas are known
// to fit no document in common if they have different types, different constants, or different constants in a property
// that both require.
std::optional<std::pair<size_t, size_t>> first_overlap(const Json::Array& schemas, const Json& document);

}  // namespace r1
