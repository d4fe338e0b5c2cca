// r1 chat: a conversation in the terminal. Ctrl-C stops the answer, not the program; Ctrl-D leaves.
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "cli/answer.hpp"
#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/line_reader.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

constexpr const char* kHelp =
    "/new           forget the conversation\n"
    "/think on|off  think before answering, or not\n"
    "/fold on|off   hide the thinking, or show it\n"
    "/stats         tokens and speed of the last answer\n"
    "/help          this list\n"
    "/exit          leave (or Ctrl-D)\n";

struct Conversation {
  std::vector<Message> messages;
  bool think = true, fold = false;
  std::optional<Answer> last;
};

// Whether the line was a command (and has been carried out). false to `go_on` ends the program.
bool command(const std::string& line, Conversation& c, bool& go_on) {
  if (line.empty() || line[0] != '/') return false;
  if (line == "/exit" || line == "/quit") go_on = false;
  else if (line == "/new") c.messages.clear();
  else if (line == "/think on" || line == "/think off") c.think = line == "/think on";
  else if (line == "/fold on" || line == "/fold off") c.fold = line == "/fold on";
  else if (line == "/stats") fmt::print(stderr, "{}\n", c.last ? stats_line(*c.last) : "no answer yet");
  else if (line == "/help") fmt::print(stderr, "{}", kHelp);
  else fmt::print(stderr, "unknown command {}\n{}", line, kHelp);
  return true;
}

// One turn. An answer that does not fit is an error for the user, who can go on with /new.
Status turn(Session& session, Conversation& c, const std::string& line, u64 number) {
  c.messages.push_back({"user", line});
  InterruptFlag interrupted;
  AnswerPrinter printer(!c.fold);
  AnswerOptions options;
  options.stream = number;
  options.stop = &interrupted.raised();
  options.on_text = [&](const TextDelta& d) { printer.print(d); };
  const auto prompt = session.chat_prompt(c.messages, c.think);
  options.thinking = prompt && prompt->thinking;
  auto answer =
      prompt ? generate_answer(session, prompt->ids, options) : Result<Answer>(tl::unexpected(prompt.error()));
  if (!answer) {
    c.messages.pop_back();
    return tl::unexpected(answer.error());
  }
  printer.finish(*answer);
  if (answer->finish == Finish::none) fmt::print(stderr, "(stopped)\n");
  c.messages.push_back({"assistant", answer->answer});
  c.last = std::move(*answer);
  return {};
}

}  // namespace

Result<int> run_chat(const Args& args) {
  GenerationFlags generation;
  bool fold = false;
  auto flags = generation.flags();
  flags.push_back({"--hide-thinking", &fold, "fold the thinking"});
  if (const auto stop = parse(args, "A conversation in the terminal.", flags)) return *stop;
  const auto session = R1_TRY(Session::open(generation));
  Conversation c;
  c.think = !generation.no_think;
  c.fold = fold;
  if (isatty(STDERR_FILENO))
    fmt::print(stderr, "{}: {} parameters, context {}. /help lists commands, Ctrl-C stops an answer, Ctrl-D leaves.\n",
               session->path.filename().string(), session->model->info().parameters, session->engine->context());
  LineReader lines;
  if (const std::string notice = lines.notice(); !notice.empty()) print_error("r1", notice);
  bool go_on = true;
  for (u64 number = 0; go_on;) {
    InterruptFlag at_prompt;  // Ctrl-C from a pipe, or SIGINT from elsewhere
    const auto line = lines.read();
    if (!line) {
      if (at_prompt.raised()) {
        std::cin.clear();
        fmt::print(stderr, "\n");
        continue;
      }
      break;
    }
    if (line->empty() || command(*line, c, go_on)) continue;
    if (first_invalid_utf8(*line) < line->size()) {
      fmt::print(stderr, "r1: that line is not UTF-8\n");
      continue;
    }
    if (const Status done = turn(*session, c, *line, number++); !done)
      print_error("r1", done.error().what + " (/new starts afresh)");
  }
  return 0;
}

}  // namespace r1
