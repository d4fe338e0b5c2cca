// Decides whether drafts save time. A draft is a guess of a later token; its row is computed in the same step as the
// row of the last known token. A step reads the weights once for all rows, so as long as it is bound by memory, one
// more row takes much less time than a step. Both times are measured:
//   the row of a draft pays if (chance that the draft is right) · (seconds of a step per token) > (seconds of the row).
// The module for multi-token prediction, which makes one guess for each sequence in every step, pays if
//   (chance that its guess is right) · (seconds of a step) > (seconds of the guesses' rows) + (seconds of the module).
// The decisions change the time that an answer takes, but never the answer (engine_draft.cpp, engine_predict.cpp).
#pragma once
#include <array>

#include "core/dtype.hpp"

namespace r1 {

class DraftPace {
 public:
  // A step in which more sequences decode tries no drafts: it already reads the weights once for many rows.
  static constexpr i64 kMostDecodes = 16;

  // Whether one more draft pays in a step in which `decodes` sequences decode, if it is right with probability
  // `chance`. False until a step of so many sequences has been measured without drafts. Also false after every 64 such
  // steps with drafts, so that the step without drafts is measured anew.
  bool pays(i64 decodes, double chance) const;
  // A step without prompt tokens: how many sequences decoded, the rows of drafts beside theirs, and how long it took
  // without the module for multi-token prediction.
  void measured(i64 decodes, i64 drafts, double seconds);
  // Whether this module pays in a step in which `decodes` sequences decode. True until both have been measured.
  bool module_pays(i64 decodes, double chance) const;
  // How long the module took in such a step.
  void module_measured(i64 decodes, double seconds);

 private:
  struct Step {
    double seconds = 0;         // of a step without drafts; 0: not measured yet
    i64 age = 0;                // steps with drafts since the last step without
    double module_seconds = 0;  // 0: not measured yet
  };
  std::array<Step, kMostDecodes + 1> steps_{};  // by the sequences that decode
  double per_row_ = 0;                          // seconds
};

}  // namespace r1
