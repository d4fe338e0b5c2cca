// The generator of conversations: one to three earlier turns, and a last question that begins anew, takes up the last
// answer ("and times 3?"), or asks the last question again of another number ("what about 16?").
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "tasks/everyday/everyday.hpp"

namespace r1 {
namespace {

struct FollowUp {
  // + - * / with another number; 2 double, h half, s square, r root; e even, o odd, p prime.
  char operation;
  std::span<const std::string_view> says;
};

// clang-format off
constexpr std::string_view kPlusSaid[] = {
    "plus {b}", "plus {b}", "and plus {b}", "+{b}", "+ {b}", "and {b} more", "add {b}", "add {b}", "now add {b}",
    "then add {b}", "add {b} to it", "add {b} to that", "add {b} to the result", "and if you add {b}",
    "what if you add {b}", "that plus {b}", "now plus {b}", "what is that plus {b}", "and now add {b}",
    "the same plus {b}", "increase it by {b}", "add another {b}", "and with {b} more", "it plus {b}",
    "what is the result plus {b}", "then plus {b}", "ok, plus {b}", "add {b} to your answer",
    "how much is that plus {b}"};
constexpr std::string_view kMinusSaid[] = {
    "minus {b}", "minus {b}", "and minus {b}", "-{b}", "- {b}", "subtract {b}", "subtract {b}", "now subtract {b}",
    "then take away {b}", "take away {b}", "take {b} from it", "take {b} from that", "subtract {b} from it",
    "subtract {b} from that", "that minus {b}", "what is that minus {b}", "now minus {b}", "and {b} less",
    "the same minus {b}", "reduce it by {b}", "now take away {b}", "and if you take away {b}",
    "what if you subtract {b}", "subtract {b} from the result", "then minus {b}", "it minus {b}",
    "how much is that minus {b}", "remove {b}"};
constexpr std::string_view kTimesSaid[] = {
    "times {b}", "times {b}", "and times {b}", "x{b}", "*{b}", "* {b}", "x {b}", "multiply by {b}",
    "multiply it by {b}", "multiply that by {b}", "now times {b}", "now multiply by {b}", "that times {b}",
    "what is that times {b}", "then times {b}", "and if you multiply it by {b}", "multiply the result by {b}",
    "multiply your answer by {b}", "the same times {b}", "it times {b}", "and {b} times that",
    "how much is that times {b}", "{b} times that", "what is {b} times that", "and multiplied by {b}"};
constexpr std::string_view kOverSaid[] = {
    "divided by {b}", "and divided by {b}", "/{b}", "/ {b}", "divide by {b}", "divide it by {b}",
    "divide that by {b}", "now divide by {b}", "that divided by {b}", "what is that divided by {b}",
    "then divide by {b}", "divide the result by {b}", "and over {b}", "now divide it by {b}", "split it by {b}",
    "÷{b}", "it divided by {b}", "how much is that divided by {b}", "divide your answer by {b}"};
constexpr std::string_view kTwiceSaid[] = {
    "double it", "now double it", "double that", "and double that", "and double", "double again", "twice that",
    "and twice that", "what is twice that", "what is double that", "then double it", "double", "double the result",
    "now double", "and the double", "two times that", "double your answer", "what is the double of that"};
constexpr std::string_view kHalfSaid[] = {
    "half of that", "and half of that", "halve it", "now halve it", "halve that", "what is half of that",
    "half of it", "and half of it", "what is half of it", "take half of it", "and half", "half", "then halve it",
    "halve the result", "and the half", "what's half of that", "half your answer"};
constexpr std::string_view kSquareSaid[] = {
    "square it", "now square it", "square that", "and squared", "what is that squared", "that squared", "squared",
    "and the square of that", "what is its square", "then square it"};

constexpr std::string_view kEvenSaid[] = {
    "is that even", "is it even", "is this even", "is that an even number", "and is it even", "is the result even",
    "even", "is that number even"};
constexpr std::string_view kOddSaid[] = {
    "is that odd", "is it odd", "is this odd", "is that an odd number", "and is it odd", "is the result odd", "odd"};
constexpr std::string_view kPrimeSaid[] = {
    "is that prime", "is it prime", "is this prime", "is that a prime number", "and is it prime", "is it a prime",
    "is the result prime", "prime", "is that number prime"};
constexpr std::string_view kRootSaid[] = {
    "square root", "and the square root of that", "square root of that", "what is its square root", "sqrt of that",
    "now take the square root", "take the root of it", "and the root", "the square root of it"};

const FollowUp kFollowUps[] = {{'+', kPlusSaid},  {'+', kPlusSaid},  {'+', kPlusSaid},   {'-', kMinusSaid},
                               {'-', kMinusSaid}, {'-', kMinusSaid}, {'*', kTimesSaid},  {'*', kTimesSaid},
                               {'*', kTimesSaid}, {'/', kOverSaid},  {'/', kOverSaid},   {'2', kTwiceSaid},
                               {'2', kTwiceSaid}, {'h', kHalfSaid},  {'h', kHalfSaid},   {'s', kSquareSaid},
                               {'e', kEvenSaid},  {'o', kOddSaid},   {'p', kPrimeSaid},  {'r', kRootSaid}};

constexpr std::string_view kSameAgain[] = {
    "and {q}", "what about {q}", "how about {q}", "and what about {q}", "and {q}", "now {q}", "then {q}", "also {q}",
    "and of {q}", "same for {q}", "and with {q}", "{q}", "what of {q}", "ok and {q}", "same with {q}", "or {q}"};
// clang-format on

struct Opening {
  Draft (*draft)(Random&, int);
  int most;  // difficulties
};
constexpr Opening kOpenings[] = {
    {draft_sum, 2},       {draft_sum, 1},      {draft_difference, 2},  {draft_difference, 1}, {draft_times, 2},
    {draft_times, 3},     {draft_quotient, 1}, {draft_half_double, 1}, {draft_power, 2},      {draft_root, 2},
    {draft_percent, 1},   {draft_story, 1},    {draft_factorial, 1},   {draft_average, 1},    {draft_chinese, 1},
    {draft_remainder, 1}, {draft_extreme, 2},  {draft_equation, 1},    {draft_expression, 2}};
// Kinds that stand less often in a conversation.
constexpr Opening kOthers[] = {
    {draft_talk, 1},      {draft_talk, 1},  {draft_talk, 1},        {draft_limits, 3},   {draft_prime, 2},
    {draft_parity, 1},    {draft_order, 2}, {draft_decimal_sum, 2}, {draft_fraction, 1}, {draft_letters, 1},
    {draft_speed, 1},     {draft_gcd, 1},   {draft_product, 2},     {draft_division, 2}, {draft_word_problem, 2},
    {draft_countdown, 2}, {draft_lcm, 1},   {draft_decimals, 2},    {draft_sort, 2},     {draft_quotient, 3},
    {draft_power, 3}};

Draft drawn(Random& r, std::span<const Opening> from) {
  const Opening& o = pick(r, from);
  return o.draft(r, static_cast<int>(r.between(1, o.most)));
}

Draft any_question(Random& r) { return chance(r, 3) ? drawn(r, kOthers) : drawn(r, kOpenings); }

std::optional<i64> whole_number(const std::string& text) {
  i64 n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

// Puts the conversation of `d` before that of `next`.
void put_before(Draft& next, Draft&& d) {
  std::vector<Exchange> earlier = std::move(d.earlier);
  earlier.push_back({std::move(d.prompt), reply_of(d)});
  next.earlier.insert(next.earlier.begin(), earlier.begin(), earlier.end());
  for (std::string& part : d.parts) next.parts.push_back(std::move(part));
  if (!d.content.empty()) next.parts.push_back(std::move(d.content));
}

// Answers a question of kFollowUps about the number a. Returns the other number of the question (0 if it has none), or
// nothing if the question does not suit a.
std::optional<i64> write_follow_up(Random& r, Draft& d, char operation, i64 a) {
  i64 b = chance(r, 3) ? r.between(1, 99) : r.between(1, 12);
  switch (operation) {
    case '+': d.answer = std::to_string(write_add(d.trace, a, b)); return b;
    case '-': d.answer = std::to_string(write_sub(d.trace, a, b)); return b;
    case '*':
    case '2':
      if (std::abs(a) > 999) return std::nullopt;
      b = operation == '2' ? 2 : r.between(2, 12);
      d.answer = std::to_string(write_mul(d.trace, a, b));
      contains_product(d, a, b);
      return b;
    case 's':
      if (a < 0 || a > 20) return std::nullopt;
      d.answer = std::to_string(write_mul(d.trace, a, a));
      contains_product(d, a, a);
      return 0;
    case 'r': {
      i64 root = 1;
      while (root * root < a) ++root;
      if (root * root != a || root > 40) return std::nullopt;
      d.answer = write_root(d.trace, root);
      return 0;
    }
    case 'e':
    case 'o':
      if (a < 0) return std::nullopt;
      d.answer = write_parity(d.trace, a, r) == (operation == 'e') ? "yes" : "no";
      return 0;
    case 'p':
      if (a < 0 || a > 200) return std::nullopt;
      d.answer = write_prime_test(d.trace, a, r) ? "yes" : "no";
      return 0;
    default: break;
  }
  b = 2;
  for (const i64 divisor : {r.between(2, 12), r.between(2, 10), i64{5}, i64{3}, i64{4}})
    if (operation == '/' && a % divisor == 0) b = divisor;
  if (a < 0 || (operation == '/' && a % b != 0)) return std::nullopt;
  d.answer = write_ratio(d.trace, a, b, r);
  return b;
}

// A question that continues from the last answer, such as "and times 3?". The trace begins with that answer. Nothing if
// the answer does not allow the question.
std::optional<Draft> going_on(Random& r, Draft&& before) {
  const auto value = whole_number(before.answer);
  if (!value || std::abs(*value) > 9999) return std::nullopt;
  const FollowUp& follow = pick(r, kFollowUps);
  Draft d;
  d.trace = fmt::format("last {}\n", *value);
  const auto b = write_follow_up(r, d, follow.operation, *value);
  if (!b) return std::nullopt;
  const std::string shown = *b <= 12 && chance(r, 12) ? number_in_words(*b) : std::to_string(*b);
  d.prompt = ask_on(r, put_in(pick(r, follow.says), {{"b", shown}}));
  put_before(d, std::move(before));
  return d;
}

// A question about a number n that can be asked again about another one. m stays the same.
struct Topic {
  std::span<const std::string_view> says;
  i64 low, high;                                     // of n
  std::string (*again)(i64 n);                       // how the next number is named: "16", "30%"
  void (*write)(Random& r, Draft& d, i64 n, i64 m);  // the trace and the answer
};

std::string plain(i64 n) { return std::to_string(n); }
std::string in_percent(i64 n) { return std::to_string(n * 5) + "%"; }
std::string squared(i64 n) { return std::to_string(n * n); }
std::string doubled(i64 n) { return std::to_string(n * 2); }
std::string in_tens(i64 n) { return std::to_string(n * 10); }

void write_percent(Draft& d, i64 percent, i64 of) {
  d.answer = write_placed(d.trace, {write_mul(d.trace, percent, of), 2});
  contains_product(d, percent, of);
}

// clang-format off
constexpr std::string_view kEvenTopic[] = {"is {n} even", "is {n} an even number", "{n} even"};
constexpr std::string_view kPrimeTopic[] = {"is {n} prime", "is {n} a prime number", "is {n} a prime", "{n} prime"};
constexpr std::string_view kRootTopic[] = {"the square root of {n}", "sqrt({n})", "square root of {n}", "sqrt {n}"};
constexpr std::string_view kHalfTopic[] = {"half of {n}", "what is half of {n}", "1/2 of {n}"};
constexpr std::string_view kSquareTopic[] = {"{n} squared", "{n}^2", "the square of {n}", "what is {n}^2"};
constexpr std::string_view kDoubleTopic[] = {"double {n}", "twice {n}", "2 times {n}"};
constexpr std::string_view kPercentTopic[] = {"{m}% of {n}", "what is {m}% of {n}", "{m} percent of {n}"};
constexpr std::string_view kShareTopic[] = {"{n} of {m}", "what is {n} of {m}", "whats {n} of {m}"};
constexpr std::string_view kRemainderTopic[] = {
    "{n} mod {m}", "the remainder of {n} divided by {m}", "what is the remainder of {n} divided by {m}"};

const Topic kTopics[] = {
    {kEvenTopic, 2, 200, plain, [](Random& r, Draft& d, i64 n, i64) {
       d.answer = write_parity(d.trace, n, r) ? "yes" : "no";
     }},
    {kPrimeTopic, 0, 120, plain, [](Random& r, Draft& d, i64 n, i64) {
       d.answer = write_prime_test(d.trace, n, r) ? "yes" : "no";
     }},
    {kRootTopic, 1, 12, squared, [](Random&, Draft& d, i64 n, i64) { d.answer = write_root(d.trace, n); }},
    {kHalfTopic, 1, 100, doubled, [](Random& r, Draft& d, i64 n, i64) {
       d.answer = write_ratio(d.trace, n * 2, 2, r);
     }},
    {kSquareTopic, 1, 20, plain, [](Random&, Draft& d, i64 n, i64) {
       d.answer = std::to_string(write_mul(d.trace, n, n));
       contains_product(d, n, n);
     }},
    {kDoubleTopic, 1, 100, plain, [](Random&, Draft& d, i64 n, i64) {
       d.answer = std::to_string(write_mul(d.trace, n, 2));
     }},
    {kPercentTopic, 1, 50, in_tens, [](Random&, Draft& d, i64 n, i64 m) { write_percent(d, m * 5, n * 10); }},
    {kShareTopic, 1, 20, in_percent, [](Random&, Draft& d, i64 n, i64 m) { write_percent(d, n * 5, m * 5); }},
    {kRemainderTopic, 10, 99, plain, [](Random& r, Draft& d, i64 n, i64 m) {
       d.answer = std::to_string(write_divide(d.trace, n, m, r).remainder);
     }}};
// clang-format on

// The same question about another number: "is 7 even" and then "and 9?".
Draft about_another_number(Random& r) {
  const Topic& topic = pick(r, kTopics);
  const i64 n = r.between(topic.low, topic.high), next = r.between(topic.low, topic.high), m = r.between(2, 9);
  Draft first, d;
  topic.write(r, first, n, m), topic.write(r, d, next, m);
  const bool percent = topic.again == in_tens || topic.again == in_percent;
  const std::string other = std::to_string(percent ? m * 5 : m);
  first.prompt = ask_whether(r, put_in(pick(r, topic.says), {{"n", topic.again(n)}, {"m", other}}));
  d.prompt = ask_on(r, put_in(pick(r, kSameAgain), {{"q", topic.again(next)}}));
  first.content = small_content("again", first.prompt);
  put_before(d, std::move(first));
  return d;
}

// A whole new operation behind "and": "2+3" and then "and 7*8?".
Draft another_operation(Random& r) {
  constexpr Opening kAgain[] = {{draft_sum, 1}, {draft_times, 1}, {draft_difference, 1}, {draft_quotient, 1}};
  Draft first = drawn(r, kAgain), d;
  const i64 a = r.between(1, 20), b = r.between(1, 12);
  const char sign = "+-*"[r.below(3)];
  d.answer = std::to_string(sign == '+'   ? write_add(d.trace, a, b)
                            : sign == '-' ? write_sub(d.trace, a, b)
                                          : write_mul(d.trace, a, b));
  d.prompt = ask_on(r, put_in(pick(r, kSameAgain), {{"q", with_sign(r, std::to_string(a), sign, std::to_string(b))}}));
  if (first.content.empty()) first.content = small_content("again", first.prompt);
  put_before(d, std::move(first));
  return d;
}

Draft same_again(Random& r) { return chance(r, 4) ? another_operation(r) : about_another_number(r); }

// `turns` questions, of which each may take up the answer before it.
Draft conversation(Random& r, i64 turns) {
  const bool begins_with_two = turns > 1 && chance(r, 4);
  Draft d = begins_with_two ? same_again(r) : any_question(r);
  for (i64 left = turns - (begins_with_two ? 2 : 1); left > 0; --left) {
    if (!chance(r, 4))
      if (auto next = going_on(r, Draft(d))) {
        d = std::move(*next);
        continue;
      }
    const bool two = left > 1 && chance(r, 3);
    Draft next = two ? same_again(r) : any_question(r);
    put_before(next, std::move(d));
    d = std::move(next);
    left -= two;
  }
  return d;
}

}  // namespace

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
