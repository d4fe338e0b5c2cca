#include "serve/requests/format_fields.hpp"

#include "grammar/gbnf.hpp"
#include "grammar/json_schema.hpp"
#include "grammar/regex.hpp"

namespace r1 {
namespace {

constexpr FieldRule kFormatRules[] = {
    {"response_format", JsonKind::object},
    {"grammar", JsonKind::text, 0, static_cast<double>(kMostGrammarBytes)},
    {"guided_regex", JsonKind::text, 0, static_cast<double>(kMostGrammarBytes)},
};

ApiResult<std::optional<Grammar>> usable(Result<Grammar> grammar, const char* field) {
  if (grammar) {
    if (Status fits = check(*grammar); !fits) grammar = tl::unexpected(std::move(fits).error());
  }
  if (!grammar) return tl::unexpected(grammar_error(grammar.error(), field));
  return std::optional(std::move(*grammar));
}

ApiResult<std::optional<Grammar>> schema_format(const Json* schema, const char* field) {
  if (!schema) return bad_field(field, fmt::format("{}: missing", field), "missing_required_parameter");
  if (const i64 bytes = std::ssize(dump(*schema)); bytes > kMostGrammarBytes)
    return bad_field(field, fmt::format("{}: {} bytes, at most {} are allowed", field, bytes, kMostGrammarBytes),
                     "schema_too_complex");
  return usable(read_json_schema(*schema), field);
}

ApiResult<std::optional<Grammar>> response_format(const Json& format) {
  const Json* const type = format.find("type");
  const std::string name = type && type->string() ? *type->string() : "";
  if (name == "text") return std::optional<Grammar>();
  if (name == "json_object") {
    // llama.cpp's clients may put a schema here.
    if (const Json* schema = format.find("schema"); schema && !schema->is_null())
      return schema_format(schema, "response_format.schema");
    return std::optional(json_object_grammar());
  }
  if (name == "json_schema") {
    const Json* const described = format.find("json_schema");
    return schema_format(described ? described->find("schema") : nullptr, "response_format.json_schema.schema");
  }
  return bad_field("response_format.type",
                   fmt::format("response_format.type: {}, known: text, json_object, json_schema",
                               type ? type->describe() : "missing"));
}

ApiResult<std::optional<Grammar>> regex_format(const std::string& regex) {
  auto expr = read_regex(regex, RegexForm::whole);
  if (!expr) return tl::unexpected(grammar_error(expr.error(), "guided_regex"));
  Grammar grammar;
  grammar.root = grammar.add("guided_regex", std::move(*expr));
  return usable(std::move(grammar), "guided_regex");
}

}  // namespace

ApiError grammar_error(const Error& error, std::string field) {
  const char* const code = error.code == Errc::exhausted ? "schema_too_complex" : "invalid_value";
  return {400, code, fmt::format("{}: {}", field, error.what), std::move(field)};
}

ApiResult<std::optional<Grammar>> read_format_fields(const Json& object) {
  R1_TRY(check_fields(object, kFormatRules));
  const CheckedFields in(object);
  const FieldRule* given = nullptr;
  for (const FieldRule& rule : kFormatRules) {
    if (!in.find(rule.name)) continue;
    if (given)
      return bad_field(std::string(rule.name),
                       fmt::format("{} and {}: only one of them at a time", given->name, rule.name));
    given = &rule;
  }
  if (const Json* format = in.find("response_format")) return response_format(*format);
  if (const std::string* gbnf = in.text("grammar")) return usable(read_gbnf(*gbnf), "grammar");
  if (const std::string* regex = in.text("guided_regex")) return regex_format(*regex);
  return std::optional<Grammar>();
}

}  // namespace r1
