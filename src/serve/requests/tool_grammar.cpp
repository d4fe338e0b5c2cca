#include "serve/requests/tool_grammar.hpp"

#include <algorithm>

#include "formats/utf8.hpp"
#include "grammar/json_schema.hpp"
#include "serve/requests/format_fields.hpp"

namespace r1 {
namespace {

// A model that was not trained to call may never end the list of calls by itself.
constexpr i64 kMostForcedCalls = 8;

// Texts without `mark`, whose first character is ASCII and occurs only once in it. This is the mark's automaton of
// Knuth, Morris and Pratt as an expression: a beginning of the mark is followed by another character, or by the
// beginning once more.
Expr text_without(std::string_view mark) {
  const CharSet first = CharSet::of(mark.substr(0, 1));
  std::vector<Expr> begun, left;
  std::string inside;  // what of the mark is there behind its first character
  while (inside.size() + 1 < mark.size()) {
    const u32 next = utf8_code_point(mark.substr(1 + inside.size()));
    begun.push_back(text_expr(inside));
    left.push_back(sequence_of({text_expr(inside), chars_expr(first.complement().without({next, next}))}));
    append_utf8(next, inside);
  }
  const Expr begin = chars_expr(first);
  const Expr restarts = repeat_of(sequence_of({begin, choice_of(std::move(begun))}), 0, -1);
  const Expr other =
      choice_of({chars_expr(first.complement()), sequence_of({restarts, begin, choice_of(std::move(left))})});
  return sequence_of({repeat_of(other, 0, -1), restarts});
}

// Texts that cannot be taken for a call of Llama's: the first character that is no white space is not a brace.
Expr text_without_brace() {
  const Expr space = chars_expr(CharSet::of(" \t\r\n")), any = chars_expr(CharSet::all());
  const Expr text = sequence_of({chars_expr(CharSet::of(" \t\r\n{").complement()), repeat_of(any, 0, -1)});
  return sequence_of({repeat_of(space, 0, -1), optional_of(text)});
}

// Whether each text of the expression begins with a brace. `rules` marks those that are looked at already.
bool begins_with_brace(const Grammar& grammar, const Expr& e, std::vector<bool>& rules) {
  switch (e.kind) {
    case Expr::Kind::text: return e.text.starts_with('{');
    case Expr::Kind::sequence: return !e.items.empty() && begins_with_brace(grammar, e.items[0], rules);
    case Expr::Kind::choice:
      return std::all_of(e.items.begin(), e.items.end(),
                         [&](const Expr& item) { return begins_with_brace(grammar, item, rules); });
    case Expr::Kind::rule:
      if (rules[e.id]) return true;
      rules[e.id] = true;
      return begins_with_brace(grammar, grammar.rules[e.id].body, rules);
    default: return false;
  }
}

// Adds `first` to the numbers of the rules that the expression calls.
void renumber(Expr& e, i32 first) {
  if (e.kind == Expr::Kind::rule) e.id += first;
  for (Expr& item : e.items) renumber(item, first);
}

class CallGrammar {
 public:
  CallGrammar(CallForm form, const Tokenizer& tokenizer) : form_(form), tokenizer_(tokenizer) {}

  // Any call of these functions. Errors: a schema that cannot be expressed.
  ApiResult<Expr> calls(const ToolFields& tools) {
    std::vector<Expr> ways;
    for (const ToolFunction& function : tools.functions)
      ways.push_back(call(function.name, R1_TRY(arguments(tools, function))));
    const Expr one = rule_expr(grammar_.add("call", choice_of(std::move(ways))));
    if (form_ == CallForm::llama) return one;
    const Expr line_break = text_expr(form_ == CallForm::deepseek_bare ? "" : "\n");
    const i64 most = tools.one_call ? 0 : tools.must_call ? kMostForcedCalls - 1 : -1;
    const Expr more = repeat_of(sequence_of({line_break, one}), 0, most);
    if (form_ == CallForm::hermes) return sequence_of({one, more});
    return sequence_of({mark(kCallsBegin), one, more, mark(kCallsEnd)});
  }

  Expr text() const {
    if (form_ == CallForm::llama) return text_without_brace();
    return text_without(form_ == CallForm::hermes ? kHermesBegin : kCallsBegin);
  }

  // Adds the rules of another grammar; returns its root.
  i32 append(Grammar other) {
    const i32 first = static_cast<i32>(grammar_.rules.size());
    for (Grammar::Rule& rule : other.rules) {
      renumber(rule.body, first);
      grammar_.rules.push_back(std::move(rule));
    }
    return first + other.root;
  }

