// The samples of a run with their verdicts: RUN/samples/STEP.jsonl, written before the update of the step. A run that
// repeats a step after a crash draws the same samples and takes the verdicts from the file, because a judge may decide
// otherwise a second time, such as one that runs programs against a clock.
#pragma once
#include <filesystem>
#include <span>
#include <vector>

#include "rewards/judge.hpp"
#include "rewards/shaping.hpp"
#include "rl/rollout.hpp"

namespace r1 {

// Judges rollouts. Each problem has the same number of them, in the order of the problems. A sample that did not end by
// itself has no answer. Errors: the reward program failed too often.
Result<std::vector<Judgement>> judge_rollouts(Judge& judge, std::span<const Problem> problems,
                                              std::span<const Rollout> rollouts);
// Judges the rollouts of a step, adds the parts of `shaping` to their rewards and writes the file. If the file exists,
// a sample with the number, prompt and text of one of its lines gets the verdict of that line, and a file that has all
// samples stays as it is. A step that draws again must therefore pass all samples that it has drawn so far. Errors:
// those of judge_rollouts; the file cannot be written, or is damaged.
Result<std::vector<Judgement>> judge_step(Judge& judge, const RewardShaping& shaping, const std::filesystem::path& run,
                                          i64 step, std::span<const Problem> problems,
                                          std::span<const Rollout> rollouts);
// The shaping parts of a sample's reward.
std::vector<ShapingPart> shaping_parts(const RewardShaping& shaping, const Rollout& rollout,
                                       const Judgement& judgement);
std::filesystem::path samples_path(const std::filesystem::path& run, i64 step);

}  // namespace r1
