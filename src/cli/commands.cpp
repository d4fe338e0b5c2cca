#include "cli/commands.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "core/text.hpp"

namespace r1 {
namespace {

// Commands of other programs that have no work to do here.
struct ForeignCommand {
  std::string_view name, answer;
};
constexpr ForeignCommand kForeign[] = {
    {"ps", "no model stays in memory after a command has ended; r1 models lists the models on this machine"},
    {"stop", "no model stays in memory after a command has ended; Ctrl-C stops a command that runs"},
};

// Names of commands that are planned. They are never taken for a prompt, so that no script depends on them as one.
constexpr std::string_view kNotYet[] = {"plan"};

bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

const Command* command_named(std::string_view word) {
  for (const Command& c : commands())
    if (word == c.name) return &c;
  return nullptr;
}

const Command* command_otherwise_named(std::string_view word) {
  for (const Command& c : commands())
    if (has_word(c.other_names, word)) return &c;
  return nullptr;
}

}  // namespace

std::span<const Command> commands() {
  static constexpr Command kCommands[] = {
      {"run", "one answer: r1 run -p PROMPT", run_prompt},
      {"chat", "a conversation in the terminal", run_chat},
      {"serve", "an HTTP server with OpenAI's API", run_serve},
      {"eval", "accuracy on problems from a JSONL file, or on generated ones", run_eval},
      {"sample", "right answers of a model as conversations for train sft", run_sample},
      {"verify", "whether the answers of a JSONL file are right", run_verify},
      {"problems", "generated problems as JSONL", run_problems},
      {"logprobs", "log-probabilities of given tokens", run_logprobs},
      {"tokenize", "text to token ids", run_tokenize},
      {"detokenize", "token ids to text", run_detokenize},
      {"train", "pretrain, sft or grpo, from a TOML file", run_train},
      {"report", "the curves of training runs: a page, pictures, or live in the terminal", run_report},
      {"quantize", "a model's weights in fewer bits, as a GGUF file", run_quantize},
      {"imatrix", "which columns of a model's matrices matter, for quantize", run_imatrix},
      {"inspect", "what a model is: architecture, sizes, types, tokenizer", run_inspect, "show"},
      {"convert", "a Hugging Face folder to GGUF, or back", run_convert},
      {"perplexity", "perplexity of a text under a model", run_perplexity},
      {"bench", "speed of this machine, and of a model on it", run_bench},
      {"pull", "fetch a model from a hub: r1 pull REPO[:FILE]", run_pull},
      {"models", "the models on this machine", run_models, "list ls"},
      {"rm", "remove a model that was pulled", run_rm},
      {"recipe", "a whole pipeline from random weights: r1 recipe nano", run_recipe_command},
      {"help", "this text, or the flags of a command: r1 help COMMAND", run_help},
      {"version", "the version of this program", run_version},
  };
  return kCommands;
}

Result<const Command*> command_of(const std::vector<std::string>& words) {
  const std::string& first = words.front();
  const bool is_brief = words.size() <= 2 || words[1].starts_with('-');
  // "help" and "version" begin many a sentence, as the names from other programs do.
  if (const Command* c = command_named(first); c && (is_brief || (first != "help" && first != "version"))) return c;
  const std::string as_prompt = fmt::format("as a prompt: r1 run -p \"{}\"", fmt::join(words, " "));
  if (std::find(std::begin(kNotYet), std::end(kNotYet), first) != std::end(kNotYet))
    return fail(Errc::usage, "{}: this command does not exist yet ({})", first, as_prompt);
  if (!is_brief) return nullptr;
  if (const Command* c = command_otherwise_named(first)) return c;
  for (const ForeignCommand& f : kForeign)
    if (first == f.name) return fail(Errc::usage, "{}: {} ({})", first, f.answer, as_prompt);
  // A command of two or three letters is one slip away from too many other words.
  if (std::all_of(first.begin(), first.end(), [](unsigned char c) { return std::islower(c); }))
    for (const Command& c : commands())
      if (std::string_view(c.name).size() > 3 && edit_distance(first, c.name) == 1)
        return fail(Errc::usage, "no command \"{}\"; did you mean \"{}\"? ({})", first, c.name, as_prompt);
  return nullptr;
}

}  // namespace r1
