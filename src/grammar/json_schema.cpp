#include "grammar/json_schema.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "formats/utf8.hpp"
#include "grammar/json_formats.hpp"
#include "grammar/json_parts.hpp"
#include "grammar/json_schema_disjoint.hpp"
#include "grammar/regex.hpp"

namespace r1 {
namespace {

constexpr int kSchemaDepth = 32;
constexpr i64 kMostProperties = 1000, kMostEnumValues = 1000, kMostPrefixItems = 64;
constexpr size_t kMostNameBytes = 100;  // where other names are allowed: they are told apart byte by byte

constexpr std::string_view kAnnotations[] = {"title",      "description", "default",     "examples",
                                             "deprecated", "readOnly",    "writeOnly",   "$comment",
                                             "$schema",    "$id",         "definitions", "$defs"};
constexpr std::string_view kObjectKeywords[] = {"properties", "required", "additionalProperties"};
constexpr std::string_view kArrayKeywords[] = {"items", "prefixItems", "minItems", "maxItems", "uniqueItems"};
constexpr std::string_view kStringKeywords[] = {"minLength", "maxLength", "pattern", "format"};
constexpr std::string_view kNumberKeywords[] = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"};
constexpr std::string_view kGeneralKeywords[] = {"type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"};

template <size_t n>
bool is_one_of(std::string_view name, const std::string_view (&names)[n]) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}
template <size_t n>
bool has_any(const Json& schema, const std::string_view (&names)[n]) {
  return std::any_of(std::begin(names), std::end(names), [&](std::string_view name) { return schema.find(name); });
}

class SchemaReader {
 public:
  explicit SchemaReader(const Json& document) : document_(document), rules_(grammar_) {}

  Result<Grammar> read() {
    grammar_.root = grammar_.add("#");
    by_place_["#"] = grammar_.root;
    Expr root = R1_TRY(convert(document_, "#"));
    grammar_.rules[grammar_.root].body = std::move(root);
    return std::move(grammar_);
  }

 private:
  template <class... A>
  tl::unexpected<Error> wrong(const std::string& place, fmt::format_string<A...> format, A&&... args) const {
    return fail(Errc::unsupported, "{}: {}", place, fmt::format(format, std::forward<A>(args)...));
  }

  // One schema. `place` is its JSON pointer.
  Result<Expr> convert(const Json& schema, const std::string& place) {
    if (depth_ >= kSchemaDepth) return wrong(place, "schemas nested more than {} deep", kSchemaDepth);
    ++depth_;
    Result<Expr> e = convert_here(schema, place);
    --depth_;
    return e;
  }

  Result<Expr> convert_here(const Json& schema, const std::string& place) {
    if (const bool* any = schema.boolean()) {
      if (*any) return rules_.value();
      return wrong(place, "false: nothing is allowed here");
    }
    if (!schema.object()) return wrong(place, "{}, expected a schema: an object, true or false", schema.describe());
    R1_TRY(check_keywords(schema, place));
    for (const char* name : {"$ref", "enum", "const", "anyOf", "oneOf", "allOf"})
      if (const Json* value = schema.find(name)) return convert_general(schema, name, *value, place);
    return convert_types(schema, place);
  }

  Status check_keywords(const Json& schema, const std::string& place) {
    for (const auto& [name, value] : *schema.object())
      if (!is_one_of(name, kAnnotations) && !is_one_of(name, kObjectKeywords) && !is_one_of(name, kArrayKeywords) &&
          !is_one_of(name, kStringKeywords) && !is_one_of(name, kNumberKeywords) && !is_one_of(name, kGeneralKeywords))
        return wrong(place, "the keyword {} is not supported", shown(name));
    return {};
  }

  // ---- keywords that stand for the whole schema

