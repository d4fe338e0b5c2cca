#include "tasks/verify_rows.hpp"

#include <algorithm>

namespace r1 {
namespace {

// A number in place of a string stands for its digits.
Result<std::string> answer_text(const JsonFields& fields, std::string_view key) {
  const Json* value = fields.find(key);
  if (value && (value->integer() || value->number())) return dump(*value);
  return fields.string(key);
}

Status read_match_types(const JsonFields& options, FindOptions& find) {
  if (!options.has("match_types")) return {};
  find.latex = find.plain = false;
  for (const Json& type : *R1_TRY(options.array("match_types"))) {
    const std::string* name = type.string();
    if (name && *name == "latex") find.latex = true;
    else if (name && *name == "expr") find.plain = true;
    else if (name && *name == "string") find.choices = true;
    else if (name && *name == "boxed") find.boxed = true;
    else
      return fail(Errc::unsupported, "{}: expected latex, expr, string or boxed, found {}",
                  options.where("match_types"), type.describe());
  }
  if (!find.latex && !find.plain && !find.choices && !find.boxed)
    return fail(Errc::invalid_argument, "{}: is empty, so no answer could be found", options.where("match_types"));
  return {};
}

Status read_options(const JsonFields& fields, const Json& object, VerifyOptions& out) {
  constexpr std::string_view kKnown[] = {"match_types", "strings", "precision", "strict", "allow_set_relation_comp",
                                         "after_think", "language"};
  for (const auto& [key, value] : *object.object())
    if (std::find(std::begin(kKnown), std::end(kKnown), key) == std::end(kKnown))
      return fail(Errc::unsupported, "{}: this option is not known", fields.where(shown(key)));
  R1_TRY(read_match_types(fields, out.find));
  if (fields.has("strings"))
    for (const Json& s : *R1_TRY(fields.array("strings"))) {
      if (!s.string())
        return fail(Errc::corrupt, "{}: expected strings, found {}", fields.where("strings"), s.describe());
      out.find.strings.push_back(*s.string());
    }
  out.compare.precision = static_cast<int>(R1_TRY(fields.integer_in("precision", 0, 50, 6)));
  out.compare.strict = R1_TRY(fields.boolean("strict", true));
  out.compare.sets_match_relations = R1_TRY(fields.boolean("allow_set_relation_comp", false));
  out.find.after_think = R1_TRY(fields.boolean("after_think", false));
  R1_TRY(fields.string("language", ""));
  return {};
}

}  // namespace

Result<VerifyRow> verify_row_of(const Json& row, std::string source) {
  const JsonFields fields = R1_TRY(JsonFields::of(row, std::move(source)));
  VerifyRow out;
  if (const Json* id = fields.find("id")) out.id = *id;
  out.gold = R1_TRY(answer_text(fields, "gold"));
  out.given = R1_TRY(answer_text(fields, "pred"));
  const std::string mode = R1_TRY(fields.string("mode", "text"));
  if (mode != "text" && mode != "answer")
    return fail(Errc::unsupported, "{}: expected text or answer, found {}", fields.where("mode"), quoted_text(mode));
  out.options.form = mode == "text" ? AnswerForm::text : AnswerForm::bare;
  if (fields.has("equal")) out.label = R1_TRY(fields.boolean("equal"));
  if (const Json* options = fields.find("options"); options && !options->is_null())
    R1_TRY(read_options(R1_TRY(fields.object("options")), *options, out.options));
  return out;
}

}  // namespace r1
