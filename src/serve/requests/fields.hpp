// The fields of a request's JSON object: a table says which there are, and every value is checked against it before
// anything is read. A field that is null counts as absent, an unknown field is ignored.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "formats/json.hpp"
#include "serve/api_error.hpp"

namespace r1 {

enum class JsonKind : u8 { boolean, integer, number, text, object, array, text_or_array, refused };

struct FieldRule {
  std::string_view name;
  JsonKind kind;
  double low = 0, high = 0;   // integer, number: the range. text: `high` is the most bytes. array: the most items
  bool without_low = false;   // number: `low` itself is out of range
  std::string_view reason{};  // refused: why, as the end of a sentence
};

// Errors: the first field, in the order of `rules`, whose value has another type or is out of range. `path` stands
// before its name: "stream_options".
ApiStatus check_fields(const Json& object, std::span<const FieldRule> rules, std::string_view path = {});

// "path.name", or "name" if there is no path.
std::string field_path(std::string_view path, std::string_view name);

// The text of a member; empty if there is none, if it is no text, or if `object` is no object.
std::string text_member(const Json& object, std::string_view name);

// The names that a dialect has for fields which are translated into OpenAI's. Errors use these names.
struct FieldNames {
  std::string_view format = "response_format", schema = "response_format.json_schema.schema";
  std::string_view function = ".function";  // stands between "tools[0]" or "tool_choice" and the fields of a function
  std::string_view parameters = "parameters";
  std::string_view allowed_tools = "tool_choice.allowed_tools";
};

// Values of checked fields.
class CheckedFields {
 public:
  explicit CheckedFields(const Json& object) : object_(&object) {}
  const Json* find(std::string_view name) const;  // null if the field is absent or null
  std::optional<bool> boolean(std::string_view name) const;
  std::optional<i64> integer(std::string_view name) const;
  std::optional<double> number(std::string_view name) const;
  const std::string* text(std::string_view name) const;
  bool is_set(std::string_view name) const { return boolean(name).value_or(false); }

 private:
  const Json* object_;
};

}  // namespace r1
