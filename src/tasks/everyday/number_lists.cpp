// Generators of questions about a few numbers: the largest or smallest, the average, the order.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "tasks/everyday/everyday.hpp"

namespace r1 {
namespace {

// clang-format off
constexpr std::string_view kLargestWords[] = {
    "largest", "largest", "biggest", "biggest", "greatest", "highest", "maximum", "maximum", "max"};
constexpr std::string_view kSmallestWords[] = {
    "smallest", "smallest", "smallest", "lowest", "lowest", "least", "minimum", "minimum", "min", "littlest"};
constexpr std::string_view kLargerWords[] = {
    "larger", "larger", "bigger", "bigger", "bigger", "greater", "greater", "higher", "largest", "biggest", "greatest",
    "the bigger one", "the larger number", "the largest"};
constexpr std::string_view kSmallerWords[] = {
    "smaller", "smaller", "smaller", "lower", "lower", "smallest", "lesser", "lowest", "the smaller one",
    "the smaller number", "the smallest"};
// {w} is one of the first two lists of words.
constexpr std::string_view kExtremeValues[] = {
    "the {w} of {l}", "the {w} of {l}", "{w} of {l}", "{w} of {l}", "{w} of {l}", "the {w} number of {l}",
    "the {w} number in {l}", "the {w} of these numbers: {l}", "the {w} of these: {l}", "the {w} number: {l}",
    "{w} number of {l}", "{w} number: {l}", "{w} number {l}", "the {w} of the numbers {l}", "the {w} value of {l}",
    "the {w} value in {l}", "{w} value: {l}", "{w}: {l}", "{w}: {l}", "{w}({l})", "{w} {l}", "{w} {l}",
    "the {w} among {l}", "the {w} number among {l}", "the {w} one of {l}", "{w} one of {l}", "the {w} from {l}",
    "the {w} from the list {l}", "{w} in {l}", "the {w} of the list {l}", "the {w} out of {l}", "{w} from {l}",
    "the {w} element of {l}", "{w} among {l}", "the {w} of all these: {l}"};
constexpr std::string_view kExtremeOrders[] = {
    "find the {w} of {l}", "find the {w}: {l}", "find the {w}: {l}", "find {w}: {l}", "find the {w} number: {l}",
    "find the {w} number in {l}", "find the {w} number among {l}", "find the {w} number in the list {l}",
    "pick the {w} of {l}", "pick the {w}: {l}", "pick out the {w} number: {l}", "choose the {w} number from {l}",
    "choose the {w}: {l}", "give me the {w} of {l}", "give me the {w}: {l}", "give the {w} number, {l}",
    "name the {w} of {l}", "name the {w} number: {l}", "take the {w} of {l}", "select the {w} number of {l}",
    "select the {w}: {l}", "identify the {w} of {l}", "determine the {w} of {l}", "get the {w} of {l}",
    "return the {w} of {l}", "tell which is the {w} of {l}", "look at {l} and pick the {w}", "from {l}, choose the {w}",
    "out of {l} take the {w}", "circle the {w} number: {l}", "show me the {w} in {l}",
    "compare {l} and give me the {w}"};
constexpr std::string_view kExtremeQuestions[] = {
    "which is the {w} of {l}", "which is {w}: {l}", "which is the {w}: {l}", "which of {l} is the {w}",
    "which number is the {w}: {l}", "which of these is the {w}: {l}", "which of these is {w}, {l}",
    "which is the {w} number: {l}", "what is the {w} number in {l}", "what is the {w}: {l}", "what's the {w}, {l}",
    "of {l}, which is the {w}", "of {l} which is {w}", "{l}: which is the {w}", "{l} which is the {w}",
    "{l} - which one is the {w}", "{l}, which one is {w}", "{l}, what is the {w}", "{l} what is the {w} number",
    "which one is the {w}, {l}", "which one is {w}: {l}", "what is the {w} out of {l}",
    "which of these numbers is {w}: {l}", "{l} {w}", "{l}, {w}", "{l} - {w}", "{l}: {w}", "{l} {w} number",
    "i have {l}, which is the {w}", "i have the numbers {l}, what is the {w}", "the numbers are {l}. which is the {w}",
    "given {l}, which is the {w}", "among {l}, which number is the {w}", "between {l}, which is the {w}",
    "if i have {l}, what is the {w}", "i wonder which is the {w} of {l}", "numbers: {l}. {w}", "{w}, {l}",
    "which number of {l} is the {w}", "do you see the {w} number in {l}, which one is it", "who is the {w}, {l}"};
// Two numbers. {w} is one of the words for the larger and the smaller.
constexpr std::string_view kPairValues[] = {
    "the {w} of {a} and {b}", "{w} of {a} and {b}", "{w} number of {a} and {b}", "{w} one of {a} and {b}",
    "the {w} one of {a} and {b}", "the {w} number of {a} and {b}", "{w}: {a} or {b}", "the {w} of {a} or {b}",
    "the {w} of the two numbers {a} and {b}"};
constexpr std::string_view kPairOrders[] = {
    "pick the {w} of {a} and {b}", "pick the {w} number: {a} or {b}", "choose the {w} of {a} and {b}",
    "compare {a} and {b} and say which is {w}", "compare {a} and {b}, which is {w}", "find the {w} of {a} and {b}",
    "compare {a} with {b} and give me the {w} one", "tell which is {w}, {a} or {b}", "name the {w} of {a} and {b}",
    "find the {w} number: {a}, {b}"};
constexpr std::string_view kPairQuestions[] = {
    "which is {w}, {a} or {b}", "which is {w}, {a} or {b}", "which is {w}: {a} or {b}", "which is {w} {a} or {b}",
    "what is {w}, {a} or {b}", "what is {w} {a} or {b}", "what's {w}, {a} or {b}", "whats {w} {a} or {b}",
    "which number is {w}, {a} or {b}", "which number is {w}: {a}, {b}", "is {a} or {b} {w}",
    "which one is {w}, {a} or {b}", "which one is {w} {a} or {b}", "{a} or {b}, which is {w}",
    "{a} or {b} which is {w}", "{a} or {b} what is {w}", "{a} or {b}, what is {w}", "which of {a} and {b} is {w}",
    "which of these is {w}: {a} or {b}", "what number is {w}: {a} or {b}", "of {a} and {b}, which is {w}",
    "out of {a} and {b} which is {w}", "{a} and {b}: which is {w}", "{a} and {b}, which one is {w}",
    "between {a} and {b}, which is {w}", "{a} or {b}: {w}", "{w}: {a}, {b}", "{w} {a} or {b}", "{w}, {a} or {b}",
    "{a} vs {b} {w}", "what is {w} out of {a} and {b}", "is it {a} or {b} that is {w}", "who is {w}, {a} or {b}",
    "{a} vs {b}, which is {w}", "{a} or {b} - which one's {w}", "would you say {a} or {b} is {w}",
    "i wonder which is {w}, {a} or {b}", "if i compare {a} and {b}, which is {w}",
    "which is {w} of the two, {a} or {b}", "do you think {a} or {b} is {w}", "is {a} {w} or {b}",
    "i can't decide if {a} or {b} is {w}, which one is it"};
constexpr std::string_view kMorePairs[] = {
    "which is {w}, {a} or {b}", "what is {w}, {a} or {b}", "is {a} or {b} {w}", "which number is {w}, {a} or {b}",
    "{a} or {b}, what is {w}", "what's {w}: {a} or {b}", "which one is {w}, {a} or {b}", "is it {a} or {b} that is {w}",
    "{a} or {b} which is {w}", "would {a} or {b} be {w}"};

constexpr std::string_view kAverageWords[] = {
    "average", "average", "average", "average", "mean", "mean", "avg", "arithmetic mean", "mean value", "average value",
    "arithmetic average"};
constexpr std::string_view kAverageValues[] = {
    "the {w} of {l}", "the {w} of {l}", "the {w} of {l}", "{w} of {l}", "{w} of {l}", "{w} of {l}",
    "the {w} of the numbers {l}", "{w} of the numbers {l}", "the {w} of these numbers: {l}", "{w}: {l}", "{w}({l})",
    "{w} {l}", "the {w} for {l}", "the {w} from {l}", "{w} for {l}", "the {w} of the list {l}", "the {w} of these: {l}",
    "the {w} in {l}", "the {w} of all of {l}", "the {w} number of {l}", "the {w} between {l}", "{w} between {l}"};
constexpr std::string_view kAverageOrders[] = {
    "find the {w} of {l}", "find the {w}: {l}", "find {w} of {l}", "average {l}", "average out {l}",
    "average these: {l}", "average the numbers {l}", "take the {w} of {l}", "work out the {w} of {l}",
    "work out the {w}: {l}", "calculate the {w} of these: {l}", "calculate the {w}: {l}", "get the {w} of {l}",
    "get me the {w} of {l}", "compute the {w} for the values {l}", "determine the {w} of {l}", "form the {w} of {l}",
    "make the {w} of {l}", "take {l} and find the {w}", "add {l} and divide by how many there are",
    "give me the {w} of the values {l}", "for {l}, find the {w}"};
constexpr std::string_view kAverageQuestions[] = {
    "what do {l} average to", "what do {l} average out to", "what is {l} on average", "how much is {l} on average",
    "how much is the {w} of {l}", "{l}: what is the {w}", "{l} what is the {w}", "{l}, what is the {w}",
    "{l}, what is their {w}", "{l} {w}", "{l}, {w}", "{l} - {w}", "{l}: {w}", "{w}, {l}", "what {w} do {l} have",
    "if i average {l}, what do i get", "what do you get if you take the {w} of {l}", "i have {l}, what is the {w}",
    "the numbers are {l}. what is the {w}", "given {l}, what is the {w}", "i wonder what the {w} of {l} is",
    "what would the {w} of {l} be", "how do i get the {w} of {l}", "numbers: {l}. {w}", "{w} of: {l}", "data: {l}. {w}",
    "what is the {w} if the values are {l}", "the values {l} have which {w}"};
constexpr std::string_view kStoryWords[] = {"average", "average", "average", "mean", "avg"};
// A few words around the numbers. The list has no brackets here.
constexpr std::string_view kAverageStories[] = {
    "i got {l} in my tests, what is my {w}", "i got {l} in my tests, whats my {w}", "my scores are {l}. what is my {w}",
    "my scores were {l}, what's my {w} score", "my marks: {l}. {w}", "my grades are {l}, what is the {w}",
    "i scored {l} in the games. what is my {w}", "test scores {l}, {w}", "the temperatures were {l}. what was the {w}",
    "temperatures {l}, {w} temperature", "the kids are {l} years old, what is their {w} age",
    "we are {l} years old. what is our {w} age", "i ran {l} km on these days, what is the {w}",
    "i slept {l} hours, how much is that on average", "i spent {l} dollars, what is the {w}", "ages {l}, {w} age",
    "our team scored {l} points, what is the {w}", "the boxes weigh {l} kg, what is their {w} weight",
    "if i earn {l} dollars on different days, what do i earn on average", "students got {l} points, find the {w}",
    "prices are {l} euros. what is the {w} price", "daily steps {l}, what is the {w}", "i read {l} pages, {w} per day",
    "the results are {l}. what is the {w} result", "rainfall was {l} mm, what is the {w}"};
constexpr std::string_view kMiddleQuestions[] = {
    "what number is in the middle between {a} and {b}", "what is in the middle of {a} and {b}",
    "what number is halfway between {a} and {b}", "what is halfway between {a} and {b}", "the middle of {a} and {b}",
    "which number lies exactly between {a} and {b}", "what is the midpoint of {a} and {b}", "midpoint of {a} and {b}",
    "which number is right in the middle of {a} and {b}", "midpoint between {a} and {b}", "halfway between {a} and {b}",
    "find the midpoint between {a} and {b}", "which number is as far from {a} as from {b}",
    "where is the middle between {a} and {b}", "half way from {a} to {b} is which number"};

constexpr std::string_view kUpWords[] = {
    "in ascending order", "in ascending order", "from smallest to largest", "from smallest to largest",
    "from least to greatest", "in increasing order", "from low to high", "ascending", "ascending",
    "from small to large", "from small to big", "smallest to largest", "smallest to biggest", "smallest to greatest",
    "least to greatest", "low to high", "lowest to highest", "small to big", "from smallest to biggest",
    "smallest first", "smallest first", "lowest first", "least first", "starting with the smallest",
    "starting from the lowest", "from lowest to highest", "in order", "upwards", "by size", "increasing",
    "in rising order", "from min to max", "min to max", "with the smallest first", "from the bottom up",
    "from the smallest to the largest", "going up", "asc", "in ascending manner", "in order of size",
    "beginning with the smallest", "with the largest last"};
constexpr std::string_view kDownWords[] = {
    "in descending order", "in descending order", "from largest to smallest", "from largest to smallest",
    "from greatest to least", "in decreasing order", "from high to low", "descending", "descending",
    "from big to small", "largest to smallest", "biggest to smallest", "greatest to smallest", "greatest to least",
    "high to low", "highest to lowest", "big to small", "from biggest to smallest", "largest first", "biggest first",
    "biggest first", "highest first", "greatest first", "starting with the largest", "starting from the highest",
    "from highest to lowest", "from the top down", "downwards", "from large to small", "decreasing", "in falling order",
    "from max to min", "max to min", "with the biggest first", "from the largest to the smallest", "going down", "desc",
    "in descending manner", "beginning with the biggest", "with the smallest last"};
// {w} is a direction.
constexpr std::string_view kOrderDirected[] = {
    "sort {l} {w}", "sort {l} {w}", "sort these numbers {w}: {l}", "sort {w}: {l}", "sort {w}: {l}",
    "sort the numbers {l} {w}", "sort the list {l} {w}", "order {l} {w}", "order {l} {w}", "order {w}: {l}",
    "order these {w}: {l}", "order these numbers {w}: {l}", "order the numbers {l} {w}", "arrange {l} {w}",
    "arrange these numbers {w}: {l}", "arrange {w}: {l}", "arrange the following {w}: {l}", "put {l} {w}",
    "put these numbers {w}: {l}", "put these {w}: {l}", "put the numbers {l} {w}", "list {l} {w}",
    "list these {w}: {l}", "rank {l} {w}", "rank these {w}: {l}", "write {l} {w}", "write down {l} {w}", "sort {w} {l}",
    "order {w} {l}", "sort this {w}: {l}", "give me {l} {w}", "rearrange {l} {w}", "rearrange these {w}: {l}",
    "line up {l} {w}", "write these numbers {w}: {l}", "organize {l} {w}", "organise these numbers {w}: {l}",
    "take {l} and sort them {w}", "take {l} and put them {w}", "show {l} {w}", "say {l} {w}",
    "bring {l} into order, {w}", "reorder {l} {w}", "sort out {l} {w}", "place {l} {w}",
    "sort the following numbers {w}: {l}", "sort my numbers {w}: {l}"};
constexpr std::string_view kNotesDirected[] = {
    "{w}: {l}", "{w}: {l}", "{w}: {l}", "{w} {l}", "{w} {l}", "{w} {l}", "{l} {w}", "{l} {w}", "{l}, {w}", "{l} - {w}",
    "{l}: {w}", "{w}, {l}", "{w} - {l}", "{w} please: {l}", "{w} plz: {l}", "{w} pls {l}", "please {w}: {l}",
    "{l} sorted {w}", "{l} sort {w}", "{l}, sort {w}", "{l}. sort them {w}", "{l} ordered {w}", "{l}, {w} please",
    "{w}, please: {l}", "numbers {l}, {w}", "sorting {w}: {l}", "{l} -> {w}", "{w} order of {l}", "these {w}: {l}",
    "now {w}: {l}"};
constexpr std::string_view kOrderQuestionsDirected[] = {
    "what is {l} {w}", "what are {l} {w}", "how would you order {l} {w}", "what order do {l} go in, {w}",
    "how do {l} look {w}", "what are {l} when sorted {w}", "i have {l} and need them {w}", "i need {l} {w}",
    "how do i put {l} {w}", "what is the right order of {l}, {w}", "how do i sort {l} {w}", "i want {l} {w}",
    "i'd like to see {l} {w}", "what do you get if you sort {l} {w}", "how should {l} be listed {w}",
    "the numbers are {l}, what are they {w}", "what does {l} look like sorted {w}", "i have to write {l} {w}"};
constexpr std::string_view kOrderPlain[] = {
    "sort {l}", "sort {l}", "sort {l}", "sort {l}", "sort: {l}", "sort these: {l}", "sort these numbers: {l}",
    "sort these numbers {l}", "sort the numbers {l}", "sort this list: {l}", "sort the list {l}", "sort list {l}",
    "order {l}", "order: {l}", "order these: {l}", "order these numbers: {l}", "arrange {l}", "arrange: {l}",
    "arrange these numbers: {l}", "arrange {l} in order", "put {l} in order", "put these in order: {l}",
    "put these numbers in order: {l}", "put in order: {l}", "put {l} in the right order", "sort({l})", "sorted({l})",
    "bring {l} into order", "sort the following: {l}", "sort the following numbers: {l}", "order the numbers {l}",
    "organize {l}", "write {l} in order", "list {l} in order", "give me {l} in order", "give me {l} sorted",
    "rank {l} by size", "sort {l} by size", "sort my list: {l}", "place {l} in order", "order {l} by value"};
constexpr std::string_view kNotesPlain[] = {
    "{l} sorted", "{l} sort", "{l} in order", "{l}, sort", "{l} - sort", "{l}: sort them", "{l}. sort them",
    "sorted: {l}", "sorted {l}", "{l} sort it", "in order: {l}", "sorting {l}", "{l}, in order please",
    "{l}, please sort them", "the right order of {l}", "order of {l}", "{l} by size", "{l}, sort please"};
constexpr std::string_view kOrderQuestionsPlain[] = {
    "what is the right order of {l}", "what is {l} sorted", "how do i sort {l}", "i need {l} sorted",
    "what does {l} look like sorted", "what order do {l} go in", "how would you sort {l}", "what is {l} in order",
    "what are {l} in order", "i have {l} and want them sorted", "in what order do {l} come"};
// clang-format on

// Numbers with a separator between them. A comma without a space does not stand before three digits, because "9,100"
// could be one number.
std::string separated(Random& r, const std::vector<std::string>& items) {
  const bool three_digits =
      std::any_of(items.begin() + 1, items.end(), [](const std::string& item) { return item.size() >= 3; });
  static constexpr std::string_view kSeparators[] = {" ", " ", " ", ",", ",", ",", "; ", ";", " and ", " , "};
  std::string_view comma = chance(r, 2) ? pick(r, kSeparators) : ", ";
  if (comma == "," && three_digits) comma = ", ";
  const bool with_and = items.size() > 1 && comma != " and " && chance(r, comma == ", " ? 3 : 12);
  std::string out;
  for (size_t i = 0; i < items.size(); ++i) {
    const bool last = i + 1 == items.size();
    out += i == 0 ? "" : with_and && last ? (comma == ", " && chance(r, 5) ? ", and " : " and ") : std::string(comma);
    out += items[i];
  }
  return out;
}

// A list of numbers as people type it.
std::string list_text(Random& r, const std::vector<std::string>& items) {
  const std::string list = separated(r, items);
  if (!chance(r, 14) || list.find("and") != list.npos) return list;
  return chance(r, 4) ? "(" + list + ")" : "[" + list + "]";
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

// Different numbers that are easily confused: neighbours, or numbers of the same two digits.
std::vector<i64> look_alikes(Random& r, i64 count) {
  std::vector<i64> v;
  const i64 middle = r.between(8, chance(r, 3) ? 2000 : chance(r, 2) ? 200 : 99);
  const i64 digits[] = {r.between(1, 9), r.between(0, 9)};
  const bool neighbours = digits[0] == digits[1] || chance(r, 3);
  while (std::ssize(v) < count) {
    i64 n = neighbours ? std::max<i64>(0, middle + r.between(-12, 12)) : digits[0];
    if (!neighbours)
      for (i64 left = r.between(0, chance(r, 4) ? 3 : 2); left > 0; --left) n = n * 10 + digits[r.below(2)];
    if (!neighbours && chance(r, 4) && digits[1] != 0) n = digits[1] * 10 + digits[0];
    if (std::find(v.begin(), v.end(), n) == v.end()) v.push_back(n);
  }
  return v;
}

// Two different decimals with one or two places, or one of them whole.
std::vector<std::string> two_decimals(Random& r) {
  const auto drawn = [&](i64 whole) {
    const int places = static_cast<int>(r.between(chance(r, 6) ? 0 : 1, 2));
    const i64 scale = places == 0 ? 1 : places == 1 ? 10 : 100;
    return PlacedNumber{whole * scale + r.between(0, scale - 1), places};
  };
  const i64 whole = r.between(0, chance(r, 3) ? 30 : 9);
  const PlacedNumber a = drawn(whole), b = drawn(chance(r, 3) ? r.between(0, 9) : whole);
  if (text_of(trimmed(a)) == text_of(trimmed(b)) || a.places + b.places == 0) return two_decimals(r);
  return {text_of(a), text_of(b)};
}

// All texts with as many zeros in front, and behind the point, as make them equally long.
std::vector<std::string> aligned(std::vector<std::string> texts) {
  size_t whole = 0, places = 0;
  const auto point_of = [](const std::string& text) { return std::min(text.find('.'), text.size()); };
  for (const std::string& text : texts) {
    whole = std::max(whole, point_of(text));
    places = std::max(places, text.size() - point_of(text));
  }
  for (std::string& text : texts) {
    const size_t point = point_of(text);
    if (places > 0 && point == text.size()) text += '.';
    text.append(places - std::min(places, text.size() - point), '0');
    text.insert(0, whole - point, '0');
  }
  return texts;
}

// Compares two aligned texts digit by digit from the left: "188,088", "1>0". Numbers of one digit are one fact.
void write_comparison(std::string& trace, const std::string& a, const std::string& b) {
  if (a.size() > 1) trace += a + "," + b + "\n";
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] == '.') continue;
    trace += fmt::format("{}{}{}", a[i], a[i] == b[i] ? '=' : a[i] < b[i] ? '<' : '>', b[i]);
    if (a[i] != b[i]) return;
    trace += ",";
  }
}

