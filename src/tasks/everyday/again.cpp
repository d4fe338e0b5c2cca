// Questions that are asked again of another number: "what is 12 squared" and then "what about 13?".
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "tasks/everyday/follow.hpp"

namespace r1 {

// A question about a number n that can be asked again of another one. A second number, m, stays the same.
struct Topic {
  std::span<const std::string_view> says;   // {n}, {m}
  std::span<const std::string_view> names;  // how the next number is named behind "what about"
  std::span<const std::string_view> whole;  // whole follow-ups, besides those with a name
  Draft (*single)(Random&, int);            // a kind whose questions may be this one; may be null
  int most;                                 // difficulties of that kind
  i64 (*other)(Random& r);                  // draws m
  i64 (*draw)(Random& r, i64 m);            // draws n
  void (*write)(Random& r, Draft& d, i64 n, i64 m);
  bool chinese = false;
};

namespace {

// clang-format off
constexpr std::string_view kFrames[] = {
    "and {q}", "and {q}", "and {q}", "and {q}", "what about {q}", "what about {q}", "what about {q}", "what about {q}",
    "how about {q}", "how about {q}", "{q}", "{q}", "{q}", "and what about {q}", "and how about {q}", "now {q}",
    "then {q}", "ok and {q}", "and for {q}", "and for {q}", "same for {q}", "same for {q}", "same with {q}", "or {q}",
    "also {q}", "and with {q}", "the same for {q}", "do the same for {q}", "do the same with {q}", "now for {q}",
    "now try {q}", "try {q}", "ok now {q}", "thanks, and {q}", "great, what about {q}", "and if it's {q}",
    "what would it be for {q}", "can you do {q}", "next {q}", "do {q}", "and {q} then", "alright, {q}", "cool, and {q}",
    "i also need {q}", "also for {q}", "could you do the same for {q}", "what of {q}", "ok, {q}", "now do {q}",
    "how is it with {q}", "thanks. now {q}", "nice, and {q}", "and what is it for {q}", "what is it for {q}",
    "what if it is {q}", "what if it was {q} instead", "use {q} instead", "{q} instead", "with {q} instead",
    "now the same for {q}", "and then {q}", "please do {q} too", "repeat that for {q}", "i meant {q}",
    "sorry, i meant {q}", "no wait, {q}", "let's try {q}", "another one: {q}"};
constexpr std::string_view kNumber[] = {"{n}"};
constexpr std::string_view kNoWhole[] = {""};

constexpr std::string_view kEvenSays[] = {
    "is {n} even", "is {n} even", "is {n} an even number", "{n} even", "is the number {n} even", "even: {n}"};
constexpr std::string_view kEvenWhole[] = {"and is {n}", "is {n} even too", "is {n} too", "and is {n} even", "is {n}"};
constexpr std::string_view kOddSays[] = {
    "is {n} odd", "is {n} odd", "is {n} an odd number", "{n} odd", "is the number {n} odd", "odd: {n}"};
constexpr std::string_view kOddWhole[] = {"and is {n}", "is {n} odd too", "is {n} too", "and is {n} odd", "is {n}"};
constexpr std::string_view kParitySays[] = {
    "is {n} even or odd", "{n}, odd or even", "even or odd: {n}", "{n} even or odd"};
constexpr std::string_view kPrimeSays[] = {
    "is {n} prime", "is {n} prime", "is {n} a prime number", "is {n} a prime", "{n} prime", "{n}: prime or not"};
constexpr std::string_view kPrimeWhole[] = {
    "and is {n}", "is {n} prime too", "is {n} one too", "and is {n} prime", "is {n}", "is {n} also a prime"};
constexpr std::string_view kRootSays[] = {
    "the square root of {n}", "sqrt({n})", "square root of {n}", "sqrt {n}", "what is the square root of {n}", "√{n}"};
constexpr std::string_view kRootWhole[] = {
    "and of {n}", "of {n}", "and the root of {n}", "and sqrt {n}", "the one of {n}"};
constexpr std::string_view kOfWhole[] = {"and of {n}", "of {n}", "and that of {n}", "now of {n}", "and from {n}"};
constexpr std::string_view kHalfSays[] = {
    "half of {n}", "what is half of {n}", "1/2 of {n}", "half {n}", "what's half of {n}", "halve {n}"};
constexpr std::string_view kDoubleSays[] = {
    "double {n}", "twice {n}", "what is twice {n}", "two times {n}", "what is the double of {n}", "2 times {n}"};
constexpr std::string_view kTripleSays[] = {"triple {n}", "three times {n}", "what is the triple of {n}"};
constexpr std::string_view kThirdSays[] = {
    "a third of {n}", "one third of {n}", "1/3 of {n}", "what is a third of {n}"};
constexpr std::string_view kQuarterSays[] = {
    "a quarter of {n}", "one quarter of {n}", "1/4 of {n}", "what is a quarter of {n}"};
constexpr std::string_view kSquareSays[] = {
    "{n} squared", "{n} squared", "{n}^2", "the square of {n}", "what is {n}^2", "what is {n} squared", "{n}²"};
constexpr std::string_view kSquareNames[] = {"{n}", "{n}", "{n}", "{n}", "{n} squared", "{n}^2"};
constexpr std::string_view kCubeSays[] = {"{n} cubed", "{n}^3", "the cube of {n}", "what is {n} cubed", "{n}³"};
constexpr std::string_view kCubeNames[] = {"{n}", "{n}", "{n}", "{n} cubed", "{n}^3"};
constexpr std::string_view kPowerSays[] = {
    "{m}^{n}", "{m}^{n}", "{m} to the power of {n}", "what is {m}^{n}", "{m} to the {n}th power", "{m}**{n}"};
constexpr std::string_view kPowerNames[] = {"{m}^{n}", "{m}^{n}", "the power of {n}", "{m} to the power of {n}"};
constexpr std::string_view kPowerWhole[] = {
    "and to the power of {n}", "to the power of {n}", "and to the {n}th", "and to the {n}th power", "and {m}^{n}",
    "what about to the {n}th", "{m}^{n}", "with exponent {n}", "make the exponent {n}"};
constexpr std::string_view kBaseWhole[] = {
    "and {n}^{m}", "{n}^{m}", "and {n} to the same power", "{n} to the same power"};
constexpr std::string_view kBaseSays[] = {"{n}^{m}", "{n} to the power of {m}", "what is {n}^{m}", "{n}**{m}"};
constexpr std::string_view kBaseNames[] = {"{n}^{m}", "base {n}"};
constexpr std::string_view kFactorialSays[] = {
    "{n}!", "{n}!", "what is {n}!", "{n} factorial", "factorial of {n}", "the factorial of {n}"};
constexpr std::string_view kFactorialNames[] = {"{n}", "{n}", "{n}!", "{n}!", "{n} factorial"};
constexpr std::string_view kEquationSays[] = {
    "x^2 = {n}", "solve x^2 = {n}", "x^2={n}", "if x^2 = {n}, what is x", "x² = {n}", "find x if x^2 = {n}",
    "x squared is {n}"};
constexpr std::string_view kEquationNames[] = {"x^2 = {n}", "x^2={n}", "{n}", "= {n}", "x² = {n}"};
constexpr std::string_view kEquationWhole[] = {"and if x^2 = {n}", "and if it is {n}", "and for x^2 = {n}", "x^2={n}"};
constexpr std::string_view kPercentSays[] = {
    "{m}% of {n}", "{m}% of {n}", "what is {m}% of {n}", "{m} percent of {n}", "how much is {m}% of {n}",
    "calculate {m}% of {n}", "whats {m}% of {n}"};
constexpr std::string_view kShareSays[] = {
    "{n}% of {m}", "{n}% of {m}", "what is {n}% of {m}", "{n} percent of {m}", "how much is {n}% of {m}",
    "calculate {n}% of {m}", "whats {n}% of {m}"};
constexpr std::string_view kShareNames[] = {"{n}%", "{n}%", "{n}%", "{n} percent", "{n} %"};
constexpr std::string_view kShareWhole[] = {
    "make it {n}%", "and {n}%", "{n}%", "and {n} percent", "now {n} percent", "change it to {n}%", "and with {n}%",
    "what if it's {n}%", "{n} percent instead", "and if it were {n}%"};
constexpr std::string_view kQuotientSays[] = {
    "{n} divided by {m}", "{n} divided by {m}", "what is {n} divided by {m}", "{n}/{m}", "{n} / {m}",
    "divide {n} by {m}",
    "how many times does {m} go into {n}", "{n} ÷ {m}"};
constexpr std::string_view kQuotientNames[] = {"{n}", "{n}", "{n} / {m}", "{n} divided by {m}", "{n}/{m}"};
constexpr std::string_view kQuotientWhole[] = {
    "and {n} divided by {m}", "and {n}/{m}", "what is {n} divided by the same number", "what about {n} over {m}"};
constexpr std::string_view kRemainderSays[] = {
    "{n} mod {m}", "the remainder of {n} divided by {m}", "what is the remainder of {n} divided by {m}", "{n} % {m}",
    "what is {n} mod {m}", "remainder of {n} / {m}"};
constexpr std::string_view kRemainderNames[] = {"{n}", "{n}", "{n} mod {m}"};
constexpr std::string_view kTimeSays[] = {
    "a car drives {m} km in {n} hours. how fast is it", "a train goes {m} miles in {n} hours, what is its speed",
    "speed for {m} km in {n} hours", "what is the speed if you go {m} km in {n} hours",
    "i drove {m} km in {n} hours, how fast was i", "bus {m} km {n} hours speed",
    "if a bike travels {m} km in {n} hours, what is its average speed", "{m} miles in {n} hours, what speed is that"};
constexpr std::string_view kTimeNames[] = {"{n} hours", "in {n} hours", "{n} h", "{n} hrs"};
constexpr std::string_view kTimeWhole[] = {
    "same distance in {n} hours", "and if it takes {n} hours", "what if it takes {n} hours", "and in {n} hours",
    "the same distance in {n} hours", "and the same way in {n} hours", "if it took {n} hours",
    "and if it needs {n} hours",
    "same but {n} hours", "what speed if it takes {n} hours", "what if the time is {n} hours"};
constexpr std::string_view kDistanceSays[] = {
    "a car drives {n} km in {m} hours. how fast is it", "a train goes {n} km in {m} hours, what is its speed",
    "speed for {n} km in {m} hours", "what is the speed if you go {n} km in {m} hours",
    "i drove {n} km in {m} hours, how fast was i", "{n} km in {m} hours, what speed is that"};
constexpr std::string_view kDistanceNames[] = {"{n} km", "{n} km", "{n}km", "{n} km in the same time"};
constexpr std::string_view kDistanceWhole[] = {
    "same time but {n} km", "and if it goes {n} km", "what if the distance is {n} km", "{n} km in the same time",
    "and for a distance of {n} km", "and with {n} km"};
constexpr std::string_view kPriceSays[] = {
    "one apple costs {m} dollars, how much do {n} cost", "a ticket costs {m} dollars. how much are {n} tickets",
    "pens cost {m} dollars each. what do {n} cost", "if one book costs {m} euros, how much do {n} books cost",
    "one cake is {m} dollars. how much for {n}"};
constexpr std::string_view kPriceNames[] = {"{n}", "{n} of them", "{n}"};
constexpr std::string_view kPriceWhole[] = {
    "and how much do {n} cost", "how much for {n}", "what do {n} cost", "and if i buy {n}", "and {n} of them",
    "what if i buy {n}", "what is the price of {n}", "i buy {n}, how much is it"};
constexpr std::string_view kBoxSays[] = {
    "a box has {m} eggs. how many eggs are in {n} boxes", "there are {m} pens in a pack, how many in {n} packs",
    "each bag has {m} apples, how many apples in {n} bags", "one row has {m} seats. how many seats do {n} rows have"};
constexpr std::string_view kBoxWhole[] = {
    "and in {n}", "how many in {n}", "and in {n} of them", "and if there are {n}", "what if there are {n} of them"};

constexpr std::string_view kChineseSquares[] = {
    "{n}的平方是多少", "{n}的平方", "{n}的平方等于几？", "请问{n}的平方是多少？", "{n}^2等于多少"};
constexpr std::string_view kChineseHalves[] = {
    "{n}的一半是多少", "{n}的一半", "{n}的一半是几？", "请问{n}的一半是多少？"};
constexpr std::string_view kChineseDoubles[] = {
    "{n}的两倍是多少", "{n}的两倍", "{n}的2倍等于几？", "请问{n}的两倍是多少？"};
constexpr std::string_view kChineseAgain[] = {
    "那{n}呢", "那{n}呢？", "{n}呢", "{n}呢？", "那么{n}呢", "那么{n}呢？", "换成{n}呢？", "如果是{n}呢？", "还有{n}呢",
    "{n}的呢？",
    "再来一个，{n}"};
// clang-format on

i64 none(Random&) { return 0; }
template <i64 low, i64 high>
i64 from_to(Random& r, i64) {
  return r.between(low, high);
}
template <i64 low, i64 high, i64 step>
i64 multiples(Random& r, i64) {
  return r.between(low, high) * step;
}
template <i64 low, i64 high>
i64 kept_from_to(Random& r) {
  return r.between(low, high);
}
template <i64 low, i64 high>
i64 square_of(Random& r, i64) {
  const i64 n = r.between(low, high);
  return n * n;
}
template <i64 low, i64 high>
i64 times_kept(Random& r, i64 m) {
  return m * r.between(low, high);
}
i64 some_base(Random& r, i64) { return chance(r, 3) ? r.between(1, 999) : r.between(1, 50) * 10; }
i64 some_percent(Random& r, i64) { return chance(r, 4) ? r.between(1, 99) : r.between(1, 20) * 5; }
i64 kept_base(Random& r) { return some_base(r, 0); }
i64 kept_percent(Random& r) { return some_percent(r, 0); }
i64 kept_distance(Random& r) { return chance(r, 2) ? 60 * r.between(1, 10) : 120 * r.between(1, 5); }
// A time that divides the distance.
i64 some_time(Random& r, i64 m) {
  for (;;)
    if (const i64 n = r.between(2, 12); m % n == 0) return n;
}
i64 some_exponent(Random& r, i64 m) {
  static constexpr i64 kMost[] = {10, 6, 5, 4, 3, 3, 3, 3, 6};
  return r.between(2, kMost[m - 2]);
}

void answer_whether(Draft& d, bool yes, std::string_view asked, i64 n) {
  d.answer = yes ? "yes" : "no";
  put_question_first(d.trace, fmt::format("{} {}", asked, n));
}

void multiply(Draft& d, i64 a, i64 b, const std::string& head) {
  d.answer = std::to_string(write_mul(d.trace, a, b));
  contains_product(d, a, b);
  put_question_first(d.trace, head);
}

void raise(Draft& d, i64 base, i64 n) {
  write_power_on(d, base, n);
  put_question_first(d.trace, fmt::format("{}^{}", base, n));
}

void part(Random& r, Draft& d, i64 n, i64 over, std::string_view word) {
  d.answer = write_ratio(d.trace, n, over, r);
  put_question_first(d.trace, fmt::format("{} {}", word, n));
}

void percent(Draft& d, i64 p, i64 base) {
  d.answer = write_placed(d.trace, {write_mul(d.trace, p, base), 2});
  contains_product(d, p, base);
  put_question_first(d.trace, fmt::format("{}% {}", p, base));
}

void speed(Random& r, Draft& d, i64 distance, i64 time) {
  d.answer = std::to_string(write_exact_divide(d.trace, distance, time, r));
  put_question_first(d.trace, fmt::format("{}/{}", distance, time));
}

void even(Random& r, Draft& d, i64 n, i64) { answer_whether(d, write_parity(d.trace, n, r), "even", n); }
void odd(Random& r, Draft& d, i64 n, i64) { answer_whether(d, !write_parity(d.trace, n, r), "odd", n); }
void parity(Random& r, Draft& d, i64 n, i64) {
  d.answer = write_parity(d.trace, n, r) ? "even" : "odd";
  put_question_first(d.trace, fmt::format("parity {}", n));
}
void prime(Random& r, Draft& d, i64 n, i64) { answer_whether(d, write_prime_test(d.trace, n, r), "prime", n); }
i64 root_of(i64 n) {
  i64 root = 1;
  while (root * root < n) ++root;
  return root;
}
void root(Random&, Draft& d, i64 n, i64) {
  d.answer = write_root(d.trace, root_of(n));
  put_question_first(d.trace, fmt::format("sqrt {}", n));
}
void factorial(Random&, Draft& d, i64 n, i64) {
  i64 value = 1;
  for (i64 i = 2; i <= n; ++i) value = write_mul(d.trace, value, i);
  if (n < 2) d.trace = "1\n";
  d.answer = std::to_string(value);
  put_question_first(d.trace, fmt::format("{}!", n));
}
// Both solutions, in the order of the kind "square_equation".
void equation(Random&, Draft& d, i64 n, i64) {
  const std::string text = write_root(d.trace, root_of(n));
  d.answer = text + ", -" + text;
  put_question_first(d.trace, fmt::format("x^2={}", n));
}
void half(Random& r, Draft& d, i64 n, i64) { part(r, d, n, 2, "half"); }
void third(Random& r, Draft& d, i64 n, i64) { part(r, d, n, 3, "third"); }
void quarter(Random& r, Draft& d, i64 n, i64) { part(r, d, n, 4, "quarter"); }
void twice(Random&, Draft& d, i64 n, i64) { multiply(d, n, 2, fmt::format("{}*2", n)); }
void triple(Random&, Draft& d, i64 n, i64) { multiply(d, n, 3, fmt::format("{}*3", n)); }
void square(Random&, Draft& d, i64 n, i64) { raise(d, n, 2); }
void cube(Random&, Draft& d, i64 n, i64) { raise(d, n, 3); }
void power_of_kept(Random&, Draft& d, i64 n, i64 m) { raise(d, m, n); }
void power_to_kept(Random&, Draft& d, i64 n, i64 m) { raise(d, n, m); }
void percent_of(Random&, Draft& d, i64 n, i64 m) { percent(d, m, n); }
void share_of(Random&, Draft& d, i64 n, i64 m) { percent(d, n, m); }
void quotient(Random& r, Draft& d, i64 n, i64 m) {
  d.answer = write_ratio(d.trace, n, m, r);
  put_question_first(d.trace, fmt::format("{}/{}", n, m));
}
void remainder(Random& r, Draft& d, i64 n, i64 m) {
  d.answer = std::to_string(write_divide(d.trace, n, m, r).remainder);
  put_question_first(d.trace, fmt::format("{} mod {}", n, m));
}
void speed_for_time(Random& r, Draft& d, i64 n, i64 m) { speed(r, d, m, n); }
void speed_for_distance(Random& r, Draft& d, i64 n, i64 m) { speed(r, d, n, m); }
void times_price(Random&, Draft& d, i64 n, i64 m) { multiply(d, n, m, fmt::format("{}*{}", n, m)); }

// clang-format off
const Topic kTopics[] = {
    {kEvenSays, kNumber, kEvenWhole, draft_parity, 1, none, from_to<0, 200>, even},
    {kOddSays, kNumber, kOddWhole, draft_parity, 1, none, from_to<0, 200>, odd},
    {kParitySays, kNumber, kNoWhole, draft_parity, 1, none, from_to<0, 200>, parity},
    {kPrimeSays, kNumber, kPrimeWhole, draft_prime, 2, none, from_to<0, 60>, prime},
    {kPrimeSays, kNumber, kPrimeWhole, draft_prime, 2, none, from_to<2, 200>, prime},
    {kRootSays, kNumber, kRootWhole, draft_root, 2, none, square_of<1, 12>, root},
    {kRootSays, kNumber, kRootWhole, draft_root, 1, none, square_of<1, 30>, root},
    {kHalfSays, kNumber, kOfWhole, nullptr, 1, none, multiples<1, 100, 2>, half},
    {kHalfSays, kNumber, kOfWhole, nullptr, 1, none, from_to<1, 99>, half},
    {kDoubleSays, kNumber, kNoWhole, nullptr, 1, none, from_to<1, 200>, twice},
    {kTripleSays, kNumber, kNoWhole, nullptr, 1, none, from_to<1, 99>, triple},
    {kThirdSays, kNumber, kOfWhole, nullptr, 1, none, multiples<1, 60, 3>, third},
    {kQuarterSays, kNumber, kOfWhole, nullptr, 1, none, multiples<1, 60, 4>, quarter},
    {kSquareSays, kSquareNames, kOfWhole, draft_power, 2, none, from_to<1, 20>, square},
    {kSquareSays, kSquareNames, kOfWhole, draft_power, 1, none, from_to<1, 15>, square},
    {kSquareSays, kSquareNames, kOfWhole, draft_power, 1, none, from_to<1, 50>, square},
    {kCubeSays, kCubeNames, kOfWhole, nullptr, 1, none, from_to<1, 10>, cube},
    {kPowerSays, kPowerNames, kPowerWhole, nullptr, 1, kept_from_to<2, 10>, some_exponent, power_of_kept},
    {kPowerSays, kPowerNames, kPowerWhole, nullptr, 1, kept_from_to<2, 3>, some_exponent, power_of_kept},
    {kBaseSays, kBaseNames, kBaseWhole, nullptr, 1, kept_from_to<3, 4>, from_to<1, 5>, power_to_kept},
    {kFactorialSays, kFactorialNames, kOfWhole, draft_factorial, 1, none, from_to<0, 8>, factorial},
    {kEquationSays, kEquationNames, kEquationWhole, draft_square_equation, 1, none, square_of<1, 20>, equation},
    {kPercentSays, kNumber, kOfWhole, nullptr, 1, kept_percent, some_base, percent_of},
    {kPercentSays, kNumber, kOfWhole, nullptr, 1, kept_percent, some_base, percent_of},
    {kShareSays, kShareNames, kShareWhole, nullptr, 1, kept_base, some_percent, share_of},
    {kShareSays, kShareNames, kShareWhole, nullptr, 1, kept_base, some_percent, share_of},
    {kQuotientSays, kQuotientNames, kQuotientWhole, nullptr, 1, kept_from_to<2, 12>, times_kept<1, 12>, quotient},
    {kQuotientSays, kQuotientNames, kQuotientWhole, nullptr, 1, kept_from_to<2, 10>, times_kept<1, 30>, quotient},
    {kRemainderSays, kRemainderNames, kNoWhole, nullptr, 1, kept_from_to<2, 12>, from_to<10, 99>, remainder},
    {kTimeSays, kTimeNames, kTimeWhole, nullptr, 1, kept_distance, some_time, speed_for_time},
    {kDistanceSays, kDistanceNames, kDistanceWhole, nullptr, 1, kept_from_to<2, 6>, times_kept<5, 120>,
     speed_for_distance},
    {kPriceSays, kPriceNames, kPriceWhole, nullptr, 1, kept_from_to<2, 20>, from_to<2, 12>, times_price},
    {kBoxSays, kPriceNames, kBoxWhole, nullptr, 1, kept_from_to<2, 20>, from_to<2, 12>, times_price},
    {kChineseSquares, kNumber, kChineseAgain, nullptr, 1, none, from_to<1, 20>, square, true},
    {kChineseHalves, kNumber, kChineseAgain, nullptr, 1, none, multiples<1, 50, 2>, half, true},
    {kChineseDoubles, kNumber, kChineseAgain, nullptr, 1, none, from_to<1, 99>, twice, true}};
// clang-format on

struct Filled {
  std::string n, m;
  std::string operator()(std::string_view pattern) const { return put_in(pattern, {{"n", n}, {"m", m}}); }
};

// A question of the topic's kind, if it is one that the topic can ask.
std::optional<Draft> from_single(Random& r, const Topic& topic, i64 m) {
  Draft d = topic.single(r, static_cast<int>(r.between(1, topic.most)));
  for (const i64 n : whole_numbers_in(d.prompt)) {
    if (n > 2500) continue;
    Draft computed;
    topic.write(r, computed, n, m);
    if (!same_question(d, computed)) continue;
    d.checker.reset();
    return d;
  }
  return std::nullopt;
}

// A whole operation behind a frame: "2+3" and then "what about 7*8?".
ConversationTurn operation_again(Random& r, char sign) {
  i64 a = r.between(1, chance(r, 3) ? 99 : 20), b = r.between(1, chance(r, 3) ? 50 : 12);
  if (sign == '-' && a < b) std::swap(a, b);
  if (sign == '*') a = r.between(2, chance(r, 3) ? 30 : 12), b = r.between(2, 12);
  if (sign == '/') a = b * r.between(2, 12);
  ConversationTurn turn;
  Draft& d = turn.draft;
  d.answer = sign == '+'   ? std::to_string(write_add(d.trace, a, b))
             : sign == '-' ? std::to_string(write_sub(d.trace, a, b))
             : sign == '*' ? std::to_string(write_mul(d.trace, a, b))
                           : write_ratio(d.trace, a, b, r);
  const std::string shown = fmt::format("{}{}{}", a, sign, b);
  put_question_first(d.trace, shown);
  if (sign == '*') contains_product(d, a, b);
  else if (sign == '/') d.parts.push_back(fmt::format("division {} {}", a, b));
  else if (a > 12 || b > 12) d.parts.push_back("expression " + shown);
  d.prompt = ask_again_of(r, with_sign(r, std::to_string(a), sign, std::to_string(b)));
  return turn;
}

}  // namespace

std::string ask_again_of(Random& r, std::string_view name) {
  return ask_on(r, put_in(pick(r, kFrames), {{"q", name}}));
}

ConversationTurn first_of_topic(Random& r) {
  struct Operation {
    Draft (*draft)(Random&, int);
    char sign;
  };
  static constexpr Operation kOperations[] = {
      {draft_sum, '+'}, {draft_times, '*'}, {draft_difference, '-'}, {draft_quotient, '/'}};
  ConversationTurn turn;
  if (chance(r, 5)) {
    const Operation& o = pick(r, kOperations);
    turn.draft = o.draft(r, 1), turn.operation = 0;
    turn.kept = o.sign;
    return turn;
  }
  turn.topic = &pick(r, kTopics);
  const Topic& topic = *turn.topic;
  turn.kept = topic.other(r);
  if (topic.single && chance(r, 2))
    for (int tries = 0; tries < 4; ++tries)
      if (auto d = from_single(r, topic, turn.kept)) return turn.draft = std::move(*d), turn;
  Draft& d = turn.draft;
  const i64 n = topic.draw(r, turn.kept);
  topic.write(r, d, n, turn.kept);
  const std::string text = Filled{std::to_string(n), std::to_string(turn.kept)}(pick(r, topic.says));
  d.prompt = topic.chinese ? text : ask_whether(r, text);
  d.content = small_content("again", d.prompt);
  if (topic.chinese) reply_in_chinese(d);
  turn.chinese = topic.chinese;
  return turn;
}

ConversationTurn asked_again(Random& r, const ConversationTurn& before) {
  if (before.list_question != ListQuestion::none) return asked_of_list_again(r, before);
  if (!before.topic) {
    static constexpr char kSigns[] = {'+', '-', '*', '/'};
    const char sign = chance(r, 4) ? pick(r, kSigns) : static_cast<char>(before.kept);
    ConversationTurn turn = operation_again(r, sign);
    turn.kept = sign;
    return turn;
  }
  const Topic& topic = *before.topic;
  ConversationTurn turn;
  turn.topic = before.topic, turn.kept = before.kept, turn.chinese = before.chinese;
  const i64 n = topic.draw(r, turn.kept);
  topic.write(r, turn.draft, n, turn.kept);
  const Filled filled{std::to_string(n), std::to_string(turn.kept)};
  const bool has_whole = !topic.whole.front().empty();
  if (topic.chinese) turn.draft.prompt = filled(pick(r, topic.whole)), reply_in_chinese(turn.draft);
  else if (has_whole && chance(r, 3)) turn.draft.prompt = ask_on(r, filled(pick(r, topic.whole)));
  else turn.draft.prompt = ask_again_of(r, filled(pick(r, topic.names)));
  return turn;
}

}  // namespace r1
