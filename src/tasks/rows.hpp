// Problems as rows of JSONL: a "prompt", what its checker needs, and "kind" and "difficulty" if they are known. "check"
// names the checker. Without it, rows with a "kind" use `answer`, the strict comparison, and others `math`
// (docs/verify.md).
//   answer, math  "answer"
//   countdown     "numbers":[...], "target":n
//   chat          nothing
//   phrase        "answer", a text that the reply must hold
//   program       "language" (python or cpp), and either "cases":[{"input","output"},...] with "tolerance", or "tests",
//                 the code of assertions, with "prelude", "entry_point", "declaration" and "preamble"
//                 (tasks/checker.hpp)
// A question that follows others has "earlier", the turns before it as {"role","content"}: a user's, an assistant's,
// and so on. A row holds a question and how to check its answer, and the trace only if it is asked for.
#pragma once
#include <string>
#include <string_view>

#include "formats/json.hpp"
#include "tasks/tasks.hpp"

namespace r1 {

// with: "messages" holds the question and the whole completion, "<think>\nTRACE\n</think>\n\nREPLY", from which a model
// can be fine-tuned.
enum class Traces : u8 { without, with };
Json row_of(const Problem& problem, Traces traces = Traces::without);
// `source` names the row in errors. "answer" may be a string or a number. Errors: the row cannot be checked.
Result<Problem> problem_from_row(const Json& row, std::string source);

// What rows of several formats share. The rows of GSM8K hold the worked solution and, behind ####, the answer; a text
// without #### is the answer itself. `where` names the answer in errors; an empty or unreadable answer is one.
std::string_view gsm8k_answer(std::string_view text);
Result<MathChecker> math_checker(std::string gold, std::string_view where);
Status check_function_name(std::string_view name, std::string_view where);
std::string id_in(const JsonFields& fields, std::string_view key);  // a number as its digits; empty if absent

}  // namespace r1