// Says what is wanted, and keeps the best number so far: "min 33", "33,13", "3>1->13", "13,31", "1<3->13". Returns its
// place in the list.
size_t write_extreme(std::string& trace, const std::vector<std::string>& shown, bool largest) {
  const std::vector<std::string> texts = aligned(shown);
  size_t best = 0;
  trace += fmt::format("{} {}\n", largest ? "max" : "min", texts[0]);
  for (size_t i = 1; i < texts.size(); ++i) {
    write_comparison(trace, texts[best], texts[i]);
    if ((texts[i] > texts[best]) == largest) best = i;
    trace += fmt::format("->{}\n", texts[best]);
  }
  if (texts[best] != shown[best]) trace += shown[best] + "\n";
  return best;
}

std::string ask_pair(Random& r, const std::vector<std::string>& shown, bool largest) {
  if (chance(r, 10))
    return ask_whether(
        r, put_in(pick(r, kMorePairs), {{"a", shown[0]}, {"b", shown[1]}, {"w", largest ? "more" : "less"}}));
  const std::string_view word = largest ? pick(r, kLargerWords) : pick(r, kSmallerWords);
  // "The smaller one" suits only the questions at the beginning of the list.
  const bool article = word.starts_with("the ");
  const std::span<const std::string_view> questions(kPairQuestions);
  const Bodies bodies = article        ? Bodies{{}, {}, questions.first(6)}
                        : chance(r, 2) ? Bodies{kPairValues, kPairOrders, questions}
                                       : Bodies{{}, {}, questions};
  return ask_any(r, bodies, {{"a", shown[0]}, {"b", shown[1]}, {"w", word}});
}