  Result<Expr> convert_general(const Json& schema, const std::string& name, const Json& value,
                               const std::string& place) {
    if (name == "allOf") return convert(R1_TRY(merge(schema, place)), place);
    // What else the schema says must hold too. The type is looked at; the rest is refused.
    for (const auto& [other, unused] : *schema.object())
      if (other != name && other != "type" && !is_one_of(other, kAnnotations))
        return wrong(place, "{} beside {} is not supported", shown(other), name);
    if (name == "$ref" || name == "anyOf" || name == "oneOf")
      if (schema.find("type")) return wrong(place, "type beside {} is not supported; write it inside", name);
    if (name == "$ref") return convert_reference(value, place);
    if (name == "const") return convert_values(schema, Json::array({value}), place + "/const");
    if (name == "enum") return convert_values(schema, value, place + "/enum");
    if (!value.array() || value.array()->empty()) return wrong(place + "/" + name, "expected an array of schemas");
    if (name == "oneOf") {
      if (const auto overlap = first_overlap(*value.array(), document_))
        return wrong(place + "/oneOf",
                     "the schemas {} and {} may both fit; only schemas of different types, or with "
                     "different constants, are supported",
                     overlap->first, overlap->second);
    }
    std::vector<Expr> ways;
    for (size_t i = 0; i < value.array()->size(); ++i)
      ways.push_back(R1_TRY(convert((*value.array())[i], fmt::format("{}/{}/{}", place, name, i))));
    return choice_of(std::move(ways));
  }

  Result<Expr> convert_values(const Json& schema, const Json& values, const std::string& place) {
    if (!values.array() || values.array()->empty()) return wrong(place, "expected an array of values");
    if (std::ssize(*values.array()) > kMostEnumValues)
      return wrong(place, "{} values, at most {} are supported", values.array()->size(), kMostEnumValues);
    std::vector<Expr> ways;
    for (const Json& value : *values.array())
      if (!schema.find("type") || has_type(value, *schema.find("type"))) ways.push_back(text_expr(dump(value)));
    if (ways.empty()) return wrong(place, "no value has the type that the schema demands");
    return choice_of(std::move(ways));
  }

  static bool has_type(const Json& value, const Json& type) {
    if (type.array())
      return std::any_of(type.array()->begin(), type.array()->end(), [&](const Json& t) { return has_type(value, t); });
    const std::string name = type.string() ? *type.string() : "";
    if (name == "integer") return value.number() && std::floor(*value.number()) == *value.number();
    return (name == "null" && value.is_null()) || (name == "boolean" && value.boolean()) ||
           (name == "string" && value.string()) || (name == "number" && value.number()) ||
           (name == "array" && value.array()) || (name == "object" && value.object());
  }

  Result<Expr> convert_reference(const Json& value, const std::string& place) {
    if (!value.string()) return wrong(place + "/$ref", "{}, expected a string", value.describe());
    const std::string& target = *value.string();
    const Json* const schema = schema_at(document_, target);
    if (!schema) return wrong(place + "/$ref", "{} is not a place in this schema", quoted_text(target));
    const auto [entry, added] = by_place_.try_emplace(target);
    if (!added) return rule_expr(entry->second);
    const i32 rule = entry->second = grammar_.add(target);
    Expr body = R1_TRY(convert(*schema, target));
    grammar_.rules[rule].body = std::move(body);
    return rule_expr(rule);
  }

