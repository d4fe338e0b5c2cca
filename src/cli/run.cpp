// r1 PROMPT and r1 run: one answer.
#include "cli/answer.hpp"
#include "cli/commands.hpp"
#include "cli/generation_flags.hpp"
#include "cli/interrupt.hpp"
#include "cli/prompt_input.hpp"
#include "formats/json.hpp"
#include "hub/family.hpp"
#include "hub/select.hpp"
#include "session/conversation.hpp"

namespace r1 {
namespace {

// The words with which nano, the model that ships, declines (src/tasks/everyday/limits.cpp).
constexpr std::string_view kUseABiggerModel = "`r1 -m MODEL`";

std::string to_json(const Completion& c, const std::string& prompt, u64 seed) {
  return dump(Json::object({{"prompt", prompt},
                            {"thinking", c.thinking},
                            {"answer", c.answer},
                            {"finish", name_of(c.finish)},
                            {"prompt_tokens", c.stats.prompt_tokens},
                            {"tokens", c.stats.tokens},
                            {"thinking_tokens", c.stats.thinking_tokens},
                            {"prefill_seconds", c.stats.prefill_seconds},
                            {"decode_seconds", c.stats.decode_seconds},
                            {"seed", Json(static_cast<i64>(seed))}}));
}

}  // namespace

Result<int> run_prompt(const Args& args) {
  GenerationFlags generation(DefaultSeed::random);
  const std::string shipped = generation.model;
  PromptInput input;
  std::vector<std::string> stops;
  std::string system;
  bool raw = false, json = false, hide_thinking = false, quiet = false;
  const auto flags =
      joined(generation.flags(),
             {{"-p,--prompt", &input.text, "the prompt (default: the words on the command line, else stdin)"},
              {"prompt_words", &input.words, "the prompt; text that is piped into the program is added to it"},
              {"-f,--file", &input.file, "a file with the prompt, or with text to add to it (default: none)"},
              {"--system", &system, "a system prompt before the prompt (default: none)"},
              {"--raw", &raw, "no chat template: the model continues the text"},
              {"--stop", &stops, "end the answer before this text; may be repeated (default: none)"},
              {"--hide-thinking", &hide_thinking, "print the answer only"},
              {"-q,--quiet", &quiet, "no statistics on stderr"},
              {"--json", &json, "one JSON object on stdout"}});
  if (const auto stop = parse(args, "One answer from a model.", flags)) return *stop;
  R1_TRY(generation.check());
  if (generation.model == shipped && !input.words.empty() && names_model(input.words[0]))
    return fail(Errc::usage, "\"{0}\" is a model: r1 run -m {0} PROMPT; a prompt that begins with it goes behind -p",
                input.words[0]);
  if (raw && !system.empty()) return fail(Errc::usage, "--raw and --system exclude each other");
  generation.draw_seed();
  const std::string prompt = R1_TRY(read_prompt(input));

  ThreadPool pool(static_cast<int>(generation.threads));
  Session session = R1_TRY(open_session(generation, pool));
  if (!system.empty()) R1_TRY(check_system_prompt(session, system));
  const InterruptFlag interrupted;
  const std::vector<Message> question = Conversation{.system = system}.messages(prompt);
  CompletionRequest request =
      session.request(raw ? session.raw_prompt(prompt)
                          : R1_TRY(session.chat_prompt({.messages = question, .think = generation.thinking()})));
  request.stop_strings = stops;
  AnswerPrinter printer(hide_thinking ? ThinkingDisplay::hide : ThinkingDisplay::show);
  const Completion answer =
      R1_TRY(complete(session, std::move(request), interrupted.raised(), json ? nullptr : &printer));
  if (json) fmt::print("{}\n", to_json(answer, prompt, *generation.seed));
  else printer.finish(answer, session.engine().context());
  if (!quiet && !json) fmt::print(stderr, "{}\n", stats_line(answer.stats));
  if (!quiet && !json && answer.answer.find(kUseABiggerModel) != answer.answer.npos)
    fmt::print(stderr, "a bigger model ({}): r1 pull {}\n", size_text(r1_family().front().bytes),
               r1_family().front().name);
  return answer.finish == FinishReason::interrupted ? kExitInterrupted : 0;
}

}  // namespace r1
