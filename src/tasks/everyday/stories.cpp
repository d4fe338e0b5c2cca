// Generators of one-step stories with small numbers, and of speeds. A story is composed of what there was, what
// happened and what is asked.
#include <cctype>

#include "tasks/everyday/everyday.hpp"

namespace r1 {
namespace {

// {N} is a name, {n} the pronoun, {O} things, {a} and {b} numbers. In the first person {N} and {n} are "I".
struct StoryParts {
  char operation;
  std::span<const std::string_view> before, event, question;
};

// clang-format off
constexpr std::string_view kPeople[] = {
    "Tom", "Anna", "Ben", "Mia", "Sam", "Lucy", "Max", "Emma", "Peter", "Mary", "John", "Sara", "Leo", "Nina", "Paul",
    "Lisa", "Omar", "Wei", "Ali", "Kim", "Lena", "Carlos", "Maria", "my brother", "my sister", "my friend", "a boy",
    "a girl", "a farmer", "a teacher", "the baker", "Bob", "Alice", "David", "Julia", "Mr. Smith", "grandma"};
constexpr std::string_view kStoryThings[] = {
    "apples", "candies", "books", "pencils", "marbles", "stickers", "cookies", "eggs", "oranges", "coins", "balls",
    "flowers", "cards", "toys", "stamps", "bananas", "sheep", "dogs", "cats", "birds", "fish", "pens", "cakes",
    "sweets", "shells", "stones", "cars", "dollars", "balloons", "tickets", "chickens", "cups", "keys", "pears",
    "roses", "buttons", "muffins", "horses", "hats"};
constexpr std::string_view kHad[] = {
    "{N} has {a} {O}", "{N} had {a} {O}", "{N} has {a} {O} in a box", "{N} owns {a} {O}", "there are {a} {O}",
    "{N} starts with {a} {O}", "{N} collected {a} {O}", "there are {a} {O} on the table", "{N} has got {a} {O}",
    "there were {a} {O}"};
constexpr std::string_view kGain[] = {
    " and buys {b} more", " and gets {b} more", ". {n} buys {b} more", ". {n} finds {b} more",
    ", then {n} gets {b} more", " and finds {b} more", ". {n} gets {b} more", ". then {n} gets another {b}",
    ". a friend gives {N} {b} more", " and {b} more come", ". {b} more are added", ". someone brings {b} more",
    ". {n} receives {b} more", " and picks {b} more", ". later {n} buys {b} more", " and wins {b}",
    ". {n} wins {b} more", ". {n} buys {b} {O} more", ". {n} adds {b} more"};
constexpr std::string_view kLoss[] = {
    " and gives {b} away", " and loses {b}", ". {n} gives {b} to a friend", ". {n} eats {b}", ". {n} loses {b}",
    ". {n} sells {b} of them", " and sells {b}", " and eats {b} of them", ", then {n} gives away {b}",
    ". {b} of them are taken away", ". {b} are gone", ". {b} break", " and uses {b}", ". {n} gave {b} to a friend",
    " and {n} loses {b} of them", ". {n} drops {b}", ". {n} gives {b} away", ". {b} of them disappear",
    ". {b} fly away", ". {n} spends {b}", " and spends {b}"};
constexpr std::string_view kNow[] = {
    ". how many {O} does {N} have now?", ". how many {O} are there now?", ". how many does {N} have now?",
    ". how many {O} is that?", ". how many are there now?", ". how many {O} does {n} have?",
    ". what is the number of {O} now?", ", how many now?", ". how many {O}?", ", how many {O} does {n} have now?"};
constexpr std::string_view kTotal[] = {
    ". how many {O} in total?", ". how many {O} altogether?", ". how many {O} does {N} have in all?",
    ". what is the total?", ". how many {O} does {n} have in total?"};
constexpr std::string_view kLeft[] = {
    ". how many {O} are left?", ". how many are left?", ". how many {O} does {N} have left?", ", how many are left?",
    ". how many remain?", ". how many {O} remain?", ". how many does {n} still have?",
    ". how many {O} does {n} have left?", ". what is left?"};
constexpr std::string_view kTwo[] = {
    "{N} has {a} {O} and {M} has {b} {O}", "{N} has {a} {O}, {M} has {b}", "{N} has {a} {O}. {M} has {b} {O}",
    "there are {a} {O} in one box and {b} {O} in another", "{N} saw {a} {O} on Monday and {b} on Tuesday",
    "there are {a} red and {b} blue {O}", "{N} has {a} big {O} and {b} small {O}",
    "if {N} has {a} {O} and {M} has {b} {O}", "a shop sold {a} {O} yesterday and {b} today"};
constexpr std::string_view kTogether[] = {
    ". how many {O} are there together?", ". how many {O} in total?", ". how many {O} altogether?",
    ". how many is that in total?", ", how many in all?", ", how many {O} are there?",
    ". how many {O} is that together?", ". what is the total?", ". how many are there in all?"};
constexpr std::string_view kEach[] = {
    "{N} has {a} boxes with {b} {O} each", "there are {a} bags with {b} {O} in each", "{N} buys {a} packs of {b} {O}",
    "there are {a} rows with {b} {O} in every row", "each box has {b} {O}, and there are {a} boxes",
    "one bag holds {b} {O}. there are {a} bags", "{a} children have {b} {O} each",
    "{N} gets {b} {O} a day for {a} days", "{a} people each bring {b} {O}",
    "there are {b} {O} in a box. {N} has {a} boxes", "each of {a} friends has {b} {O}",
    "{N} makes {b} {O} every day. {n} works {a} days"};
constexpr std::string_view kEachAsked[] = {
    ". how many {O} are there?", ". how many {O} in total?", ". how many {O} altogether?", ". how many {O} is that?",
    ", how many {O} are there in all?", ". how many are there?", ". what is the total?", ", how many {O}?"};
constexpr std::string_view kPrice[] = {
    "one of the {O} costs {b} dollars", "each of the {O} costs {b} dollars", "if {O} cost {b} dollars each",
    "{O} cost {b} dollars each", "the price of {O} is {b} dollars each", "if one costs {b} dollars",
    "one costs {b} euros"};
constexpr std::string_view kPriceAsked[] = {
    ", how much do {a} cost?", ". how much do {a} {O} cost?", ". how much are {a} of them?", ". what do {a} cost?",
    ", how much do {a} {O} cost?", ". what is the price of {a}?", ". {N} buys {a}. how much is that?"};
constexpr std::string_view kShare[] = {
    "{N} shares {a} {O} among {b} friends", "{a} {O} are shared by {b} kids",
    "{a} {O} are divided among {b} children", "{N} puts {a} {O} into {b} boxes equally",
    "{b} people share {a} {O} equally", "{a} {O} are put into {b} equal groups", "{N} has {a} {O} for {b} children",
    "{a} {O} for {b} people", "we share {a} {O} between {b} of us", "if {b} friends share {a} {O}"};
constexpr std::string_view kShareAsked[] = {
    ". how many does each get?", ". how many {O} does each get?", ". how many {O} for each?",
    ", how many does each get?", ". how many {O} are in each?", ", how many each?", ". how many {O} per person?",
    ". what does everyone get?"};
constexpr std::string_view kNothing[] = {""};

const StoryParts kStoryParts[] = {
    {'+', kHad, kGain, kNow}, {'+', kHad, kGain, kTotal}, {'+', kTwo, kNothing, kTogether}, {'-', kHad, kLoss,
      kLeft}, {'-', kHad, kLoss, kNow},
    {'*', kEach, kNothing, kEachAsked}, {'*', kPrice, kNothing, kPriceAsked}, {'/', kShare, kNothing, kShareAsked}};

constexpr std::string_view kMovers[] = {
    "a car", "a train", "a bus", "a cyclist", "a runner", "a plane", "a boat", "a truck", "a bike", "a horse", "Tom",
    "Anna", "my dad", "a man", "a driver", "a ship", "she", "he", "a snail", "a dog", "a motorbike", "Peter",
    "the bus", "the train", "a rocket"};
constexpr std::string_view kMoves[] = {
    "drives", "travels", "goes", "covers", "moves", "makes", "does", "runs", "travelled", "went", "drove", "needs"};
constexpr std::string_view kLengths[] = {
    "km", "km", "km", "miles", "miles", "kilometers", "meters", "kilometres", "mi", "m"};
constexpr std::string_view kTimes[] = {"hours", "hours", "hours", "hours", "hrs", "h", "seconds", "minutes"};
constexpr std::string_view kSpeedAsked[] = {
    ". how fast is it?", ". what is its speed?", ". what is the speed?", ". what is its average speed?",
    ". how fast?", ", how fast is that?", ", what is the speed?", ". what was the speed?",
    ". what is the average speed?", ", speed?", ". how many {L} per {t} is that?",
    ". what is its speed in {L} per {t}?", ". find the speed.", ". calculate the speed.",
    ". calculate its average speed.", ". speed = ?", ", how fast was it going?"};
constexpr std::string_view kSpeedQuestions[] = {
    "what is the speed if the distance is {a} {L} and the time is {b} {T}",
    "what is the speed if you go {a} {L} in {b} {T}", "how fast is {w} that {v} {a} {L} in {b} {T}",
    "what is the speed of {w} that {v} {a} {L} in {b} {T}", "distance {a} {L}, time {b} {T}, speed",
    "if the distance is {a} {L} and the time is {b} {T}, what is the speed",
    "how fast do you go if you cover {a} {L} in {b} {T}", "find the speed: {a} {L} in {b} {T}",
    "what speed is {a} {L} in {b} {T}", "if i walk {a} {L} in {b} {T}, what is my speed",
    "i drove {a} {L} in {b} {T}, how fast was i", "what is the average speed for {a} {L} in {b} {T}",
    "if {w} {v} {a} {L} in {b} {T}, what is the speed", "speed for {a} {L} in {b} {T}",
    "calculate the speed: {a} {L} in {b} {T}"};
constexpr std::string_view kSpeedTold[] = {
    "{w} {v} {a} {L} in {b} {T}{q}", "in {b} {T} {w} {v} {a} {L}{q}", "{w} {v} a distance of {a} {L} in {b} {T}{q}"};
// clang-format on

// Gives every sentence a capital letter, sometimes.
std::string with_capitals(Random& r, std::string text) {
  if (chance(r, 3)) return text;
  for (size_t at = text.find(". "); at != text.npos && at + 2 < text.size(); at = text.find(". ", at + 1))
    text[at + 2] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[at + 2])));
  return text;
}

