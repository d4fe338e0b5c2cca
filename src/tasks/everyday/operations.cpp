// The traces of the questions that take up the last answer.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "tasks/everyday/follow.hpp"

namespace r1 {
namespace {

// a / b with as few places as possible. Numbers with a point get at most two places.
bool write_quotient(Random& r, Draft& d, PlacedNumber a, i64 b) {
  if (a.places == 0 && a.digits < 0) {
    if (a.digits % b != 0) return false;
    d.answer = std::to_string(write_exact_divide(d.trace, a.digits, b, r));
    return true;
  }
  if (a.digits < 0) return false;
  if (a.places == 0) return d.answer = write_ratio(d.trace, a.digits, b, r), true;
  for (; a.places <= 2; ++a.places, a.digits *= 10)
    if (a.digits % b == 0) {
      write_divide(d.trace, a.digits, b, r);
      d.answer = write_placed(d.trace, {a.digits / b, a.places});
      return true;
    }
  return false;
}

bool write_product(Draft& d, PlacedNumber a, PlacedNumber b) {
  const i64 x = std::abs(a.digits), y = std::abs(b.digits);
  if (a.places + b.places > 2 || y > 99 || (x > 999 && y > 9)) return false;
  d.answer = write_placed(d.trace, {write_mul(d.trace, a.digits, b.digits), a.places + b.places});
  contains_product(d, x, y);
  return true;
}

bool write_root_on(Draft& d, i64 a) {
  i64 root = 1;
  while (root * root < a) ++root;
  if (root * root != a || root > 40) return false;
  d.answer = write_root(d.trace, root);
  return true;
}

bool write_factorial_on(Draft& d, i64 n) {
  if (n < 0 || n > 8) return false;
  i64 value = 1;
  for (i64 i = 2; i <= n; ++i) value = write_mul(d.trace, value, i);
  if (n < 2) d.trace += "1\n";
  d.answer = std::to_string(value);
  return true;
}

// Questions with the answer yes or no (or even and odd).
bool write_property(Random& r, Draft& d, char operation, i64 a, i64 b) {
  bool yes = false;
  if (operation == '>' || operation == '<') {
    if (a == b || a < 0) return false;
    yes = (a > b) == (operation == '>');
    write_compared(d.trace, a, b, std::to_string(std::max(a, b)).size());
    d.trace += yes ? "->yes\n" : "->no\n";
  } else if (operation == 'p') {
    if (a < 0 || a > 200) return false;
    yes = write_prime_test(d.trace, a, r);
  } else {
    if (a < 0) return false;
    const bool even = write_parity(d.trace, a, r);
    if (operation == 'v') return d.answer = even ? "even" : "odd", true;
    yes = even == (operation == 'e');
  }
  d.answer = yes ? "yes" : "no";
  return true;
}

std::string short_form(char operation, const std::string& a, const std::string& b) {
  switch (operation) {
    case 'f': return b + "-" + a;
    case '%': return b + "% " + a;
    case 'r': return "sqrt " + a;
    case '!': return a + "!";
    case 'e': return "even " + a;
    case 'o': return "odd " + a;
    case 'v': return "parity " + a;
    case 'p': return "prime " + a;
    case '>': return "larger " + a + "," + b;
    case '<': return "smaller " + a + "," + b;
    default: return a + operation + b;
  }
}

}  // namespace

i64 scaled(PlacedNumber n, int places) {
  for (int i = n.places; i < places; ++i) n.digits *= 10;
  return n.digits;
}

i64 most_exponent(i64 base) {
  static constexpr i64 kMost[] = {0, 9, 10, 6, 5, 4, 3, 3, 3, 3, 6};
  return base < 0 || base > 99 ? 0 : base > 10 ? 2 : base == 0 ? 3 : kMost[base];
}

void write_power_on(Draft& d, i64 base, i64 n) {
  i64 value = base;
  if (base < 2) d.trace += std::to_string(value) + "\n";
  for (i64 i = 2; i <= n && base > 1; ++i) {
    if (n > 2) d.trace += fmt::format("{}^{}\n", base, i);
    value = write_mul(d.trace, value, base);
  }
  if (n == 2 && base > 12) contains_product(d, base, base);  // the tables up to 12 are all taught
  d.answer = std::to_string(value);
}

void write_compared(std::string& trace, i64 a, i64 b, size_t width) {
  const std::string x = fmt::format("{:0{}}", a, width), y = fmt::format("{:0{}}", b, width);
  if (width > 1) trace += x + "," + y + "\n";
  for (size_t i = 0; i < x.size(); ++i) {
    trace += fmt::format("{}{}{}{}", i ? "," : "", x[i], x[i] == y[i] ? '=' : x[i] < y[i] ? '<' : '>', y[i]);
    if (x[i] != y[i]) return;
  }
}

bool write_operation(Random& r, Draft& d, char operation, PlacedNumber a, PlacedNumber b) {
  Draft body;
  bool fits = false;
  const i64 n = a.digits;
  const bool whole = a.places == 0 && b.places == 0;
  if (operation == '+' || operation == '-') {
    const int places = std::max(a.places, b.places);
    const i64 x = scaled(a, places), y = scaled(b, places);
    fits = std::abs(x) <= 9999 && y <= 9999;
    if (fits)
      body.answer = write_placed(
          body.trace, {operation == '+' ? write_add(body.trace, x, y) : write_sub(body.trace, x, y), places});
  } else if (operation == '*') {
    fits = write_product(body, a, b);
  } else if (operation == '/') {
    fits = b.places == 0 && write_quotient(r, body, a, b.digits);
  } else if (!whole) {
    return false;
  } else if (operation == '^') {
    fits = b.digits >= 2 && b.digits <= most_exponent(n);
    if (fits) write_power_on(body, n, b.digits);
  } else if (operation == 'r') {
    fits = write_root_on(body, n);
  } else if (operation == '!') {
    fits = write_factorial_on(body, n);
  } else if (operation == 'f') {
    fits = n >= 0 && n <= b.digits;
    body.answer = std::to_string(write_sub(body.trace, b.digits, n));
  } else if (operation == '%') {
    fits = n > 0 && n <= 999;
    if (fits) body.answer = write_placed(body.trace, {write_mul(body.trace, b.digits, n), 2});
    contains_product(body, b.digits, n);
  } else {
    fits = write_property(r, body, operation, n, b.digits);
  }
  if (!fits) return false;
  put_question_first(body.trace, short_form(operation, text_of(a), text_of(b)));
  d.trace = "last " + text_of(a) + "\n" + body.trace;
  d.answer = std::move(body.answer);
  d.parts = std::move(body.parts);
  return true;
}

}  // namespace r1
