// Problems as rows of JSONL: {"prompt","answer"} or {"prompt","check":"countdown","numbers":[...],"target":n}, both
// with "kind" and "difficulty" where they are known. Traces are not written: a row is a question and how to check it.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "formats/json.hpp"
#include "tasks/tasks.hpp"

namespace r1 {

Json row_of(const Problem& problem);
// `source` names the row in errors. "answer" may be a string or a number.
Result<Problem> problem_from_row(const Json& row, std::string source);

// limit 0: all rows. No rows at all is an error.
Result<std::vector<Problem>> read_problems(const std::filesystem::path& path, i64 limit = 0);

}  // namespace r1