  // The schema and the parts of its allOf as one, if all are simple descriptions of objects or only one says anything.
  Result<Json> merge(const Json& schema, const std::string& place) {
    std::vector<Json> parts(1, Json(Json::Object{}));
    for (const auto& [name, value] : *schema.object())
      if (name != "allOf") parts[0].set(name, value);
    const Json& all = *schema.find("allOf");
    if (!all.array() || all.array()->empty()) return wrong(place + "/allOf", "expected an array of schemas");
    for (const Json& part : *all.array()) {
      const Json* at = &part;
      for (int hops = 0; at && at->find("$ref") && at->object()->size() == 1 && hops < kSchemaDepth; ++hops)
        at = at->find("$ref")->string() ? schema_at(document_, *at->find("$ref")->string()) : nullptr;
      if (!at || !at->object()) return wrong(place + "/allOf", "{} is not supported here", part.describe());
      parts.push_back(*at);
    }
    std::erase_if(parts, [](const Json& part) {
      return std::all_of(part.object()->begin(), part.object()->end(),
                         [](const auto& member) { return is_one_of(member.first, kAnnotations); });
    });
    if (parts.empty()) return Json(true);
    if (parts.size() == 1) return parts[0];
    Json merged = Json::object({{"type", "object"}}), properties = Json::Object{}, required = Json::Array{};
    for (const Json& part : parts) {
      R1_TRY(check_keywords(part, place + "/allOf"));
      for (const auto& [name, value] : *part.object()) {
        if (is_one_of(name, kAnnotations)) continue;
        if (name == "type" && value == Json("object")) continue;
        if (name == "additionalProperties" && value == Json(true)) continue;
        if (name == "required" && value.array()) {
          for (const Json& r : *value.array()) required.push(r);
        } else if (name == "properties" && value.object()) {
          for (const auto& [key, property] : *value.object()) {
            if (properties.find(key) && !(*properties.find(key) == property))
              return wrong(place + "/allOf", "two schemas describe the property {}, which is not supported",
                           shown(key));
            properties.set(key, property);
          }
        } else {
          return wrong(place + "/allOf", "{} is not supported in a schema that is joined with others", shown(name));
        }
      }
    }
    merged.set("properties", std::move(properties));
    merged.set("required", std::move(required));
    return merged;
  }

  // ---- types

  Result<Expr> convert_types(const Json& schema, const std::string& place) {
    const Json* const type = schema.find("type");
    std::vector<std::string> types;
    if (!type) {
      if (has_any(schema, kObjectKeywords)) types.push_back("object");
      if (has_any(schema, kArrayKeywords)) types.push_back("array");
      if (has_any(schema, kStringKeywords)) types.push_back("string");
      if (has_any(schema, kNumberKeywords)) types.push_back("number");
      if (types.empty()) return rules_.value();
    } else if (type->string()) {
      types.push_back(*type->string());
    } else if (type->array()) {
      for (const Json& t : *type->array()) types.push_back(t.string() ? *t.string() : "");
    }
    if (types.empty()) return wrong(place + "/type", "{}, expected a type or an array of types", type->describe());
    std::vector<Expr> ways;
    for (const std::string& t : types) ways.push_back(R1_TRY(convert_type(schema, t, place)));
    return choice_of(std::move(ways));
  }

  Result<Expr> convert_type(const Json& schema, const std::string& type, const std::string& place) {
    if (type == "object") return convert_object(schema, place);
    if (type == "array") return convert_array(schema, place);
    if (type == "string") return convert_string(schema, place);
    if (type == "integer" || type == "number") return convert_number(schema, type == "integer", place);
    if (type == "boolean") return choice_of({text_expr("true"), text_expr("false")});
    if (type == "null") return text_expr("null");
    return wrong(place + "/type", "{}, known: object, array, string, integer, number, boolean, null",
                 quoted_text(type));
  }

  Result<Expr> convert_string(const Json& schema, const std::string& place) {
    const Json *const pattern = schema.find("pattern"), *const format = schema.find("format");
    const auto length = R1_TRY(counts(schema, "minLength", "maxLength", place));
    const bool lengths = schema.find("minLength") || schema.find("maxLength");
    if (!!pattern + !!format + lengths > 1)
      return wrong(place, "only one of pattern, format, and minLength with maxLength is supported at once");
    if (lengths)
      return sequence_of({text_expr("\""), repeat_of(json_character(), length[0], length[1]), text_expr("\"")});
    if (!pattern && !format) return rules_.string();
    const Json& value = pattern ? *pattern : *format;
    const std::string at = place + (pattern ? "/pattern" : "/format");
    if (!value.string()) return wrong(at, "{}, expected a string", value.describe());
    const std::string regex = pattern ? *value.string() : json_format_regex(*value.string());
    if (regex.empty() && format)
      return wrong(at, "{}, known: date, time, date-time, uuid, ipv4, ipv6, hostname, email",
                   quoted_text(*value.string()));
    auto expr = read_regex(regex, pattern ? RegexForm::part : RegexForm::whole);
    if (!expr) return tl::unexpected(std::move(expr).error().in(at));
    return sequence_of({text_expr("\""), json_escaped(*expr), text_expr("\"")});
  }

