#include "text/chat_template.hpp"

#include <algorithm>

#include "formats/chat_templates.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOpenThinking = "<think>\n", kEmptyThinking = "<think>\n\n</think>\n\n";

ChatTemplate::Tokens tokens_of(const Tokenizer& tokenizer) {
  const Tokenizer::Roles& roles = tokenizer.roles();
  const auto text = [&](std::optional<i32> id) { return id ? std::string(tokenizer.bytes_of(*id)) : std::string(); };
  // If no file names these tokens, R1's marks are recognised by their text.
  const auto mark = [&](std::optional<i32> id, std::string_view name) { return text(id ? id : tokenizer.find(name)); };
  return {mark(roles.bos, kBeginOfSentence), mark(roles.eos, kEndOfSentence), text(roles.pad), text(roles.unknown)};
}

// ---- a conversation as variables

Json with_arguments(const Json& calls, bool as_objects) {
  Json out = calls;
  if (!calls.array()) return out;
  Json::Array changed;
  for (const Json& call : *calls.array()) {
    Json one = call;
    const Json* function = call.find("function");
    const Json* given = function ? function->find("arguments") : nullptr;
    if (given) {
      Json inner = *function;
      if (as_objects && given->string()) {
        const auto parsed = parse_json(*given->string(), "arguments");
        if (parsed && parsed->object()) inner.set("arguments", *parsed);
      } else if (!as_objects && given->object()) {
        inner.set("arguments", dump(*given));
      }
      one.set("function", std::move(inner));
    }
    changed.push_back(std::move(one));
  }
  return changed;
}

Json message_json(const Message& m, bool null_content, bool object_arguments) {
  Json out = Json::object({{"role", m.role}});
  const bool calls = m.tool_calls.array() && !m.tool_calls.array()->empty();
  out.set("content", calls && m.content.empty() && null_content ? Json() : Json(m.content));
  if (!m.reasoning_content.empty()) out.set("reasoning_content", m.reasoning_content);
  if (calls) out.set("tool_calls", with_arguments(m.tool_calls, object_arguments));
  if (!m.tool_call_id.empty()) out.set("tool_call_id", m.tool_call_id);
  if (!m.name.empty()) out.set("name", m.name);
  return out;
}

// ---- the rendered text

// The part at the end that the template itself printed. Marks count only there, not in text from messages.
std::string_view own_tail(const Rendered& r) {
  if (r.spans.empty() || r.spans.back().from_input) return {};
  const size_t begin = r.spans.size() > 1 ? r.spans[r.spans.size() - 2].end : 0;
  return std::string_view(r.text).substr(begin);
}

void append_own(Rendered& r, std::string_view text) {
  r.text += text;
  if (r.spans.empty() || r.spans.back().from_input) r.spans.push_back({r.text.size(), false});
  else r.spans.back().end = r.text.size();
}

bool ends_thinking(const Rendered& r) {
  std::string_view tail = own_tail(r);
  while (!tail.empty() && (tail.back() == '\n' || tail.back() == ' ')) tail.remove_suffix(1);
  return tail.ends_with(kThink);
}

const std::vector<Message> kProbe{{"user", "?"}};
constexpr std::string_view kProbeArguments = R"({"probe_key": "probe value"})";

}  // namespace

std::vector<i32> encode_rendered(const Tokenizer& tokenizer, const Rendered& rendered) {
  std::vector<Tokenizer::Range> own;
  size_t begin = 0;
  for (const Rendered::Span& span : rendered.spans) {
    if (!span.from_input) own.push_back({begin, span.end});
    begin = span.end;
  }
  return tokenizer.encode(rendered.text, own);
}

ChatTemplate::ChatTemplate(JinjaTemplate program, std::optional<JinjaTemplate> with_tools, Tokens tokens)
    : program_(std::move(program)), with_tools_(std::move(with_tools)), tokens_(std::move(tokens)) {
  study();
}

Result<ChatTemplate> ChatTemplate::parse(std::string_view source, std::string_view name, const Tokens& tokens,
                                         std::string_view with_tools) {
  JinjaTemplate program = R1_TRY(JinjaTemplate::parse(source, name));
  std::optional<JinjaTemplate> tools;
  if (!with_tools.empty()) tools = R1_TRY(JinjaTemplate::parse(with_tools, fmt::format("{} (tool_use)", name)));
  return ChatTemplate(std::move(program), std::move(tools), tokens);
}

