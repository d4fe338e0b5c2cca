#include "eval/eval.hpp"

namespace r1 {

Problem nth_problem(const MixturePart& part, i64 i, Split split, u64 seed) {
  const i64 levels = part.max_difficulty - part.min_difficulty + 1;
  return make_problem(part.kind, part.min_difficulty + static_cast<int>(i % levels), split, seed,
                      static_cast<u64>(i / levels));
}

}  // namespace r1
