#include "tasks/rows.hpp"

#include "verify/find.hpp"

namespace r1 {
namespace {

Result<std::string> answer_text(const JsonFields& fields) {
  const Json* answer = fields.find("answer");
  if (answer && answer->integer()) return std::to_string(*answer->integer());
  if (answer && answer->number()) return fmt::format("{}", *answer->number());
  const std::string text = R1_TRY(fields.string("answer"));
  // The rows of GSM8K hold the worked solution and, behind ####, the answer.
  constexpr std::string_view kMark = "####";
  const size_t mark = text.rfind(kMark);
  if (mark == text.npos) return text;
  const size_t begin = text.find_first_not_of(" \t\r\n", mark + kMark.size());
  return begin == text.npos ? "" : text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

}  // namespace

Json row_of(const Problem& p, Traces traces) {
  Json row = Json::object({{"prompt", p.prompt}});
  switch (p.checker) {
    case Checker::answer:
      row.set("answer", p.answer);
      if (p.kind.empty()) row.set("check", "answer");
      break;
    case Checker::math:
      row.set("answer", p.answer);
      if (!p.kind.empty()) row.set("check", "math");
      break;
    case Checker::countdown:
      row.set("check", "countdown").set("numbers", Json::array_of(p.numbers)).set("target", p.target);
      break;
    case Checker::chat: row.set("check", "chat"); break;
  }
  if (!p.kind.empty()) row.set("kind", p.kind).set("difficulty", p.difficulty);
  if (traces == Traces::with)
    row.set("messages",
            Json::array({Json::object({{"role", "user"}, {"content", p.prompt}}),
                         Json::object({{"role", "assistant"}, {"content", "<think>\n" + completion_of(p)}})}));
  return row;
}

Result<Problem> problem_from_row(const Json& row, std::string source) {
  const JsonFields fields = R1_TRY(JsonFields::of(row, std::move(source)));
  Problem p;
  p.prompt = R1_TRY(fields.string("prompt"));
  p.kind = R1_TRY(fields.string("kind", ""));
  const std::string check = R1_TRY(fields.string("check", p.kind.empty() ? "math" : "answer"));
  p.difficulty = static_cast<int>(R1_TRY(fields.integer_in("difficulty", 0, 1000, 1)));
  if (check == "answer" || check == "math") {
    p.checker = check == "math" ? Checker::math : Checker::answer;
    p.answer = R1_TRY(answer_text(fields));
    if (p.answer.empty())
      return fail(Errc::corrupt, "{}: is empty, so no answer could be right", fields.where("answer"));
    if (check == "math" && !find_answer(p.answer, {}, true))
      return fail(Errc::corrupt, "{}: {} cannot be read as an answer", fields.where("answer"), quoted_text(p.answer));
  } else if (check == "countdown") {
    p.checker = Checker::countdown;
    p.numbers = R1_TRY(fields.integers("numbers"));
    p.target = R1_TRY(fields.integer("target"));
    if (p.numbers.empty()) return fail(Errc::corrupt, "{}: has no numbers", fields.where("numbers"));
  } else if (check == "chat") {
    p.checker = Checker::chat;
  } else {
    return fail(Errc::unsupported, "{}: expected answer, math, countdown or chat, found '{}'", fields.where("check"),
                check);
  }
  return p;
}

Result<std::vector<Problem>> read_problems(const std::filesystem::path& path, i64 limit) {
  std::vector<Problem> problems;
  R1_TRY(for_each_jsonl(path, [&](i64, Json row) -> Status {
    if (limit > 0 && std::ssize(problems) >= limit) return {};
    problems.push_back(R1_TRY(problem_from_row(row, "row")));
    return {};
  }));
  if (problems.empty()) return fail(Errc::invalid_argument, "{}: the file has no rows", path.string());
  return problems;
}

}  // namespace r1
