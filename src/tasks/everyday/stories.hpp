// What stories.cpp composes its stories of. The tables are in story_sums.cpp and story_groups.cpp.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "tasks/everyday/everyday.hpp"

namespace r1 {

struct Thing {
  std::string_view one, many;
};
using Lines = std::span<const std::string_view>;

// Lines of the same story: each may stand with each. In a line {N} is a person, {n}, {me} and {my} the pronouns, {M}
// another person, {+buys} a verb of {N}, {O} things, {o} one of them, {a} and {b} numbers, {aO} and {bO} numbers of
// things.
struct Scene {
  char operation;  // of a and b, in this order
  std::span<const Thing> things;
  Lines given, event, asked;  // `event` may be empty
  bool may_begin_with_question = true;
  i64 second = 0;  // b, if it is always the same
};
std::span<const Scene> sum_scenes();    // sums and differences
std::span<const Scene> group_scenes();  // products and quotients
std::span<const Thing> story_things();
// Stories in a few words.
Lines sum_notes();
Lines difference_notes();
Lines product_notes();
Lines quotient_notes();

// `one` has so many parts: "a spider", "spiders", "legs", 8. If `time`, it consists of them: "a week", "weeks", "days".
struct Countable {
  std::string_view one, many, part;
  i64 parts, most;  // most: the largest number of them in a prompt
  bool time = false;
};
std::span<const Countable> countables();
// Lines with {n} things, {k} parts each and {x} parts in all; {t} is one thing, {T} things, {P} parts.
Lines count_lines(bool time);
Lines count_of_one(bool time);     // for a single thing
Lines count_backwards(bool time);  // for the number of things

// A group of which each member is either of the first or of the second sort.
struct Halves {
  std::string_view group, first, second;
};
std::span<const Halves> story_halves();
Lines halves_given();
Lines halves_asked();

// Gives every sentence a capital letter, sometimes.
std::string with_capitals(Random& r, std::string text);

}  // namespace r1
