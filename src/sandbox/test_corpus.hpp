// Reads HumanEval's and MBPP's rows as jobs, for tests and measurements.
#pragma once
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sandbox/sandbox.hpp"

namespace r1::sandbox {

struct CorpusRow {
  std::string id;
  Job job;             // with the row's own solution
  std::string mutant;  // a faulty program, or ""
};

// Tests that need more than the row says, each with the reason.
inline void complete(CorpusRow& row) {
  if (row.id == "126") row.job.asserts.entry_point = "sum";     // the program's function is named like Python's own
  if (row.id == "596") row.job.asserts.prelude = "import sys";  // the tests use what the program happens to import
}

inline CorpusRow humaneval_row(const nlohmann::json& json) {
  CorpusRow row;
  const std::string prompt = json["prompt"];
  row.id = json["task_id"];
  row.job.program = prompt + json["canonical_solution"].get<std::string>();
  if (json.contains("mutant")) row.mutant = prompt + json["mutant"].get<std::string>();
  row.job.asserts.prelude = prompt;
  row.job.asserts.entry_point = json["entry_point"];
  row.job.asserts.tests = json["test"].get<std::string>() + "\ncheck(" + row.job.asserts.entry_point + ")\n";
  return row;
}

inline CorpusRow mbpp_row(const nlohmann::json& json) {
  CorpusRow row;
  row.id = std::to_string(json["task_id"].get<int>());
  row.job.program = json["code"];
  if (json.contains("mutant")) row.mutant = json["mutant"];
  for (const auto& line : json["test_imports"]) row.job.asserts.prelude += line.get<std::string>() + "\n";
  for (const auto& line : json["test_list"]) row.job.asserts.tests += line.get<std::string>() + "\n";
  complete(row);
  return row;
}

// The rows of humaneval.jsonl and mbpp.jsonl in a folder: every `step`-th.
inline std::vector<CorpusRow> read_corpus(const std::filesystem::path& folder, size_t step = 1) {
  std::vector<CorpusRow> out;
  for (const char* name : {"humaneval.jsonl", "mbpp.jsonl"}) {
    std::ifstream in(folder / name);
    size_t number = 0;
    for (std::string line; std::getline(in, line); ++number) {
      if (number % step != 0) continue;
      const auto json = nlohmann::json::parse(line);
      out.push_back(json.contains("code") ? mbpp_row(json) : humaneval_row(json));
    }
  }
  return out;
}

}  // namespace r1::sandbox
