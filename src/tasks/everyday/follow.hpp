// What the generators of conversations share. follow.cpp joins the turns. going_on.cpp draws questions that take up the
// last answer, and operations.cpp writes their traces. again.cpp and again_lists.cpp draw questions that are asked
// again, and follow_stories.cpp draws stories that go on.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tasks/everyday/everyday.hpp"

namespace r1 {

struct Topic;  // a question that can be asked of another number (again.cpp)
enum class ListQuestion : u8 { none, largest, smallest, mean, ascending, descending, sum };

// A question of a conversation, and what the next question may refer to. Each field is empty if there is nothing.
struct ConversationTurn {
  Draft draft;
  const Topic* topic = nullptr;
  i64 kept = 0;  // the number that stays the same when the topic is asked again
  ListQuestion list_question = ListQuestion::none;
  std::vector<i64> list = {};
  char operation = 0;  // what was done to the answer before, such as '+', and by which number: "again" repeats it
  PlacedNumber by = {};
  std::string_view who = {};  // whom a story is about: "i", "he" or "she"
  bool age = false;           // whether its answer is an age instead of a number of things
  bool chinese = false;
};

// Writes the question in its short form ("13^2") before the trace, unless the trace begins with that form.
void put_question_first(std::string& trace, const std::string& question);
// A number of a follow-up as people type it: a small one now and then in words.
std::string follow_up_number(Random& r, PlacedNumber n);
// The whole numbers in a text that are written in digits.
std::vector<i64> whole_numbers_in(std::string_view text);
// Whether the draft `d` can be the question whose answer and trace `computed` holds.
bool same_question(const Draft& d, const Draft& computed);
// "and {q}", "what about {q}" and so on, with the name of what the last question is asked of.
std::string ask_again_of(Random& r, std::string_view name);
// Marks a draft as one that is answered in Chinese.
void reply_in_chinese(Draft& d);

// A first question about a topic or a list, which asked_again() can continue.
ConversationTurn first_of_topic(Random& r);
ConversationTurn first_of_list(Random& r);
// The same question about something else. `before` must come from these functions or from asked_again().
ConversationTurn asked_again(Random& r, const ConversationTurn& before);
ConversationTurn asked_of_list_again(Random& r, const ConversationTurn& before);

// A story whose answer is a number of things, and what happens next.
ConversationTurn first_of_story(Random& r);
std::optional<ConversationTurn> story_going_on(Random& r, const ConversationTurn& before);

// A question that continues from the last answer, such as "and times 3?". The trace begins with that answer. Nothing if
// the answer is not a number or too large.
bool can_go_on(const Draft& d);
std::optional<ConversationTurn> going_on(Random& r, const ConversationTurn& before);
i64 scaled(PlacedNumber n, int places);  // n.digits with this number of places, which must not be fewer than n has
i64 most_exponent(i64 base);             // of the powers that are taught; 0 if there are none
// base^n as repeated products, n >= 2. A line before each of them says which power it makes, as in powers.cpp.
void write_power_on(Draft& d, i64 base, i64 n);
// Compares two numbers >= 0 digit by digit, as the kind "extreme" does: "188,088", "1>0". Both are written with at
// least `width` digits. Numbers of one digit are one fact. Does not end the last line.
void write_compared(std::string& trace, i64 a, i64 b, size_t width);
// Computes an operation of going_on() on a number that is not a fraction: + - * /, f (b - a), ^, % (b % of a), r (the
// root), ! (factorial), e o v (even, odd, which of them), p (prime), > and <. Returns false if it does not suit the
// numbers.
bool write_operation(Random& r, Draft& d, char operation, PlacedNumber a, PlacedNumber b);

}  // namespace r1
