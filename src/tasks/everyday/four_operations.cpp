// Generators of the four operations as people type them: sums, differences, products and quotients.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "tasks/everyday/everyday.hpp"

namespace r1 {
namespace {

// clang-format off
constexpr std::string_view kSumValues[] = {
    "the sum of {a} and {b}", "sum of {a} and {b}", "{a} and {b} together", "{a} and {b} added together",
    "{b} added to {a}", "{b} more than {a}", "the total of {a} and {b}", "{a} and {b} in total", "the sum {a} + {b}",
    "{a} increased by {b}", "adding {a} and {b}", "the addition of {a} and {b}"};
constexpr std::string_view kSumOrders[] = {
    "add {a} and {b}", "add {b} to {a}", "add {a} to {b}", "sum {a} and {b}", "sum up {a} and {b}",
    "add up {a} and {b}", "add the numbers {a} and {b}", "add together {a} and {b}", "take {a} and add {b}",
    "put {a} and {b} together", "increase {a} by {b}", "find the sum of {a} and {b}", "count {a} and {b} together"};
constexpr std::string_view kSumQuestions[] = {
    "what do you get if you add {a} and {b}", "what do you get when you add {b} to {a}",
    "how much do {a} and {b} make", "what do {a} and {b} add up to", "what does {a} plus {b} make",
    "which number is {b} more than {a}", "how much is {a} and {b}", "what is {a} and {b}",
    "if i add {b} to {a}, what do i get", "what do {a} and {b} make together", "how much is it if i add {a} and {b}",
    "what comes out if {b} is added to {a}"};

constexpr std::string_view kDifferenceValues[] = {
    "the difference between {a} and {b}", "the difference of {a} and {b}", "difference between {a} and {b}",
    "{b} less than {a}", "{a} take away {b}", "{a} reduced by {b}", "{a} decreased by {b}", "{b} subtracted from {a}",
    "{b} taken from {a}", "the difference {a} - {b}"};
constexpr std::string_view kDifferenceOrders[] = {
    "subtract {b} from {a}", "take {b} from {a}", "take {b} away from {a}", "take away {b} from {a}",
    "remove {b} from {a}", "deduct {b} from {a}", "reduce {a} by {b}", "decrease {a} by {b}",
    "find the difference between {a} and {b}", "take {a} and subtract {b}", "start with {a} and take away {b}"};
constexpr std::string_view kDifferenceQuestions[] = {
    "what is left if you take {b} from {a}", "what do you get if you subtract {b} from {a}",
    "which number is {b} less than {a}", "what remains when {b} is taken from {a}",
    "if i take {b} away from {a}, what is left", "how much is left of {a} after taking {b}",
    "what do i get if i take {b} from {a}"};

constexpr std::string_view kTimesValues[] = {
    "the product of {a} and {b}", "product of {a} and {b}", "{a} multiplied with {b}", "{a} multiplied by {b}",
    "the product {a} x {b}", "{a} times {b}", "the multiplication of {a} and {b}", "{a} lots of {b}",
    "{a} groups of {b}"};
constexpr std::string_view kTimesOrders[] = {
    "multiply {a} by {b}", "multiply {a} and {b}", "multiply {a} with {b}", "multiply {b} by {a}",
    "find the product of {a} and {b}", "take {a} times {b}", "multiply the numbers {a} and {b}",
    "multiply {a} times {b}", "take {a} and multiply it by {b}"};
constexpr std::string_view kTimesQuestions[] = {
    "what do you get if you multiply {a} by {b}", "what do you get when you multiply {a} and {b}",
    "how much is {a} times {b}", "what are {a} times {b}", "if i multiply {a} by {b}, what do i get",
    "how many are {a} times {b}", "what does {a} times {b} make", "what comes out if {a} is multiplied by {b}"};

constexpr std::string_view kQuotientValues[] = {
    "{a} divided by {b}", "the quotient of {a} and {b}", "quotient of {a} and {b}", "{a} split by {b}",
    "the division of {a} by {b}", "{a} shared by {b}", "{a} divided into {b} equal parts", "{a} over {b}"};
constexpr std::string_view kQuotientOrders[] = {
    "divide {a} by {b}", "divide {a} into {b} parts", "split {a} into {b} equal parts",
    "find the quotient of {a} and {b}", "share {a} equally between {b}", "take {a} and divide it by {b}",
    "divide the number {a} by {b}"};
constexpr std::string_view kQuotientQuestions[] = {
    "what do you get if you divide {a} by {b}", "how many times does {b} go into {a}",
    "how often does {b} fit into {a}", "how many times does {b} fit in {a}", "if i divide {a} by {b}, what do i get",
    "how many {b}s are in {a}", "what does {a} divided by {b} make", "how many times is {b} contained in {a}"};
// clang-format on

// A number with at most `digits` digits, each number of digits as likely.
i64 up_to_digits(Random& r, int digits) {
  const int n = static_cast<int>(r.between(1, digits));
  return n == 1 ? r.between(0, 9) : with_digits(r, n);
}

// In two thirds of the problems a sign stands between the numbers, in the others there are words around them.
std::string ask_operation(Random& r, i64 a, char sign, i64 b, const Bodies& words) {
  if (!chance(r, 3) || a < 0 || b < 0) return ask_for(r, operation_as_typed(r, a, sign, b));
  const bool in_words = a <= 100 && b <= 100 && chance(r, 12);
  const std::string x = in_words ? number_in_words(a) : std::to_string(a);
  const std::string y = in_words ? number_in_words(b) : std::to_string(b);
  return ask_any(r, words, {{"a", x}, {"b", y}});
}

std::string content_of(i64 a, char sign, i64 b, const Draft& d) {
  if (std::abs(a) <= 12 && std::abs(b) <= 12) return small_content("operation", d.prompt);
  return put_in("expression {a}{s}{b}",
                {{"a", std::to_string(a)}, {"s", std::string(1, sign)}, {"b", std::to_string(b)}});
}

// Three to five small numbers with plus signs, now and then a minus sign.
Draft draft_chain(Random& r) {
  Draft d;
  const i64 count = r.between(3, 5), high = chance(r, 3) ? 100 : 10;
  i64 total = r.between(0, high);
  std::string shown = std::to_string(total);
  for (i64 i = 1; i < count; ++i) {
    const i64 n = r.between(1, high);
    const bool minus = chance(r, 5) && n <= total;
    shown = with_sign(r, shown, minus ? '-' : '+', std::to_string(n));
    total = minus ? write_sub(d.trace, total, n) : write_add(d.trace, total, n);
  }
  d.answer = std::to_string(total);
  d.prompt = ask_for(r, shown);
  d.content = small_content("chain", d.prompt);
  return d;
}

}  // namespace

Draft draft_sum(Random& r, int difficulty) {
  if (difficulty == 1 && chance(r, 6)) return draft_chain(r);
  i64 a = up_to_digits(r, difficulty + 1), b = up_to_digits(r, difficulty + 1);
  if (difficulty == 1 && chance(r, 3)) a = r.between(0, 12), b = r.between(0, 12);
  if (difficulty > 1) a = with_digits(r, difficulty + 1);
  if (chance(r, 2)) std::swap(a, b);
  if (chance(r, difficulty == 1 ? 6 : 12)) (chance(r, 3) ? b : a) *= -1;
  Draft d;
  d.answer = std::to_string(write_add(d.trace, a, b));
  d.prompt = ask_operation(r, a, '+', b, {kSumValues, kSumOrders, kSumQuestions});
  d.content = content_of(a, '+', b, d);
  return d;
}

Draft draft_difference(Random& r, int difficulty) {
  i64 a = up_to_digits(r, difficulty + 1), b = up_to_digits(r, difficulty + 1);
  if (difficulty == 1 && chance(r, 3)) a = r.between(0, 20), b = r.between(0, 12);
  if (difficulty > 1) a = with_digits(r, difficulty + 1);
  if (chance(r, 8)) a = std::max<i64>(10, a) / 10 * 10;
  if (a < b && !chance(r, 3)) std::swap(a, b);
  if (a >= b && chance(r, 6)) std::swap(a, b);  // a negative result
  if (chance(r, difficulty == 1 ? 6 : 12)) (chance(r, 3) ? b : a) *= -1;
  Draft d;
  d.answer = std::to_string(write_sub(d.trace, a, b));
  d.prompt = a < b ? ask_for(r, operation_as_typed(r, a, '-', b))
                   : ask_operation(r, a, '-', b, {kDifferenceValues, kDifferenceOrders, kDifferenceQuestions});
  d.content = content_of(a, '-', b, d);
  return d;
}

// 1: the tables up to 12; 2: two digits by one, round numbers; 3: two and three digits; 4: six digits together.
Draft draft_times(Random& r, int difficulty) {
  i64 a = r.between(0, 12), b = r.between(0, 12);
  if (difficulty == 2 && chance(r, 3)) a = r.between(1, 20) * 10, b = r.between(1, chance(r, 2) ? 9 : 20) * 10;
  else if (difficulty == 2) a = with_digits(r, chance(r, 3) ? 3 : 2), b = with_digits(r, 1);
  else if (difficulty == 3 && chance(r, 4)) a = with_digits(r, 4), b = with_digits(r, 1);
  else if (difficulty == 3) a = with_digits(r, 2), b = with_digits(r, 2);
  else if (difficulty == 4 && chance(r, 3)) a = with_digits(r, 4), b = with_digits(r, 2);
  else if (difficulty == 4) a = with_digits(r, 3), b = with_digits(r, chance(r, 3) ? 2 : 3);
  if (chance(r, 2)) std::swap(a, b);
  if (difficulty < 4 && chance(r, difficulty == 1 ? 8 : 16)) {
    (chance(r, 3) ? b : a) *= -1;
    if (chance(r, 4)) a = -std::abs(a), b = -std::abs(b);
  }
  Draft d;
  if (difficulty == 1 && chance(r, 10)) {  // three small factors
    const i64 c = r.between(2, 9);
    a = r.between(2, 6), b = r.between(2, 6);
    const i64 part = write_mul(d.trace, a, b);
    d.answer = std::to_string(write_mul(d.trace, part, c));
    contains_product(d, part, c);
    d.prompt =
        ask_for(r, with_sign(r, with_sign(r, std::to_string(a), '*', std::to_string(b)), '*', std::to_string(c)));
    d.content = small_content("factors", d.prompt);
    return d;
  }
  d.answer = std::to_string(write_mul(d.trace, a, b));
  d.prompt = ask_operation(r, a, '*', b, {kTimesValues, kTimesOrders, kTimesQuestions});
  const bool small = std::abs(a) <= 12 && std::abs(b) <= 12;
  d.content = small ? small_content("operation", d.prompt) : product_content(std::abs(a), std::abs(b));
  return d;
}

// 1: the tables backwards; 2: quotients with a point, and fractions; 3: longer numbers.
Draft draft_quotient(Random& r, int difficulty) {
  i64 b = r.between(1, 12), a = b * r.between(difficulty == 1 && chance(r, 20) ? 0 : 1, 12);
  if (difficulty == 2) {
    static constexpr i64 kDivisors[] = {2, 2, 2, 4, 4, 5, 5, 8, 10, 10, 20, 25, 50, 100, 3, 6, 7, 9};
    b = pick(r, kDivisors), a = r.between(1, chance(r, 2) ? 20 : 200);
  } else if (difficulty == 3) {
    b = chance(r, 3) ? with_digits(r, 3) : chance(r, 2) ? r.between(1, 10) * 10 : r.between(2, 99);
    a = b * r.between(2, std::min<i64>(999, 9999 / b));
    if (chance(r, 4)) a = r.between(10, 999), b = r.between(2, 99);
  }
  Draft d;
  d.answer = write_ratio(d.trace, a, b, r);
  const bool whole = a % b == 0;
  d.prompt = whole ? ask_operation(r, a, '/', b, {kQuotientValues, kQuotientOrders, kQuotientQuestions})
                   : ask_operation(r, a, '/', b,
                                   {std::span(kQuotientValues).first(2), std::span(kQuotientOrders).first(1), {}});
  d.content = a <= 144 && b <= 12 ? small_content("operation", d.prompt)
                                  : put_in("division {a} {b}", {{"a", std::to_string(a)}, {"b", std::to_string(b)}});
  return d;
}

}  // namespace r1
