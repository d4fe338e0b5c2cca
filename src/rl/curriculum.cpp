#include "rl/curriculum.hpp"

namespace r1 {
namespace {

constexpr double kUnknown = 0.5, kRate = 0.1, kFloor = 1.0 / 40;

std::string name_of(std::string_view kind, int level) { return fmt::format("{}:{}", kind, level); }

}  // namespace

TaskMixture mixture_by_level(const TaskMixture& mixture, const SolvedShares& solved) {
  TaskMixture out;
  for (const MixturePart& part : mixture.parts) {
    std::vector<double> learnable;
    double sum = 0;
    for (int level = part.min_difficulty; level <= part.max_difficulty; ++level) {
      const auto found = solved.find(name_of(part.kind, level));
      const double p = found == solved.end() ? kUnknown : found->second;
      learnable.push_back(p * (1 - p) + kFloor);
      sum += learnable.back();
    }
    for (int level = part.min_difficulty; level <= part.max_difficulty; ++level)
      out.parts.push_back({part.kind, level, level, part.weight * learnable[level - part.min_difficulty] / sum});
  }
  return out;
}

void observe(SolvedShares& solved, const Problem& problem, double right) {
  double& p = solved.try_emplace(name_of(problem.kind, problem.difficulty), kUnknown).first->second;
  p += kRate * (right - p);
}

}  // namespace r1
