#include "text/chat.hpp"

#include "text/chat_template.hpp"

namespace r1 {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view spaces = " \t\r\n";
  const size_t begin = text.find_first_not_of(spaces);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(spaces) - begin + 1);
}

Result<Rendered> rendered_r1(std::span<const Message> messages, GenerationPrompt generation, Think think) {
  static const JinjaTemplate program = [] {
    auto parsed = JinjaTemplate::parse(kR1ChatTemplate, "our chat template");
    R1_CHECK(parsed.has_value(), "{}", parsed.error().what);
    return std::move(*parsed);
  }();
  Json::Array turns;
  for (const Message& m : messages) turns.push_back(Json::object({{"role", m.role}, {"content", m.content}}));
  return program.render(Json::object({{"messages", std::move(turns)},
                                      {"add_generation_prompt", generation == GenerationPrompt::add},
                                      {"enable_thinking", think == Think::on}}));
}

}  // namespace

Result<std::string> render_r1_chat(std::span<const Message> messages, GenerationPrompt generation, Think think) {
  return R1_TRY(rendered_r1(messages, generation, think)).text;
}

Result<std::vector<i32>> encode_r1_chat(const Tokenizer& tokenizer, std::span<const Message> messages,
                                        GenerationPrompt generation, Think think) {
  return encode_rendered(tokenizer, R1_TRY(rendered_r1(messages, generation, think)));
}

const std::string_view kR1ChatTemplate =
    "{%- if not add_generation_prompt is defined -%}{%- set add_generation_prompt = false -%}{%- endif -%}"
    "{%- set ns = namespace(system='') -%}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'system' -%}{%- set ns.system = message['content'] -%}{%- endif -%}"
    "{%- endfor -%}"
    "{{- '<｜begin▁of▁sentence｜>' + ns.system -}}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'user' -%}"
    "{{- '<｜User｜>' + message['content'] -}}"
    "{%- elif message['role'] == 'assistant' -%}"
    "{{- '<｜Assistant｜>' + message['content'].split('</think>')[-1] + '<｜end▁of▁sentence｜>' -}}"
    "{%- elif message['role'] != 'system' -%}"
    "{{- raise_exception('message role ' + message['role'] + ': expected system, user or assistant') -}}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}"
    "{%- if enable_thinking is defined and not enable_thinking -%}"
    "{{- '<｜Assistant｜><think>\\n\\n</think>\\n\\n' -}}"
    "{%- else -%}"
    "{{- '<｜Assistant｜><think>\\n' -}}"
    "{%- endif -%}"
    "{%- endif -%}";

ThinkingSplit split_thinking(std::string_view completion, Think think) {
  if (think == Think::off) return {"", std::string(trimmed(completion)), true};
  std::string_view text = trimmed(completion);
  if (text.starts_with(kThink)) text.remove_prefix(kThink.size());  // a prompt that ended before the mark
  const size_t end = text.find(kEndThink);
  if (end == text.npos) return {std::string(trimmed(text)), "", false};
  return {std::string(trimmed(text.substr(0, end))), std::string(trimmed(text.substr(end + kEndThink.size()))), true};
}

std::string join_thinking(std::string_view thinking, std::string_view answer) {
  return fmt::format("{}\n{}\n\n{}", thinking, kEndThink, answer);
}

}  // namespace r1
