#include "cli/commands.hpp"

namespace r1 {

std::span<const Command> commands() {
  static constexpr Command kCommands[] = {
      {"run", "one answer: r1 run -p PROMPT", run_prompt},
      {"chat", "a conversation in the terminal", run_chat},
      {"eval", "accuracy on problems from a JSONL file, or on generated ones", run_eval},
      {"problems", "generated problems as JSONL", run_problems},
      {"logprobs", "log-probabilities of given tokens", run_logprobs},
      {"tokenize", "text to token ids", run_tokenize},
      {"detokenize", "token ids to text", run_detokenize},
      {"train", "pretrain or sft, from a TOML file", run_train},
      {"quantize", "a model's weights in fewer bits, as a GGUF file", run_quantize},
      {"inspect", "what a model is: architecture, sizes, types, tokenizer", run_inspect},
      {"convert", "a Hugging Face folder to GGUF, or back", run_convert},
      {"perplexity", "perplexity of a text under a model", run_perplexity},
      {"bench", "speed of this machine, and of a model on it", run_bench},
      {"pull", "fetch a model from a hub: r1 pull REPO[:FILE]", run_pull},
      {"models", "the models on this machine", run_models},
      {"recipe", "a whole pipeline from random weights: r1 recipe nano", run_recipe_command},
  };
  return kCommands;
}

}  // namespace r1
