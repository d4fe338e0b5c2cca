#include "rl/rollout.hpp"

#include <cmath>
#include <map>

namespace r1 {

Document rollout_document(std::span<const i32> prompt, std::span<const i32> drawn, std::span<const float> logprobs,
                          RecordedRoutes routes) {
  R1_CHECK(!prompt.empty() && drawn.size() == logprobs.size(), "a prompt of {} tokens, {} drawn with {} values",
           prompt.size(), drawn.size(), logprobs.size());
  std::vector<i32> tokens(prompt.begin(), prompt.end());
  tokens.insert(tokens.end(), drawn.begin(), drawn.end());
  Document d = make_document(std::move(tokens), std::ssize(prompt));
  d.old_logprobs.assign(d.tokens.size(), 0.0f);
  for (size_t i = 0; i < drawn.size(); ++i) {
    const size_t row = prompt.size() + i - 1;
    if (std::isnan(logprobs[i])) d.targets[row] = -1;
    else d.old_logprobs[row] = logprobs[i];
  }
  if (routes.empty()) return d;
  const i64 rows = std::ssize(d.tokens);
  R1_CHECK(std::ssize(routes.expert) == (rows - 1) * routes.per_row(), "{} routes of {} tokens, {} per token",
           routes.expert.size(), rows, routes.per_row());
  routes.expert.resize(rows * routes.per_row(), RecordedRoutes::kNone);
  d.routes = std::move(routes);
  return d;
}

Result<std::vector<Rollout>> draw_rollouts(Engine& engine, const Tokenizer& tokenizer, const ChatTemplate& chat,
                                           std::span<const Problem> problems, u64 first_stream,
                                           const RolloutSettings& settings, const std::atomic<bool>* stop) {
  std::vector<Rollout> rollouts(problems.size() * static_cast<size_t>(settings.samples));
  std::map<RequestId, size_t> first_of;  // the request's first result
  Completions completions(engine, tokenizer, stop);
  for (size_t i = 0; i < problems.size(); ++i) {
    const std::vector<Message> messages = messages_of(problems[i]);
    ChatPrompt prompt = R1_TRY(chat.encode(tokenizer, {.messages = messages}));
    CompletionRequest r;
    r.prompt = prompt.ids;
    r.sampling = {.temperature = settings.temperature,
                  .top_p = 1,
                  .top_k = 0,
                  .min_p = 0,
                  .repetition_penalty = 1,
                  .seed = settings.seed,
                  .top_logprobs = 0};
    r.max_tokens = settings.max_tokens;
    r.stop_ids = settings.stop_ids;
    r.samples = static_cast<i32>(settings.samples);
    r.stream = first_stream + i;
    r.channel = prompt.thinking ? Channel::thinking : Channel::answer;
    const size_t first = i * static_cast<size_t>(settings.samples);
    for (i64 k = 0; k < settings.samples; ++k) {
      Rollout& rollout = rollouts[first + static_cast<size_t>(k)];
      rollout.prompt = prompt.ids, rollout.opened_thinking = prompt.thinking;
    }
    const auto id = completions.submit(std::move(r));
    if (!id) return tl::unexpected(Error(id.error()).in(fmt::format("problem {}", first_stream + i)));
    first_of[*id] = first;
  }
  while (completions.busy())
    for (const CompletionEvent& event : R1_TRY(completions.step())) {
      if (event.finish == FinishReason::failed)
        return fail(Errc::corrupt, "problem {}: {}", first_stream + first_of.at(event.request), event.failure);
      rollouts[first_of.at(event.request) + static_cast<size_t>(event.sample)].completion.append(event);
    }
  if (stop && stop->load()) return fail(Errc::interrupted, "interrupted while samples were drawn");
  return rollouts;
}

}  // namespace r1
