// The parts of JSON as expressions: white space, strings, numbers, any value.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "grammar/grammar.hpp"

namespace r1 {

// One space, or a line break and an indentation, or nothing. More would let a model write blanks without end.
Expr json_space();
// The texts that `expr` matches, as they stand between the quotes of a JSON string.
Expr json_escaped(const Expr& expr);
Expr json_character();            // any, with its escapes
CharSet json_plain_characters();  // those that may stand in a string without an escape
// Integers and numbers in JSON's form from `low` to `high`; open ends exclude the end itself. A reader that stores
// numbers as doubles must not round a number to an excluded end. Numbers with a fraction therefore have at most 15
// digits, and from 2^53 on the numbers nearest to an excluded end are left out.
struct NumberRange {
  i64 low = 0, high = 0;
  bool open_low = false, open_high = false;
};
inline constexpr i64 kMostInteger = 999'999'999'999'999'999;  // 18 digits: what every reader can hold
// nullopt if the range is empty.
std::optional<Expr> json_integers(const NumberRange& range);
std::optional<Expr> json_numbers(const NumberRange& range);

// Rules that several places use, added to a grammar when they are first asked for.
class JsonRules {
 public:
  explicit JsonRules(Grammar& grammar) : grammar_(&grammar) {}
  Expr string() { return rule("string"); }
  Expr integer() { return rule("integer"); }
  Expr number() { return rule("number"); }
  Expr value() { return rule("value"); }
  Expr object() { return rule("object"); }
  Expr array() { return rule("array"); }

 private:
  Expr rule(const char* name);
  Expr body_of(std::string_view name);

  Grammar* grammar_;
  std::map<std::string, i32> rules_;
};

// `open`, from `min` to `max` members with commas between them, `close`.
Expr json_list(const char* open, const Expr& member, const char* close, i64 min = 0, i64 max = -1);

}  // namespace r1
