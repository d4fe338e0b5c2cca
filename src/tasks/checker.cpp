#include "tasks/checker.hpp"

#include "core/text.hpp"
#include "formats/json.hpp"
#include "tasks/generators.hpp"
#include "verify/countdown.hpp"
#include "verify/find.hpp"

namespace r1 {
namespace {

bool has_box(std::string_view completion) { return completion.find("\\boxed") != completion.npos; }

Result<bool> check(const AnswerChecker& c, std::string_view completion) {
  if (c.answer.empty()) return fail(Errc::invalid_argument, "the problem has no answer to compare with");
  return answer_matches(c.answer, extract_answer(completion));
}

Result<bool> check(const MathChecker& c, std::string_view completion) {
  const Verdict verdict = verify_answer(c.gold, completion, c.options).verdict;
  if (verdict == Verdict::unreadable_gold)
    return fail(Errc::invalid_argument, "the expected answer {} cannot be read", quoted_text(c.gold));
  return verdict == Verdict::equal;
}

Result<bool> check(const CountdownChecker& c, std::string_view completion) {
  if (c.numbers.empty()) return fail(Errc::invalid_argument, "the countdown problem has no numbers");
  return countdown_reaches(extract_answer(completion), c.numbers, c.target);
}

Result<bool> check(const ChatChecker&, std::string_view completion) { return declines(completion); }

Result<bool> check(const PhraseChecker& c, std::string_view completion) {
  if (c.phrase.empty()) return fail(Errc::invalid_argument, "the problem has no phrase to look for");
  if (has_box(completion) || declines(completion)) return false;
  return lower_case(completion).find(lower_case(c.phrase)) != std::string::npos;
}

Result<bool> check(const ProgramChecker&, std::string_view) {
  return fail(Errc::unsupported, "a program can only be judged in the sandbox");
}

}  // namespace

bool declines(std::string_view completion) {
  return completion.find(kDeclining) != completion.npos && !has_box(completion);
}

std::string_view expected_answer(const Checker& checker) {
  if (const auto* c = std::get_if<AnswerChecker>(&checker)) return c->answer;
  if (const auto* c = std::get_if<MathChecker>(&checker)) return c->gold;
  if (const auto* c = std::get_if<PhraseChecker>(&checker)) return c->phrase;
  return "";
}

Result<bool> check_answer(const Checker& checker, std::string_view completion) {
  return std::visit([&](const auto& c) { return check(c, completion); }, checker);
}

std::string given_answer(const Checker& checker, std::string_view completion) {
  if (const auto* c = std::get_if<ProgramChecker>(&checker)) return program_in(completion, c->language).value_or("");
  const auto* math = std::get_if<MathChecker>(&checker);
  if (!math) return extract_answer(completion);
  const auto found = find_answer(completion, math->options.find, false);
  return found ? found->answer.text : "";
}

bool same_answer(const Checker& checker, std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return false;
  if (a == b) return true;
  if (std::holds_alternative<ProgramChecker>(checker)) return false;
  const auto* math = std::get_if<MathChecker>(&checker);
  if (!math) return answer_matches(a, b);
  VerifyOptions bare = math->options;
  bare.form = AnswerForm::bare;
  return verify_answer(a, b, bare).verdict == Verdict::equal;
}

}  // namespace r1
