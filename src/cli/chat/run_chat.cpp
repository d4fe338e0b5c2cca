// r1 chat: a conversation in the terminal, with a model in this program or with a server.
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/chat/chat.hpp"
#include "cli/chat/commands.hpp"
#include "cli/chat/history_file.hpp"
#include "cli/chat/line_reader.hpp"
#include "cli/chat/message.hpp"
#include "cli/chat/server_source.hpp"
#include "cli/chat/session_source.hpp"
#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "core/text.hpp"
#include "hub/settings.hpp"

namespace r1 {
namespace {

// The loop of a chat: reads texts, runs commands, asks the model.
class ChatLoop {
 public:
  ChatLoop(Chat& chat, LineReader& lines) : chat_(chat), lines_(lines) {}
  void keep_history(HistoryFile file);
  int run();  // returns the exit code

 private:
  enum class Next { go_on, leave };
  LineReader::Line read_text(bool& quoted);
  Next take(const std::string& text, bool quoted);
  Next take_command(std::string_view name, std::string_view argument);
  void remember(const std::string& text);
  void report(const Error& error);

  Chat& chat_;
  LineReader& lines_;
  std::optional<HistoryFile> history_;
  bool editing_ = false;  // the next text replaces the last turn's
  int dropped_ = 0;       // how often Ctrl-C was typed on an empty line, since something else was typed
  int exit_code_ = 0;
};

void ChatLoop::keep_history(HistoryFile file) {
  const auto texts = file.load();
  if (!texts) return report(texts.error());
  for (const std::string& text : *texts) lines_.remember(text);
  history_ = std::move(file);
}

void ChatLoop::remember(const std::string& text) {
  lines_.remember(text);
  if (!history_) return;
  if (const Status written = history_->append(text); !written) {
    report(written.error());
    history_.reset();  // says it once
  }
}

// A program that reads from a pipe says by its exit code that a text was not answered.
void ChatLoop::report(const Error& error) {
  print_error("r1", error.what);
  if (!lines_.is_terminal()) exit_code_ = kExitFailed;
}

// Reads lines until they are a whole text.
LineReader::Line ChatLoop::read_text(bool& quoted) {
  MessageLines message;
  for (;;) {
    const std::string prefill = editing_ && !message.begun() ? as_typed(chat_.conversation().turns.back().user) : "";
    LineReader::Line line = lines_.read(message.begun() ? "... " : "> ", prefill);
    const bool ends_pipe = line.kind == LineReader::Line::Kind::end && message.begun() && !lines_.is_terminal();
    if (line.kind == LineReader::Line::Kind::dropped)
      return {line.kind, message.begun() ? message.text() + "\n" + line.text : line.text};
    if (line.kind != LineReader::Line::Kind::text && !ends_pipe) return line;
    if (!ends_pipe && !message.add(line.text)) continue;
    quoted = message.quoted();
    return {LineReader::Line::Kind::text, message.text()};
  }
}

ChatLoop::Next ChatLoop::take_command(std::string_view name, std::string_view argument) {
  const auto done = run_slash_command(chat_, name, argument);
  if (!done) report(done.error());
  if (!chat_.source().has_model()) {
    exit_code_ = kExitFailed;
    return Next::leave;
  }
  editing_ = done && *done == AfterCommand::edit;
  return done && *done == AfterCommand::leave ? Next::leave : Next::go_on;
}

ChatLoop::Next ChatLoop::take(const std::string& text, bool quoted) {
  const bool edits = std::exchange(editing_, false);
  if (trimmed(text).empty()) return Next::go_on;
  remember(quoted ? as_typed(text) : text);
  // A path at the beginning of a pasted text is no command.
  const CommandLine command = quoted ? CommandLine{} : command_of_line(text);
  const bool one_line = text.find('\n') == text.npos;
  if (!command.name.empty() && (one_line || slash_command(command.name)))
    return take_command(command.name, command.argument);
  const Status answered = edits ? chat_.replace(text) : chat_.say(text);
  if (!answered && answered.error().code == Errc::exhausted)
    report({Errc::exhausted, fmt::format("{} ({})", answered.error().what, kFullContextAdvice)});
  else if (!answered) report(answered.error());
  else if (!lines_.is_terminal() && chat_.last()->finish == FinishReason::interrupted) {
    exit_code_ = kExitInterrupted;
    return Next::leave;
  }
  return Next::go_on;
}

int ChatLoop::run() {
  using Kind = LineReader::Line::Kind;
  for (;;) {
    const InterruptFlag at_prompt;  // SIGINT while texts come from a pipe, or while a command runs
    bool quoted = false;
    const LineReader::Line line = read_text(quoted);
    if (line.kind == Kind::interrupted) return kExitInterrupted;
    if (line.kind == Kind::end) break;
    if (line.kind == Kind::dropped) {
      const bool edited = std::exchange(editing_, false);
      dropped_ = line.text.empty() && !edited ? dropped_ + 1 : 0;
      if (dropped_ == 2) return kExitInterrupted;
      if (dropped_ == 1) fmt::print(stderr, "(Ctrl-C again, or Ctrl-D, leaves)\n");
      continue;
    }
    dropped_ = 0;
    if (take(line.text, quoted) == Next::leave) break;
  }
  return exit_code_;
}

struct ServerFlags {
  std::optional<std::string> model, address, key_file;
};

Result<std::unique_ptr<AnswerSource>> open_source(GenerationFlags generation, const ServerFlags& server,
                                                  std::optional<ThreadPool>& pool) {
  if (!server.address) {
    if (server.key_file) return fail(Errc::usage, "--api-key-file is for a server, which --connect names");
    if (server.model) generation.model = *server.model;
    generation.draw_seed();
    pool.emplace(static_cast<int>(generation.threads));
    return R1_TRY(SessionSource::open(std::move(generation), *pool));
  }
  R1_TRY(check_for_server(generation));
  auto address = parse_server_address(*server.address);
  if (!address) return fail(Errc::usage, "--connect {}", address.error().what);
  std::string key = R1_TRY(server_key(server.key_file));
  if (!key.empty() && !address->encrypted && !address->loopback)
    print_error("r1", fmt::format("the API key goes to {} without encryption", address->base));
  return R1_TRY(ServerSource::open(std::move(generation), server.model, std::move(*address), std::move(key)));
}

}  // namespace

Result<int> run_chat(const Args& args) {
  GenerationFlags generation(DefaultSeed::random);
  ServerFlags server;
  std::string system;
  bool fold = false, shift = false, no_history = false;
  const std::vector<Flag> model{{"-m,--model", &server.model,
                                 "model folder, GGUF file or name (default: nano); with --connect the name of a model "
                                 "of the server (default: its first)"}};
  const auto flags =
      joined(joined(model, generation.flags_besides_model()),
             {{"--system", &system, "the system prompt (default: none)"},
              {"--hide-thinking", &fold, "begin with /fold on: do not print the thinking"},
              {"--context-shift", &shift, "leave out the oldest turns when the context is full"},
              {"--no-history", &no_history, "neither read nor write the file of what was typed"},
              {"--connect", &server.address, "chat with the server at this address, which has OpenAI's API"},
              {"--api-key-file", &server.key_file,
               "with --connect: file whose first line is the API key (default: the variable R1_API_KEY)"}});
  if (const auto stop = parse(args, "A conversation in the terminal.", flags)) return *stop;
  R1_TRY(generation.check());
  std::optional<ThreadPool> pool;
  Chat chat(R1_TRY(open_source(std::move(generation), server, pool)));
  if (!system.empty()) R1_TRY(chat.set_system(system));
  if (fold) chat.display = ThinkingDisplay::hide;
  if (shift) chat.when_full = ContextFull::drop_oldest;
  if (isatty(STDERR_FILENO)) fmt::print(stderr, "{}. /help lists commands, Ctrl-D leaves.\n", chat.source().greeting());
  LineReader lines(
      [&](std::string_view typed) { return complete_command([&] { return chat.source().models(); }, typed); });
  if (const std::string notice = lines.notice(); !notice.empty()) print_error("r1", notice);
  ChatLoop loop(chat, lines);
  const std::filesystem::path state = state_folder();
  if (lines.is_terminal() && !no_history && !state.empty())
    loop.keep_history(HistoryFile(state / "chat_history.jsonl"));
  return loop.run();
}

}  // namespace r1
