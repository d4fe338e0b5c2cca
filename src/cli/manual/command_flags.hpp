// The commands with their flags, as the manual page and the completions need them.
#pragma once
#include <string>
#include <vector>

#include "cli/args.hpp"

namespace r1 {

struct DescribedCommand {
  std::string name;  // "run", "train sft"
  CommandHelp help;
};

// Every command of the table, in its order. In place of a command with kinds stand its kinds: "train pretrain", ...
// Errors: those of a command that cannot describe itself.
Result<std::vector<DescribedCommand>> described_commands();

// The manual page r1(1), in the macros of man(7). Only ASCII.
Result<std::string> manual_page();

// What a shell reads to complete the command line of r1. Errors: usage, if the shell is not bash, zsh or fish.
Result<std::string> completion_script(const std::string& shell);

}  // namespace r1
