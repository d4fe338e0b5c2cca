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
  const double tokens = std::max(planned - without_, std::min(kShareBesideDecode * without_, planned)) / per_token_;
  return static_cast<i64>(std::clamp(tokens, static_cast<double>(least), static_cast<double>(most)));
}

void PrefillPace::measured(i64 tokens, double seconds) {
  if (tokens == 0) {
    without_ = follow(without_, seconds);
    return;
  }
  // Prompts may go on for long, and a stall before them must not count so long.
  without_ = std::min(without_, seconds);
  const double of_tokens = std::max(seconds - without_, kLeastShare * seconds);
  per_token_ = follow(per_token_, of_tokens / static_cast<double>(tokens));
  limit_ = std::max(limit_, 2 * tokens);
}

}  // namespace r1