// The verbs of a story that "I" tells: "has" becomes "have", "buys" "buy".
std::string in_first_person(std::string text) {
  static constexpr std::pair<std::string_view, std::string_view> kVerbs[] = {
      {"I has got", "I have got"}, {"I has", "I have"},       {"I owns", "I own"},       {"I starts", "I start"},
      {"does I", "do I"},          {"and buys", "and buy"},   {"and gets", "and get"},   {"and finds", "and find"},
      {"I buys", "I buy"},         {"I finds", "I find"},     {"I gets", "I get"},       {"I receives", "I receive"},
      {"and picks", "and pick"},   {"and wins", "and win"},   {"I wins", "I win"},       {"I adds", "I add"},
      {"and gives", "and give"},   {"and loses", "and lose"}, {"I gives", "I give"},     {"I eats", "I eat"},
      {"I loses", "I lose"},       {"I sells", "I sell"},     {"and sells", "and sell"}, {"and eats", "and eat"},
      {"and uses", "and use"},     {"I drops", "I drop"},     {"I spends", "I spend"},   {"and spends", "and spend"},
      {"gives I", "gives me"},     {"I makes", "I make"},     {"I works", "I work"},     {"I shares", "I share"},
      {"I puts", "I put"}};
  for (const auto& [third, first] : kVerbs)
    for (size_t at = text.find(third); at != text.npos; at = text.find(third, at + 1))
      text.replace(at, third.size(), first);
  return text;
}

