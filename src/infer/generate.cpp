#include "infer/generate.hpp"

namespace r1 {

Result<std::vector<Generation>> generate(Engine& engine, std::span<const std::vector<i32>> prompts,
                                         const GenerateOptions& options) {
  R1_CHECK(!engine.busy(), "generate() on an engine with work of its own");
  const size_t samples = static_cast<size_t>(std::max(options.samples, 1));
  std::vector<Generation> out(prompts.size() * samples);
  std::vector<RequestId> ids;
  const auto give_up = [&](Error error) {
    for (const RequestId id : ids) engine.cancel(id);
    return tl::unexpected(std::move(error));
  };
  for (size_t i = 0; i < prompts.size(); ++i) {
    const auto id = engine.submit({prompts[i], options.sampling, options.max_tokens, options.stop_ids, options.samples,
                                   options.first_stream + i, 0, options.think});
    if (!id) return give_up(Error(id.error()).in(fmt::format("prompt {}", i)));
    ids.push_back(*id);
  }

  while (engine.busy() && !(options.stop && options.stop->load(std::memory_order_relaxed))) {
    const auto events = engine.step();
    if (!events) return give_up(events.error());
    for (const Event& e : *events) {
      const size_t prompt = static_cast<size_t>(e.id - ids.front());  // ids are consecutive
      Generation& g = out[prompt * samples + e.sample];
      if (e.finish == Finish::failed)
        return give_up(
            {Errc::corrupt, fmt::format("prompt {}, token {}: {}", prompt, g.tokens.size(), engine.failure())});
      g.tokens.push_back(e.token);
      g.logprobs.push_back(e.logprob);
      g.finish = e.finish;
      const bool go_on = !options.on_token || options.on_token(prompt, e);
      if (!go_on && g.finish == Finish::none) {
        g.finish = Finish::stop;
        engine.finish_sample(e.id, e.sample);
      }
      if (g.finish != Finish::none && options.on_done) options.on_done(prompt, e.sample, g);
    }
  }
  for (const RequestId id : ids) engine.cancel(id);
  return out;
}

}  // namespace r1
