// The generator of conversations: one to three earlier turns, and a last question that begins anew, takes up the last
// answer ("and times 3?"), or asks the last question again of something else ("what about 16?").
#include "tasks/everyday/follow.hpp"

#include <algorithm>
#include <cctype>

namespace r1 {
namespace {

struct Opening {
  Draft (*draft)(Random&, int);
  int most;  // difficulties
};
// clang-format off
// Kinds whose answer is mostly a number.
constexpr Opening kWithNumbers[] = {
    {draft_sum, 2},       {draft_sum, 1},         {draft_difference, 2},  {draft_difference, 1}, {draft_times, 2},
    {draft_times, 3},     {draft_quotient, 1},    {draft_half_double, 1}, {draft_power, 2},      {draft_root, 2},
    {draft_percent, 1},   {draft_story, 1},       {draft_factorial, 1},   {draft_average, 1},    {draft_chinese, 1},
    {draft_remainder, 1}, {draft_extreme, 2},     {draft_equation, 1},    {draft_expression, 2}, {draft_quotient, 2},
    {draft_fraction, 1},  {draft_decimal_sum, 2}, {draft_decimal_sum, 1}, {draft_times, 1},      {draft_quotient, 3},
    {draft_gcd, 1},       {draft_letters, 1},     {draft_speed, 1},       {draft_product, 2},
    {draft_word_problem, 2},
    {draft_percent, 2},   {draft_chinese, 2},     {draft_division, 1},    {draft_half_double, 2}};
constexpr Opening kOthers[] = {
    {draft_talk, 1},     {draft_talk, 1},   {draft_limits, 3}, {draft_limits, 3},          {draft_prime, 2},
    {draft_prime, 1},    {draft_parity, 1}, {draft_order, 2},  {draft_square_equation, 1}, {draft_letters, 1},
    {draft_division, 2}, {draft_lcm, 1},    {draft_fraction, 2}, {draft_decimals, 2},      {draft_sort, 2},
    {draft_power, 3},    {draft_gcd, 2},    {draft_parity, 1}, {draft_extreme, 1},         {draft_equation, 2}};

constexpr std::string_view kTransitions[] = {
    "ok now ", "ok, ", "thanks! ", "thanks, ", "next: ", "next question: ", "cool. ", "great. ", "new question: ",
    "another one: ", "something else: ", "now ", "thank you. ", "perfect, ", "good. ", "different question: ",
    "alright, ",
    "and now something else: ", "another question: ", "nice. ", "ok next: ", "great, now ", "cool, ", "got it. ",
    "thx, ", "ok thanks. ", "now another one: ", "a new one: ", "let's do another one: ", "i see. ", "one more: "};
// clang-format on

Draft drawn(Random& r, std::span<const Opening> from) {
  const Opening& o = pick(r, from);
  Draft d = o.draft(r, static_cast<int>(r.between(1, o.most)));
  // Both solutions of an equation are asked in one order here.
  if (d.checker && std::holds_alternative<MathChecker>(*d.checker)) d.checker.reset();
  return d;
}

bool is_chinese(std::string_view text) { return text.find("答案") != text.npos; }

// A question of any kind.
ConversationTurn any_question(Random& r) {
  ConversationTurn turn;
  turn.draft = chance(r, 40) ? draft_countdown(r, 1) : chance(r, 3) ? drawn(r, kOthers) : drawn(r, kWithNumbers);
  turn.chinese = is_chinese(turn.draft.reply);
  return turn;
}

// A question that going_on() can continue.
ConversationTurn with_a_number(Random& r) {
  if (chance(r, 8)) return first_of_story(r);
  if (chance(r, 10)) return first_of_topic(r);
  for (int tries = 0; tries < 30; ++tries) {
    ConversationTurn turn;
    turn.draft = drawn(r, kWithNumbers);
    turn.chinese = is_chinese(turn.draft.reply);
    if (can_go_on(turn.draft)) return turn;
  }
  return first_of_story(r);
}

// How a turn follows the one before it.
enum class Move { anew, go_on, again };
Move any_move(Random& r) {
  const u32 n = r.below(20);
  return n < 9 ? Move::go_on : n < 15 ? Move::again : Move::anew;
}

// Joins a question to those before it: "thanks! what is 7*8".
std::string behind_others(Random& r, std::string prompt) {
  if (!chance(r, 4) || std::isalnum(static_cast<unsigned char>(prompt[0])) == 0) return prompt;
  if (!chance(r, 4)) prompt[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(prompt[0])));
  std::string joined(pick(r, kTransitions));
  if (chance(r, 2)) joined[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(joined[0])));
  return joined + prompt;
}

