#include <fmt/ranges.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/manual/command_flags.hpp"

namespace r1 {
namespace {

bool is_flag(const FlagHelp& flag) { return flag.names.front().starts_with('-'); }
bool names_model(const FlagHelp& flag) {
  return std::any_of(flag.names.begin(), flag.names.end(),
                     [](const auto& n) { return n == "--model" || n == "MODEL"; });
}

// The names of a command's flags for which `wanted` holds.
template <class Wanted>
std::vector<std::string> flag_names(const DescribedCommand& command, Wanted wanted) {
  std::vector<std::string> names;
  for (const FlagHelp& flag : command.help.flags)
    if (is_flag(flag) && wanted(flag)) names.insert(names.end(), flag.names.begin(), flag.names.end());
  return names;
}

bool takes_model(const DescribedCommand& command) {
  return std::any_of(command.help.flags.begin(), command.help.flags.end(),
                     [](const FlagHelp& f) { return !is_flag(f) && names_model(f); });
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const Command& c : commands()) names.emplace_back(c.name);
  return names;
}

// The words behind a command that choose its kind: "train" has pretrain, sft and grpo.
std::vector<std::string> kinds_of(std::string_view command, const std::vector<DescribedCommand>& all) {
  std::vector<std::string> kinds;
  for (const DescribedCommand& c : all)
    if (c.name.size() > command.size() && c.name.starts_with(command) && c.name[command.size()] == ' ')
      kinds.push_back(c.name.substr(command.size() + 1));
  return kinds;
}

// The commands that have kinds.
std::vector<std::string> commands_with_kinds(const std::vector<DescribedCommand>& all) {
  std::vector<std::string> names = command_names();
  std::erase_if(names, [&](const std::string& name) { return kinds_of(name, all).empty(); });
  return names;
}

// bash: `complete -o default` offers files where the function finds nothing. The names of models are cut at the last
// colon of the word, because bash replaces only what follows it.
constexpr const char* kBashBegin = R"bash(# bash completion for r1, written by r1 help --completion bash.
_r1_models() {
  # compgen expands its words as the shell does, so names with other characters are left out.
  r1 models 2> /dev/null | while read -r name _; do
    [[ $name == *[!A-Za-z0-9._:/@+-]* ]] || printf '%s\n' "$name"
  done
}
_r1() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} typed=${COMP_LINE:0:COMP_POINT}
  typed=${typed##* }
  local command=${COMP_WORDS[1]} kinds="" flags="" numbers="" texts="" models="" model=0
  COMPREPLY=()
  case $command in
)bash";
constexpr const char* kBashEnd = R"bash(  esac
  if [[ " $models " == *" $before "* ]] || { ((model)) && [[ $current != -* && $COMP_CWORD == 2 ]]; }; then
    mapfile -t COMPREPLY < <(compgen -W "$(_r1_models)" -- "$typed")
    COMPREPLY=("${COMPREPLY[@]#"${typed%"${typed##*:}"}"}")
  elif [[ " $numbers " == *" $before "* ]]; then
    compopt +o default 2> /dev/null
  elif [[ " $texts " == *" $before "* ]]; then
    return
  elif [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$flags --help" -- "$current")
  elif [[ -n $kinds ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$kinds" -- "$current")
  elif ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
  fi
}
complete -o default -F _r1 r1
)bash";

std::string bash_case(const DescribedCommand& command) {
  using Value = FlagHelp::Value;
  const auto list = [&](auto wanted) { return fmt::format("{}", fmt::join(flag_names(command, wanted), " ")); };
  return fmt::format("      flags=\"{}\"\n      numbers=\"{}\"\n      texts=\"{}\"\n      models=\"{}\" model={} ;;\n",
                     list([](const FlagHelp&) { return true; }),
                     list([](const FlagHelp& f) { return f.value == Value::number; }),
                     list([](const FlagHelp& f) { return f.value == Value::text && !names_model(f); }),
                     list(names_model), takes_model(command) ? 1 : 0);
}

std::string bash_script(const std::vector<DescribedCommand>& all) {
  std::string out = kBashBegin;
  for (const DescribedCommand& command : all) {
    if (command.name.find(' ') != command.name.npos) continue;
    // Without a command the words are a prompt, with the flags of run.
    if (command.name == "run") continue;
    out += fmt::format("    {})\n{}", command.name, bash_case(command));
  }
  for (const std::string& name : commands_with_kinds(all)) {
    const auto kinds = kinds_of(name, all);
    out += fmt::format("    {})\n      ((COMP_CWORD == 2)) && kinds=\"{}\"\n      case ${{COMP_WORDS[2]-}} in\n", name,
                       fmt::join(kinds, " "));
    for (const DescribedCommand& c : all)
      if (c.name.starts_with(name + " ")) {
        out += fmt::format("    {})\n{}", c.name.substr(name.size() + 1), bash_case(c));
      }
    out += "      esac ;;\n";
  }
  for (const DescribedCommand& command : all)
    if (command.name == "run") out += fmt::format("    *)\n{}", bash_case(command));
  out += kBashEnd;
  out.insert(out.find("  COMPREPLY=()\n"), fmt::format("  local commands=\"{}\"\n", fmt::join(command_names(), " ")));
  return out;
}

// Text between apostrophes for zsh, which takes everything there as it is.
std::string zsh_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

// The same for fish, where a backslash between apostrophes escapes itself and an apostrophe.
std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

// A specification of _arguments: brackets and colons in a description are escaped.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_arguments(const DescribedCommand& command) {
  std::string out = "      _arguments -s -S";
  for (const FlagHelp& flag : command.help.flags) {
    const char* const what = names_model(flag)                       ? ":model:_r1_models"
                             : flag.value == FlagHelp::Value::none   ? ""
                             : flag.value == FlagHelp::Value::number ? ":number:"
                                                                     : ":text:_files";
    if (!is_flag(flag)) continue;
    for (const std::string& name : flag.names)
      out += " \\\n        " + zsh_quoted(fmt::format("*{}[{}]{}", name, zsh_text(flag.help), what));
  }
  out += " \\\n        '(- *)--help[list the flags]'";
  return out + fmt::format(" \\\n        '*:word:{}' ;;\n", takes_model(command) ? "_r1_models" : "_files");
}

