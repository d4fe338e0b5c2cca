#include "eval/eval.hpp"
#include "formats/json.hpp"

namespace r1 {

namespace {

// Data sets write answers as text or as numbers.
Result<std::string> answer_of(const JsonFields& row) {
  const Json* answer = row.find("answer");
  if (answer && answer->integer()) return fmt::format("{}", *answer->integer());
  if (answer && answer->number()) return dump(*answer);
  return row.string("answer");
}

Result<Problem> problem_of(const Json& json) {
  const JsonFields row = R1_TRY(JsonFields::of(json, "row"));
  Problem p;
  p.prompt = R1_TRY(row.string("prompt"));
  p.kind = R1_TRY(row.string("kind", ""));
  p.difficulty = static_cast<int>(R1_TRY(row.integer_in("difficulty", 1, 1000, 1)));
  p.check = R1_TRY(row.string("check", "answer"));
  if (p.check == "countdown") {
    p.numbers = R1_TRY(row.integers("numbers"));
    p.target = R1_TRY(row.integer("target"));
  } else if (p.check == "answer") {
    p.answer = R1_TRY(answer_of(row));
  } else if (p.check != "chat") {
    return fail(Errc::invalid_argument, "check is '{}', known are answer, countdown and chat", p.check);
  }
  return p;
}

}  // namespace

Result<std::vector<Problem>> read_problems(const std::filesystem::path& jsonl, i64 limit) {
  std::vector<Problem> problems;
  const auto add = [&](i64, const Json& json) -> Status {
    if (limit > 0 && static_cast<i64>(problems.size()) >= limit) return {};
    problems.push_back(R1_TRY(problem_of(json)));
    return {};
  };
  R1_TRY(for_each_jsonl(jsonl, add));
  if (problems.empty()) return fail(Errc::invalid_argument, "{}: no rows", jsonl.string());
  return problems;
}

std::vector<Problem> generate_problems(std::string_view kind, int min_difficulty, int max_difficulty, i64 n, Split split,
                                       u64 seed) {
  std::vector<Problem> problems;
  const i64 levels = max_difficulty - min_difficulty + 1;
  for (i64 i = 0; i < n; ++i)
    problems.push_back(make_problem(kind, min_difficulty + static_cast<int>(i % levels), split, seed,
                                    static_cast<u64>(i / levels)));
  return problems;
}

}  // namespace r1
