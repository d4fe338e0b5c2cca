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
