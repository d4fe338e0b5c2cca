// The subcommands. Each is in the file of its name: those that judge completions in eval/, those that score in score/,
// the chat in chat/. eval.cpp, help.cpp, models.cpp and tokenize.cpp have two.
#pragma once
#include <span>

#include "cli/args.hpp"

namespace r1 {

Result<int> run_prompt(const Args& args);  // r1 PROMPT and r1 run
Result<int> run_chat(const Args& args);
Result<int> run_serve(const Args& args);
Result<int> run_tokenize(const Args& args);
Result<int> run_detokenize(const Args& args);
Result<int> run_logprobs(const Args& args);
Result<int> run_eval(const Args& args);
Result<int> run_sample(const Args& args);
Result<int> run_inspect(const Args& args);
Result<int> run_convert(const Args& args);
Result<int> run_perplexity(const Args& args);
Result<int> run_bench(const Args& args);
Result<int> run_train(const Args& args);
Result<int> run_report(const Args& args);
Result<int> run_recipe_command(const Args& args);
Result<int> run_quantize(const Args& args);
Result<int> run_imatrix(const Args& args);
Result<int> run_verify(const Args& args);
Result<int> run_problems(const Args& args);
Result<int> run_pull(const Args& args);
Result<int> run_models(const Args& args);
Result<int> run_rm(const Args& args);
void print_help();  // the list of commands, on stdout
Result<int> run_help(const Args& args);
Result<int> run_version(const Args& args);

std::span<const Command> commands();

// The command that the words of a command line mean; null if they are a prompt. `words` must not be empty.
// The name of a command always means it. The names that other programs use, "help" and "version" count only with at
// most one more word or with flags behind them, because prompts begin with such words too ("list three fruits").
// Errors: usage, in that same case, for a word that is one slip of the keyboard away from a command, and for a command
// of other programs that does not exist here.
Result<const Command*> command_of(const std::vector<std::string>& words);

}  // namespace r1
