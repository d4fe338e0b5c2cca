#include "tasks/tasks.hpp"

#include <algorithm>

#include "core/hash.hpp"
#include "tasks/generators.hpp"
#include "verify/countdown.hpp"
#include "verify/verify.hpp"

namespace r1 {
namespace {

using Generator = Draft (*)(Random&, int);

struct Entry {
  Kind kind;
  Generator draft;
};

constexpr Entry kEntries[] = {{{"product", 4}, draft_product},
                              {{"division", 3}, draft_division},
                              {{"remainder", 3}, draft_remainder},
                              {{"expression", 3}, draft_expression},
                              {{"equation", 3}, draft_equation},
                              {{"gcd", 3}, draft_gcd},
                              {{"lcm", 2}, draft_lcm},
                              {{"decimals", 2}, draft_decimals},
                              {{"sort", 3}, draft_sort},
                              {{"letters", 1}, draft_letters},
                              {{"words", 3}, draft_word_problem},
                              {{"countdown", 3}, draft_countdown},
                              {{"chat", 1}, draft_chat}};

// The longest trace in characters, about 380 tokens: every digit is a token, and most characters of a trace are digits.
constexpr size_t kLongestTrace = 400;

// FNV-1a with a final mix.
u64 hash_of(std::string_view s) {
  u64 h = fnv1a(s);
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93u;
  return h ^ h >> 32;
}

Split side_of(std::string_view content) { return hash_of(content) % 8 == 0 ? Split::test : Split::train; }

}  // namespace

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> list = [] {
    std::vector<Kind> k;
    for (const Entry& e : kEntries) k.push_back(e.kind);
    return k;
  }();
  return list;
}

Problem make_problem(std::string_view kind, int difficulty, Split split, u64 seed, u64 index) {
  const Entry* entry = nullptr;
  for (const Entry& e : kEntries)
    if (e.kind.name == kind) entry = &e;
  R1_CHECK(entry && difficulty >= 1 && difficulty <= entry->kind.max_difficulty, "make_problem: {} {}", kind,
           difficulty);
  Random r(seed ^ hash_of(kind) ^ static_cast<u64>(difficulty), Purpose::task, index);
  for (int tries = 0; tries < 10000; ++tries) {
    Draft d = entry->draft(r, difficulty);
    if (side_of(d.content) != split || d.trace.size() > kLongestTrace) continue;
    const auto in_train = [](const std::string& part) { return side_of(part) == Split::train; };
    if (split == Split::train && !std::all_of(d.parts.begin(), d.parts.end(), in_train)) continue;
    Problem p{std::string(kind),  difficulty,           std::move(d.prompt),
              std::move(d.trace), std::move(d.reply),   std::move(d.answer),
              Checker::answer,    std::move(d.numbers), d.target};
    if (!p.trace.empty() && p.trace.back() == '\n') p.trace.pop_back();
    if (p.reply.empty()) p.reply = "The answer is \\boxed{" + p.answer + "}.";
    if (kind == "countdown") p.checker = Checker::countdown;
    if (kind == "chat") p.checker = Checker::chat;
    return p;
  }
  R1_CHECK(false, "make_problem: no {} of difficulty {} on this side of the split", kind, difficulty);
  return {};
}

std::string completion_of(const Problem& p) { return p.trace + "\n</think>\n\n" + p.reply; }

Result<bool> check_answer(const Problem& p, std::string_view completion) {
  if (p.checker == Checker::chat)
    return completion.find(kDeclining) != completion.npos && completion.find("\\boxed") == completion.npos;
  if (p.checker == Checker::countdown) {
    if (p.numbers.empty()) return fail(Errc::invalid_argument, "countdown problem '{}' has no numbers", p.prompt);
    return countdown_reaches(extract_answer(completion), p.numbers, p.target);
  }
  if (p.answer.empty()) return fail(Errc::invalid_argument, "problem '{}' has no answer to compare with", p.prompt);
  if (p.checker == Checker::answer) return answer_matches(p.answer, extract_answer(completion));
  const Verdict verdict = verify_answer(p.answer, completion, {}).verdict;
  if (verdict == Verdict::unreadable_gold)
    return fail(Errc::invalid_argument, "the answer '{}' of problem '{}' cannot be read", p.answer, p.prompt);
  return verdict == Verdict::equal;
}

std::string given_answer(const Problem& p, std::string_view completion) {
  if (p.checker != Checker::math) return extract_answer(completion);
  const auto found = find_answer(completion, {}, false);
  return found ? found->answer.text : "";
}

bool same_answer(Checker checker, std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return false;
  if (a == b) return true;
  if (checker != Checker::math) return answer_matches(a, b);
  VerifyOptions bare;
  bare.form = AnswerForm::bare;
  return verify_answer(a, b, bare).verdict == Verdict::equal;
}

}  // namespace r1
