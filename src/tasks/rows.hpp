// Problems as rows of JSONL: {"prompt","answer"} or
// {"prompt","check":"countdown","numbers":[...],"target":n}, both with "kind" and "difficulty" if they are
// known. A row holds a question and how to check its answer, but not the trace.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "formats/json.hpp"
#include "tasks/tasks.hpp"

namespace r1 {

Json row_of(const Problem& problem);
// `source` names the row in errors. "answer" may be a string or a number. Errors: the row cannot be checked.
Result<Problem> problem_from_row(const Json& row, std::string source);

// Reads at most `limit` rows, or all if it is 0. Errors: a broken row, or a file without rows.
Result<std::vector<Problem>> read_problems(const std::filesystem::path& path, i64 limit = 0);

}  // namespace r1
