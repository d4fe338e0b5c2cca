// Generators of expressions with two and three terms, and of linear equations.
#include <algorithm>
#include <cstdlib>

#include "tasks/arithmetic.hpp"
#include "tasks/generators.hpp"

namespace r1 {
namespace {

std::string text(i64 n) { return std::to_string(n); }
std::string operand(i64 n) { return n < 0 ? "(" + text(n) + ")" : text(n); }

i64 write_op(Draft& d, i64 a, char op, i64 b, Random& r) {
  switch (op) {
    case '+': return write_add(d.trace, a, b);
    case '-': return write_sub(d.trace, a, b);
    case '*': contains_product(d, a, b); return write_mul(d.trace, a, b);
    default: return write_exact_divide(d.trace, a, b, r);
  }
}

bool binds_tighter(char left, char right) {  // whether `right` is computed first in "a left b right c"
  return (right == '*' || right == '/') && (left == '+' || left == '-');
}

i64 small_or_two_digits(Random& r) { return chance(r, 2) ? r.between(2, 12) : r.between(2, 99); }

// Makes most products have one small operand, because products of two large
// ones have long traces, and makes quotients exact.
void simplify(Random& r, i64& a, char op, i64& b) {
  if (op == '*' && a > 12 && b > 12 && !chance(r, 3)) b = r.between(2, 9);
  if (op == '/') a = b * r.between(2, 12);
}

// An expression as the question shows it, with spaces, other signs or words. `plain` has no spaces.
std::string displayed(Random& r, const std::string& plain) {
  const bool spaces = !chance(r, 4);
  const u32 style = r.below(8);
  std::string out;
  for (size_t i = 0; i < plain.size(); ++i) {
    const char c = plain[i];
    const bool operation = i > 0 && (c == '+' || c == '*' || c == '/' || c == '-') && plain[i - 1] != '(';
    if (!operation) {
      out += c;
      continue;
    }
    std::string sign(1, c);
    if (style == 0) sign = c == '*' ? "×" : c == '/' ? "÷" : sign;
    if (style == 1) sign = c == '*' ? "times" : c == '/' ? "divided by" : c == '+' ? "plus" : "minus";
    if (style == 2 && c == '*') sign = "·";
    out += spaces || style == 1 ? " " + sign + " " : sign;
  }
  return out;
}

// k times x, such as "7x", "x" or "-x".
std::string x_times(i64 k) { return k == 1 ? "x" : k == -1 ? "-x" : text(k) + "x"; }
// The same with every factor written, such as "1x", as people write who put numbers into a form.
std::string x_times_plainly(i64 k) { return text(k) + "x"; }
std::string signed_term(i64 n) { return n == 0 ? "" : n < 0 ? text(n) : "+" + text(n); }

// One side of an equation, a x + b, with x first and without terms that are 0.
std::string side(i64 a, i64 b, std::string (*times)(i64) = x_times) {
  return a == 0 ? text(b) : times(a) + signed_term(b);
}

}  // namespace

Draft draft_expression(Random& r, int difficulty) {
  Draft d;
  std::string plain;
  i64 value = 0;
  if (difficulty == 1) {
    const char op = "++--*"[r.below(5)];
    i64 a = r.between(0, 99), b = r.between(1, 99);
    simplify(r, a, op, b);
    if (op == '-' && a < b && !chance(r, 4)) std::swap(a, b);
    plain = text(a) + op + text(b);
    value = write_op(d, a, op, b, r);
    d.content = op == '*' ? product_content(a, b) : "expression " + plain;
  } else {
    char ops[] = {"++--**/"[r.below(7)], "++--**/"[r.below(7)]};
    i64 v[] = {small_or_two_digits(r), small_or_two_digits(r), small_or_two_digits(r)};
    const bool uniform = difficulty == 3 && chance(r, 2);  // all numbers and operations are equally likely
    if (difficulty == 3)
      for (i64& n : v) n = r.between(uniform ? 1 : 2, 99);
    if (uniform) {
      const bool products = chance(r, 4);  // products of three numbers are the hardest to learn, and rare otherwise
      for (char& op : ops) op = products ? '*' : "+-*"[r.below(3)];
    }
    const bool right_bracket = chance(r, 4), left_bracket = !right_bracket && chance(r, 3);
    const bool right_first = right_bracket || (!left_bracket && binds_tighter(ops[0], ops[1]));
    plain = "";
    if (right_first) {
      if (!uniform) simplify(r, v[1], ops[1], v[2]);
      if (right_bracket && ops[0] == '/') {  // a / (b op c): choose a so that the quotient is exact
        const i64 inner = ops[1] == '+'   ? v[1] + v[2]
                          : ops[1] == '-' ? v[1] - v[2]
                          : ops[1] == '*' ? v[1] * v[2]
                                          : v[1] / v[2];
        v[0] = (inner == 0 ? 0 : std::abs(inner)) * r.between(2, 9);
        if (inner == 0) v[1] += 1, v[0] = r.between(2, 99);
        if (v[0] > 999) v[0] = 0;
      }
    } else if (!uniform) {
      simplify(r, v[0], ops[0], v[1]);
    }
    const std::string b = text(v[1]) + ops[1] + text(v[2]), a = text(v[0]) + ops[0] + text(v[1]);
    plain = right_bracket  ? text(v[0]) + ops[0] + "(" + b + ")"
            : left_bracket ? "(" + a + ")" + ops[1] + text(v[2])
                           : a + ops[1] + text(v[2]);
    d.trace = plain + "\n";
    if (right_first) {
      const i64 inner = write_op(d, v[1], ops[1], v[2], r);
      if (ops[0] == '/' && (inner == 0 || v[0] % inner != 0)) return draft_expression(r, difficulty);
      d.trace += text(v[0]) + ops[0] + operand(inner) + "\n";
      value = write_op(d, v[0], ops[0], inner, r);
    } else {
      const i64 inner = write_op(d, v[0], ops[0], v[1], r);
      if (ops[1] == '/' && inner % v[2] != 0) return draft_expression(r, difficulty);
      d.trace += text(inner) + ops[1] + text(v[2]) + "\n";
      value = write_op(d, inner, ops[1], v[2], r);
    }
    d.content = "expression " + plain;
  }
  d.answer = text(value);
  d.prompt = ask_value(r, displayed(r, plain));
  return d;
}

// a x + b = c x + e. With difficulty 1 c = 0 and the numbers are small, with 2 c = 0, with 3 x is on both sides.
Draft draft_equation(Random& r, int difficulty) {
  i64 a = r.between(2, 12), c = 0, x = difficulty == 1 ? r.between(1, 12) : r.between(-12, 20);
  i64 b = difficulty == 1 ? (chance(r, 3) ? 0 : r.between(1, 30)) : r.between(-50, 99);
  if (difficulty == 1 && chance(r, 4)) b = -b;
  if (difficulty == 1 && b != 0 && chance(r, 6)) a = 1;
  if (difficulty == 3) {
    a = r.between(1, 12), c = r.between(1, 12);
    if (c == a) c = a == 12 ? 5 : a + 1;
    if (chance(r, 8)) c = -c;
  }
  const i64 e = (a - c) * x + b;
  if (std::abs(e) > 199) return draft_equation(r, difficulty);
  Draft d;
  const bool swapped = difficulty != 3 && chance(r, 5);
  const auto times = chance(r, 2) ? x_times : x_times_plainly;
  const std::string left = side(a, b, times), right = side(c, e, times);
  const std::string shown = swapped ? right + "=" + left : left + "=" + right;
  std::string& t = d.trace;
  t = shown + "\n";
  i64 p = a, q = b, u = c, v = e;  // p x + q = u x + v
  if (swapped || p < u) {
    if (!swapped) std::swap(p, u), std::swap(q, v);
    t += side(p, q) + "=" + side(u, v) + "\n";
  }
  if (u != 0) {
    t += x_times(p) + (u < 0 ? "+" + x_times(-u) : "-" + x_times(u)) + "=" + text(v) + signed_term(-q) + "\n";
    p = u < 0 ? write_add(t, p, -u) : write_sub(t, p, u);
  } else if (q != 0) {
    t += x_times(p) + "=" + text(v) + signed_term(-q) + "\n";
  }
  if (q != 0) {
    v = q > 0 ? write_sub(t, v, q) : write_add(t, v, -q);
    if (p != 1) t += x_times(p) + "=" + text(v) + "\n";
  }
  if (p != 1) v = write_exact_divide(t, v, p, r);
  t += "x=" + text(v) + "\n";
  d.answer = text(v);
  d.content = "equation " + side(a, b) + "=" + side(c, e);

  std::string spaced;
  for (size_t i = 0; i < shown.size(); ++i) {
    const char s = shown[i];
    const bool operation = i > 0 && (s == '+' || s == '-' || s == '=') && shown[i - 1] != '=';
    spaced += operation ? std::string(" ") + s + " " : std::string(1, s);
  }
  if (chance(r, 4)) spaced = shown;
  static constexpr std::string_view kWays[] = {"Solve for x: {}",
                                               "Solve for x: {}.",
                                               "Solve {} for x.",
                                               "If {}, what is x?",
                                               "Find x if {}.",
                                               "Solve {}",
                                               "What is x if {}?",
                                               "Solve the equation {}.",
                                               "{}, x = ?",
                                               "{}. What is x?",
                                               "Find the value of x: {}",
                                               "{} solve for x",
                                               "{}. Find x.",
                                               "For which x is {}?",
                                               "Find x such that {}.",
                                               "Given {}, find x.",
                                               "{}",
                                               "Solve the linear equation {}.",
                                               "What value of x satisfies {}?",
                                               "Work out x: {}"};
  d.prompt = fill(pick(r, kWays), {spaced});
  if (d.prompt[0] != 'x') d.prompt = typed(r, d.prompt);
  if (chance(r, 8)) {  // another name for the unknown; no phrasing contains an x that is not the unknown
    const char name = "ynzat"[r.below(5)];
    for (std::string* s : {&d.prompt, &d.trace}) std::replace(s->begin(), s->end(), 'x', name);
  }
  return d;
}

}  // namespace r1