// Numbers of a story: small, and such that the result is a whole number that is not negative.
std::pair<i64, i64> story_numbers(Random& r, char operation) {
  const i64 high = chance(r, 3) ? 60 : 20;
  i64 a = r.between(2, high), b = r.between(2, high);
  if (operation == '-' && a < b) std::swap(a, b);
  if (operation == '*') a = r.between(2, 12), b = r.between(2, chance(r, 4) ? 25 : 12);
  if (operation == '/') b = r.between(2, 10), a = b * r.between(2, 12);
  return {a, b};
}

}  // namespace

Draft draft_story(Random& r, int) {
  const StoryParts& parts = pick(r, kStoryParts);
  const auto [a, b] = story_numbers(r, parts.operation);
  Draft d;
  const i64 result = parts.operation == '+'   ? write_add(d.trace, a, b)
                     : parts.operation == '-' ? write_sub(d.trace, a, b)
                     : parts.operation == '*' ? write_mul(d.trace, a, b)
                                              : write_exact_divide(d.trace, a, b, r);
  if (parts.operation == '*') contains_product(d, a, b);
  d.answer = std::to_string(result);
  const bool first_person = chance(r, 4);
  const std::string_view name = first_person ? "I" : pick(r, kPeople), other = pick(r, kPeople);
  const std::string_view pronoun = first_person ? "I" : chance(r, 2) ? "he" : "she";
  const std::string text =
      std::string(pick(r, parts.before)).append(pick(r, parts.event)).append(pick(r, parts.question));
  const bool words = a <= 20 && b <= 20 && chance(r, 12);
  std::string told = put_in(text, {{"N", name},
                                   {"M", other},
                                   {"n", pronoun},
                                   {"O", pick(r, kStoryThings)},
                                   {"a", words ? number_in_words(a) : std::to_string(a)},
                                   {"b", words ? number_in_words(b) : std::to_string(b)}});
  if (first_person) told = in_first_person(std::move(told));
  d.prompt = as_typed(r, with_capitals(r, std::move(told)));
  d.content = small_content("story", d.prompt);
  return d;
}

