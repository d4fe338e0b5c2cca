// The program: it finds the subcommand, and turns its error into a line and an exit code.
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <system_error>

#include "cli/commands.hpp"

namespace {

using namespace r1;

void print_help() {
  fmt::print(
      "r1: a reasoning model on your own machine\n\n"
      "  r1 \"What is 47 * 36?\"      answer with the model that ships\n"
      "  echo \"...\" | r1            the same, the prompt from stdin\n\n");
  for (const Command& c : commands()) fmt::print("  r1 {:<12} {}\n", c.name, c.summary);
  fmt::print("\nr1 COMMAND --help lists a command's flags. Documentation: docs/README.md\n");
}

Result<int> dispatch(std::vector<std::string> words) {
  if (words.empty() && isatty(STDIN_FILENO)) return print_help(), 0;
  if (words.empty()) return run_prompt({"", {}});
  if (words[0] == "-h" || words[0] == "--help") return print_help(), 0;
  if (words[0] == "--version") return run_version({"version", {}});
  const Command* const command = R1_TRY(command_of(words));
  if (!command) return run_prompt({"", std::move(words)});  // r1 PROMPT
  return command->run({command->name, {words.begin() + 1, words.end()}});
}

// Prints the error and returns its exit code.
int report(const Error& error) {
  print_error("r1", error.what);
  switch (error.code) {
    case Errc::usage: return kExitUsage;
    case Errc::interrupted: return kExitInterrupted;
    default: return kExitFailed;
  }
}

}  // namespace

namespace r1 {

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

int main(int argc, char** argv) {
  // A closed pipe becomes a write error. If it is stdout, its reader has what it wanted ("r1 problems | head"), and the
  // program ends without a word.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    const auto code = dispatch({argv + 1, argv + argc});
    if (!code) return report(code.error());
    if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
      if (errno == EPIPE) return 0;
      return report({Errc::io, fmt::format("stdout: cannot be written: {}", std::strerror(errno))});
    }
    return *code;
  } catch (const std::system_error& e) {  // fmt throws if stdout cannot be written
    if (e.code() == std::errc::broken_pipe) return 0;
    return report({Errc::io, e.what()});
  } catch (const std::exception& e) {  // the standard library throws if memory runs out
    return report({Errc::io, e.what()});
  }
}
