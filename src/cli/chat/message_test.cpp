#include "cli/chat/message.hpp"

#include <gtest/gtest.h>

#include "cli/chat/commands.hpp"

namespace r1 {
namespace {

struct Read {
  std::string text;
  bool quoted;
  size_t lines;  // that it took
};

Read read(std::initializer_list<const char*> lines) {
  MessageLines message;
  size_t count = 0;
  for (const char* line : lines) {
    ++count;
    if (message.add(line)) break;
  }
  return {message.text(), message.quoted(), count};
}

void expect(std::initializer_list<const char*> lines, const char* text, bool quoted) {
  const Read r = read(lines);
  EXPECT_EQ(r.text, text);
  EXPECT_EQ(r.quoted, quoted) << text;
  EXPECT_EQ(r.lines, lines.size()) << text;
}

TEST(MessageLines, ABlockGoesFromQuotesToQuotes) {
  expect({"\"\"\"", "a", "", " b", "\"\"\""}, "a\n\n b", true);
  expect({"\"\"\"a", "b\"\"\" "}, "a\nb", true);
  expect({" \"\"\"a\"\"\""}, "a", true);
  expect({"\"\"\"a\\", "b\"\"\""}, "a\\\nb", true);
  expect({"\"\"\"\"\"\""}, "", true);
  expect({"say \"\"\" now"}, "say \"\"\" now", false);
}

TEST(MessageLines, ABackslashContinuesALineAndTwoDoNot) {
  expect({"a\\", "b \\", "c"}, "a\nb \nc", false);
  expect({"a\\\\"}, "a\\\\", false);
  expect({"pasted\\\ntext"}, "pasted\\\ntext", false);
}

TEST(MessageLines, WhatWasSentCanBeTypedAgain) {
  for (const char* text : {"a", "a\nb", "/new", " /etc/hosts\nb", "a\\", "\"\"\"", "a\n/b"}) {
    const Read again = read({as_typed(text).c_str()});
    EXPECT_EQ(again.text, text);
    EXPECT_TRUE(again.quoted || command_of_line(again.text).name.empty()) << text;
  }
  EXPECT_EQ(as_typed("a\nb"), "a\nb") << "quoted only where it must be";
}

TEST(CommandLine, SpacesAroundTheNameAndTheArgumentDoNotCount) {
  EXPECT_EQ(command_of_line("  /save  a b.jsonl ").name, "/save");
  EXPECT_EQ(command_of_line("  /save  a b.jsonl ").argument, "a b.jsonl");
  EXPECT_EQ(command_of_line("/new").argument, "");
  EXPECT_EQ(command_of_line("5 / 2").name, "");
  EXPECT_EQ(command_of_line("").name, "");
}

TEST(SlashCommands, HelpShowsEveryNameAndTabFindsIt) {
  const std::string help = slash_help();
  for (const SlashCommand& command : slash_commands()) {
    EXPECT_NE(help.find(command.help), std::string::npos) << command.names;
    EXPECT_EQ(slash_command(command.names.substr(0, command.names.find(' '))), &command);
  }
  EXPECT_EQ(slash_command("/ne"), nullptr);
  const ModelNames models = [] { return std::vector<std::string>{"nano", "deepseek"}; };
  EXPECT_EQ(complete_command(models, "/ne").words, std::vector<std::string>{"/new"});
  EXPECT_EQ(complete_command(models, "/sys").words, std::vector<std::string>{"/system "}) << "its argument follows";
  EXPECT_EQ(complete_command(models, "/set to").begin, 5u);
  EXPECT_EQ(complete_command(models, "/set to").words, (std::vector<std::string>{"top_k", "top_p"}));
  EXPECT_EQ(complete_command(models, "/model d").words, std::vector<std::string>{"deepseek"});
  EXPECT_TRUE(complete_command(models, "What /ne").words.empty());
  EXPECT_TRUE(complete_command(models, "").words.empty());
}

}  // namespace
}  // namespace r1
