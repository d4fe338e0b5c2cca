// A majority among several answers to one question.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "core/dtype.hpp"

namespace r1 {

struct Votes {
  std::vector<std::string> found;  // the final answer in each text; empty if there is none
  std::vector<i64> group;          // the number of the first text with an equal answer; -1: no answer
  i64 winner = 0;    // the first text of the largest group; of equally large ones, the one that came first
  i64 agreeing = 0;  // size of that group
};

// Compares the final answers as `r1 verify` does (verify/verify.hpp): by value, not by spelling. Texts in which no
// answer is found count as equal if they are the same but for white space around them. An empty text has no vote.
Votes count_votes(std::span<const std::string> texts);

}  // namespace r1
