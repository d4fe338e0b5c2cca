// Whether drafts pay. A draft is a guess of a token that comes later; its row is computed in the same step as that of
// the last known token. Weights are read once for all rows, so a row more takes much less time than a step, as long as
// the step is bound by memory. Both times are measured:
//   a row of drafts pays if (the chance that it is right) · (seconds of a step for each of its tokens) > (its seconds).
// Answers do not depend on the decision (engine_draft.cpp), only the time that they take.
#pragma once
#include <array>

#include "core/dtype.hpp"

namespace r1 {

class DraftPace {
 public:
  // With more sequences, drafts are not tried: their own rows share the weights already.
  static constexpr i64 kMostDecodes = 16;

  // Whether one more row pays in a step of `decodes` sequences. False as long as such a step has not been measured
  // without drafts, and again from time to time, so that it is measured anew.
  bool pays(i64 decodes, double chance) const;
  // A step without prompt tokens: how many sequences decoded, the rows of drafts beside theirs, and how long it took.
  void measured(i64 decodes, i64 drafts, double seconds);

 private:
  struct Plain {
    double seconds = 0;  // of a step without drafts; 0: not measured yet
    i64 age = 0;         // steps with drafts since the last one
  };
  std::array<Plain, kMostDecodes + 1> plain_{};  // by the sequences that decode
  double per_row_ = 0;                           // seconds
};

}  // namespace r1