  Grammar take(Expr root) {
    grammar_.root = grammar_.add("answer", std::move(root));
    return std::move(grammar_);
  }

 private:
  ApiResult<Expr> arguments(const ToolFields& tools, const ToolFunction& function) {
    const std::string field = field_path(function.where, tools.field_names.parameters);
    if (!tools.must_call && !function.strict) {
      if (!any_object_) any_object_ = append(json_object_grammar());
      return rule_expr(*any_object_);
    }
    Json schema = function.parameters;
    if (schema.is_null()) schema = Json::object({{"additionalProperties", false}});
    const bool has_type = std::any_of(schema.object()->begin(), schema.object()->end(), [](const auto& member) {
      constexpr std::string_view kinds[] = {"type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"};
      return std::find(std::begin(kinds), std::end(kinds), member.first) != std::end(kinds);
    });
    if (!has_type) schema.set("type", "object");
    Grammar read = R1_TRY(schema_grammar(schema, field));
    std::vector<bool> rules(read.rules.size());
    if (!begins_with_brace(read, read.rules[read.root].body, rules))
      return bad_field(field,
                       fmt::format("{}: the schema allows more than objects, and arguments are an object", field));
    return rule_expr(append(std::move(read)));
  }

  Expr call(const std::string& name, Expr arguments) const {
    switch (form_) {
      case CallForm::deepseek:
        return sequence_of({mark(kCallBegin), text_expr("function"), mark(kCallSeparator),
                            text_expr(name + "\n```json\n"), std::move(arguments), text_expr("\n```"), mark(kCallEnd)});
      case CallForm::deepseek_bare:
        return sequence_of(
            {mark(kCallBegin), text_expr(name), mark(kCallSeparator), std::move(arguments), mark(kCallEnd)});
      case CallForm::llama:
        return sequence_of({text_expr(fmt::format("{{\"name\": \"{}\", \"parameters\": ", name)), std::move(arguments),
                            text_expr("}")});
      case CallForm::hermes:
      case CallForm::unknown: break;
    }
    return sequence_of({mark(kHermesBegin), text_expr(fmt::format("\n{{\"name\": \"{}\", \"arguments\": ", name)),
                        std::move(arguments), text_expr("}\n"), mark(kHermesEnd)});
  }

  // A mark is one token where the vocabulary has it.
  Expr mark(std::string_view text) const {
    const auto token = tokenizer_.find(text);
    return token ? token_expr(*token) : text_expr(text);
  }

  const CallForm form_;
  const Tokenizer& tokenizer_;
  Grammar grammar_;
  std::optional<i32> any_object_;  // the rule of arguments that need not fit a schema
};

}  // namespace

ApiResult<std::optional<Grammar>> tool_grammar(const ToolFields& tools, CallForm form, const Tokenizer& tokenizer,
                                               std::optional<Grammar> format) {
  const auto strict = std::find_if(tools.functions.begin(), tools.functions.end(),
                                   [](const auto& function) { return function.strict; });
  const bool any_strict = strict != tools.functions.end();
  const bool limits_calls = tools.one_call && form != CallForm::llama;  // Llama's form has one call anyway
  if (tools.functions.empty() || !(tools.must_call || any_strict || limits_calls || format)) return format;
  if (tools.must_call && format)
    return bad_field("tool_choice", fmt::format("tool_choice: a call cannot be forced together with {} or a grammar",
                                                tools.field_names.format));
  if (form == CallForm::unknown) {
    constexpr std::string_view kForm =
        "the chat template of this model writes calls in a form that this server does not know";
    if (tools.must_call)
      return bad_field("tool_choice", fmt::format("tool_choice: {}", kForm), "unsupported_parameter");
    if (any_strict)
      return bad_field(strict->where, fmt::format("{}.strict: {}", strict->where, kForm), "unsupported_parameter");
    return format;
  }
  CallGrammar made(form, tokenizer);
  Expr root = R1_TRY(made.calls(tools));
  if (format) root = choice_of({rule_expr(made.append(std::move(*format))), std::move(root)});
  else if (!tools.must_call && form == CallForm::llama) root = choice_of({made.text(), std::move(root)});
  else if (!tools.must_call) root = sequence_of({made.text(), optional_of(std::move(root))});
  return std::optional(made.take(std::move(root)));
}

}  // namespace r1
