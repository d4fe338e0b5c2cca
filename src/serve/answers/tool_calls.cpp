#include "serve/answers/tool_calls.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/text.hpp"
#include "text/text_stream.hpp"

namespace r1 {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

// A call from its JSON, whose arguments have one of two names.
std::optional<ToolCall> json_call(std::string_view text) {
  const auto parsed = parse_json(trimmed(text), "call");
  if (!parsed) return {};
  const Json* const name = parsed->find("name");
  const Json* arguments = parsed->find("arguments");
  if (!arguments) arguments = parsed->find("parameters");
  if (!name || !name->string() || !arguments || !arguments->object()) return {};
  return ToolCall{*name->string(), dump(*arguments)};
}

// The text between kCallBegin and kCallEnd.
std::optional<ToolCall> deepseek_call(std::string_view text) {
  size_t at = text.find(kCallSeparator);
  if (at == text.npos) return {};
  std::string_view rest = text.substr(at + kCallSeparator.size()), name = trimmed(text.substr(0, at));
  if (name == "function") {
    at = rest.find_first_of("\n{");
    if (at == rest.npos) return {};
    name = trimmed(rest.substr(0, at));
    rest = rest.substr(at);
  }
  rest = trimmed(rest);
  constexpr std::string_view kOpen = "```json", kClose = "```";
  if (rest.starts_with(kOpen) && rest.ends_with(kClose) && rest.size() >= kOpen.size() + kClose.size())
    rest = trimmed(rest.substr(kOpen.size(), rest.size() - kOpen.size() - kClose.size()));
  const auto arguments = parse_json(rest, "call");
  if (!arguments || !arguments->object()) return {};
  return ToolCall{std::string(name), std::string(rest)};
}

}  // namespace

CallForm call_form_of(const ChatTemplate& chat) {
  constexpr const char *kName = "probe_function", *kKey = "probe_key";
  Message calling{"assistant", ""};
  calling.tool_calls = Json::array({Json::object(
      {{"id", "probe"},
       {"type", "function"},
       {"function", Json::object({{"name", kName}, {"arguments", fmt::format("{{\"{}\": 1}}", kKey)}})}})});
  const std::vector<Message> messages{{"user", "?"}, calling};
  const Json offered = Json::object({{"name", kName}, {"description", ""}, {"parameters", Json::Object{}}});
  const auto text = chat.render({.messages = messages,
                                 .generation = GenerationPrompt::none,
                                 .tools = Json::array({Json::object({{"type", "function"}, {"function", offered}})})});
  const auto has = [&](std::string_view part) { return text && text->rendered.text.find(part) != std::string::npos; };
  const bool is_llama = chat.kind() == ChatTemplate::Kind::llama3;
  if (!has(kKey)) return is_llama ? CallForm::llama : CallForm::hermes;
  if (has(kCallSeparator)) return has("```json") ? CallForm::deepseek : CallForm::deepseek_bare;
  if (!has(fmt::format("{{\"name\": \"{}\"", kName))) return CallForm::unknown;
  if (has(fmt::format("\"arguments\": {{\"{}\"", kKey)) && has(kHermesBegin)) return CallForm::hermes;
  return is_llama && has("\"parameters\": {") ? CallForm::llama : CallForm::unknown;
}

ToolCallStream::ToolCallStream(CallForm form, std::vector<std::string> names) : form_(form), names_(std::move(names)) {}

ToolCallStream::Part ToolCallStream::push(std::string_view text) {
  Part out;
  held_ += text;
  take(false, out);
  return out;
}

ToolCallStream::Part ToolCallStream::finish() {
  Part out;
  take(true, out);
  out.text += std::exchange(held_, {});
  return out;
}

void ToolCallStream::take(bool last, Part& out) {
  switch (form_) {
    case CallForm::deepseek:
    case CallForm::deepseek_bare:
      while (take_call(kCallsBegin, kCallsEnd, last, out)) {
      }
      return;
    case CallForm::hermes:
    case CallForm::unknown:
      while (take_call(kHermesBegin, kHermesEnd, last, out)) {
      }
      return;
    case CallForm::llama: break;
  }
  // An answer that begins with a brace may be a call until its end.
  const size_t first = held_.find_first_not_of(kSpace);
  if (!last && !begun_ && (first == held_.npos || held_[first] == '{')) return;
  if (last && !begun_) {
    out.calls = calls_of(held_);
    if (!out.calls.empty()) held_.clear();
  }
  begun_ = true;
  out.text += std::exchange(held_, {});
}

// Moves text up to the next call, and the call itself, from held_ to `out`. False: nothing more can be moved now.
bool ToolCallStream::take_call(std::string_view begin, std::string_view end, bool last, Part& out) {
  const size_t opens = held_.find(begin);
  if (opens == held_.npos) {
    const size_t keep = last ? 0 : beginning_at_end(held_, begin);
    out.text += held_.substr(0, held_.size() - keep);
    held_.erase(0, held_.size() - keep);
    return false;
  }
  out.text += held_.substr(0, opens);
  held_.erase(0, opens);
  const size_t closes = held_.find(end, std::max(searched_, begin.size()));
  if (closes == held_.npos && !last) {  // the end that is missing at last may be the stop token
    searched_ = held_.size() - std::min(held_.size(), end.size() - 1);
    return false;
  }
  searched_ = 0;
  const size_t size = closes == held_.npos ? held_.size() : closes + end.size();
  const std::string_view inside =
      std::string_view(held_).substr(begin.size(), (closes == held_.npos ? size : closes) - begin.size());
  const std::vector<ToolCall> calls = calls_of(inside);
  if (calls.empty()) out.text += held_.substr(0, size);
  out.calls.insert(out.calls.end(), calls.begin(), calls.end());
  held_.erase(0, size);
  return !held_.empty();
}

// All calls of a text between two marks; none if any of them is malformed or calls an unknown function.
std::vector<ToolCall> ToolCallStream::calls_of(std::string_view text) const {
  std::vector<ToolCall> calls;
  const auto add = [&](const std::optional<ToolCall>& call) {
    if (!call || std::find(names_.begin(), names_.end(), call->name) == names_.end()) return false;
    calls.push_back(*call);
    return true;
  };
  if (form_ != CallForm::deepseek && form_ != CallForm::deepseek_bare) {
    add(json_call(text));
    return calls;
  }
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    const size_t end = std::min(text.find(kCallEnd), text.size());
    if (!text.starts_with(kCallBegin) || !add(deepseek_call(text.substr(kCallBegin.size(), end - kCallBegin.size()))))
      return {};
    text.remove_prefix(std::min(end + kCallEnd.size(), text.size()));
  }
  return calls;
}

}  // namespace r1
