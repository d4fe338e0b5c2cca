// Generators of squares, small powers, roots of squares, factorials, and equations such as x^2 = 49.
#include "tasks/everyday/everyday.hpp"

namespace r1 {
namespace {

// clang-format off
// {a} and {n} are digits; {b} and {m} are digits or words, {o} is "4th" or "fourth", {s} a raised number.
constexpr std::string_view kSquareValues[] = {
    "{b} squared", "{b} squared", "{b} squared", "{b} squared", "the square of {b}", "the square of {b}",
    "square of {b}", "{a}^2", "{a}^2", "{a}^2", "{a}²", "{a}²", "{a}**2", "{a} ^ 2", "{a} ** 2",
    "{b} to the power of 2", "{b} to the power of two", "{b} to the power 2", "{b} to the 2nd power",
    "{b} to the second power", "{b} to the second", "{b} to the 2", "{b} raised to 2", "{b} raised to the power 2",
    "the second power of {b}", "{b} times itself", "{b} multiplied by itself", "{b} multiplied with itself",
    "{b} in square", "{b} power 2", "{b} sq", "pow({a},2)", "pow({a}, 2)", "square({a})", "the number {b} squared",
    "the square number of {b}", "the product of {b} with itself", "the value {a}^2", "{b} exponent 2", "{b}, squared"};
constexpr std::string_view kSquareOrders[] = {
    "square {b}", "square {b}", "square the number {b}", "multiply {b} by itself", "multiply {b} with itself",
    "take {b} and square it", "take {b} times itself", "raise {b} to the second power", "raise {b} to the power of 2",
    "find the square of {b}", "give me {b} squared", "bring {b} to the power of 2", "do {b} squared",
    "find the area of a square with side {b}"};
constexpr std::string_view kSquareQuestions[] = {
    "what do you get if you square {b}", "what do i get when i square {b}", "if i square {b}, what do i get",
    "what comes out if {b} is squared", "what happens if you multiply {b} by itself", "{b} times itself is what",
    "which number is the square of {b}", "how much is {b} when it is squared", "{b}: squared", "square: {b}",
    "i wonder what {b} squared is", "what does {b} squared come to", "i have {b} and multiply it by itself, what is it",
    "what is the area of a square with side {b}", "how big is {b} squared", "{b} squared is what number",
    "a square has sides of {b}, what is its area", "what would {b} squared be", "the square of {b} is"};
constexpr std::string_view kCubeValues[] = {
    "{b} cubed", "{b} cubed", "{b} cubed", "the cube of {b}", "cube of {b}", "{a}^3", "{a}^3", "{a}^3", "{a}³",
    "{a}**3", "{a} ^ 3", "{b} to the power of 3", "{b} to the power of three", "{b} to the 3rd power",
    "{b} to the third power", "{b} to the third", "{b} to the 3rd", "{b} raised to 3", "the third power of {b}",
    "pow({a},3)", "pow({a}, 3)", "{b} power 3", "the cube number of {b}", "{b} in the third power",
    "{b} times itself, and times {b} again", "the number {b} cubed", "cube({a})"};
constexpr std::string_view kCubeOrders[] = {
    "cube {b}", "cube the number {b}", "take {b} and cube it", "raise {b} to the third power", "find the cube of {b}",
    "give me {b} cubed", "bring {b} to the power of 3", "raise {b} to the 3rd power"};
constexpr std::string_view kCubeQuestions[] = {
    "what do you get if you cube {b}", "what do i get when i cube {b}", "if i cube {b}, what do i get",
    "which number is the cube of {b}", "what is the volume of a cube with side {b}", "what comes out if {b} is cubed",
    "{b}: cubed", "cube: {b}", "i wonder what {b} cubed is", "a cube has edges of {b}, what is its volume"};
constexpr std::string_view kPowerValues[] = {
    "{a}^{n}", "{a}^{n}", "{a}^{n}", "{a}^{n}", "{a}^{n}", "{a}**{n}", "{a} ^ {n}", "{a} ^ {n}", "{a} ** {n}",
    "{a}^({n})", "{a}{s}", "pow({a},{n})", "pow({a}, {n})", "power({a}, {n})", "pow {a} {n}", "{b} to the power of {m}",
    "{b} to the power of {m}", "{b} to the power of {m}", "{b} to the power {m}", "{b} to power {m}", "{b} to the {m}",
    "{b} to the {o}", "{b} to the {o}", "{b} to the {o}", "{b} to the {o} power", "{b} to the {o} power",
    "{b} to the {o} power", "{b} raised to {m}", "{b} raised to the power of {m}", "{b} raised to the power {m}",
    "{b} raised to the {o}", "{b} raised to the {o} power", "the {o} power of {b}", "{b} power {m}",
    "{b} in the power of {m}", "{b} in the {o} power", "{b} exponent {m}", "{b} with exponent {m}",
    "{b} with the exponent {m}", "{b} up to the power of {m}", "the power {a}^{n}", "{b} to the exponent {m}",
    "the value of {b} to the {o}"};
constexpr std::string_view kPowerOrders[] = {
    "raise {b} to the power of {m}", "raise {b} to the power {m}", "raise {b} to {m}", "raise {b} to the {o} power",
    "raise {b} to the {o}", "take {b} to the power of {m}", "take {b} to the {o} power", "find the {o} power of {b}",
    "bring {b} to the power of {m}", "put {b} to the power of {m}", "exponentiate {b} by {m}",
    "use base {a} and exponent {n}"};
constexpr std::string_view kPowerQuestions[] = {
    "power: base {a} exponent {n}", "base {a}, exponent {n}", "base {a} exponent {n}", "base = {a}, exponent = {n}",
    "exponent {n}, base {a}", "what is the {o} power of {b}", "what do you get if you raise {b} to the power of {m}",
    "what do i get when i raise {b} to the {o} power", "if i raise {b} to the {o}, what do i get",
    "if the base is {a} and the exponent is {n}, what is the power", "what comes out if {b} is raised to {m}",
    "i wonder what {b} to the {o} is", "{b} to the {o} makes", "what would {b} to the power of {m} be",
    "what does {a}^{n} come to", "how big is {b} to the {o}", "{b} to the power {m} is what number",
    "x^{n} with x = {a}", "x^{n} for x={a}", "a^n with a = {a} and n = {n}"};
// For exponents of at least 2.
constexpr std::string_view kFactorQuestions[] = {
    "what is the product of {m} factors that are all {b}", "use {b} as a factor {m} times, what is the product",
    "multiply {m} copies of {b} together", "write {b} down {m} times and multiply them all, what do you get"};
constexpr std::string_view kRootValues[] = {
    "the square root of {b}", "the square root of {b}", "the square root of {b}", "square root of {b}",
    "square root of {b}", "square root of {b}", "sqrt({a})", "sqrt({a})", "sqrt({a})", "sqrt {a}", "sqrt {a}",
    "sqrt of {a}", "√{a}", "√{a}", "√ {a}", "√({a})", "√ of {a}", "the root of {b}", "root of {b}", "square root {b}",
    "the sqrt of {a}", "{a}^0.5", "{a}^(1/2)", "{a}**0.5", "the positive square root of {b}", "root {a}",
    "squareroot of {b}", "square-root of {b}", "the squareroot of {b}", "square root from {b}", "the root from {b}",
    "sq root of {a}", "sq rt of {a}", "sqr root of {a}", "the 2nd root of {a}", "the second root of {b}",
    "{b} square root", "{a} sqrt", "{b} square rooted", "math.sqrt({a})", "sqrt[{a}]",
    "the principal square root of {a}", "square root for {b}", "the square root of the number {b}",
    "{b} to the power of 1/2", "{b} to the power of a half", "root({a})"};
constexpr std::string_view kRootOrders[] = {
    "take the square root of {b}", "take the root of {b}", "extract the square root of {b}",
    "find the square root of {b}", "find the root of {b}", "get the root of {b}", "square root {b}",
    "work out the square root of {b}", "draw the square root of {b}", "give the positive root of {b}",
    "calculate root {a}", "pull the root out of {b}"};
constexpr std::string_view kRootQuestions[] = {
    "which positive number squared is {b}", "what positive number times itself is {b}",
    "which positive number has the square {b}", "what is the root of {b}", "what positive number squared gives {b}",
    "which natural number times itself makes {b}", "{b} is the square of which positive number",
    "what positive number multiplied by itself gives {b}", "how long is the side of a square with area {b}",
    "a square has an area of {b}, how long is one side", "what is the side of a square whose area is {b}",
    "{b}, what is its square root", "{b}: square root", "square root: {b}", "root: {b}",
    "i need the root of {b}, what is it", "what do i get if i take the square root of {b}",
    "which positive number do i have to square to get {b}", "if i take the root of {b}, what do i get",
    "i wonder what the square root of {b} is", "what would the square root of {b} be", "the square root of {b} is"};
constexpr std::string_view kFactorialValues[] = {
    "{a}!", "{a}!", "{a}!", "{a}!", "{a} !", "{b} factorial", "{b} factorial", "{b} factorial", "factorial of {b}",
    "factorial of {b}", "the factorial of {b}", "the factorial of {b}", "factorial {b}", "factorial({a})",
    "factorial({a})", "fact({a})", "fact({a})", "fact {a}", "{a} fact", "fact of {a}", "math.factorial({a})",
    "the factorial {a}!", "{a}-factorial", "factorial from {b}", "factorial for {b}", "the factorial for {b}",
    "the factorial of the number {b}", "factorial of number {b}", "{b}'s factorial", "{b} factoriel", "factoral of {b}",
    "factorail {b}", "{b} faculty", "n! for n={a}", "n! for n = {a}", "n! if n is {a}", "n! with n={a}",
    "n factorial when n is {a}", "factorial: {a}", "the value of {a}!"};
constexpr std::string_view kFactorialOrders[] = {
    "take the factorial of {b}", "find the factorial of {b}", "find {a}!", "work out {a}!", "work out {b} factorial",
    "get the factorial of {b}", "compute n! for n={a}", "calculate fact({a})", "do {b} factorial"};
constexpr std::string_view kFactorialQuestions[] = {
    "factorial: {a}", "{b}, what is its factorial", "{b}: factorial", "what does {b} factorial make",
    "if n is {a}, what is n!", "n={a}, n!=?", "n = {a}, what is n factorial", "how big is {b} factorial",
    "i wonder what {b} factorial is", "what would {a}! be", "how much is the factorial of {b}",
    "what do i get for {a}! on my calculator"};
// For at least two.
constexpr std::string_view kProductQuestions[] = {
    "what is the product of all whole numbers from 1 to {a}", "multiply all the numbers from 1 to {a}",
    "the product of the numbers 1 to {a}", "what do you get if you multiply all numbers from 1 up to {a}"};
constexpr std::string_view kArrangements[] = {
    "line up {b} {t}", "line {b} {t} up", "arrange {b} {t}", "arrange {b} {t} in a row", "order {b} {t}",
    "put {b} {t} in a row", "put {b} {t} in order", "sort {b} different {t} in a row", "place {b} {t} side by side"};
constexpr std::string_view kPeopleArrangements[] = {
    "seat {b} {t} in a row", "seat {b} {t} on {b} chairs", "line up {b} {t}", "line {b} {t} up",
    "arrange {b} {t} in a line", "put {b} {t} in a queue", "arrange {b} {t} in a row"};
constexpr std::string_view kThings[] = {
    "books", "books", "things", "cards", "cars", "toys", "photos", "flags", "different letters", "pictures", "cups",
    "different objects", "balls of different colors"};
constexpr std::string_view kPeople[] = {
    "people", "people", "people", "children", "kids", "students", "friends", "guests"};
constexpr std::string_view kWays[] = {
    "in how many ways can you {v}", "in how many ways can i {v}", "how many ways are there to {v}",
    "how many ways can i {v}", "in how many different ways can we {v}", "how many different ways are there to {v}",
    "i want to {v}, how many ways are there", "how many possibilities are there to {v}", "number of ways to {v}",
    "in how many orders can i {v}"};
constexpr std::string_view kPermutations[] = {
    "how many permutations of {b} {t} are there", "how many permutations do {b} {t} have", "permutations of {b} {t}",
    "number of permutations of {b} {t}", "how many orders are there for {b} {t}",
    "how many arrangements of {b} {t} are there"};
constexpr std::string_view kSquareEquations[] = {
    "{x}^2 = {a}", "{x}^2={a}", "{x}^2={a}", "{x}^2 = {a}", "{x}² = {a}", "{x}²={a}", "{x}*{x}={a}", "{x} * {x} = {a}",
    "{x}**2 = {a}", "{x} squared = {a}", "{x} squared equals {a}", "{x} squared is {a}", "{a} = {x}^2", "{a} = {x}²",
    "{x}^2 - {a} = 0", "{x}^2-{a}=0", "{x}²-{a}=0", "{x} times {x} is {a}", "{x} times {x} = {a}", "{x} ^ 2 = {a}",
    "the square of {x} is {a}", "{x} to the power of 2 is {a}"};
constexpr std::string_view kSolveOrders[] = {
    "solve {e}", "solve {e}", "solve {e} for {x}", "solve for {x}: {e}", "solve for {x} {e}", "solve the equation {e}",
    "find {x}: {e}", "find {x} if {e}", "find all {x} with {e}", "solve: {e}", "find the solutions of {e}",
    "work out {x} if {e}", "calculate {x}: {e}", "find both solutions of {e}", "give me all solutions of {e}",
    "find every {x} with {e}", "get {x} from {e}", "determine {x}: {e}", "find the roots of {e}",
    "solve this equation: {e}", "list the solutions of {e}", "solve the quadratic {e}"};
constexpr std::string_view kSolveQuestions[] = {
    "{e}", "{e}", "{e}", "{e}", "{e}", "{e}", "{e}, {x} = ?", "{e}, {x}=?", "{e}. what is {x}", "{e} what is {x}",
    "what is {x} if {e}", "if {e}, what is {x}", "if {e} what is {x}", "{e}, what is {x}", "which {x} solve {e}",
    "what are the solutions of {e}", "what is the solution of {e}", "for which {x} is {e}", "{e}, find {x}",
    "{e} find {x}", "{e} solve for {x}", "{e}, solve", "when {e}, what can {x} be", "what values can {x} have if {e}",
    "{e}, what are the solutions", "what are both values of {x} if {e}", "{e}, so what is {x}", "what is {x} when {e}",
    "which numbers are {x} in {e}", "given {e}, what is {x}", "which values of {x} give {e}", "{e} and {x} is"};
constexpr std::string_view kBothRoots[] = {
    "which numbers squared give {a}", "which two numbers have the square {a}", "what two numbers squared are {a}",
    "which numbers multiplied by themselves make {a}", "what are both square roots of {a}", "both square roots of {a}",
    "find all numbers whose square is {a}", "which numbers have {a} as their square",
    "what are the two square roots of {a}"};
// clang-format on

std::string shown_small(Random& r, i64 n) { return n <= 12 && chance(r, 12) ? number_in_words(n) : std::to_string(n); }

// "4th", or "fourth" up to ten.
std::string ordinal(Random& r, i64 n) {
  static constexpr std::string_view kOrdinals[] = {"zeroth", "first",   "second", "third", "fourth", "fifth",
                                                   "sixth",  "seventh", "eighth", "ninth", "tenth"};
  if (n <= 10 && chance(r, 2)) return std::string(kOrdinals[n]);
  const bool teen = n % 100 / 10 == 1;
  static constexpr std::string_view kEndings[] = {"th", "st", "nd", "rd"};
  const std::string_view ending = teen || n % 10 > 3 ? kEndings[0] : kEndings[n % 10];
  return std::to_string(n).append(ending);
}

std::string raised_text(i64 n) {
  static constexpr std::string_view kRaised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string out;
  for (const char c : std::to_string(n)) out += kRaised[c - '0'];
  return out;
}

// base^n as repeated products. If there are several, the trace says what is wanted, and before each product which power
// it makes, because a model that only multiplies does not know when to stop: "3^4", "3^2", "3*3=9", "3^3", "9*3=27",
// "3^4", "27*3=81". A power with exponent 0 or 1, or of 0 or 1, is its value alone.
i64 write_power(Draft& d, i64 base, i64 n) {
  i64 value = n == 0 ? 1 : base;
  if (n < 2 || base < 2) {
    d.trace += std::to_string(value) + "\n";
    return value;
  }
  const std::string power = std::to_string(base) + "^";
  if (n > 2) d.trace += power + std::to_string(n) + "\n";
  for (i64 i = 2; i <= n; ++i) {
    if (n > 2) d.trace += power + std::to_string(i) + "\n";
    value = write_mul(d.trace, value, base);
  }
  return value;
}

// A base and an exponent of difficulty 3.
struct Power {
  i64 base, exponent;
};

Power draw_power(Random& r) {
  if (chance(r, 12)) return {r.between(0, 1), r.between(2, chance(r, 2) ? 10 : chance(r, 2) ? 100 : 1000)};
  if (chance(r, 10)) return {r.between(2, chance(r, 2) ? 12 : 100), r.between(0, 1)};
  static constexpr Power kMost[] = {{2, 10}, {2, 10}, {3, 6}, {4, 5}, {5, 4}, {6, 3}, {7, 3}, {8, 3}, {9, 3}, {10, 6}};
  const Power most = pick(r, kMost);
  return {most.base, chance(r, 3) ? 3 : r.between(2, most.exponent)};
}

std::string ask_power(Random& r, i64 base, i64 n) {
  const bool words = n <= 12 && chance(r, 4);
  const std::string b = words && base <= 100 && chance(r, 2) ? number_in_words(base) : shown_small(r, base);
  const std::string a = std::to_string(base), digits = std::to_string(n), m = words ? number_in_words(n) : digits;
  const std::string o = ordinal(r, n), raised = raised_text(n);
  const bool factors = n > 2 && n <= 12 && chance(r, 24);
  const Bodies bodies = factors                   ? Bodies{{}, {}, kFactorQuestions}
                        : n == 2 && !chance(r, 8) ? Bodies{kSquareValues, kSquareOrders, kSquareQuestions}
                        : n == 3 && !chance(r, 4) ? Bodies{kCubeValues, kCubeOrders, kCubeQuestions}
                                                  : Bodies{kPowerValues, kPowerOrders, kPowerQuestions};
  return ask_any(r, bodies, {{"a", a}, {"b", b}, {"n", digits}, {"m", m}, {"o", o}, {"s", raised}});
}

std::string ask_factorial(Random& r, i64 n) {
  const std::string a = std::to_string(n), b = chance(r, 8) ? number_in_words(n) : a;
  if (n < 2 || !chance(r, 6))
    return ask_any(r, {kFactorialValues, kFactorialOrders, kFactorialQuestions}, {{"a", a}, {"b", b}});
  if (chance(r, 5)) return ask_whether(r, put_in(pick(r, kProductQuestions), {{"a", a}}));
  const bool people = chance(r, 2);
  const std::string_view named = people ? pick(r, kPeople) : pick(r, kThings);
  if (chance(r, 5)) return ask_whether(r, put_in(pick(r, kPermutations), {{"b", b}, {"t", named}}));
  const std::string_view order = people ? pick(r, kPeopleArrangements) : pick(r, kArrangements);
  return ask_whether(r, put_in(pick(r, kWays), {{"v", put_in(order, {{"b", b}, {"t", named}})}}));
}

}  // namespace

std::string write_root(std::string& trace, i64 root) {
  const std::string text = std::to_string(root);
  trace += put_in("{n}*{n}={a}\n", {{"n", text}, {"a", std::to_string(root * root)}});
  return text;
}

// 1: squares up to 12; 2: squares up to 100; 3: cubes and other powers up to 1024, powers of ten, exponents 0 and 1,
// and powers of 0 and 1.
Draft draft_power(Random& r, int difficulty) {
  i64 base = difficulty == 1 ? r.between(1, 12)
             : chance(r, 2)  ? r.between(11, 99)
             : chance(r, 3)  ? r.between(5, 10) * 10
                             : r.between(11, 25),
      n = 2;
  if (difficulty == 3) {
    const Power power = draw_power(r);
    base = power.base, n = power.exponent;
  }
  Draft d;
  d.answer = std::to_string(write_power(d, base, n));
  if (n == 2 && base > 12) contains_product(d, base, base);  // the tables up to 12 are all taught
  d.prompt = ask_power(r, base, n);
  d.content = small_content("power", d.prompt);
  return d;
}

// The roots up to 40 are facts, and so are those of the tens: "144:12*12=144".
// 1: up to 12; 2: up to 40, and tens up to 100.
Draft draft_root(Random& r, int difficulty) {
  const i64 root = difficulty == 1 ? r.between(1, 12) : chance(r, 5) ? r.between(2, 10) * 10 : r.between(1, 40);
  const std::string a = std::to_string(root * root), b = chance(r, 12) ? number_in_words(root * root) : a;
  Draft d;
  d.answer = write_root(d.trace, root);
  d.prompt = ask_any(r, {kRootValues, kRootOrders, kRootQuestions}, {{"a", a}, {"b", b}});
  d.content = small_content("root", d.prompt);
  return d;
}

// The trace says what is wanted, and each product has the next factor: "4!", "1*2=2", "2*3=6", "6*4=24".
Draft draft_factorial(Random& r, int) {
  const i64 n = r.between(0, 8);
  Draft d;
  d.trace = std::to_string(n) + "!\n";
  i64 value = 1;
  for (i64 i = 2; i <= n; ++i) value = write_mul(d.trace, value, i);
  if (n < 2) d.trace += "1\n";
  d.answer = std::to_string(value);
  // "4!!" is another function, and "fact(4)!" asks for two factorials.
  const auto twice = [](const std::string& text) {
    return text.find("!!") != text.npos || text.find(")!") != text.npos;
  };
  do d.prompt = ask_factorial(r, n);
  while (twice(d.prompt));
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
  const std::string x(1, "xxxxxxxxynatz"[r.below(13)]);
  const std::string equation = put_in(pick(r, kSquareEquations), {{"a", a}, {"x", x}});
  if (chance(r, 12)) d.prompt = ask_whether(r, put_in(pick(r, kBothRoots), {{"a", a}}));
  else if (chance(r, 3)) d.prompt = ask_to(r, put_in(pick(r, kSolveOrders), {{"e", equation}, {"x", x}}));
  else d.prompt = ask_whether(r, put_in(pick(r, kSolveQuestions), {{"e", equation}, {"x", x}}));
  d.content = small_content("square_equation", d.prompt);
  return d;
}

}  // namespace r1
