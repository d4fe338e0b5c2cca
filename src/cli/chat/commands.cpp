#include "cli/chat/commands.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "cli/chat/message.hpp"
#include "cli/chat/settings.hpp"
#include "cli/prompt_input.hpp"
#include "core/file.hpp"
#include "core/text.hpp"
#include "formats/json.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;
using Done = Result<AfterCommand>;

template <class... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
  fmt::print(stderr, format, std::forward<Args>(args)...);
}

Done go_on(const Status& status) {
  if (!status) return tl::unexpected(status.error());
  return AfterCommand::go_on;
}

Done help(Chat&, std::string_view) {
  say("{}", slash_help());
  return AfterCommand::go_on;
}

Done clear(Chat& chat, std::string_view) {
  chat.clear();
  say("a new conversation\n");
  return AfterCommand::go_on;
}

// What a shell would have expanded.
fs::path path_of(std::string_view argument) {
  const char* const home = std::getenv("HOME");
  if (home && argument.starts_with("~/")) return fs::path(home) / argument.substr(2);
  return argument;
}

Done system_prompt(Chat& chat, std::string_view argument) {
  const std::string& now = chat.conversation().system;
  if (argument.empty()) {
    if (now.empty()) say("no system prompt\n");
    else say("{}\n", now);
    return AfterCommand::go_on;
  }
  R1_TRY(chat.set_system(argument == "none" ? "" : std::string(argument)));
  say("{}\n", argument == "none" ? "no system prompt" : "the system prompt is set");
  return AfterCommand::go_on;
}

Done change(Chat& chat, std::string_view name, std::string_view value) {
  say("{}\n", R1_TRY(change_setting(chat, name, value)));
  return AfterCommand::go_on;
}

Done set(Chat& chat, std::string_view argument) {
  if (argument.empty()) {
    say("{}", settings_table(chat));
    return AfterCommand::go_on;
  }
  const size_t end = std::min(argument.find_first_of(" =\t"), argument.size());
  std::string_view value = trimmed(argument.substr(end));
  if (value.starts_with('=')) value = trimmed(value.substr(1));
  return change(chat, argument.substr(0, end), value);
}

Done think(Chat& chat, std::string_view argument) { return change(chat, "think", argument); }

Done fold(Chat& chat, std::string_view argument) {
  if (argument != "on" && argument != "off")
    return fail(Errc::invalid_argument, "/fold: \"{}\", expected on or off", argument);
  return change(chat, "show_thinking", argument == "on" ? "off" : "on");
}

Done save(Chat& chat, std::string_view argument) {
  constexpr std::string_view kForce = "--force";
  const bool force = argument.starts_with(kForce);
  if (force) argument = trimmed(argument.substr(kForce.size()));
  if (argument.empty()) return fail(Errc::invalid_argument, "/save: no file is named");
  if (chat.conversation().turns.empty())
    return fail(Errc::invalid_argument, "/save {}: there is no turn to save yet", argument);
  const fs::path path = path_of(argument);
  std::error_code error;
  if (!force && fs::exists(path, error))
    return fail(Errc::invalid_argument, "{}: the file exists; /save --force {} replaces it", path.string(), argument);
  R1_TRY(write_file(path, dump(to_json(chat.conversation())) + "\n"));
  const size_t turns = chat.conversation().turns.size();
  say("saved {} turn{} in {}\n", turns, turns == 1 ? "" : "s", path.string());
  return AfterCommand::go_on;
}

Done load(Chat& chat, std::string_view argument) {
  if (argument.empty()) return fail(Errc::invalid_argument, "/load: no file is named");
  const fs::path path = path_of(argument);
  StoredConversation stored = R1_TRY(read_conversation(path));
  const size_t turns = stored.conversation.turns.size();
  R1_TRY(chat.load(std::move(stored.conversation)));
  say("loaded {} turn{} from {}", turns, turns == 1 ? "" : "s", path.string());
  if (stored.rows > 1) say(", the first of {} rows", stored.rows);
  say("\n");
  return AfterCommand::go_on;
}

Done read(Chat& chat, std::string_view argument) {
  if (argument.empty()) return fail(Errc::invalid_argument, "/read: no file is named");
  const fs::path path = path_of(argument);
  std::string text = R1_TRY(read_prompt_file(path.string()));
  say("{}: {} bytes go behind the next text\n", path.string(), text.size());
  chat.attach(std::move(text));
  return AfterCommand::go_on;
}

Done regenerate(Chat& chat, std::string_view) { return go_on(chat.regenerate()); }

Done edit(Chat& chat, std::string_view argument) {
  if (!argument.empty()) return go_on(chat.replace(std::string(argument)));
  if (chat.conversation().turns.empty()) return fail(Errc::invalid_argument, "/edit: there is no turn yet");
  if (!isatty(STDIN_FILENO)) return fail(Errc::invalid_argument, "/edit: without a terminal it needs the new text");
  return AfterCommand::edit;
}

Done model(Chat& chat, std::string_view argument) {
  if (!argument.empty()) R1_TRY(chat.open_model(std::string(argument)));
  say("{}\n", chat.source().describe());
  return AfterCommand::go_on;
}

Done stats(Chat& chat, std::string_view) {
  say("{}\n", chat.last() ? chat.last()->stats : "no answer yet");
  return AfterCommand::go_on;
}

