#include "infer/prefill_pace.hpp"

#include <algorithm>

namespace r1 {
namespace {

constexpr i64 kFirst = 32;       // tokens of the first step, before anything is measured
constexpr double kMargin = 0.8;  // of the time is planned: attention takes longer the longer the prompt already is
constexpr double kWeight = 0.2;  // of a new measurement

// A slower step counts at once, a faster one bit by bit.
double follow(double value, double measured) {
  return measured > value ? measured : value + kWeight * (measured - value);
}

}  // namespace

i64 PrefillPace::tokens() const {
  if (seconds_ <= 0) return most_;
  if (per_token_ == 0) return std::min(kFirst, most_);
  const double tokens = (kMargin * seconds_ - without_) / per_token_;
  return static_cast<i64>(std::clamp(tokens, static_cast<double>(std::min(kLeast, most_)), static_cast<double>(most_)));
}

void PrefillPace::measured(i64 tokens, double seconds) {
  if (tokens == 0) without_ = follow(without_, seconds);
  else per_token_ = follow(per_token_, std::max(seconds - without_, 0.0) / static_cast<double>(tokens));
}

}  // namespace r1
