// Generators of squares, small powers, roots of squares, factorials, and equations such as x^2 = 49.
#include "tasks/everyday/everyday.hpp"

namespace r1 {
namespace {

// clang-format off
constexpr std::string_view kSquareValues[] = {
    "{a} squared", "{a} squared", "{a} squared", "the square of {a}", "square of {a}", "{a}^2", "{a}^2", "{a}²",
    "{a}**2", "{a} ^ 2", "{a} to the power of 2", "{a} to the 2nd power", "{a} to the second power",
    "{a} raised to 2", "the second power of {a}", "{a} times itself"};
constexpr std::string_view kSquareOrders[] = {"square {a}", "square the number {a}", "multiply {a} by itself"};
constexpr std::string_view kCubeValues[] = {
    "{a} cubed", "{a} cubed", "the cube of {a}", "cube of {a}", "{a}^3", "{a}^3", "{a}³", "{a}**3",
    "{a} to the power of 3", "{a} to the 3rd power", "{a} to the third power", "the third power of {a}"};
constexpr std::string_view kCubeOrders[] = {"cube {a}", "cube the number {a}"};
constexpr std::string_view kPowerValues[] = {
    "{a}^{n}", "{a}^{n}", "{a}^{n}", "{a}**{n}", "{a} ^ {n}", "{a} to the power of {n}", "{a} to the power of {n}",
    "{a} to the power {n}", "{a} to the {n}", "{a} to the {n}th", "{a} to the {n}th power", "{a} raised to {n}",
    "{a} raised to the power of {n}", "{a} raised to the {n}th power", "the {n}th power of {a}", "{a} power {n}"};
constexpr std::string_view kPowerOrders[] = {
    "raise {a} to the power of {n}", "raise {a} to {n}", "raise {a} to the {n}th power"};
constexpr std::string_view kRootValues[] = {
    "the square root of {a}", "the square root of {a}", "square root of {a}", "square root of {a}", "sqrt({a})",
    "sqrt({a})", "sqrt {a}", "sqrt of {a}", "√{a}", "√ {a}", "√({a})", "the root of {a}", "root of {a}",
    "square root {a}", "the sqrt of {a}", "{a}^0.5", "{a}^(1/2)", "the positive square root of {a}", "root {a}",
    "squareroot of {a}"};
constexpr std::string_view kRootOrders[] = {
    "take the square root of {a}", "take the root of {a}", "extract the square root of {a}"};
constexpr std::string_view kRootQuestions[] = {
    "which positive number squared is {a}", "what positive number times itself is {a}",
    "which positive number has the square {a}", "what is the root of {a}", "what positive number squared gives {a}"};
constexpr std::string_view kFactorialValues[] = {
    "{a}!", "{a}!", "{a}!", "{a} !", "{a} factorial", "{a} factorial", "factorial of {a}", "the factorial of {a}",
    "factorial {a}", "factorial({a})", "the factorial {a}!", "{a}-factorial"};
constexpr std::string_view kFactorialQuestions[] = {
    "in how many ways can you order {a} things", "how many ways are there to arrange {a} books"};
constexpr std::string_view kSquareEquations[] = {
    "x^2 = {a}", "x^2={a}", "x^2={a}", "x² = {a}", "x²={a}", "x*x={a}", "x * x = {a}", "x**2 = {a}",
    "x squared = {a}", "x squared equals {a}", "x squared is {a}", "{a} = x^2", "x^2 - {a} = 0", "x^2-{a}=0"};
constexpr std::string_view kSolveOrders[] = {
    "solve {e}", "solve {e} for x", "solve for x: {e}", "solve the equation {e}", "find x: {e}", "find x if {e}",
    "find all x with {e}", "solve: {e}", "find the solutions of {e}", "work out x if {e}", "calculate x: {e}"};
constexpr std::string_view kSolveQuestions[] = {
    "{e}", "{e}", "{e}", "{e}, x = ?", "{e}. what is x", "what is x if {e}", "if {e}, what is x", "if {e} what is x",
    "{e}, what is x", "which x solve {e}", "what are the solutions of {e}", "what is the solution of {e}",
    "for which x is {e}", "{e}, find x", "{e} solve for x", "when {e}, what can x be"};
// clang-format on

std::string shown_small(Random& r, i64 n) { return n <= 12 && chance(r, 12) ? number_in_words(n) : std::to_string(n); }

// base^n as repeated products. If there are several, a line before each of them says which power it makes, because a
// model that only multiplies does not know when to stop: "^2", "3*3=9", "^3", "9*3=27".
i64 write_power(Draft& d, i64 base, i64 n) {
  i64 value = n == 0 ? 1 : base;
  if (n < 2) d.trace += std::to_string(value) + "\n";
  for (i64 i = 2; i <= n; ++i) {
    if (n > 2) d.trace += "^" + std::to_string(i) + "\n";
    value = write_mul(d.trace, value, base);
  }
  return value;
}

}  // namespace

std::string write_root(std::string& trace, i64 root) {
  const std::string text = std::to_string(root);
  trace += put_in("{n}*{n}={a}\n", {{"n", text}, {"a", std::to_string(root * root)}});
  return text;
}

// 1: squares up to 12; 2: squares up to 100; 3: cubes and other powers up to 1024, and powers of ten.
Draft draft_power(Random& r, int difficulty) {
  i64 base = difficulty == 1 ? r.between(1, 12)
             : chance(r, 2)  ? r.between(11, 99)
             : chance(r, 3)  ? r.between(5, 10) * 10
                             : r.between(11, 25),
      n = 2;
  if (difficulty == 3) {
    struct Range {
      i64 base, most;
    };
    static constexpr Range kRanges[] = {{2, 10}, {2, 10}, {3, 6}, {4, 5},  {5, 4}, {6, 3},
                                        {7, 3},  {8, 3},  {9, 3}, {10, 6}, {1, 10}};
    const Range range = pick(r, kRanges);
    base = range.base, n = chance(r, 3) ? 3 : r.between(chance(r, 6) ? 0 : 2, range.most);
  }
  Draft d;
  d.answer = std::to_string(write_power(d, base, n));
  if (n == 2 && base > 12) contains_product(d, base, base);  // the tables up to 12 are all taught
  const std::string a = shown_small(r, base);
  const Bodies bodies = n == 2 && !chance(r, 8)   ? Bodies{kSquareValues, kSquareOrders, {}}
                        : n == 3 && !chance(r, 4) ? Bodies{kCubeValues, kCubeOrders, {}}
                                                  : Bodies{kPowerValues, kPowerOrders, {}};
  d.prompt = ask_any(r, bodies, {{"a", a}, {"n", std::to_string(n)}});
  d.content = small_content("power", d.prompt);
  return d;
}

// The roots up to 40 are facts, and so are those of the tens: "144:12*12=144".
// 1: up to 12; 2: up to 40, and tens up to 100.
Draft draft_root(Random& r, int difficulty) {
  const i64 root = difficulty == 1 ? r.between(1, 12) : chance(r, 5) ? r.between(2, 10) * 10 : r.between(1, 40);
  const std::string a = std::to_string(root * root);
  Draft d;
  d.answer = write_root(d.trace, root);
  d.prompt = ask_any(r, {kRootValues, kRootOrders, kRootQuestions}, {{"a", a}});
  d.content = small_content("root", d.prompt);
  return d;
}

Draft draft_factorial(Random& r, int) {
  const i64 n = r.between(0, 8);
  Draft d;
  i64 value = 1;
  for (i64 i = 2; i <= n; ++i) value = write_mul(d.trace, value, i);
  if (n < 2) d.trace = "1\n";
  d.answer = std::to_string(value);
  const std::string a = std::to_string(n);
  d.prompt = n >= 3 && chance(r, 12) ? ask_whether(r, put_in(pick(r, kFactorialQuestions), {{"a", a}}))
                                     : ask_for(r, put_in(pick(r, kFactorialValues), {{"a", a}}));
  d.content = small_content("factorial", d.prompt);
  return d;
}

// x^2 = n, for the squares of 1 to 20.
Draft draft_square_equation(Random& r, int) {
  const i64 root = r.between(1, chance(r, 2) ? 12 : 20);
  const std::string a = std::to_string(root * root);
  Draft d;
  const std::string text = write_root(d.trace, root);
  d.answer = text + ", -" + text;
  d.checker = MathChecker{d.answer};
  const std::string equation = put_in(pick(r, kSquareEquations), {{"a", a}});
  d.prompt = ask_any(r, {{}, kSolveOrders, kSolveQuestions}, {{"e", equation}});
  d.content = small_content("square_equation", d.prompt);
  return d;
}

}  // namespace r1
