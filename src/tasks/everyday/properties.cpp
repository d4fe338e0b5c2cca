// Generators of questions about one number (prime, even) and about a few (largest, average, order).
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "tasks/everyday/everyday.hpp"

namespace r1 {
namespace {

// clang-format off
constexpr std::string_view kPrimeQuestions[] = {
    "is {a} prime", "is {a} prime", "is {a} a prime", "is {a} a prime number", "is {a} a prime number",
    "is the number {a} prime", "is the number {a} a prime", "is the number {a} a prime number", "{a} prime",
    "{a} is prime", "{a} is a prime number", "{a}: prime or not", "{a} prime or not", "prime: {a}",
    "would you say {a} is prime", "is it true that {a} is prime", "can you tell me if {a} is prime",
    "tell me if {a} is prime", "tell me whether {a} is a prime number", "do you know if {a} is prime",
    "check if {a} is prime", "check whether {a} is a prime", "can you check if {a} is prime",
    "i want to know if {a} is prime", "is {a} one of the primes", "does {a} count as prime", "is {a} a prime or not",
    "{a} a prime number", "am i right that {a} is prime", "determine if {a} is prime", "isprime({a})",
    "find out if {a} is prime", "would {a} be a prime number"};
constexpr std::string_view kParityQuestions[] = {
    "is {a} {w}", "is {a} {w}", "is {a} an {w} number", "is {a} an {w} number", "is the number {a} {w}",
    "is the number {a} an {w} number", "{a} {w}", "{a} is {w}", "{a} is an {w} number", "tell me if {a} is {w}",
    "check if {a} is {w}", "can you tell me if {a} is {w}", "can you tell me whether {a} is an {w} number",
    "do you know if {a} is {w}", "is it true that {a} is {w}", "does {a} count as {w}", "am i right that {a} is {w}",
    "check whether {a} is an {w} number", "would you call {a} {w}", "i want to know if {a} is {w}",
    "{a}, is that {w}", "determine if {a} is {w}", "{a} is it {w}"};
constexpr std::string_view kEvenOrOdd[] = {
    "is {a} even or odd", "is {a} odd or even", "is {a} an even or an odd number", "is the number {a} even or odd",
    "is the number {a} odd or even", "{a} even or odd", "{a} odd or even", "even or odd: {a}", "odd or even: {a}",
    "tell me if {a} is even or odd", "{a} is even or odd", "{a}: even or odd", "{a}: odd or even",
    "check if {a} is odd or even", "{a}, even or odd", "what is {a}, even or odd",
    "do you know if {a} is odd or even", "what is the parity of {a}", "parity of {a}",
    "is {a} odd number or even number", "can you tell me if {a} is even or odd", "determine if {a} is even or odd",
    "would you call {a} even or odd"};

constexpr std::string_view kLargestWords[] = {
    "largest", "largest", "biggest", "biggest", "greatest", "highest", "maximum", "max"};
constexpr std::string_view kSmallestWords[] = {
    "smallest", "smallest", "lowest", "least", "minimum", "min", "littlest"};
constexpr std::string_view kLargerWords[] = {
    "larger", "bigger", "bigger", "greater", "higher", "more", "largest", "biggest"};
constexpr std::string_view kSmallerWords[] = {"smaller", "smaller", "less", "lower", "smallest", "lesser"};
constexpr std::string_view kExtremeValues[] = {
    "the {w} of {l}", "{w} of {l}", "the {w} number of {l}", "the {w} number in {l}", "the {w} of these numbers: {l}",
    "the {w} number: {l}", "{w} number of {l}", "{w} number: {l}", "the {w} of the numbers {l}",
    "the {w} value of {l}", "{w}: {l}", "{w}({l})", "{w} {l}", "the {w} among {l}", "the {w} number among {l}",
    "the {w} one of {l}"};
constexpr std::string_view kExtremeOrders[] = {
    "find the {w} of {l}", "find the {w} number: {l}", "pick the {w} of {l}", "choose the {w} number from {l}",
    "give me the {w} of {l}", "find the {w} number in the list {l}", "name the {w} of {l}", "take the {w} of {l}",
    "select the {w} number of {l}"};
constexpr std::string_view kExtremeQuestions[] = {
    "which is the {w} of {l}", "which of {l} is the {w}", "which number is the {w}: {l}",
    "which of these is the {w}: {l}", "which is the {w} number: {l}", "what is the {w} number in {l}",
    "of {l}, which is the {w}", "{l}: which is the {w}", "{l} - which one is the {w}", "which one is the {w}, {l}",
    "what is the {w} out of {l}", "which of these numbers is {w}: {l}"};
constexpr std::string_view kPairQuestions[] = {
    "which is {w}, {a} or {b}", "which is {w}: {a} or {b}", "which is {w} {a} or {b}", "what is {w}, {a} or {b}",
    "what is {w} {a} or {b}", "what's {w}, {a} or {b}", "which number is {w}, {a} or {b}", "is {a} or {b} {w}",
    "which one is {w}, {a} or {b}", "{a} or {b}, which is {w}", "{a} or {b} which is {w}", "{a} or {b}, what is {w}",
    "which of {a} and {b} is {w}", "what number is {w}: {a} or {b}", "of {a} and {b}, which is {w}",
    "{a} and {b}: which is {w}", "which is the {w} one, {a} or {b}", "which is the {w} number, {a} or {b}",
    "between {a} and {b}, which is {w}", "{a} or {b}: {w}", "what is {w} out of {a} and {b}",
    "is it {a} or {b} that is {w}", "who is {w}, {a} or {b}", "{a} vs {b}, which is {w}"};

constexpr std::string_view kAverageWords[] = {
    "average", "average", "average", "mean", "mean", "avg", "arithmetic mean", "mean value", "average value"};
constexpr std::string_view kAverageValues[] = {
    "the {w} of {l}", "the {w} of {l}", "{w} of {l}", "{w} of {l}", "the {w} of the numbers {l}",
    "{w} of the numbers {l}", "the {w} of these numbers: {l}", "{w}: {l}", "{w}({l})", "the {w} for {l}"};
constexpr std::string_view kAverageOrders[] = {
    "find the {w} of {l}", "average {l}", "take the {w} of {l}", "work out the {w} of {l}",
    "calculate the {w} of these: {l}", "get the {w} of {l}"};
constexpr std::string_view kAverageQuestions[] = {
    "what do {l} average to", "what is {l} on average", "how much is the {w} of {l}", "{l}: what is the {w}",
    "{l}, what is their {w}"};

constexpr std::string_view kUpWords[] = {
    "in ascending order", "from smallest to largest", "from least to greatest", "in increasing order",
    "from low to high", "ascending", "from small to large", "from small to big", "smallest to largest",
    "from smallest to biggest", "smallest first", "starting with the smallest", "from lowest to highest", "in order",
    "upwards", "by size"};
constexpr std::string_view kDownWords[] = {
    "in descending order", "from largest to smallest", "from greatest to least", "in decreasing order",
    "from high to low", "descending", "from big to small", "largest to smallest", "from biggest to smallest",
    "largest first", "starting with the largest", "from highest to lowest", "from the top down", "downwards",
    "from large to small"};
constexpr std::string_view kOrderDirected[] = {
    "sort {l} {w}", "sort these numbers {w}: {l}", "sort {w}: {l}", "sort the numbers {l} {w}",
    "sort the list {l} {w}", "order {l} {w}", "order these {w}: {l}", "order these numbers {w}: {l}",
    "arrange {l} {w}", "arrange these numbers {w}: {l}", "arrange {w}: {l}", "put {l} {w}",
    "put these numbers {w}: {l}", "put these {w}: {l}", "list {l} {w}", "rank {l} {w}", "write {l} {w}",
    "sort {w} {l}", "sort this {w}: {l}", "give me {l} {w}", "rearrange {l} {w}", "write these numbers {w}: {l}"};
constexpr std::string_view kOrderPlain[] = {
    "sort {l}", "sort {l}", "sort {l}", "sort: {l}", "sort these: {l}", "sort these numbers: {l}",
    "sort these numbers {l}", "sort the numbers {l}", "sort this list: {l}", "sort the list {l}", "order {l}",
    "order these: {l}", "order these numbers: {l}", "arrange {l}", "arrange these numbers: {l}", "put {l} in order",
    "put these in order: {l}", "put these numbers in order: {l}", "put in order: {l}", "sort({l})",
    "bring {l} into order", "sort the following: {l}", "sort the following numbers: {l}", "order the numbers {l}"};
// clang-format on

// A list of numbers as people type it.
std::string list_text(Random& r, const std::vector<std::string>& items) {
  const std::string_view comma = chance(r, 6) ? " " : chance(r, 6) ? "," : chance(r, 20) ? "; " : ", ";
  const bool with_and = items.size() > 1 && comma == ", " && chance(r, 3);
  std::string out;
  for (size_t i = 0; i < items.size(); ++i) {
    const bool last = i + 1 == items.size();
    out += i == 0 ? "" : with_and && last ? (chance(r, 5) ? ", and " : " and ") : std::string(comma);
    out += items[i];
  }
  return chance(r, 14) ? "[" + out + "]" : out;
}

std::vector<std::string> texts_of(const std::vector<i64>& numbers, size_t width = 0) {
  std::vector<std::string> out;
  for (const i64 n : numbers) {
    std::string text = std::to_string(n);
    if (text.size() < width) text.insert(0, width - text.size(), '0');
    out.push_back(std::move(text));
  }
  return out;
}

std::string joined_texts(const std::vector<std::string>& items, std::string_view comma) {
  return fmt::format("{}", fmt::join(items, comma));
}

// Different numbers below `limit`.
std::vector<i64> different(Random& r, i64 count, i64 limit) {
  std::vector<i64> v;
  while (std::ssize(v) < count)
    if (const i64 n = r.between(0, limit - 1); std::find(v.begin(), v.end(), n) == v.end()) v.push_back(n);
  return v;
}

}  // namespace

bool write_prime_test(std::string& trace, i64 n, Random& r) {
  trace += std::to_string(n) + "\n";
  if (n < 2) return false;
  for (const i64 p : {2, 3, 5, 7, 11, 13}) {
    if (p * p > n) break;
    if (write_divide(trace, n, p, r).remainder == 0) return false;
  }
  return true;
}

// 1: up to 50; 2: up to 200.
Draft draft_prime(Random& r, int difficulty) {
  const i64 n = difficulty == 1 ? r.between(0, 50) : r.between(51, 200);
  Draft d;
  d.answer = write_prime_test(d.trace, n, r) ? "yes" : "no";
  d.prompt = ask_whether(r, put_in(pick(r, kPrimeQuestions), {{"a", std::to_string(n)}}));
  d.content = small_content("prime", d.prompt);
  return d;
}

bool write_parity(std::string& trace, i64 n, Random& r) { return write_divide(trace, n % 10, 2, r).remainder == 0; }

Draft draft_parity(Random& r, int) {
  const i64 n = r.between(0, chance(r, 3) ? 20 : 200);
  Draft d;
  const bool even = write_parity(d.trace, n, r);
  const std::string a = std::to_string(n);
  if (chance(r, 3)) {
    d.answer = even ? "even" : "odd";
    d.prompt = ask_whether(r, put_in(pick(r, kEvenOrOdd), {{"a", a}}));
  } else {
    const bool asks_even = chance(r, 2);
    d.answer = even == asks_even ? "yes" : "no";
    d.prompt = ask_whether(r, put_in(pick(r, kParityQuestions), {{"a", a}, {"w", asks_even ? "even" : "odd"}}));
  }
  d.content = small_content("parity", d.prompt);
  return d;
}

// The trace says what is wanted and keeps the best number so far: "min 9", "9>2->2", "2<7->2".
// 1: two numbers; 2: three to six.
Draft draft_extreme(Random& r, int difficulty) {
  const i64 limit = chance(r, 3) ? 20 : chance(r, 2) ? 100 : 1000;
  const std::vector<i64> v = different(r, difficulty == 1 ? 2 : r.between(3, 6), limit);
  const bool largest = chance(r, 2) || chance(r, 3);
  Draft d;
  i64 best = v[0];
  d.trace = fmt::format("{} {}\n", largest ? "max" : "min", best);
  for (size_t i = 1; i < v.size(); ++i) {
    d.trace += fmt::format("{}{}{}", best, v[i] > best ? '<' : '>', v[i]);
    best = largest ? std::max(best, v[i]) : std::min(best, v[i]);
    d.trace += fmt::format("->{}\n", best);
  }
  d.answer = std::to_string(best);
  const std::vector<std::string> shown = texts_of(v);
  if (difficulty == 1 && !chance(r, 3)) {
    const std::string_view word = largest ? pick(r, kLargerWords) : pick(r, kSmallerWords);
    d.prompt = ask_whether(r, put_in(pick(r, kPairQuestions), {{"a", shown[0]}, {"b", shown[1]}, {"w", word}}));
  } else {
    const std::string_view word = largest ? pick(r, kLargestWords) : pick(r, kSmallestWords);
    d.prompt =
        ask_any(r, {kExtremeValues, kExtremeOrders, kExtremeQuestions}, {{"l", list_text(r, shown)}, {"w", word}});
  }
  d.content =
      limit <= 20 && difficulty == 1 ? small_content("extreme", d.prompt) : "extreme " + joined_texts(shown, " ");
  return d;
}

// 1: two or three numbers with a whole mean; 2: up to five, also with a point.
Draft draft_average(Random& r, int difficulty) {
  const i64 count = difficulty == 1 ? r.between(2, 3) : r.between(2, 5), high = difficulty == 1 ? 30 : 100;
  std::vector<i64> v;
  i64 total = 0;
  for (i64 i = 0; i < count; ++i)
    v.push_back(chance(r, 4) ? r.between(0, high / 10) * 10 : r.between(0, high)), total += v.back();
  const bool whole = difficulty == 1 || count == 3 || chance(r, 2);
  if (whole) v.back() += (count - total % count) % count;
  Draft d;
  i64 sum = v[0];
  for (i64 i = 1; i < count; ++i) sum = write_add(d.trace, sum, v[i]);
  d.answer = write_ratio(d.trace, sum, count, r);
  const std::vector<std::string> shown = texts_of(v);
  d.prompt = ask_any(r, {kAverageValues, kAverageOrders, kAverageQuestions},
                     {{"l", list_text(r, shown)}, {"w", pick(r, kAverageWords)}});
  d.content = "average " + joined_texts(shown, " ");
  return d;
}

// Numbers below 200, each drawn uniformly. The trace is that of the kind "sort".
// 1: two to four numbers; 2: five or six.
Draft draft_order(Random& r, int difficulty) {
  const i64 count = difficulty == 1 ? r.between(2, 4) : r.between(5, 6);
  std::vector<i64> v = different(r, count, chance(r, 3) ? 20 : 200);
  if (chance(r, 12)) v.back() = v.front();
  const bool directed = chance(r, 2), up = !directed || chance(r, 2);
  const size_t width = std::to_string(*std::max_element(v.begin(), v.end())).size();
  Draft d;
  d.trace = (up ? "up:" : "down:") + joined_texts(texts_of(v, width), ",") + "\n";
  std::vector<i64> sorted;
  for (const i64 n : v) {
    sorted.insert(std::find_if(sorted.begin(), sorted.end(), [&](i64 m) { return up ? m > n : m < n; }), n);
    d.trace += texts_of({n}, width)[0] + ":" + joined_texts(texts_of(sorted, width), ",") + "\n";
  }
  d.answer = joined_texts(texts_of(sorted), ", ");
  std::vector<i64> content = v;
  std::sort(content.begin(), content.end());
  d.content = "sort " + joined_texts(texts_of(content), " ");
  const std::string list = list_text(r, texts_of(v));
  const std::string_view word = up ? pick(r, kUpWords) : pick(r, kDownWords);
  d.prompt = ask_to(r, put_in(directed ? pick(r, kOrderDirected) : pick(r, kOrderPlain), {{"l", list}, {"w", word}}));
  return d;
}

}  // namespace r1
