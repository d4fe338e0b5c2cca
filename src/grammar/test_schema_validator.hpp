// For tests: whether a value fits a JSON Schema, straight from the specification (draft 2020-12, for the keywords that
// grammars are made of). It shares nothing with the reader of schemas except JSON pointers.
#pragma once
#include <algorithm>
#include <cmath>
#include <regex>
#include <set>
#include <string>

#include "formats/json.hpp"
#include "formats/utf8.hpp"
#include "grammar/json_schema_disjoint.hpp"

namespace r1 {

class SchemaValidator {
 public:
  explicit SchemaValidator(const Json& document) : document_(document) {}
  bool fits(const Json& value) const { return fits(document_, value); }

 private:
  // Whether `keyword` is absent, or `holds` for its value.
  template <class Holds>
  static bool holds(const Json& schema, const char* keyword, Holds holds) {
    const Json* const argument = schema.find(keyword);
    return !argument || holds(*argument);
  }

  bool fits(const Json& schema, const Json& value) const {
    if (schema.boolean()) return *schema.boolean();
    const auto fit = [&](const Json& part) { return fits(part, value); };
    const auto is_type = [&](const Json& name) { return has_type(value, *name.string()); };
    const auto is_value = [&](const Json& other) { return equal(other, value); };
    const auto all = [](const Json& list, auto f) {
      return std::all_of(list.array()->begin(), list.array()->end(), f);
    };
    const auto count = [](const Json& list, auto f) {
      return std::count_if(list.array()->begin(), list.array()->end(), f);
    };
    return holds(schema, "$ref", [&](const Json& r) { return fit(*schema_at(document_, *r.string())); }) &&
           holds(schema, "type", [&](const Json& t) { return t.array() ? count(t, is_type) > 0 : is_type(t); }) &&
           holds(schema, "const", is_value) &&
           holds(schema, "enum", [&](const Json& e) { return count(e, is_value) > 0; }) &&
           holds(schema, "allOf", [&](const Json& parts) { return all(parts, fit); }) &&
           holds(schema, "anyOf", [&](const Json& parts) { return count(parts, fit) > 0; }) &&
           holds(schema, "oneOf", [&](const Json& parts) { return count(parts, fit) == 1; }) &&
           (!value.number() || number_fits(schema, value)) &&
           (!value.string() || string_fits(schema, *value.string())) &&
           (!value.array() || array_fits(schema, *value.array())) && (!value.object() || object_fits(schema, value));
  }

  static bool has_type(const Json& value, const std::string& type) {
    if (type == "null") return value.is_null();
    if (type == "boolean") return value.boolean() != nullptr;
    if (type == "string") return value.string() != nullptr;
    if (type == "array") return value.array() != nullptr;
    if (type == "object") return value.object() != nullptr;
    const auto number = value.number();
    return number && (type == "number" || std::floor(*number) == *number);
  }

  static bool equal(const Json& a, const Json& b) {
    if (a.number() && b.number()) return *a.number() == *b.number();
    return a == b;
  }

  static bool number_fits(const Json& schema, const Json& value) {
    const auto compared = [&](auto compare) {
      return [&value, compare](const Json& limit) {
        if (value.integer() && limit.integer()) return compare(*value.integer(), *limit.integer());
        return compare(*value.number(), *limit.number());
      };
    };
    return holds(schema, "minimum", compared([](auto x, auto y) { return x >= y; })) &&
           holds(schema, "maximum", compared([](auto x, auto y) { return x <= y; })) &&
           holds(schema, "exclusiveMinimum", compared([](auto x, auto y) { return x > y; })) &&
           holds(schema, "exclusiveMaximum", compared([](auto x, auto y) { return x < y; }));
  }

  static bool count_fits(const Json& schema, const char* least, const char* most, i64 count) {
    return holds(schema, least, [&](const Json& n) { return count >= *n.number(); }) &&
           holds(schema, most, [&](const Json& n) { return count <= *n.number(); });
  }

  // The other algorithm of the library takes exponential time for some patterns.
  static std::wregex regex_of(const std::string& pattern) {
    return std::wregex(wide(pattern), std::regex::ECMAScript | std::regex_constants::__polynomial);
  }