std::vector<std::string> numbers_to_compare(Random& r, i64 count, i64 limit) {
  return texts_of(chance(r, 4) && limit > 20 ? look_alikes(r, count) : different(r, count, limit));
}

}  // namespace

// 1: two numbers, seldom decimals; 2: three to six.
Draft draft_extreme(Random& r, int difficulty) {
  const i64 limit = chance(r, 3) ? 20 : chance(r, 2) ? 100 : chance(r, 4) ? 10000 : 1000;
  const bool pair = difficulty == 1, decimals = pair && chance(r, 12), largest = chance(r, 2) || chance(r, 6);
  const std::vector<std::string> shown =
      decimals ? two_decimals(r) : numbers_to_compare(r, pair ? 2 : r.between(3, 6), limit);
  Draft d;
  d.answer = shown[write_extreme(d.trace, shown, largest)];
  if (pair && !chance(r, 3)) {
    std::vector<std::string> typed_numbers = shown;
    if (limit <= 100 && !decimals && chance(r, 16))
      for (std::string& text : typed_numbers) text = number_in_words(std::stoll(text));
    d.prompt = ask_pair(r, typed_numbers, largest);
  } else {
    const std::string_view word = largest ? pick(r, kLargestWords) : pick(r, kSmallestWords);
    d.prompt =
        ask_any(r, {kExtremeValues, kExtremeOrders, kExtremeQuestions}, {{"l", list_text(r, shown)}, {"w", word}});
  }
  std::vector<std::string> ordered = aligned(shown);
  std::sort(ordered.begin(), ordered.end());
  d.content = decimals              ? "decimals " + joined_texts(ordered, " ")
              : limit <= 20 && pair ? small_content("extreme", d.prompt)
                                    : "extreme " + joined_texts(shown, " ");
  return d;
}

