#include "rewards/shaping.hpp"

namespace r1 {

std::vector<ShapingPart> shaping_parts(const RewardShaping& s, const ShapedSample& sample, const Judgement& j) {
  std::vector<ShapingPart> parts;
  const bool has_form = j.parts.format > 0;
  if (s.overlong_weight != 0)
    parts.push_back({"overlong", s.overlong_weight, soft_overlong(sample.tokens, s.limit, s.overlong_tokens)});
  if (s.length_weight != 0)
    parts.push_back({"length_penalty", s.length_weight,
                     j.kind == JudgementKind::right ? cosine_length(sample.tokens, s.limit, 0, -1) : 0});
  if (s.language_weight != 0)
    parts.push_back({"language", s.language_weight, has_form ? language_consistency(sample.thinking, s.language) : 0});
  if (s.repetition_weight != 0)
    parts.push_back({"repetition", s.repetition_weight, repetition(sample.text, s.repetition_words, -1)});
  if (s.declined_weight != 0)
    parts.push_back({"declined", s.declined_weight, has_form && j.kind == JudgementKind::declined ? 1.0 : 0.0});
  return parts;
}

std::optional<double> shaped_reward(const std::optional<double>& reward, std::span<const ShapingPart> parts) {
  if (!reward) return std::nullopt;
  double sum = *reward;
  for (const ShapingPart& part : parts) sum += part.weight * part.value;
  return sum;
}

}  // namespace r1
