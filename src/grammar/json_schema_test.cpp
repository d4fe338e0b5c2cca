#include "grammar/json_schema.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "grammar/json_parts.hpp"
#include "grammar/regex.hpp"
#include "grammar/test_matching.hpp"

namespace r1 {
namespace {

bool fits(const Grammar& grammar, std::string_view text) {
  const auto program = GrammarProgram::compile(grammar, bytes_only());
  EXPECT_TRUE(program) << (program ? "" : program.error().what);
  return program && takes(*program, text);
}

struct SchemaCase {
  const char* schema;
  std::vector<const char*> yes, no;
};

TEST(JsonSchema, AllowsDocumentsThatFitAndNoOthers) {
  const SchemaCase cases[] = {
      {"true", {"1", "null", "{\"a\": [1, {}]}", "[\n 1]", "\"\""}, {"", "nul", "[1,]", "{a:1}", "01", "1.", "--1"}},
      {"{}", {"[]", "-1.5e+3"}, {"[", "1e"}},
      {R"({"type": "null"})", {"null"}, {"0"}},
      {R"({"type": ["boolean", "integer"]})", {"true", "0", "-12"}, {"1.5", "\"x\"", "-"}},
      {R"({"type": "string"})",
       {R"("")", R"("a\n\u00e9\ud83d\ude00")", "\"\xc3\xa9\""},
       {R"("\ud83d")", R"("\x")", "\"\n\"", "x", R"("a)", R"("\ude00")"}},
      {R"({"type": "string", "minLength": 2, "maxLength": 3})",
       {R"("ab")", R"("\n\u00e9\"")", "\"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\""},
       {R"("a")", R"("abcd")", R"("\n")"}},
      {R"({"type": "string", "pattern": "^[a-c]{2}$"})", {R"("ab")"}, {R"("a")", R"("abc")"}},
      {R"({"type": "string", "pattern": "b\"|\\\\"})", {R"("ab\"c")", R"("x\\")"}, {R"("b")", R"("b"")"}},
      {R"({"type": "string", "format": "date"})", {R"("2024-02-28")"}, {R"("2024-02-30")", R"("2024-13-01")"}},
      {R"({"type": "string", "format": "ipv4"})", {R"("192.168.0.255")"}, {R"("256.1.1.1")", R"("1.1.1")"}},
      {R"({"type": "integer", "minimum": -5, "exclusiveMaximum": 120})",
       {"-5", "0", "7", "99", "100", "119"},
       {"-6", "120", "1000", "-0", "007", "1.0"}},
      {R"({"type": "integer", "minimum": 8.5, "maximum": 31})", {"9", "10", "29", "31"}, {"8", "32", "100"}},
      {R"({"type": "integer", "minimum": 3})", {"3", "999999999999999999"}, {"2", "-4"}},
      {R"({"type": "integer", "minimum": -1e300, "exclusiveMaximum": 1e300})", {"-999999999999999999", "5"}, {"0.5"}},
      {R"({"type": "number", "minimum": 0, "maximum": 1})", {"0", "0.25", "1"}, {"1.5", "-0.1", "2"}},
      {R"({"type": "number", "exclusiveMinimum": 0})", {"0.01", "3", "3.5"}, {"0", "0.0", "0.00", "-1"}},
      {R"({"type": "number", "exclusiveMaximum": -2, "minimum": -4})",
       {"-4", "-3.5", "-2.01"},
       {"-2", "-2.0", "-4.5", "2"}},
      {R"({"enum": ["a", 1, null, {"x": [1]}]})", {"\"a\"", "1", "null", "{\"x\": [1]}"}, {"\"b\"", "2"}},
      {R"({"type": "string", "enum": ["a", 1]})", {"\"a\""}, {"1"}},
      {R"({"const": "\u00e9\""})", {"\"\xc3\xa9\\\"\""}, {"\"e\""}},
      {R"({"type": "array"})", {"[]", "[1, \"a\"]"}, {"{}"}},
      {R"({"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 3})",
       {"[true]", "[true,false, true]"},
       {"[]", "[1]", "[true,true,true,true]"}},
      {R"({"type": "array", "maxItems": 0})", {"[]"}, {"[1]"}},
      {R"({"prefixItems": [{"const": 1}, {"const": 2}], "items": false})", {"[]", "[1]", "[1, 2]"}, {"[2]", "[1,2,3]"}},
      {R"({"prefixItems": [{"const": 1}, {"const": 2}], "items": {"const": 3}, "minItems": 3})",
       {"[1,2,3]", "[1,2,3,3]"},
       {"[1,2]", "[1,2,4]"}},
      {R"({"properties": {"a": {"type": "integer"}, "b": {"type": "null"}}, "required": ["b"],
           "additionalProperties": false})",
       {R"({"a":1,"b":null})", R"({"b": null})", "{\n  \"a\": 1,\n  \"b\": null\n}"},
       {R"({"a":1})", "{}", R"({"b":null,})", R"({"b":null,"a":1})", R"({"b":null,"c":1})", R"({,"b":null})"}},
      {R"({"properties": {"a": {"const": 1}, "b": {"const": 2}, "c": {"const": 3}}, "additionalProperties": false})",
       {"{}", R"({"a":1})", R"({"b":2})", R"({"a":1,"c":3})", R"({"a":1,"b":2,"c":3})"},
       {R"({"c":3,"a":1})", R"({"a":1"b":2})"}},
      {R"({"properties": {"ab": {"const": 1}}, "additionalProperties": {"type": "null"}})",
       {R"({"ab":1})", R"({"ab":1,"abc":null,"a":null,"":null})", R"({"x":null})"},
       {R"({"ab":null})", R"({"a\u0062":null})", R"({"x":1})"}},
      {R"({"required": ["z"], "additionalProperties": {"const": 0}})", {R"({"z":0})", R"({"z":0,"y":0})"}, {"{}"}},
      {R"({"anyOf": [{"type": "integer"}, {"type": "null"}], "title": "t"})", {"1", "null"}, {"\"\""}},
      {R"({"oneOf": [{"type": "object", "properties": {"k": {"const": "a"}}, "required": ["k"]},
                     {"type": "object", "properties": {"k": {"const": "b"}}, "required": ["k"]}]})",
       {R"({"k":"a"})", R"({"k":"b","l":1})"},
       {R"({"k":"c"})", "{}"}},
      {R"({"allOf": [{"properties": {"a": {"const": 1}}, "required": ["a"]}, {"$ref": "#/$defs/b"}],
           "$defs": {"b": {"type": "object", "properties": {"b": {"const": 2}}}}})",
       {R"({"a":1,"b":2})", R"({"a":1})"},
       {R"({"b":2})", R"({"a":2})"}},
      {R"({"type": "object", "properties": {"v": {"type": "integer"}, "next":
           {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
           "required": ["v", "next"], "additionalProperties": false})",
       {R"({"v":1,"next":{"v":2,"next":null}})"},
       {R"({"v":1,"next":{"v":2}})", R"({"v":1})"}},
      {R"({"type": "object", "properties": {"a": false}})", {"{}", R"({"b":1})"}, {R"({"a":1})"}},
  };
  for (const SchemaCase& c : cases) {
    const auto grammar = read_json_schema(*parse_json(c.schema, "schema"));
    ASSERT_TRUE(grammar) << c.schema << ": " << grammar.error().what;
    for (const char* text : c.yes) EXPECT_TRUE(fits(*grammar, text)) << c.schema << "  " << text;
    for (const char* text : c.no) EXPECT_FALSE(fits(*grammar, text)) << c.schema << "  " << text;
  }
}

