// The flags of a subcommand. One declaration serves parsing and --help.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

// Exit codes of the program (docs/commands.md).
inline constexpr int kExitFailed = 1, kExitUsage = 2, kExitInterrupted = 130;

// What --help says about a flag.
struct FlagHelp {
  std::vector<std::string> names;  // "-m", "--model"; without a dash: a positional argument
  enum class Value { none, number, text } value;
  std::string help;
  std::string fallback;  // the default, if the help does not name it
};

// What --help says about a command, for the manual page and the completions of shells.
struct CommandHelp {
  std::string summary;
  std::vector<FlagHelp> flags{};
  std::vector<std::string> kinds{};  // words that choose between sets of flags: train has sft, grpo, ...
};

struct Args {
  std::string command;             // as typed: "run", "train pretrain"
  std::vector<std::string> words;  // the words after it
  CommandHelp* help = nullptr;     // if set, the command describes itself there and does nothing else
};

struct Flag {
  using Target = std::variant<bool*, i64*, u64*, double*, std::string*, std::optional<i64>*, std::optional<u64>*,
                              std::optional<double>*, std::optional<std::string>*, std::vector<std::string>*>;
  std::string names;  // "-m,--model"; without a dash: a positional argument
  Target target;
  std::string help;
  bool required = false;
};

// The flags that several commands share, then a command's own.
std::vector<Flag> joined(std::vector<Flag> shared, const std::vector<Flag>& own);

// Prints one line on stderr: "PROGRAM: WHAT". `what` may quote files of strangers: unprintable characters are escaped,
// and long quoted values are cut.
void print_error(std::string_view program, std::string_view what);

// Fills the flags' targets. If it returns an exit code, the command ends with that code: 0 after --help or
// after it has described the command in args.help, 2 after a usage error, which it has printed. Unknown flags are usage
// errors.
std::optional<int> parse(const Args& args, const std::string& summary, const std::vector<Flag>& flags);

// Whether the word is a model's name or path. People who know other programs write a model without -m.
bool names_model(const std::string& word);

// The value of a flag --threads. Errors: usage, if it is not in 1..1024.
Result<int> thread_count(i64 threads);

// The value of a flag --kv, which chooses the type of cached keys and values. Errors: usage, if it is neither f32 nor
// bf16.
Result<std::optional<DType>> cache_type(const std::optional<std::string>& kv);
inline constexpr const char* kCacheTypeHelp =
    "cached keys and values: f32, bf16 or q8_0 (default: bf16 for models with many of them, else f32)";

struct Command {
  const char* name;
  const char* summary;
  Result<int> (*run)(const Args& args);  // returns the exit code, or an error that main prints
  const char* other_names = "";          // what other programs call it, separated by spaces
};

}  // namespace r1
