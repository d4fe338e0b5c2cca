// r1 help and r1 version.
#include "cli/commands.hpp"

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
  if (args.words.empty() || args.words[0].starts_with('-')) return print_help(), 0;
  const Command* const command = R1_TRY(command_of(args.words));
  if (command) return command->run({command->name, {"--help"}});
  return fail(Errc::usage, "no command \"{}\"; r1 help lists them (as a prompt: r1 run -p \"help {}\")", args.words[0],
              args.words[0]);
}

Result<int> run_version(const Args& args) {
  if (const auto stop = parse(args, "The version of this program.", {})) return *stop;
  fmt::print("r1 {}\n", R1_VERSION);
  return 0;
}

}  // namespace r1
