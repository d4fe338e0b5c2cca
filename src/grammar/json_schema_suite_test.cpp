// JSON-Schema-Test-Suite (tests/data/json_schema): a schema is refused by the name of a keyword, or its grammar takes
// the instances that the suite calls valid and no others.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "formats/json.hpp"
#include "grammar/json_schema.hpp"
#include "grammar/json_schema_disjoint.hpp"
#include "grammar/test_json_forms.hpp"
#include "grammar/test_matching.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;
const fs::path kSuite = fs::path(R1_SOURCE_DIR) / "tests/data/json_schema";

// The names of all members of the schema.
void collect_names(const Json& schema, std::set<std::string>& out) {
  if (schema.array())
    for (const Json& item : *schema.array()) collect_names(item, out);
  if (schema.object())
    for (const auto& [name, value] : *schema.object()) out.insert(name), collect_names(value, out);
}

bool names_a_keyword(const std::string& error, const Json& schema) {
  if (schema == Json(false)) return error.starts_with("#: false");
  std::set<std::string> names;
  collect_names(schema, names);
  return std::any_of(names.begin(), names.end(), [&](const auto& name) { return error.find(name) != error.npos; });
}

// The types that the keywords of a schema without `type` speak of; empty: any.
std::set<std::string> types_spoken_of(const Json& schema) {
  static const std::map<std::string, std::set<std::string>> kKeywords = {
      {"object", {"properties", "required", "additionalProperties"}},
      {"array", {"items", "prefixItems", "minItems", "maxItems", "uniqueItems"}},
      {"string", {"minLength", "maxLength", "pattern", "format"}},
      {"number", {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}}};
  std::set<std::string> types;
  for (const auto& [type, keywords] : kKeywords)
    for (const std::string& keyword : keywords)
      if (schema.find(keyword)) types.insert(type);
  return types;
}

std::string type_of(const Json& value) {
  if (value.object()) return "object";
  if (value.array()) return "array";
  if (value.string()) return "string";
  return value.number() ? "number" : value.boolean() ? "boolean" : "null";
}

// Whether docs/structured-output.md says that the grammar leaves out this instance, although the schema allows it: a
// value of a type that a schema without `type` does not speak of, or a number of more than 18 digits.
bool is_left_out(const Json& schema, const Json& instance, const Json& document) {
  const auto inside = [&](const Json* part, const Json& value) { return part && is_left_out(*part, value, document); };
  if (const auto number = instance.number(); number && std::abs(*number) >= 1e18) return true;
  if (const Json* reference = schema.find("$ref"); reference && reference->string())
    return inside(schema_at(document, *reference->string()), instance);
  const std::set<std::string> types = types_spoken_of(schema);
  if (!schema.find("type") && !types.empty() && !types.contains(type_of(instance))) return true;
  if (const Json* parts = schema.find("allOf"))
    for (const Json& part : *parts->array())
      if (is_left_out(part, instance, document)) return true;
  const Json *const properties = schema.find("properties"), *const prefix = schema.find("prefixItems");
  if (instance.object())
    for (const auto& [name, member] : *instance.object())
      if (inside(properties ? properties->find(name) : nullptr, member)) return true;
  if (instance.array())
    for (size_t i = 0; i < instance.array()->size(); ++i) {
      const bool in_prefix = prefix && i < prefix->array()->size();
      if (inside(in_prefix ? &(*prefix->array())[i] : schema.find("items"), (*instance.array())[i])) return true;
    }
  return false;
}

struct Figures {
  int schemas = 0, refused = 0, valid = 0, invalid = 0, left_out = 0, rarely_written = 0;
};

// Of these files some strings of rare forms are valid and not written, so many: leap seconds, small t and z, quoted
// names in addresses of e-mail, host names with --, the short forms of IPv6.
const std::map<std::string, int> kRareForms = {{"format/date-time.json", 4},
                                               {"format/email.json", 9},
                                               {"format/hostname.json", 17},
                                               {"format/ipv6.json", 10},
                                               {"format/time.json", 7}};

void run_instance(const Json& test, const Json& schema, const std::shared_ptr<const GrammarProgram>& program,
                  const std::string& file, const std::string& what, Figures& figures) {
  const Json& instance = *test.find("data");
  const auto forms = json_forms(instance);
  const bool taken = std::any_of(forms.begin(), forms.end(), [&](const auto& form) { return takes(program, form); });
  if (!*test.find("valid")->boolean()) {
    ++figures.invalid;
    EXPECT_FALSE(taken) << what << ": " << dump(instance);
  } else if (is_left_out(schema, instance, schema)) {
    ++figures.left_out;
  } else if (kRareForms.contains(file)) {
    ++figures.valid;
    figures.rarely_written += !taken;
  } else {
    ++figures.valid;
    EXPECT_TRUE(taken) << what << ": " << dump(instance);
  }
}

void run_file(const fs::path& path, const std::shared_ptr<Lexicon>& lexicon, Figures& figures) {
  const std::string file = fs::relative(path, kSuite).string();
  const Json groups = read_json(path).value();
  for (const Json& group : *groups.array()) {
    const Json& schema = *group.find("schema");
    const std::string name = file + ": " + *group.find("description")->string();
    const auto grammar = read_json_schema(schema);
    if (!grammar) {
      ++figures.refused;
      EXPECT_TRUE(names_a_keyword(grammar.error().what, schema)) << name << ": " << grammar.error().what;
      continue;
    }
    const auto program = GrammarProgram::compile(*grammar, lexicon);
    ASSERT_TRUE(program) << name << ": " << program.error().what;
    ++figures.schemas;
    for (const Json& test : *group.find("tests")->array())
      run_instance(test, schema, *program, file, name + ", " + *test.find("description")->string(), figures);
  }
}

TEST(JsonSchemaSuite, SchemasAreRefusedByNameOrTakeTheValidInstancesOnly) {
  const auto lexicon = bytes_only();
  Figures all;
  for (const auto& entry : fs::recursive_directory_iterator(kSuite)) {
    if (entry.path().extension() != ".json") continue;
    const std::string file = fs::relative(entry.path(), kSuite).string();
    const int before = all.rarely_written;
    run_file(entry.path(), lexicon, all);
    const auto rare = kRareForms.find(file);
    EXPECT_EQ(all.rarely_written - before, rare == kRareForms.end() ? 0 : rare->second) << file;
  }
  // Support that is lost shows here.
  EXPECT_EQ(all.schemas, 146);
  EXPECT_EQ(all.refused, 149);
  EXPECT_EQ(all.valid, 323);
  EXPECT_EQ(all.invalid, 442);
  EXPECT_EQ(all.left_out, 83);
}

}  // namespace
}  // namespace r1