  Result<Expr> convert_number(const Json& schema, bool whole, const std::string& place) {
    if (!has_any(schema, kNumberKeywords)) return whole ? rules_.integer() : rules_.number();
    NumberRange range{-kMostInteger, kMostInteger};
    for (const std::string_view name : kNumberKeywords) {
      const Json* const bound = schema.find(name);
      if (!bound) continue;
      const std::string at = place + "/" + std::string(name);
      const bool low = name == "minimum" || name == "exclusiveMinimum";
      bool open = name.starts_with("exclusive");
      if (!bound->number() || std::isnan(*bound->number()))
        return wrong(at, "{}, expected a number", bound->describe());
      double x = *bound->number();
      if (std::abs(x) > static_cast<double>(kMostInteger)) {
        if (low == (x < 0)) continue;  // no limit for numbers of 18 digits
        return wrong(at, "{} is out of range: numbers have at most 18 digits", bound->describe());
      }
      if (x != std::floor(x)) {
        if (!whole) return wrong(at, "{}: limits of numbers must be whole", bound->describe());
        x = low ? std::ceil(x) : std::floor(x), open = false;
      }
      const i64 limit = bound->integer() ? *bound->integer() : static_cast<i64>(x);
      i64& end = low ? range.low : range.high;
      bool& end_is_open = low ? range.open_low : range.open_high;
      if (low ? limit > end : limit < end) end = limit, end_is_open = open;
      else if (limit == end) end_is_open |= open;
    }
    auto numbers = whole ? json_integers(range) : json_numbers(range);
    if (!numbers) return wrong(place, "no number lies between the limits");
    return std::move(*numbers);
  }

  // Two counts of a schema; 0 and -1 (no limit) if they are absent.
  Result<std::array<i64, 2>> counts(const Json& schema, const char* low, const char* high, const std::string& place) {
    std::array<i64, 2> out{0, -1};
    for (const int i : {0, 1}) {
      const char* const name = i ? high : low;
      const Json* const value = schema.find(name);
      if (!value) continue;
      // Compared before it becomes an integer: an i64 does not hold every double.
      const double count = value->number().value_or(-1);
      if (!(count >= 0 && count <= static_cast<double>(kMostRepeats) && count == std::floor(count)))
        return wrong(fmt::format("{}/{}", place, name), "{}, expected a whole number from 0 to {}", value->describe(),
                     kMostRepeats);
      out[i] = static_cast<i64>(count);
    }
    if (out[1] >= 0 && out[0] > out[1]) return wrong(place, "{} is {}, but {} is {}", low, out[0], high, out[1]);
    return out;
  }

  // ---- arrays

  Result<Expr> convert_array(const Json& schema, const std::string& place) {
    const auto [min, max] = R1_TRY(counts(schema, "minItems", "maxItems", place));
    if (const Json* unique = schema.find("uniqueItems"); unique && !(*unique == Json(false)))
      return wrong(place, "the keyword uniqueItems is not supported");
    const Json *const prefix = schema.find("prefixItems"), *const items = schema.find("items");
    if (items && items->array()) return wrong(place + "/items", "an array is not supported, use prefixItems");
    const bool closed = items && *items == Json(false);
    const i64 fixed = prefix && prefix->array() ? std::ssize(*prefix->array()) : 0;
    if (prefix && (fixed == 0 || fixed > kMostPrefixItems))
      return wrong(place + "/prefixItems", "{}, expected an array of 1 to {} schemas", prefix->describe(),
                   kMostPrefixItems);
    if (!prefix) {
      if (closed || max == 0) {
        if (min > 0) return wrong(place, "no array has {} items and none", min);
        return text_expr("[]");
      }
      if (!items && !has_any(schema, kArrayKeywords)) return rules_.array();
      const Expr item = items ? as_rule(R1_TRY(convert(*items, place + "/items")), place + "/items") : rules_.value();
      return json_list("[", item, "]", min, max);
    }
    return convert_tuple(*prefix->array(), closed ? nullptr : items, closed, min, max, place);
  }

