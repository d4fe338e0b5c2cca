// For tests: random JSON Schemas of the supported keywords. Some are refused, for instance because limits cross.
#pragma once
#include <random>
#include <string>
#include <vector>

#include "formats/json.hpp"

namespace r1 {

class RandomSchema {
 public:
  explicit RandomSchema(u64 seed) : random_(seed) {}

  Json make() {
    Json defs = Json::Object{};
    definitions_ = below(3);
    for (i64 i = 0; i < definitions_; ++i) defs.set("d" + std::to_string(i), schema(2));
    Json root = schema(4);
    while (!root.object()) root = schema(4);
    if (definitions_ > 0) root.set("$defs", std::move(defs));
    return root;
  }
  i64 below(i64 n) { return static_cast<i64>(random_() % static_cast<u64>(n)); }
  bool chance(i64 in) { return below(in) == 0; }

 private:
  Json one_of(std::initializer_list<Json> values) { return *(values.begin() + below(static_cast<i64>(values.size()))); }

  Json schema(int depth) {
    switch (below(depth > 0 ? 16 : 9)) {
      case 0:
        return one_of({true, Json::Object{}, Json::object({{"type", "null"}}), Json::object({{"type", "boolean"}})});
      case 1: return Json::object({{"enum", values()}});
      case 2: return Json::object({{"const", value(1)}});
      case 3:
      case 4: return number();
      case 5:
      case 6: return string();
      case 7:
        if (definitions_ > 0) return Json::object({{"$ref", "#/$defs/d" + std::to_string(below(definitions_))}});
        return Json::object({{"type", Json::array({"string", "null"})}, {"title", "t"}});
      case 8: return Json::object({{"type", one_of({"object", "array", "string", "integer", "number"})}});
      case 9: return several("anyOf", depth);
      case 10: return disjoint(depth);
      case 11: return joined(depth);
      case 12:
      case 13: return array(depth);
      default: return object(depth);
    }
  }

  Json value(int depth) {
    if (depth > 0 && chance(4)) return Json::array({value(0), value(0)});
    if (depth > 0 && chance(4)) return Json::object({{"k", value(0)}, {"\"l\n", value(0)}});
    return one_of(
        {nullptr, true, false, 0, -1, 12.5, 7, 1e20, "", "a", "a\"b\\\n", "\xc3\xa9\xf0\x9f\x98\x80", "\x01"});
  }
  Json values() {
    Json::Array out;
    for (i64 n = 1 + below(4); n > 0; --n) out.push_back(value(1));
    return out;
  }

  Json number() {
    Json out = Json::object({{"type", one_of({"integer", "number"})}});
    const i64 low = (chance(3) ? 1'000'000'000'000 : 130) * (below(3) - 1) + below(20),
              high = low + below(chance(2) ? 3 : 500);
    if (!chance(4)) out.set(chance(3) ? "exclusiveMinimum" : "minimum", low);
    if (!chance(4))
      out.set(chance(3) ? "exclusiveMaximum" : "maximum", chance(8) ? Json(static_cast<double>(high)) : Json(high));
    return out;
  }

  std::string pattern(int depth) {
    static const char* const kAtoms[] = {"a",   "[a-c]", "[^a-c]", "\\d", "x",      ".",
                                         "\\w", "\"",    "\\\\",   "\\t", "[\\n-~]"};
    std::string out;
    for (i64 n = 1 + below(3); n > 0; --n) {
      if (depth > 0 && chance(3)) out += "(" + pattern(depth - 1) + (chance(2) ? "|" + pattern(depth - 1) : "") + ")";
      else out += kAtoms[below(11)];
      static const char* const kSuffixes[] = {"", "", "", "*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"};
      out += kSuffixes[below(10)];
    }
    return out;
  }
  Json string() {
    Json out = Json::object({{"type", "string"}});
    const i64 kind = below(4);
    if (kind == 0) out.set("pattern", (chance(3) ? "" : "^") + pattern(1) + (chance(3) ? "" : "$"));
    if (kind == 1)
      out.set("format", one_of({"date", "time", "date-time", "uuid", "ipv4", "ipv6", "hostname", "email"}));
    if (kind == 2) {
      const i64 least = below(chance(4) ? 100 : 4);
      if (!chance(3)) out.set("minLength", least);
      if (!chance(3)) out.set("maxLength", least + below(6));
    }
    return out;
  }

  Json several(const char* keyword, int depth) {
    Json::Array parts;
    for (i64 n = 1 + below(3); n > 0; --n) parts.push_back(schema(depth - 1));
    return Json::object({{keyword, std::move(parts)}});
  }
  Json disjoint(int depth) {
    if (chance(2))
      return Json::object(
          {{"oneOf", Json::array({string(), number(), array(depth - 1), Json::object({{"const", true}})})}});
    Json::Array parts;
    for (i64 i = 0; i < 3; ++i) {
      Json part = object(depth - 1);
      Json properties = part.find("properties") ? *part.find("properties") : Json::Object{};
      properties.set("kind", Json::object({{"const", i}}));
      part.set("type", "object").set("properties", std::move(properties));
      Json required = part.find("required") ? *part.find("required") : Json::Array{};
      part.set("required", required.push("kind"));
      parts.push_back(std::move(part));
    }
    return Json::object({{"oneOf", std::move(parts)}});
  }
  Json joined(int depth) {
    const auto part = [&](const char* name) {
      Json out = Json::object({{"properties", Json::object({{name, schema(depth - 1)}})}});
      if (chance(2)) out.set("required", Json::array({name}));
      return out;
    };
    return Json::object({{"allOf", Json::array({part("left"), part("right")})}});
  }

  Json array(int depth) {
    Json out = Json::object({{"type", "array"}});
    const i64 least = below(4);
    if (chance(3)) {
      Json::Array prefix;
      for (i64 n = 1 + below(3); n > 0; --n) prefix.push_back(schema(depth - 1));
      out.set("prefixItems", std::move(prefix));
    }
    if (!chance(4)) out.set("items", chance(5) ? Json(false) : schema(depth - 1));
    if (chance(2)) out.set("minItems", least);
    if (chance(2)) out.set("maxItems", least + below(4));
    return out;
  }

  Json object(int depth) {
    static const char* const kNames[] = {"a", "ab", "abc", "b", "", "\xc3\xa9", "q\"", "a b", "n\n"};
    Json properties = Json::Object{};
    Json::Array required;
    for (i64 n = below(4); n > 0; --n) {
      const char* const name = kNames[below(9)];
      properties.set(name, chance(12) ? Json(false) : schema(depth - 1));
      if (chance(2)) required.push_back(name);
    }
    if (chance(8)) required.push_back("z");
    Json out = Json::object({{"type", "object"}, {"properties", std::move(properties)}});
    if (!required.empty()) out.set("required", std::move(required));
    if (chance(2)) out.set("additionalProperties", chance(2) ? Json(false) : schema(depth - 1));
    return out;
  }

  std::mt19937_64 random_;
  i64 definitions_ = 0;
};

}  // namespace r1
