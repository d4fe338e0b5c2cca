// The rules by which answers are compared: compare.cpp has lists, texts and the order of the rules, scalars.cpp numbers
// and expressions, relations.cpp equations and inequalities, sets.cpp intervals and unions, matrices.cpp matrices.
#pragma once
#include <optional>
#include <utility>

#include "verify/compare.hpp"

namespace r1 {

struct AnswerInterval {
  AnswerNode low, high;
  bool low_closed = false, high_closed = false;
};
using IntervalUnion = std::vector<AnswerInterval>;

class AnswerComparer {
 public:
  AnswerComparer(const CompareOptions& options, u64 seed) : options_(options), seed_(seed) {}
  bool equal(const AnswerNode& gold, const AnswerNode& given);

  // scalars.cpp
  bool scalars_equal(const AnswerNode& gold, const AnswerNode& given);
  // Whether the quotient of two expressions is the same number, not zero, everywhere; its sign, or 0 if it is not real.
  std::optional<int> constant_ratio(const AnswerNode& a, const AnswerNode& b);
  std::optional<Complex> real_value(const AnswerNode& node);  // of a constant; nothing for infinity

  // relations.cpp
  bool relations_equal(const AnswerNode& gold, const AnswerNode& given);

  // sets.cpp
  std::optional<IntervalUnion> intervals_of(const AnswerNode& node);
  std::optional<IntervalUnion> solutions_of(const AnswerNode& relation);  // of an inequality
  bool unions_equal(IntervalUnion gold, IntervalUnion given);

  // matrices.cpp
  bool matrices_equal(const AnswerNode& gold, const AnswerNode& given);

 private:
  bool lists_equal(const AnswerNode& gold, const AnswerNode& given);
  bool in_order(const std::vector<AnswerNode>& gold, const std::vector<AnswerNode>& given);
  bool in_any_order(const std::vector<AnswerNode>& gold, const std::vector<AnswerNode>& given);
  bool numerically_equal(const AnswerNode& gold, const AnswerNode& given);
  bool equal_when_rounded(const AnswerNode& gold, const AnswerNode& given);
  std::optional<IntervalUnion> merged(IntervalUnion all);
  std::optional<Complex> position(const AnswerNode& end);

  const CompareOptions& options_;
  u64 seed_;
  VerifyBudget budget_;
  int depth_ = 0;
};

// relations.cpp: what a chain of equations says a value is: of x = 3 + 2 = 5 it is 5. Nothing if neither side is a
// label or a constant, as in 2x + z = 1.
std::optional<AnswerNode> value_of_equation(const AnswerNode& relation);
bool is_inequality(const AnswerNode& node);
std::string label_of(const AnswerNode& relation);  // the name that an equation gives to its value; empty if none

// matrices.cpp: a matrix whose sums and products are worked out.
std::optional<AnswerNode> matrix_of(const AnswerNode& node);

int sign_of_infinity(const AnswerNode& node);  // 1, −1, or 0 if the node is not ±∞
bool contains(const AnswerNode& node, NodeKind kind);

}  // namespace r1
