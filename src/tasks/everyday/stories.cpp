// The generator of one-step stories with small numbers. A story is composed of what there is, what happens and what is
// asked. The question stands at the end or at the beginning, or the story is only a note.
#include <algorithm>
#include <cctype>

#include "tasks/everyday/stories.hpp"

namespace r1 {
namespace {

struct Person {
  std::string name;
  std::string_view pronoun, object, possessive;
  enum class Verb : u8 { third, first, plural } verb = Verb::third;
};

// clang-format off
constexpr std::string_view kMen[] = {
    "Tom", "Ben", "Sam", "Max", "Peter", "John", "Leo", "Paul", "Omar", "Ali", "Carlos", "Bob", "David", "Ahmed",
    "Jack", "Ivan", "Raj", "my brother", "my friend", "a boy", "a farmer", "my dad", "grandpa", "uncle Joe", "a man",
    "my son", "the baker", "Mr. Smith", "Tim", "Jim", "a kid", "my cousin", "a student", "my neighbor", "the boss"};
constexpr std::string_view kWomen[] = {
    "Anna", "Mia", "Lucy", "Emma", "Mary", "Sara", "Nina", "Lisa", "Wei", "Kim", "Lena", "Maria", "Alice", "Julia",
    "Fatima", "Priya", "Eva", "my sister", "a girl", "a teacher", "my mom", "my mother", "grandma", "my aunt",
    "my daughter", "a woman", "the teacher", "Zoe", "Sally", "Jane", "my wife", "a nurse", "Olga", "Chen", "Ella"};
constexpr std::string_view kPlural[] = {
    "my parents", "the kids", "Tom and Anna", "two friends", "the neighbors", "they", "the children", "my friends"};
// clang-format on

Person any_man_or_woman(Random& r) {
  if (chance(r, 2)) return {std::string(pick(r, kMen)), "he", "him", "his"};
  return {std::string(pick(r, kWomen)), "she", "her", "her"};
}

Person any_person(Random& r) {
  switch (r.below(16)) {
    case 0:
    case 1:
    case 2: return {"I", "I", "me", "my", Person::Verb::first};
    case 3: return {"we", "we", "us", "our", Person::Verb::plural};
    case 4: return {"you", "you", "you", "your", Person::Verb::plural};
    case 5: return {std::string(pick(r, kPlural)), "they", "them", "their", Person::Verb::plural};
    default: return any_man_or_woman(r);
  }
}

// `third` is the form behind "he": "has", "buys", "carries".
std::string conjugated(std::string_view third, Person::Verb verb) {
  if (verb == Person::Verb::third) return std::string(third);
  if (third == "is") return verb == Person::Verb::first ? "am" : "are";
  if (third == "was") return verb == Person::Verb::first ? "was" : "were";
  if (third == "has") return "have";
  const auto ends = [&](std::string_view end) { return third.ends_with(end); };
  if (ends("ies")) return std::string(third.substr(0, third.size() - 3)).append("y");
  const bool es = third == "does" || third == "goes" || ends("shes") || ends("ches") || ends("sses") || ends("xes");
  return std::string(third.substr(0, third.size() - (es ? 2 : 1)));
}

struct Cast {
  Person who, other;
  Thing thing;
  i64 a, b;
  std::string a_text, b_text;
};

std::string value_of(std::string_view name, const Cast& c) {
  if (name.front() == '+') return conjugated(name.substr(1), c.who.verb);
  if (name == "N") return c.who.name;
  if (name == "n") return std::string(c.who.pronoun);
  if (name == "me") return std::string(c.who.object);
  if (name == "my") return std::string(c.who.possessive);
  if (name == "M") return c.other.name;
  if (name == "O") return std::string(c.thing.many);
  if (name == "o") return std::string(c.thing.one);
  if (name == "a") return c.a_text;
  if (name == "b") return c.b_text;
  if (name == "aO") return c.a_text + " " + std::string(c.a == 1 ? c.thing.one : c.thing.many);
  if (name == "bO") return c.b_text + " " + std::string(c.b == 1 ? c.thing.one : c.thing.many);
  R1_CHECK(false, "story: no value for '{}'", name);
  return {};
}

std::string told(std::string_view pattern, const Cast& c) {
  std::string out;
  while (!pattern.empty()) {
    const size_t open = std::min(pattern.find('{'), pattern.size());
    out += pattern.substr(0, open);
    pattern.remove_prefix(open);
    if (pattern.empty()) break;
    const size_t close = pattern.find('}');
    out += value_of(pattern.substr(1, close - 1), c);
    pattern.remove_prefix(close + 1);
  }
  return out;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// Numbers of a story: small, and such that the result is a whole number that is not negative.
std::pair<i64, i64> story_numbers(Random& r, char operation, i64 second) {
  const i64 high = chance(r, 3) ? 60 : chance(r, 3) ? 35 : 20;
  i64 a = r.between(2, high), b = r.between(chance(r, 4) ? 1 : 2, high);
  if (operation == '-') {
    if (chance(r, 4)) a = r.between(1, 6) * 10;
    if (a < b) std::swap(a, b);
    if (a == b && !chance(r, 8)) ++a;
  }
  if (operation == '*') a = r.between(2, 12), b = r.between(2, chance(r, 4) ? 25 : 12);
  if (operation == '*' && chance(r, 8)) b = r.between(1, 6) * 10;
  if (operation == '/') b = r.between(2, 10), a = b * r.between(2, b <= 5 && chance(r, 3) ? 20 : 12);
  if (second != 0) a = r.between(1, 30) * (operation == '/' ? second : 1);
  return {a, second != 0 ? second : b};
}

i64 write_operation(Draft& d, Random& r, char operation, i64 a, i64 b) {
  switch (operation) {
    case '+': return write_add(d.trace, a, b);
    case '-': return write_sub(d.trace, a, b);
    case '*': contains_product(d, a, b); return write_mul(d.trace, a, b);
    default: return write_exact_divide(d.trace, a, b, r);
  }
}

// clang-format off
constexpr std::string_view kStoryMarks[] = {
    "?", "?", "?", "?", "?", "?", "?", "", "", "", "??", " ?", "? thanks", "? please", "? pls", ".", "???"};
constexpr std::string_view kNoteMarks[] = {"?", "?", "?", "?", "", "", "", " = ?", " ?", "??", " =", ": ?"};
constexpr std::string_view kStoryBeginnings[] = {
    "", "", "", "", "", "", "", "", "", "", "", "", "problem: ", "word problem: ", "riddle: ", "help me with this: ",
    "homework: ", "can you solve this: ", "suppose ", "let's say ", "imagine ", "assume ", "solve this: ",
    "my teacher says ", "task: ", "please help: ", "say "};
constexpr std::string_view kBeforeAsking[] = {
    "", "", "", "", "", "", "", "", "", "", "", "", "tell me ", "so ", "now ", "then ", "question: ", "please tell me ",
    "and "};
// clang-format on

// "Tom has 12 apples. He eats 5. How many are left?"
std::string question_last(Random& r, const Scene& scene, Cast c) {
  static constexpr std::string_view kJoints[] = {". ",      ". ",      " and ", " and ", ", ",
                                                 ", then ", ". then ", " but ", "; "};
  const bool conditional = chance(r, 5);
  std::string given(pick(r, scene.given));
  if (conditional) replace_all(given, ". ", " and ");
  std::string text = told(given, c);
  if (c.who.name.starts_with("a ")) c.who.name.replace(0, 1, "the");
  if (given.find("{M}") != given.npos && c.other.name.starts_with("a ")) c.other.name.replace(0, 1, "the");
  if (conditional) text = (chance(r, 4) ? "when " : "if ") + text;
  else text = std::string(pick(r, kStoryBeginnings)) + text;
  if (!scene.event.empty()) {
    std::string_view joint = conditional ? " and " : pick(r, kJoints), event = pick(r, scene.event);
    if (joint == " but " && scene.operation == '+') joint = " and ";
    const bool same_sentence = joint.front() == ' ' || joint == ", then ";
    if (same_sentence && event.starts_with("{n} ") && chance(r, 2)) event.remove_prefix(4);  // "and buys"
    text += std::string(joint) + told(event, c);
  }
  text += conditional || chance(r, 4) ? ", " : chance(r, 12) ? " " : chance(r, 12) ? " - " : ". ";
  text += std::string(pick(r, kBeforeAsking)) + told(pick(r, scene.asked), c);
  return as_typed(r, with_capitals(r, text.append(pick(r, kStoryMarks))));
}

// "How many apples are left if Tom has 12 apples and eats 5?"
std::string question_first(Random& r, const Scene& scene, const Cast& c) {
  std::string asked(pick(r, scene.asked)), given(pick(r, scene.given));
  if (asked.find("{n}") != asked.npos || asked.find("{N}") != asked.npos) {
    replace_all(asked, "{n}", "{N}");
    replace_all(given, "{N}", "{n}");
  }
  replace_all(given, ". ", " and ");
  std::string text = told(asked, c).append(chance(r, 5) ? " when " : " if ").append(told(given, c));
  if (!scene.event.empty()) {
    std::string_view event = pick(r, scene.event);
    if (event.starts_with("{n} ") && chance(r, 2)) event.remove_prefix(4);
    text += " and " + told(event, c);
  }
  return chance(r, 2) ? ask_whether(r, text) : as_typed(r, text.append(pick(r, kStoryMarks)));
}

std::string note(Random& r, char operation, const Cast& c) {
  const Lines notes = operation == '+'   ? sum_notes()
                      : operation == '-' ? difference_notes()
                      : operation == '*' ? product_notes()
                                         : quotient_notes();
  return as_typed(r, told(pick(r, notes), c).append(pick(r, kNoteMarks)));
}

// A number of legs, wheels, days and so on that is not in the prompt, or not always.
void draft_count(Draft& d, Random& r) {
  const Countable& kind = pick(r, countables());
  const i64 n = kind.most == 1 || chance(r, 12) ? 1 : r.between(2, kind.most);
  const std::string count = std::to_string(n), total = std::to_string(n * kind.parts);
  const bool words = n <= 12 && chance(r, 8);
  const std::string shown = words ? number_in_words(n) : count, parts = std::to_string(kind.parts);
  const NamedValues values = {{"n", shown},    {"k", parts},     {"x", total},
                              {"t", kind.one}, {"T", kind.many}, {"P", kind.part}};
  const bool backwards = n > 1 && chance(r, 6);
  const auto lines = n == 1 ? count_of_one(kind.time) : backwards ? count_backwards(kind.time) : count_lines(kind.time);
  d.answer = std::to_string(backwards ? write_exact_divide(d.trace, n * kind.parts, kind.parts, r)
                                      : write_operation(d, r, '*', kind.parts, n));
  const std::string text = put_in(pick(r, lines), values);
  d.prompt =
      chance(r, 3) ? ask_whether(r, text) : as_typed(r, with_capitals(r, text + std::string(pick(r, kStoryMarks))));
}

// How many are of the other sort: "12 kids, 7 are girls, how many boys?"
void draft_missing_part(Draft& d, Random& r) {
  const auto [a, b] = story_numbers(r, '-', 0);
  d.answer = std::to_string(write_sub(d.trace, a, b));
  const Halves& halves = pick(r, story_halves());
  const std::string all = std::to_string(a), some = std::to_string(b);
  const NamedValues values = {{"a", all}, {"b", some}, {"G", halves.group}, {"X", halves.first}, {"Y", halves.second}};
  std::string text = put_in(pick(r, halves_given()), values);
  text += chance(r, 3) ? ", " : ". ";
  text += put_in(pick(r, halves_asked()), values);
  d.prompt = as_typed(r, with_capitals(r, text.append(pick(r, kStoryMarks))));
}

void draft_scene(Draft& d, Random& r) {
  const Scene& scene = pick(r, r.below(5) < 2 ? group_scenes() : sum_scenes());
  const bool noted = scene.second == 0 && chance(r, 8);
  const auto [a, b] = story_numbers(r, scene.operation, scene.second);
  d.answer = std::to_string(write_operation(d, r, scene.operation, a, b));
  const bool words = a <= 20 && b <= 20 && chance(r, 12), one_word = a <= 20 && b <= 20 && chance(r, 20);
  Cast c{any_person(r),
         any_man_or_woman(r),
         noted ? pick(r, story_things()) : pick(r, scene.things),
         a,
         b,
         words ? number_in_words(a) : std::to_string(a),
         words || one_word ? number_in_words(b) : std::to_string(b)};
  while (c.other.name == c.who.name) c.other = any_man_or_woman(r);
  if (noted) d.prompt = note(r, scene.operation, c);
  else if (scene.may_begin_with_question && chance(r, 4)) d.prompt = question_first(r, scene, c);
  else d.prompt = question_last(r, scene, c);
}

}  // namespace

std::string with_capitals(Random& r, std::string text) {
  if (chance(r, 3)) return text;
  for (size_t at = text.find(". "); at != text.npos && at + 2 < text.size(); at = text.find(". ", at + 1))
    text[at + 2] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[at + 2])));
  return text;
}

Draft draft_story(Random& r, int) {
  Draft d;
  const u32 choice = r.below(20);
  if (choice < 2) draft_count(d, r);
  else if (choice == 2) draft_missing_part(d, r);
  else draft_scene(d, r);
  d.content = small_content("story", d.prompt);
  return d;
}

}  // namespace r1
