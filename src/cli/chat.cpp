// r1 chat: a conversation in the terminal. Ctrl-C stops the answer and not the program; Ctrl-D leaves.
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "cli/answer.hpp"
#include "cli/commands.hpp"
#include "cli/generation_flags.hpp"
#include "cli/interrupt.hpp"
#include "cli/line_reader.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

constexpr const char* kHelp =
    "/new           begin a new conversation\n"
    "/think on|off  think before answering, or not\n"
    "/fold on|off   hide the thinking, or show it\n"
    "/stats         tokens and speed of the last answer\n"
    "/help          this list\n"
    "/exit          leave (or Ctrl-D)\n";

struct Conversation {
  std::vector<Message> messages;
  Think think = Think::on;
  ThinkingDisplay display = ThinkingDisplay::show;
  std::optional<CompletionStats> last;  // of the last answer
};

enum class AfterCommand { go_on, leave };

// Carries out a line that begins with "/".
AfterCommand run_command(const std::string& line, Conversation& c) {
  if (line == "/exit" || line == "/quit") return AfterCommand::leave;
  if (line == "/new") c.messages.clear();
  else if (line == "/think on") c.think = Think::on;
  else if (line == "/think off") c.think = Think::off;
  else if (line == "/fold on") c.display = ThinkingDisplay::hide;
  else if (line == "/fold off") c.display = ThinkingDisplay::show;
  else if (line == "/stats") fmt::print(stderr, "{}\n", c.last ? stats_line(*c.last) : "no answer yet");
  else if (line == "/help") fmt::print(stderr, "{}", kHelp);
  else fmt::print(stderr, "unknown command {}\n{}", line, kHelp);
  return AfterCommand::go_on;
}

Result<Completion> answer_conversation(Session& session, const Conversation& c, u64 number) {
  const InterruptFlag interrupted;
  CompletionRequest request = session.request(R1_TRY(session.chat_prompt({.messages = c.messages, .think = c.think})));
  request.stream = number;
  AnswerPrinter printer(c.display);
  Completion answer = R1_TRY(complete(session, std::move(request), interrupted.raised(), &printer));
  printer.finish(answer);
  if (answer.finish == FinishReason::interrupted) fmt::print(stderr, "(stopped)\n");
  return answer;
}

// Adds the user's message and the model's answer to the conversation. An error, such as a conversation longer than the
// context, leaves the conversation as it was: the user can go on with /new.
Status turn(Session& session, Conversation& c, const std::string& line, u64 number) {
  c.messages.push_back({"user", line});
  auto answer = answer_conversation(session, c, number);
  if (!answer) {
    c.messages.pop_back();
    return tl::unexpected(answer.error());
  }
  c.messages.push_back({"assistant", answer->answer});
  c.last = answer->stats;
  return {};
}

}  // namespace

Result<int> run_chat(const Args& args) {
  GenerationFlags generation;
  bool fold = false;
  const auto flags =
      joined(generation.flags(), {{"--hide-thinking", &fold, "begin with /fold on: do not print the thinking"}});
  if (const auto stop = parse(args, "A conversation in the terminal.", flags)) return *stop;
  R1_TRY(generation.check());
  ThreadPool pool(static_cast<int>(generation.threads));
  Session session = R1_TRY(open_session(generation, pool));
  Conversation c;
  c.think = generation.thinking();
  if (fold) c.display = ThinkingDisplay::hide;
  if (isatty(STDERR_FILENO))
    fmt::print(stderr, "{}: {} parameters, context {}. /help lists commands, Ctrl-C stops an answer, Ctrl-D leaves.\n",
               session.path().filename().string(), session.model().info().parameters, session.engine().context());
  LineReader lines;
  if (const std::string notice = lines.notice(); !notice.empty()) print_error("r1", notice);
  for (u64 number = 0;;) {
    InterruptFlag at_prompt;  // SIGINT while lines come from a pipe, or from another program
    const auto line = lines.read();
    if (!line) {
      if (at_prompt.raised()) {
        std::cin.clear();
        fmt::print(stderr, "\n");
        continue;
      }
      break;
    }
    if (line->empty()) continue;
    if (line->front() == '/') {
      if (run_command(*line, c) == AfterCommand::leave) break;
      continue;
    }
    if (first_invalid_utf8(*line) < line->size()) {
      fmt::print(stderr, "r1: that line is not UTF-8\n");
      continue;
    }
    if (const Status done = turn(session, c, *line, number++); !done)
      print_error("r1", done.error().what + " (/new starts afresh)");
  }
  return 0;
}

}  // namespace r1