Draft draft_speed(Random& r, int) {
  const i64 b = r.between(2, chance(r, 3) ? 12 : 6), speed = chance(r, 2) ? r.between(1, 20) * 5 : r.between(2, 120),
            a = b * speed;
  Draft d;
  d.answer = std::to_string(write_exact_divide(d.trace, a, b, r));
  const std::string_view length = pick(r, kLengths), times = pick(r, kTimes), mover = pick(r, kMovers),
                         moves = pick(r, kMoves);
  const std::string_view time = times.starts_with('h') ? "hour" : times.starts_with('s') ? "second" : "minute";
  const std::string x = std::to_string(a), y = std::to_string(b);
  const auto filled = [&](std::string_view pattern, std::string_view asked) {
    return put_in(
        pattern,
        {{"a", x}, {"b", y}, {"L", length}, {"T", times}, {"t", time}, {"w", mover}, {"v", moves}, {"q", asked}});
  };
  if (chance(r, 3)) d.prompt = ask_whether(r, filled(pick(r, kSpeedQuestions), ""));
  else d.prompt = as_typed(r, with_capitals(r, filled(pick(r, kSpeedTold), filled(pick(r, kSpeedAsked), ""))));
  d.content = put_in("speed {a} {b}", {{"a", x}, {"b", y}});
  return d;
}

}  // namespace r1
