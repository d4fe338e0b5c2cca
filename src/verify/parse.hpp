// Reads the tokens of an answer as a tree.
//
//   answer   = list { ";" list }                      list = relation { "," relation }
//   relation = set { ("=" | "<" | "∈" | ...) set }     set = ratio { ("∪" | "∩" | "∖") ratio }
//   ratio    = sum { ":" sum }                         sum = ["+" | "-" | "±"] product { ("+" | "-" | "±") product }
//   product  = factor { ["*" | "/" | "mod"] factor }   factor = atom { "^" exponent | "!" | "%" | unit }
#pragma once
#include <optional>
#include <span>

#include "verify/latex.hpp"
#include "verify/tree.hpp"

namespace r1 {

// Nothing if the tokens are no answer, if brackets nest deeper than 64, or if the tree has more than 4096 nodes.
std::optional<AnswerNode> parse_answer(std::vector<AnswerToken> tokens);

}  // namespace r1
