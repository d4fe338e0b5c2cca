// r1 PROMPT and r1 run: one answer.
#include <unistd.h>

#include <iostream>
#include <iterator>

#include "cli/answer.hpp"
#include "cli/commands.hpp"
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

std::string to_json(const Answer& a, const std::string& prompt) {
  return dump(Json::object({{"prompt", prompt},
                            {"thinking", a.thinking},
                            {"answer", a.answer},
                            {"finish", name_of(a.finish)},
                            {"prompt_tokens", a.prompt_tokens},
                            {"tokens", static_cast<i64>(a.tokens.size())},
                            {"thinking_tokens", a.thinking_tokens},
                            {"prefill_seconds", a.prefill_seconds},
                            {"decode_seconds", a.decode_seconds}}));
}

}  // namespace

Result<int> run_prompt(const Args& args) {
  GenerationFlags generation;
  std::optional<std::string> prompt_flag;
  std::vector<std::string> words, stops;
  bool raw = false, json = false, hide_thinking = false, quiet = false;
  auto flags = generation.flags();
  for (Flag& f : std::vector<Flag>{{"-p,--prompt", &prompt_flag, "the prompt; else the words given, else stdin"},
                                   {"prompt_words", &words, "the prompt"},
                                   {"--raw", &raw, "no chat template: the text as the tokenizer takes it"},
                                   {"--stop", &stops, "end the answer before this text (may be repeated)"},
                                   {"--hide-thinking", &hide_thinking, "print the answer only"},
                                   {"-q,--quiet", &quiet, "no line of statistics on stderr"},
                                   {"--json", &json, "one JSON object on stdout"}})
    flags.push_back(f);
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

  const auto session = R1_TRY(Session::open(generation));
  const InterruptFlag interrupted;
  AnswerOptions options;
  options.stops = stops;
  options.stop = &interrupted.raised();
  AnswerPrinter printer(!hide_thinking);
  if (!json) options.on_text = [&](const TextDelta& d) { printer.print(d); };
  const ChatPrompt asked = raw ? ChatPrompt{session->raw_prompt(prompt)}
                               : R1_TRY(session->chat_prompt({{"user", prompt}}, !generation.no_think));
  options.thinking = asked.thinking;
  const Answer answer = R1_TRY(generate_answer(*session, asked.ids, options));
  if (json) fmt::print("{}\n", to_json(answer, prompt));
  else printer.finish(answer);
  if (!quiet && !json) fmt::print(stderr, "{}\n", stats_line(answer));
  return answer.finish == Finish::none ? kExitInterrupted : 0;
}

}  // namespace r1
