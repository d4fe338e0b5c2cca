// Problems from files of JSONL: our own rows (rows.hpp), and those of the data sets that models are usually evaluated
// with, as they are published. docs/evaluation.md says how each format becomes a prompt and a checker.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/json.hpp"
#include "tasks/tasks.hpp"

namespace r1 {

enum class RowFormat : u8 {
  rows,       // "prompt" and what the checker needs
  gsm8k,      // "question", "answer" with #### before the number
  math,       // MATH-500, AIME: "problem", and "answer" or a "solution" with the answer in its last box
  humaneval,  // "prompt", "test", "entry_point", "canonical_solution"
  mbpp        // "text" or "prompt", "code", "test_list", "test_setup_code" or "test_imports"
};
inline constexpr std::string_view kRowFormatNames[] = {"rows", "gsm8k", "math", "humaneval", "mbpp"};
std::string_view name_of(RowFormat format);
std::optional<RowFormat> row_format_named(std::string_view name);
// The format to which the row's fields belong; rows if they belong to no other.
RowFormat format_of(const Json& row);

// A row as a problem. The reply is the row's own solution where it has one. `source` names the row in errors.
// Errors: the row cannot be checked.
Result<Problem> problem_from_row(RowFormat format, const Json& row, std::string source);

struct ProblemFile {
  std::vector<Problem> problems;
  std::vector<std::string> skipped;  // "FILE:LINE: why", of rows that cannot be checked
};
// Reads at most `limit` rows, or all if it is 0. Without a format each row's fields decide. Errors: text that is not
// JSON; a file without rows, or without one that can be checked.
Result<ProblemFile> read_problems(const std::filesystem::path& path, i64 limit = 0,
                                  std::optional<RowFormat> format = {});

}  // namespace r1
