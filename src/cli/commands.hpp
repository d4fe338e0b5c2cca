// The subcommands. Each is in the file of its name; eval.cpp, pull.cpp and tokenize.cpp have two.
#pragma once
#include <span>

#include "cli/args.hpp"

namespace r1 {

Result<int> run_prompt(const Args& args);  // r1 PROMPT and r1 run
Result<int> run_chat(const Args& args);
Result<int> run_tokenize(const Args& args);
Result<int> run_detokenize(const Args& args);
Result<int> run_logprobs(const Args& args);
Result<int> run_eval(const Args& args);
Result<int> run_inspect(const Args& args);
Result<int> run_convert(const Args& args);
Result<int> run_perplexity(const Args& args);
Result<int> run_bench(const Args& args);
Result<int> run_train(const Args& args);
Result<int> run_recipe_command(const Args& args);
Result<int> run_quantize(const Args& args);
Result<int> run_problems(const Args& args);
Result<int> run_pull(const Args& args);
Result<int> run_models(const Args& args);

std::span<const Command> commands();

}  // namespace r1
