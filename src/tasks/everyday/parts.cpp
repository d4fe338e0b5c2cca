// Generators of parts and multiples (half, double), percent and fractions.
#include <algorithm>
#include <numeric>

#include "tasks/everyday/everyday.hpp"

namespace r1 {
namespace {

// A word for a part or a multiple, as value ("half of {a}"), as order ("halve {a}"), and as question.
struct PartWord {
  i64 times, over;  // a * times / over
  std::span<const std::string_view> values, orders, questions;
};

// clang-format off
constexpr std::string_view kHalf[] = {
    "half of {a}", "half of {a}", "half of {a}", "half {a}", "a half of {a}", "one half of {a}", "the half of {a}",
    "1/2 of {a}", "½ of {a}", "half the number {a}", "{a} halved", "one-half of {a}", "half as much as {a}",
    "half as many as {a}", "half from {a}", "{a} cut in half", "{a} split in half", "{a} divided in half", "{a} half",
    "half the amount of {a}", "{a} in half", "one of two equal halves of {a}"};
constexpr std::string_view kHalve[] = {
    "halve {a}", "take half of {a}", "divide {a} in half", "cut {a} in half", "split {a} in half",
    "halve the number {a}", "find half of {a}", "split {a} into two equal parts", "divide {a} into two halves",
    "share {a} equally between two", "divide {a} by two", "get half of {a}"};
constexpr std::string_view kHalfAsked[] = {
    "i have {a} and give half away, how many are left", "there are {a} and half of them leave, how many stay",
    "if i eat half of {a} cookies, how many did i eat", "{a} shared by two, how much does each get",
    "which number is half as big as {a}", "it costs {a} but now it is half price, what do i pay",
    "a recipe needs {a} grams. i make half of it, how many grams", "two of us share {a} equally, how many for each",
    "what number is in the middle between 0 and {a}", "if x is half of {a}, what is x"};
constexpr std::string_view kDouble[] = {
    "double {a}", "double of {a}", "the double of {a}", "twice {a}", "twice {a}", "two times {a}", "{a} doubled",
    "2 times {a}", "twice the number {a}", "twice as much as {a}", "twice as many as {a}", "{a} twice", "{a} times two",
    "{a} two times", "the double amount of {a}", "double the amount of {a}", "two lots of {a}", "{a} and {a} again"};
constexpr std::string_view kDoubleIt[] = {
    "double {a}", "double the number {a}", "take {a} twice", "multiply {a} by two", "double up {a}", "find twice {a}",
    "add {a} to itself", "find the double of {a}", "make {a} twice as big"};
constexpr std::string_view kDoubleAsked[] = {
    "i have {a} and you have twice as many, how many do you have", "which number is twice as big as {a}",
    "if {a} doubles, what is it then", "i had {a} and now i have double, how many is that",
    "one ticket costs {a}, how much are two", "what do i get if i add {a} to itself", "if x is {a}, what is 2x",
    "a pair of bags with {a} in each, how many in total"};
constexpr std::string_view kTriple[] = {
    "triple {a}", "three times {a}", "the triple of {a}", "{a} tripled", "thrice {a}", "three times as much as {a}",
    "three times as many as {a}", "{a} times three", "three lots of {a}"};
constexpr std::string_view kTripleIt[] = {
    "triple {a}", "triple the number {a}", "multiply {a} by three", "take {a} three times",
    "make {a} three times as big"};
constexpr std::string_view kTripleAsked[] = {
    "which number is three times as big as {a}", "if {a} triples, what is it then", "one costs {a}, how much are three",
    "i have {a} and you have three times as many, how many do you have"};
constexpr std::string_view kQuadruple[] = {
    "quadruple {a}", "four times {a}", "{a} quadrupled", "four times as much as {a}", "the quadruple of {a}"};
constexpr std::string_view kTenfold[] = {
    "ten times {a}", "ten times as much as {a}", "10 times {a}", "ten lots of {a}"};
constexpr std::string_view kThird[] = {
    "a third of {a}", "one third of {a}", "1/3 of {a}", "one-third of {a}", "third of {a}", "the third part of {a}",
    "a third part of {a}"};
constexpr std::string_view kThirdIt[] = {
    "take a third of {a}", "find one third of {a}", "find 1/3 of {a}", "divide {a} by three",
    "split {a} in three equal parts"};
constexpr std::string_view kQuarter[] = {
    "a quarter of {a}", "one quarter of {a}", "1/4 of {a}", "a fourth of {a}", "quarter of {a}", "one fourth of {a}",
    "¼ of {a}", "one-fourth of {a}", "one-quarter of {a}", "half of half of {a}", "the quarter of {a}",
    "{a} quartered"};
constexpr std::string_view kQuarterIt[] = {
    "take a quarter of {a}", "find a quarter of {a}", "find 1/4 of {a}", "halve {a} twice", "divide {a} into quarters"};
constexpr std::string_view kThreeQuarters[] = {
    "three quarters of {a}", "3/4 of {a}", "three fourths of {a}", "¾ of {a}", "three-quarters of {a}"};
constexpr std::string_view kTwoThirds[] = {"two thirds of {a}", "2/3 of {a}", "two-thirds of {a}"};
constexpr std::string_view kFifth[] = {"a fifth of {a}", "one fifth of {a}", "1/5 of {a}", "one-fifth of {a}"};
constexpr std::string_view kTwoFifths[] = {"two fifths of {a}", "2/5 of {a}"};
constexpr std::string_view kEighth[] = {"an eighth of {a}", "one eighth of {a}", "1/8 of {a}"};
constexpr std::string_view kTenth[] = {"a tenth of {a}", "one tenth of {a}", "1/10 of {a}", "the tenth part of {a}"};
const PartWord kPartWords[] = {
    {1, 2, kHalf, kHalve, kHalfAsked}, {1, 2, kHalf, kHalve, kHalfAsked}, {1, 2, kHalf, kHalve, kHalfAsked},
    {1, 2, kHalf, kHalve, {}}, {2, 1, kDouble, kDoubleIt, kDoubleAsked}, {2, 1, kDouble, kDoubleIt, kDoubleAsked},
    {2, 1, kDouble, kDoubleIt, {}}, {3, 1, kTriple, kTripleIt, kTripleAsked}, {4, 1, kQuadruple, {}, {}},
    {10, 1, kTenfold, {}, {}}, {1, 3, kThird, kThirdIt, {}}, {1, 4, kQuarter, kQuarterIt, {}},
    {3, 4, kThreeQuarters, {}, {}}, {2, 3, kTwoThirds, {}, {}}, {1, 5, kFifth, {}, {}}, {2, 5, kTwoFifths, {}, {}},
    {1, 8, kEighth, {}, {}}, {1, 10, kTenth, {}, {}}};
// {v} is one of the values above, such as "half of 20".
constexpr std::string_view kPartAsked[] = {
    "if i take {v}, what do i get", "what number is {v}", "which number is {v}", "how many would {v} be",
    "what would {v} be", "i need {v}, how much is it", "how big is {v}", "i want to know {v}", "i wonder what {v} is",
    "how many is {v}", "do you know what {v} makes", "{v} is which number", "i am looking for {v}"};

constexpr std::string_view kPercentValues[] = {
    "{p}% of {a}", "{p}% of {a}", "{p}% of {a}", "{p}% of {a}", "{p} % of {a}", "{p} percent of {a}",
    "{p} percent of {a}", "{p} per cent of {a}", "{p}% from {a}", "{p}percent of {a}", "{a} * {p}%", "{p}% * {a}",
    "{p} pct of {a}", "{p}% out of {a}", "{p} percent from {a}", "{p}% of the number {a}", "{p} percentage of {a}",
    "{a} times {p}%", "{p}/100 of {a}", "{p} hundredths of {a}", "{p}% x {a}", "the {p}% of {a}",
    "{p} percent out of {a}"};
constexpr std::string_view kPercentOrders[] = {
    "take {p}% of {a}", "find {p}% of {a}", "take {p} percent of {a}", "calculate {p} percent of {a}",
    "get {p}% of {a}", "find {p} percent of {a}", "calculate {p}% of {a}", "find {p}% of the number {a}",
    "do {p}% of {a}"};
constexpr std::string_view kPercentQuestions[] = {
    "how much is {p}% of {a}", "which number is {p}% of {a}", "what does {p}% of {a} make",
    "if i take {p}% of {a}, what do i get", "how much are {p} percent of {a}", "how many are {p}% of {a}",
    "what number is {p} percent of {a}", "{a}, what is {p}% of it", "from {a} i need {p}%, how much is that",
    "there are {a} people and {p}% of them are women, how many women",
    "i have {a} and give away {p}%, how many do i give", "{p}% of {a} students passed, how many is that",
    "if x is {a}, what is {p}% of x", "of {a}, how much is {p}%"};
// Parts of an amount of money: the answer is the part alone.
constexpr std::string_view kTipValues[] = {
    "tip of {p}% on {a} dollars", "a tip of {p}% on {a} dollars", "a {p}% tip on a {a} dollar bill", "{p}% tip on {a}",
    "{p}% of {a} dollars", "{p}% of ${a}", "{p} percent of {a} euros", "{p}% interest on {a} dollars for one year",
    "a {p}% tax on {a} dollars", "{p}% tax on {a}", "the tip for {a} dollars at {p}%",
    "{p} percent tip for {a} dollars", "the sales tax of {p}% on ${a}", "a commission of {p}% on {a} dollars",
    "a deposit of {p}% of {a} dollars"};
constexpr std::string_view kTipQuestions[] = {
    "how much is a {p}% tip on {a} dollars", "the bill is {a} dollars, how much is a {p}% tip",
    "how much tip do i leave for {a} dollars at {p} percent", "how much do i save with {p}% off {a} dollars",
    "something costs {a} dollars and the discount is {p}%, how much do i save", "how much tax is {p}% on {a} dollars",
    "i earn {a} and pay {p}% tax, how much tax is that", "i want to tip {p}% on {a}, how much is the tip",
    "dinner was {a}, what is a tip of {p}%"};
// What remains of an amount, and what it becomes.
constexpr std::string_view kDiscountValues[] = {
    "{a} reduced by {p}%", "{a} decreased by {p}%", "{a} minus {p}%", "{a} less {p}%",
    "the price of {a} after {p}% off", "{a} dollars with a discount of {p}%",
    "the sale price of {a} dollars with {p}% off", "{a} lowered by {p} percent",
    "the price after a {p}% discount on {a} dollars", "the final price of {a} with {p}% off"};
constexpr std::string_view kDiscountOrders[] = {
    "reduce {a} by {p}%", "decrease {a} by {p}%", "take {p}% off {a}", "lower {a} by {p} percent",
    "reduce {a} by {p} percent", "subtract {p}% from {a}"};
constexpr std::string_view kDiscountQuestions[] = {
    "a shirt costs {a} dollars and is {p}% off, what do i pay", "it costs {a} with {p}% off, what is the final price",
    "{p}% off {a} dollars, what do i pay", "how much do i pay for {a} dollars with a {p}% discount",
    "what is the new price if {a} drops by {p}%", "if {a} falls by {p}%, what is it then",
    "i had {a} and lost {p}% of it, how much is left", "how much is left if i take {p}% away from {a}"};
constexpr std::string_view kMarkupValues[] = {
    "{a} increased by {p}%", "{a} plus {p}%", "{a} raised by {p}%", "the total of {a} plus a {p}% tip",
    "{a} dollars with {p}% tax added", "{a} and {p}% more", "{p}% more than {a}"};
constexpr std::string_view kMarkupOrders[] = {
    "increase {a} by {p}%", "increase {a} by {p} percent", "add {p}% to {a}", "raise {a} by {p}%"};
constexpr std::string_view kMarkupQuestions[] = {
    "the bill is {a} and i add a {p}% tip, what do i pay in total", "if {a} grows by {p}%, what is it then",
    "what is the new price if {a} goes up by {p}%", "i earn {a} and get {p}% more, what do i earn now",
    "it costs {a} plus {p}% tax, how much is that in total", "how much is {a} with a tip of {p}% included"};
constexpr std::string_view kWhatPercentValues[] = {
    "{x} out of {a} as a percentage", "{x} out of {a} in percent", "{x}/{a} as a percentage", "{x}/{a} in percent",
    "{x} of {a} in percent", "{x} of {a} as a percent", "{x} over {a} as a percent", "the percentage of {x} in {a}",
    "{x} divided by {a} as a percentage"};
constexpr std::string_view kWhatPercentQuestions[] = {
    "what percent of {a} is {x}", "what percent of {a} is {x}", "what percentage of {a} is {x}",
    "{x} is what percent of {a}", "how many percent of {a} is {x}", "how many percent is {x} of {a}",
    "what percent is {x} of {a}", "what percent is {x} out of {a}", "i got {x} out of {a} points, what percent is that",
    "{x} of {a} people came, what percentage is that", "{x} is which percentage of {a}",
    "if {x} out of {a} are red, what percent are red", "i have done {x} of {a} pages, how many percent is that"};

constexpr std::string_view kFractionSums[] = {
    "the sum of {a} and {b}", "{a} and {b} together", "{b} added to {a}", "the total of {a} and {b}",
    "{a} and {b} added", "{b} more than {a}", "adding {a} and {b}", "sum of {a} and {b}", "{a} increased by {b}",
    "{a} and {b} combined"};
constexpr std::string_view kFractionAdd[] = {
    "add {a} and {b}", "add the fractions {a} and {b}", "add {b} to {a}", "sum {a} and {b}", "add up {a} and {b}",
    "find the sum of {a} and {b}", "take {a} and add {b}", "put {a} and {b} together", "do {a} plus {b}"};
constexpr std::string_view kFractionSumQuestions[] = {
    "what do you get if you add {a} and {b}", "how much do {a} and {b} make", "if i add {b} to {a}, what do i get",
    "i ate {a} of a pizza and then {b}, how much is that", "{a} of a cup and {b} of a cup, how much together",
    "{a} and {b}, what is the sum", "what do {a} and {b} add up to"};
constexpr std::string_view kFractionDifferences[] = {
    "the difference between {a} and {b}", "{b} less than {a}", "{b} taken from {a}", "{b} subtracted from {a}",
    "{a} take away {b}", "{a} reduced by {b}", "{a} without {b}"};
constexpr std::string_view kFractionSub[] = {
    "subtract {b} from {a}", "take {b} from {a}", "take away {b} from {a}", "take {b} away from {a}",
    "reduce {a} by {b}", "find the difference between {a} and {b}", "subtract the fraction {b} from {a}",
    "do {a} minus {b}"};
constexpr std::string_view kFractionDifferenceQuestions[] = {
    "what is left if you take {b} from {a}", "what do you get if you subtract {b} from {a}",
    "how much is left of {a} after taking {b}", "how much bigger is {a} than {b}",
    "there was {a} of a pizza and i ate {b} of a pizza, how much is left", "if i take {b} from {a}, what is left"};
constexpr std::string_view kSimplifyValues[] = {
    "{f} simplified", "{f} in simplest form", "{f} in lowest terms", "{f} reduced", "the simplest form of {f}",
    "the lowest terms of {f}", "{f} as a simple fraction", "{f} simplify", "the fraction {f} simplified",
    "{f} fully reduced", "{f} as a fraction in lowest terms"};
constexpr std::string_view kSimplifyOrders[] = {
    "simplify {f}", "simplify {f}", "simplify {f}", "reduce {f}", "simplify the fraction {f}",
    "reduce the fraction {f}", "reduce {f} to lowest terms", "write {f} in simplest form", "write {f} in lowest terms",
    "cancel down {f}", "put {f} in simplest form", "reduce {f} to its simplest form", "make the fraction {f} simpler",
    "bring {f} to lowest terms", "shorten the fraction {f}", "express {f} in simplest form"};
constexpr std::string_view kSimplifyQuestions[] = {
    "how do you simplify {f}", "what is {f} when simplified", "can {f} be simplified, and to what",
    "what is the simplest form of {f}", "which fraction in lowest terms equals {f}", "how can i reduce {f}",
    "what is {f} in simplest form", "i need {f} in lowest terms"};
constexpr std::string_view kPartNames[] = {
    "half", "third", "quarter", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"};
// clang-format on

// "two fifths"; denominators from 2 to 12.
std::string fraction_in_words(Random& r, i64 a, i64 b) {
  const std::string name(b == 4 && chance(r, 4) ? std::string_view("fourth") : kPartNames[b - 2]);
  if (a != 1) return number_in_words(a) + " " + (b == 2 ? "halves" : name + "s");
  const std::string_view article = b == 8 || b == 11 ? "an " : "a ";
  return std::string(chance(r, 3) ? article : "one ") + name;
}

// Writes p percent of a. A percentage with a point is first written as a fraction: "2.5%=25/1000".
PlacedNumber write_percentage(Draft& d, PlacedNumber p, i64 a) {
  if (p.places > 0) d.trace += text_of(p) + "%=" + fraction_text(p.digits, 1000) + "\n";
  const PlacedNumber result{write_mul(d.trace, p.digits, a), 2 + p.places};
  contains_product(d, p.digits, a);
  d.answer = write_placed(d.trace, result);
  return result;
}

// A price with a percentage taken off or added: first the part, then the difference or the sum. Both are whole.
Draft draft_discount(Random& r, i64 p, i64 high) {
  const i64 step = 100 / std::gcd<i64>(p, 100), a = step * r.between(1, std::max<i64>(1, high / step));
  const bool off = p <= 100 && !chance(r, 3);
  Draft d;
  write_percentage(d, {p, 0}, a);
  const i64 part = p * a / 100;
  d.answer = std::to_string(off ? write_sub(d.trace, a, part) : write_add(d.trace, a, part));
  const Bodies bodies = off ? Bodies{kDiscountValues, kDiscountOrders, kDiscountQuestions}
                            : Bodies{kMarkupValues, kMarkupOrders, kMarkupQuestions};
  d.prompt = ask_any(r, bodies, {{"p", std::to_string(p)}, {"a", std::to_string(a)}});
  d.content =
      put_in("percent {s} {p} {a}", {{"s", off ? "off" : "more"}, {"p", std::to_string(p)}, {"a", std::to_string(a)}});
  return d;
}

// How many percent of a number another one is. The result is whole.
Draft draft_what_percent(Random& r, int difficulty) {
  static constexpr i64 kWholes[] = {10, 20, 20, 25, 40, 50, 50, 60, 80, 100, 200, 30, 15, 5, 4, 8, 12, 16};
  const i64 a = difficulty == 2 && chance(r, 3) ? r.between(2, 20) * 10 : pick(r, kWholes);
  const i64 step = a / std::gcd<i64>(a, 100), part = step * r.between(1, a / step);
  Draft d;
  d.answer = std::to_string(write_divide(d.trace, part * 100, a, r).quotient);
  contains_product(d, part, a);  // so that no product of two numbers in a prompt is kept for testing
  const std::string x = std::to_string(part), y = std::to_string(a);
  d.prompt = ask_any(r, {kWhatPercentValues, {}, kWhatPercentQuestions}, {{"x", x}, {"a", y}});
  d.content = put_in("percent {x} of {a}", {{"x", x}, {"a", y}});
  return d;
}

// A fraction whose terms have a common factor, or rarely none.
Draft draft_simplify(Random& r) {
  static constexpr i64 kCommon[] = {2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 10, 12, 25};
  i64 b = r.between(2, 9), a = r.between(1, chance(r, 5) ? 12 : b);
  const i64 common = std::gcd(a, b);
  a /= common, b /= common;
  const i64 k = b > 1 && chance(r, 12) ? 1 : pick(r, kCommon);
  Draft d;
  d.answer = write_reduced(d.trace, a * k, b * k);
  const std::string shown =
      chance(r, 4) ? std::to_string(a * k).append(" over ").append(std::to_string(b * k)) : fraction_text(a * k, b * k);
  d.prompt = ask_any(r, {kSimplifyValues, kSimplifyOrders, kSimplifyQuestions}, {{"f", shown}});
  d.content = put_in("simplify {f}", {{"f", fraction_text(a * k, b * k)}});
  return d;
}

// Three terms with one denominator.
Draft draft_three_fractions(Random& r) {
  const i64 b = r.between(3, 12), x = r.between(1, b - 1), y = r.between(1, b - 1), z = r.between(1, b - 1);
  const bool minus = z < x + y && chance(r, 3), in_words = chance(r, 4);
  Draft d;
  const i64 two = write_add(d.trace, x, y), top = minus ? write_sub(d.trace, two, z) : write_add(d.trace, two, z);
  d.answer = write_reduced(d.trace, top, b);
  const auto shown = [&](i64 n) { return in_words ? fraction_in_words(r, n, b) : fraction_text(n, b); };
  const std::string first = shown(x), second = shown(y), third = shown(z);
  const std::string_view sign = in_words ? (minus ? "minus" : "plus") : (minus ? "-" : "+");
  static constexpr std::string_view kThree[] = {"{a} + {b} {s} {c}", "{a} + {b} {s} {c}", "{a}+{b}{s}{c}"};
  d.prompt = ask_for(r, put_in(in_words ? "{a} plus {b} {s} {c}" : pick(r, kThree),
                               {{"a", first}, {"b", second}, {"c", third}, {"s", sign}}));
  d.content = small_content("fraction", d.prompt);
  return d;
}

std::string ask_two_fractions(Random& r, bool plus, const std::string& x, const std::string& y, Terms terms) {
  if (r.below(3) < 2) return ask_for(r, with_sign(r, x, plus ? '+' : '-', y, terms));
  if (plus) return ask_any(r, {kFractionSums, kFractionAdd, kFractionSumQuestions}, {{"a", x}, {"b", y}});
  return ask_any(r, {kFractionDifferences, kFractionSub, kFractionDifferenceQuestions}, {{"a", x}, {"b", y}});
}

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
  contains_product(d, a, word.times);
  const std::string shown = a <= 100 && chance(r, 12) ? number_in_words(a) : std::to_string(a);
  if (chance(r, 5)) {
    const std::string value = put_in(pick(r, word.values), {{"a", shown}});
    d.prompt = ask_whether(r, put_in(pick(r, kPartAsked), {{"v", value}}));
  } else {
    d.prompt = ask_any(r, {word.values, word.orders, word.questions}, {{"a", shown}});
  }
  d.content = small_content("part", d.prompt);
  return d;
}

// 1: round percentages of round numbers; 2: any, also with one place.
Draft draft_percent(Random& r, int difficulty) {
  static constexpr i64 kRound[] = {10, 10, 20, 20, 25, 30, 40, 50, 50, 60, 70, 75, 80, 90, 100, 5, 15};
  PlacedNumber p{difficulty == 1 ? pick(r, kRound) : r.between(1, 120), 0};
  if (chance(r, 8)) return draft_discount(r, p.digits, difficulty == 1 ? 200 : 500);
  if (chance(r, 8)) return draft_what_percent(r, difficulty);
  i64 a = difficulty == 1 ? r.between(1, 50) * (chance(r, 3) ? 2 : 10) : r.between(1, 999);
  if (difficulty == 2 && chance(r, 2)) a = std::max<i64>(a / 10, 1) * 10;
  if (difficulty == 2 && chance(r, 6)) {
    static constexpr i64 kPercentTenths[] = {5, 15, 25, 25, 75, 125, 125, 175, 375, 625};
    p = {chance(r, 2) ? pick(r, kPercentTenths) : r.between(0, 30) * 10 + r.between(1, 9), 1};
    a = chance(r, 2) ? r.between(1, 20) * 20 : r.between(1, 20) * 10;
  }
  Draft d;
  write_percentage(d, p, a);
  const std::string x = text_of(p), y = std::to_string(a);
  d.prompt = chance(r, 8) ? ask_any(r, {kTipValues, {}, kTipQuestions}, {{"p", x}, {"a", y}})
                          : ask_any(r, {kPercentValues, kPercentOrders, kPercentQuestions}, {{"p", x}, {"a", y}});
  d.content = put_in("percent {p} {a}", {{"p", x}, {"a", y}});
  return d;
}

// 1: equal denominators; 2: any denominators up to 10, and whole numbers beside a fraction.
Draft draft_fraction(Random& r, int difficulty) {
  if (chance(r, difficulty == 1 ? 5 : 10)) return draft_simplify(r);
  if (difficulty == 1 && chance(r, 8)) return draft_three_fractions(r);
  const bool plus = chance(r, 3) || chance(r, 2);
  i64 b = r.between(2, difficulty == 1 ? (chance(r, 3) ? 20 : 12) : 10), e = difficulty == 1 ? b : r.between(2, 10);
  i64 a = r.between(1, std::max<i64>(1, b - (chance(r, 6) ? -2 : 1))), c = r.between(1, std::max<i64>(1, e - 1));
  if (difficulty == 2 && chance(r, 8)) a = r.between(1, 5), b = 1;
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
  const bool in_words = b > 1 && b <= 12 && e <= 12 && chance(r, 6);
  const std::string x = b == 1 ? std::to_string(a) : fraction_text(a, b), y = fraction_text(c, e);
  d.prompt = in_words ? ask_two_fractions(r, plus, fraction_in_words(r, a, b), fraction_in_words(r, c, e), Terms::words)
                      : ask_two_fractions(r, plus, x, y, Terms::digits);
  d.content = b == e ? small_content("fraction", d.prompt)
                     : put_in("fraction {a}{s}{b}", {{"a", x}, {"s", plus ? "+" : "-"}, {"b", y}});
  return d;
}

}  // namespace r1
