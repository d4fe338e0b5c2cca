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

ApiStatus add_tool(const Json& tool, ToolFields& fields) {
  std::vector<ToolFunction>& functions = fields.functions;
  const std::string at = fmt::format("tools[{}]", functions.size());
  if (text_member(tool, "type") != "function")
    return bad_field(at, fmt::format("{}: expected an object with the type \"function\"", at));
  const std::string where = fmt::format("{}{}", at, fields.field_names.function);
  const Json* const function = tool.find("function");
  const Json* const name = function ? function->find("name") : nullptr;
  if (!name || !is_function_name(text_member(*function, "name")))
    return bad_field(at, fmt::format("{}.name: {}, expected 1 to 64 letters, digits, _ and -", where,
                                     name ? name->describe() : "missing"));
  if (function_named(functions, *name->string()))
    return bad_field(at, fmt::format("{}.name: {} is there twice", where, name->describe()));
  const Json* const parameters = function->find("parameters");
  if (parameters && !parameters->is_null() && !parameters->object())
    return bad_field(
        at, fmt::format("{}.{}: {}, expected an object", where, fields.field_names.parameters, parameters->describe()));
  const Json* const strict = function->find("strict");
  if (strict && !strict->is_null() && !strict->boolean())
    return bad_field(at, fmt::format("{}.strict: {}, expected true or false", where, strict->describe()));
  functions.push_back({*name->string(), where, parameters ? *parameters : Json(), strict && *strict == Json(true)});
  return {};
}

// The function that {"type": "function", "function": {"name": ...}} names.
ApiResult<ToolFunction> named_function(const Json& choice, ToolFields& fields) {
  const Json* const function = choice.find("function");
  const Json* const name = function ? function->find("name") : nullptr;
  const std::string where = fmt::format("tool_choice{}.name", fields.field_names.function);
  if (!name || !name->string())
    return bad_field("tool_choice",
                     fmt::format("{}: {}, expected a string", where, name ? name->describe() : "missing"));
  if (const ToolFunction* found = function_named(fields.functions, *name->string())) return *found;
  return bad_field("tool_choice", fmt::format("{}: {} is none of the functions in tools", where, name->describe()));
}

// {"type": "allowed_tools", "allowed_tools": {"mode": "auto" or "required", "tools": [...]}}
ApiStatus allow_tools(const Json& choice, ToolFields& fields) {
  const Json* const allowed = choice.find("allowed_tools");
  const Json* const tools = allowed ? allowed->find("tools") : nullptr;
  const std::string mode = allowed ? text_member(*allowed, "mode") : "";
  if (!tools || !tools->array() || tools->array()->empty() || (mode != "auto" && mode != "required"))
    return bad_field("tool_choice", fmt::format("{}: expected an object with the mode \"auto\" or \"required\" and an "
                                                "array of tools",
                                                fields.field_names.allowed_tools));
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
  const std::string word = choice.string() ? *choice.string() : "", type = text_member(choice, "type");
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
    return bad_field("tool_choice",
                     fmt::format("tool_choice: {}, known: \"none\", \"auto\", \"required\", and objects of "
                                 "the type function or allowed_tools",
                                 choice.describe()));
  }
  if (fields.must_call && fields.functions.empty())
    return bad_field("tool_choice", "tool_choice: a call is forced, but there are no tools");
  return {};
}

}  // namespace

std::vector<std::string> ToolFields::names() const {
  std::vector<std::string> out;
  for (const ToolFunction& function : functions) out.push_back(function.name);
  return out;
}

ApiResult<ToolFields> read_tool_fields(const Json& object, const FieldNames& names) {
  R1_TRY(check_fields(object, kToolRules));
  const CheckedFields in(object);
  ToolFields out{.field_names = names};
  if (const Json* tools = in.find("tools"))
    for (const Json& tool : *tools->array()) R1_TRY(add_tool(tool, out));
  const Json* const choice = in.find("tool_choice");
  if (choice && *choice == Json("none")) return ToolFields{};
  if (choice) R1_TRY(read_choice(*choice, out));
  if (in.boolean("parallel_tool_calls") == false) out.one_call = true;
  if (!out.functions.empty()) out.tools = *in.find("tools");
  return out;
}

}  // namespace r1
