#include "tasks/rows.hpp"

#include "core/text.hpp"
#include "verify/find.hpp"

namespace r1 {
namespace {

Result<std::string> answer_text(const JsonFields& fields) {
  const Json* answer = fields.find("answer");
  if (answer && answer->integer()) return std::to_string(*answer->integer());
  if (answer && answer->number()) return fmt::format("{}", *answer->number());
  return std::string(gsm8k_answer(R1_TRY(fields.string("answer"))));
}

// Writes a checker into a row. `alone`: the row has no kind.
void write(Json& row, const AnswerChecker& c, bool alone) {
  row.set("answer", c.answer);
  if (alone) row.set("check", "answer");
}
void write(Json& row, const MathChecker& c, bool alone) {
  row.set("answer", c.gold);
  if (!alone) row.set("check", "math");
}
void write(Json& row, const CountdownChecker& c, bool) {
  row.set("check", "countdown").set("numbers", Json::array_of(c.numbers)).set("target", c.target);
}
void write(Json& row, const ChatChecker&, bool) { row.set("check", "chat"); }
void write(Json& row, const PhraseChecker& c, bool) { row.set("check", "phrase").set("answer", c.phrase); }
void write(Json& row, const ProgramChecker& c, bool) {
  row.set("check", "program").set("language", name_of(c.language));
  if (const auto* io = std::get_if<ProgramCases>(&c.tests)) {
    Json::Array cases;
    for (const ProgramCase& one : io->cases)
      cases.push_back(Json::object({{"input", one.input}, {"output", one.output}}));
    row.set("cases", std::move(cases));
    if (io->tolerance > 0) row.set("tolerance", io->tolerance);
    return;
  }
  const auto& asserts = std::get<ProgramAsserts>(c.tests);
  row.set("tests", asserts.tests);
  for (const auto& [key, text] :
       {std::pair{"prelude", &asserts.prelude}, std::pair{"entry_point", &asserts.entry_point},
        std::pair{"declaration", &asserts.declaration}, std::pair{"preamble", &asserts.preamble}})
    if (!text->empty()) row.set(key, *text);
}

Result<ProgramCases> cases_of(const JsonFields& fields) {
  ProgramCases out;
  for (const Json& item : *R1_TRY(fields.array("cases"))) {
    const JsonFields one = R1_TRY(JsonFields::of(item, fields.where("cases")));
    out.cases.push_back({R1_TRY(one.string("input", "")), R1_TRY(one.string("output"))});
  }
  if (out.cases.empty()) return fail(Errc::corrupt, "{}: is empty, so any program would pass", fields.where("cases"));
  out.tolerance = R1_TRY(fields.number("tolerance", 0));
  if (!(out.tolerance >= 0 && out.tolerance < 1))
    return fail(Errc::corrupt, "{}: is {}, must be at least 0 and below 1", fields.where("tolerance"), out.tolerance);
  return out;
}

Result<ProgramAsserts> asserts_of(const JsonFields& fields, ProgramLanguage language) {
  ProgramAsserts out;
  out.tests = R1_TRY(fields.string("tests"));
  if (trimmed(out.tests).empty())
    return fail(Errc::corrupt, "{}: is empty, so any program would pass", fields.where("tests"));
  out.prelude = R1_TRY(fields.string("prelude", ""));
  out.entry_point = R1_TRY(fields.string("entry_point", ""));
  out.declaration = R1_TRY(fields.string("declaration", ""));
  out.preamble = R1_TRY(fields.string("preamble", ""));
  R1_TRY(check_function_name(out.entry_point, fields.where("entry_point")));
  if (language == ProgramLanguage::cpp && (out.entry_point.empty() || out.declaration.empty()))
    return fail(Errc::corrupt, "{}: tests in C++ need the function's name and its declaration",
                fields.where(out.entry_point.empty() ? "entry_point" : "declaration"));
  return out;
}

Result<ProgramChecker> program_checker_of(const JsonFields& fields) {
  ProgramChecker out;
  const std::string name = R1_TRY(fields.string("language", "python"));
  const auto language = program_language_of(name);
  if (!language)
    return fail(Errc::unsupported, "{}: expected python or cpp, found {}", fields.where("language"), quoted_text(name));
  out.language = *language;
  if (fields.has("tests") == fields.has("cases"))
    return fail(Errc::corrupt, "{}: a program needs either \"tests\" or \"cases\", and this row has {}",
                fields.where("check"), fields.has("tests") ? "both" : "neither");
  if (fields.has("cases")) out.tests = R1_TRY(cases_of(fields));
  else out.tests = R1_TRY(asserts_of(fields, out.language));
  return out;
}

Result<Checker> checker_of(const JsonFields& fields, const std::string& check) {
  if (check == "answer" || check == "math") {
    std::string answer = R1_TRY(answer_text(fields));
    if (answer.empty()) return fail(Errc::corrupt, "{}: is empty, so no answer could be right", fields.where("answer"));
    if (check == "answer") return AnswerChecker{std::move(answer)};
    if (!find_answer(answer, {}, true))
      return fail(Errc::corrupt, "{}: {} cannot be read as an answer", fields.where("answer"), quoted_text(answer));
    return MathChecker{std::move(answer)};
  }
  if (check == "countdown") {
    CountdownChecker out{R1_TRY(fields.integers("numbers")), R1_TRY(fields.integer("target"))};
    if (out.numbers.empty()) return fail(Errc::corrupt, "{}: has no numbers", fields.where("numbers"));
    return out;
  }
  if (check == "chat") return ChatChecker{};
  if (check == "phrase") {
    std::string phrase = R1_TRY(fields.string("answer"));
    if (phrase.empty()) return fail(Errc::corrupt, "{}: is empty, so any reply would be right", fields.where("answer"));
    return PhraseChecker{std::move(phrase)};
  }
  if (check == "program") return R1_TRY(program_checker_of(fields));
  return fail(Errc::unsupported, "{}: expected answer, math, countdown, chat, phrase or program, found {}",
              fields.where("check"), quoted_text(check));
}

Json message(std::string_view role, std::string_view content) {
  return Json::object({{"role", role}, {"content", content}});
}

// The turns of "earlier", which a user's begins and an assistant's ends.
Result<std::vector<Exchange>> earlier_in(const JsonFields& fields) {
  std::vector<Exchange> out;
  if (!fields.has("earlier")) return out;
  size_t turn = 0;
  for (const Json& item : *R1_TRY(fields.array("earlier"))) {
    const JsonFields one = R1_TRY(JsonFields::of(item, fmt::format("{}[{}]", fields.where("earlier"), turn)));
    const bool users = turn++ % 2 == 0;
    const std::string role = R1_TRY(one.string("role")), wanted = users ? "user" : "assistant";
    if (role != wanted)
      return fail(Errc::corrupt, "{}: expected {}, found {}", one.where("role"), wanted, quoted_text(role));
    std::string content = R1_TRY(one.string("content"));
    if (users) out.push_back({std::move(content), ""});
    else out.back().reply = std::move(content);
  }
  if (turn % 2 != 0)
    return fail(Errc::corrupt, "{}: has {} turns; it must end with an assistant's", fields.where("earlier"), turn);
  return out;
}

}  // namespace

std::string_view gsm8k_answer(std::string_view text) {
  constexpr std::string_view kMark = "####";
  const size_t mark = text.rfind(kMark);
  return mark == text.npos ? text : trimmed(text.substr(mark + kMark.size()));
}

Status check_function_name(std::string_view name, std::string_view where) {
  constexpr std::string_view kInNames = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  if (name.find_first_not_of(kInNames) == name.npos) return {};
  return fail(Errc::corrupt, "{}: {} is not the name of a function", where, quoted_text(name));
}

Result<MathChecker> math_checker(std::string gold, std::string_view where) {
  if (gold.empty()) return fail(Errc::corrupt, "{}: is empty, so nothing could be right", where);
  if (!find_answer(gold, {}, true))
    return fail(Errc::corrupt, "{}: {} cannot be read as an answer", where, quoted_text(gold));
  return MathChecker{std::move(gold)};
}

Json row_of(const Problem& p, Traces traces) {
  Json row = Json::object({{"prompt", p.prompt}});
  if (!p.id.empty()) row.set("id", p.id);
  std::visit([&](const auto& checker) { write(row, checker, p.kind.empty()); }, p.checker);
  if (!p.kind.empty()) row.set("kind", p.kind).set("difficulty", p.difficulty);
  Json::Array messages;
  for (const Message& m : messages_of(p)) messages.push_back(message(m.role, m.content));
  if (!p.earlier.empty()) row.set("earlier", Json::Array(messages.begin(), messages.end() - 1));
  if (traces == Traces::with) {
    messages.push_back(message("assistant", "<think>\n" + completion_of(p)));
    row.set("messages", std::move(messages));
  }
  return row;
}

std::string id_in(const JsonFields& fields, std::string_view key) {
  const Json* id = fields.find(key);
  if (!id) return "";
  return id->string() ? *id->string() : dump(*id);
}

Result<Problem> problem_from_row(const Json& row, std::string source) {
  const JsonFields fields = R1_TRY(JsonFields::of(row, std::move(source)));
  Problem p;
  p.prompt = R1_TRY(fields.string("prompt"));
  p.kind = R1_TRY(fields.string("kind", ""));
  p.id = id_in(fields, "id");
  p.difficulty = static_cast<int>(R1_TRY(fields.integer_in("difficulty", 0, 1000, 1)));
  p.earlier = R1_TRY(earlier_in(fields));
  p.checker = R1_TRY(checker_of(fields, R1_TRY(fields.string("check", p.kind.empty() ? "math" : "answer"))));
  return p;
}

}  // namespace r1
