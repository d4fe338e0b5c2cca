// How many prompt tokens a step may compute, so that it takes no longer than a given time: between two steps running
// sequences get their tokens and requests are cancelled. The number follows the measured speed. A step is taken to last
//   (seconds of a step without prompt tokens) + (prompt tokens) · (seconds of one).
// Where a step without prompt tokens takes nearly the whole time by itself, prompts lengthen it by half, but by no more
// than the given time.
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
  // One step: the prompt tokens that it computed, and how long it took.
  void measured(i64 tokens, double seconds);

 private:
  double seconds_;
  i64 most_;
  double without_ = 0;    // seconds of a step without prompt tokens
  double per_token_ = 0;  // seconds; 0: nothing is measured yet
  i64 limit_ = 32;        // twice the most tokens that a step has computed
};

}  // namespace r1
