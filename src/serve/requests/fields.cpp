#include "serve/requests/fields.hpp"

#include <cmath>

namespace r1 {
namespace {

std::string number_text(double value) {
  const bool whole = std::trunc(value) == value && std::abs(value) < 1e15;
  return dump(whole ? Json(static_cast<i64>(value)) : Json(value));
}

std::string range_text(const FieldRule& rule) {
  if (std::abs(rule.low) >= 9e18) return "64 bits";
  return fmt::format("{}{} to {}", rule.without_low ? "more than " : "", number_text(rule.low), number_text(rule.high));
}

const char* name_of(JsonKind kind) {
  switch (kind) {
    case JsonKind::boolean: return "true or false";
    case JsonKind::integer: return "an integer";
    case JsonKind::number: return "a number";
    case JsonKind::text: return "a string";
    case JsonKind::object: return "an object";
    case JsonKind::array: return "an array";
    case JsonKind::text_or_array: return "a string or an array";
    case JsonKind::refused: break;
  }
  return "nothing";
}

bool has_kind(const Json& value, JsonKind kind) {
  switch (kind) {
    case JsonKind::boolean: return value.boolean();
    case JsonKind::integer: return value.integer();
    case JsonKind::number: return value.number().has_value();
    case JsonKind::text: return value.string();
    case JsonKind::object: return value.object();
    case JsonKind::array: return value.array();
    case JsonKind::text_or_array: return value.string() || value.array();
    case JsonKind::refused: break;
  }
  return false;
}

ApiStatus check_field(const Json& value, const FieldRule& rule, std::string_view path) {
  const std::string where = field_path(path, rule.name);
  if (rule.kind == JsonKind::refused)
    return bad_field(where, fmt::format("{}: {}", where, rule.reason), "unsupported_parameter");
  if (!has_kind(value, rule.kind))
    return bad_field(where, fmt::format("{}: {}, expected {}", where, value.describe(), name_of(rule.kind)),
                     "invalid_type");
  if (rule.kind == JsonKind::integer || rule.kind == JsonKind::number) {
    const double v = *value.number();
    if (!(v >= rule.low && v <= rule.high) || (rule.without_low && v == rule.low))
      return bad_field(where, fmt::format("{}: {}, must be {}", where, value.describe(), range_text(rule)));
  }
  const bool is_text = rule.kind == JsonKind::text;
  if (rule.high <= 0 || !(is_text || rule.kind == JsonKind::array)) return {};
  const size_t length = is_text ? value.string()->size() : value.array()->size();
  const auto most = static_cast<size_t>(rule.high);
  if (length > most)
    return bad_field(where,
                     fmt::format("{}: {} {}, must be at most {}", where, length, is_text ? "bytes" : "items", most));
  return {};
}

}  // namespace

std::string field_path(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

std::string text_member(const Json& object, std::string_view name) {
  const Json* const value = object.find(name);
  return value && value->string() ? *value->string() : "";
}

ApiStatus check_fields(const Json& object, std::span<const FieldRule> rules, std::string_view path) {
  for (const FieldRule& rule : rules)
    if (const Json* value = object.find(rule.name); value && !value->is_null()) R1_TRY(check_field(*value, rule, path));
  return {};
}

const Json* CheckedFields::find(std::string_view name) const {
  const Json* const value = object_->find(name);
  return value && !value->is_null() ? value : nullptr;
}

std::optional<bool> CheckedFields::boolean(std::string_view name) const {
  const Json* const value = find(name);
  return value && value->boolean() ? std::optional(*value->boolean()) : std::nullopt;
}

std::optional<i64> CheckedFields::integer(std::string_view name) const {
  const Json* const value = find(name);
  return value && value->integer() ? std::optional(*value->integer()) : std::nullopt;
}

std::optional<double> CheckedFields::number(std::string_view name) const {
  const Json* const value = find(name);
  return value ? value->number() : std::nullopt;
}

const std::string* CheckedFields::text(std::string_view name) const {
  const Json* const value = find(name);
  return value ? value->string() : nullptr;
}

}  // namespace r1
