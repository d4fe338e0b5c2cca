#include "infer/draft_pace.hpp"

#include <algorithm>

namespace r1 {
namespace {

constexpr double kWeight = 0.2;  // of a new measurement
constexpr i64 kMostSteps = 64;   // with drafts, until a step without them is measured again

}  // namespace

bool DraftPace::pays(i64 decodes, double chance) const {
  if (decodes < 1 || decodes > kMostDecodes) return false;
  const Plain& plain = plain_[decodes];
  if (plain.seconds == 0 || plain.age >= kMostSteps) return false;
  return chance * plain.seconds > per_row_ * static_cast<double>(decodes);
}

void DraftPace::measured(i64 decodes, i64 drafts, double seconds) {
  if (decodes < 1 || decodes > kMostDecodes) return;
  Plain& plain = plain_[decodes];
  if (drafts == 0) {
    plain.seconds = plain.seconds == 0 ? seconds : plain.seconds + kWeight * (seconds - plain.seconds);
    plain.age = 0;
    return;
  }
  ++plain.age;
  const double of_row = std::max(0.0, seconds - plain.seconds) / static_cast<double>(drafts);
  per_row_ += kWeight * (of_row - per_row_);
}

}  // namespace r1
