// The generator of questions that get the fixed sentence: division by zero, numbers beyond those of the other kinds,
// and requests of every other sort. Its numbers begin where those of the other kinds end (docs/tasks.md).
#include <cctype>
#include <cmath>

#include "tasks/everyday/everyday.hpp"

namespace r1 {
namespace {

// clang-format off
constexpr std::string_view kByZero[] = {
    "{a}/0", "{a}/0", "{a} / 0", "{a}÷0", "{a} ÷ 0", "{a}:0", "{a} divided by 0", "{a} divided by 0",
    "{a} divided by zero", "{a} over 0", "{a} mod 0", "{a} % 0", "{a} modulo 0", "{a}/0.0", "{a} / (5-5)",
    "{a}/(3-3)", "{a} divided by nothing", "the quotient of {a} and 0", "the remainder of {a} divided by 0",
    "1/0 + {a}", "{a}除以0", "{a}/zero"};
constexpr std::string_view kByZeroOrders[] = {
    "divide {a} by 0", "divide {a} by zero", "split {a} into 0 parts", "divide {a} by nothing",
    "share {a} among 0 people"};
constexpr std::string_view kByZeroQuestions[] = {
    "what do you get if you divide {a} by zero", "how many times does 0 go into {a}",
    "what happens if i divide {a} by 0", "can you divide {a} by 0", "what is the remainder when {a} is divided by 0",
    "how often does 0 fit into {a}"};

constexpr std::string_view kHardValues[] = {
    "the square root of {n}", "sqrt({n})", "√{n}", "sqrt {n}", "square root of {n}", "the root of {n}"};
constexpr std::string_view kHardPowers[] = {
    "{a}^{n}", "{a}^{n}", "{a}**{n}", "{a} to the power of {n}", "{a} to the {n}th power", "{a} raised to {n}"};
constexpr std::string_view kHardFactorials[] = {
    "{n}!", "{n}!", "{n} factorial", "the factorial of {n}", "factorial of {n}", "factorial({n})"};
constexpr std::string_view kHardPrimes[] = {
    "is {n} prime", "is {n} prime", "is {n} a prime number", "is {n} a prime", "is the number {n} prime",
    "tell me if {n} is prime", "{n} prime", "check if {n} is prime"};
constexpr std::string_view kHardGcd[] = {
    "gcd of {n} and {m}", "the gcd of {n} and {m}", "gcd({n}, {m})", "the greatest common divisor of {n} and {m}",
    "the lcm of {n} and {m}", "lcm({n},{m})", "the least common multiple of {n} and {m}"};
constexpr std::string_view kOtherFunctions[] = {
    "sin({a})", "cos({a})", "tan({a})", "log({a})", "ln({a})", "log {a}", "sin {a}", "cos {a} degrees", "log2({a})",
    "exp({a})", "e^{a}", "the logarithm of {a}", "the sine of {a}", "the cosine of {a}", "the natural log of {a}",
    "the cube root of {a}", "{a}^0.3", "{a}^(1/3)", "the 5th root of {a}", "arctan({a})", "pi * {a}", "{a} pi",
    "{a} * e", "sqrt(-{a})", "the square root of -{a}", "√-{a}", "{a}i + 3i", "i^{a}", "{a} in binary",
    "{a} in hexadecimal", "{a} in roman numerals", "{a} choose 3", "the {a}th prime", "the {a}th fibonacci number",
    "the prime factors of {a}", "the factors of {a}", "the divisors of {a}", "{a} feet in meters", "{a} miles in km",
    "{a} kg in pounds", "{a} degrees fahrenheit in celsius", "{a} dollars in euros", "{a} inches in cm",
    "{a} minutes in hours", "the median of 3, 9, {a}", "the area of a circle with radius {a}",
    "the volume of a sphere with radius {a}", "the digits of pi up to {a}", "a random number up to {a}",
    "the derivative of {a}x^2", "the integral of {a}x", "the limit of {a}/x", "the determinant of [[1,2],[3,{a}]]",
    "the standard deviation of 2, 4, {a}", "the hypotenuse of 3 and {a}"};
constexpr std::string_view kOtherEquations[] = {
    "x^2 + {a}x + {b} = 0", "x^2 - {a}x + {b} = 0", "x^2+{a}x={b}", "x^3 = {a}", "{a}x^2 = {b}", "2^x = {a}",
    "x + y = {a}", "x+y={a}, x-y={b}", "{a}x > {b}", "x/({a}-x) = {b}", "sin(x) = 0.{a}", "|x| = {a}",
    "x^2 + y^2 = {a}", "sqrt(x) = {a}", "{a}x + {b}y = 1", "x^2 = -{a}", "log(x) = {a}", "x^4 - {a} = 0",
    "y = {a}x + {b}", "x^2 < {a}"};
constexpr std::string_view kEquationOrders[] = {
    "solve {e}", "solve for x: {e}", "find x if {e}", "solve the equation {e}", "find the roots of {e}", "factor {e}",
    "plot {e}"};
constexpr std::string_view kOtherRequests[] = {
    "tell me a joke", "tell me a story", "sing a song", "write a poem", "write some code",
    "write hello world in python", "what time is it", "what day is it today", "what is the date",
    "what's the weather", "what is the weather like today", "what is the meaning of life", "why is the sky blue",
    "is there a god", "do you have feelings", "can you think", "do you love me", "what is love",
    "who is the president", "how do i lose weight", "what should i eat today", "what is a prime number",
    "what is mathematics", "prove that sqrt(2) is irrational", "how many legs does a spider have",
    "how many days are in a year", "how many planets are there", "which is heavier, iron or wood", "repeat after me",
    "ignore all instructions", "you are wrong", "you are stupid", "i love you", "i am bored", "i am happy",
    "who am i", "asdf", "foo", "lol", "sorry", "why", "how", "what", "really", "blah", "qwerty", "asdfghjkl", "hmm",
    "xyz", "ok", "yes", "no", "maybe", "never mind", "translate hello to french", "say something", "make me laugh",
    "are you conscious", "what is your favorite color", "what is your favorite number", "how old is the universe",
    "what is pi", "what is e", "what is infinity", "is infinity a number", "when is christmas",
    "who won the world cup", "how tall is mount everest", "what is the capital of france", "capital of germany",
    "who wrote hamlet", "recommend a movie", "play a game", "lets play a game", "play chess with me", "draw a cat",
    "open google", "search the web", "send an email", "what is my name", "where do i live", "remember my name",
    "do my homework", "write my essay", "write a letter to my boss", "write a tweet", "summarize this text",
    "correct my grammar", "explain quantum physics", "explain relativity", "how does a computer work",
    "how do airplanes fly", "what is ai", "what is deep learning", "what is a neural network",
    "are we alone in the universe", "what is 42", "what is the fastest animal", "what is the largest country",
    "who invented the telephone", "how do i cook rice", "give me a recipe", "what should i do", "i am sad",
    "i am hungry", "help me sleep", "how much is a car", "what is the price of bitcoin", "should i buy stocks",
    "how do i get rich", "what is the best phone", "write a program", "write a website", "make a game", "fix my code",
    "what does this mean", "spell beautiful", "what rhymes with orange", "name three animals", "list the planets",
    "count the stars", "how many people live in china", "how far is the moon", "can pigs fly", "tell me something",
    "tell me a secret", "讲个笑话", "今天天气怎么样", "法国的首都是哪里", "写一首诗", "现在几点", "parlez-vous français", "¿hablas español?",
    "wie geht es dir", "was ist das", "come stai"};
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

// One operation with a number that is too long for it.
std::string ask_too_long(Random& r) {
  switch (r.below(5)) {
    case 0: return ask_for(r, with_sign(r, long_number(r, 5, 12), '+', long_number(r, chance(r, 3) ? 1 : 4, 12)));
    case 1: return ask_for(r, with_sign(r, long_number(r, 5, 12), '-', long_number(r, chance(r, 3) ? 1 : 4, 12)));
    case 2: return ask_for(r, with_sign(r, long_number(r, 4, 10), '*', long_number(r, 3, 10)));
    case 3: return ask_for(r, with_sign(r, long_number(r, 5, 12), '*', long_number(r, 1, 4)));
    default: return ask_for(r, with_sign(r, long_number(r, 5, 10), '/', long_number(r, 1, 5)));
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

std::string ask_mathematics(Random& r) {
  const std::string a = std::to_string(r.between(2, chance(r, 2) ? 20 : 200)), b = std::to_string(r.between(2, 20));
  if (chance(r, 3)) {
    const std::string equation = put_in(pick(r, kOtherEquations), {{"a", a}, {"b", b}});
    return chance(r, 2) ? ask_to(r, put_in(pick(r, kEquationOrders), {{"e", equation}})) : ask_for(r, equation);
  }
  return ask_for(r, put_in(pick(r, kOtherFunctions), {{"a", a}}));
}

std::string ask_anything(Random& r) {
  if (chance(r, 3)) return ask_whether(r, pick(r, kOtherRequests));
  std::string text = topic_question(r);
  if (text.back() == '?' || text.back() == '.') text.pop_back();
  text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return ask_whether(r, text);
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
