#include "cli/args.hpp"

#include <CLI/CLI.hpp>

namespace r1 {
namespace {

void add(CLI::App& app, const Flag& flag) {
  CLI::Option* option = std::visit(
      [&](auto* target) -> CLI::Option* {
        using T = std::remove_pointer_t<decltype(target)>;
        if constexpr (std::is_same_v<T, bool>) return app.add_flag(flag.names, *target, flag.help);
        else return app.add_option(flag.names, *target, flag.help);
      },
      flag.target);
  const bool optional = std::visit(
      [](auto* target) {
        using T = std::remove_pointer_t<decltype(target)>;
        return std::is_same_v<T, bool> || std::is_same_v<T, std::optional<i64>> ||
               std::is_same_v<T, std::optional<double>> || std::is_same_v<T, std::optional<std::string>> ||
               std::is_same_v<T, std::vector<std::string>>;
      },
      flag.target);
  if (!optional) option->capture_default_str();
  if (flag.required) option->required();
}

}  // namespace

std::optional<int> parse(const Args& args, const std::string& summary, const std::vector<Flag>& flags) {
  const std::string command = args.command.empty() ? "run" : args.command;
  CLI::App app(summary, "r1 " + command);
  for (const Flag& flag : flags) add(app, flag);
  std::vector<std::string> reversed(args.words.rbegin(), args.words.rend());  // what CLI11 asks for
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return 0;
  } catch (const CLI::ParseError& e) {
    fmt::print(stderr, "r1 {}: {}. See r1 {} --help\n", command, e.what(), command);
    return kExitUsage;
  }
  return std::nullopt;
}

Result<int> thread_count(i64 threads) {
  if (threads < 1 || threads > 1024) return fail(Errc::usage, "--threads: {}, must be in 1..1024", threads);
  return static_cast<int>(threads);
}

}  // namespace r1
