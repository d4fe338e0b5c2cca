// The slash commands of a chat. /help is printed from their table.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/chat/chat.hpp"
#include "cli/chat/line_reader.hpp"

namespace r1 {

enum class AfterCommand { go_on, leave, edit };

struct SlashCommand {
  std::string_view names;     // separated by spaces, the usual one first
  std::string_view argument;  // as /help shows it; empty: it takes none
  std::string_view help;
  Result<AfterCommand> (*run)(Chat& chat, std::string_view argument);
};

std::span<const SlashCommand> slash_commands();
// The command of a name such as "/new"; null if there is none.
const SlashCommand* slash_command(std::string_view name);
std::string slash_help();

// Runs a command. Errors: an unknown name, with the nearest that exists; an argument for a command that takes none;
// what the command reports.
Result<AfterCommand> run_slash_command(Chat& chat, std::string_view name, std::string_view argument);

// What Tab completes: the names of commands, and the names of settings, files and models behind them.
using ModelNames = std::function<std::vector<std::string>()>;
TabWords complete_command(const ModelNames& models, std::string_view before_cursor);

}  // namespace r1
