// Generators of products, quotients, remainders, greatest common divisors and least common multiples.
#include <cstdlib>

#include "tasks/arithmetic.hpp"
#include "tasks/generators.hpp"

namespace r1 {
namespace {

std::string text(i64 n) { return std::to_string(n); }

std::string_view times_sign(Random& r) {
  static constexpr std::string_view kSigns[] = {" * ",     " * ",     " * ", "*",   "*",   " × ",
                                                " times ", " times ", "×",   " · ", " x ", " multiplied by "};
  return pick(r, kSigns);
}

// The draft of a problem about two numbers.
Draft two_numbers(std::string prompt, std::string trace, i64 answer, std::string_view kind, i64 a, i64 b) {
  return {std::move(prompt), std::move(trace), text(answer), fill("{} {} {}", {kind, text(a), text(b)})};
}

// Writes the steps of Euclid's algorithm. The last line is "gcd=G".
i64 write_gcd(std::string& out, i64 a, i64 b, Random& r) {
  if (a < b) std::swap(a, b);
  while (b) {
    const i64 rest = write_divide(out, a, b, r).remainder;
    a = b, b = rest;
  }
  out += fill("gcd={}\n", {text(a)});
  return a;
}

}  // namespace

std::string product_content(i64 a, i64 b) {
  return fill("product {} {}", {text(std::max(a, b)), text(std::min(a, b))});
}

void contains_product(Draft& d, i64 a, i64 b) {
  a = std::abs(a), b = std::abs(b);
  if (a >= 10 && a <= 99 && b >= 10 && b <= 99) d.parts.push_back(product_content(a, b));
}

Draft draft_product(Random& r, int difficulty) {
  int m = 2, n = 2;
  if (difficulty == 1) m = 1 + static_cast<int>(r.below(2)), n = 1;
  else if (difficulty == 2) m = 2, n = chance(r, 8) ? 1 : 2;
  else if (difficulty == 3) m = 3, n = 1;
  else m = 3, n = 2;
  i64 a = with_digits(r, m), b = with_digits(r, n);
  if (difficulty == 1 && chance(r, 24)) b = r.between(0, 1);
  if (chance(r, 2)) std::swap(a, b);
  std::string trace;
  const i64 answer = write_mul(trace, a, b);
  std::string prompt;
  if (chance(r, 12)) {
    static constexpr std::string_view kWays[] = {"Multiply {} by {}.", "Multiply {} and {}.",
                                                 "What is the product of {} and {}?", "Find the product of {} and {}.",
                                                 "What do you get if you multiply {} by {}?"};
    prompt = typed(r, fill(pick(r, kWays), {text(a), text(b)}));
  } else {
    prompt = ask_value(r, text(a) + std::string(times_sign(r)) + text(b));
  }
  return two_numbers(std::move(prompt), std::move(trace), answer, "product", std::max(a, b), std::min(a, b));
}

Draft draft_division(Random& r, int difficulty) {
  i64 b = 0, q = 0;
  if (difficulty == 1) b = r.between(2, 9), q = r.between(2, chance(r, 2) ? 12 : 99);
  else if (difficulty == 2) b = r.between(10, 99), q = r.between(2, 12);
  else b = r.between(2, 99), q = r.between(10, 9999 / b < 999 ? 9999 / b : 999);
  const i64 a = b * q;
  std::string trace;
  write_exact_divide(trace, a, b, r);
  static constexpr std::string_view kSigns[] = {" / ", " / ",          " / ",          "/",   "/",     " ÷ ",
                                                "÷",   " divided by ", " divided by ", " : ", " over "};
  std::string prompt;
  if (chance(r, 12)) {
    static constexpr std::string_view kWays[] = {"Divide {} by {}.", "What is the quotient of {} and {}?",
                                                 "What do you get if you divide {} by {}?"};
    prompt = typed(r, fill(pick(r, kWays), {text(a), text(b)}));
  } else if (chance(r, 16)) {
    prompt = typed(r, fill("How many times does {} go into {}?", {text(b), text(a)}));
  } else {
    prompt = ask_value(r, text(a) + std::string(pick(r, kSigns)) + text(b));
  }
  return two_numbers(std::move(prompt), std::move(trace), q, "division", a, b);
}

Draft draft_remainder(Random& r, int difficulty) {
  const i64 b = difficulty == 1 ? r.between(2, 12) : r.between(2, 99);
  const i64 a = difficulty == 1 ? r.between(10, 199) : difficulty == 2 ? r.between(10, 999) : r.between(100, 9999);
  std::string trace;
  const i64 answer = write_divide(trace, a, b, r).remainder;
  std::string prompt;
  if (chance(r, 2)) {
    static constexpr std::string_view kWays[] = {
        "What is the remainder when {} is divided by {}?", "Find the remainder when {} is divided by {}.",
        "What is the remainder of {} divided by {}?",      "What is the remainder of {} / {}?",
        "Find the remainder of {} divided by {}.",         "Divide {} by {}. What is the remainder?",
        "What remains when {} is divided by {}?",          "What is left over when {} is divided by {}?"};
    prompt = typed(r, fill(pick(r, kWays), {text(a), text(b)}));
  } else {
    static constexpr std::string_view kSigns[] = {" mod ", " mod ", " mod ", " % ", " % ", "%", " modulo "};
    prompt = ask_value(r, text(a) + std::string(pick(r, kSigns)) + text(b));
  }
  return two_numbers(std::move(prompt), std::move(trace), answer, "remainder", a, b);
}

Draft draft_gcd(Random& r, int difficulty) {
  const i64 limit = difficulty == 1 ? 99 : difficulty == 2 ? 399 : 999;
  // Half of the pairs are unrestricted. Most of these have no common divisor, and need the most steps to find that out.
  const i64 common = chance(r, 2) ? 1 : r.between(2, limit / 4);
  i64 a = common * r.between(1, limit / common), b = common * r.between(1, limit / common);
  if (chance(r, 2)) std::swap(a, b);
  if (a < 2 || b < 2 || (a == b && !chance(r, 4))) a = limit - 3, b = r.between(4, limit - 4);
  std::string trace;
  const i64 answer = write_gcd(trace, a, b, r);
  static constexpr std::string_view kWays[] = {"What is the gcd of {} and {}?",
                                               "What is the greatest common divisor of {} and {}?",
                                               "Find the gcd of {} and {}.",
                                               "Find the greatest common divisor of {} and {}.",
                                               "Compute gcd({}, {}).",
                                               "What is the greatest common factor of {} and {}?",
                                               "gcd({},{})",
                                               "What is gcd({}, {})?",
                                               "gcd of {} and {}",
                                               "What is the GCD of {} and {}?",
                                               "Calculate the greatest common divisor of {} and {}.",
                                               "Find the GCF of {} and {}.",
                                               "What is the highest common factor of {} and {}?",
                                               "What is the largest number that divides both {} and {}?"};
  std::string prompt = typed(r, fill(pick(r, kWays), {text(a), text(b)}));
  return two_numbers(std::move(prompt), std::move(trace), answer, "gcd", std::max(a, b), std::min(a, b));
}

Draft draft_lcm(Random& r, int difficulty) {
  const i64 limit = difficulty == 1 ? 20 : 60;
  const i64 common = chance(r, 3) ? 1 : r.between(1, limit / 3);
  i64 a = common * r.between(1, limit / common), b = common * r.between(1, limit / common);
  if (a < 2 || b < 2 || (a == b && !chance(r, 4))) a = r.between(2, 9), b = r.between(10, limit);
  std::string trace;
  const i64 gcd = write_gcd(trace, a, b, r);
  const i64 part = write_exact_divide(trace, std::max(a, b), gcd, r);
  const i64 answer = write_mul(trace, part, std::min(a, b));
  static constexpr std::string_view kWays[] = {"What is the lcm of {} and {}?",
                                               "What is the least common multiple of {} and {}?",
                                               "Find the lcm of {} and {}.",
                                               "Find the least common multiple of {} and {}.",
                                               "Compute lcm({}, {}).",
                                               "What is the lowest common multiple of {} and {}?",
                                               "lcm({},{})",
                                               "What is lcm({}, {})?",
                                               "lcm of {} and {}",
                                               "What is the LCM of {} and {}?",
                                               "Calculate the least common multiple of {} and {}.",
                                               "What is the smallest number that both {} and {} divide?"};
  std::string prompt = typed(r, fill(pick(r, kWays), {text(a), text(b)}));
  Draft d = two_numbers(std::move(prompt), std::move(trace), answer, "lcm", std::max(a, b), std::min(a, b));
  contains_product(d, part, std::min(a, b));
  return d;
}

}  // namespace r1
