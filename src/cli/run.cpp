// r1 PROMPT and r1 run: one answer.
#include <unistd.h>

#include <iostream>
#include <iterator>

#include "cli/answer.hpp"
#include "cli/commands.hpp"
#include "cli/generation_flags.hpp"
#include "cli/interrupt.hpp"
#include "formats/json.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

Result<std::string> valid_text(std::string text, std::string_view source) {
  if (const size_t at = first_invalid_utf8(text); at < text.size())
    return fail(Errc::invalid_argument, "{}: byte {} (0x{:02x}) is not UTF-8", source, at, static_cast<u8>(text[at]));
  return text;
}

Result<std::string> prompt_from_stdin() {
  std::string text{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return valid_text(std::move(text), "stdin");
}

std::string to_json(const Completion& c, const std::string& prompt) {
  return dump(Json::object({{"prompt", prompt},
                            {"thinking", c.thinking},
                            {"answer", c.answer},
                            {"finish", name_of(c.finish)},
                            {"prompt_tokens", c.stats.prompt_tokens},
                            {"tokens", c.stats.tokens},
                            {"thinking_tokens", c.stats.thinking_tokens},
                            {"prefill_seconds", c.stats.prefill_seconds},
                            {"decode_seconds", c.stats.decode_seconds}}));
}

}  // namespace

Result<int> run_prompt(const Args& args) {
  GenerationFlags generation;
  std::optional<std::string> prompt_flag;
  std::vector<std::string> words, stops;
  bool raw = false, json = false, hide_thinking = false, quiet = false;
  const auto flags =
      joined(generation.flags(),
             {{"-p,--prompt", &prompt_flag, "the prompt; default: the words on the command line, else stdin"},
              {"prompt_words", &words, "the prompt"},
              {"--raw", &raw, "no chat template: the model continues the text"},
              {"--stop", &stops, "end the answer before this text (may be repeated)"},
              {"--hide-thinking", &hide_thinking, "print the answer only"},
              {"-q,--quiet", &quiet, "no statistics on stderr"},
              {"--json", &json, "one JSON object on stdout"}});
  if (const auto stop = parse(args, "One answer from a model.", flags)) return *stop;
  R1_TRY(generation.check());
  if (prompt_flag && !words.empty())
    return fail(Errc::usage, "a prompt by -p and another, \"{}\", in words: give one", fmt::join(words, " "));
  if (!prompt_flag && words.empty() && isatty(STDIN_FILENO)) return fail(Errc::usage, "no prompt: r1 run -p PROMPT");
  std::string prompt;
  if (prompt_flag) prompt = R1_TRY(valid_text(*prompt_flag, "--prompt"));
  else if (!words.empty()) prompt = R1_TRY(valid_text(fmt::format("{}", fmt::join(words, " ")), "prompt"));
  else prompt = R1_TRY(prompt_from_stdin());
  if (prompt.empty()) return fail(Errc::invalid_argument, "the prompt is empty");

  ThreadPool pool(static_cast<int>(generation.threads));
  Session session = R1_TRY(open_session(generation, pool));
  const InterruptFlag interrupted;
  const Message question[] = {{"user", prompt}};
  CompletionRequest request =
      session.request(raw ? session.raw_prompt(prompt)
                          : R1_TRY(session.chat_prompt({.messages = question, .think = generation.thinking()})));
  request.stop_strings = stops;
  AnswerPrinter printer(hide_thinking ? ThinkingDisplay::hide : ThinkingDisplay::show);
  const Completion answer =
      R1_TRY(complete(session, std::move(request), interrupted.raised(), json ? nullptr : &printer));
  if (json) fmt::print("{}\n", to_json(answer, prompt));
  else printer.finish(answer);
  if (!quiet && !json) fmt::print(stderr, "{}\n", stats_line(answer.stats));
  return answer.finish == FinishReason::interrupted ? kExitInterrupted : 0;
}

}  // namespace r1
