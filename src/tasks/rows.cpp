#include "tasks/rows.hpp"

namespace r1 {
namespace {

Result<std::string> answer_text(const JsonFields& fields) {
  const Json* answer = fields.find("answer");
  if (answer && answer->integer()) return std::to_string(*answer->integer());
  if (answer && answer->number()) return fmt::format("{}", *answer->number());
  return fields.string("answer");
}

}  // namespace

Json row_of(const Problem& p) {
  Json row = Json::object({{"prompt", p.prompt}});
  if (p.check == "answer") {
    row.set("answer", p.answer);
  } else {
    row.set("check", p.check);
    if (p.check == "countdown") row.set("numbers", Json::array_of(p.numbers)).set("target", p.target);
  }
  if (!p.kind.empty()) row.set("kind", p.kind).set("difficulty", p.difficulty);
  return row;
}

Result<Problem> problem_from_row(const Json& row, std::string source) {
  const JsonFields fields = R1_TRY(JsonFields::of(row, std::move(source)));
  Problem p;
  p.prompt = R1_TRY(fields.string("prompt"));
  p.check = R1_TRY(fields.string("check", "answer"));
  p.kind = R1_TRY(fields.string("kind", ""));
  p.difficulty = static_cast<int>(R1_TRY(fields.integer_in("difficulty", 0, 1000, 1)));
  if (p.check == "answer") {
    p.answer = R1_TRY(answer_text(fields));
    if (p.answer.empty()) return fail(Errc::corrupt, "{}: empty, nothing can be right", fields.where("answer"));
  } else if (p.check == "countdown") {
    p.numbers = R1_TRY(fields.integers("numbers"));
    p.target = R1_TRY(fields.integer("target"));
    if (p.numbers.empty()) return fail(Errc::corrupt, "{}: no numbers", fields.where("numbers"));
  } else if (p.check != "chat") {
    return fail(Errc::unsupported, "{}: '{}' is none of answer, countdown, chat", fields.where("check"), p.check);
  }
  return p;
}

Result<std::vector<Problem>> read_problems(const std::filesystem::path& path, i64 limit) {
  std::vector<Problem> problems;
  R1_TRY(for_each_jsonl(path, [&](i64, Json row) -> Status {
    if (limit > 0 && static_cast<i64>(problems.size()) >= limit) return {};
    problems.push_back(R1_TRY(problem_from_row(row, "row")));
    return {};
  }));
  if (problems.empty()) return fail(Errc::invalid_argument, "{}: no rows", path.string());
  return problems;
}

}  // namespace r1