  // One element for each character.
  static std::wstring wide(std::string_view text) {
    std::wstring out;
    for (; !text.empty(); text.remove_prefix(utf8_length(text))) out += static_cast<wchar_t>(utf8_code_point(text));
    return out;
  }

  static bool string_fits(const Json& schema, const std::string& text) {
    const auto length = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; });
    return count_fits(schema, "minLength", "maxLength", length) &&
           holds(schema, "pattern",
                 [&](const Json& p) { return std::regex_search(wide(text), regex_of(*p.string())); }) &&
           holds(schema, "format", [&](const Json& f) { return format_fits(*f.string(), text); });
  }

  static bool format_fits(const std::string& format, const std::string& text) {
    const auto matches = [&](const char* regex) { return std::regex_match(text, std::regex(regex)); };
    int year = 0, month = 0, day = 0;
    if (format == "date" || format == "date-time") {
      if (std::sscanf(text.c_str(), "%4d-%2d-%2d", &year, &month, &day) != 3 || month < 1 || month > 12) return false;
      const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
      const int days[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
      if (day < 1 || day > days[month - 1]) return false;
      if (format == "date") return matches("[0-9]{4}-[0-9]{2}-[0-9]{2}");
      return text.size() > 11 && text[10] == 'T' && format_fits("time", text.substr(11));
    }
    if (format == "time") {
      int hour = 0, minute = 0, second = 0, at = 0, zone_hour = 0, zone_minute = 0;
      if (std::sscanf(text.c_str(), "%2d:%2d:%2d%n", &hour, &minute, &second, &at) != 3 || at != 8) return false;
      std::string zone = text.substr(8);
      if (zone[0] == '.') zone.erase(0, std::max<size_t>(2, zone.find_first_not_of("0123456789", 1)));
      if (hour > 23 || minute > 59 || second > 59) return false;
      if (zone == "Z") return true;
      if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-')) return false;
      return std::sscanf(zone.c_str() + 1, "%2d:%2d", &zone_hour, &zone_minute) == 2 && zone_hour < 24 &&
             zone_minute < 60;
    }
    if (format == "uuid") return matches("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}");
    if (format == "ipv4") {
      int byte[4] = {}, end = 0;
      if (std::sscanf(text.c_str(), "%3d.%3d.%3d.%3d%n", byte, byte + 1, byte + 2, byte + 3, &end) != 4) return false;
      const std::string again = fmt::format("{}.{}.{}.{}", byte[0], byte[1], byte[2], byte[3]);
      return again == text && std::all_of(byte, byte + 4, [](int b) { return b <= 255; });
    }
    if (format == "ipv6") return matches("[0-9a-fA-F]{1,4}(:[0-9a-fA-F]{1,4}){7}");
    if (format == "hostname")
      return text.size() <= 253 && matches(
                                       "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
                                       "(\\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*");
    const size_t at = text.find('@');
    return at != text.npos && at <= 64 && std::regex_match(text.substr(0, at), std::regex("[\\w+-]+(\\.[\\w+-]+)*")) &&
           format_fits("hostname", text.substr(at + 1));
  }

  bool array_fits(const Json& schema, const Json::Array& items) const {
    const Json *const prefix = schema.find("prefixItems"), *const rest = schema.find("items");
    const size_t fixed = prefix ? prefix->array()->size() : 0;
    for (size_t i = 0; i < items.size(); ++i) {
      const Json* const item = i < fixed ? &(*prefix->array())[i] : rest;
      if (item && !fits(*item, items[i])) return false;
    }
    return count_fits(schema, "minItems", "maxItems", std::ssize(items));
  }

  bool object_fits(const Json& schema, const Json& value) const {
    const Json *const properties = schema.find("properties"), *const others = schema.find("additionalProperties");
    for (const auto& [name, member] : *value.object()) {
      const Json* const property = properties ? properties->find(name) : nullptr;
      const Json* const wanted = property ? property : others;
      if (wanted && !fits(*wanted, member)) return false;
    }
    return holds(schema, "required", [&](const Json& names) {
      return std::all_of(names.array()->begin(), names.array()->end(),
                         [&](const Json& name) { return value.find(*name.string()) != nullptr; });
    });
  }

  const Json& document_;
};

}  // namespace r1
