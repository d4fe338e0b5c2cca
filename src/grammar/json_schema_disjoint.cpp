#include "grammar/json_schema_disjoint.hpp"

#include <algorithm>
#include <charconv>

namespace r1 {
namespace {

constexpr int kMostHops = 16;

// Follows references.
const Json* resolved(const Json& schema, const Json& document) {
  const Json* at = &schema;
  for (int hops = 0; at && hops < kMostHops; ++hops) {
    const Json* const reference = at->find("$ref");
    if (!reference) return at;
    at = reference->string() ? schema_at(document, *reference->string()) : nullptr;
  }
  return nullptr;
}

// The values that a schema allows, if it lists them.
std::optional<Json::Array> values_of(const Json& schema) {
  if (const Json* value = schema.find("const")) return Json::Array{*value};
  const Json* const values = schema.find("enum");
  if (values && values->array()) return *values->array();
  return {};
}

enum TypeBit : unsigned { kNull = 1, kBoolean = 2, kString = 4, kNumber = 8, kArray = 16, kObject = 32, kAny = 63 };

unsigned bit_of(const Json& value) {
  if (value.is_null()) return kNull;
  if (value.boolean()) return kBoolean;
  if (value.string()) return kString;
  if (value.array()) return kArray;
  return value.object() ? kObject : kNumber;
}

unsigned bit_of_name(const Json& type) {
  const std::string name = type.string() ? *type.string() : "";
  if (name == "null") return kNull;
  if (name == "boolean") return kBoolean;
  if (name == "string") return kString;
  if (name == "array") return kArray;
  if (name == "object") return kObject;
  return name == "integer" || name == "number" ? kNumber : kAny;
}

unsigned types_of(const Json& schema) {
  unsigned bits = 0;
  if (const auto values = values_of(schema)) {
    for (const Json& value : *values) bits |= bit_of(value);
    return bits;
  }
  const Json* const type = schema.find("type");
  if (!type) return kAny;
  if (!type->array()) return bit_of_name(*type);
  for (const Json& t : *type->array()) bits |= bit_of_name(t);
  return bits;
}

bool have_different_values(const Json& a, const Json& b) {
  const auto values = values_of(a), others = values_of(b);
  if (!values || !others) return false;
  return std::none_of(values->begin(), values->end(), [&](const Json& v) {
    return std::any_of(others->begin(), others->end(),
                       [&](const Json& o) { return v.number() && o.number() ? *v.number() == *o.number() : v == o; });
  });
}

bool requires_property(const Json& schema, const std::string& name) {
  const Json* const required = schema.find("required");
  return required && required->array() &&
         std::find(required->array()->begin(), required->array()->end(), Json(name)) != required->array()->end();
}

bool are_disjoint(const Json& a, const Json& b, const Json& document) {
  if ((types_of(a) & types_of(b)) == 0 || have_different_values(a, b)) return true;
  const Json *const ours = a.find("properties"), *const theirs = b.find("properties");
  if (types_of(a) != kObject || types_of(b) != kObject || !ours || !ours->object() || !theirs) return false;
  for (const auto& [name, schema] : *ours->object()) {
    const Json* const other = theirs->find(name);
    if (!other || !requires_property(a, name) || !requires_property(b, name)) continue;
    const Json *const x = resolved(schema, document), *const y = resolved(*other, document);
    if (x && y && have_different_values(*x, *y)) return true;
  }
  return false;
}

}  // namespace

const Json* schema_at(const Json& document, std::string_view reference) {
  if (!reference.starts_with("#")) return nullptr;
  reference.remove_prefix(1);
  const Json* at = &document;
  while (at && !reference.empty()) {
    if (reference[0] != '/') return nullptr;
    const size_t end = std::min(reference.find('/', 1), reference.size());
    std::string name;
    for (size_t i = 1; i < end; ++i) {
      const bool escaped = reference[i] == '~' && i + 1 < end && (reference[i + 1] == '0' || reference[i + 1] == '1');
      name += escaped ? (reference[++i] == '0' ? '~' : '/') : reference[i];
    }
    reference.remove_prefix(end);
    if (at->array()) {
      size_t index = 0;
      const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), index);
      const bool fits = error == std::errc() && stop == name.data() + name.size() && index < at->array()->size();
      at = fits ? &(*at->array())[index] : nullptr;
    } else {
      at = at->find(name);
    }
  }
  return at;
}

std::optional<std::pair<size_t, size_t>> first_overlap(const Json::Array& schemas, const Json& document) {
  for (size_t i = 0; i < schemas.size(); ++i)
    for (size_t j = i + 1; j < schemas.size(); ++j) {
      const Json *const a = resolved(schemas[i], document), *const b = resolved(schemas[j], document);
      if (!a || !b || !are_disjoint(*a, *b, document)) return std::pair{i, j};
    }
  return {};
}

}  // namespace r1
