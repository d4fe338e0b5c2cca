#include "eval/sampling.hpp"

#include <set>

#include "core/file.hpp"

namespace r1 {
namespace {

Json conversation(const Problem& p, const LoggedCompletion& c, const std::string& turn) {
  Json::Array messages;
  for (const Message& m : messages_of(p)) messages.push_back(Json::object({{"role", m.role}, {"content", m.content}}));
  messages.push_back(Json::object({{"role", "assistant"}, {"content", turn}}));
  Json row = Json::object({{"messages", std::move(messages)}, {"index", c.index}, {"sample", c.sample}});
  if (!p.id.empty()) row.set("id", p.id);
  if (!p.kind.empty()) row.set("kind", p.kind).set("difficulty", p.difficulty);
  return row;
}

Status write_line(AtomicFile& file, const Json& line) {
  const std::string text = dump(line) + "\n";
  return file.write(text.data(), std::ssize(text));
}

}  // namespace

Result<SamplingResult> sample_conversations(Engine& engine, const Tokenizer& tokenizer,
                                            std::span<const Problem> problems, Judge& judge, const EvalOptions& options,
                                            const SelectionRules& rules, const std::filesystem::path& out) {
  SamplingResult result;
  result.evaluation = R1_TRY(evaluate(engine, tokenizer, problems, judge, options));
  if (result.evaluation.interrupted || result.evaluation.failure) return result;

  const auto log = R1_TRY(EvalLog::open(options.log, options.settings, problems.size(), options.k, options.log_flag));
  const std::vector<LoggedCompletion>& found = log.found();
  std::vector<bool> opens_thinking;  // of the problems
  u64 seed = 0;
  for (const Problem& p : problems) {
    const CompletionRequest request = R1_TRY(options.request(p));
    opens_thinking.push_back(request.channel == Channel::thinking);
    seed = request.sampling.seed;
  }
  std::vector<std::string> turns;
  for (const LoggedCompletion& c : found) turns.push_back(turn_text(opens_thinking[c.index], c.text));
  const std::vector<Selected> selected = select_completions(problems, found, turns, rules);

  AtomicFile conversations = R1_TRY(AtomicFile::create(out)), decisions = R1_TRY(AtomicFile::create(options.log));
  R1_TRY(write_line(decisions, log_header(options.settings)));
  std::set<std::string> prompts;
  for (size_t i = 0; i < found.size(); ++i) {
    const LoggedCompletion& c = found[i];
    const Problem& p = problems[c.index];
    const Selected& s = selected[i];
    Json line = log_line(c, p, seed);
    line.set("decision", name_of(s.decision));
    if (s.duplicate_of) {
      const LoggedCompletion& kept = found[*s.duplicate_of];
      line.set("duplicate_of", Json::object({{"index", kept.index}, {"sample", kept.sample}}));
    }
    R1_TRY(write_line(decisions, line));
    if (s.decision == Decision::kept) R1_TRY(write_line(conversations, conversation(p, c, turns[i])));
    prompts.insert(conversation_text(p));
    ++result.samples;
    ++result.decisions[static_cast<size_t>(s.decision)];
    result.verified += c.graded.right();
  }
  result.prompts = std::ssize(prompts);
  R1_TRY(conversations.commit());
  R1_TRY(decisions.commit());
  return result;
}

}  // namespace r1
