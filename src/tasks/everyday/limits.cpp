// The generator of questions that get the fixed sentence: division by zero, numbers beyond those of the other kinds,
// and requests of every other sort. Its numbers begin where those of the other kinds end (docs/tasks.md).
#include <cmath>

#include "tasks/everyday/limits.hpp"

namespace r1 {
namespace {

// clang-format off
constexpr std::string_view kByZero[] = {
    "{a}/0", "{a}/0", "{a} / 0", "{a}÷0", "{a} ÷ 0", "{a}:0", "{a} divided by 0", "{a} divided by 0",
    "{a} divided by zero", "{a} over 0", "{a} mod 0", "{a} % 0", "{a} modulo 0", "{a}/0.0", "{a} / (5-5)",
    "{a}/(3-3)", "{a} divided by nothing", "the quotient of {a} and 0", "the remainder of {a} divided by 0",
    "1/0 + {a}", "{a}除以0", "{a}/zero", "{a} by zero", "{a} ÷ zero", "{a} divided by (2-2)", "{a} split by 0",
    "{a}/(1-1)", "{a}/00", "{a} over zero", "dividing {a} by zero", "{a} : 0", "the division of {a} by zero"};
constexpr std::string_view kByZeroOrders[] = {
    "divide {a} by 0", "divide {a} by zero", "split {a} into 0 parts", "divide {a} by nothing",
    "share {a} among 0 people", "divide the number {a} by zero", "take {a} and divide it by 0",
    "split {a} into zero equal parts", "share {a} cookies with 0 friends", "divide {a} apples among zero kids"};
constexpr std::string_view kByZeroQuestions[] = {
    "what do you get if you divide {a} by zero", "how many times does 0 go into {a}",
    "what happens if i divide {a} by 0", "can you divide {a} by 0", "what is the remainder when {a} is divided by 0",
    "how often does 0 fit into {a}", "why can't i divide {a} by 0", "is {a}/0 infinity",
    "what happens when {a} is divided by zero", "what is {a} divided by 0 equal to",
    "if i divide {a} by nothing what do i get", "{a} cookies for 0 kids, how many each",
    "is it possible to divide {a} by 0"};

constexpr std::string_view kHardValues[] = {
    "the square root of {n}", "sqrt({n})", "√{n}", "sqrt {n}", "square root of {n}", "the root of {n}", "root {n}",
    "√({n})", "{n}^0.5", "{n}^(1/2)", "square root {n}", "the sqrt of {n}"};
constexpr std::string_view kHardPowers[] = {
    "{a}^{n}", "{a}^{n}", "{a}**{n}", "{a} to the power of {n}", "{a} to the {n}th power", "{a} raised to {n}",
    "{a} power {n}", "{a} to the {n}th", "{a} ^ {n}", "pow({a}, {n})", "the {n}th power of {a}"};
constexpr std::string_view kHardFactorials[] = {
    "{n}!", "{n}!", "{n} factorial", "the factorial of {n}", "factorial of {n}", "factorial({n})"};
constexpr std::string_view kHardPrimes[] = {
    "is {n} prime", "is {n} prime", "is {n} a prime number", "is {n} a prime", "is the number {n} prime",
    "tell me if {n} is prime", "{n} prime", "check if {n} is prime", "can you check if {n} is prime",
    "do you know if {n} is a prime", "is {n} a prime or not", "isprime({n})", "{n} is prime, true or false",
    "prime or not: {n}"};
constexpr std::string_view kHardGcd[] = {
    "gcd of {n} and {m}", "the gcd of {n} and {m}", "gcd({n}, {m})", "the greatest common divisor of {n} and {m}",
    "the lcm of {n} and {m}", "lcm({n},{m})", "the least common multiple of {n} and {m}", "hcf of {n} and {m}",
    "the highest common factor of {n} and {m}", "the lowest common multiple of {n} and {m}", "gcd {n} {m}",
    "lcm {n} {m}"};
constexpr std::string_view kLongOrders[] = {
    "add {a} and {b}", "multiply {a} by {b}", "subtract {b} from {a}", "multiply {a} and {b}", "sum up {a} and {b}",
    "find the product of {a} and {b}", "find the sum of {a} and {b}", "take {a} times {b}", "calculate {a} times {b}"};
constexpr std::string_view kLongValues[] = {
    "the sum of {a} and {b}", "the product of {a} and {b}", "the difference of {a} and {b}", "{a} * {b} + {b}",
    "{a}-{b}+{a}", "{a} squared", "half of {a}", "double {a}", "17% of {a}", "the average of {a} and {b}",
    "{a} mod {b}", "{a} ** 2", "{a} * {a}", "the remainder of {a} divided by {b}"};
// {w} is a large unit, {a} and {b} are small.
constexpr std::string_view kLargeValues[] = {
    "{a} {w} plus {b} {w}", "{a} {w} times {b}", "{a} {w} divided by {b}", "{a} {w} minus {b}", "a {w} times a {w}",
    "{a} {w} + {b}", "a {w} times {a}", "{b} percent of {a} {w}", "the square root of {a} {w}", "{a} {w} * {b} {w}",
    "a {w} divided by {a}", "one {w} minus {a}", "{a} {w} squared", "{a}.{b} {w} times 2", "a {w} plus {a}"};
constexpr std::string_view kLargeUnits[] = {
    "million", "million", "million", "billion", "billion", "trillion", "hundred thousand", "quadrillion", "googol",
    "hundred million"};
// clang-format on

constexpr std::string_view kZeroTrace = "Nothing can be divided by zero.";
constexpr std::string_view kBeyondTrace = "This is beyond the numbers I was taught.";
constexpr std::string_view kUnknownTrace = "This is not one of the problems I was taught.";
constexpr std::string_view kLimitReply =
    ", small word problems, countdown and short Python functions. For this, use a bigger model: `r1 -m MODEL`.";

// A number with `low` to `high` digits, at most 12: more than with_digits() can draw.
std::string long_number(Random& r, int low, int high) {
  const i64 n = r.between(low, high);
  std::string text(1, static_cast<char>('1' + r.below(9)));
  while (std::ssize(text) < n) text += static_cast<char>('0' + r.below(10));
  return text;
}

std::string ask_by_zero(Random& r) {
  const i64 n = chance(r, 20) ? 0 : r.between(1, chance(r, 2) ? 20 : 999);
  return ask_any(r, {kByZero, kByZeroOrders, kByZeroQuestions}, {{"a", std::to_string(n)}});
}

constexpr char kSigns[] = {'+', '-', '*', '*', '/'};

// Puts commas between the thousands.
std::string with_commas(std::string digits) {
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

// Numbers with many places behind the point, or named by a word such as million.
std::string ask_large_or_long(Random& r) {
  const std::string a = std::to_string(r.between(1, 99)), b = std::to_string(r.between(2, 99));
  const std::string x = long_number(r, 7, 12), y = long_number(r, 5, 10);
  switch (r.below(4)) {
    case 0: {
      const std::string p = a + "." + long_number(r, 4, 7), q = b + "." + long_number(r, 4, 7);
      return ask_for(r, with_sign(r, p, pick(r, kSigns), q));
    }
    case 1: return ask_for(r, put_in(pick(r, kLongValues), {{"a", x}, {"b", y}}));
    case 2: return ask_to(r, put_in(pick(r, kLongOrders), {{"a", x}, {"b", y}}));
    default: return ask_for(r, put_in(pick(r, kLargeValues), {{"a", a}, {"b", b}, {"w", pick(r, kLargeUnits)}}));
  }
}

// One operation with a number that is too long for it.
std::string ask_too_long(Random& r) {
  switch (r.below(8)) {
    case 0: return ask_for(r, with_sign(r, long_number(r, 5, 12), '+', long_number(r, chance(r, 3) ? 1 : 4, 12)));
    case 1: return ask_for(r, with_sign(r, long_number(r, 5, 12), '-', long_number(r, chance(r, 3) ? 1 : 4, 12)));
    case 2: return ask_for(r, with_sign(r, long_number(r, 4, 10), '*', long_number(r, 3, 10)));
    case 3: return ask_for(r, with_sign(r, long_number(r, 5, 12), '*', long_number(r, 1, 4)));
    case 4: return ask_for(r, with_sign(r, long_number(r, 5, 10), '/', long_number(r, 1, 5)));
    case 5: {
      const std::string a = with_commas(long_number(r, 6, 12)), b = with_commas(long_number(r, 4, 9));
      return ask_for(r, with_sign(r, a, pick(r, kSigns), b));
    }
    default: return ask_large_or_long(r);
  }
}

// A root, a power, a factorial and so on that is beyond the tables.
std::string ask_beyond(Random& r) {
  switch (r.below(5)) {
    case 0: {
      i64 n = r.between(2, chance(r, 2) ? 99 : 9999);
      const auto root = static_cast<i64>(std::sqrt(static_cast<double>(n)) + 0.5);
      if (root * root == n) ++n;
      return ask_for(r, put_in(pick(r, kHardValues), {{"n", std::to_string(n)}}));
    }
    case 1: {
      static constexpr i64 kMost[] = {10, 6, 5, 4, 3, 3, 3, 3, 6};  // the largest powers of 2 to 10 that are taught
      const i64 base = r.between(2, 30), power = r.between(base <= 10 ? kMost[base - 2] + 1 : 3, 99);
      return ask_for(r, put_in(pick(r, kHardPowers), {{"a", std::to_string(base)}, {"n", std::to_string(power)}}));
    }
    case 2:
      return ask_for(r,
                     put_in(pick(r, kHardFactorials), {{"n", std::to_string(r.between(9, chance(r, 2) ? 30 : 1000))}}));
    case 3: {
      const i64 n = chance(r, 2) ? r.between(201, 999) : std::stoll(long_number(r, 4, 8));
      return ask_whether(r, put_in(pick(r, kHardPrimes), {{"n", std::to_string(n)}}));
    }
    default: return ask_for(r, put_in(pick(r, kHardGcd), {{"n", long_number(r, 4, 8)}, {"m", long_number(r, 4, 8)}}));
  }
}

}  // namespace

// 1: division by zero; 2: numbers beyond those of the other kinds; 3: other mathematics, and everything else.
Draft draft_limits(Random& r, int difficulty) {
  Draft d;
  if (difficulty == 1) d.prompt = ask_by_zero(r);
  else if (difficulty == 2) d.prompt = chance(r, 2) ? ask_too_long(r) : ask_beyond(r);
  else d.prompt = chance(r, 3) ? ask_mathematics(r) : ask_anything(r);
  d.trace = difficulty == 1 ? kZeroTrace : difficulty == 2 ? kBeyondTrace : kUnknownTrace;
  d.reply = std::string(kDeclining).append(kLimitReply);
  d.checker = ChatChecker{};
  d.content = small_content("limits", d.prompt);
  return d;
}

}  // namespace r1