Done leave(Chat&, std::string_view) { return AfterCommand::leave; }

constexpr SlashCommand kCommands[] = {
    {"/new /clear", "", "begin a new conversation; the system prompt stays", clear},
    {"/regen", "", "answer the last text again, with other random numbers", regenerate},
    {"/edit", "[TEXT]", "change the last text, or replace it, and send it again", edit},
    {"/read", "FILE", "add a text file to the next text", read},
    {"/system", "[TEXT]", "set the system prompt (\"none\": no prompt), or show it", system_prompt},
    {"/set", "[NAME VALUE]", "change a setting, such as temperature, or show all", set},
    {"/think", "on|off|N", "think before answering, or not, or for N tokens at most", think},
    {"/fold", "on|off", "hide the thinking, or show it", fold},
    {"/model", "[NAME]", "go on with another model, or show which is open", model},
    {"/save", "[--force] FILE", "save the conversation as a row of training data", save},
    {"/load", "FILE", "go on with a conversation that was saved", load},
    {"/stats", "", "tokens and speed of the last answer", stats},
    {"/help /?", "", "this list", help},
    {"/exit /quit /bye", "", "leave (or Ctrl-D)", leave},
};

std::vector<std::string> names_of(const SlashCommand& command) {
  std::vector<std::string> names;
  for (std::string_view rest = command.names; !rest.empty();) {
    const size_t end = std::min(rest.find(' '), rest.size());
    names.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return names;
}

std::vector<std::string> all_names() {
  std::vector<std::string> all;
  for (const SlashCommand& command : kCommands)
    for (std::string& name : names_of(command)) all.push_back(std::move(name));
  return all;
}

// The files whose path begins with what is typed; folders end with a slash.
std::vector<std::string> files_beginning(std::string_view typed) {
  const size_t name = typed.find_last_of('/') == typed.npos ? 0 : typed.find_last_of('/') + 1;
  const std::string_view folder = typed.substr(0, name), begin = typed.substr(name);
  std::vector<std::string> out;
  std::error_code error;
  for (fs::directory_iterator it(folder.empty() ? fs::path(".") : path_of(folder), error), end; !error && it != end;
       it.increment(error)) {
    const std::string file = it->path().filename().string();
    std::error_code ignored;
    if (file.starts_with(begin) && (begin.starts_with('.') || !file.starts_with('.')))
      out.push_back(std::string(folder) + file + (it->is_directory(ignored) ? "/" : ""));
  }
  return out;
}

}  // namespace

std::span<const SlashCommand> slash_commands() { return kCommands; }

const SlashCommand* slash_command(std::string_view name) {
  for (const SlashCommand& command : kCommands)
    for (const std::string& one : names_of(command))
      if (one == name) return &command;
  return nullptr;
}

std::string slash_help() {
  std::string out;
  for (const SlashCommand& c : kCommands) {
    std::string left(c.names);
    for (size_t at = 0; (at = left.find(' ', at)) != left.npos; at += 2) left.insert(at, ",");
    if (!c.argument.empty()) left += fmt::format(" {}", c.argument);
    out += fmt::format("{:<23} {}\n", left, c.help);
  }
  return out +
         "\n\"\"\" begins and ends a text of several lines; \\ at its end continues a line.\n"
         "Ctrl-C stops an answer or drops the line; Ctrl-D leaves. Tab completes.\n";
}

Result<AfterCommand> run_slash_command(Chat& chat, std::string_view name, std::string_view argument) {
  const SlashCommand* command = slash_command(name);
  if (!command) {
    const std::string nearest = nearest_word(name, all_names());
    return fail(
        Errc::invalid_argument, "unknown command {}{}{}; {} /help lists the commands", name,
        argument.empty() ? "" : " ", argument,
        nearest.empty() ? "\"\"\" before and behind it sends it as a text." : fmt::format("did you mean {}?", nearest));
  }
  if (command->argument.empty() && !argument.empty())
    return fail(Errc::invalid_argument, "{} takes no argument, \"{}\" was given", name, argument);
  return command->run(chat, argument);
}

TabWords complete_command(const ModelNames& models, std::string_view before_cursor) {
  TabWords out;
  if (!before_cursor.starts_with('/')) return out;
  const size_t space = before_cursor.find(' ');
  out.begin = space == before_cursor.npos ? 0 : before_cursor.find_first_not_of(' ', space);
  if (out.begin == before_cursor.npos) out.begin = before_cursor.size();
  const std::string_view command = before_cursor.substr(0, space), typed = before_cursor.substr(out.begin);
  std::vector<std::string> all;
  if (space == before_cursor.npos) {
    for (const SlashCommand& c : kCommands)
      for (const std::string& name : names_of(c)) all.push_back(name + (c.argument.empty() ? "" : " "));
  } else if (command == "/set") {
    all = setting_names();
  } else if (command == "/think" || command == "/fold") {
    all = {"on", "off"};
  } else if (command == "/save" || command == "/load" || command == "/read") {
    all = files_beginning(typed);
  } else if (command == "/model") {
    all = models();
  }
  for (std::string& word : all)
    if (word.starts_with(typed)) out.words.push_back(std::move(word));
  std::sort(out.words.begin(), out.words.end());
  return out;
}

}  // namespace r1
