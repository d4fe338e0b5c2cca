// The generator of word problems: short stories with one to three steps of arithmetic.
#include <array>

#include "tasks/arithmetic.hpp"
#include "tasks/generators.hpp"

namespace r1 {
namespace {

// In a text {N} and {M} are two names, {O} and {P} two kinds of things in the plural, {a} to {d} numbers. The program
// is a list of steps such as "a*b;t+c", where t is the previous result; "=u" stores a result. Every result must be a
// whole number and not negative.
struct Story {
  int steps;
  std::string_view text, program;
};

constexpr Story kStories[] = {
    {1, "{N} has {a} {O} and buys {b} more. How many {O} does {N} have now?", "a+b"},
    {1, "{N} has {a} {O}. {M} gives {N} {b} more. How many {O} does {N} have?", "a+b"},
    {1, "{N} has {a} {O} and {M} has {b} {O}. How many {O} do they have together?", "a+b"},
    {1, "There are {a} {O} and {b} {P} in a box. How many things are in the box?", "a+b"},
    {1, "{N} found {a} {O} on Monday and {b} {O} on Tuesday. How many {O} did {N} find?", "a+b"},
    {1, "{N} is {a} years old. How old will {N} be in {b} years?", "a+b"},
    {1, "{N} read {a} pages yesterday and {b} pages today. How many pages did {N} read in all?", "a+b"},
    {1, "{N} is {a} years old and {M} is {b} years older. How old is {M}?", "a+b"},
    {1, "{N} has {a} {O} and gives {b} to {M}. How many {O} does {N} have left?", "a-b"},
    {1, "{N} had {a} {O} and lost {b} of them. How many {O} are left?", "a-b"},
    {1, "There are {a} {O} on a table. {N} takes {b}. How many remain?", "a-b"},
    {1, "{N} has {a} {O}. {M} has {b} {O}. How many more {O} does {N} have than {M}?", "a-b"},
    {1, "A shop had {a} {O} and sold {b}. How many {O} does it still have?", "a-b"},
    {1, "{N} has {a} dollars and spends {b} dollars. How many dollars are left?", "a-b"},
    {1, "{N} needs {a} {O} and already has {b}. How many more does {N} need?", "a-b"},
    {1, "A book has {a} pages. {N} has read {b}. How many pages are left to read?", "a-b"},
    {1, "{N} has {a} boxes with {b} {O} each. How many {O} does {N} have?", "a*b"},
    {1, "There are {a} rows with {b} {O} in each row. How many {O} are there?", "a*b"},
    {1, "One of the {O} costs {a} dollars. How much do {b} {O} cost?", "a*b"},
    {1, "{N} buys {a} {O} for {b} dollars each. How much does {N} pay?", "a*b"},
    {1, "A car drives {a} miles per hour for {b} hours. How far does it go?", "a*b"},
    {1, "A train travels at {a} km per hour for {b} hours. How many kilometers does it travel?", "a*b"},
    {1, "{N} reads {a} pages a day. How many pages does {N} read in {b} days?", "a*b"},
    {1, "{N} earns {a} dollars an hour and works {b} hours. How much does {N} earn?", "a*b"},
    {1, "{a} bags hold {b} {O} each. How many {O} are there in all?", "a*b"},
    {1, "{N} shares {a} {O} equally among {b} friends. How many {O} does each friend get?", "a/b"},
    {1, "{a} {O} are put into {b} equal boxes. How many {O} are in each box?", "a/b"},
    {1, "{N} has {a} {O} and puts {b} in each bag. How many bags does {N} need?", "a/b"},
    {1, "A car drives {a} miles in {b} hours. What is its speed in miles per hour?", "a/b"},
    {1, "{b} {O} cost {a} dollars. How much does one cost?", "a/b"},
    {1, "{a} {O} stand in {b} equal rows. How many {O} are in each row?", "a/b"},
    {2, "{N} has {a} {O}, buys {b} more and gives {c} to {M}. How many {O} does {N} have now?", "a+b;t-c"},
    {2, "{N} had {a} {O}, lost {b} and then found {c}. How many {O} does {N} have?", "a-b;t+c"},
    {2, "{N} buys {a} {O} for {b} dollars each and pays {c} dollars for shipping. How much does {N} pay?", "a*b;t+c"},
    {2, "{N} has {a} boxes with {b} {O} each and {c} more {O}. How many {O} does {N} have?", "a*b;t+c"},
    {2, "There are {a} rows of {b} {O}. {N} takes {c} away. How many {O} are left?", "a*b;t-c"},
    {2, "{N} has {c} dollars and buys {a} {O} for {b} dollars each. How many dollars are left?", "a*b;c-t"},
    {2, "{N} has {a} {O} and {M} has {b} more than {N}. How many {O} do they have together?", "a+b;a+t"},
    {2, "{N} has {a} {O}. {M} has {b} times as many. How many {O} do they have together?", "a*b;t+a"},
    {2,
     "{N} and {M} have {a} and {b} {O}. They share them equally among {c} friends. How many {O} does each friend get?",
     "a+b;t/c"},
    {2, "{N} had {a} {O}, ate {b} and put the rest equally into {c} bags. How many {O} are in each bag?", "a-b;t/c"},
    {2, "A bus has {a} people. At a stop {b} get off and {c} get on. How many people are on the bus now?", "a-b;t+c"},
    {2, "{N} saves {a} dollars a week for {b} weeks and then spends {c} dollars. How much is left?", "a*b;t-c"},
    {2, "{N} is {a}. {M} is {b} years older and Lee is {c} years younger than {M}. How old is Lee?", "a+b;t-c"},
    {2, "A farmer has {a} {O} and {b} {P} and sells {c} of them all. How many are left?", "a+b;t-c"},
    {3, "{N} buys {a} {O} for {b} dollars each and {c} {P} for {d} dollars each. How much does {N} pay?",
     "a*b=u;c*d;u+t"},
    {3, "{N} has {a} bags with {b} {O} each, finds {c} more and gives {d} to {M}. How many {O} does {N} have?",
     "a*b;t+c;t-d"},
    {3, "{N} has {a} {O}, buys {b}, loses {c} and then finds {d}. How many {O} does {N} have now?", "a+b;t-c;t+d"},
    {3, "{N} walks {a} miles a day for {b} days and {c} miles a day for {d} days. How many miles is that?",
     "a*b=u;c*d;u+t"},
    {3,
     "{N} has {a} {O} and {M} has {b}. They buy {c} more and share all equally among {d} people. How many does each "
     "get?",
     "a+b;t+c;t/d"},
    {3, "A hall has {a} rows of {b} seats. {c} adults and {d} children sit down. How many seats are free?",
     "a*b=u;c+d;u-t"}};

constexpr std::string_view kNames[] = {"Tom",   "Anna",   "Ben",  "Mia",   "Sam",    "Lucy", "Max",   "Emma",  "Jack",
                                       "Sara",  "Leo",    "Nina", "Paul",  "Lisa",   "Mark", "Julia", "Peter", "Amy",
                                       "David", "Maria",  "John", "Kate",  "Omar",   "Rosa", "Henry", "Alice", "Bob",
                                       "Clara", "Daniel", "Eva",  "Frank", "Grace",  "Ivan", "Priya", "Chen",  "Yuki",
                                       "Ali",   "Zoe",    "Jim",  "Mary",  "Carlos", "Ella"};

constexpr std::string_view kThings[] = {"apples", "books",   "pencils", "marbles", "cookies",  "oranges", "stickers",
                                        "cards",  "eggs",    "flowers", "balls",   "coins",    "candies", "toys",
                                        "shells", "stamps",  "pens",    "bananas", "cakes",    "trees",   "chairs",
                                        "cups",   "bottles", "stones",  "buttons", "balloons", "nuts",    "plums",
                                        "pears",  "roses",   "tickets", "photos",  "beads",    "hats",    "keys",
                                        "lemons", "muffins", "peaches", "shirts",  "socks",    "tomatoes"};

using Values = std::array<i64, 6>;  // of a, b, c, d, t and u
size_t slot(char c) { return c == 't' ? 4 : c == 'u' ? 5 : static_cast<size_t>(c - 'a'); }

// Runs the program. Returns false if a result would be negative, not whole, or too
// large. Writes the trace to `d` if it is not null.
bool run_program(std::string_view program, Values v, i64& result, Draft* d, Random& r) {
  for (size_t i = 0; i < program.size(); i += 4) {
    const i64 x = v[slot(program[i])], y = v[slot(program[i + 2])];
    const char op = program[i + 1];
    if ((op == '-' && x < y) || (op == '/' && (y == 0 || x % y != 0)) || (op == '*' && x * y > 2000)) return false;
    i64& t = v[4];
    t = op == '+' ? x + y : op == '-' ? x - y : op == '*' ? x * y : x / y;
    if (d) {
      if (op == '+') write_add(d->trace, x, y);
      else if (op == '-') write_sub(d->trace, x, y);
      else if (op == '*') write_mul(d->trace, x, y), contains_product(*d, x, y);
      else write_exact_divide(d->trace, x, y, r);
    }
    if (program.substr(i + 3, 2) == "=u") v[5] = t, i += 2;
    result = t;
  }
  return true;
}

Values random_values(Random& r, std::string_view program) {
  Values v{};
  for (size_t i = 0; i < 4; ++i) v[i] = chance(r, 2) ? r.between(2, 12) : r.between(2, 99);
  const bool has_product = program.find('*') != program.npos;
  if (has_product && v[0] > 12 && v[1] > 12) v[r.below(2)] = r.between(2, 12);
  if (program == "a/b") v[1] = r.between(2, 12), v[0] = v[1] * r.between(2, chance(r, 2) ? 12 : 40);
  if (program == "a*b;c-t") v[2] = v[0] * v[1] + r.between(1, 50);
  return v;
}

std::string written(std::string_view text, const Values& v, const std::array<std::string_view, 4>& words) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '{') {
      out += text[i];
      continue;
    }
    const char c = text[i + 1];
    if (c >= 'a' && c <= 'd') out += std::to_string(v[slot(c)]);
    else out += words[c == 'N' ? 0 : c == 'M' ? 1 : c == 'O' ? 2 : 3];
    i += 2;
  }
  return out;
}

}  // namespace

Draft draft_word_problem(Random& r, int difficulty) {
  const Story* story = nullptr;
  do story = &pick(r, kStories);
  while (story->steps != difficulty);
  Values v{};
  i64 result = 0;
  do v = random_values(r, story->program);
  while (!run_program(story->program, v, result, nullptr, r));
  Draft d;
  run_program(story->program, v, result, &d, r);
  std::array<std::string_view, 4> words = {pick(r, kNames), pick(r, kNames), pick(r, kThings), pick(r, kThings)};
  while (words[1] == words[0]) words[1] = pick(r, kNames);
  while (words[3] == words[2]) words[3] = pick(r, kThings);
  d.prompt = written(story->text, v, words);
  if (chance(r, 12))
    d.prompt[0] = static_cast<char>(d.prompt[0] >= 'A' && d.prompt[0] <= 'Z' ? d.prompt[0] + 32 : d.prompt[0]);
  d.answer = std::to_string(result);
  d.content = "words " + std::to_string(story - kStories);
  for (const char c : {'a', 'b', 'c', 'd'})
    if (story->text.find(std::string("{") + c + "}") != story->text.npos) d.content += " " + std::to_string(v[slot(c)]);
  return d;
}

}  // namespace r1
