#include "cli/args.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>

#include "formats/model_folder.hpp"
#include "formats/utf8.hpp"
#include "hub/family.hpp"
#include "hub/models.hpp"

namespace r1 {
namespace {

// CLI11 reads -1 and numbers above 2^64 - 1 as 2^64 - 1, so u64 flags have this check. Empty: the text is a u64.
std::string why_no_u64(const std::string& text) {
  u64 value;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && at == end ? "" : fmt::format("\"{}\", expected 0 to {}", text, ~u64{0});
}

void add(CLI::App& app, const Flag& flag) {
  CLI::Option* option = std::visit(
      [&](auto* target) -> CLI::Option* {
        using T = std::remove_pointer_t<decltype(target)>;
        if constexpr (std::is_same_v<T, bool>) return app.add_flag(flag.names, *target, flag.help);
        else if constexpr (std::is_same_v<T, u64> || std::is_same_v<T, std::optional<u64>>)
          return app.add_option(flag.names, *target, flag.help)->check(why_no_u64);
        else return app.add_option(flag.names, *target, flag.help);
      },
      flag.target);
  const bool optional = std::visit(
      [](auto* target) {
        using T = std::remove_pointer_t<decltype(target)>;
        return std::is_same_v<T, bool> || std::is_same_v<T, std::optional<i64>> ||
               std::is_same_v<T, std::optional<u64>> || std::is_same_v<T, std::optional<double>> ||
               std::is_same_v<T, std::optional<std::string>> || std::is_same_v<T, std::vector<std::string>>;
      },
      flag.target);
  if (!optional) option->capture_default_str();
  // A flag that may be repeated takes one value each time, and not the words that follow.
  if (std::holds_alternative<std::vector<std::string>*>(flag.target) && flag.names.starts_with('-'))
    option->allow_extra_args(false);
  if (flag.required) option->required();
}

FlagHelp help_of(const Flag& flag) {
  FlagHelp help{{}, FlagHelp::Value::text, flag.help, ""};
  for (std::string_view names = flag.names; !names.empty();) {
    const size_t end = std::min(names.find(','), names.size());
    help.names.emplace_back(names.substr(0, end));
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  std::visit(
      [&](const auto* target) {
        using T = std::remove_cvref_t<decltype(*target)>;
        if constexpr (std::is_same_v<T, bool>) help.value = FlagHelp::Value::none;
        else if constexpr (std::is_arithmetic_v<T>) help.fallback = fmt::format("{}", *target);
        else if constexpr (std::is_same_v<T, std::string>) help.fallback = *target;
        if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) help.value = FlagHelp::Value::number;
        if constexpr (std::is_same_v<T, std::optional<i64>> || std::is_same_v<T, std::optional<u64>> ||
                      std::is_same_v<T, std::optional<double>>)
          help.value = FlagHelp::Value::number;
      },
      flag.target);
  // A help text that names the default itself is kept as it is: the default may be a property of this machine, such as
  // its number of cores.
  if (help.help.find("(default") != std::string::npos) help.fallback.clear();
  return help;
}

}  // namespace

std::vector<Flag> joined(std::vector<Flag> shared, const std::vector<Flag>& own) {
  shared.insert(shared.end(), own.begin(), own.end());
  return shared;
}

// Uses stdio, which does not throw if stderr is closed.
void print_error(std::string_view program, std::string_view what) {
  constexpr size_t kValue = 200, kBegin = 700, kEnd = 300;
  std::string line;
  for (bool quoted = false; !what.empty(); quoted = !quoted) {
    const size_t end = std::min(what.find('"'), what.size() - 1) + 1;
    line += printable(what.substr(0, end), quoted && end > kValue ? kValue : what.npos);
    if (quoted && end > kValue) line += '"';
    what.remove_prefix(end);
  }
  if (line.size() > kBegin + kEnd) {
    size_t end = line.size() - kEnd;
    while (utf8_length(std::string_view(line).substr(end)) == 0) ++end;  // never begin inside a character
    line = printable(line, kBegin) + line.substr(end);
  }
  std::fputs(fmt::format("{}: {}\n", program, line).c_str(), stderr);
}

std::optional<int> parse(const Args& args, const std::string& summary, const std::vector<Flag>& flags) {
  if (args.help) {
    args.help->summary = summary;
    for (const Flag& flag : flags) args.help->flags.push_back(help_of(flag));
    return 0;
  }
  const std::string command = args.command.empty() ? "run" : args.command;
  CLI::App app(summary, "r1 " + command);
  for (const Flag& flag : flags) add(app, flag);
  std::vector<std::string> reversed(args.words.rbegin(), args.words.rend());  // CLI11 takes them last first
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return 0;
  } catch (const CLI::ExtrasError& e) {
    const std::vector<std::string> unknown = app.remaining();
    const bool is_model = app.get_option_no_throw("--model") && !unknown.empty() && names_model(unknown[0]);
    const std::string why = is_model ? fmt::format("\"{0}\" is a model: r1 {1} -m {0}", unknown[0], command) : e.what();
    print_error("r1 " + command, fmt::format("{}. See r1 {} --help", why, command));
    return kExitUsage;
  } catch (const CLI::ParseError& e) {
    print_error("r1 " + command, fmt::format("{}. See r1 {} --help", e.what(), command));
    return kExitUsage;
  }
  return std::nullopt;
}

bool names_model(const std::string& word) {
  if (word.find_first_of(" \t\n") != word.npos) return false;  // a whole prompt: the cache need not be searched
  if (find_in_family(word)) return true;
  const auto path = find_model(word);
  std::error_code error;
  return path && (path->extension() == ".gguf" || std::filesystem::exists(*path / kConfigFile, error));
}

Result<int> thread_count(i64 threads) {
  if (threads < 1 || threads > 1024) return fail(Errc::usage, "--threads: {}, must be in 1..1024", threads);
  return static_cast<int>(threads);
}

Result<std::optional<DType>> cache_type(const std::optional<std::string>& kv) {
  if (!kv) return std::optional<DType>();
  for (const DType type : {DType::f32, DType::bf16, DType::q8_0})
    if (*kv == name_of(type)) return std::optional(type);
  return fail(Errc::usage, "--kv: \"{}\", known: f32, bf16, q8_0", *kv);
}

}  // namespace r1
