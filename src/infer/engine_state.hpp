// The engine's insides: its requests, its running sequences and the phases of a step. Only engine*.cpp include it.
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "infer/draft_pace.hpp"
#include "infer/engine.hpp"
#include "infer/prefill_pace.hpp"

namespace r1 {

struct Engine::State {
  static constexpr double kFirstDraftChance = 0.5;
  static constexpr double kFirstPredictionChance = 0.7;
  static constexpr i32 kNoToken = -1;

  // Who sends requests. Entries exist as long as the client has requests.
  struct Client {
    i64 groups = 0, running = 0;  // requests that have not ended; sequences that run
    i64 service = 0;              // tokens computed; a new client begins with the least that another one has
  };
  // A request and its samples. The first sample computes the prompt. The others continue from that prompt's pages
  // (`held`) and from its last row of logits; each starts when a sequence and pages are free. If others need the held
  // pages, the group gives them up, and the next sample computes the prompt again.
  struct Group {
    RequestId id = 0;
    GenerationRequest request;
    Client* client = nullptr;
    i32 started = 0, live = 0;  // samples; a preempted one is live
    bool prompt_done = false;
    bool close_thinking = false;  // by end_thinking
    i64 cached = 0;               // PromptEvent::cached
    KvSequence held;
    std::vector<float> logits;
  };
  // A sequence is running, with pages for all of its known tokens, or preempted, without pages. Its known tokens are
  // the prompt and what was generated. Those from `position` on are fed to the model: the prompt, then one generated
  // token a step; after a preemption all of them again, with the roles that they had.
  struct Sequence {
    Group* group = nullptr;
    i32 sample = 0;
    u64 age = 0;  // by the order of the first start: a younger sequence has a larger number
    KvSequence kv;
    i64 position = 0;            // tokens whose keys are in the pages
    i64 computed = 0;            // the largest position so far; below it tokens are replayed
    i64 routes_reported = 0;     // tokens whose routes the events had
    std::vector<i32> generated;  // drawn or forced
    std::unique_ptr<TokenConstraint> constraint;
    i64 forced = 0;               // how many tokens of ThinkBudget::close were forced
    bool thinking_ended = false;  // ThinkBudget::end was drawn or forced
    bool done = false;
    bool runs = false;                        // it is in `running`
    std::vector<i32> drafts{};                // guesses of the tokens behind the known ones, with rows in this step
    bool looked_up = false;                   // `drafts` were found in the text
    double draft_chance = kFirstDraftChance;  // that a draft that was looked up is right, if those before it are
    bool has_module = false;                  // the MTP module runs on this sequence's rows
    i64 unpaid_steps = 0;                     // the last steps, in succession, in which the module did not pay
    i32 predicted = kNoToken;                 // the module's guess of the next token

    i64 prompt() const { return std::ssize(group->request.prompt); }
    i64 known() const { return prompt() + std::ssize(generated); }
    i64 left() const { return known() - position; }
    i32 token(i64 i) const { return i < prompt() ? group->request.prompt[i] : generated[i - prompt()]; }
    // Whether only the last token, which the step before has drawn, still has to be fed to the model.
    bool decodes() const { return !generated.empty() && left() == 1; }
  };
  // A draw: the sequence that gets the token, the row of logits from which it is drawn, and the result.
  struct Draw {
    Sequence* sequence;
    i64 row;
    Result<SampledToken> sampled{SampledToken{}};
  };

  State(const Model& m, const EngineOptions& o, KvCache c, RecordedRoutes r);

  // What waits to run: a preempted sequence, or the next sample of a group.
  struct Candidate {
    Group* group = nullptr;
    Sequence* preempted = nullptr;
  };
  // Admission (engine_admission.cpp): preempted sequences and queued requests run as far as sequences and pages are
  // free, or are taken from others.
  void admit();
  std::optional<Candidate> next_candidate();
  bool run(const Candidate& next);
  bool make_way(const Group& next);
  bool start(Group& g);
  bool resume(Sequence& s);
  std::optional<KvSequence> open_pages(const Group& g, bool from_held, std::span<const i32> tokens, i64 known);
  std::unique_ptr<Sequence> new_sequence(Group& g, KvSequence kv);
  Client* client_of(const std::string& name);

