// Generators of parts and multiples (half, double), percent, fractions, and sums of decimals.
#include <algorithm>
#include <numeric>

#include "tasks/everyday/everyday.hpp"

namespace r1 {
namespace {

// A word for a part or a multiple, as value ("half of {a}") and as order ("halve {a}").
struct PartWord {
  i64 times, over;  // a * times / over
  std::span<const std::string_view> values, orders;
};

// clang-format off
constexpr std::string_view kHalf[] = {
    "half of {a}", "half of {a}", "half of {a}", "half {a}", "a half of {a}", "one half of {a}", "the half of {a}",
    "1/2 of {a}", "½ of {a}", "half the number {a}", "{a} halved", "one-half of {a}"};
constexpr std::string_view kHalve[] = {
    "halve {a}", "take half of {a}", "divide {a} in half", "cut {a} in half", "split {a} in half"};
constexpr std::string_view kDouble[] = {
    "double {a}", "double of {a}", "the double of {a}", "twice {a}", "twice {a}", "two times {a}", "{a} doubled",
    "2 times {a}", "twice the number {a}", "twice as much as {a}"};
constexpr std::string_view kDoubleIt[] = {
    "double {a}", "double the number {a}", "take {a} twice", "multiply {a} by two"};
constexpr std::string_view kTriple[] = {
    "triple {a}", "three times {a}", "the triple of {a}", "{a} tripled", "thrice {a}"};
constexpr std::string_view kTripleIt[] = {"triple {a}", "triple the number {a}", "multiply {a} by three"};
constexpr std::string_view kThird[] = {
    "a third of {a}", "one third of {a}", "1/3 of {a}", "one-third of {a}", "third of {a}"};
constexpr std::string_view kQuarter[] = {
    "a quarter of {a}", "one quarter of {a}", "1/4 of {a}", "a fourth of {a}", "quarter of {a}", "one fourth of {a}",
    "¼ of {a}"};
constexpr std::string_view kThreeQuarters[] = {"three quarters of {a}", "3/4 of {a}"};
constexpr std::string_view kTwoThirds[] = {"two thirds of {a}", "2/3 of {a}"};
constexpr std::string_view kFifth[] = {"a fifth of {a}", "one fifth of {a}", "1/5 of {a}"};
constexpr std::string_view kTenth[] = {"a tenth of {a}", "one tenth of {a}", "1/10 of {a}"};
const PartWord kPartWords[] = {
    {1, 2, kHalf, kHalve}, {1, 2, kHalf, kHalve}, {1, 2, kHalf, kHalve}, {2, 1, kDouble, kDoubleIt}, {2, 1,
      kDouble, kDoubleIt},
    {3, 1, kTriple, kTripleIt}, {1, 3, kThird, {}}, {1, 4, kQuarter, {}}, {3, 4, kThreeQuarters, {}}, {2, 3,
      kTwoThirds, {}},
    {1, 5, kFifth, {}}, {1, 10, kTenth, {}}};

constexpr std::string_view kPercentValues[] = {
    "{p}% of {a}", "{p}% of {a}", "{p}% of {a}", "{p} % of {a}", "{p} percent of {a}", "{p} percent of {a}",
    "{p} per cent of {a}", "{p}% from {a}", "{p}percent of {a}", "{a} * {p}%", "{p}% * {a}", "{p} pct of {a}"};
constexpr std::string_view kPercentOrders[] = {
    "take {p}% of {a}", "find {p}% of {a}", "take {p} percent of {a}", "calculate {p} percent of {a}"};
constexpr std::string_view kPercentQuestions[] = {
    "how much is {p}% of {a}", "which number is {p}% of {a}", "what does {p}% of {a} make",
    "if i take {p}% of {a}, what do i get", "how much are {p} percent of {a}"};

constexpr std::string_view kFractionSums[] = {"the sum of {a} and {b}", "{a} and {b} together", "{b} added to {a}"};
constexpr std::string_view kFractionAdd[] = {"add {a} and {b}", "add the fractions {a} and {b}", "add {b} to {a}"};
constexpr std::string_view kFractionSub[] = {"subtract {b} from {a}", "take {b} from {a}", "take away {b} from {a}"};
constexpr std::string_view kDecimalSums[] = {"the sum of {a} and {b}", "{a} and {b} together", "{b} more than {a}"};
constexpr std::string_view kDecimalAdd[] = {"add {a} and {b}", "add {b} to {a}", "sum {a} and {b}"};
constexpr std::string_view kDecimalDifferences[] = {"the difference between {a} and {b}", "{b} less than {a}"};
constexpr std::string_view kDecimalSub[] = {"subtract {b} from {a}", "take {b} from {a}", "take {b} away from {a}"};
// clang-format on

}  // namespace

// 1: whole results; 2: larger numbers, and results with a point.
Draft draft_half_double(Random& r, int difficulty) {
  const PartWord& word = pick(r, kPartWords);
  i64 a = r.between(1, difficulty == 1 ? 50 : 500);
  if (chance(r, 3)) a = std::max<i64>(a / 10, 1) * 10;
  const bool may_have_point = difficulty == 2 && word.over != 3;
  if (!may_have_point || chance(r, 2)) a = std::max<i64>(a / word.over, 1) * word.over;
  Draft d;
  if (word.over == 1) {
    d.answer = std::to_string(write_mul(d.trace, a, word.times));
  } else if (word.times == 1) {
    d.answer = write_ratio(d.trace, a, word.over, r);
  } else if (a % word.over == 0) {
    d.answer = std::to_string(write_mul(d.trace, write_exact_divide(d.trace, a, word.over, r), word.times));
  } else {
    d.answer = write_ratio(d.trace, write_mul(d.trace, a, word.times), word.over, r);
  }
  const std::string shown = a <= 100 && chance(r, 12) ? number_in_words(a) : std::to_string(a);
  d.prompt = ask_any(r, {word.values, word.orders, {}}, {{"a", shown}});
  d.content = small_content("part", d.prompt);
  return d;
}

// 1: round percentages of round numbers; 2: any.
Draft draft_percent(Random& r, int difficulty) {
  static constexpr i64 kRound[] = {10, 10, 20, 20, 25, 30, 40, 50, 50, 60, 70, 75, 80, 90, 100, 5, 15};
  const i64 p = difficulty == 1 ? pick(r, kRound) : r.between(1, 120);
  i64 a = difficulty == 1 ? r.between(1, 50) * (chance(r, 3) ? 2 : 10) : r.between(1, 999);
  if (difficulty == 2 && chance(r, 2)) a = std::max<i64>(a / 10, 1) * 10;
  Draft d;
  d.answer = write_placed(d.trace, {write_mul(d.trace, p, a), 2});
  contains_product(d, p, a);
  d.prompt = ask_any(r, {kPercentValues, kPercentOrders, kPercentQuestions},
                     {{"p", std::to_string(p)}, {"a", std::to_string(a)}});
  d.content = put_in("percent {p} {a}", {{"p", std::to_string(p)}, {"a", std::to_string(a)}});
  return d;
}

// 1: equal denominators; 2: any denominators up to 10.
Draft draft_fraction(Random& r, int difficulty) {
  const bool plus = chance(r, 3) || chance(r, 2);
  i64 b = r.between(2, difficulty == 1 ? (chance(r, 3) ? 20 : 12) : 10), e = difficulty == 1 ? b : r.between(2, 10);
  i64 a = r.between(1, std::max<i64>(1, b - (chance(r, 6) ? -2 : 1))), c = r.between(1, std::max<i64>(1, e - 1));
  if (!plus && a * e < c * b) std::swap(a, c), std::swap(b, e);
  Draft d;
  i64 top = 0, bottom = b;
  if (b == e) {
    top = plus ? write_add(d.trace, a, c) : write_sub(d.trace, a, c);
  } else {
    const i64 left = write_mul(d.trace, a, e), right = write_mul(d.trace, c, b);
    top = plus ? write_add(d.trace, left, right) : write_sub(d.trace, left, right);
    bottom = write_mul(d.trace, b, e);
  }
  d.answer = top == 0 ? "0" : write_reduced(d.trace, top, bottom);
  const std::string x = fraction_text(a, b), y = fraction_text(c, e);
  if (!chance(r, 4)) d.prompt = ask_for(r, with_sign(r, x, plus ? '+' : '-', y));
  else if (plus) d.prompt = ask_any(r, {kFractionSums, kFractionAdd, {}}, {{"a", x}, {"b", y}});
  else d.prompt = ask_any(r, {{}, kFractionSub, {}}, {{"a", x}, {"b", y}});
  d.content = b == e ? small_content("fraction", d.prompt)
                     : put_in("fraction {a}{s}{b}", {{"a", x}, {"s", plus ? "+" : "-"}, {"b", y}});
  return d;
}

// 1: one place; 2: up to two places, also beside whole numbers. Both numbers are written with as many places as the
// longer one has, and then added as whole numbers.
Draft draft_decimal_sum(Random& r, int difficulty) {
  const auto any = [&] {
    const int places = difficulty == 1 ? 1 : static_cast<int>(r.between(0, 2));
    const i64 whole = r.between(0, chance(r, 2) ? 9 : difficulty == 1 ? 20 : 99);
    PlacedNumber n{whole, places};
    for (int i = 0; i < places; ++i) n.digits = n.digits * 10 + r.between(i + 1 == places ? 1 : 0, 9);
    return n;
  };
  PlacedNumber a = any(), b = any();
  if (a.places == 0 && b.places == 0) a.digits = a.digits * 10 + 5, a.places = 1;
  const auto value = [](const PlacedNumber& n, int places) {
    i64 v = n.digits;
    for (int i = n.places; i < places; ++i) v *= 10;
    return v;
  };
  const int places = std::max(a.places, b.places);
  const bool plus = chance(r, 2) || chance(r, 5);
  if (!plus && value(a, places) < value(b, places) && !chance(r, 8)) std::swap(a, b);
  const i64 x = value(a, places), y = value(b, places);
  Draft d;
  const i64 result = plus ? write_add(d.trace, x, y) : write_sub(d.trace, x, y);
  d.answer = write_placed(d.trace, {result, places});
  std::string s = text_of(a), t = text_of(b);
  if (chance(r, 30)) std::replace(s.begin(), s.end(), '.', ','), std::replace(t.begin(), t.end(), '.', ',');
  if (!chance(r, 4) || x < y) d.prompt = ask_for(r, with_sign(r, s, plus ? '+' : '-', t));
  else if (plus) d.prompt = ask_any(r, {kDecimalSums, kDecimalAdd, {}}, {{"a", s}, {"b", t}});
  else d.prompt = ask_any(r, {kDecimalDifferences, kDecimalSub, {}}, {{"a", s}, {"b", t}});
  d.content = put_in("decimals {a}{s}{b}", {{"a", text_of(a)}, {"s", plus ? "+" : "-"}, {"b", text_of(b)}});
  return d;
}

}  // namespace r1
