// Whether a model's answer is right. All functions are pure: a verdict depends on its arguments alone, and work is
// bounded in steps, not in time. docs/verify.md has the rules.
//
// Limits. The last 16 KiB of a text are searched. An answer has at most 4 KiB, brackets 64 deep, 4,096 nodes, numbers
// within 4,000 decimal exponents, powers and factorials within 100,000 bits, lists of 256 elements. One comparison
// takes at most 20,000 steps of exact and 20,000 of numeric arithmetic (VerifyBudget). What exceeds a limit is not
// equal to anything.
#pragma once
#include <string>
#include <string_view>

#include "verify/compare.hpp"
#include "verify/find.hpp"

namespace r1 {

// text: the answers are found in what may be whole solutions. bare: they have been cut out.
enum class AnswerForm { text, bare };

struct VerifyOptions {
  AnswerForm form = AnswerForm::text;
  FindOptions find;
  CompareOptions compare;

  bool operator==(const VerifyOptions&) const = default;
};

enum class Verdict {
  equal,
  different,
  no_answer,       // the text holds no answer: wrong
  unreadable_gold  // the expected answer is missing or does not exist: neither right nor wrong, to be left out
};
struct Verification {
  Verdict verdict = Verdict::different;
  std::string found;  // the answer that was compared; empty if there is none
  FoundBy rule = FoundBy::whole;
};
Verification verify_answer(std::string_view gold, std::string_view given, const VerifyOptions& options);

// The functions below are the strict comparison, for problems whose answers have one spelling, such as the generated
// ones (tasks/tasks.hpp). Numbers are integers, decimals or fractions; an answer that still has to be computed, such as
// 2+2, does not count. Lists keep their order. Nothing is rounded.

// The final answer of a completion. Only the text after the last "</think>" counts, if there is one. The answer is the
// content of the last \boxed{...}, otherwise the number behind #### in the last line, otherwise the last number or list
// of numbers after "answer is", otherwise the whole text, trimmed. A last box whose braces are not balanced gives an
// empty answer. An empty answer matches nothing.
std::string extract_answer(std::string_view completion);

// Whether a given answer equals the expected one. That is so if they are the same words, or the same number, or lists
// of equal length, separated by commas or spaces, element by element. An empty answer equals nothing.
bool answer_matches(std::string_view expected, std::string_view given);

}  // namespace r1