std::string zsh_script(const std::vector<DescribedCommand>& all) {
  std::string out =
      "#compdef r1\n"
      "# zsh completion for r1, written by r1 help --completion zsh.\n"
      "_r1_models() {\n"
      "  local -a models\n"
      "  models=(${${(f)\"$(r1 models 2> /dev/null)\"}%% *})\n"
      "  _alternative 'models:model:compadd -a models' 'files:file:_files'\n"
      "}\n"
      "_r1() {\n"
      "  local -a commands kinds\n"
      "  local command=${words[2]}\n"
      "  commands=(\n";
  for (const Command& c : commands())
    out += fmt::format("    {}\n", zsh_quoted(fmt::format("{}:{}", c.name, zsh_text(c.summary))));
  out +=
      "  )\n"
      "  if ((CURRENT == 2)) && [[ $command != -* ]]; then\n"
      "    _describe command commands\n"
      "    return\n"
      "  fi\n";
  for (const std::string& name : commands_with_kinds(all))
    out += fmt::format(
        "  if [[ $command == {0} ]]; then\n"
        "    kinds=({1})\n"
        "    if ((CURRENT == 3)); then _describe kind kinds; return; fi\n"
        "    command=\"{0} ${{words[3]}}\"\n"
        "  fi\n",
        name, fmt::join(kinds_of(name, all), " "));
  out += "  case $command in\n";
  const auto add = [&](const DescribedCommand& c, const std::string& pattern) {
    out += fmt::format("    {})\n{}", pattern, zsh_arguments(c));
  };
  for (const DescribedCommand& c : all)
    if (c.name != "run") add(c, zsh_quoted(c.name));
  for (const DescribedCommand& c : all)
    if (c.name == "run") add(c, "*");
  return out +
         "  esac\n"
         "}\n"
         "if [[ $funcstack[1] == _r1 ]]; then _r1 \"$@\"; else compdef _r1 r1; fi\n";
}

std::string fish_flag(const FlagHelp& flag, const std::string& condition) {
  std::string out = fmt::format("complete -c r1 -n '{}'", condition);
  for (const std::string& name : flag.names)
    out += name.starts_with("--") ? fmt::format(" -l {}", name.substr(2))
           : name.size() == 2     ? fmt::format(" -s {}", name.substr(1))
                                  : fmt::format(" -o {}", name.substr(1));
  if (names_model(flag)) out += " -r -a '(__r1_models)'";
  else if (flag.value == FlagHelp::Value::text) out += " -r";
  else if (flag.value == FlagHelp::Value::number) out += " -x";
  return out + fmt::format(" -d {}\n", fish_quoted(flag.help));
}

std::string fish_script(const std::vector<DescribedCommand>& all) {
  std::string out =
      "# fish completion for r1, written by r1 help --completion fish.\n"
      "function __r1_models\n"
      "    r1 models 2>/dev/null | string replace -r ' .*' ''\n"
      "end\n"
      "function __r1_is --description 'whether the words after r1 begin with these'\n"
      "    set -l words (commandline -opc)\n"
      "    test (count $words) -gt (count $argv); and test \"$words[2..(math 1 + (count $argv))]\" = \"$argv\"\n"
      "end\n";
  std::vector<std::string> names = command_names();
  out += fmt::format(
      "function __r1_is_run --description 'whether no other command than run is given'\n"
      "    set -l words (commandline -opc)\n"
      "    test (count $words) -lt 2; or test \"$words[2]\" = run; or not contains -- \"$words[2]\" {}\n"
      "end\n",
      fmt::join(names, " "));
  for (const Command& c : commands())
    out += fmt::format("complete -c r1 -n '__fish_is_nth_token 1' -a {} -d {}\n", c.name, fish_quoted(c.summary));
  for (const std::string& name : commands_with_kinds(all))
    out += fmt::format("complete -c r1 -f -n '__r1_is {}; and __fish_is_nth_token 2' -a '{}'\n", name,
                       fmt::join(kinds_of(name, all), " "));
  for (const DescribedCommand& c : all) {
    const std::string condition = c.name == "run" ? "__r1_is_run" : "__r1_is " + c.name;
    if (takes_model(c)) out += fmt::format("complete -c r1 -n '{}' -a '(__r1_models)'\n", condition);
    for (const FlagHelp& flag : c.help.flags)
      if (is_flag(flag)) out += fish_flag(flag, condition);
    out += fmt::format("complete -c r1 -n '{}' -l help -s h -d 'list the flags'\n", condition);
  }
  return out;
}

}  // namespace

Result<std::string> completion_script(const std::string& shell) {
  const std::vector<DescribedCommand> all = R1_TRY(described_commands());
  if (shell == "bash") return bash_script(all);
  if (shell == "zsh") return zsh_script(all);
  if (shell == "fish") return fish_script(all);
  return fail(Errc::usage, "--completion: \"{}\", known: bash, zsh, fish", shell);
}

}  // namespace r1
