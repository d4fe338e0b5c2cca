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

using OptionalFormat = ApiResult<std::optional<FormatFields>>;

OptionalFormat from_field(Result<Grammar> grammar, std::string_view field) {
  if (!grammar) return tl::unexpected(grammar_error(grammar.error(), std::string(field)));
  return FormatFields{std::move(*grammar), std::string(field)};
}

OptionalFormat schema_format(const Json* schema, std::string_view field) {
  if (!schema) return bad_field(std::string(field), fmt::format("{}: missing", field), "missing_required_parameter");
  return FormatFields{R1_TRY(schema_grammar(*schema, std::string(field))), std::string(field)};
}

OptionalFormat response_format(const Json& format, const FieldNames& names) {
  const Json* const type = format.find("type");
  const std::string name = text_member(format, "type");
  if (name == "text") return std::optional<FormatFields>();
  if (name == "json_object") {
    // llama.cpp's clients may put a schema here.
    if (const Json* schema = format.find("schema"); schema && !schema->is_null())
      return schema_format(schema, fmt::format("{}.schema", names.format));
    return from_field(json_object_grammar(), names.format);
  }
  if (name == "json_schema") {
    const Json* const described = format.find("json_schema");
    return schema_format(described ? described->find("schema") : nullptr, names.schema);
  }
  return bad_field(fmt::format("{}.type", names.format),
                   fmt::format("{}.type: {}, known: text, json_object, json_schema", names.format,
                               type ? type->describe() : "missing"));
}

Result<Grammar> regex_grammar(const std::string& regex) {
  Expr expr = R1_TRY(read_regex(regex, RegexForm::whole));
  Grammar grammar;
  grammar.root = grammar.add("guided_regex", std::move(expr));
  return grammar;
}

}  // namespace

ApiResult<Grammar> schema_grammar(const Json& schema, const std::string& field) {
  if (const i64 bytes = std::ssize(dump(schema)); bytes > kMostGrammarBytes)
    return bad_field(field, fmt::format("{}: {} bytes, at most {} are allowed", field, bytes, kMostGrammarBytes),
                     "schema_too_complex");
  auto grammar = read_json_schema(schema);
  if (!grammar) return tl::unexpected(grammar_error(grammar.error(), field));
  return std::move(*grammar);
}

ApiError grammar_error(const Error& error, std::string field) {
  const char* const code = error.code == Errc::exhausted ? "schema_too_complex" : "invalid_value";
  return {400, code, fmt::format("{}: {}", field, error.what), std::move(field)};
}

ApiResult<std::optional<FormatFields>> read_format_fields(const Json& object, const FieldNames& names) {
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
  if (const Json* format = in.find("response_format")) return response_format(*format, names);
  if (const std::string* gbnf = in.text("grammar")) return from_field(read_gbnf(*gbnf), "grammar");
  if (const std::string* regex = in.text("guided_regex")) return from_field(regex_grammar(*regex), "guided_regex");
  return std::optional<FormatFields>();
}

}  // namespace r1
