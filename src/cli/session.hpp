// What every command that generates text shares: its flags, the opened model with its tokenizer, and one engine.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/args.hpp"
#include "formats/generation_config.hpp"
#include "hub/models.hpp"
#include "infer/engine.hpp"
#include "model/model.hpp"
#include "text/chat_template.hpp"
#include "text/tokenizer.hpp"

namespace r1 {

// How serving computes a model, fixed when it is loaded. A small model as in training, everything f32 and expanded, so
// that what it says has the bits of what it was trained with; a model whose expanded keys and values would fill the
// memory caches the latent in bf16. Weights in ggml's blocks are multiplied in integers where their type has a kernel.
Numerics serving_numerics(const Model& model);

// The common flags of design and documentation (docs/commands.md).
struct GenerationFlags {
  std::string model = "nano";
  std::optional<i64> max_tokens, top_k;
  std::optional<u64> seed;
  std::optional<double> temperature, top_p, min_p, repetition_penalty;
  i64 threads = ThreadPool::default_threads();
  i64 context = 0;                    // 0: the model's
  i64 think_budget = 0;               // 0: none
  std::optional<std::string> memory;  // of routed experts
  bool think = false, no_think = false;
  bool verbose = false;

  std::vector<Flag> flags();  // bound to this object
  Status check() const;       // usage errors
};

class Session {
 public:
  static Result<std::unique_ptr<Session>> open(const GenerationFlags& flags, i64 max_sequences = 1);

  // The model's chat template applied and tokenized; the generation prompt included.
  Result<ChatPrompt> chat_prompt(const std::vector<Message>& messages, bool think) const;
  // The text as it is, special tokens recognised, the beginning-of-sentence token in front if the model has one.
  std::vector<i32> raw_prompt(const std::string& text) const;

  std::unique_ptr<Model> model;
  Tokenizer tokenizer;
  ThreadPool pool;
  SamplingParams sampling;   // flags over generation_config.json over R1's advice (0.6, 0.95)
  i64 max_tokens = 0;        // per answer
  ThinkBudget think_budget;  // of answers that think
  std::vector<i32> stop_ids;
  Result<ChatTemplate> chat;  // an Error is for who asks for a chat prompt
  std::filesystem::path path;
  std::unique_ptr<Engine> engine;

 private:
  Session(std::unique_ptr<Model> m, Tokenizer t, Result<ChatTemplate> c, int threads)
      : model(std::move(m)), tokenizer(std::move(t)), pool(threads), chat(std::move(c)) {}
};

}  // namespace r1
