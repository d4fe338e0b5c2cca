#include "rl/verdicts.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "core/file.hpp"
#include "formats/json.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

// Of a sample's number, prompt and text.
using VerdictOf = std::map<std::tuple<i64, std::string, std::string>, Judgement>;

// A number, or null for what could not be judged.
Result<std::optional<double>> number_or_null(const JsonFields& fields, std::string_view key) {
  const Json* value = fields.find(key);
  if (!value || value->is_null()) return std::optional<double>();
  return std::optional(R1_TRY(fields.number(key)));
}
Json json_of(const std::optional<double>& number) { return number ? Json(*number) : Json(); }

Result<VerdictOf> read_verdicts(const fs::path& path) {
  VerdictOf verdicts;
  R1_TRY(for_each_jsonl(path, [&](i64 line, Json row) -> Status {
    const JsonFields f = R1_TRY(JsonFields::of(row, fmt::format("{}:{}", path.string(), line)));
    Judgement j;
    const std::string name = R1_TRY(f.string("verdict"));
    const auto kind = judgement_kind_named(name);
    if (!kind) return fail(Errc::corrupt, "{}: {} is no verdict", f.where("verdict"), quoted_text(name));
    j.kind = *kind;
    j.parts.format = R1_TRY(f.number("format"));
    j.parts.accuracy = R1_TRY(number_or_null(f, "accuracy"));
    j.parts.own = R1_TRY(number_or_null(f, "own"));
    j.reward = R1_TRY(number_or_null(f, "reward"));
    verdicts[{R1_TRY(f.integer("index")), R1_TRY(f.string("prompt")), R1_TRY(f.string("text"))}] = j;
    return {};
  }));
  return verdicts;
}

// What the model wrote, behind the <think> of the prompt if there is one.
std::string text_of(const Rollout& r) {
  return valid_utf8((r.opened_thinking ? "<think>\n" : "") + r.completion.bytes);
}

std::string line_of(i64 step, i64 index, const Problem& problem, const Rollout& rollout, const Judgement& judgement,
                    std::span<const ShapingPart> shaping) {
  const Completion& c = rollout.completion;
  Json row = Json::object({{"step", step},
                           {"index", index},
                           {"prompt", problem.prompt},
                           {"kind", problem.kind},
                           {"difficulty", problem.difficulty},
                           {"verdict", name_of(judgement.kind)},
                           {"reward", json_of(judgement.reward)},
                           {"format", judgement.parts.format},
                           {"accuracy", json_of(judgement.parts.accuracy)}});
  if (judgement.parts.own) row.set("own", *judgement.parts.own);
  for (const ShapingPart& part : shaping) row.set(part.name, part.value);
  row.set("tokens", c.stats.tokens)
      .set("thinking_tokens", c.stats.thinking_tokens)
      .set("finish", name_of(c.finish))
      .set("text", text_of(rollout));
  return dump(row) + "\n";
}

// Judges the rollouts that `verdicts` has no verdict for.
Status judge_missing(Judge& judge, std::span<const Problem> problems, std::span<const Rollout> rollouts,
                     std::vector<std::optional<Judgement>>& verdicts) {
  const size_t samples = rollouts.size() / problems.size();
  for (size_t i = 0; i < rollouts.size(); ++i) {
    if (verdicts[i]) continue;
    const Rollout& r = rollouts[i];
    judge.submit(i, problems[i / samples],
                 {.text = text_of(r),
                  .form = r.opened_thinking ? TurnForm::thinking : TurnForm::plain,
                  .finished = r.completion.finish == FinishReason::stop_token});
  }
  while (judge.busy()) {
    for (Judge::Finished& finished : judge.finished(std::chrono::milliseconds(100)))
      verdicts[finished.ticket] = std::move(finished.judgement);
    R1_TRY(judge.health());
  }
  return {};
}

std::vector<Judgement> all_of(std::vector<std::optional<Judgement>> verdicts) {
  std::vector<Judgement> all;
  for (std::optional<Judgement>& v : verdicts) all.push_back(std::move(*v));
  return all;
}

}  // namespace

fs::path samples_path(const fs::path& run, i64 step) { return run / "samples" / fmt::format("{:06}.jsonl", step); }

Result<std::vector<Judgement>> judge_rollouts(Judge& judge, std::span<const Problem> problems,
                                              std::span<const Rollout> rollouts) {
  std::vector<std::optional<Judgement>> verdicts(rollouts.size());
  R1_TRY(judge_missing(judge, problems, rollouts, verdicts));
  return all_of(std::move(verdicts));
}

std::vector<ShapingPart> shaping_parts(const RewardShaping& shaping, const Rollout& rollout,
                                       const Judgement& judgement) {
  const Completion& c = rollout.completion;
  return shaping_parts(shaping, {.text = c.bytes, .thinking = c.thinking, .tokens = c.stats.tokens}, judgement);
}

Result<std::vector<Judgement>> judge_step(Judge& judge, const RewardShaping& shaping, const fs::path& run, i64 step,
                                          std::span<const Problem> problems, std::span<const Rollout> rollouts) {
  const fs::path path = samples_path(run, step);
  const size_t samples = rollouts.size() / problems.size();
  std::error_code code;
  fs::create_directories(path.parent_path(), code);
  std::vector<std::optional<Judgement>> verdicts(rollouts.size());
  if (fs::exists(path, code)) {
    const VerdictOf known = R1_TRY(read_verdicts(path));
    for (size_t i = 0; i < rollouts.size(); ++i)
      if (const auto found = known.find({static_cast<i64>(i), problems[i / samples].prompt, text_of(rollouts[i])});
          found != known.end())
        verdicts[i] = found->second;
  }
  std::vector<u8> is_new;
  for (const auto& verdict : verdicts) is_new.push_back(!verdict);
  R1_TRY(judge_missing(judge, problems, rollouts, verdicts));
  std::vector<Judgement> judgements = all_of(std::move(verdicts));
  std::string text;
  for (size_t i = 0; i < rollouts.size(); ++i) {
    const auto parts = shaping_parts(shaping, rollouts[i], judgements[i]);
    if (is_new[i]) judgements[i].reward = shaped_reward(judgements[i].reward, parts);
    text += line_of(step, static_cast<i64>(i), problems[i / samples], rollouts[i], judgements[i], parts);
  }
  if (std::count(is_new.begin(), is_new.end(), 1) > 0) R1_TRY(write_file(path, text));
  return judgements;
}

}  // namespace r1