  Result<Expr> convert_tuple(const Json::Array& prefix, const Json* items, bool closed, i64 min, i64 max,
                             const std::string& place) {
    const i64 fixed = std::ssize(prefix), last = max < 0 ? fixed : std::min(fixed, max);
    if (closed && min > fixed) return wrong(place, "minItems is {}, but there are only {} items", min, fixed);
    if (max == 0) return text_expr("[]");
    const auto comma = [](Expr item) { return sequence_of({text_expr(","), json_space(), std::move(item)}); };
    Expr rest;
    if (!closed && (max < 0 || max > fixed)) {
      Expr item = items ? R1_TRY(convert(*items, place + "/items")) : rules_.value();
      rest = repeat_of(comma(std::move(item)), std::max<i64>(min - fixed, 0), max < 0 ? -1 : max - fixed);
    }
    for (i64 i = last; i-- > 0;) {
      Expr item = R1_TRY(convert(prefix[i], fmt::format("{}/prefixItems/{}", place, i)));
      if (i > 0) item = comma(std::move(item));
      rest = sequence_of({std::move(item), std::move(rest)});
      if (i == 0) rest = sequence_of({std::move(rest), json_space()});
      if (min <= i) rest = optional_of(std::move(rest));
    }
    return sequence_of({text_expr("["), json_space(), std::move(rest), text_expr("]")});
  }

  // ---- objects

  struct Property {
    std::string name;
    bool required = false;
    Expr member;
  };

  Result<Expr> convert_object(const Json& schema, const std::string& place) {
    const Json *const given = schema.find("properties"), *const required = schema.find("required"),
                      *const more = schema.find("additionalProperties");
    if (!has_any(schema, kObjectKeywords)) return rules_.object();
    if (given && !given->object()) return wrong(place + "/properties", "{}, expected an object", given->describe());
    if (required && !required->array())
      return wrong(place + "/required", "{}, expected an array", required->describe());
    std::set<std::string> names, wanted;
    for (const Json& name : required ? *required->array() : Json::Array{}) {
      if (!name.string()) return wrong(place + "/required", "{}, expected a name", name.describe());
      wanted.insert(*name.string());
    }
    const bool closed = more && *more == Json(false);
    std::vector<Property> properties;
    const auto add = [&](const std::string& name, const Json& property, const std::string& at) -> Status {
      if (!names.insert(name).second) return {};
      if (++properties_ > kMostProperties) return wrong(place, "more than {} properties", kMostProperties);
      const bool needed = wanted.contains(name);
      if (property == Json(false) && !needed) return {};  // its name is taken, so that nothing else may have it
      Expr value = R1_TRY(convert(property, at));
      value = as_rule(std::move(value), at);
      Expr member = sequence_of({text_expr(dump(Json(name)) + ":"), json_space(), std::move(value)});
      properties.push_back({name, needed, std::move(member)});
      return {};
    };
    for (const auto& [name, property] : given ? *given->object() : Json::Object{})
      R1_TRY(add(name, property, fmt::format("{}/properties/{}", place, name)));
    for (const std::string& name : wanted) {
      if (names.contains(name)) continue;
      if (closed) return wrong(place + "/required", "{} is required, but not among the properties", quoted_text(name));
      R1_TRY(add(name, more ? *more : Json(true), place + "/additionalProperties"));
    }
    Expr other;
    if (!closed) {
      for (const std::string& name : names)
        if (name.size() > kMostNameBytes)
          return wrong(place,
                       "the property {} has a name of more than {} bytes, which needs additionalProperties: false",
                       shown(name), kMostNameBytes);
      const std::string at = place + "/additionalProperties";
      Expr value = more ? as_rule(R1_TRY(convert(*more, at)), at) : rules_.value();
      Expr key = names.empty() ? rules_.string() : other_key(names);
      other = sequence_of({std::move(key), text_expr(":"), json_space(), std::move(value)});
    }
    const Expr members = members_from(properties, closed ? nullptr : &other, place);
    return sequence_of({text_expr("{"), json_space(), members, text_expr("}")});
  }

