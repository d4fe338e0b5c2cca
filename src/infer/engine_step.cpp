// One step: admission, a batch, the model's forward, a token for every row of logits, the end of sequences.
#include <algorithm>
#include <cmath>
#include <utility>

#include "core/clock.hpp"
#include "infer/engine_state.hpp"

namespace r1 {

Engine::State::State(const Model& m, const EngineOptions& o, KvCache c, RecordedRoutes r)
    : model(m), options(o), cache(std::move(c)), routes(std::move(r)), pace(o.step_seconds, o.max_batch_tokens) {
  if (!clock) clock = seconds_now;
  for (int i = 0; i < options.pool->threads(); ++i) samplers.emplace_back(*options.kernels);
  for (const Weight& w : m.weights())
    if (w.trainable()) changing.push_back(w);
  for (const Weight& w : m.router_biases())
    if (w) changing.push_back(w);
}

Result<std::span<TokenEvent>> Engine::step() {
  State& s = *state_;
  const double begin = s.clock();
  s.events.clear(), s.prompts.clear();
  R1_TRY(s.check_weights());
  s.admit();
  s.grow();
  s.build_batch();
  if (s.batch.rows() > 0) {
    const Output out = s.run_model();
    s.publish_prompts();
    s.draw_tokens(out.logits);
    s.predict_tokens(out.hidden);
    s.sweep();
    ++s.counters.steps;
    const i64 prompt_rows = s.batch.rows() - s.decode_rows - s.draft_rows;
    const double seconds = s.clock() - begin;
    if (prompt_rows == 0) s.draft_pace.measured(s.decode_rows, s.draft_rows, seconds - s.prediction_seconds);
    if (s.draft_rows == 0) s.pace.measured(s.decode_rows, prompt_rows, seconds);
  }
  s.counters.step_seconds += s.clock() - begin;
  return std::span<TokenEvent>(s.events);
}

// New weights are accepted between sequences only; pages that were computed with the old ones are forgotten.
Status Engine::State::check_weights() {
  u64 sum = 0;  // versions only grow, so the sum changes if any of them does
  for (const Weight& w : changing) sum += w.version();
  if (sum == weights_version) return {};
  if (cache.pages_in_use() > 0 || !preempted.empty())
    return fail(Errc::invalid_argument, "the weights changed while {} requests are running", groups.size());
  weights_version = sum;
  cache.set_version(sum);
  return {};
}

// The next token of every running sequence comes first, then prompts and replays as far as the step's budget goes.
void Engine::State::build_batch() {
  batch.tokens.clear(), batch.positions.clear(), batch.roles.clear(), batch.want.clear();
  batch.seq_begin.assign(1, 0);
  cache.view().tables.clear();
  batch_sequences.clear(), draws.clear(), chunks.clear();
  std::vector<Share> shares;
  for (const auto& s : running) {
    s->drafts.clear();
    if (!s->decodes()) shares.push_back({s.get()});
  }
  decode_rows = std::ssize(running) - std::ssize(shares);
  for (const auto& s : running) {
    if (!s->decodes()) continue;
    judge_module(*s, decode_rows);
    if (shares.empty()) add_drafts(*s, decode_rows);
    add_rows(*s, 1);
  }
  draft_rows = batch.rows() - decode_rows;
  counters.drafts += draft_rows;
  add_prompts(shares);
}

// The sequence's next `count` tokens. The last of all that it knows has a row of logits, and so have its drafts.
void Engine::State::add_rows(Sequence& s, i64 count) {
  const i64 end = s.position + count, first = std::clamp(s.computed, s.position, end);
  const i64 prompt_end = std::clamp(s.prompt(), first, end);
  counters.replayed_tokens += first - s.position;
  counters.prefill_tokens += prompt_end - first;
  counters.decode_tokens += end - prompt_end;
  s.group->client->service += end - first;
  for (; s.position < end; ++s.position) {
    batch.tokens.push_back(s.token(s.position));
    batch.positions.push_back(static_cast<i32>(s.position));
    batch.roles.push_back(s.position < s.prompt() ? Role::prompt : Role::generated);
  }
  for (i64 i = 0; i < std::ssize(s.drafts); ++i) {
    batch.tokens.push_back(s.drafts[i]);
    batch.positions.push_back(static_cast<i32>(s.position + i));
    batch.roles.push_back(Role::generated);
  }
  batch.seq_begin.push_back(static_cast<i32>(batch.rows()));
  batch_sequences.push_back(&s);
  cache.view().tables.push_back(s.kv.pages);
  s.computed = std::max(s.computed, s.position);
  if (s.left() > 0) return;
  draws.push_back({&s, std::ssize(batch.want)});
  for (i64 row = batch.rows() - 1 - std::ssize(s.drafts); row < batch.rows(); ++row)
    batch.want.push_back(static_cast<i32>(row));
}

void Engine::State::report_prompt(const Sequence& s) {
  prompts.push_back({s.group->id, std::ssize(s.group->request.prompt), s.group->cached, s.position});
}

Output Engine::State::run_model() {
  Pass pass{batch, arena, *options.pool, *options.kernels, options.numerics, nullptr, &cache.view()};
  pass.hidden_rows = HiddenRows::wanted;
  if (std::ranges::any_of(batch_sequences, &Sequence::has_module)) pass.hidden_rows = HiddenRows::all;
  if (routes.per_row() > 0) {
    routes.clear(batch.rows());
    pass.record_routes = &routes;
    pass.hidden_rows = HiddenRows::all;
  }
  const double begin = clock();
  const Output out = model.forward(pass);
  counters.forward_seconds += clock() - begin;
  store_routes();
  R1_CHECK(out.logits.rows() == std::ssize(batch.want), "{} rows of logits for {} wanted", out.logits.rows(),
           batch.want.size());
  return out;
}

// The routes of the batch's rows go to the pages of their tokens.
void Engine::State::store_routes() {
  for (i64 s = 0; routes.per_row() > 0 && s < batch.sequences(); ++s) {
    const i64 begin = batch.seq_begin[s], rows = batch.seq_begin[s + 1] - begin;
    cache.write_routes(cache.view().tables[s], batch.positions[begin],
                       std::span(routes.expert).subspan(begin * routes.per_row(), rows * routes.per_row()));
  }
}

// Every sequence draws a token; those whose token is their next draft draw again, from the draft's row.
void Engine::State::draw_tokens(const Tensor& logits) {
  const auto row = [&](const Draw& d) { return std::span<const float>(logits.row(d.row), logits.cols()); };
  while (!draws.empty()) {
    options.pool->run(std::ssize(draws), [&](i64 i, int worker) {
      draws[i].sampled = draw(samplers[worker], *draws[i].sequence, row(draws[i]));
    });
    std::vector<Draw> further;
    for (Draw& d : draws) {
      Sequence& s = *d.sequence;
      if (s.generated.empty()) complete_prompt(s, row(d));
      take_token(s, std::move(d.sampled));
      judge_prediction(s);
      if (take_draft(s)) further.push_back({&s, d.row + 1});
    }
    draws = std::move(further);
  }
}

Result<SampledToken> Engine::State::draw(Sampler& sampler, const Sequence& s, std::span<const float> logits) const {
  const GenerationRequest& r = s.group->request;
  const SampleKey key{r.sampling.seed, r.stream, static_cast<u32>(s.sample), static_cast<u32>(s.known())};
  SampleContext context{.prompt = r.prompt, .generated = s.generated};
  if (s.constraint) {
    context.allowed = s.constraint->allowed();
    if (const auto why = s.constraint->failure(); !why.empty()) return fail(Errc::exhausted, "{}", why);
  }
  return sampler.sample(logits, r.sampling, key, context);
}

// The prompt's keys are complete, and its group's other samples continue from all of them.
void Engine::State::complete_prompt(Sequence& s, std::span<const float> logits) {
  Group& g = *s.group;
  g.prompt_done = true;
  if (g.started >= g.request.samples || !g.held.pages.empty()) return;
  g.held = cache.hold(s.kv, s.position);
  g.logits.assign(logits.begin(), logits.end());
}

void Engine::State::take_token(Sequence& s, Result<SampledToken> sampled) {
  const GenerationRequest& r = s.group->request;
  TokenEvent e;
  e.id = s.group->id;
  e.sample = s.sample;
  if (sampled) {
    e.token = sampled->token;
    e.logprob = sampled->logprob;
    e.top = std::move(sampled->top);
    if (routes.per_row() > 0) e.routes = cache.routes(s.kv, std::exchange(s.routes_reported, s.position), s.position);
    if ((r.think.tokens >= 0 || !r.think.close.empty()) && !s.thinking_ended) apply_think_budget(s, r.think, e);
    s.generated.push_back(e.token);
    if (s.constraint) s.constraint->accept(e.token);
    if (std::find(r.stop_ids.begin(), r.stop_ids.end(), e.token) != r.stop_ids.end()) e.finish = Finish::stop;
    else if (std::ssize(s.generated) == r.max_tokens) e.finish = Finish::length;
  } else {
    e.failure = sampled.error().what;
    e.finish = Finish::failed;
  }
  if (e.finish != Finish::none) end(s);
  events.push_back(std::move(e));
}

void Engine::State::apply_think_budget(Sequence& s, const ThinkBudget& budget, TokenEvent& e) {
  const bool over = s.group->close_thinking || (budget.tokens >= 0 && std::ssize(s.generated) >= budget.tokens);
  if (budget.open >= 0 && s.generated.empty()) {
    s.thinking_ended = e.token != budget.open;
  } else if (over && s.forced < std::ssize(budget.close)) {
    e.token = budget.close[s.forced++];
    e.logprob = NAN;
    e.forced = true;
    s.thinking_ended = s.forced == std::ssize(budget.close);
  } else {
    s.thinking_ended = e.token == budget.end;
  }
}

void Engine::State::end(Sequence& s) {
  s.done = true;
  if (std::exchange(s.runs, false)) --s.group->client->running;
  publish_generated(s);
  cache.close(s.kv);
  --s.group->live;
}

void Engine::State::sweep() {
  std::vector<RequestId> ended;  // several may be of one group, which must live until the last of them is removed
  for (auto* sequences : {&running, &preempted})
    std::erase_if(*sequences, [&](const auto& s) {
      if (s->done) ended.push_back(s->group->id);
      return s->done;
    });
  for (const RequestId id : ended)
    if (const auto g = groups.find(id); g != groups.end()) erase_if_complete(*g->second);
}

void Engine::State::erase_if_complete(Group& g) {
  if (g.live > 0 || g.started < g.request.samples) return;
  if (--g.client->groups == 0) clients.erase(g.request.client);
  groups.erase(g.id);
}

}  // namespace r1
