#include "cli/chat/settings.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "core/text.hpp"

namespace r1 {
namespace {

template <class T>
Result<T> number(std::string_view text) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || at != end)
    return fail(Errc::invalid_argument, "\"{}\" is not {}", text,
                std::is_floating_point_v<T> ? "a number" : "a whole number");
  return value;
}

// "default" takes a value back.
template <class T>
Status assign(std::optional<T>& target, std::string_view text) {
  if (text == "default") target.reset();
  else target = R1_TRY(number<T>(text));
  return {};
}

Result<bool> is_on(std::string_view text) {
  if (text != "on" && text != "off") return fail(Errc::invalid_argument, "\"{}\", expected on or off", text);
  return text == "on";
}

constexpr const char* kDefault = "default";  // as shown where only the server knows the value

template <class T>
std::string shown_value(T value) {
  if constexpr (std::is_floating_point_v<T>) return fmt::format("{:.4g}", value);
  else return fmt::format("{}", value);
}

template <auto flag, auto param>
std::string show_sampling(const Chat& chat) {
  if (const CompletionRequest* defaults = chat.source().defaults()) return shown_value(defaults->sampling.*param);
  const auto& given = chat.source().flags().*flag;
  return given ? shown_value(*given) : kDefault;
}

Status set_think(Chat& chat, std::string_view text) {
  GenerationFlags flags = chat.source().flags();
  flags.no_think = text == "off";
  flags.think = text != "off" && text != kDefault;
  if (text == "on" || text == kDefault) flags.think_budget = 0;
  else if (text != "off") flags.think_budget = R1_TRY(number<i64>(text));
  return chat.source().set_flags(flags);
}

std::string show_think(const Chat& chat) {
  const GenerationFlags& flags = chat.source().flags();
  if (flags.thinking() == Think::off) return "off";
  if (flags.think_budget > 0) return fmt::format("{}", flags.think_budget);
  return flags.think || chat.source().defaults() ? "on" : kDefault;
}

std::string show_max_tokens(const Chat& chat) {
  if (const CompletionRequest* defaults = chat.source().defaults())
    return defaults->max_tokens >= chat.source().context() ? "-1" : fmt::format("{}", defaults->max_tokens);
  const auto& given = chat.source().flags().max_tokens;
  return given ? fmt::format("{}", *given) : kDefault;
}

template <auto member>
Status set_flag(Chat& chat, std::string_view text) {
  GenerationFlags flags = chat.source().flags();
  R1_TRY(assign(flags.*member, text));
  return chat.source().set_flags(flags);
}

struct Setting {
  std::string_view name, help;
  Status (*set)(Chat&, std::string_view);
  std::string (*show)(const Chat&);
};

using F = GenerationFlags;
constexpr Setting kSettings[] = {
    {"temperature", "0: always the likeliest token", set_flag<&F::temperature>,
     show_sampling<&F::temperature, &SamplingParams::temperature>},
    {"top_p", "keep the likeliest tokens with this probability", set_flag<&F::top_p>,
     show_sampling<&F::top_p, &SamplingParams::top_p>},
    {"top_k", "keep this many of the likeliest tokens; 0: all", set_flag<&F::top_k>,
     show_sampling<&F::top_k, &SamplingParams::top_k>},
    {"min_p", "keep tokens with this share of the likeliest's", set_flag<&F::min_p>,
     show_sampling<&F::min_p, &SamplingParams::min_p>},
    {"repetition_penalty", "divide the logits of tokens already in the text", set_flag<&F::repetition_penalty>,
     show_sampling<&F::repetition_penalty, &SamplingParams::repetition_penalty>},
    {"seed", "random seed", set_flag<&F::seed>, show_sampling<&F::seed, &SamplingParams::seed>},
    {"max_tokens", "of an answer with its thinking; -1: no limit", set_flag<&F::max_tokens>, show_max_tokens},
    {"think", "on, off, or the most tokens of it", set_think, show_think},
    {"show_thinking", "on or off",
     [](Chat& c, std::string_view text) -> Status {
       c.display = R1_TRY(is_on(text)) ? ThinkingDisplay::show : ThinkingDisplay::hide;
       return {};
     },
     [](const Chat& c) { return std::string(c.display == ThinkingDisplay::show ? "on" : "off"); }},
    {"context_shift", "on or off: leave out old turns when it is full",
     [](Chat& c, std::string_view text) -> Status {
       c.when_full = R1_TRY(is_on(text)) ? ContextFull::drop_oldest : ContextFull::refuse;
       return {};
     },
     [](const Chat& c) { return std::string(c.when_full == ContextFull::drop_oldest ? "on" : "off"); }},
};

}  // namespace

Result<std::string> change_setting(Chat& chat, std::string_view name, std::string_view value) {
  const auto* setting =
      std::find_if(std::begin(kSettings), std::end(kSettings), [&](const Setting& s) { return s.name == name; });
  if (setting == std::end(kSettings)) {
    const std::vector<std::string> names = setting_names();
    const std::string nearest = nearest_word(name, names);
    return fail(Errc::invalid_argument, "no setting \"{}\"{}; /set lists them", name,
                nearest.empty() ? "" : fmt::format(", did you mean \"{}\"?", nearest));
  }
  if (value.empty()) return fail(Errc::invalid_argument, "/set {}: no value", name);
  if (Status changed = setting->set(chat, value); !changed)
    return fail(changed.error().code, "/set {}: {}", name, changed.error().what);
  return fmt::format("{} {}", name, setting->show(chat));
}

std::string settings_table(const Chat& chat) {
  std::string out;
  for (const Setting& s : kSettings) out += fmt::format("{:<19} {:<10} {}\n", s.name, s.show(chat), s.help);
  return out;
}

std::vector<std::string> setting_names() {
  std::vector<std::string> names;
  for (const Setting& s : kSettings) names.emplace_back(s.name);
  return names;
}

}  // namespace r1
