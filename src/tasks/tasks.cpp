#include "tasks/tasks.hpp"

#include <algorithm>

#include "core/hash.hpp"
#include "tasks/everyday/everyday.hpp"
#include "tasks/generators.hpp"

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
                              {{"chat", 1}, draft_chat},
                              {{"code", 4}, draft_code},
                              {{"sum", 3}, draft_sum},
                              {{"difference", 3}, draft_difference},
                              {{"times", 4}, draft_times},
                              {{"quotient", 3}, draft_quotient},
                              {{"half_double", 2}, draft_half_double},
                              {{"percent", 2}, draft_percent},
                              {{"fraction", 2}, draft_fraction},
                              {{"decimal_sum", 2}, draft_decimal_sum},
                              {{"power", 3}, draft_power},
                              {{"root", 2}, draft_root},
                              {{"factorial", 1}, draft_factorial},
                              {{"square_equation", 1}, draft_square_equation},
                              {{"unknown", 2}, draft_unknown},
                              {{"prime", 2}, draft_prime},
                              {{"parity", 1}, draft_parity},
                              {{"extreme", 2}, draft_extreme},
                              {{"average", 2}, draft_average},
                              {{"order", 2}, draft_order},
                              {{"story", 1}, draft_story},
                              {{"speed", 1}, draft_speed},
                              {{"chinese", 2}, draft_chinese},
                              {{"talk", 1}, draft_talk},
                              {{"limits", 3}, draft_limits},
                              {{"follow", 3}, draft_follow}};

// The longest trace in characters, about 380 tokens: every digit is a token, and most characters of a trace are digits.
constexpr size_t kLongestTrace = 400;

// FNV-1a with a final mix.
u64 hash_of(std::string_view s) {
  u64 h = fnv1a(s);
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93u;
  return h ^ h >> 32;
}

}  // namespace

std::string reply_of(const Draft& d) { return d.reply.empty() ? "The answer is \\boxed{" + d.answer + "}." : d.reply; }

Split side_of(std::string_view content) { return hash_of(content) % 8 == 0 ? Split::test : Split::train; }

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
    if (d.side.value_or(side_of(d.content)) != split || d.trace.size() > kLongestTrace) continue;
    const auto in_train = [](const std::string& part) { return side_of(part) == Split::train; };
    if (split == Split::train && !std::all_of(d.parts.begin(), d.parts.end(), in_train)) continue;
    std::string reply = reply_of(d);
    Problem p{std::string(kind), difficulty, std::move(d.prompt), std::move(d.trace), std::move(reply), {}, {}};
    if (!p.trace.empty() && p.trace.back() == '\n') p.trace.pop_back();
    p.earlier = std::move(d.earlier);
    if (d.checker) p.checker = std::move(*d.checker);
    else p.checker = AnswerChecker{std::move(d.answer)};
    return p;
  }
  R1_CHECK(false, "make_problem: no {} of difficulty {} on this side of the split", kind, difficulty);
  return {};
}

std::vector<Message> messages_of(const Problem& p) {
  std::vector<Message> messages;
  for (const Exchange& turn : p.earlier) {
    messages.push_back({"user", turn.question});
    messages.push_back({"assistant", turn.reply});
  }
  messages.push_back({"user", p.prompt});
  return messages;
}

std::string conversation_text(const Problem& p) {
  std::string text;
  for (const Exchange& turn : p.earlier) text += turn.question + '\n' + turn.reply + '\n';
  return text + p.prompt;
}

std::string completion_of(const Problem& p) { return p.trace + "\n</think>\n\n" + p.reply; }

}  // namespace r1
