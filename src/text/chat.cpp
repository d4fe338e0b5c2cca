#include "text/chat.hpp"

#include "text/chat_template.hpp"

namespace r1 {
namespace {

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
    "{{- '<｜Assistant｜>' + message.content.split('</think>')[-1] + '<｜end▁of▁sentence｜>' -}}"
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

}  // namespace r1