Result<ChatTemplate> ChatTemplate::open(const fs::path& model, const Tokenizer& tokenizer) {
  std::error_code ignored;
  const bool is_folder = fs::is_directory(model, ignored);
  const StoredChatTemplates stored =
      is_folder ? R1_TRY(read_chat_templates(model)) : R1_TRY(chat_templates_of(R1_TRY(Gguf::open(model))));
  if (!stored.empty()) {
    const auto with_tools = stored.named.find(kToolTemplate);
    return parse(stored.text, stored.origin, tokens_of(tokenizer),
                 with_tools == stored.named.end() ? std::string_view() : with_tools->second);
  }
  if (!tokenizer.find(kUser) || !tokenizer.find(kAssistant))
    return fail(Errc::unsupported, "{}: no chat template, and no model of R1's family; --raw prompts it as it is",
                model.string());
  // Only R1 itself has tokens for tool calls. The models distilled from it kept the vocabulary of another model.
  const bool distilled = !tokenizer.find("<｜tool▁calls▁begin｜>");
  return parse(distilled ? kBuiltinDistill : kBuiltinR1,
               distilled ? "the built-in template of R1's distills" : "the built-in template of R1",
               tokens_of(tokenizer));
}

// Learns by test renderings what the source of the template does not tell.
void ChatTemplate::study() {
  const std::string& source = program_.source();
  const auto has = [&](std::string_view text) { return source.find(text) != source.npos; };
  const auto asked = run({.messages = kProbe}, true, false);
  const auto unasked = run({.messages = kProbe, .generation = GenerationPrompt::none}, true, false);
  // In the templates of V3-0324 and R1-0528 the user's turn itself ends with the assistant's mark. R1-0528, whose
  // template drops earlier thinking, opens the thinking itself; V3-0324 does not think.
  const bool mark_follows_user = unasked && own_tail(*unasked).ends_with(kAssistant);
  const bool thinks = has(kEndThink) && !mark_follows_user;
  model_opens_ = has(kEndThink) && mark_follows_user;
  lacks_opening_ = asked && thinks && own_tail(*asked).ends_with(kAssistant);
  if (has(kAssistant) && thinks) kind_ = source == kR1ChatTemplate || has("is_first_sp") ? Kind::r1 : Kind::r1_distill;
  else if (has(kAssistant)) kind_ = Kind::deepseek;
  else if (has("<|im_start|>")) kind_ = Kind::chatml;
  else if (has("<|start_header_id|>")) kind_ = Kind::llama3;

  const auto thinking = render({.messages = kProbe, .think = Think::on});
  opens_ = thinking && thinking->thinking;

  Message call{"assistant", ""};
  const Json function = Json::object({{"name", "probe"}, {"arguments", kProbeArguments}});
  call.tool_calls = Json::array({Json::object({{"id", "probe"}, {"type", "function"}, {"function", function}})});
  const std::vector<Message> calling{{"user", "?"}, call};
  const ChatRequest request{.messages = calling, .generation = GenerationPrompt::none};
  const auto printed = [&](bool as_objects) {
    auto result = run(request, true, as_objects);
    return result ? result : run(request, false, as_objects);
  };
  const auto strings = printed(false), objects = printed(true);
  object_arguments_ = objects && (!strings || strings->text.find(kProbeArguments) == std::string::npos);
}

Result<Rendered> ChatTemplate::run(const ChatRequest& request, bool null_content, bool object_arguments) const {
  Json::Array messages;
  for (const Message& m : request.messages) messages.push_back(message_json(m, null_content, object_arguments));
  const bool think = request.think == Think::on;
  Json variables = Json::object({{"messages", std::move(messages)},
                                 {"add_generation_prompt", request.generation == GenerationPrompt::add},
                                 {"bos_token", tokens_.bos},
                                 {"eos_token", tokens_.eos},
                                 {"enable_thinking", think},
                                 {"thinking", think}});
  if (!tokens_.pad.empty()) variables.set("pad_token", tokens_.pad);
  if (!tokens_.unknown.empty()) variables.set("unk_token", tokens_.unknown);
  if (!request.tools.is_null()) variables.set("tools", request.tools);
  if (const Json::Object* more = request.variables.object())
    for (const auto& [name, value] : *more) variables.set(name, value);
  const bool tools = with_tools_ && !request.tools.is_null();
  return (tools ? *with_tools_ : program_).render(variables);
}

