#include "eval/eval.hpp"

#include <fstream>

#include "eval/summary.hpp"
#include "formats/json.hpp"

namespace r1 {

namespace {

GradedCompletion grade(const Problem& problem, const Completion& completion) {
  GradedCompletion g;
  g.done = true;
  g.truncated = completion.finish == FinishReason::length;
  g.tokens = completion.stats.tokens;
  g.thinking_tokens = completion.stats.thinking_tokens;
  if (completion.channel == Channel::thinking) return g;  // the thinking did not end, so there is no answer
  g.given = given_answer(problem.checker, completion.answer);
  const auto right = check_answer(problem.checker, completion.answer);
  g.right = right && *right;
  g.unchecked = !right;
  return g;
}

std::string log_line(size_t index, i32 sample, const Problem& p, const Completion& c, const GradedCompletion& g) {
  Json line = Json::object({{"index", index}, {"sample", sample}, {"prompt", p.prompt}});
  if (!p.kind.empty()) line.set("kind", p.kind);
  if (const auto expected = expected_answer(p.checker); !expected.empty()) line.set("answer", expected);
  line.set("given", g.given);
  line.set("right", g.right);
  line.set("tokens", g.tokens);
  line.set("thinking_tokens", g.thinking_tokens);
  line.set("finish", name_of(c.finish));
  line.set("text", c.bytes);
  return dump(line) + "\n";
}

}  // namespace

Result<EvalResult> evaluate(Engine& engine, const Tokenizer& tokenizer, std::span<const Problem> problems,
                            const EvalOptions& options) {
  if (options.k < 1) return fail(Errc::invalid_argument, "k is {}, must be at least 1", options.k);
  Completions completions(engine, tokenizer, options.stop);
  std::map<RequestId, size_t> index_of;  // of the request's problem
  for (size_t i = 0; i < problems.size(); ++i) {
    CompletionRequest request = R1_TRY(options.request(problems[i]));
    request.samples = options.k;
    request.stream = i;
    const auto id = completions.submit(std::move(request));
    if (!id) return tl::unexpected(Error(id.error()).in(fmt::format("prompt {}", i)));
    index_of[*id] = i;
  }
  std::ofstream log;
  if (!options.log.empty()) {
    log.open(options.log, std::ios::trunc);
    if (!log) return fail(Errc::io, "{}: cannot be written", options.log.string());
  }

  std::vector<GradedCompletion> graded(problems.size() * options.k);
  std::map<std::pair<RequestId, i32>, Completion> running;
  i64 done = 0;
  bool log_failed = false;
  while (completions.busy() && !log_failed) {
    for (const CompletionEvent& event : R1_TRY(completions.step())) {
      const size_t i = index_of.at(event.request);
      const auto entry = running.try_emplace({event.request, event.sample}).first;
      Completion& completion = entry->second;
      if (event.finish == FinishReason::failed)
        return fail(Errc::corrupt, "prompt {}, token {}: {}", i, completion.tokens.size(), event.failure);
      completion.append(event);
      if (event.finish == FinishReason::none || event.finish == FinishReason::interrupted) continue;
      GradedCompletion& g = graded[i * options.k + event.sample];
      g = grade(problems[i], completion);
      if (log.is_open()) log_failed = !(log << log_line(i, event.sample, problems[i], completion, g)).flush();
      if (options.progress) options.progress(++done, std::ssize(graded));
      running.erase(entry);
    }
  }

  EvalResult result = summarise(problems, graded, options.k);
  result.log_failed = log_failed;
  result.interrupted = options.stop && options.stop->load();
  return result;
}

}  // namespace r1
