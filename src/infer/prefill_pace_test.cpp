#include "infer/prefill_pace.hpp"

#include <gtest/gtest.h>

namespace r1 {
namespace {

// A machine whose steps take a fixed time, some time for every prompt token, and more for every token the longer the
// prompt is already.
struct Machine {
  double fixed, per_token, per_token_and_depth = 0;
  double seconds(i64 tokens, i64 depth) const {
    return fixed + static_cast<double>(tokens) * (per_token + per_token_and_depth * static_cast<double>(depth));
  }
};

TEST(PrefillPace, NoStepOfALongPromptTakesLongerThanItsTime) {
  // The first step computes 32 tokens, so machines are fast enough for these and for the least number.
  for (const Machine& m : {Machine{0, 1e-3}, Machine{0.05, 1e-3}, Machine{0.1, 1e-4}, Machine{0.001, 5e-3},
                           Machine{0.01, 5e-4, 3e-8}, Machine{0.02, 2e-3, 1e-7}}) {
    PrefillPace pace(0.25, 2048);
    i64 depth = 0;
    for (int i = 0; i < 10; ++i) pace.measured(1, 0, m.fixed);
    for (int step = 0; step < 400; ++step) {
      const i64 tokens = pace.tokens();
      const double seconds = m.seconds(tokens, depth);
      EXPECT_LE(seconds, 0.25) << "step " << step << ": " << tokens << " tokens at depth " << depth;
      pace.measured(1, tokens, seconds);
      depth += tokens;
      if (depth > 30'000) depth = 0;  // another prompt
    }
  }
}

TEST(PrefillPace, MostOfTheTimeIsUsed) {
  for (const double fixed : {0.0, 0.05, 0.1}) {
    const Machine m{fixed, 1e-3};
    PrefillPace pace(0.25, 2048);
    for (int step = 0; step < 50; ++step) {
      pace.measured(1, 0, m.fixed);
      pace.measured(1, pace.tokens(), m.seconds(pace.tokens(), 0));
    }
    EXPECT_GE(m.seconds(pace.tokens(), 0), 0.7 * 0.25);
  }
}

TEST(PrefillPace, PromptsHaveTimeBesideManySequences) {
  const Machine m{0.4, 1e-3};  // the running sequences alone take longer than 0.25 s
  PrefillPace pace(0.25, 2048);
  for (int step = 0; step < 50; ++step) {
    pace.measured(1, 0, m.fixed);
    pace.measured(1, pace.tokens(), m.seconds(pace.tokens(), 0));
  }
  EXPECT_GE(pace.tokens(), 100);
  EXPECT_LE(m.seconds(pace.tokens(), 0) - m.fixed, 0.25);
}

TEST(PrefillPace, ManySequencesThatBeginTogetherReadTheirPromptsSoon) {
  // Every row costs the same, and no step is without prompt tokens until the last prompt is read. A sequence decodes as
  // soon as its prompt of 12 tokens is read.
  const double per_row = 2e-4;
  constexpr i64 kSequences = 1000, kPrompt = 12;
  for (const double fixed : {0.0, 0.02}) {
    PrefillPace pace(0.25, 2048);
    i64 read = 0, steps = 0;
    for (; read < kSequences * kPrompt; ++steps) {
      const i64 decodes = read / kPrompt, tokens = std::min(pace.tokens(), kSequences * kPrompt - read);
      const double seconds = fixed + per_row * static_cast<double>(decodes + tokens);
      EXPECT_LE(seconds, 0.3) << "half longer than the 0.2 s of all sequences";
      pace.measured(decodes, tokens, seconds);
      read += tokens;
    }
    // d sequences that decode leave 1,000 - d rows in 0.2 s, and prompts have at least d/2: 12 ln 3 + 24 ln 1.5 = 23
    // steps, with the six until so many tokens are allowed.
    EXPECT_LE(steps, 40) << "with some for the rows that the fixed time takes";
  }
}

TEST(PrefillPace, FewSequencesThatHadDecodedTellWhatMoreOfThemCost) {
  // The weights are read once for all rows: 32 sequences cost hardly more than one, and prompt tokens 5 ms each.
  PrefillPace pace(0.25, 2048);
  for (int i = 0; i < 10; ++i) pace.measured(1, 0, 0.1);
  for (int step = 0; step < 200; ++step) {
    const i64 tokens = pace.tokens();
    const double seconds = 0.1 + 32 * 1e-4 + static_cast<double>(tokens) * 5e-3;
    EXPECT_LE(seconds, 0.3) << tokens << " tokens";
    pace.measured(32, tokens, seconds);
  }
}

TEST(PrefillPace, ALongStepIsLengthenedByHalf) {
  const Machine m{0.3, 1e-3};
  PrefillPace pace(0.25, 2048);
  for (int step = 0; step < 50; ++step) {
    pace.measured(1, 0, m.fixed);
    pace.measured(1, pace.tokens(), m.seconds(pace.tokens(), 0));
  }
  EXPECT_NEAR(static_cast<double>(pace.tokens()), 150, 1) << "0.15 s; a last bit may make it one token less";
}

TEST(PrefillPace, ASlowMachineComputesTheLeastAndAFastOneTheMost) {
  PrefillPace slow(0.25, 512), fast(0.25, 512), unlimited(0, 512), narrow(0.25, 8);
  EXPECT_EQ(slow.tokens(), 32) << "before anything is measured";
  slow.measured(0, 32, 100), unlimited.measured(0, 512, 100), narrow.measured(0, 8, 100);
  for (const i64 tokens : {32, 64, 128, 256}) {  // a step computes at most twice as many as one before
    EXPECT_EQ(fast.tokens(), tokens);
    fast.measured(0, tokens, 1e-6);
  }
  EXPECT_EQ(slow.tokens(), PrefillPace::kLeast);
  EXPECT_EQ(fast.tokens(), 512);
  EXPECT_EQ(unlimited.tokens(), 512);
  EXPECT_EQ(narrow.tokens(), 8);
}

TEST(PrefillPace, AStallIsForgottenAlsoWhilePromptsGoOn) {
  const Machine m{0.01, 1e-3};
  for (const i64 stalled : {0, 32}) {  // in a step without prompt tokens, and in one with some
    PrefillPace pace(0.25, 2048);
    pace.measured(1, stalled, 5);
    for (int step = 0; step < 60; ++step) pace.measured(1, pace.tokens(), m.seconds(pace.tokens(), 0));
    EXPECT_GE(pace.tokens(), 150);
  }
}

TEST(PrefillPace, ASlowStepCountsAtOnceAndIsForgottenSlowly) {
  PrefillPace pace(0.25, 2048);
  for (int i = 0; i < 50; ++i) pace.measured(0, 100, 0.1);
  EXPECT_EQ(pace.tokens(), 200);
  pace.measured(0, 100, 0.4);
  EXPECT_EQ(pace.tokens(), 50);
  pace.measured(0, 50, 0.05);
  EXPECT_EQ(pace.tokens(), 58) << "0.2 s are for 58.8 tokens of 0.8 · 4 ms + 0.2 · 1 ms";
}

}  // namespace
}  // namespace r1