  // A rule of its own, because the parts of arrays and objects stand in several places: copies of copies would double
  // with each level of nesting.
  Expr as_rule(Expr value, const std::string& place) {
    if (value.kind == Expr::Kind::rule || value.kind == Expr::Kind::text) return value;
    return rule_expr(grammar_.add(place, std::move(value)));
  }

  // The members in their order, then others. tails[i][0] is what may stand from property i on if no member stands
  // before it, tails[i][1] if one does and a comma is needed.
  Expr members_from(const std::vector<Property>& properties, const Expr* other, const std::string& place) {
    const size_t n = properties.size();
    std::vector<std::array<Expr, 2>> tails(n + 1);
    const auto comma = [](const Expr& member) { return sequence_of({text_expr(","), json_space(), member}); };
    if (other) {
      tails[n][1] = sequence_of({repeat_of(comma(*other), 0, -1), json_space()});
      tails[n][0] = optional_of(sequence_of({*other, tails[n][1]}));
    } else {
      tails[n][1] = json_space();
    }
    for (size_t i = n; i-- > 0;) {
      const bool required = properties[i].required;
      for (const int before : {0, 1}) {
        const Expr member = before ? comma(properties[i].member) : properties[i].member;
        Expr with = sequence_of({member, tails[i + 1][1]});
        tails[i][before] = required ? std::move(with) : choice_of({std::move(with), tails[i + 1][before]});
      }
      for (Expr& tail : tails[i])
        tail = rule_expr(grammar_.add(fmt::format("{} member {}", place, i), std::move(tail)));
    }
    return tails[0][0];
  }

  // A key that is none of the names; without escapes, which could spell one.
  static Expr other_key(const std::set<std::string>& names) {
    return sequence_of({text_expr("\""), other_text({names.begin(), names.end()}, 0), text_expr("\"")});
  }
  static Expr other_text(const std::vector<std::string_view>& names, size_t at) {
    const CharSet plain = json_plain_characters();
    std::map<u32, std::vector<std::string_view>> by_next;
    bool is_name = false;
    for (const std::string_view name : names) {
      if (at == name.size()) is_name = true;
      else by_next[utf8_code_point(name.substr(at))].push_back(name);
    }
    CharSet others = plain;
    std::vector<Expr> ways;
    for (const auto& [c, longer] : by_next) {
      others = others.without({c, c});
      if (!plain.contains(c)) continue;
      std::string form;
      append_utf8(c, form);
      ways.push_back(sequence_of({text_expr(form), other_text(longer, at + form.size())}));
    }
    ways.push_back(sequence_of({chars_expr(others), repeat_of(chars_expr(plain), 0, -1)}));
    if (!is_name) ways.push_back({});
    return choice_of(std::move(ways));
  }

  const Json& document_;
  Grammar grammar_;
  JsonRules rules_;
  std::map<std::string, i32> by_place_;
  int depth_ = 0;
  i64 properties_ = 0;
};

}  // namespace

Result<Grammar> read_json_schema(const Json& schema) { return SchemaReader(schema).read(); }

Grammar json_object_grammar() {
  Grammar g;
  JsonRules rules(g);
  const Expr object = rules.object();
  g.root = g.add("root", object);
  return g;
}

}  // namespace r1
