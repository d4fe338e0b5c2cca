#include "serve/requests/think_fields.hpp"

#include <algorithm>

namespace r1 {
namespace {

constexpr double kMostThinkTokens = 2147483647;
constexpr i64 kLowEffortTokens = 2048;

constexpr FieldRule kThinkRules[] = {
    {"thinking", JsonKind::object},
    {"reasoning_effort", JsonKind::text, 0, 16},
    {"chat_template_kwargs", JsonKind::object},
    {"thinking_token_budget", JsonKind::integer, -1, kMostThinkTokens},
    {"thinking_budget_tokens", JsonKind::integer, -1, kMostThinkTokens},
};

struct Effort {
  std::string_view name;
  bool on;
  std::optional<i64> budget;
};
// R1 knows no levels of effort; a low one limits the thinking.
constexpr Effort kEfforts[] = {{"none", false, {}},
                               {"minimal", true, kLowEffortTokens},
                               {"low", true, kLowEffortTokens},
                               {"medium", true, {}},
                               {"high", true, {}},
                               {"xhigh", true, {}},
                               {"max", true, {}},
                               {"ultra", true, {}}};

ApiStatus read_effort(const std::string& name, const std::string& where, ThinkFields& out) {
  const auto found =
      std::find_if(std::begin(kEfforts), std::end(kEfforts), [&](const Effort& e) { return e.name == name; });
  if (found == std::end(kEfforts))
    return bad_field(
        where, fmt::format("{}: {}, known: none, minimal, low, medium, high, xhigh, max", where, quoted_text(name)));
  if (!out.on) out.on = found->on, out.budget = found->budget;
  return {};
}

ApiStatus read_thinking(const Json& object, ThinkFields& out) {
  static constexpr FieldRule kThinkingRules[] = {{"type", JsonKind::text, 0, 16},
                                                 {"budget_tokens", JsonKind::integer, -1, kMostThinkTokens}};
  R1_TRY(check_fields(object, kThinkingRules, "thinking"));
  const CheckedFields in(object);
  if (const std::string* type = in.text("type")) {
    if (*type != "enabled" && *type != "disabled" && *type != "auto" && *type != "adaptive")
      return bad_field("thinking.type",
                       fmt::format("thinking.type: {}, known: enabled, disabled, auto", quoted_text(*type)));
    if (*type == "enabled" || *type == "disabled") out.on = *type == "enabled";
  }
  return {};
}

ApiStatus read_template_fields(const Json& object, ThinkFields& out) {
  static constexpr FieldRule kTemplateRules[] = {{"enable_thinking", JsonKind::boolean},
                                                 {"thinking", JsonKind::boolean},
                                                 {"reasoning_effort", JsonKind::text, 0, 16}};
  R1_TRY(check_fields(object, kTemplateRules, "chat_template_kwargs"));
  for (const auto& [name, value] : *object.object())
    if (std::none_of(std::begin(kTemplateRules), std::end(kTemplateRules), [&](auto& r) { return r.name == name; }))
      return bad_field("chat_template_kwargs",
                       fmt::format("chat_template_kwargs: {} is not known; known: enable_thinking, thinking, "
                                   "reasoning_effort",
                                   quoted_text(name)));
  const CheckedFields in(object);
  for (const char* name : {"enable_thinking", "thinking"})
    if (!out.on) out.on = in.boolean(name);
  if (const std::string* effort = in.text("reasoning_effort"))
    R1_TRY(read_effort(*effort, "chat_template_kwargs.reasoning_effort", out));
  return {};
}

}  // namespace

std::span<const FieldRule> think_rules() { return kThinkRules; }

ApiResult<ThinkFields> read_think_fields(const Json& object, std::optional<bool> server_default) {
  R1_TRY(check_fields(object, kThinkRules));
  const CheckedFields in(object);
  ThinkFields out;
  const Json* const thinking = in.find("thinking");
  if (thinking) R1_TRY(read_thinking(*thinking, out));
  if (const std::string* effort = in.text("reasoning_effort")) R1_TRY(read_effort(*effort, "reasoning_effort", out));
  if (const Json* variables = in.find("chat_template_kwargs")) R1_TRY(read_template_fields(*variables, out));
  if (!out.on) out.on = server_default;
  for (const auto budget : {in.integer("thinking_budget_tokens"), in.integer("thinking_token_budget"),
                            thinking ? CheckedFields(*thinking).integer("budget_tokens") : std::nullopt})
    if (budget) out.budget = *budget < 0 ? std::nullopt : budget;
  if (out.budget == 0) out.on = false;
  return out;
}

}  // namespace r1
