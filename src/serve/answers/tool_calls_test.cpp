#include "serve/answers/tool_calls.hpp"

#include <gtest/gtest.h>

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

// The parts of a text that comes in pieces of `step` bytes, put together.
ToolCallStream::Part parts(ToolSyntax syntax, std::string_view text, size_t step) {
  ToolCallStream stream(syntax, {"add", "sub"});
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
    ToolSyntax syntax;
    const char *text, *before;
    std::vector<std::pair<std::string, std::string>> calls;
  };
  for (const Case& c : {
           Case{ToolSyntax::deepseek, kR1, "Let me see.", {{"add", "{\"a\": 1}"}, {"sub", "{}"}}},
           Case{ToolSyntax::deepseek, kV31, "", {{"add", "{\"a\": \"}\"}"}}},
           Case{ToolSyntax::qwen, kQwen, "Well.\n\n", {{"add", "{\"a\": 1}"}, {"sub", "{}"}}},
           Case{ToolSyntax::llama, kLlama, "", {{"add", "{\"a\": 1}"}}},
       })
    for (const size_t step : {size_t{1}, size_t{3}, size_t{7}, size_t{1000}}) {
      const auto part = parts(c.syntax, c.text, step);
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
  EXPECT_EQ(parts(ToolSyntax::deepseek, text, 5).calls.size(), 2u);
}

TEST(ToolCalls, WhatIsNoCallStaysText) {
  struct Case {
    ToolSyntax syntax;
    const char* text;
  };
  for (const Case& c : {
           Case{ToolSyntax::deepseek, "a <｜tool▁calls▁begin"},
           Case{ToolSyntax::deepseek,
                "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>add\n```json\n{\"a\": "},
           Case{ToolSyntax::deepseek,
                "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>unknown<｜tool▁sep｜>{}<｜tool▁call▁end｜>"
                "<｜tool▁calls▁end｜> after"},
           Case{ToolSyntax::qwen, "<tool_call>{\"name\": \"add\"}</tool_call>"},
           Case{ToolSyntax::qwen, "<tool_call>no json</tool_call> and more"},
           Case{ToolSyntax::qwen, "1 < 2 <tool"},
           Case{ToolSyntax::llama, "{\"name\": \"other\", \"parameters\": {}}"},
           Case{ToolSyntax::llama, "{1, 2} is a set"},
           Case{ToolSyntax::llama, "so {\"name\": \"add\", \"parameters\": {}}"},
       })
    for (const size_t step : {size_t{1}, size_t{1000}}) {
      const auto part = parts(c.syntax, c.text, step);
      EXPECT_TRUE(part.calls.empty()) << c.text;
      EXPECT_EQ(part.text, c.text);
    }
}

TEST(ToolCalls, TextThatCannotBecomeACallIsShownAtOnce) {
  ToolCallStream qwen(ToolSyntax::qwen, {"add"});
  EXPECT_EQ(qwen.push("1 < 2").text, "1 < 2");
  EXPECT_EQ(qwen.push(" <tool").text, " ");
  ToolCallStream llama(ToolSyntax::llama, {"add"});
  EXPECT_EQ(llama.push("so").text, "so");
  EXPECT_EQ(llama.push(" {").text, " {");
}

}  // namespace
}  // namespace r1
