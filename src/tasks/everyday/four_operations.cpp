// Generators of the four operations as people type them: sums, differences, products and quotients.
#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>
#include <vector>

#include "tasks/everyday/everyday.hpp"

namespace r1 {
namespace {

// clang-format off
constexpr std::string_view kSumValues[] = {
    "the sum of {a} and {b}", "the sum of {a} and {b}", "sum of {a} and {b}", "{a} and {b} together",
    "{a} and {b} added together", "{b} added to {a}", "{b} more than {a}", "the total of {a} and {b}",
    "{a} and {b} in total", "the sum {a} + {b}", "{a} increased by {b}", "adding {a} and {b}",
    "the addition of {a} and {b}", "{a} with {b} added", "{a} and {b} more", "{b} on top of {a}",
    "{a} combined with {b}", "{a} and {b} combined", "{a} add {b}", "{a} and {b} added up", "{a} and {b} summed",
    "total of {a} and {b}", "the total if you add {a} to {b}", "the number {b} above {a}",
    "the number that is {b} greater than {a}", "{a} and {b} altogether", "{a} and {b} all together",
    "both {a} and {b} together", "sum {a} {b}", "{a} and {b} sum", "sum({a}, {b})", "sum: {a}, {b}",
    "{a} plus another {b}", "the sum when {a} is added to {b}", "{a} joined with {b}"};
constexpr std::string_view kSumOrders[] = {
    "add {a} and {b}", "add {a} and {b}", "add {b} to {a}", "add {a} to {b}", "sum {a} and {b}", "sum up {a} and {b}",
    "add up {a} and {b}", "add the numbers {a} and {b}", "add together {a} and {b}", "take {a} and add {b}",
    "put {a} and {b} together", "increase {a} by {b}", "find the sum of {a} and {b}", "count {a} and {b} together",
    "add {a} with {b}", "add {a} {b}", "add {a}, {b}", "add both numbers, {a} and {b}", "total {a} and {b}",
    "total up {a} and {b}", "combine {a} and {b}", "start with {a} and add {b}", "start at {a} and count up {b}",
    "count on {b} from {a}", "go {b} up from {a}", "make {a} bigger by {b}", "put {b} on top of {a}",
    "begin at {a}, then add {b}", "do the addition {a} + {b}", "add these: {a} and {b}"};
constexpr std::string_view kSumQuestions[] = {
    "what do you get if you add {a} and {b}", "what do you get when you add {b} to {a}", "how much do {a} and {b} make",
    "what do {a} and {b} add up to", "what does {a} plus {b} make", "which number is {b} more than {a}",
    "how much is {a} and {b}", "what is {a} and {b}", "if i add {b} to {a}, what do i get",
    "what do {a} and {b} make together", "how much is it if i add {a} and {b}", "what comes out if {b} is added to {a}",
    "i wonder what {a} and {b} make", "{a} and {b} make what", "i have {a} and get {b} more, how many is that",
    "i had {a}, now i got {b} more, how many do i have", "if you have {a} and then another {b}, how many do you have",
    "{a} here and {b} there, how many altogether", "{a} and {b}, what is the sum", "{a} and {b}. what's the total",
    "i need to add {a} and {b}, what is the result", "i want to add {a} to {b}", "i have to add {a} and {b}",
    "what number do you get by adding {a} to {b}", "what is my total if i have {a} and {b}",
    "if x is {a} and y is {b}, what is x + y", "how many are {a} and {b}", "to {a} i add {b}, what is it now",
    "what happens if i add {b} to {a}", "what is {b} higher than {a}",
    "the first number is {a} and the second is {b}, their sum", "which number comes {b} after {a}",
    "how much would {a} plus {b} be", "does anyone know what {a} plus {b} is"};
constexpr std::string_view kListValues[] = {
    "the sum of {L}", "the sum of {L}", "the total of {L}", "total of {L}", "sum of {L}", "{L} together",
    "{L} added up", "{L} added together", "{L} in total", "{L} altogether", "{L} combined", "{L} summed up",
    "the sum of the numbers {L}", "the sum of these numbers: {L}", "all of {L} together", "sum: {L}", "total: {L}",
    "adding {L}", "the result of adding {L}", "the grand total of {L}", "{L} all added", "the numbers {L} added up"};
constexpr std::string_view kListOrders[] = {
    "add {L}", "add {L}", "add up {L}", "add {L} together", "sum {L}", "sum up {L}", "total {L}", "add these: {L}",
    "add these numbers: {L}", "add the numbers {L}", "find the total of {L}", "find the sum of {L}", "put {L} together",
    "total up {L}", "add all of these up: {L}", "combine {L}", "get the sum of {L}"};
constexpr std::string_view kListQuestions[] = {
    "what do {L} make together", "what do {L} add up to", "how much do {L} make", "how much are {L} together",
    "if i add {L}, what do i get", "what do you get if you add {L}", "what is the total if i add {L}",
    "i have {L}, how many is that in total", "i scored {L} points, what is my total", "{L}, what is the sum",
    "{L}: what is the total", "here are my numbers: {L}. what is their sum", "how many are {L} in all",
    "i spent {L}, how much is that altogether", "what does it come to if i add {L}", "i need {L} added up"};

constexpr std::string_view kDifferenceValues[] = {
    "the difference between {a} and {b}", "the difference of {a} and {b}", "difference between {a} and {b}",
    "{b} less than {a}", "{a} take away {b}", "{a} reduced by {b}", "{a} decreased by {b}", "{b} subtracted from {a}",
    "{b} taken from {a}", "the difference {a} - {b}", "{a} take {b}", "{a} subtract {b}", "{a} without {b}",
    "{a} with {b} removed", "{a} with {b} taken away", "{b} taken away from {a}", "{a} lowered by {b}",
    "{a} diminished by {b}", "{b} fewer than {a}", "{b} off {a}", "{b} smaller than {a}", "{a} down by {b}",
    "the number {b} below {a}", "the number that is {b} less than {a}", "subtracting {b} from {a}",
    "the result of taking {b} from {a}", "what remains of {a} after removing {b}", "{a} after losing {b}",
    "the subtraction {a} - {b}", "{b} deducted from {a}", "diff of {a} and {b}", "from {a} minus {b}"};
constexpr std::string_view kDifferenceOrders[] = {
    "subtract {b} from {a}", "subtract {b} from {a}", "take {b} from {a}", "take {b} away from {a}",
    "take away {b} from {a}", "remove {b} from {a}", "deduct {b} from {a}", "reduce {a} by {b}", "decrease {a} by {b}",
    "find the difference between {a} and {b}", "take {a} and subtract {b}", "start with {a} and take away {b}",
    "from {a} take {b}", "from {a} subtract {b}", "from {a}, take away {b}", "lower {a} by {b}", "take {b} off {a}",
    "knock {b} off {a}", "count back {b} from {a}", "count down {b} from {a}", "go {b} down from {a}",
    "make {a} smaller by {b}", "start at {a} and go back {b}", "minus {b} from {a}"};
constexpr std::string_view kDifferenceQuestions[] = {
    "what is left if you take {b} from {a}", "what do you get if you subtract {b} from {a}",
    "which number is {b} less than {a}", "what remains when {b} is taken from {a}",
    "if i take {b} away from {a}, what is left", "how much is left of {a} after taking {b}",
    "what do i get if i take {b} from {a}", "i have {a} and lose {b}, how many are left",
    "i had {a} and gave away {b}, how many do i still have", "i have {a} and spend {b}, how much is left",
    "{a} and {b} are gone, how many remain", "what is left of {a} when {b} are gone", "{a}, then {b} less, what is it",
    "how much remains if i remove {b} from {a}", "i need to subtract {b} from {a}, what is the result",
    "i want to take {b} from {a}", "i have to subtract {b} from {a}", "if {a} goes down by {b}, what is it then",
    "{a} drops by {b}, what is it now", "if x is {a} and y is {b}, what is x - y", "which number comes {b} before {a}",
    "how many are left from {a} if you use {b}", "out of {a}, {b} are used. how many are not",
    "of {a} people {b} leave, how many stay", "how much would {a} minus {b} be", "i wonder what {a} minus {b} makes",
    "what happens if i take {b} off {a}", "what number do you get by taking {b} away from {a}"};
// {x} and {y} come in any order, {h} is the higher and {l} the lower of them.
constexpr std::string_view kGapValues[] = {
    "the difference between {x} and {y}", "the distance between {x} and {y}", "the gap between {x} and {y}",
    "the distance from {x} to {y}", "the gap from {l} to {h}", "the absolute difference of {x} and {y}",
    "the positive difference between {x} and {y}", "the space between {x} and {y}"};
constexpr std::string_view kGapQuestions[] = {
    "how far apart are {x} and {y}", "how far apart are the numbers {x} and {y}", "how far is {x} from {y}",
    "how far is it from {x} to {y}", "how much do {x} and {y} differ", "by how much do {x} and {y} differ",
    "how big is the gap between {x} and {y}", "how big is the difference between {x} and {y}",
    "how far away is {x} from {y}", "what separates {x} and {y}", "how many steps is it from {x} to {y}",
    "how much bigger is {h} than {l}", "how much larger is {h} than {l}", "how much more is {h} than {l}",
    "how many more is {h} than {l}", "how much greater than {l} is {h}", "how much smaller is {l} than {h}",
    "how much less is {l} than {h}", "how many fewer is {l} than {h}", "by how much is {h} more than {l}",
    "{h} is how much more than {l}", "{l} is how much less than {h}", "what must be added to {l} to get {h}",
    "what must i add to {l} to get {h}", "what do i add to {l} to reach {h}", "what should be added to {l} to make {h}",
    "which number must be added to {l} to get {h}", "what number added to {l} gives {h}", "{l} plus what is {h}",
    "{l} plus what makes {h}", "{l} plus what equals {h}", "what plus {l} is {h}", "{l} + ? = {h}", "? + {l} = {h}",
    "{l} + _ = {h}", "{l} and how many more make {h}", "how much is missing from {l} to {h}",
    "how many more do i need to go from {l} to {h}", "i have {l} and need {h}, how many are missing",
    "i have {l} but want {h}, how many more do i need", "how much do i need to get from {l} to {h}",
    "from {l} up to {h}, how much is that", "how many do you add to {l} to have {h}", "{h} minus what is {l}",
    "{h} - ? = {l}", "what must be subtracted from {h} to get {l}", "what must i take from {h} to get {l}"};
constexpr std::string_view kMinusChainValues[] = {
    "{a} take away {b} take away {c}", "{a} less {b} less {c}", "{a} without {b} and {c}", "{b} and {c} taken from {a}",
    "{a} minus {b} and minus {c}", "{a} minus {b} then minus {c}", "{a} reduced by {b} and by {c}"};
constexpr std::string_view kMinusChainOrders[] = {
    "subtract {b} and {c} from {a}", "take {b} and {c} from {a}", "take {b} and then {c} away from {a}",
    "start with {a}, take away {b}, then take away {c}", "from {a} subtract {b} and then {c}",
    "take {a}, subtract {b} and subtract {c}", "remove {b} and {c} from {a}"};
constexpr std::string_view kMinusChainQuestions[] = {
    "what is left of {a} after taking {b} and {c}", "i have {a}, spend {b} and then {c}, how much is left",
    "i had {a} and lost {b} and later {c}, how many are left", "if i take {b} and {c} from {a}, what is left",
    "what do you get if you subtract {b} and {c} from {a}", "{a}, first {b} less, then {c} less, how much remains"};

constexpr std::string_view kTimesAskedValues[] = {
    "the product of {a} and {b}", "the product of {a} and {b}", "product of {a} and {b}", "{a} multiplied with {b}",
    "{a} multiplied by {b}", "{a} multiplied by {b}", "the product {a} x {b}", "{a} times {b}",
    "the multiplication of {a} and {b}", "{a} lots of {b}", "{a} groups of {b}", "{a} rows of {b}", "{a} sets of {b}",
    "{a} boxes of {b}", "{a} bags of {b}", "{a} packs of {b}", "{a} piles of {b}", "{a} teams of {b}",
    "{a} multiply {b}", "{a} multiply by {b}", "{a} and {b} multiplied", "{a} and {b} multiplied together",
    "multiplying {a} by {b}", "the result of multiplying {a} and {b}", "{a} times the number {b}",
    "{b} taken {a} times", "{a} and {b} product", "the number {a} times {b}", "{a} rows with {b} in each",
    "{a} times as much as {b}", "{a} of {b} each", "the product when {a} is multiplied by {b}",
    "the area of a {a} by {b} rectangle", "the number of squares in a {a} by {b} grid"};
constexpr std::string_view kTimesAskedOrders[] = {
    "multiply {a} by {b}", "multiply {a} by {b}", "multiply {a} and {b}", "multiply {a} with {b}",
    "multiply {b} by {a}", "find the product of {a} and {b}", "take {a} times {b}", "multiply the numbers {a} and {b}",
    "multiply {a} times {b}", "take {a} and multiply it by {b}", "multiply {a} {b}", "multiply {a}, {b}",
    "times {a} by {b}", "multiply together {a} and {b}", "multiply these: {a} and {b}", "do {a} times {b}",
    "do the multiplication {a} x {b}", "get the product of {a} and {b}", "count {a} groups of {b}"};
constexpr std::string_view kTimesAskedQuestions[] = {
    "what do you get if you multiply {a} by {b}", "what do you get when you multiply {a} and {b}",
    "how much is {a} times {b}", "what are {a} times {b}", "if i multiply {a} by {b}, what do i get",
    "how many are {a} times {b}", "what does {a} times {b} make", "what comes out if {a} is multiplied by {b}",
    "how many is {a} rows of {b}", "there are {a} rows of {b}, how many in all", "{a} boxes with {b} in each, how many",
    "{a} groups with {b} in every group, how many altogether", "how much do {a} {b}s make", "how much are {a} {b}s",
    "{a} and {b}, what is the product", "i wonder what {a} times {b} is", "i need to multiply {a} by {b}",
    "i want to multiply {a} and {b}, what is the result", "if x is {a} and y is {b}, what is x times y",
    "how many squares are in a {a} by {b} grid", "what is the area of a {a} by {b} room",
    "what is the area if the length is {a} and the width is {b}", "how many do {a} packs of {b} have in total",
    "if one costs {b}, how much are {a}", "if one has {b}, how many do {a} have",
    "{b} each, {a} of them, how much is it", "{a} people with {b} each, how many in total",
    "{b} a day for {a} days, how many is that", "what number do you get by multiplying {a} by {b}",
    "how much would {a} times {b} be", "what happens if i multiply {a} by {b}"};
constexpr std::string_view kDozenValues[] = {"{a} dozen", "{a} dozens", "the number of eggs in {a} dozen"};
constexpr std::string_view kDozenQuestions[] = {
    "how many eggs are in {a} dozen", "how many are {a} dozen", "{a} dozen eggs, how many eggs is that",
    "how many is {a} dozen"};
constexpr std::string_view kThreeFactorValues[] = {
    "the product of {L}", "product of {L}", "{L} multiplied together", "{L} multiplied", "{L} all multiplied",
    "{a} times {b} times {c}", "{a} multiplied by {b} multiplied by {c}", "{a} times {b} and then times {c}",
    "the volume of a box of {a} by {b} by {c}", "the result of multiplying {L}", "the product of the numbers {L}"};
constexpr std::string_view kThreeFactorOrders[] = {
    "multiply {L}", "multiply {L} together", "multiply {a} by {b} and then by {c}", "multiply {a} by {b} by {c}",
    "find the product of {L}", "multiply the numbers {L}", "multiply all of these: {L}",
    "take {a}, multiply by {b}, then by {c}", "multiply {a} times {b} times {c}"};
constexpr std::string_view kThreeFactorQuestions[] = {
    "what do you get if you multiply {L}", "what does {a} times {b} times {c} make", "what is {L} multiplied together",
    "there are {a} shelves with {b} boxes of {c} pens each, how many pens",
    "a box is {a} long, {b} wide and {c} high, what is its volume", "if i multiply {L}, what do i get",
    "{a} houses with {b} rooms and {c} chairs in each room, how many chairs", "how much is {a} times {b} times {c}"};

constexpr std::string_view kQuotientValues[] = {
    "{a} divided by {b}", "{a} divided by {b}", "the quotient of {a} and {b}", "quotient of {a} and {b}",
    "{a} split by {b}", "the division of {a} by {b}", "{a} shared by {b}", "{a} divided into {b} equal parts",
    "{a} over {b}", "{a} divide {b}", "{a} divide by {b}", "{a} split into {b} equal parts",
    "{a} cut into {b} equal pieces", "{a} shared equally by {b}", "{a} shared among {b}", "{a} split {b} ways",
    "{a} divided among {b}", "{a} divided equally between {b}", "dividing {a} by {b}",
    "the result of dividing {a} by {b}", "the quotient {a} / {b}", "the quotient when {a} is divided by {b}",
    "one part of {a} split in {b}", "each part if {a} is split into {b}", "the number {a} divided by {b}"};
constexpr std::string_view kQuotientOrders[] = {
    "divide {a} by {b}", "divide {a} by {b}", "divide {a} into {b} parts", "split {a} into {b} equal parts",
    "find the quotient of {a} and {b}", "share {a} equally between {b}", "take {a} and divide it by {b}",
    "divide the number {a} by {b}", "share {a} by {b}", "split {a} by {b}", "cut {a} into {b} equal pieces",
    "divide {a} among {b}", "divide {a} equally by {b}", "distribute {a} equally among {b}", "split {a} {b} ways",
    "split {a} evenly between {b}", "divide up {a} into {b} equal shares", "do {a} divided by {b}",
    "do the division {a} / {b}", "start with {a} and divide by {b}", "make {b} equal parts out of {a}"};
constexpr std::string_view kQuotientQuestions[] = {
    "what do you get if you divide {a} by {b}", "if i divide {a} by {b}, what do i get",
    "what does {a} divided by {b} make", "how much is {a} divided by {b}", "what comes out if {a} is divided by {b}",
    "{a} shared by {b}, how much is one share", "how big is each part if i split {a} into {b} equal parts",
    "if {a} is cut into {b} equal pieces, how long is each", "i need to divide {a} by {b}",
    "i have to divide {a} by {b}, what is the result", "i wonder what {a} divided by {b} is",
    "if x is {a} and y is {b}, what is x / y", "how much does each get if {b} share {a}",
    "{a} dollars for {b} people, how much does each get", "{b} things cost {a}, how much is one",
    "what number do you get by dividing {a} by {b}", "how much would {a} over {b} be"};
// These ask how often b is contained in a, and so for a whole number.
constexpr std::string_view kContainedValues[] = {
    "the number of {b}s in {a}", "{b} into {a}", "the number of times {b} fits into {a}"};
constexpr std::string_view kContainedQuestions[] = {
    "how many times does {b} go into {a}", "how often does {b} fit into {a}", "how many times does {b} fit in {a}",
    "how many {b}s are in {a}", "how many times is {b} contained in {a}", "how many {b}s in {a}",
    "how many {b} are in {a}", "how many {b}s are there in {a}", "how many groups of {b} are in {a}",
    "how many groups of {b} can i make from {a}", "how many times can i take {b} from {a}", "{b} times what is {a}",
    "{b} times what makes {a}", "what times {b} is {a}", "which number times {b} gives {a}", "{b} x ? = {a}",
    "? * {b} = {a}", "how often is {b} in {a}", "how many packs of {b} do i get from {a}",
    "{a} kids in {b} equal teams, how many in each", "{a} sweets for {b} children, how many each",
    "{a} split between {b} people, how many does each get", "how many sets of {b} make {a}", "how many {b}s make {a}",
    "{a} is how many times {b}", "how many times {b} is {a}"};
constexpr std::string_view kAsDecimalValues[] = {
    "{a}/{b} as a decimal", "{a}/{b} in decimal form", "{a}/{b} as a decimal number", "{a} over {b} as a decimal",
    "the decimal form of {a}/{b}", "{a}/{b} to decimal", "{a} divided by {b} as a decimal", "the decimal for {a}/{b}"};
constexpr std::string_view kAsDecimalOrders[] = {
    "write {a}/{b} as a decimal", "convert {a}/{b} to a decimal", "turn {a}/{b} into a decimal",
    "change {a}/{b} to a decimal", "express {a}/{b} as a decimal", "divide {a} by {b} and give a decimal"};

// How the signs of a chain are written: one chain has one style.
struct ChainStyle {
  std::string_view plus, minus, times;
};
constexpr ChainStyle kChainStyles[] = {
    {"+", "-", "*"}, {"+", "-", "*"}, {"+", "-", "x"}, {" + ", " - ", " * "}, {" + ", " - ", " x "},
    {" + ", " - ", " × "}, {"+", "–", "×"}, {" + ", " − ", " · "}, {" plus ", " minus ", " times "},
    {" plus ", " minus ", " times "}, {" and ", " take away ", " multiplied by "}};
// clang-format on

// A number with at most `digits` digits, each number of digits as likely.
i64 up_to_digits(Random& r, int digits) {
  const int n = static_cast<int>(r.between(1, digits));
  return n == 1 ? r.between(0, 9) : with_digits(r, n);
}

// In three fifths of the problems a sign stands between the numbers, in the others there are words around them.
std::string ask_operation(Random& r, i64 a, char sign, i64 b, const Bodies& words) {
  if (r.below(5) < 3 || a < 0 || b < 0) return ask_for(r, operation_as_typed(r, a, sign, b));
  const bool in_words = a <= 100 && b <= 100 && chance(r, 10);
  const std::string x = in_words ? number_in_words(a) : std::to_string(a);
  const std::string y = in_words ? number_in_words(b) : std::to_string(b);
  return ask_any(r, words, {{"a", x}, {"b", y}});
}

std::string operation_content(i64 a, char sign, i64 b, const Draft& d) {
  if (std::abs(a) <= 12 && std::abs(b) <= 12) return small_content("operation", d.prompt);
  return put_in("expression {a}{s}{b}",
                {{"a", std::to_string(a)}, {"s", std::string(1, sign)}, {"b", std::to_string(b)}});
}

// Three or more numbers that are computed from left to right. signs[i] stands before terms[i].
struct Chain {
  std::vector<i64> terms;
  std::string signs;
};

i64 write_chain(Draft& d, const Chain& chain) {
  i64 total = chain.terms[0];
  for (size_t i = 1; i < chain.terms.size(); ++i) {
    const i64 n = chain.terms[i];
    if (chain.signs[i] == '*') contains_product(d, total, n);
    total = chain.signs[i] == '+'   ? write_add(d.trace, total, n)
            : chain.signs[i] == '-' ? write_sub(d.trace, total, n)
                                    : write_mul(d.trace, total, n);
  }
  d.answer = std::to_string(total);
  return total;
}

// "250-75-25", "3 plus 4 plus 5"
std::string chain_as_typed(Random& r, const Chain& chain) {
  const ChainStyle& style = pick(r, kChainStyles);
  const bool in_words = style.plus == " plus " && chance(r, 6);
  std::string text;
  for (size_t i = 0; i < chain.terms.size(); ++i) {
    const char sign = chain.signs[i];
    if (i > 0) text += sign == '+' ? style.plus : sign == '-' ? style.minus : style.times;
    text += in_words ? number_in_words(chain.terms[i]) : std::to_string(chain.terms[i]);
  }
  return text;
}

// "12, 30 and 9". A plus sign may stand between the numbers only if they are terms of a sum.
std::string list_typed(Random& r, std::span<const i64> terms, bool sum) {
  static constexpr std::pair<std::string_view, std::string_view> kBetween[] = {
      // and before the last number
      {", ", " and "}, {", ", " and "},    {", ", " and "}, {", ", ", and "}, {", ", ", "},
      {", ", ", "},    {" and ", " and "}, {" ", " "},      {" & ", " & "},   {" + ", " + "}};
  const auto& [between, last] = pick(r, std::span(kBetween).first(std::size(kBetween) - (sum ? 0 : 1)));
  const bool in_words = between != " " && between != " + " && chance(r, 10);
  std::string text;
  for (size_t i = 0; i < terms.size(); ++i) {
    if (i > 0) text += i + 1 == terms.size() ? last : between;
    text += in_words ? number_in_words(terms[i]) : std::to_string(terms[i]);
  }
  return text;
}

// Sums of three to five numbers. Half of them are lists in words. The others have signs, some of them minus signs.
Draft draft_sum_chain(Random& r, int difficulty) {
  static constexpr i64 kHighest[] = {10, 10, 20, 50, 100};
  const i64 high = difficulty > 1 || chance(r, 12) ? 999 : pick(r, kHighest);
  const i64 count = r.between(3, high > 100 ? 4 : 5);
  const bool list = chance(r, 2), may_be_negative = chance(r, 12);
  Chain chain{{r.between(1, high)}, "+"};
  i64 total = chain.terms[0];
  for (i64 i = 1; i < count; ++i) {
    const i64 n = r.between(1, high);
    const bool minus = !list && chance(r, 3) && (n <= total || may_be_negative);
    chain.terms.push_back(n), chain.signs += minus ? '-' : '+';
    total += minus ? -n : n;
  }
  Draft d;
  write_chain(d, chain);
  d.prompt = list ? ask_any(r, {kListValues, kListOrders, kListQuestions}, {{"L", list_typed(r, chain.terms, true)}})
                  : ask_for(r, chain_as_typed(r, chain));
  d.content = small_content("chain", d.prompt);
  return d;
}

// Two subtractions, such as "250-75-25".
Draft draft_minus_chain(Random& r, int difficulty) {
  i64 a = difficulty == 1 ? r.between(10, 100) : r.between(100, 999);
  if (chance(r, 2)) a = a / 10 * 10;
  i64 b = r.between(1, std::max<i64>(1, a * 2 / 3)), c = r.between(1, std::max<i64>(1, a - b));
  if (chance(r, 3)) b = std::max<i64>(b / 5, 1) * 5, c = std::max<i64>(c / 5, 1) * 5;
  if (chance(r, 12)) c = r.between(1, a);  // the result may be negative
  Draft d;
  write_chain(d, {{a, b, c}, "+--"});
  d.prompt = chance(r, 2) ? ask_for(r, chain_as_typed(r, {{a, b, c}, "+--"}))
                          : ask_any(r, {kMinusChainValues, kMinusChainOrders, kMinusChainQuestions},
                                    {{"a", std::to_string(a)}, {"b", std::to_string(b)}, {"c", std::to_string(c)}});
  d.content = small_content("chain", d.prompt);
  return d;
}

// A number with many zeros, which borrows from far left: 10 to 100, 100 to 1000 or 1000 to 9900.
i64 with_zeros(Random& r, int digits) {
  i64 power = 1;
  for (int i = 1; i < digits; ++i) power *= 10;
  if (digits < 4 && chance(r, 3)) return power * 10;
  const i64 tail = digits > 2 && chance(r, 3) ? r.between(1, 9) * (power / 10) : 0;
  return r.between(1, 9) * power + tail;
}

std::pair<i64, i64> difference_numbers(Random& r, int difficulty) {
  i64 a = up_to_digits(r, difficulty + 1), b = up_to_digits(r, difficulty + 1);
  if (difficulty == 1 && chance(r, 3)) a = r.between(0, 20), b = r.between(0, 12);
  if (difficulty > 1) a = with_digits(r, difficulty + 1);
  if (chance(r, 7)) {
    a = with_zeros(r, difficulty + 1);
    return {a, chance(r, 3) ? r.between(1, 9) : r.between(1, a)};
  }
  if (chance(r, 8)) a = std::max<i64>(10, a) / 10 * 10;
  if (chance(r, 30)) return {a, a};
  if (a < b && !chance(r, 3)) std::swap(a, b);
  if (a >= b && chance(r, 6)) std::swap(a, b);  // a negative result
  if (chance(r, difficulty == 1 ? 6 : 12)) (chance(r, 3) ? b : a) *= -1;
  return {a, b};
}

// How far two numbers are apart, or what is missing from one to the other: the trace takes the lower from the higher.
Draft draft_gap(Random& r, i64 high, i64 low) {
  Draft d;
  d.answer = std::to_string(write_sub(d.trace, high, low));
  const bool in_words = high <= 100 && chance(r, 12);
  const std::string h = in_words ? number_in_words(high) : std::to_string(high);
  const std::string l = in_words ? number_in_words(low) : std::to_string(low);
  const bool lower_first = chance(r, 2);
  d.prompt = ask_any(r, {kGapValues, {}, kGapQuestions},
                     {{"x", lower_first ? l : h}, {"y", lower_first ? h : l}, {"h", h}, {"l", l}});
  d.content = operation_content(high, '-', low, d);
  return d;
}

// Three small factors, or four to eight that follow each other as in a factorial.
Draft draft_factors(Random& r) {
  Chain chain;
  if (chance(r, 6)) {
    const i64 first = r.between(1, 3), last = r.between(first + 3, 8);
    for (i64 n = first; n <= last; ++n) chain.terms.push_back(n);
    if (chance(r, 4)) std::reverse(chain.terms.begin(), chain.terms.end());
  } else {
    for (int i = 0; i < 3; ++i) chain.terms.push_back(r.between(2, 10));
  }
  chain.signs.assign(chain.terms.size(), '*');
  Draft d;
  write_chain(d, chain);
  if (chain.terms.size() > 3 || chance(r, 2)) {
    d.prompt = ask_for(r, chain_as_typed(r, chain));
  } else {
    d.prompt = ask_any(r, {kThreeFactorValues, kThreeFactorOrders, kThreeFactorQuestions},
                       {{"L", list_typed(r, chain.terms, false)},
                        {"a", std::to_string(chain.terms[0])},
                        {"b", std::to_string(chain.terms[1])},
                        {"c", std::to_string(chain.terms[2])}});
  }
  d.content = small_content("factors", d.prompt);
  return d;
}

// 1: the tables up to 12; 2: two digits by one, round numbers; 3: two and three digits; 4: six digits together.
std::pair<i64, i64> times_numbers(Random& r, int difficulty) {
  i64 a = r.between(0, 12), b = r.between(0, 12);
  if (difficulty == 2 && chance(r, 8)) {  // by 10, 100 or 1000
    const int zeros = static_cast<int>(r.between(1, 3));
    b = zeros == 1 ? 10 : zeros == 2 ? 100 : 1000, a = up_to_digits(r, zeros == 3 ? 2 : 3);
  } else if (difficulty == 2 && chance(r, 3)) {
    a = r.between(1, 20) * 10, b = r.between(1, chance(r, 2) ? 9 : 20) * 10;
  } else if (difficulty == 2) {
    a = with_digits(r, chance(r, 3) ? 3 : 2), b = with_digits(r, 1);
  } else if (difficulty == 3) {
    const bool long_one = chance(r, 4);
    a = with_digits(r, long_one ? 4 : 2), b = with_digits(r, long_one ? 1 : 2);
  } else if (difficulty == 4) {
    const bool longer = chance(r, 3);
    a = with_digits(r, longer ? 4 : 3), b = with_digits(r, longer || chance(r, 3) ? 2 : 3);
  }
  if (chance(r, 2)) std::swap(a, b);
  if (difficulty < 4 && chance(r, difficulty == 1 ? 8 : 16)) {
    (chance(r, 3) ? b : a) *= -1;
    if (chance(r, 4)) a = -std::abs(a), b = -std::abs(b);
  }
  return {a, b};
}

// Words for a / b: those for whole results, for results with a point, and for all.
std::string ask_quotient(Random& r, i64 a, i64 b) {
  if (a % b == 0 && a > 12 && chance(r, 40))  // smaller numbers could also be meant as a product
    return ask_for(r, put_in("{a} by {b}", {{"a", std::to_string(a)}, {"b", std::to_string(b)}}));
  if (a % b == 0 && chance(r, 3)) return ask_operation(r, a, '/', b, {kContainedValues, {}, kContainedQuestions});
  if (a % b != 0 && a * 1000 % b == 0 && chance(r, 8))
    return ask_any(r, {kAsDecimalValues, kAsDecimalOrders, {}}, {{"a", std::to_string(a)}, {"b", std::to_string(b)}});
  return ask_operation(r, a, '/', b, {kQuotientValues, kQuotientOrders, kQuotientQuestions});
}

}  // namespace

Draft draft_sum(Random& r, int difficulty) {
  if (chance(r, difficulty == 1 ? 4 : 10)) return draft_sum_chain(r, difficulty);
  i64 a = up_to_digits(r, difficulty + 1), b = up_to_digits(r, difficulty + 1);
  if (difficulty == 1 && chance(r, 3)) a = r.between(0, 12), b = r.between(0, 12);
  if (difficulty > 1) a = with_digits(r, difficulty + 1);
  if (chance(r, 2)) std::swap(a, b);
  if (chance(r, difficulty == 1 ? 6 : 12)) (chance(r, 3) ? b : a) *= -1;
  Draft d;
  d.answer = std::to_string(write_add(d.trace, a, b));
  d.prompt = ask_operation(r, a, '+', b, {kSumValues, kSumOrders, kSumQuestions});
  d.content = operation_content(a, '+', b, d);
  return d;
}

Draft draft_difference(Random& r, int difficulty) {
  if (chance(r, 10)) return draft_minus_chain(r, difficulty);
  const auto [a, b] = difference_numbers(r, difficulty);
  if (a >= 0 && b >= 0 && chance(r, 5)) return draft_gap(r, std::max(a, b), std::min(a, b));
  Draft d;
  d.answer = std::to_string(write_sub(d.trace, a, b));
  d.prompt = a < b ? ask_for(r, operation_as_typed(r, a, '-', b))
                   : ask_operation(r, a, '-', b, {kDifferenceValues, kDifferenceOrders, kDifferenceQuestions});
  d.content = operation_content(a, '-', b, d);
  return d;
}

Draft draft_times(Random& r, int difficulty) {
  if (difficulty == 1 && chance(r, 5)) return draft_factors(r);
  const auto [a, b] = times_numbers(r, difficulty);
  Draft d;
  d.answer = std::to_string(write_mul(d.trace, a, b));
  const bool dozens = b == 12 && a > 1 && chance(r, 3);
  d.prompt = dozens ? ask_any(r, {kDozenValues, {}, kDozenQuestions}, {{"a", std::to_string(a)}})
                    : ask_operation(r, a, '*', b, {kTimesAskedValues, kTimesAskedOrders, kTimesAskedQuestions});
  const bool small = std::abs(a) <= 12 && std::abs(b) <= 12;
  d.content = small ? small_content("operation", d.prompt) : product_content(std::abs(a), std::abs(b));
  return d;
}

// 1: the tables backwards; 2: quotients with a point, and fractions; 3: longer numbers.
Draft draft_quotient(Random& r, int difficulty) {
  i64 b = r.between(1, 12), a = b * r.between(difficulty == 1 && chance(r, 20) ? 0 : 1, 12);
  if (difficulty == 2) {
    static constexpr i64 kUsualDivisors[] = {2, 2, 2, 4, 4, 5, 5, 8, 10, 10, 20, 25, 50, 100, 3, 6, 7, 9};
    b = pick(r, kUsualDivisors), a = r.between(1, chance(r, 2) ? 20 : 200);
  } else if (difficulty == 3) {
    b = chance(r, 3) ? with_digits(r, 3) : chance(r, 2) ? r.between(1, 10) * 10 : r.between(2, 99);
    a = b * r.between(2, std::min<i64>(999, 9999 / b));
    if (chance(r, 4)) a = r.between(10, 999), b = r.between(2, 99);
  }
  Draft d;
  d.answer = write_ratio(d.trace, a, b, r);
  d.prompt = ask_quotient(r, a, b);
  d.content = a <= 144 && b <= 12 ? small_content("operation", d.prompt)
                                  : put_in("division {a} {b}", {{"a", std::to_string(a)}, {"b", std::to_string(b)}});
  return d;
}

}  // namespace r1
