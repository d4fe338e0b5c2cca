#include "eval/eval.hpp"

#include <algorithm>
#include <fstream>

#include "eval/summary.hpp"
#include "formats/json.hpp"
#include "infer/generate.hpp"
#include "text/text_stream.hpp"
#include "verify/verify.hpp"

namespace r1 {

namespace {

struct Read {
  std::string text, answer;  // everything, and what follows the thinking
  i64 thinking_tokens = 0;
  bool closed = true;  // the thinking came to an end
};

Read read_tokens(const Tokenizer& tokenizer, const Generation& g, const EvalOptions& options) {
  TextStreamOptions how;
  how.thinking = options.starts_thinking;
  TextStream stream(how);
  Read r;
  for (const i32 id : g.tokens) {
    if (std::find(options.stop_ids.begin(), options.stop_ids.end(), id) != options.stop_ids.end()) break;
    const std::string_view bytes = tokenizer.bytes_of(id);
    r.text += bytes;
    r.answer += stream.push(bytes).answer;
  }
  r.closed = stream.channel() == Channel::answer;
  r.answer += stream.finish().answer;
  r.thinking_tokens = stream.thinking_tokens();
  return r;
}

Judged judge(const Problem& problem, const Generation& g, const Read& read) {
  Judged j;
  j.done = true;
  j.truncated = g.finish == Finish::length;
  j.tokens = static_cast<i64>(g.tokens.size());
  j.thinking_tokens = read.thinking_tokens;
  if (!read.closed) return j;  // what it was still thinking is no answer
  j.given = extract_answer(read.answer);
  const auto right = check_answer(problem, read.answer);
  j.right = right && *right;
  j.unchecked = !right;
  return j;
}

std::string log_line(size_t index, i32 sample, const Problem& p, const Generation& g, const Read& r, const Judged& j) {
  Json line = Json::object({{"index", index}, {"sample", sample}, {"prompt", p.prompt}});
  if (!p.kind.empty()) line.set("kind", p.kind);
  if (!p.answer.empty()) line.set("answer", p.answer);
  line.set("given", j.given);
  line.set("right", j.right);
  line.set("tokens", j.tokens);
  line.set("thinking_tokens", j.thinking_tokens);
  line.set("finish", name_of(g.finish));
  line.set("text", r.text);
  return dump(line) + "\n";
}

Result<std::vector<std::vector<i32>>> prompts_of(const Tokenizer& tokenizer, std::span<const Problem> problems,
                                                 const EvalOptions& options) {
  std::vector<std::vector<i32>> prompts;
  for (const Problem& p : problems)
    prompts.push_back(options.encode ? R1_TRY(options.encode(p)) : tokenizer.encode(p.prompt));
  return prompts;
}

}  // namespace

Result<EvalResult> evaluate(Engine& engine, const Tokenizer& tokenizer, std::span<const Problem> problems,
                            const EvalOptions& options) {
  if (options.k < 1) return fail(Errc::invalid_argument, "k is {}, must be at least 1", options.k);
  const auto prompts = R1_TRY(prompts_of(tokenizer, problems, options));
  std::ofstream log;
  if (!options.log.empty()) {
    log.open(options.log, std::ios::trunc);
    if (!log) return fail(Errc::io, "{}: cannot be written", options.log.string());
  }

  std::vector<Judged> judged(problems.size() * options.k);
  i64 done = 0;
  bool log_failed = false;
  std::atomic<bool> stop = options.stop && options.stop->load();  // the caller's, or a log that cannot be written
  GenerateOptions how;
  how.sampling = options.sampling;
  how.max_tokens = options.max_tokens;
  how.stop_ids = options.stop_ids;
  how.samples = options.k;
  how.think = options.think;
  how.stop = &stop;
  how.on_token = [&](size_t, const Event&) {
    stop = log_failed || (options.stop && options.stop->load());
    return true;
  };
  how.on_done = [&](size_t i, i32 sample, const Generation& g) {
    const Read read = read_tokens(tokenizer, g, options);
    Judged& j = judged[i * options.k + sample];
    j = judge(problems[i], g, read);
    if (log.is_open()) log_failed = !(log << log_line(i, sample, problems[i], g, read, j)).flush();
    if (options.progress) options.progress(++done, static_cast<i64>(judged.size()));
  };
  R1_TRY(generate(engine, prompts, how));

  EvalResult result = summarise(problems, judged, options.k);
  result.log_failed = log_failed;
  result.interrupted = options.stop && options.stop->load();
  return result;
}

}  // namespace r1
