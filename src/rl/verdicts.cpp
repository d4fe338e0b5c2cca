#include "rl/verdicts.hpp"

#include <map>

#include "core/file.hpp"
#include "formats/json.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

using VerdictOf = std::map<std::pair<i64, std::string>, RewardParts>;  // of a sample's number and text

Result<VerdictOf> read_verdicts(const fs::path& path) {
  VerdictOf verdicts;
  R1_TRY(for_each_jsonl(path, [&](i64 line, Json row) -> Status {
    const JsonFields f = R1_TRY(JsonFields::of(row, fmt::format("{}:{}", path.string(), line)));
    RewardParts parts;
    parts.format = R1_TRY(f.number("format"));
    parts.accuracy = R1_TRY(f.number("accuracy"));
    parts.unchecked = R1_TRY(f.boolean("unchecked", false));
    verdicts[{R1_TRY(f.integer("index")), R1_TRY(f.string("text"))}] = parts;
    return {};
  }));
  return verdicts;
}

// The bytes of a sample need not be UTF-8, which JSON text must be.
std::string text_of(const Completion& c) { return c.thinking + std::string(kEndThink) + c.answer; }

std::string line_of(i64 step, i64 index, const Problem& problem, const Completion& c, const RewardParts& parts) {
  Json row = Json::object({{"step", step},
                           {"index", index},
                           {"prompt", problem.prompt},
                           {"kind", problem.kind},
                           {"reward", parts.reward()},
                           {"format", parts.format},
                           {"accuracy", parts.accuracy},
                           {"tokens", c.stats.tokens},
                           {"thinking_tokens", c.stats.thinking_tokens},
                           {"finish", name_of(c.finish)},
                           {"text", text_of(c)}});
  if (parts.unchecked) row.set("unchecked", true);
  return dump(row) + "\n";
}

}  // namespace

fs::path samples_path(const fs::path& run, i64 step) { return run / "samples" / fmt::format("{:06}.jsonl", step); }

Result<std::vector<RewardParts>> judge_step(const fs::path& run, i64 step, std::span<const Problem> problems,
                                            std::span<const Rollout> rollouts) {
  const fs::path path = samples_path(run, step);
  std::error_code code;
  fs::create_directories(path.parent_path(), code);
  VerdictOf known;
  if (fs::exists(path, code)) known = R1_TRY(read_verdicts(path));
  std::vector<RewardParts> verdicts;
  std::string text;
  const size_t samples = rollouts.size() / problems.size();
  for (size_t i = 0; i < rollouts.size(); ++i) {
    const Problem& problem = problems[i / samples];
    const Completion& completion = rollouts[i].completion;
    const auto found = known.find({static_cast<i64>(i), text_of(completion)});
    verdicts.push_back(found != known.end() ? found->second : judge(problem, completion));
    text += line_of(step, static_cast<i64>(i), problem, completion, verdicts.back());
  }
  R1_TRY(write_file(path, text));
  return verdicts;
}

}  // namespace r1
