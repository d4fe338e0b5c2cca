// How people type a short question. A phrasing is composed of an opener ("can you tell me"), a body ("12 plus 30") and
// an ending (" please?"), and then varied as typing varies: case, marks, spaces, slips. The number of phrasings is the
// product of the numbers of these parts, so a model cannot learn them one by one.
#pragma once
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/philox.hpp"

namespace r1 {

// `pattern` with each "{name}" replaced by the value of that name. Unlike fill(), a name may come twice or not at all.
using NamedValues = std::initializer_list<std::pair<std::string_view, std::string_view>>;
std::string put_in(std::string_view pattern, NamedValues values);

// "twelve", "forty-two", "nine hundred": 0 to 999, or the digits of any other number.
std::string number_in_words(i64 n);

// Two terms with a sign between them: '+', '-', '*' or '/', in one of the forms that people type, such as
// "12x4", "12 × 4" or "12 times 4".
enum class Terms : u8 { digits, words };  // words: the sign must be a word too
std::string with_sign(Random& r, std::string_view a, char sign, std::string_view b, Terms terms = Terms::digits);

// Questions for a value. `body` names it: "12+30", "half of 50", "the sum of 3 and 4".
std::string ask_for(Random& r, std::string_view body);
// `order` is an imperative, such as "add 3 and 4".
std::string ask_to(Random& r, std::string_view order);
// `question` is a whole question in lower case and without its mark, such as "is 7 prime".
std::string ask_whether(Random& r, std::string_view question);

// `question` is a question or an order within a conversation, such as "and times 3": most people type it as it is.
std::string ask_on(Random& r, std::string_view question);

// The bodies of one kind of question, with {a}, {b} and so on for its values.
struct Bodies {
  std::span<const std::string_view> values, orders, questions;
};
// A question with one of these bodies. If the kind has values as well as orders or questions, two in five have a value
// as their body.
std::string ask_any(Random& r, const Bodies& bodies, NamedValues values);

// Varies a text as people's typing varies: greetings, capitals, a slip of the fingers.
std::string as_typed(Random& r, std::string text);

}  // namespace r1
