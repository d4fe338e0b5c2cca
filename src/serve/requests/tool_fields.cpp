#include "serve/requests/tool_fields.hpp"

#include <algorithm>
#include <cctype>

namespace r1 {
namespace {

constexpr FieldRule kToolRules[] = {{"tools", JsonKind::array, 0, 128}, {"parallel_tool_calls", JsonKind::boolean}};

bool is_function_name(std::string_view name) {
  constexpr size_t kMost = 64;
  return !name.empty() && name.size() <= kMost &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
}

ToolFunction* function_named(std::vector<ToolFunction>& functions, std::string_view name) {
  const auto found = std::find_if(functions.begin(), functions.end(), [&](const auto& f) { return f.name == name; });
  return found == functions.end() ? nullptr : &*found;
}

std::string text_of(const Json* value) { return value && value->string() ? *value->string() : ""; }

ApiStatus add_tool(const Json& tool, std::vector<ToolFunction>& functions) {
  const std::string where = fmt::format("tools[{}]", functions.size());
  if (text_of(tool.find("type")) != "function")
    return bad_field(where, fmt::format("{}: expected an object with the type \"function\"", where));
  const Json* const function = tool.find("function");
  const Json* const name = function ? function->find("name") : nullptr;
  if (!is_function_name(text_of(name)))
    return bad_field(where, fmt::format("{}.function.name: {}, expected 1 to 64 letters, digits, _ and -", where,
                                        name ? name->describe() : "missing"));
  if (function_named(functions, *name->string()))
    return bad_field(where, fmt::format("{}.function.name: {} is there twice", where, name->describe()));
  const Json* const parameters = function->find("parameters");
  if (parameters && !parameters->is_null() && !parameters->object())
    return bad_field(where,
                     fmt::format("{}.function.parameters: {}, expected an object", where, parameters->describe()));
  const Json* const strict = function->find("strict");
  if (strict && !strict->is_null() && !strict->boolean())
    return bad_field(where, fmt::format("{}.function.strict: {}, expected true or false", where, strict->describe()));
  functions.push_back({*name->string(), where, parameters ? *parameters : Json(), strict && *strict == Json(true)});
  return {};
}

ApiStatus wrong_choice(const Json& choice, std::string_view expected) {
  return bad_field("tool_choice", fmt::format("tool_choice: {}, {}", choice.describe(), expected));
}

// The function that {"type": "function", "function": {"name": ...}} names.
ApiResult<ToolFunction> named_function(const Json& choice, ToolFields& fields) {
  const Json* const function = choice.find("function");
  const Json* const name = function ? function->find("name") : nullptr;
  if (!name || !name->string())
    return bad_field("tool_choice", fmt::format("tool_choice.function.name: {}, expected a string",
                                                name ? name->describe() : "missing"));
  if (const ToolFunction* found = function_named(fields.functions, *name->string())) return *found;
  return bad_field("tool_choice",
                   fmt::format("tool_choice.function.name: {} is none of the functions in tools", name->describe()));
}

// {"type": "allowed_tools", "allowed_tools": {"mode": "auto" or "required", "tools": [...]}}
ApiStatus allow_tools(const Json& choice, ToolFields& fields) {
  const Json* const allowed = choice.find("allowed_tools");
  const Json* const tools = allowed ? allowed->find("tools") : nullptr;
  const std::string mode = text_of(allowed ? allowed->find("mode") : nullptr);
  if (!tools || !tools->array() || tools->array()->empty() || (mode != "auto" && mode != "required"))
    return bad_field("tool_choice",
                     "tool_choice.allowed_tools: expected an object with the mode \"auto\" or \"required\" and an "
                     "array of tools");
  std::vector<ToolFunction> kept;
  for (const Json& tool : *tools->array()) {
    ToolFunction function = R1_TRY(named_function(tool, fields));
    if (!function_named(kept, function.name)) kept.push_back(std::move(function));
  }
  fields.functions = std::move(kept);
  fields.must_call = mode == "required";
  return {};
}

ApiStatus read_choice(const Json& choice, ToolFields& fields) {
  const std::string word = text_of(&choice), type = text_of(choice.find("type"));
  if (word == "auto") return {};
  if (word == "required") {
    fields.must_call = true;
  } else if (type == "function") {
    ToolFunction function = R1_TRY(named_function(choice, fields));
    fields.functions = {std::move(function)};
    fields.must_call = fields.one_call = true;
  } else if (type == "allowed_tools") {
    R1_TRY(allow_tools(choice, fields));
  } else {
    return wrong_choice(choice,
                        "known: \"none\", \"auto\", \"required\", and objects of the type function or allowed_tools");
  }
  if (fields.must_call && fields.functions.empty()) return wrong_choice(choice, "but there are no tools");
  return {};
}

}  // namespace

std::vector<std::string> ToolFields::names() const {
  std::vector<std::string> out;
  for (const ToolFunction& function : functions) out.push_back(function.name);
  return out;
}

ApiResult<ToolFields> read_tool_fields(const Json& object) {
  R1_TRY(check_fields(object, kToolRules));
  const CheckedFields in(object);
  ToolFields out;
  if (const Json* tools = in.find("tools"))
    for (const Json& tool : *tools->array()) R1_TRY(add_tool(tool, out.functions));
  const Json* const choice = in.find("tool_choice");
  if (choice && *choice == Json("none")) return ToolFields{};
  if (choice) R1_TRY(read_choice(*choice, out));
  if (in.boolean("parallel_tool_calls") == false) out.one_call = true;
  if (!out.functions.empty()) out.tools = *in.find("tools");
  return out;
}

}  // namespace r1
