// Questions that take up the last answer: "and times 3?", "half of that", "is it prime", "once more".
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>

#include "tasks/everyday/follow.hpp"

namespace r1 {
namespace {

// What people say for one operation, with {b} for its number and {it} for the last answer.
struct Sayings {
  std::span<const std::string_view> bare, orders, values, questions;
};
struct FollowUp {
  char operation;
  i64 fixed;  // the number of the operation if its words imply it, as "double it" does; otherwise 0
  u32 weight;
  Sayings says;
};

// clang-format off
constexpr std::string_view kIt[] = {
    "it", "it", "it", "that", "that", "that", "that", "this", "the result", "the result", "the answer", "your answer",
    "that number", "that result", "this number", "this result", "the last result", "the previous answer",
    "that answer", "the last answer", "the outcome", "what you got", "the number you got"};
constexpr std::string_view kBareOpeners[] = {
    "", "", "", "", "", "and ", "and ", "and ", "now ", "now ", "then ", "then ", "ok ", "ok, ", "and now ",
    "and then ",
    "ok now ", "so ", "great, ", "thanks, ", "next, ", "nice, ", "alright, ", "good, ", "after that ", "cool, now ",
    "perfect. ", "ok and "};
constexpr std::string_view kOrderOpenersOn[] = {
    "", "", "", "", "", "now ", "now ", "now ", "then ", "then ", "and ", "and now ", "please ", "ok, ", "ok now ",
    "can you ", "now please ", "could you ", "great, now ", "thanks, now ", "next ", "and then ", "let's ", "lets ",
    "can you now ", "i want you to ", "good. now ", "after that, ", "nice, now ", "thank you. now ", "now can you ",
    "would you ", "alright, ", "and please ", "please now ", "also "};
constexpr std::string_view kValueOpenersOn[] = {
    "", "", "", "what is ", "what is ", "what is ", "and what is ", "and what is ", "what's ", "whats ", "how much is ",
    "and how much is ", "and ", "now ", "so what is ", "now what is ", "calculate ", "tell me ", "ok and whats ",
    "then what is ", "thanks, what is ", "now calculate ", "and what's ", "what would be ", "great, and what is ",
    "give me ", "now give me ", "i need ", "compute ", "find ", "and tell me ", "can you tell me what is ",
    "do you know what is ", "now find ", "work out "};
constexpr std::string_view kQuestionOpenersOn[] = {
    "", "", "", "", "", "and ", "and ", "so ", "ok, ", "now ", "then ", "thanks, ", "great. ", "hmm, ", "ok and ",
    "nice, ", "tell me, ", "one more thing: "};

constexpr std::string_view kPlusBare[] = {
    "plus {b}", "plus {b}", "plus {b}", "+{b}", "+{b}", "+ {b}", "{b} more", "another {b}", "with {b} more",
    "plus another {b}", "with {b} added", "{b} on top", "and {b} on top of that", "plus {b} more", "add {b}"};
constexpr std::string_view kPlusOrders[] = {
    "add {b}", "add {b}", "add {b}", "add {b} to {it}", "add {b} to {it}", "add {b} to {it}", "add another {b}",
    "add {b} more", "increase {it} by {b}", "put {b} on top", "raise {it} by {b}", "add {b} on top of {it}",
    "make it {b} more", "add the number {b}", "take {it} and add {b}", "count {b} more", "add {b} again",
    "go up by {b}", "sum {it} and {b}"};
constexpr std::string_view kPlusValues[] = {
    "{it} plus {b}", "{it} plus {b}", "{it} + {b}", "the sum of {it} and {b}", "{b} more than {it}", "{b} plus {it}",
    "{it} increased by {b}", "{b} added to {it}", "{it} with {b} more", "the same plus {b}", "{it} and {b} together"};
constexpr std::string_view kPlusQuestions[] = {
    "what if you add {b}", "what if i add {b} to {it}", "if i add {b}, what do i get", "what do you get if you add {b}",
    "how much is it with {b} more", "what is it if we add {b}", "what happens if i add {b} to {it}",
    "and if {b} is added", "how much do {it} and {b} make", "what does {it} plus {b} make", "what is it with {b} more"};
constexpr std::string_view kMinusBare[] = {
    "minus {b}", "minus {b}", "minus {b}", "-{b}", "-{b}", "- {b}", "less {b}", "take away {b}", "{b} less",
    "minus another {b}", "without {b}", "{b} fewer"};
constexpr std::string_view kMinusOrders[] = {
    "subtract {b}", "subtract {b}", "take away {b}", "take {b} away", "take {b} from {it}", "subtract {b} from {it}",
    "take {b} off {it}", "take {b} off", "remove {b}", "reduce {it} by {b}", "deduct {b}", "take {b} away from {it}",
    "decrease {it} by {b}", "lower {it} by {b}", "subtract another {b}", "take away another {b}", "go down by {b}",
    "take {it} and subtract {b}", "make it {b} less", "knock {b} off {it}", "deduct {b} from {it}"};
constexpr std::string_view kMinusValues[] = {
    "{it} minus {b}", "{it} minus {b}", "{it} - {b}", "{b} less than {it}", "{it} reduced by {b}", "{it} without {b}",
    "{it} take away {b}", "the difference between {it} and {b}", "the same minus {b}", "{it} less {b}"};
constexpr std::string_view kMinusQuestions[] = {
    "what if you subtract {b}", "what if i take away {b}", "what is left if i take {b} from {it}",
    "if i subtract {b}, what do i get", "what do you get if you take away {b}", "how much is left after taking {b}",
    "what remains if {b} are taken away", "how much is it if we take {b} off", "what do i get if i take {b} from {it}"};
constexpr std::string_view kTimesBare[] = {
    "times {b}", "times {b}", "times {b}", "*{b}", "*{b}", "* {b}", "x{b}", "x {b}", "x {b}", "×{b}",
    "multiplied by {b}", "multiply by {b}", "multiply with {b}", "{b} times"};
constexpr std::string_view kTimesOrders[] = {
    "multiply by {b}", "multiply by {b}", "multiply {it} by {b}", "multiply {it} by {b}", "multiply {it} with {b}",
    "take {it} times {b}", "make it {b} times as big", "multiply {it} times {b}", "take {it} {b} times",
    "multiply everything by {b}", "take {it} and multiply it by {b}"};
constexpr std::string_view kTimesValues[] = {
    "{it} times {b}", "{it} times {b}", "{b} times {it}", "{b} times {it}", "{it} x {b}", "{it} multiplied by {b}",
    "the product of {it} and {b}", "{it} * {b}", "{b} times as much", "the same times {b}", "{b} lots of {it}"};
constexpr std::string_view kTimesQuestions[] = {
    "what if you multiply {it} by {b}", "if i multiply {it} by {b}, what do i get",
    "what do you get if you multiply by {b}",
    "how much is it {b} times", "how much do {b} of them make", "what happens if i multiply {it} by {b}",
    "what does {it} times {b} make"};
constexpr std::string_view kOverBare[] = {
    "divided by {b}", "divided by {b}", "divided by {b}", "/{b}", "/{b}", "/ {b}", "÷{b}", "÷ {b}", "over {b}",
    "divide by {b}", "split by {b}"};
constexpr std::string_view kOverOrders[] = {
    "divide by {b}", "divide by {b}", "divide {it} by {b}", "divide {it} by {b}", "split {it} into {b} equal parts",
    "split {it} by {b}", "share {it} by {b}", "cut {it} into {b} equal parts", "take {it} and divide it by {b}",
    "divide {it} into {b} parts", "divide everything by {b}"};
constexpr std::string_view kOverValues[] = {
    "{it} divided by {b}", "{it} divided by {b}", "{it} / {b}", "{it} over {b}", "the quotient of {it} and {b}",
    "{it} split into {b} equal parts", "the same divided by {b}", "{it} ÷ {b}", "one of {b} equal parts of {it}"};
constexpr std::string_view kOverQuestions[] = {
    "what if you divide {it} by {b}", "if i divide {it} by {b}, what do i get", "what do you get if you divide by {b}",
    "what happens if i divide {it} by {b}", "what does {it} divided by {b} make"};
constexpr std::string_view kShareOn[] = {
    "share them between {b} people", "share them among {b} friends", "share {it} between {b} people equally",
    "split them between {b} people", "divide them among {b} kids", "split {it} equally between {b} friends",
    "share {it} equally among {b}", "put them into {b} equal groups", "divide {it} fairly between {b} children"};
constexpr std::string_view kShareQuestions[] = {
    "if {b} people share {it}, how much does each get", "how much is it for each of {b} people",
    "what does each get if {b} people share {it}", "how many for each of {b} friends",
    "shared between {b} people, how much is that each", "how many times does {b} go into {it}",
    "how often does {b} fit into {it}"};
constexpr std::string_view kTwiceBare[] = {"double", "doubled", "twice", "times two", "double again", "the double"};
constexpr std::string_view kTwiceOrders[] = {
    "double it", "double it", "double that", "double {it}", "double {it}", "take {it} twice", "add it to itself",
    "double it again", "make it twice as big", "multiply {it} by two"};
constexpr std::string_view kTwiceValues[] = {
    "twice that", "double that", "twice {it}", "two times {it}", "the double of {it}", "double {it}", "twice as much",
    "2 times {it}", "{it} doubled"};
constexpr std::string_view kTripleBare[] = {"triple", "tripled", "times three", "three times", "the triple"};
constexpr std::string_view kTripleOrders[] = {"triple it", "triple that", "triple {it}", "multiply {it} by three"};
constexpr std::string_view kTripleValues[] = {
    "three times {it}", "the triple of {it}", "{it} tripled", "3 times {it}", "three times as much", "thrice that"};
constexpr std::string_view kHalfBare[] = {
    "half", "halved", "half of it", "half of that", "the half", "1/2 of that", "half of that again"};
constexpr std::string_view kHalfOrders[] = {
    "halve it", "halve it", "halve that", "halve {it}", "take half of {it}", "cut {it} in half", "split {it} in half",
    "divide {it} in half", "halve it again", "take half"};
constexpr std::string_view kHalfValues[] = {
    "half of {it}", "half of {it}", "half of that", "half of that", "half of it", "one half of {it}", "1/2 of {it}",
    "the half of {it}", "a half of {it}", "half as much", "{it} halved", "half of that again", "50% of {it}"};
constexpr std::string_view kThirdValues[] = {
    "a third of {it}", "a third of that", "one third of {it}", "1/3 of {it}", "one third of that",
    "the third part of {it}"};
constexpr std::string_view kQuarterValues[] = {
    "a quarter of {it}", "a quarter of that", "one quarter of {it}", "1/4 of {it}", "a fourth of {it}",
    "one fourth of {it}"};
constexpr std::string_view kTenthValues[] = {
    "a tenth of {it}", "one tenth of {it}", "1/10 of that", "the tenth part of {it}"};
constexpr std::string_view kFifthValues[] = {"a fifth of {it}", "one fifth of {it}", "1/5 of that"};
constexpr std::string_view kSquareBare[] = {"squared", "squared", "^2", "^2", "to the power of 2", "**2", "square"};
constexpr std::string_view kSquareOrders[] = {
    "square it", "square it", "square that", "square {it}", "multiply it by itself", "raise {it} to the power of 2",
    "take the square of {it}", "take the square"};
constexpr std::string_view kSquareValues[] = {
    "{it} squared", "{it} squared", "the square of {it}", "its square", "{it} times itself", "{it} to the power of 2",
    "the square of that number", "{it}^2"};
constexpr std::string_view kCubeBare[] = {"cubed", "cubed", "^3", "to the power of 3", "**3", "to the third power"};
constexpr std::string_view kCubeOrders[] = {"cube it", "cube that", "cube {it}", "raise {it} to the power of 3"};
constexpr std::string_view kCubeValues[] = {
    "{it} cubed", "the cube of {it}", "its cube", "{it} to the third power", "{it} to the power of 3"};
constexpr std::string_view kPowerBare[] = {
    "^{b}", "to the power of {b}", "to the power {b}", "**{b}", "to the {b}th power"};
constexpr std::string_view kPowerOrdersOn[] = {"raise {it} to the power of {b}", "raise {it} to the {b}th power"};
constexpr std::string_view kPowerValuesOn[] = {"{it} to the power of {b}", "{it} to the {b}th power", "{it}^{b}"};
constexpr std::string_view kRootBare[] = {"square root", "sqrt", "square root of it", "sqrt of that", "the root"};
constexpr std::string_view kRootOrdersOn[] = {
    "take the square root", "take the square root of {it}", "take the root of {it}", "take its square root",
    "find its square root", "extract the square root", "sqrt it", "root it"};
constexpr std::string_view kRootValuesOn[] = {
    "the square root of {it}", "the square root of {it}", "its square root", "the root of {it}", "square root of {it}",
    "sqrt of {it}", "the square root", "sqrt({it})"};
constexpr std::string_view kFactorialBare[] = {"factorial", "the factorial", "factorial of that"};
constexpr std::string_view kFactorialOrdersOn[] = {"take the factorial", "take the factorial of {it}"};
constexpr std::string_view kFactorialValuesOn[] = {
    "{it} factorial", "the factorial of {it}", "its factorial", "factorial of {it}"};
constexpr std::string_view kPercentOrdersOn[] = {
    "take {b}% of {it}", "take {b}% of that", "find {b}% of {it}", "take {b} percent of {it}",
    "calculate {b}% of {it}"};
constexpr std::string_view kPercentValuesOn[] = {
    "{b}% of {it}", "{b}% of that", "{b}% of that", "{b}% of it", "{b} percent of {it}", "{b} percent of that",
    "{b} % of {it}", "{b} per cent of that", "{b}% from {it}"};
constexpr std::string_view kPercentQuestionsOn[] = {
    "how much is {b}% of that", "what does {b}% of {it} make", "if i take {b}% of {it}, what do i get",
    "how much would {b}% of {it} be"};
constexpr std::string_view kFromValues[] = {
    "{b} minus {it}", "{b} minus that", "{b} - {it}", "{b} without {it}", "the rest to {b}"};
constexpr std::string_view kFromOrders[] = {
    "subtract {it} from {b}", "take {it} from {b}", "take {it} away from {b}", "take that off {b}",
    "deduct {it} from {b}"};
constexpr std::string_view kFromQuestions[] = {
    "how much is missing to {b}", "how much more to get to {b}", "what is left of {b} if i take {it} away"};

constexpr std::string_view kEvenQuestionsOn[] = {
    "is that even", "is that even", "is it even", "is this even", "is that an even number", "is it an even number",
    "is {it} even", "is {it} an even number", "even", "is the number even", "would you say {it} is even",
    "can {it} be called even", "tell me if {it} is even", "check if {it} is even", "do you know if {it} is even",
    "that's even, right", "is {it} divisible by 2", "can {it} be divided by 2"};
constexpr std::string_view kOddQuestionsOn[] = {
    "is that odd", "is that odd", "is it odd", "is this odd", "is that an odd number", "is {it} odd", "odd",
    "is {it} an odd number", "is the number odd", "tell me if {it} is odd", "check if {it} is odd",
    "that's odd, right"};
constexpr std::string_view kParityQuestionsOn[] = {
    "is that even or odd", "is it even or odd", "even or odd", "odd or even", "is it odd or even",
    "is {it} even or odd", "is {it} an odd or an even number", "tell me if {it} is even or odd"};
constexpr std::string_view kPrimeQuestionsOn[] = {
    "is that prime", "is that prime", "is it prime", "is this prime", "is that a prime number", "is it a prime",
    "is it a prime number", "is {it} prime", "is {it} a prime", "is {it} a prime number", "prime", "prime or not",
    "is that number a prime", "tell me if {it} is prime", "check if {it} is prime", "would that be a prime",
    "do you know if {it} is prime", "does {it} count as prime", "that's prime, right", "is it a prime or not"};
constexpr std::string_view kMoreQuestions[] = {
    "is that bigger than {b}", "is it more than {b}", "is {it} greater than {b}", "is {it} larger than {b}",
    "is that above {b}", "is that over {b}", "is it bigger than {b}", "bigger than {b}", "more than {b}", "> {b}",
    "is {it} higher than {b}", "does {it} exceed {b}", "is {it} > {b}", "tell me if {it} is more than {b}"};
constexpr std::string_view kFewerQuestions[] = {
    "is that smaller than {b}", "is it less than {b}", "is {it} less than {b}", "is {it} below {b}",
    "is that under {b}", "is it smaller than {b}", "less than {b}", "smaller than {b}", "< {b}", "is {it} < {b}",
    "is {it} lower than {b}", "tell me if {it} is less than {b}"};

constexpr std::string_view kOnceMore[] = {
    "again", "again", "once more", "once more", "and again", "and once more", "and again", "do it again",
    "do that again", "one more time", "and one more time", "now again", "repeat that", "the same again",
    "and the same again", "do the same again", "same again", "do that once more", "repeat the last step",
    "now do that again", "ok again", "again please", "one more", "and again please", "and now again"};

const FollowUp kFollowUps[] = {
    {'+', 0, 16, {kPlusBare, kPlusOrders, kPlusValues, kPlusQuestions}},
    {'-', 0, 14, {kMinusBare, kMinusOrders, kMinusValues, kMinusQuestions}},
    {'*', 0, 14, {kTimesBare, kTimesOrders, kTimesValues, kTimesQuestions}},
    {'/', 0, 11, {kOverBare, kOverOrders, kOverValues, kOverQuestions}},
    {'/', 0, 3, {{}, kShareOn, {}, kShareQuestions}},
    {'f', 0, 3, {{}, kFromOrders, kFromValues, kFromQuestions}},
    {'*', 2, 6, {kTwiceBare, kTwiceOrders, kTwiceValues, {}}},
    {'*', 3, 2, {kTripleBare, kTripleOrders, kTripleValues, {}}},
    {'/', 2, 8, {kHalfBare, kHalfOrders, kHalfValues, {}}},
    {'/', 3, 2, {{}, {}, kThirdValues, {}}},
    {'/', 4, 2, {{}, {}, kQuarterValues, {}}},
    {'/', 5, 1, {{}, {}, kFifthValues, {}}},
    {'/', 10, 1, {{}, {}, kTenthValues, {}}},
    {'^', 2, 7, {kSquareBare, kSquareOrders, kSquareValues, {}}},
    {'^', 3, 3, {kCubeBare, kCubeOrders, kCubeValues, {}}},
    {'^', 0, 2, {kPowerBare, kPowerOrdersOn, kPowerValuesOn, {}}},
    {'r', 1, 7, {kRootBare, kRootOrdersOn, kRootValuesOn, {}}},
    {'!', 1, 3, {kFactorialBare, kFactorialOrdersOn, kFactorialValuesOn, {}}},
    {'%', 0, 7, {{}, kPercentOrdersOn, kPercentValuesOn, kPercentQuestionsOn}},
    {'e', 1, 5, {{}, {}, {}, kEvenQuestionsOn}},
    {'o', 1, 4, {{}, {}, {}, kOddQuestionsOn}},
    {'v', 1, 2, {{}, {}, {}, kParityQuestionsOn}},
    {'p', 1, 8, {{}, {}, {}, kPrimeQuestionsOn}},
    {'>', 0, 3, {{}, {}, {}, kMoreQuestions}},
    {'<', 0, 2, {{}, {}, {}, kFewerQuestions}}};

struct ChineseFollowUp {
  char operation;
  i64 fixed;
  std::span<const std::string_view> says;
};
constexpr std::string_view kChinesePlus[] = {
    "再加{b}", "再加{b}呢", "加{b}", "加上{b}呢", "再加上{b}等于几", "然后加{b}", "那再加{b}呢", "结果加{b}", "+{b}",
    "再加{b}是多少",
    "这个数加{b}", "把它加上{b}"};
constexpr std::string_view kChineseMinus[] = {
    "再减{b}", "再减{b}呢", "减{b}", "减去{b}呢", "再减去{b}等于几", "然后减{b}", "那再减{b}呢", "结果减{b}", "-{b}",
    "再减{b}是多少"};
constexpr std::string_view kChineseTimes[] = {
    "再乘以{b}", "再乘以{b}呢", "乘{b}", "乘以{b}呢", "再乘{b}等于几", "然后乘以{b}", "结果乘以{b}", "×{b}",
    "再乘{b}是多少", "*{b}"};
constexpr std::string_view kChineseOver[] = {
    "再除以{b}", "再除以{b}呢", "除以{b}", "除以{b}呢", "再除以{b}等于几", "然后除以{b}", "结果除以{b}", "÷{b}",
    "/{b}"};
constexpr std::string_view kChineseHalf[] = {"一半呢", "它的一半是多少", "一半是多少", "那一半呢", "这个数的一半"};
constexpr std::string_view kChineseTwice[] = {"两倍呢", "它的两倍是多少", "翻一倍", "那两倍呢", "再翻倍", "结果的两倍"};
constexpr std::string_view kChineseSquare[] = {"平方呢", "它的平方是多少", "那平方呢", "再平方", "这个数的平方"};
const ChineseFollowUp kChineseFollowUps[] = {
    {'+', 0, kChinesePlus}, {'+', 0, kChinesePlus}, {'-', 0, kChineseMinus}, {'*', 0, kChineseTimes},
    {'*', 0, kChineseTimes}, {'/', 0, kChineseOver}, {'/', 2, kChineseHalf}, {'*', 2, kChineseTwice},
    {'^', 2, kChineseSquare}};
constexpr std::string_view kChineseMarks[] = {"", "", "", "？", "？", "?", "。"};
// clang-format on

// The number in an answer: whole, with a point, or top / bottom.
struct Value {
  PlacedNumber number;
  i64 bottom = 1;
};

std::optional<i64> whole_number(std::string_view text) {
  i64 n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

std::optional<Value> value_of(const Draft& d) {
  const std::string& text = d.answer;
  if (text.empty() || text.size() > 9) return std::nullopt;
  const size_t point = text.find('.'), slash = text.find('/');
  if (slash != text.npos) {
    const auto top = whole_number(text.substr(0, slash)), bottom = whole_number(text.substr(slash + 1));
    if (!top || !bottom || *top < 1 || *top > 999 || *bottom < 2 || *bottom > 99) return std::nullopt;
    return Value{{*top, 0}, *bottom};
  }
  const auto digits = whole_number(point == text.npos ? text : text.substr(0, point) + text.substr(point + 1));
  if (!digits || std::abs(*digits) > 9999) return std::nullopt;
  const int places = point == text.npos ? 0 : static_cast<int>(text.size() - point - 1);
  if (places > 2) return std::nullopt;
  return Value{{*digits, places}};
}

// The number of a follow-up about `a`, or nothing if the operation does not suit a.
std::optional<PlacedNumber> operand_for(Random& r, char operation, PlacedNumber a) {
  static constexpr i64 kPercents[] = {10, 10, 10, 20, 20, 25, 50, 50, 5, 15, 30, 40, 60, 75, 80, 90, 1, 100, 12, 35};
  static constexpr i64 kRoundNumbers[] = {10, 20, 30, 50, 100, 100, 100, 200, 500, 1000};
  PlacedNumber b{chance(r, 3) ? r.between(1, 99) : chance(r, 6) ? pick(r, kRoundNumbers) : r.between(1, 12), 0};
  switch (operation) {
    case '+':
    case '-':
      if (a.places > 0 ? chance(r, 2) : chance(r, 10)) b = {r.between(1, 99), chance(r, 3) && a.places > 0 ? 2 : 1};
      if (operation == '-' && a.digits >= 0 && scaled(b, 2) > scaled(a, 2) && !chance(r, 3)) return std::nullopt;
      return trimmed(b);
    case '*':
      if (a.places == 0 && std::abs(a.digits) <= 12 && chance(r, 12)) return PlacedNumber{r.between(2, 9) * 10 + 5, 1};
      if (std::abs(a.digits) <= 99 && chance(r, 8)) return PlacedNumber{r.between(11, 99), 0};
      if (std::abs(a.digits) > 999) return PlacedNumber{r.between(2, 9), 0};
      return PlacedNumber{chance(r, 8) && a.digits < 100 ? 10 : r.between(2, 12), 0};
    case '/': {
      for (const i64 n : {r.between(2, 12), r.between(2, 10), r.between(13, 99), i64{5}, i64{3}, i64{4}, i64{2}})
        if (a.digits % n == 0 && std::abs(a.digits) >= n) return PlacedNumber{n, 0};
      if (!chance(r, 3)) return std::nullopt;
      static constexpr i64 kDivisors[] = {2, 2, 4, 5, 5, 10, 10, 3};
      return PlacedNumber{pick(r, kDivisors), 0};
    }
    case '^':
      if (most_exponent(a.digits) < 3) return std::nullopt;
      return PlacedNumber{r.between(3, most_exponent(a.digits)), 0};
    case '%': return PlacedNumber{pick(r, kPercents), 0};
    case 'f': return PlacedNumber{chance(r, 2) ? pick(r, kRoundNumbers) : r.between(10, 200), 0};
    default: {
      const i64 near = a.digits + r.between(-9, 9);
      return PlacedNumber{std::max<i64>(1, chance(r, 2) ? pick(r, kRoundNumbers) : near), 0};
    }
  }
}

// Whether a bare word leaves open what it refers to: after a power "cubed" might ask for another power of the same
// number, and after a part "half" for another part of it.
bool ambiguous(const FollowUp& follow, const ConversationTurn& before) {
  const auto says = [&](std::initializer_list<std::string_view> words) {
    if (before.topic) return true;  // its prompt may be as short as "and 13?"
    std::string text = before.draft.prompt;
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return std::any_of(words.begin(), words.end(), [&](auto word) { return text.find(word) != text.npos; });
  };
  if (follow.operation == '^') return says({"^", "**", "²", "³", "power", "squared", "cube", "raise", "square"});
  const bool part = follow.fixed > 1 && (follow.operation == '*' || follow.operation == '/');
  return part && says({"half", "halve", "twice", "double", "triple", "third", "quarter", "fifth", "tenth", "/2", "1/"});
}

std::string say(Random& r, const Sayings& says, const std::string& b) {
  const std::span<const std::string_view> openers[] = {kBareOpeners, kOrderOpenersOn, kValueOpenersOn,
                                                       kQuestionOpenersOn};
  const std::span<const std::string_view> bodies[] = {says.bare, says.orders, says.values, says.questions};
  static constexpr size_t kGroups[] = {0, 0, 0, 0, 1, 1, 1, 2, 2, 3};  // the bare ones are the most frequent
  size_t group = pick(r, kGroups);
  while (bodies[group].empty()) group = pick(r, kGroups);
  const std::string_view it = pick(r, kIt);
  return ask_on(r, std::string(pick(r, openers[group])).append(put_in(pick(r, bodies[group]), {{"b", b}, {"it", it}})));
}

const FollowUp& any_follow_up(Random& r) {
  static const u32 total = [] {
    u32 sum = 0;
    for (const FollowUp& f : kFollowUps) sum += f.weight;
    return sum;
  }();
  u32 at = r.below(total);
  for (const FollowUp& f : kFollowUps) {
    if (at < f.weight) return f;
    at -= f.weight;
  }
  return kFollowUps[0];
}

// A fraction plus or minus one with the same denominator, or times a small number.
std::optional<ConversationTurn> fraction_going_on(Random& r, i64 a, i64 b, const std::string& last) {
  const FollowUp& follow = any_follow_up(r);
  const char operation = follow.operation;
  const bool sum = operation == '+' || operation == '-';
  if ((!sum && operation != '*' && follow.fixed != 2) || operation == '^') return std::nullopt;
  const i64 c = follow.fixed ? follow.fixed : sum ? r.between(1, b - 1) : r.between(2, 9);
  if (operation == '-' && c >= a) return std::nullopt;
  ConversationTurn turn;
  Draft& d = turn.draft;
  const std::string other = sum ? fraction_text(c, b) : std::to_string(c);
  std::string body;
  const i64 top = operation == '+'   ? write_add(body, a, c)
                  : operation == '-' ? write_sub(body, a, c)
                  : operation == '*' ? write_mul(body, a, c)
                                     : a;
  d.answer = write_reduced(body, top, operation == '/' ? write_mul(body, b, c) : b);
  d.trace = "last " + last + "\n" + last + operation + other + "\n" + body;
  d.prompt = say(r, follow.says, other);
  return turn;
}

std::optional<ConversationTurn> chinese_going_on(Random& r, PlacedNumber a) {
  const ChineseFollowUp& follow = pick(r, kChineseFollowUps);
  const auto b = follow.fixed ? std::optional<PlacedNumber>{{follow.fixed, 0}} : operand_for(r, follow.operation, a);
  ConversationTurn turn;
  if (!b || !write_operation(r, turn.draft, follow.operation, a, *b)) return std::nullopt;
  turn.draft.prompt = put_in(pick(r, follow.says), {{"b", text_of(*b)}}).append(pick(r, kChineseMarks));
  reply_in_chinese(turn.draft);
  turn.chinese = true;
  return turn;
}

std::optional<ConversationTurn> number_going_on(Random& r, PlacedNumber a, const ConversationTurn& before) {
  ConversationTurn turn;
  if (before.operation != 0 && chance(r, 8)) {
    turn.operation = before.operation, turn.by = before.by;
    if (!write_operation(r, turn.draft, turn.operation, a, turn.by)) return std::nullopt;
    turn.draft.prompt = ask_on(r, pick(r, kOnceMore));
    return turn;
  }
  const FollowUp& follow = any_follow_up(r);
  Sayings says = follow.says;
  if (ambiguous(follow, before)) says.bare = {};
  const auto b = follow.fixed ? std::optional<PlacedNumber>{{follow.fixed, 0}} : operand_for(r, follow.operation, a);
  if (!b) return std::nullopt;
  // Things are shared without a rest, and thirds are mostly whole.
  const bool rest = follow.operation == '/' && (a.places > 0 || a.digits % b->digits != 0);
  if (rest && ((follow.fixed == 0 && follow.says.bare.empty()) || (follow.fixed == 3 && !chance(r, 6))))
    return std::nullopt;
  if (!write_operation(r, turn.draft, follow.operation, a, *b)) return std::nullopt;
  turn.draft.prompt = say(r, says, follow_up_number(r, *b));
  if (std::string_view("+-*/").find(follow.operation) != std::string_view::npos)
    turn.operation = follow.operation, turn.by = *b;
  return turn;
}

}  // namespace

bool can_go_on(const Draft& d) { return value_of(d).has_value(); }

std::optional<ConversationTurn> going_on(Random& r, const ConversationTurn& before) {
  const auto value = value_of(before.draft);
  if (!value) return std::nullopt;
  for (int tries = 0; tries < 40; ++tries) {
    std::optional<ConversationTurn> turn;
    if (value->bottom > 1) turn = fraction_going_on(r, value->number.digits, value->bottom, before.draft.answer);
    else if (before.chinese) turn = chinese_going_on(r, value->number);
    else turn = number_going_on(r, value->number, before);
    if (turn) return turn;
  }
  return std::nullopt;
}

}  // namespace r1
