// Stories that go on: after "tom has 5 apples and buys 3 more. how many?" comes "he eats 2, how many now".
#include <fmt/format.h>

#include "tasks/everyday/follow.hpp"

namespace r1 {
namespace {

struct StoryStep {
  char operation;  // of write_operation()
  std::span<const std::string_view> says;
};

// clang-format off
constexpr std::string_view kNames[] = {"tom", "ben", "sam", "peter", "paul", "omar", "ali", "david", "leo", "max"};
constexpr std::string_view kNamesShe[] = {
    "anna", "mia", "lucy", "emma", "mary", "sara", "nina", "lisa", "lena", "alice"};
constexpr std::string_view kThings[] = {
    "apples", "candies", "books", "pencils", "marbles", "stickers", "cookies", "eggs", "oranges", "coins", "balls",
    "cards", "toys", "stamps", "pens", "cakes", "sweets", "shells", "stones", "balloons", "tickets", "cups", "keys"};
// {w} is a name or "i", {h} its "has" or "have", {s} the ending of its verbs.
constexpr std::string_view kGained[] = {
    "{w} {h} {a} {O} and get{s} {b} more, how many {O}", "{w} {h} {a} {O}. then {w} find{s} {b} more. how many now",
    "{w} {h} {a} {O} and buy{s} {b} {O} more. how many {O} altogether",
    "if {w} {h} {a} {O} and win{s} {b}, how many {O} is that",
    "{w} {h} {a} red and {b} blue {O}. how many {O} in total",
    "{w} had {a} {O} and got {b} more, how many now"};
constexpr std::string_view kLost[] = {
    "{w} {h} {a} {O} and lose{s} {b}, how many are left", "{w} {h} {a} {O} and give{s} {b} away. how many are left",
    "{w} had {a} {O} and lost {b}. how many now", "if {w} {h} {a} {O} and sell{s} {b}, how many {O} are left",
    "{w} {h} {a} {O}. {b} of them are gone. how many remain"};
constexpr std::string_view kBoxes[] = {
    "{w} {h} {a} boxes with {b} {O} each, how many {O}", "{w} buy{s} {a} bags with {b} {O} in each. how many {O}",
    "{w} get{s} {b} {O} a day for {a} days. how many {O} is that"};
constexpr std::string_view kAges[] = {
    "{w} was {a} years old {b} years ago. how old is {n} now",
    "{w} was {a} {b} years ago, how old is {n} today",
    "{w} is {b} years older than a friend who is {a}. how old is {n}"};
constexpr std::string_view kMyAge[] = {
    "my sister is {a} and i am {b} years older, how old am i", "i was {a} years old {b} years ago. how old am i now",
    "my brother is {a}. i am {b} years older than him. how old am i"};

constexpr std::string_view kThenGain[] = {
    "then {n} got {b}", "then {n} got {b} more", "{n} get{s} {b} more, how many now", "then {n} find{s} {b} more",
    "and if {n} buy{s} {b} more", "{n} buy{s} another {b}. how many now", "then a friend gives {m} {b} more. how many",
    "now {n} get{s} {b} more", "what if {n} find{s} {b} more", "and then {n} buy{s} {b}", "{n} win{s} {b} more",
    "{b} more are added. how many are there now", "and with {b} more, how many",
    "then {n} got {b} more, how many in total",
    "someone brings {b} more, how many now", "{n} pick{s} up {b} more. how many altogether",
    "if {n} get{s} {b} more, how many"};
constexpr std::string_view kThenLoss[] = {
    "{n} eat{s} {b}, how many now", "{n} lose{s} {b} more. how many are left", "then {n} lose{s} {b}",
    "{n} give{s} {b} away, how many are left", "then {n} gave {b} to a friend",
    "{n} sell{s} {b} of them. how many are left",
    "and if {n} lose{s} {b}", "now {n} give{s} away {b}", "{b} of them break. how many are left",
    "{n} drop{s} {b}, how many now",
    "what if {n} give{s} {b} away", "{b} are taken away, how many remain", "then {n} ate {b}", "and then {n} lost {b}",
    "{b} get lost. how many does that leave", "then {b} are gone, how many now",
    "{n} use{s} {b} of them, how many left"};
constexpr std::string_view kThenShare[] = {
    "share them between {b} friends", "{n} share{s} them among {b} friends, how many each",
    "split them between {b} people",
    "if {b} friends share them, how many does each get",
    "then {n} put{s} them into {b} boxes equally, how many in each",
    "and shared by {b} kids", "divide them equally among {b} children", "how many does each of {b} friends get",
    "{n} share{s} them equally with {b} kids. how many for each kid"};
constexpr std::string_view kThenTwice[] = {
    "{n} get{s} the same number again, how many now", "what if {n} had twice as many",
    "then the number doubles. how many"};
constexpr std::string_view kThenOlder[] = {
    "how old will {n} be in {b} years", "how old will {n} be {b} years from now", "and in {b} years", "in {b} years",
    "what about in {b} years",
    "and {b} years later", "how old in {b} years", "what will the age be in {b} years"};
constexpr std::string_view kThenYounger[] = {
    "and {b} years ago", "what was the age {b} years ago", "{b} years ago", "what about {b} years ago",
    "how old {b} years ago"};

const StoryStep kSteps[] = {{'+', kThenGain}, {'+', kThenGain}, {'-', kThenLoss}, {'-', kThenLoss}, {'/', kThenShare},
                            {'*', kThenTwice}};
const StoryStep kAgeSteps[] = {{'+', kThenOlder}, {'+', kThenOlder}, {'-', kThenYounger}};
// clang-format on

}  // namespace

ConversationTurn first_of_story(Random& r) {
  const u32 kind = r.below(8);  // 0-2 gain, 3-5 loss, 6 boxes, 7 ages
  const u32 person = r.below(3);
  const std::string_view name = person == 0 ? "i" : person == 1 ? pick(r, kNames) : pick(r, kNamesShe);
  i64 a = r.between(2, chance(r, 3) ? 60 : 20), b = r.between(2, 20);
  if (kind == 6) a = r.between(2, 12), b = r.between(2, 12);
  if (kind >= 3 && kind <= 5 && a < b) std::swap(a, b);
  ConversationTurn turn;
  Draft& d = turn.draft;
  const i64 result = kind >= 3 && kind <= 5 ? write_sub(d.trace, a, b)
                     : kind == 6            ? write_mul(d.trace, a, b)
                                            : write_add(d.trace, a, b);
  d.answer = std::to_string(result);
  turn.who = person == 0 ? "i" : person == 1 ? "he" : "she";
  turn.age = kind == 7;
  const std::string_view body = kind < 3      ? pick(r, kGained)
                                : kind < 6    ? pick(r, kLost)
                                : kind == 6   ? pick(r, kBoxes)
                                : person == 0 ? pick(r, kMyAge)
                                              : pick(r, kAges);
  d.prompt = ask_whether(r, put_in(body, {{"w", name},
                                          {"n", turn.who},
                                          {"h", person == 0 ? "have" : "has"},
                                          {"s", person == 0 ? "" : "s"},
                                          {"O", pick(r, kThings)},
                                          {"a", std::to_string(a)},
                                          {"b", std::to_string(b)}}));
  d.content = small_content("story", d.prompt);
  return turn;
}

std::optional<ConversationTurn> story_going_on(Random& r, const ConversationTurn& before) {
  const i64 last = std::stoll(before.draft.answer);
  for (int tries = 0; tries < 20; ++tries) {
    const bool age = before.age;
    const StoryStep& step = age ? pick(r, kAgeSteps) : pick(r, kSteps);
    const i64 b = step.operation == '*' ? 2 : r.between(age ? 1 : 2, step.operation == '/' || chance(r, 2) ? 9 : 20);
    if ((step.operation == '-' && b >= last) || (step.operation == '/' && (last == 0 || last % b != 0))) continue;
    ConversationTurn turn;
    if (!write_operation(r, turn.draft, step.operation, {last, 0}, {b, 0})) continue;
    const bool i_tell = before.who == "i";
    const std::string_view person = i_tell ? "me" : before.who == "he" ? "him" : "her";
    turn.draft.prompt = ask_on(
        r, put_in(pick(r, step.says),
                  {{"n", before.who}, {"m", person}, {"s", i_tell ? "" : "s"}, {"b", follow_up_number(r, {b, 0})}}));
    if (step.operation != '/') turn.who = before.who, turn.age = age;
    return turn;
  }
  return std::nullopt;
}

}  // namespace r1
