// Whether two answers are the same. The first is the expected one ("gold"); the relation is not symmetric.
#pragma once
#include <string>
#include <vector>

#include "verify/evaluate.hpp"
#include "verify/tree.hpp"

namespace r1 {

struct CompareOptions {
  int precision = 6;                  // decimals to which both are rounded if one is a decimal number; 0 to 50
  bool strict = true;                 // false: the names of variables do not matter
  bool sets_match_relations = false;  // a gold set is also matched by an inequality with these solutions

  bool operator==(const CompareOptions&) const = default;
};

// An answer as it was written, and the trees that it may stand for; the first is the most likely one.
struct ReadAnswer {
  std::string text;
  std::string words;  // of words_of(text)
  std::vector<AnswerNode> readings;
  bool parsed = true;  // false: the grammar does not cover it, so it is taken as words
};
// Nothing if the answer is empty, longer than kLongestAnswer, or a number that does not exist, such as 1/0.
std::optional<ReadAnswer> read_answer(std::string_view text, bool gold);

bool answers_equal(const ReadAnswer& gold, const ReadAnswer& given, const CompareOptions& options);

}  // namespace r1
