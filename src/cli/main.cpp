// The program: it finds the subcommand, and turns its error into a line and an exit code.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>

#include "cli/commands.hpp"
#include "core/text.hpp"

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

// Names of commands that are planned. They are never taken for a prompt, so that no script depends on them as one.
constexpr std::string_view kNotYet[] = {"serve", "sample", "verify", "report", "plan"};

Result<int> dispatch(std::vector<std::string> words) {
  if (words.empty() && isatty(STDIN_FILENO)) return print_help(), 0;
  if (!words.empty()) {
    const std::string& first = words[0];
    if (first == "-h" || first == "--help" || first == "help") return print_help(), 0;
    if (first == "--version") return fmt::print("r1 {}\n", R1_VERSION), 0;
    for (const Command& c : commands())
      if (first == c.name) return c.run({first, {words.begin() + 1, words.end()}});
    if (std::find(std::begin(kNotYet), std::end(kNotYet), first) != std::end(kNotYet))
      return fail(Errc::usage, "{}: this command does not exist yet (as a prompt: r1 run -p \"{}\")", first,
                  fmt::join(words, " "));
    if (words.size() == 1 && std::all_of(first.begin(), first.end(), [](unsigned char c) { return std::islower(c); }))
      for (const Command& c : commands())
        if (first.size() > 3 && edit_distance(first, c.name) <= 2)  // probably a typing error, not a prompt
          return fail(Errc::usage, "no command \"{}\"; did you mean \"{}\"? (as a prompt: r1 run -p \"{}\")", first,
                      c.name, first);
  }
  return run_prompt({"", std::move(words)});  // r1 PROMPT
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
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe becomes a write error, reported like any other
  try {
    const auto code = dispatch({argv + 1, argv + argc});
    if (!code) return report(code.error());
    if (std::fflush(stdout) != 0 || std::ferror(stdout))
      return report({Errc::io, fmt::format("stdout: cannot be written: {}", std::strerror(errno))});
    return *code;
  } catch (const std::exception& e) {  // fmt throws if stdout is closed, the standard library if memory runs out
    return report({Errc::io, e.what()});
  }
}
