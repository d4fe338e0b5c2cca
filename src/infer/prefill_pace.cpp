#include "infer/prefill_pace.hpp"

#include <algorithm>

namespace r1 {
namespace {

constexpr double kMargin = 0.8;  // of the time is planned: attention takes longer the longer the prompt already is
// Of the time of a step without prompt tokens, prompts have this much more in any case. Otherwise many running
// sequences whose step alone takes all the time would keep new ones waiting until they end.
constexpr double kShareBesideDecode = 0.5;
constexpr double kWeight = 0.2;      // of a new measurement
constexpr double kLeastShare = 0.1;  // of a step is the time of its prompt tokens, even if it was no longer than others

// A slower step counts at once, a faster one bit by bit.
double follow(double value, double measured) {
  return measured > value ? measured : value + kWeight * (measured - value);
}

}  // namespace

i64 PrefillPace::tokens() const {
  if (seconds_ <= 0) return most_;
  const i64 most = std::min(limit_, most_), least = std::min(kLeast, most_);
  if (per_token_ == 0) return most;
  const double planned = kMargin * seconds_;
  const double tokens = std::max(planned - decoding_, std::min(kShareBesideDecode * decoding_, planned)) / per_token_;
  return static_cast<i64>(std::clamp(tokens, static_cast<double>(least), static_cast<double>(most)));
}

void PrefillPace::measured(i64 decodes, i64 tokens, double seconds) {
  if (tokens == 0) {
    without_ = decoding_ = follow(without_, seconds);
    without_decodes_ = decodes;
    return;
  }
  // Prompts may go on for long, and a stall before them must not count so long.
  without_ = std::min(without_, seconds);
  decoding_ = time_of_decodes(decodes, tokens, seconds);
  const double of_tokens = std::max(seconds - decoding_, kLeastShare * seconds);
  per_token_ = follow(per_token_, of_tokens / static_cast<double>(tokens));
  limit_ = std::max(limit_, 2 * tokens);
}

// What a step of `seconds` spent on its sequences that decode: as much as on as many prompt tokens, within what is
// known from the last step without prompt tokens. More sequences cost no less than those, and no more than in
// proportion.
double PrefillPace::time_of_decodes(i64 decodes, i64 tokens, double seconds) const {
  const double alike = seconds * static_cast<double>(decodes) / static_cast<double>(decodes + tokens);
  if (without_decodes_ == 0) return alike;
  const double in_proportion = without_ * static_cast<double>(decodes) / static_cast<double>(without_decodes_);
  return std::clamp(alike, std::min(without_, in_proportion), std::max(without_, in_proportion));
}

}  // namespace r1
