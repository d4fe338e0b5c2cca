// What a generator of one kind of problem hands back, and the generators. make_problem() draws from them until content
// falls on the wanted side of the split and the trace is short enough.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/philox.hpp"

namespace r1 {

struct Draft {
  std::string prompt, trace, answer;
  std::string content;  // decides the side of the split; equal for all phrasings of one problem
  std::vector<std::string> parts =
      {};                         // contents of problems that this one contains: none of the test side in training
  std::vector<i64> numbers = {};  // countdown only
  i64 target = 0;
  std::string reply = {};  // empty: the usual sentence around the answer
};

// How the reply to a "chat" problem begins, which is what its checker knows it by.
inline constexpr std::string_view kDeclining = "I was only taught arithmetic";

// Content of "what is a * b", for drafts that are or contain it. Only products of two two-digit numbers count as
// contained: smaller ones are steps of every trace.
std::string product_content(i64 a, i64 b);
void contains_product(Draft& d, i64 a, i64 b);

Draft draft_product(Random& r, int difficulty);
Draft draft_division(Random& r, int difficulty);
Draft draft_remainder(Random& r, int difficulty);
Draft draft_gcd(Random& r, int difficulty);
Draft draft_lcm(Random& r, int difficulty);
Draft draft_expression(Random& r, int difficulty);
Draft draft_equation(Random& r, int difficulty);
Draft draft_decimals(Random& r, int difficulty);
Draft draft_sort(Random& r, int difficulty);
Draft draft_letters(Random& r, int difficulty);
Draft draft_word_problem(Random& r, int difficulty);
Draft draft_countdown(Random& r, int difficulty);
Draft draft_chat(Random& r, int difficulty);

// Phrasing.
template <class T>
const T& pick(Random& r, std::span<const T> from) {
  return from[r.below(static_cast<u32>(from.size()))];
}
template <class T, size_t N>
const T& pick(Random& r, const T (&from)[N]) {
  return from[r.below(static_cast<u32>(N))];
}
inline bool chance(Random& r, u32 one_in) { return r.below(one_in) == 0; }
// Replaces each "{}" by the next of `values`.
std::string fill(std::string_view pattern, std::initializer_list<std::string_view> values);
// The small differences in how people type: lower-case start, missing final mark, a "please".
std::string typed(Random& r, std::string text);
// Asks for the value of "a OP b" or of a longer expression.
std::string ask_value(Random& r, std::string_view expression);
// An integer with `digits` digits (one digit: 2..9).
i64 with_digits(Random& r, int digits);

}  // namespace r1