// A question that begins anew and that the next move can follow. Behind others it does not begin with a sign, because
// "-5+3" could take up the last answer.
ConversationTurn fresh(Random& r, bool first, std::optional<Move> next) {
  ConversationTurn turn;
  do
    turn = next == Move::go_on   ? with_a_number(r)
           : next != Move::again ? any_question(r)
           : chance(r, 4)        ? first_of_list(r)
                                 : first_of_topic(r);
  while (!first && std::string_view("+-*/^=").find(turn.draft.prompt[0]) != std::string_view::npos);
  if (!first && !turn.chinese && !turn.draft.answer.empty())
    turn.draft.prompt = behind_others(r, std::move(turn.draft.prompt));
  return turn;
}

// Puts the conversation of `d` before that of `next`.
void put_before(Draft& next, Draft&& d) {
  std::vector<Exchange> earlier = std::move(d.earlier);
  earlier.push_back({std::move(d.prompt), reply_of(d)});
  next.earlier.insert(next.earlier.begin(), earlier.begin(), earlier.end());
  for (std::string& part : d.parts) next.parts.push_back(std::move(part));
  if (!d.content.empty()) next.parts.push_back(std::move(d.content));
}

std::optional<ConversationTurn> followed(Random& r, const ConversationTurn& before, Move move) {
  if (move == Move::again) return asked_again(r, before);
  if (!before.who.empty() && chance(r, 2))
    if (auto turn = story_going_on(r, before)) return turn;
  return going_on(r, before);
}

// `turns` questions, of which each may refer to the one before it.
Draft conversation(Random& r, i64 turns) {
  std::vector<Move> moves;  // moves[i] leads to the turn i + 1
  for (i64 i = 1; i < turns; ++i) {
    Move move = any_move(r);
    // A question that took up an answer is not asked again of another number.
    if (!moves.empty() && moves.back() == Move::go_on && move == Move::again)
      move = chance(r, 2) ? Move::go_on : Move::anew;
    moves.push_back(move);
  }
  const auto next_of = [&](size_t i) { return i < moves.size() ? std::optional(moves[i]) : std::nullopt; };
  ConversationTurn turn = fresh(r, true, next_of(0));
  for (size_t i = 0; i < moves.size(); ++i) {
    std::optional<ConversationTurn> next;
    if (moves[i] != Move::anew) next = followed(r, turn, moves[i]);
    if (!next) next = fresh(r, false, next_of(i + 1));
    put_before(next->draft, std::move(turn.draft));
    turn = std::move(*next);
  }
  return std::move(turn.draft);
}

}  // namespace

void put_question_first(std::string& trace, const std::string& question) {
  const size_t end = question.size();
  const bool shown =
      trace.starts_with(question) && (trace.size() == end || std::isdigit(static_cast<unsigned char>(trace[end])) == 0);
  if (!shown) trace.insert(0, question + "\n");
}

std::string follow_up_number(Random& r, PlacedNumber n) {
  return n.places == 0 && n.digits <= 12 && chance(r, 12) ? number_in_words(n.digits) : text_of(n);
}

std::vector<i64> whole_numbers_in(std::string_view text) {
  std::vector<i64> out;
  const auto digit = [&](size_t at) { return at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])); };
  for (size_t at = 0; at < text.size(); ++at) {
    if (!digit(at)) continue;
    out.push_back(0);
    for (; digit(at); ++at) out.back() = std::min<i64>(out.back() * 10 + (text[at] - '0'), 1'000'000);
  }
  return out;
}

// Only the last lines are compared: either trace may begin with lines that the other one does not have.
bool same_question(const Draft& d, const Draft& computed) {
  const auto last_line = [](std::string_view trace) {
    while (trace.ends_with('\n')) trace.remove_suffix(1);
    const size_t at = trace.rfind('\n');
    return at == trace.npos ? trace : trace.substr(at + 1);
  };
  return d.answer == computed.answer && last_line(d.trace) == last_line(computed.trace);
}

void reply_in_chinese(Draft& d) { d.reply = "答案是 \\boxed{" + d.answer + "}。"; }

Draft in_conversation(Random& r, Draft&& question) {
  const auto kept_for_tests = [](const std::string& content) {
    return !content.empty() && side_of(content) == Split::test;
  };
  Draft before = conversation(r, r.between(1, 2));
  while (kept_for_tests(before.content) || std::any_of(before.parts.begin(), before.parts.end(), kept_for_tests))
    before = conversation(r, r.between(1, 2));
  before.parts.clear(), before.content.clear();
  put_before(question, std::move(before));
  return std::move(question);
}

// The difficulty is the number of earlier turns, 1 to 3.
Draft draft_follow(Random& r, int difficulty) {
  Draft d = conversation(r, difficulty + 1);
  std::string content = "follow";
  for (const Exchange& turn : d.earlier) content += " | " + turn.question;
  if (!d.content.empty()) d.parts.push_back(std::move(d.content));
  d.content = content + " | " + d.prompt;
  return d;
}

}  // namespace r1
