// Problems as rows of JSONL: a "prompt", what its checker needs, and "kind" and "difficulty" if they are known. "check"
// names the checker. Without it the checker is math (docs/verify.md), or answer, the strict comparison, if there is a
// "kind".
//   answer, math  "answer"
//   countdown     "numbers":[...], "target":n
//   chat          nothing
//   program       "language" (python or cpp), and either "cases":[{"input","output"},...] with "tolerance", or "tests",
//                 the code of assertions, with "prelude", "entry_point" and "declaration" (tasks/checker.hpp)
// A row holds a question and how to check its answer, and the trace only if it is asked for.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "formats/json.hpp"
#include "tasks/tasks.hpp"

namespace r1 {

// with: "messages" holds the question and the whole completion, "<think>\nTRACE\n</think>\n\nREPLY", from which a model
// can be fine-tuned.
enum class Traces : u8 { without, with };
Json row_of(const Problem& problem, Traces traces = Traces::without);
// `source` names the row in errors. "answer" may be a string or a number. Errors: the row cannot be checked.
Result<Problem> problem_from_row(const Json& row, std::string source);

// Reads at most `limit` rows, or all if it is 0. Errors: a broken row, or a file without rows.
Result<std::vector<Problem>> read_problems(const std::filesystem::path& path, i64 limit = 0);

}  // namespace r1
