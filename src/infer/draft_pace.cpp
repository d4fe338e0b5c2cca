#include "infer/draft_pace.hpp"

#include <algorithm>

namespace r1 {
namespace {

constexpr double kWeight = 0.2;  // of a new measurement
constexpr i64 kMostSteps = 64;   // with drafts, until a step without them is measured again

// A value that has not been measured yet is 0.
void follow(double& value, double measured) { value = value == 0 ? measured : value + kWeight * (measured - value); }

}  // namespace

bool DraftPace::pays(i64 decodes, double chance) const {
  if (decodes < 1 || decodes > kMostDecodes) return false;
  const Step& step = steps_[decodes];
  if (step.seconds == 0 || step.age >= kMostSteps) return false;
  return chance * step.seconds > per_row_ * static_cast<double>(decodes);
}

void DraftPace::measured(i64 decodes, i64 drafts, double seconds) {
  if (decodes < 1 || decodes > kMostDecodes) return;
  Step& step = steps_[decodes];
  if (drafts == 0) {
    follow(step.seconds, seconds);
    step.age = 0;
    return;
  }
  ++step.age;
  const double of_row = std::max(0.0, seconds - step.seconds) / static_cast<double>(drafts);
  per_row_ += kWeight * (of_row - per_row_);
}

bool DraftPace::module_pays(i64 decodes, double chance) const {
  if (decodes < 1 || decodes > kMostDecodes) return false;
  const Step& step = steps_[decodes];
  if (step.seconds == 0 || step.module_seconds == 0) return true;
  return chance * step.seconds > per_row_ * static_cast<double>(decodes) + step.module_seconds;
}

void DraftPace::module_measured(i64 decodes, double seconds) {
  if (decodes >= 1 && decodes <= kMostDecodes) follow(steps_[decodes].module_seconds, seconds);
}

}  // namespace r1
