// How many prompt tokens a step may compute, so that it takes no longer than a given time: between two steps running
// sequences get their tokens and requests are cancelled. The number follows the measured speed. A step is taken to last
//   (seconds for the sequences that decode) + (prompt tokens) · (seconds of one).
// Where the sequences that decode take nearly the whole time by themselves, prompts lengthen the step by half, but by
// no more than the given time.
#pragma once
#include "core/dtype.hpp"

namespace r1 {

class PrefillPace {
 public:
  // A step of fewer tokens would be inefficient, so a step never has to compute fewer, however slow the model is.
  static constexpr i64 kLeast = 16;

  // `seconds` of a step; 0: no limit. `most` tokens in any case.
  PrefillPace(double seconds, i64 most) : seconds_(seconds), most_(most) {}

  i64 tokens() const;
  // One step: how many sequences decoded in it, the prompt tokens that it computed, and how long it took.
  void measured(i64 decodes, i64 tokens, double seconds);

 private:
  double time_of_decodes(i64 decodes, i64 tokens, double seconds) const;

  double seconds_;
  i64 most_;
  double without_ = 0;       // seconds of a step without prompt tokens,
  i64 without_decodes_ = 0;  // in which so many sequences decoded; 0: there was none
  double decoding_ = 0;      // seconds of the last step that its sequences that decode took
  double per_token_ = 0;     // seconds; 0: nothing is measured yet
  i64 limit_ = 32;           // twice the most tokens that a step has computed
};

}  // namespace r1
