// The engine's insides: its requests, its running sequences and the phases of a step. Only engine*.cpp include it.
#pragma once
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "infer/engine.hpp"

namespace r1 {

// Positions whose keys one sequence of the request needs. The last token that is drawn is never fed back.
inline i64 positions_of(const GenerationRequest& r) { return std::ssize(r.prompt) + r.max_tokens - 1; }

struct Engine::State {
  // A request and its samples. The first sample computes the prompt. The others continue from that prompt's pages
  // (`held`) and from its last row of logits; each starts when a sequence and pages are free.
  struct Group {
    RequestId id = 0;
    GenerationRequest request;
    i32 started = 0, live = 0;  // samples
    bool prompt_done = false;
    bool close_thinking = false;  // by end_thinking
    i64 cached = 0;               // PromptEvent::cached
    KvSequence held;
    std::vector<float> logits;
  };
  struct Sequence {
    Group* group = nullptr;
    i32 sample = 0;
    KvSequence kv;
    i64 position = 0;  // tokens whose keys are in the pages
    i64 generated = 0;
    i32 next = -1;                // the last token drawn; it is not fed yet
    std::vector<i32> history;     // prompt and generated tokens; kept only for a repetition penalty
    i64 forced = 0;               // how many tokens of ThinkBudget::close were forced
    bool thinking_ended = false;  // ThinkBudget::end was drawn or forced
    bool done = false;
  };
  // A sequence whose next token is drawn in this step, and the draw. The i-th belongs to the i-th row of logits.
  struct Draw {
    Sequence* sequence;
    Result<SampledToken> sampled;
  };

  State(const Model& m, const EngineOptions& o, KvCache c);

  // Admission (engine_admission.cpp): queued requests become sequences as far as sequences and pages are free.
  void admit();
  bool leaves_room(const Group& next) const;
  bool start_prompt(Group& g);
  bool start_sample(Group& g);
  static std::unique_ptr<Sequence> new_sequence(Group& g, KvSequence kv);

  // A step (engine_step.cpp): rows for the model, a token for every row of logits, the end of sequences.
  Status check_weights();
  void build_batch();
  void add_rows(Sequence& s, std::span<const i32> tokens, Role role);
  void want_last_row(Sequence& s);
  Tensor run_model();
  void draw_tokens(const Tensor& logits);
  Result<SampledToken> draw(Sampler& sampler, const Sequence& s, std::span<const float> logits) const;
  void publish_prompt(Sequence& s, std::span<const float> logits);
  void take_token(Sequence& s, Result<SampledToken> sampled);
  static void apply_think_budget(Sequence& s, const ThinkBudget& budget, TokenEvent& e);
  void report_prompt(const Sequence& s);

  void end(Sequence& s);  // frees its pages; sweep() removes it
  void sweep();           // removes ended sequences, and groups without any left
  void erase_if_complete(Group& g);

  const Model& model;
  const EngineOptions options;
  KvCache cache;
  Arena arena;
  std::vector<Weight> changing;   // the weights that training may write while the engine is idle
  std::vector<Sampler> samplers;  // one per worker
  std::unordered_map<RequestId, std::unique_ptr<Group>> groups;
  std::deque<Group*> queue;  // groups with samples that have not started, first come first served
  std::vector<std::unique_ptr<Sequence>> running;
  Batch batch;
  std::vector<Draw> draws;  // in the order of batch.want
  std::vector<TokenEvent> events;
  std::vector<PromptEvent> prompts;
  EngineCounters counters;
  RequestId last_id = 0;
  u64 weights_version = 0;  // the sum over `changing`
};

}  // namespace r1
