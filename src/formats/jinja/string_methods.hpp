// The methods of Python's str that templates call. Each returns a new string, and each byte of it keeps its mark.
#pragma once
#include <string_view>
#include <vector>

#include "formats/jinja/interpreter.hpp"

namespace r1::jinja {

struct StringMethod {
  std::string_view name, parameters;  // parameters: "sep,maxsplit"
  Result<Value> (*call)(Interpreter& interp, const Text& self, const BoundArguments& arguments);
};
// Null for a name that is no method of strings. str.format takes any arguments, so it is not in this table.
const StringMethod* find_string_method(std::string_view name);

// What filters share with methods of the same meaning. trimmed: without the characters of `set` at its ends, or without
// white space if `set` is null. replaced: at most `count` occurrences, all if it is negative.
Result<Value> trimmed(Interpreter& interp, const Text& text, const Text* set, bool left, bool right);
Result<Value> replaced(Interpreter& interp, const Text& text, const Text& what, const Text& by, i64 count);
Result<std::vector<Value>> lines_of(Interpreter& interp, const Text& text);

}  // namespace r1::jinja
