// An opened model with everything that answering needs: weights, tokenizer, chat template, engine and the defaults of
// a request.
//
//   ThreadPool pool(threads);
//   Session session = R1_TRY(Session::open(path, pool, {}));
//   const Message question[] = {{"user", "What is 47 * 36?"}};
//   CompletionRequest request = session.request(R1_TRY(session.chat_prompt({.messages = question})));
//   Completions completions(session.engine(), session.tokenizer());
//   R1_TRY(completions.submit(std::move(request)));
//   while (completions.busy())
//     for (const CompletionEvent& e : R1_TRY(completions.step())) ...
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "formats/generation_config.hpp"
#include "infer/engine.hpp"
#include "model/model.hpp"
#include "session/completions.hpp"
#include "text/chat_template.hpp"
#include "text/tokenizer.hpp"

namespace r1 {

// Sampling settings that a caller sets; the others keep the value that the model's files recommend.
struct SamplingOverrides {
  std::optional<double> temperature, top_p, min_p, repetition_penalty;
  std::optional<i64> top_k;
  std::optional<u64> seed;  // 0 if absent
  // For callers that want several answers to a prompt: a model whose files recommend greedy decoding draws from the
  // distribution of its training, temperature 1 and top-p 1, unless a temperature is set.
  bool sample_if_greedy = false;
};
SamplingParams sampling_params(const GenerationConfig& recommended, const SamplingOverrides& overrides);

// Every token after which an answer is over: those that config.json, generation_config.json and the tokenizer name.
std::vector<i32> stop_ids_of(const Model& model, const GenerationConfig& generation, const Tokenizer& tokenizer);

struct SessionOptions {
  i64 context = 0;                    // tokens of the longest sequence; 0: the model's, or what fits into the memory
  i64 max_sequences = 1;              // sequences that run at once
  i64 kv_bytes = 0;                   // budget of the KV cache; 0: EngineOptions' default
  i64 prefix_bytes = -1;              // EngineOptions::prefix_bytes
  double step_seconds = 0;            // EngineOptions::step_seconds; 0.25 for a server
  i64 max_drafts = 8;                 // EngineOptions::max_drafts
  std::optional<DType> kv{};          // type of cached keys and values; default: serving_numerics chooses
  std::optional<i64> expert_bytes{};  // at most so many bytes of routed experts are resident (Model::limit_experts)
  SamplingOverrides sampling{};       // override generation_config.json, which overrides R1's advice (0.6, 0.95)
  std::optional<i64> max_tokens{};    // of an answer; default: generation_config.json, else the context
  std::optional<i64> max_thinking_tokens{};  // closes a longer thinking (ThinkBudget); default: no limit
};

class Session {
 public:
  // Opens a model folder or a GGUF file. `pool` must outlive the session. Without a context in the options it is the
  // model's, or what fits into the memory (context_that_fits) and into kv_bytes.
  // Errors: too little memory for the weights and the cache (check_memory); what open_model, limit_experts,
  // Tokenizer::open and Engine::create report; a tokenizer with more tokens than the model; sampling parameters out of
  // range; max_thinking_tokens with a tokenizer that has no </think> token.
  static Result<Session> open(const std::filesystem::path& path, ThreadPool& pool, const SessionOptions& options);

  const std::filesystem::path& path() const { return path_; }
  const Model& model() const { return *model_; }
  const Tokenizer& tokenizer() const { return tokenizer_; }
  // Holds an error if the model has no usable chat template; opening the session does not report that error.
  const Result<ChatTemplate>& chat_template() const { return chat_template_; }
  Engine& engine() { return *engine_; }
  const Engine& engine() const { return *engine_; }

  // The chat template applied to a conversation, tokenized. Errors: the model has no usable template, or the template
  // refuses the conversation.
  Result<ChatPrompt> chat_prompt(const ChatRequest& request) const;
  // The text without a template. Special tokens in it are recognised; the begin-of-sentence token goes in front if the
  // tokenizer adds one and the text does not begin with it.
  ChatPrompt raw_prompt(std::string_view text) const;

  // A request for this prompt with the session's sampling, limits and stop tokens; callers change what they need. If
  // the tokenizer has a </think> token, request.think says how a thinking is closed, so that request.think.tokens = n
  // limits it to n tokens.
  CompletionRequest request(ChatPrompt prompt) const;
  const CompletionRequest& defaults() const { return defaults_; }
  // Takes the sampling and the limits of later requests from `options`. The other members of the options have an effect
  // in open() only. Errors: those that open() reports for these members; the defaults then stay as they were.
  Status set_defaults(const SessionOptions& options);

 private:
  Session(std::filesystem::path path, std::unique_ptr<Model> model, Tokenizer tokenizer, Result<ChatTemplate> chat);

  std::filesystem::path path_;
  std::unique_ptr<Model> model_;  // the engine keeps a reference to it, so moving the session must not move the model
  Tokenizer tokenizer_;
  Result<ChatTemplate> chat_template_;
  std::unique_ptr<Engine> engine_;
  GenerationConfig recommended_;
  CompletionRequest defaults_;  // a request without a prompt
};

}  // namespace r1