TEST(JsonSchema, RefusesByNameAndPlaceWhatItDoesNotKnow) {
  const std::pair<const char*, const char*> cases[] = {
      {"3", "#: 3, expected a schema"},
      {"false", "#: false: nothing is allowed here"},
      {R"({"type": "thing"})", "#/type: \"thing\", known: object"},
      {R"({"properties": {"a": {"patternProperties": {}}}})", "#/properties/a: the keyword patternProperties is not"},
      {R"({"not": {}})", "#: the keyword not is not supported"},
      {R"({"type": "array", "items": {"if": {}}})", "#/items: the keyword if is not supported"},
      {R"({"type": "array", "uniqueItems": true})", "#: the keyword uniqueItems is not supported"},
      {R"({"type": "array", "items": [{}]})", "#/items: an array is not supported, use prefixItems"},
      {R"({"type": "string", "format": "uri"})", "#/format: \"uri\", known: date"},
      {R"x({"type": "string", "pattern": "(?=a)"})x", "#/pattern: the regular expression"},
      {R"({"type": "string", "pattern": "a", "maxLength": 3})", "#: only one of pattern, format"},
      {R"({"type": "string", "minLength": 3, "maxLength": 2})", "minLength is 3, but maxLength is 2"},
      {R"({"type": "number", "minimum": 0.5})", "#/minimum: 0.5: limits of numbers must be whole"},
      {R"({"minLength": -1e300})", "#/minLength: -1e+300, expected a whole number from 0 to 10000"},
      {R"({"maxLength": 1e300})", "#/maxLength: 1e+300, expected a whole number"},
      {R"({"minItems": 2.5})", "#/minItems: 2.5, expected a whole number"},
      {R"({"maxItems": -1})", "#/maxItems: -1, expected a whole number"},
      {R"({"maxItems": 18446744073709551616})", "#/maxItems: 18446744073709551616.0, expected a whole number"},
      {R"({"minLength": "3"})", "#/minLength: \"3\", expected a whole number"},
      {R"({"type": "integer", "minimum": 1e300})", "#/minimum: 1e+300 is out of range"},
      {R"({"type": "number", "exclusiveMaximum": -1e19})", "#/exclusiveMaximum: -1e+19 is out of range"},
      {R"({"type": "number", "exclusiveMinimum": 9223372036854775808})",
       "#/exclusiveMinimum: 9223372036854775808.0 is out"},
      {R"({"type": "integer", "minimum": 1e18})", "#: no number lies between the limits"},
      {R"({"type": "integer", "minimum": 5, "maximum": 4})", "#: no number lies between the limits"},
      {R"({"$ref": "#/$defs/x"})", "#/$ref: \"#/$defs/x\" is not a place in this schema"},
      {R"({"$ref": "http://example.com/x"})", "is not a place in this schema"},
      {R"({"anyOf": [{}], "properties": {}})", "#: properties beside anyOf is not supported"},
      {R"({"oneOf": [{"type": "integer"}, {"type": "number"}]})", "#/oneOf: the schemas 0 and 1 may both fit"},
      {R"({"allOf": [{"type": "string", "minLength": 1}, {"type": "string", "maxLength": 3}]})",
       "#/allOf: type is not"},
      {R"({"required": ["a"], "properties": {}, "additionalProperties": false})", "#/required: \"a\" is required"},
      {R"({"enum": []})", "#/enum: expected an array of values"},
  };
  for (const auto& [schema, message] : cases) {
    const auto grammar = read_json_schema(*parse_json(schema, "schema"));
    ASSERT_FALSE(grammar) << schema;
    EXPECT_NE(grammar.error().what.find(message), std::string::npos) << grammar.error().what;
  }
}

TEST(JsonSchema, ASchemaThatNeedsItselfForeverIsRefused) {
  const auto grammar =
      read_json_schema(*parse_json(R"({"properties": {"a": {"$ref": "#"}}, "required": ["a"]})", "schema"));
  ASSERT_TRUE(grammar);
  EXPECT_FALSE(check(*grammar));
}

// Every number of a range and its neighbours.
TEST(JsonSchema, LimitsOfIntegersAreExact) {
  for (const auto& [low, high] : {std::pair<i64, i64>{0, 0}, {-12, 7}, {5, 123}, {-130, -98}, {99, 101}, {-1, 1000}}) {
    Grammar g;
    g.root = g.add("root", *json_integers({low, high}));
    const auto program = GrammarProgram::compile(g, bytes_only());
    ASSERT_TRUE(program);
    for (i64 n = low - 15; n <= high + 15; ++n) {
      EXPECT_EQ(takes(*program, std::to_string(n)), low <= n && n <= high) << n << " in " << low << " to " << high;
    }
  }
}

// Copies of copies would double with each level.
TEST(JsonSchema, SizesGrowNoFasterThanNesting) {
  const auto size_of = [](int depth, const char* keyword) {
    Json schema = Json::object({{"type", "integer"}, {"maximum", 7}});
    for (int i = 0; i < depth; ++i) schema = Json::object({{keyword, std::move(schema)}});
    const auto grammar = read_json_schema(schema);
    EXPECT_TRUE(grammar) << grammar.error().what;
    i64 size = 0;
    const std::function<void(const Expr&)> count = [&](const Expr& e) {
      ++size;
      for (const Expr& item : e.items) count(item);
    };
    if (grammar)
      for (const Grammar::Rule& rule : grammar->rules) count(rule.body);
    return size;
  };
  for (const char* keyword : {"items", "additionalProperties"})
    EXPECT_LT(size_of(16, keyword), 3 * size_of(8, keyword)) << keyword;
}

// A reader that keeps doubles must not see the end that is excluded.
TEST(JsonSchema, FractionsBelowALimitAreBelowItAsDoubles) {
  Grammar g;
  g.root = g.add("root", *json_numbers({.low = 999, .high = 1000, .open_low = true, .open_high = true}));
  EXPECT_TRUE(fits(g, "999.999999999999"));
  EXPECT_TRUE(fits(g, "999.000000000001"));
  EXPECT_FALSE(fits(g, "999.9999999999999"));
  EXPECT_FALSE(fits(g, "999.0000000000001"));
  EXPECT_FALSE(fits(g, "999.000000000000"));
}

// From 2^53 on the neighbours of an end are the end itself as doubles; 2^53 + 3 is 2^53 + 4.
TEST(JsonSchema, LargeIntegersBelowALimitAreBelowItAsDoubles) {
  constexpr i64 kExact = i64{1} << 53;
  const NumberRange inside{.low = -kExact, .high = kExact + 4, .open_low = true, .open_high = true};
  for (const auto numbers : {json_integers, json_numbers}) {
    Grammar g;
    g.root = g.add("root", *numbers(inside));
    for (const i64 n : {-kExact + 1, i64{0}, kExact, kExact + 2}) EXPECT_TRUE(fits(g, std::to_string(n))) << n;
    for (const i64 n : {-kExact - 1, -kExact, kExact + 3, kExact + 4}) EXPECT_FALSE(fits(g, std::to_string(n))) << n;
    Grammar closed;
    closed.root = closed.add("root", *numbers({.low = kExact + 1, .high = kMostInteger - 1}));
    for (const i64 n : {kExact + 1, kExact + 3, kMostInteger - 1}) EXPECT_TRUE(fits(closed, std::to_string(n))) << n;
    for (const i64 n : {kExact, kMostInteger}) EXPECT_FALSE(fits(closed, std::to_string(n))) << n;
  }
}

TEST(JsonObject, IsAnyObject) {
  const Grammar g = json_object_grammar();
  for (const char* text : {"{}", "{ }", R"({"a": 1, "b": [true, {"c": "d"}]})"}) EXPECT_TRUE(fits(g, text)) << text;
  for (const char* text : {"[]", "1", "{\"a\"}", "{}  ", "{} x"}) EXPECT_FALSE(fits(g, text)) << text;
}

TEST(Regex, MatchesWhatEcmaScriptMatches) {
  const struct {
    const char* regex;
    std::vector<const char*> yes, no;
  } cases[] = {
      {"a|bc", {"a", "bc"}, {"ac", "ab", ""}},
      {"^(?:ab)+$", {"ab", "abab"}, {"", "aba"}},
      {"[\\d\\-x]{2,3}?", {"1x", "--9"}, {"1", "1234"}},
      {"\\w+\\s\\S*", {"a_1 ", "b\txyz"}, {" a"}},
      {"[^a-c\\n]", {"d", "\xc3\xa9"}, {"a", "\n"}},
      {".", {"a", "\xf0\x9f\x98\x80"}, {"\n", "ab"}},
      {"\\x41\\u00e9\\.\\/", {"A\xc3\xa9./"}, {"A\xc3\xa9x/"}},
      {"(a*)*b?", {"", "aaab", "b"}, {"ba"}},
  };
  for (const auto& c : cases) {
    Grammar g;
    const auto e = read_regex(c.regex, RegexForm::whole);
    ASSERT_TRUE(e) << c.regex << ": " << e.error().what;
    g.root = g.add("root", *e);
    for (const char* text : c.yes) EXPECT_TRUE(fits(g, text)) << c.regex << "  " << text;
    for (const char* text : c.no) EXPECT_FALSE(fits(g, text)) << c.regex << "  " << text;
  }
}

TEST(Regex, RefusesWhatIsNotRegularOrNotSupported) {
  const std::pair<const char*, const char*> cases[] = {
      {"(?=a)", "look-around is not regular"},
      {"(a)\\1", "\\1 is not supported"},
      {"\\bx", "\\b is not supported"},
      {"a**", "a repetition of nothing"},
      {"*", "a repetition of nothing"},
      {"(a", "expected )"},
      {"a)", ") without ("},
      {"[a", "expected ]"},
      {"[z-a]", "ends before it begins"},
      {"a{3,1}", "at least 3 and at most 1"},
      {"a$b", "$ in the middle"},
      {"a^", "^ in the middle"},
      {"\\p{L}", "\\p is not supported"},
      {"a{99999}", "more than 10000"},
      {"\\", "a \\ at the end"},
  };
  for (const auto& [regex, message] : cases) {
    const auto e = read_regex(regex, RegexForm::whole);
    ASSERT_FALSE(e) << regex;
    EXPECT_NE(e.error().what.find(message), std::string::npos) << e.error().what;
  }
}

}  // namespace
}  // namespace r1
