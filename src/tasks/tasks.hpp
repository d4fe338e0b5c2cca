// Problems with checkable answers for a very small reasoning model. A model is trained on samples of this form:
//   PROMPT                      the user's turn
//   <think>\nTRACE\n</think>\n\nREPLY
// TRACE writes out every step that a tiny transformer cannot compute at once; arithmetic.hpp describes the notation.
// REPLY holds the answer in \boxed{...}. All functions are pure functions of their arguments.
// A problem may be the last question of a conversation.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"
#include "tasks/checker.hpp"
#include "text/chat.hpp"

namespace r1 {

// An earlier turn of a conversation: a question, and the reply to it without its thinking.
struct Exchange {
  std::string question, reply;
  bool operator==(const Exchange&) const = default;
};

struct Problem {
  std::string kind;
  int difficulty = 1;
  std::string prompt, trace, reply;
  Checker checker;
  std::string id = {};  // what the problem is called where it comes from; may be empty
  std::vector<Exchange> earlier = {};
};

// The sides of the split. A hash of a problem's content (operands, word, or template and numbers) decides its side; the
// phrasing plays no part. About one problem in eight is on the test side.
enum class Split { train, test };

struct Kind {
  std::string_view name;
  int max_difficulty;  // difficulties are 1..max_difficulty
};
const std::vector<Kind>& kinds();

// `kind` and `difficulty` must be among kinds().
Problem make_problem(std::string_view kind, int difficulty, Split split, u64 seed, u64 index);

struct MixturePart {
  std::string kind;
  int min_difficulty = 1, max_difficulty = 1;
  double weight = 1;
};
struct TaskMixture {
  std::vector<MixturePart> parts;
};

// Parses a list such as "product:1-3=2,division=1,sort:2". Each part is kind[:difficulty or range][=weight]. Without a
// range it has all difficulties, without a weight the weight 1. "default" is default_mixture().
Result<TaskMixture> parse_mixture(std::string_view text);
TaskMixture default_mixture();
Problem sample_problem(const TaskMixture& mixture, Split split, u64 seed, u64 index);

// The conversation that ends with the prompt, for a chat template.
std::vector<Message> messages_of(const Problem& problem);
// All questions and replies up to the prompt, as one text: equal for problems that a model sees alike.
std::string conversation_text(const Problem& problem);

// The reference completion that follows "<think>\n": TRACE\n</think>\n\nREPLY.
std::string completion_of(const Problem& problem);

}  // namespace r1
