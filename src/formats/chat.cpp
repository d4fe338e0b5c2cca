#include "formats/chat.hpp"

namespace r1 {
namespace {

// Text of ours, in which marks are turns, or text from a message, in which they are just text.
struct ChatSpan {
  std::string text;
  Tokenizer::Special special;
};

std::string_view after_last_thinking(std::string_view text) {
  const size_t at = text.rfind(kEndThink);
  return at == text.npos ? text : text.substr(at + kEndThink.size());
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view spaces = " \t\r\n";
  const size_t begin = text.find_first_not_of(spaces);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(spaces) - begin + 1);
}

Result<std::vector<ChatSpan>> spans_of(std::span<const Message> messages, GenerationPrompt generation, Think think) {
  std::vector<ChatSpan> spans;
  const auto ours = [&](std::string_view text) { spans.push_back({std::string(text), Tokenizer::Special::recognise}); };
  const auto theirs = [&](std::string_view text) { spans.push_back({std::string(text), Tokenizer::Special::as_text}); };
  ours(kBeginOfSentence);
  std::string_view system;
  for (const Message& m : messages) {
    if (m.role == "system") system = m.content;
  }
  theirs(system);
  for (const Message& m : messages) {
    if (m.role == "user") {
      ours(kUser), theirs(m.content);
    } else if (m.role == "assistant") {
      ours(kAssistant), theirs(after_last_thinking(m.content)), ours(kEndOfSentence);
    } else if (m.role != "system") {
      return fail(Errc::invalid_argument, "message role \"{}\": expected system, user or assistant", m.role);
    }
  }
  if (generation == GenerationPrompt::add) {
    ours(kAssistant);
    ours(think == Think::on ? "<think>\n" : "<think>\n\n</think>\n\n");
  }
  return spans;
}

}  // namespace

Result<std::string> render_r1_chat(std::span<const Message> messages, GenerationPrompt generation, Think think) {
  std::string text;
  const auto spans = R1_TRY(spans_of(messages, generation, think));
  for (const ChatSpan& span : spans) text += span.text;
  return text;
}

Result<std::vector<i32>> encode_r1_chat(const Tokenizer& tokenizer, std::span<const Message> messages,
                                        GenerationPrompt generation, Think think) {
  std::vector<i32> ids;
  // Every span of theirs lies between marks, so encoding span by span cuts no token in two.
  const auto spans = R1_TRY(spans_of(messages, generation, think));
  for (const ChatSpan& span : spans) {
    const std::vector<i32> part = tokenizer.encode(span.text, span.special);
    ids.insert(ids.end(), part.begin(), part.end());
  }
  return ids;
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
