// How many prompt tokens a step may compute so that it takes no longer than a given time. This matters because running
// sequences get their tokens, and requests are cancelled, only between two steps. The number follows the measured
// speed. A step is assumed to last
//   (seconds for the sequences that decode) + (prompt tokens) · (seconds of one).
// If the sequences that decode take nearly the whole time by themselves, prompts get half as much time in addition, but
// no more than the given time.
#pragma once
#include "core/dtype.hpp"

namespace r1 {

class PrefillPace {
 public:
  // However slow the model is, tokens() returns at least this number (or `most`, if that is smaller), because a step of
  // fewer tokens would be inefficient.
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
  double without_ = 0;       // seconds of a step without prompt tokens
  i64 without_decodes_ = 0;  // sequences that decoded in that step; 0: there was no such step
  double decoding_ = 0;      // the part of the last step's seconds that its decoding sequences took
  double per_token_ = 0;     // seconds; 0: nothing is measured yet
  i64 limit_ = 32;           // twice the most tokens that a step has computed
};

}  // namespace r1