Result<ChatText> ChatTemplate::render(const ChatRequest& request) const {
  ChatText out;
  auto rendered = run(request, true, object_arguments_);
  // Clients of OpenAI's API send calls without content, and not every template accepts a null content.
  const bool without_content = std::any_of(request.messages.begin(), request.messages.end(), [](const Message& m) {
    return m.tool_calls.array() && !m.tool_calls.array()->empty() && m.content.empty();
  });
  if (!rendered && without_content && rendered.error().code == Errc::corrupt) {
    if (auto again = run(request, false, object_arguments_)) rendered = std::move(again);
  }
  out.rendered = R1_TRY(std::move(rendered));
  if (request.generation == GenerationPrompt::none) return out;
  const bool at_answer = own_tail(out.rendered).ends_with(kAssistant);
  if (request.think == Think::on) {
    if (lacks_opening_ && at_answer) append_own(out.rendered, kOpenThinking);
    out.thinking = ends_thinking(out.rendered);
  } else if ((lacks_opening_ || model_opens_) && at_answer) {
    append_own(out.rendered, kEmptyThinking);
  } else if (ends_thinking(out.rendered)) {
    append_own(out.rendered, out.rendered.text.ends_with('\n') ? "\n</think>\n\n" : "\n\n</think>\n\n");
  }
  return out;
}

Result<ChatPrompt> ChatTemplate::encode(const Tokenizer& tokenizer, const ChatRequest& request) const {
  const ChatText text = R1_TRY(render(request));
  if (text.rendered.text.empty())
    return fail(Errc::invalid_argument, "{}: the template prints nothing for this conversation", program_.name());
  ChatPrompt prompt{encode_rendered(tokenizer, text.rendered), text.thinking};
  std::vector<i32>& ids = prompt.ids;
  const Tokenizer::Roles& roles = tokenizer.roles();
  const auto bos = roles.bos ? roles.bos : tokenizer.find(tokens_.bos);
  if (!bos) return prompt;
  while (ids.size() > 1 && ids[0] == *bos && ids[1] == *bos) ids.erase(ids.begin());
  if (roles.add_bos && (ids.empty() || ids[0] != *bos)) ids.insert(ids.begin(), *bos);
  return prompt;
}

Status ChatTemplate::check_system() const {
  constexpr std::string_view kSystemProbe = "probe of the system role";
  const std::vector<Message> with_system{{"system", std::string(kSystemProbe)}, {"user", "?"}};
  const auto rendered = run({.messages = with_system}, true, false);
  if (rendered && rendered->text.find(kSystemProbe) != std::string::npos) return {};
  return fail(Errc::unsupported, "the chat template ({}) {}; write the instructions into the first message instead",
              describe(),
              rendered ? "leaves out system messages" : "refuses system messages: " + rendered.error().what);
}

const char* name_of(ChatTemplate::Kind kind) {
  constexpr const char* names[] = {"R1", "R1-Distill", "DeepSeek", "ChatML", "Llama-3", "other"};
  return names[static_cast<size_t>(kind)];
}

std::string ChatTemplate::describe() const {
  const bool tools = with_tools_ || program_.source().find("tools") != std::string::npos ||
                     program_.source().find("tool_calls") != std::string::npos;
  const char* thinking = lacks_opening_ ? "; thinking opened for it" : opens_ ? "; opens the thinking" : "";
  return fmt::format("{}, {}{}{}", name_of(kind_), program_.name(), thinking, tools ? "; tools" : "");
}

std::vector<i32> end_tokens(const Tokenizer& tokenizer) {
  const Tokenizer::Roles& roles = tokenizer.roles();
  std::vector<i32> ids = roles.ends;
  for (const auto& role : {roles.eos, roles.eot, roles.eom})
    if (role) ids.push_back(*role);
  for (const std::string_view text : {"<|eot_id|>", "<|im_end|>", "<|end|>", "<|endoftext|>", "<|eom_id|>",
                                      "<|end_of_text|>", "<EOT>", "<end_of_turn>", "<｜end▁of▁sentence｜>"})
    if (const auto id = tokenizer.find(text)) ids.push_back(*id);
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

}  // namespace r1