  // Pages (engine_pages.cpp): every running sequence gets the page that it needs in this step, if need be at the
  // expense of younger ones.
  void grow();
  bool give_up_held();
  void preempt(std::unique_ptr<Sequence> s);
  std::unique_ptr<Sequence> take_running(const Sequence* s);
  void insert_running(std::unique_ptr<Sequence> s);

  // A step (engine_step.cpp): rows for the model, a token for every row of logits, the end of sequences.
  Status check_weights();
  void build_batch();
  void add_rows(Sequence& s, i64 count);

  // Speculation (engine_draft.cpp): guesses of the next tokens, which the same step checks.
  void add_drafts(Sequence& s, i64 decodes);
  void look_up_drafts(Sequence& s, i64 most);
  bool take_draft(Sequence& s);

  // Predictions (engine_predict.cpp): the next token as the model's MTP module guesses it.
  bool module_may_pay();
  void judge_module(Sequence& s, i64 decodes);
  void judge_prediction(Sequence& s);
  void predict_tokens(const Tensor& hidden);
  bool add_prediction_rows(const Sequence& s, i64 index);
  void draw_predictions(std::span<Sequence* const> sequences, const Tensor& logits);

  // Prompts (engine_prefill.cpp): the prompt tokens of a step, shared out among clients.
  struct Share {
    Sequence* sequence;
    i64 tokens = 0;
    bool waits = false;
  };
  void add_prompts(std::span<Share> shares);
  i64 share_out(std::span<Share> shares, i64 budget);

  // Prefixes (engine_prefix.cpp): prompts share the pages of prompts that begin with the same tokens, also of those
  // that are being computed.
  bool share_prefix(Sequence& s);
  bool waits_for_prefix(const Sequence& s) const;
  void publish_prompts();
  void publish_generated(const Sequence& s);
  Output run_model();
  void store_routes();
  void draw_tokens(const Tensor& logits);
  Result<SampledToken> draw(Sampler& sampler, const Sequence& s, std::span<const float> logits) const;
  void complete_prompt(Sequence& s, std::span<const float> logits);
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
  std::unordered_map<std::string, Client> clients;
  std::unordered_map<RequestId, std::unique_ptr<Group>> groups;
  std::deque<Group*> queue;                        // groups with samples that have not started, by id
  std::vector<std::unique_ptr<Sequence>> running;  // by priority, then oldest first; the last one gives way first
  std::vector<std::unique_ptr<Sequence>> preempted;
  Batch batch;
  RecordedRoutes routes;                   // of the batch; none if per_row() is 0
  std::vector<Sequence*> batch_sequences;  // whose rows the batch has, in its order
  std::vector<Draw> draws;
  // The rows on which the MTP module runs, as rows of `batch`, and the token that follows each of them.
  Batch prediction_batch;
  std::vector<i32> prediction_rows, prediction_next;
  // The sequences of which this step computes a part of the prompt, and the position of the first such token.
  struct PromptChunk {
    Sequence* sequence;
    i64 first;
  };
  std::vector<PromptChunk> chunks;
  std::function<double()> clock = options.clock;
  PrefillPace pace;
  DraftPace draft_pace;
  i64 decode_rows = 0, draft_rows = 0;                // of the step; the others are of prompts and replays
  double prediction_seconds = 0;                      // of the step
  double prediction_chance = kFirstPredictionChance;  // that the MTP module's guess is the next token
  i64 sequences_without_module = 0;                   // that were started one after the other
  std::vector<TokenEvent> events;
  std::vector<PromptEvent> prompts;
  EngineCounters counters;
  RequestId last_id = 0;
  u64 last_age = 0;
  u64 weights_version = 0;  // the sum over `changing`
};

}  // namespace r1
