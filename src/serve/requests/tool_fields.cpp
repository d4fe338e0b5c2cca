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

ApiStatus add_tool(const Json& tool, std::vector<std::string>& names) {
  const std::string where = fmt::format("tools[{}]", names.size());
  const Json* const type = tool.find("type");
  if (!type || !type->string() || *type->string() != "function")
    return bad_field(where, fmt::format("{}: expected an object with the type \"function\"", where));
  const Json* const function = tool.find("function");
  const Json* const name = function ? function->find("name") : nullptr;
  if (!name || !name->string() || !is_function_name(*name->string()))
    return bad_field(where, fmt::format("{}.function.name: {}, expected 1 to 64 letters, digits, _ and -", where,
                                        name ? name->describe() : "missing"));
  if (std::find(names.begin(), names.end(), *name->string()) != names.end())
    return bad_field(where, fmt::format("{}.function.name: {} is there twice", where, name->describe()));
  const Json* const parameters = function->find("parameters");
  if (parameters && !parameters->is_null() && !parameters->object())
    return bad_field(where,
                     fmt::format("{}.function.parameters: {}, expected an object", where, parameters->describe()));
  names.push_back(*name->string());
  return {};
}

}  // namespace

ApiResult<ToolFields> read_tool_fields(const Json& object) {
  R1_TRY(check_fields(object, kToolRules));
  const CheckedFields in(object);
  ToolFields out;
  if (const Json* tools = in.find("tools"))
    for (const Json& tool : *tools->array()) R1_TRY(add_tool(tool, out.names));
  if (const Json* choice = in.find("tool_choice")) {
    const std::string* const word = choice->string();
    if (word && *word == "none") return ToolFields{};
    if (!word || *word != "auto")
      return bad_field("tool_choice",
                       fmt::format("tool_choice: {}; this server knows \"auto\" and \"none\"", choice->describe()),
                       "unsupported_parameter");
  }
  if (!out.names.empty()) out.tools = *in.find("tools");
  return out;
}

}  // namespace r1
