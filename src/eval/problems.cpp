#include "eval/eval.hpp"

namespace r1 {

std::vector<Problem> generate_problems(std::string_view kind, int min_difficulty, int max_difficulty, i64 n,
                                       Split split, u64 seed) {
  std::vector<Problem> problems;
  const i64 levels = max_difficulty - min_difficulty + 1;
  for (i64 i = 0; i < n; ++i)
    problems.push_back(
        make_problem(kind, min_difficulty + static_cast<int>(i % levels), split, seed, static_cast<u64>(i / levels)));
  return problems;
}

}  // namespace r1