// The sum so far, with a line before each number that says which one it is, because a model that only adds takes the
// last number twice or divides by a wrong count: "#1", "2", "#2", "2+4=6", "#3", "6+6=12", "12/3=4r0".
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
  d.trace = fmt::format("#1\n{}\n", sum);
  for (i64 i = 1; i < count; ++i) {
    d.trace += fmt::format("#{}\n", i + 1);
    sum = write_add(d.trace, sum, v[i]);
  }
  d.answer = write_ratio(d.trace, sum, count, r);
  const std::vector<std::string> shown = texts_of(v);
  const std::string_view word = pick(r, kAverageWords);
  if (count == 2 && v[0] != v[1] && chance(r, 5))
    d.prompt = ask_whether(r, put_in(pick(r, kMiddleQuestions), {{"a", shown[0]}, {"b", shown[1]}}));
  else if (chance(r, 8))
    d.prompt =
        ask_whether(r, put_in(pick(r, kAverageStories), {{"l", separated(r, shown)}, {"w", pick(r, kStoryWords)}}));
  else
    d.prompt =
        ask_any(r, {kAverageValues, kAverageOrders, kAverageQuestions}, {{"l", list_text(r, shown)}, {"w", word}});
  d.content = "average " + joined_texts(shown, " ");
  return d;
}

// Numbers below 200, each drawn uniformly. The trace is that of the kind "sort".
// 1: two to four numbers; 2: five or six.
Draft draft_order(Random& r, int difficulty) {
  const i64 count = difficulty == 1 ? r.between(2, 4) : r.between(5, 6);
  std::vector<i64> v = different(r, count, chance(r, 3) ? 20 : 200);
  if (chance(r, 12)) v.back() = v.front();
  const bool directed = !chance(r, 3), up = !directed || chance(r, 2);
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
  const u32 way = r.below(8);  // notes are what people type in a few words, without an order or a question
  const auto filled = [&](std::string_view pattern) { return put_in(pattern, {{"l", list}, {"w", word}}); };
  if (way < 4) d.prompt = ask_to(r, filled(directed ? pick(r, kOrderDirected) : pick(r, kOrderPlain)));
  else if (way < 7) d.prompt = ask_on(r, filled(directed ? pick(r, kNotesDirected) : pick(r, kNotesPlain)));
  else d.prompt = ask_whether(r, filled(directed ? pick(r, kOrderQuestionsDirected) : pick(r, kOrderQuestionsPlain)));
  return d;
}

}  // namespace r1
