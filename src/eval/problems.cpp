#include "eval/eval.hpp"

namespace r1 {

Problem nth_problem(const MixturePart& part, i64 i, Split split, u64 seed) {
  const i64 levels = part.max_difficulty - part.min_difficulty + 1;
  return make_problem(part.kind, part.min_difficulty + static_cast<int>(i % levels), split, seed,
                      static_cast<u64>(i / levels));
}

std::vector<Problem> generate_problems(std::string_view kind, int min_difficulty, int max_difficulty, i64 n,
                                       Split split, u64 seed) {
  const MixturePart part{std::string(kind), min_difficulty, max_difficulty};
  std::vector<Problem> problems;
  for (i64 i = 0; i < n; ++i) problems.push_back(nth_problem(part, i, split, seed));
  return problems;
}

}  // namespace r1
