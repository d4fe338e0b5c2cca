// Problems with checkable answers for a very small reasoning model. Text of a sample, as a model is trained on it:
//   PROMPT                      the user's turn
//   <think>\nTRACE\n</think>\n\nREPLY
// TRACE writes out every step that a tiny transformer cannot do in its head (arithmetic.hpp has the notation), REPLY
// holds the answer in \boxed{...}. Everything is a pure function of its arguments.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

struct Problem {
  std::string kind;
  int difficulty = 1;
  std::string prompt, trace, reply;
  std::string answer;            // empty for kind "chat" and where check is "countdown"
  std::string check = "answer";  // "answer", "countdown", or "chat" (nothing to compare: to be declined)
  std::vector<i64> numbers;      // countdown only
  i64 target = 0;                // countdown only
};

// A problem's content (operands, word, template and numbers), never its phrasing, decides by hash on which side of the
// split it lies; about one in eight is test.
enum class Split { train, test };

struct Kind {
  std::string_view name;
  int max_difficulty;  // difficulties are 1..max_difficulty
};
const std::vector<Kind>& kinds();

// kind and difficulty must be from kinds().
Problem make_problem(std::string_view kind, int difficulty, Split split, u64 seed, u64 index);

struct MixturePart {
  std::string kind;
  int min_difficulty = 1, max_difficulty = 1;
  double weight = 1;
};
struct Mixture {
  std::vector<MixturePart> parts;
};

// "product:1-3=2,division=1,sort:2": kind[:difficulty or range][=weight]; without a range all difficulties, without a
// weight 1. "default" is default_mixture().
Result<Mixture> parse_mixture(std::string_view text);
Mixture default_mixture();
Problem sample_problem(const Mixture& mixture, Split split, u64 seed, u64 index);

// What a model says after "<think>\n": TRACE\n</think>\n\nREPLY.
std::string completion_of(const Problem& problem);

// Whether a completion's final answer is right; an Error where the problem itself cannot be checked. For chat: whether
// it declines as the model was taught to, without a box.
Result<bool> check_answer(const Problem& problem, std::string_view completion);

}  // namespace r1
