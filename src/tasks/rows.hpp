// Problems as rows of JSONL: {"prompt","answer"} or
// {"prompt","check":"countdown","numbers":[...],"target":n}, both with "kind" and "difficulty" if they are
// known. "check" is math (docs/verify.md) if it is absent, and answer, the strict comparison, if there is a "kind". A
// row holds a question and how to check its answer, and the trace only if it is asked for.
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
