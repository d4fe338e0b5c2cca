// HumanEval's and MBPP's rows as problems, for tests and measurements.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "tasks/problem_files.hpp"

namespace r1 {

struct CorpusRow {
  Problem problem;     // its reply is the row's own solution
  std::string mutant;  // a reply with a faulty program, or ""
};

// The rows of humaneval.jsonl and mbpp.jsonl in a folder: every `step`-th.
inline Result<std::vector<CorpusRow>> read_corpus(const std::filesystem::path& folder, i64 step = 1) {
  std::vector<CorpusRow> out;
  for (const char* name : {"humaneval.jsonl", "mbpp.jsonl"})
    R1_TRY(for_each_jsonl(folder / name, [&](i64 line, Json row) -> Status {
      if ((line - 1) % step != 0) return {};
      const RowFormat format = format_of(row);
      CorpusRow& one = out.emplace_back();
      one.problem = R1_TRY(problem_from_row(format, row, name));
      if (const Json* mutant = row.find("mutant")) {
        row.set(format == RowFormat::mbpp ? "code" : "canonical_solution", *mutant);
        one.mutant = R1_TRY(problem_from_row(format, row, name)).reply;
      }
      return {};
    }));
  return out;
}

}  // namespace r1
