// The generators, one for each kind of problem, and the draft that they return. make_problem() calls a generator until
// the draft belongs to the requested side of the split and has a trace that is short enough.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/philox.hpp"
#include "tasks/checker.hpp"
#include "tasks/tasks.hpp"

namespace r1 {

struct Draft {
  std::string prompt, trace, answer;
  std::string content;  // what decides the side of the split; equal for all phrasings of one problem
  // The contents of smaller problems inside this one. A training problem must not contain one of the test side.
  std::vector<std::string> parts = {};
  std::optional<Checker> checker = {};  // if absent, the strict comparison with `answer`
  std::string reply = {};               // if empty, the usual sentence with the answer
  std::optional<Split> side = {};       // if absent, what side_of() says of the content and the parts
  std::vector<Exchange> earlier = {};   // the turns before the prompt
};

// The side to which a hash of a content assigns it.
Split side_of(std::string_view content);
// The reply of a draft: its own, or the sentence with the answer in a box.
std::string reply_of(const Draft& d);

// The beginning of the reply to a "chat" problem. Its checker looks for these words.
inline constexpr std::string_view kDeclining = "I was only taught arithmetic";

// The content of "what is a * b".
std::string product_content(i64 a, i64 b);
// Adds this product to d.parts if both factors have two digits. Smaller products do not count, because they are steps
// of every trace.
void contains_product(Draft& d, i64 a, i64 b);

// Puts one or two turns before a question that stands alone. They are problems of the training side.
Draft in_conversation(Random& r, Draft&& question);

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
Draft draft_code(Random& r, int difficulty);
// tasks/everyday
Draft draft_sum(Random& r, int difficulty);
Draft draft_difference(Random& r, int difficulty);
Draft draft_times(Random& r, int difficulty);
Draft draft_quotient(Random& r, int difficulty);
Draft draft_half_double(Random& r, int difficulty);
Draft draft_percent(Random& r, int difficulty);
Draft draft_fraction(Random& r, int difficulty);
Draft draft_decimal_sum(Random& r, int difficulty);
Draft draft_power(Random& r, int difficulty);
Draft draft_root(Random& r, int difficulty);
Draft draft_factorial(Random& r, int difficulty);
Draft draft_square_equation(Random& r, int difficulty);
Draft draft_prime(Random& r, int difficulty);
Draft draft_parity(Random& r, int difficulty);
Draft draft_extreme(Random& r, int difficulty);
Draft draft_average(Random& r, int difficulty);
Draft draft_order(Random& r, int difficulty);
Draft draft_story(Random& r, int difficulty);
Draft draft_speed(Random& r, int difficulty);
Draft draft_chinese(Random& r, int difficulty);
Draft draft_talk(Random& r, int difficulty);
Draft draft_limits(Random& r, int difficulty);
Draft draft_follow(Random& r, int difficulty);

// A question about one of the topics of the kind "chat", which no kind answers.
std::string topic_question(Random& r);

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
// `pattern` with each "{}" replaced by the next of `values`.
std::string fill(std::string_view pattern, std::initializer_list<std::string_view> values);
// Varies a text as people's typing varies: a lower-case first letter, a missing final mark, a "please".
std::string typed(Random& r, std::string text);
// A question for the value of an expression.
std::string ask_value(Random& r, std::string_view expression);
// A random integer with `digits` digits; with one digit it is from 2 to 9.
i64 with_digits(Random& r, int digits);

}  // namespace r1
