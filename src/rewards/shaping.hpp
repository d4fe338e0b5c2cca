// What a reward may hold besides the answer: parts of verify/rewards.hpp, each with a weight. Reinforcement learning
// adds them to the reward of the judge.
//
//   overlong        0 to -1 over the last tokens before the limit, DAPO's soft punishment
//   length_penalty  0 to -1 for the length of a right sample, along half a cosine
//   language        0 to 1, the share of the thinking's words in the wanted language
//   repetition      0 to -1, the share of repeated runs of words
//   declined        1 for declining a problem that has an answer: with a weight between 0 and 1 this is worth more than
//                   a wrong answer and less than the right one
//
// The form gates what would add to a reward: without it the language and declining are worth nothing. It does not gate
// the penalties.
#pragma once
#include <string_view>
#include <vector>

#include "rewards/judge.hpp"
#include "verify/rewards.hpp"

namespace r1 {

struct RewardShaping {
  double overlong_weight = 0, length_weight = 0, language_weight = 0, repetition_weight = 0, declined_weight = 0;
  i64 limit = 0;            // tokens of the longest sample
  i64 overlong_tokens = 0;  // of the last part of it
  Language language = Language::english;
  i64 repetition_words = 4;
};

struct ShapedSample {
  std::string_view text, thinking;  // the whole turn; its thinking
  i64 tokens = 0;
};

struct ShapingPart {
  std::string_view name;
  double weight = 0, value = 0;
};

// The parts whose weight is not 0. A pure function.
std::vector<ShapingPart> shaping_parts(const RewardShaping& shaping, const ShapedSample& sample, const Judgement& j);
// The reward of the judge and the weighted parts. Nothing if there is no reward.
std::optional<double> shaped_reward(const std::optional<double>& reward, std::span<const ShapingPart> parts);

}  // namespace r1
