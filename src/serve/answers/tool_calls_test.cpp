#include "serve/answers/tool_calls.hpp"

#include <gtest/gtest.h>

#include "core/file.hpp"

namespace r1 {
namespace {

constexpr const char* kR1 =
    "Let me see.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>add\n```json\n{\"a\": 1}\n```"
    "<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>sub\n```json\n{}\n```<｜tool▁call▁end｜>"
    "<｜tool▁calls▁end｜>";
constexpr const char* kV31 =
    "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>add<｜tool▁sep｜>{\"a\": \"}\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>";
constexpr const char* kQwen =
    "Well.\n<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1}}\n</tool_call>\n<tool_call>\n"
    "{\"name\": \"sub\", \"arguments\": {}}\n</tool_call>";
constexpr const char* kLlama = "{\"name\": \"add\", \"parameters\": {\"a\": 1}}";

ChatTemplate template_from(std::string_view source) {
  auto parsed = ChatTemplate::parse(source, "test", {});
  R1_CHECK(parsed, "{}", parsed ? "" : parsed.error().what);
  return std::move(*parsed);
}

TEST(ToolCalls, TheFormIsWhatTheTemplatePrints) {
  const auto form = [](std::string_view call) {
    return call_form_of(template_from(fmt::format(
        "<|im_start|>{{% for m in messages %}}{{% for c in m.tool_calls or [] %}}{}{{% endfor %}}{{% endfor %}}",
        call)));
  };
  const std::filesystem::path templates = std::filesystem::path(R1_SOURCE_DIR) / "tests/data/templates";
  for (const auto& [name, form_of_file] :
       {std::pair("huggingface.js/DeepSeek-R1.jinja", CallForm::deepseek),
        {"huggingface.js/DeepSeek-R1-0528-Qwen3-8B.jinja", CallForm::deepseek},
        {"llama.cpp-2025-02/deepseek-ai-DeepSeek-R1-Distill-Qwen-32B.jinja", CallForm::deepseek},
        {"llama.cpp-2025-02/Qwen-Qwen2.5-7B-Instruct.jinja", CallForm::hermes},
        {"llama.cpp-2026-08/Qwen-Qwen3-0.6B.jinja", CallForm::hermes}})
    EXPECT_EQ(call_form_of(template_from(*read_file(templates / name))), form_of_file) << name;
  EXPECT_EQ(call_form_of(template_from(kBuiltinR1)), CallForm::deepseek);
  EXPECT_EQ(call_form_of(template_from(kBuiltinDistill)), CallForm::deepseek);
  EXPECT_EQ(call_form_of(template_from(kR1ChatTemplate)), CallForm::hermes) << "it prints no calls";
  EXPECT_EQ(form("{{'<｜tool▁call▁begin｜>' + c.function.name + '<｜tool▁sep｜>' + c.function.arguments}}"),
            CallForm::deepseek_bare);
  EXPECT_EQ(form("<tool_call>{\"name\": \"{{c.function.name}}\", \"arguments\": {{c.function.arguments}}}</tool_call>"),
            CallForm::hermes);
  EXPECT_EQ(form("<tool_call><function={{c.function.name}}>{{c.function.arguments}}"), CallForm::unknown);
}

// The parts of a text that comes in pieces of `step` bytes, put together.
ToolCallStream::Part parts(CallForm form, std::string_view text, size_t step) {
  ToolCallStream stream(form, {"add", "sub"});
  ToolCallStream::Part all;
  const auto append = [&](const ToolCallStream::Part& part) {
    all.text += part.text;
    all.calls.insert(all.calls.end(), part.calls.begin(), part.calls.end());
  };
  for (size_t at = 0; at < text.size(); at += step) append(stream.push(text.substr(at, step)));
  append(stream.finish());
  return all;
}

TEST(ToolCalls, EverySyntaxIsReadHoweverTheTextIsCut) {
  struct Case {
    CallForm form;
    const char *text, *before;
    std::vector<std::pair<std::string, std::string>> calls;
  };
  for (const Case& c : {
           Case{CallForm::deepseek, kR1, "Let me see.", {{"add", "{\"a\": 1}"}, {"sub", "{}"}}},
           Case{CallForm::deepseek_bare, kV31, "", {{"add", "{\"a\": \"}\"}"}}},
           Case{CallForm::hermes, kQwen, "Well.\n\n", {{"add", "{\"a\": 1}"}, {"sub", "{}"}}},
           Case{CallForm::llama, kLlama, "", {{"add", "{\"a\": 1}"}}},
       })
    for (const size_t step : {size_t{1}, size_t{3}, size_t{7}, size_t{1000}}) {
      const auto part = parts(c.form, c.text, step);
      EXPECT_EQ(part.text, c.before) << step;
      ASSERT_EQ(part.calls.size(), c.calls.size()) << c.text << step;
      for (size_t i = 0; i < c.calls.size(); ++i) {
        EXPECT_EQ(part.calls[i].name, c.calls[i].first);
        EXPECT_EQ(part.calls[i].arguments, c.calls[i].second);
      }
    }
}

TEST(ToolCalls, TheMarkAtTheEndMayBeMissing) {
  const std::string text = std::string(kR1).substr(0, std::string_view(kR1).rfind("<｜tool▁calls▁end｜>"));
  EXPECT_EQ(parts(CallForm::deepseek, text, 5).calls.size(), 2u);
}

TEST(ToolCalls, WhatIsNoCallStaysText) {
  struct Case {
    CallForm form;
    const char* text;
  };
  for (const Case& c : {
           Case{CallForm::deepseek, "a <｜tool▁calls▁begin"},
           Case{CallForm::deepseek,
                "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>add\n```json\n{\"a\": "},
           Case{CallForm::deepseek,
                "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>unknown<｜tool▁sep｜>{}<｜tool▁call▁end｜>"
                "<｜tool▁calls▁end｜> after"},
           Case{CallForm::hermes, "<tool_call>{\"name\": \"add\"}</tool_call>"},
           Case{CallForm::hermes, "<tool_call>no json</tool_call> and more"},
           Case{CallForm::hermes, "1 < 2 <tool"},
           Case{CallForm::llama, "{\"name\": \"other\", \"parameters\": {}}"},
           Case{CallForm::llama, "{1, 2} is a set"},
           Case{CallForm::llama, "so {\"name\": \"add\", \"parameters\": {}}"},
       })
    for (const size_t step : {size_t{1}, size_t{1000}}) {
      const auto part = parts(c.form, c.text, step);
      EXPECT_TRUE(part.calls.empty()) << c.text;
      EXPECT_EQ(part.text, c.text);
    }
}

TEST(ToolCalls, TextThatCannotBecomeACallIsShownAtOnce) {
  ToolCallStream qwen(CallForm::hermes, {"add"});
  EXPECT_EQ(qwen.push("1 < 2").text, "1 < 2");
  EXPECT_EQ(qwen.push(" <tool").text, " ");
  ToolCallStream llama(CallForm::llama, {"add"});
  EXPECT_EQ(llama.push("so").text, "so");
  EXPECT_EQ(llama.push(" {").text, " {");
}

}  // namespace
}  // namespace r1
