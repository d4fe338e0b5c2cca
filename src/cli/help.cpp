// r1 help and r1 version.
#include "cli/commands.hpp"
#include "cli/manual/command_flags.hpp"

namespace r1 {

void print_help() {
  fmt::print(
      "r1: a reasoning model on your own machine\n\n"
      "  r1 \"What is 47 * 36?\"      answer with the model that ships\n"
      "  echo \"...\" | r1            the same, the prompt from stdin\n\n");
  for (const Command& c : commands()) fmt::print("  r1 {:<12} {}\n", c.name, c.summary);
  fmt::print("\nr1 COMMAND --help lists a command's flags. Documentation: docs/README.md\n");
}

Result<int> run_help(const Args& args) {
  std::vector<std::string> words;
  std::optional<std::string> shell;
  bool manual = false;
  if (const auto stop = parse(args, "The commands, or the flags of one.",
                              {{"COMMAND", &words, "the command whose flags to list"},
                               {"--man", &manual, "print the manual page r1(1), for man and groff"},
                               {"--completion", &shell, "print what a shell needs to complete r1: bash, zsh or fish"}}))
    return *stop;
  if (manual) return fmt::print("{}", R1_TRY(manual_page())), 0;
  if (shell) return fmt::print("{}", R1_TRY(completion_script(*shell))), 0;
  if (words.empty()) return print_help(), 0;
  const Command* const command = R1_TRY(command_of(words));
  if (command) return command->run({command->name, {"--help"}});
  return fail(Errc::usage, "no command \"{}\"; r1 help lists them (as a prompt: r1 run -p \"help {}\")", words[0],
              words[0]);
}

Result<int> run_version(const Args& args) {
  if (const auto stop = parse(args, "The version of this program.", {})) return *stop;
  fmt::print("r1 {}\n", R1_VERSION);
  return 0;
}

}  // namespace r1
