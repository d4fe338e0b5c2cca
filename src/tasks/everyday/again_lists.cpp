// Questions about a list of numbers that go on: the same list asked another way ("and the smallest?"), or the same
// question about another list ("and of 5 and 15?").
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "tasks/everyday/follow.hpp"

namespace r1 {
namespace {

struct ListForms {
  ListQuestion asks;
  std::span<const std::string_view> first;    // with {l}: the list
  std::span<const std::string_view> another;  // the same list asked this way
};

// clang-format off
constexpr std::string_view kLargestOf[] = {
    "what is the largest of {l}", "which is the biggest: {l}", "largest of {l}", "max of {l}",
    "the biggest number in {l}", "find the largest of {l}", "which of {l} is the largest", "highest of {l}",
    "the maximum of {l}"};
constexpr std::string_view kSmallestOf[] = {
    "what is the smallest of {l}", "which is the smallest: {l}", "smallest of {l}", "min of {l}", "the least of {l}",
    "find the smallest of {l}", "which of {l} is the smallest", "lowest of {l}", "the minimum of {l}"};
constexpr std::string_view kMeanOf[] = {
    "what is the average of {l}", "mean of {l}", "average of {l}", "the mean of {l}", "avg of {l}", "average {l}",
    "find the mean of {l}", "what do {l} average to"};
constexpr std::string_view kUpOf[] = {
    "sort {l}", "sort {l} in ascending order", "put {l} in order", "order {l} from smallest to largest",
    "arrange {l} in increasing order", "sort these: {l}", "order these numbers: {l}", "sort {l} ascending"};
constexpr std::string_view kDownOf[] = {
    "sort {l} in descending order", "order {l} from largest to smallest", "arrange {l} in decreasing order",
    "sort {l} descending", "put {l} in order from big to small", "sort {l}, largest first"};
constexpr std::string_view kSumOf[] = {
    "the sum of {l}", "add {l}", "add up {l}", "what is the sum of {l}", "the total of {l}", "sum of {l}"};

constexpr std::string_view kLargestToo[] = {
    "the largest", "the biggest", "the biggest one", "the largest one", "the maximum", "max", "the max", "the highest",
    "which is the largest", "which one is the biggest", "the largest of them", "the biggest of these",
    "what is the largest", "which is the biggest of them", "the greatest", "largest", "biggest", "the largest number",
    "what's the biggest one", "which of them is the largest", "the highest number", "which number is the largest"};
constexpr std::string_view kSmallestToo[] = {
    "the smallest", "the smallest one", "the lowest", "the minimum", "min", "the min", "the least",
    "which is the smallest", "which one is the smallest", "the smallest of them", "the smallest of these",
    "what is the smallest", "which is the lowest of them", "smallest", "lowest", "the smallest number",
    "what's the smallest one", "which of them is the smallest", "the lowest number", "which number is the smallest"};
constexpr std::string_view kMeanToo[] = {
    "the average", "the mean", "their average", "their mean", "average of them", "the average of them",
    "the mean of these", "what is their average", "what is the mean of them", "average", "the average of these numbers",
    "what do they average to", "their mean value", "find their average", "the average of those numbers"};
constexpr std::string_view kUpToo[] = {
    "in ascending order", "from smallest to largest", "ascending", "sort them", "sort them ascending",
    "sort them in ascending order", "sorted from small to big", "put them in order", "smallest first",
    "in increasing order", "from low to high", "order them from smallest to largest", "from least to greatest",
    "sort these numbers", "list them from smallest to biggest", "sort them from low to high"};
constexpr std::string_view kDownToo[] = {
    "in descending order", "from largest to smallest", "descending", "sort them descending",
    "sort them in descending order", "sorted from big to small", "largest first", "in decreasing order",
    "from high to low", "order them from largest to smallest", "from greatest to least", "biggest first",
    "list them from biggest to smallest", "sort them from high to low"};
constexpr std::string_view kSumToo[] = {
    "the sum", "their sum", "the sum of them", "add them up", "add them all", "what is their sum", "the total",
    "sum them up", "what do they add up to", "all of them added together", "add them together", "the sum of these",
    "what is their total", "add all of these"};
// Only between ascending and descending.
constexpr std::string_view kReversed[] = {
    "the other way round", "the other way around", "reverse it", "in reverse", "backwards", "in the opposite order",
    "reverse the order", "in reverse order", "reversed", "turn it around", "from the other end"};
constexpr std::string_view kListOpeners[] = {
    "", "", "", "", "and ", "and ", "and ", "and ", "now ", "now ", "what about ", "ok, ", "ok and ", "then ",
    "and now ", "thanks, now ", "great, and ", "how about "};
constexpr std::string_view kOfLists[] = {"of {l}", "of {l}", "{l}", "{l}", "for {l}", "with {l}", "of these: {l}"};
constexpr std::string_view kListFrames[] = {
    "and {q}", "and {q}", "and {q}", "now {q}", "{q}", "ok and {q}", "then {q}", "same {q}", "the same {q}",
    "do the same {q}", "thanks, and {q}", "and the same {q}", "also {q}", "and now {q}"};

constexpr ListForms kForms[] = {
    {ListQuestion::largest, kLargestOf, kLargestToo}, {ListQuestion::smallest, kSmallestOf, kSmallestToo},
    {ListQuestion::mean, kMeanOf, kMeanToo},          {ListQuestion::ascending, kUpOf, kUpToo},
    {ListQuestion::descending, kDownOf, kDownToo},    {ListQuestion::sum, kSumOf, kSumToo}};
// clang-format on

const ListForms& forms_of(ListQuestion asks) {
  return *std::find_if(std::begin(kForms), std::end(kForms), [&](const ListForms& f) { return f.asks == asks; });
}

std::string comma_list(const std::vector<i64>& v, std::string_view comma = ",", size_t width = 1) {
  std::string out;
  for (const i64 n : v) out += fmt::format("{}{:0{}}", out.empty() ? "" : comma, n, width);
  return out;
}

std::string list_as_typed(Random& r, const std::vector<i64>& v) {
  const std::string_view comma = chance(r, 5) ? " " : chance(r, 6) ? "," : ", ";
  std::string text = comma_list(v, comma);
  if (const size_t last = text.rfind(", "); last != text.npos && (v.size() == 2 || chance(r, 2)))
    text.replace(last, 2, " and ");
  return text;
}

// The trace of the kind "order".
void write_sorted(Draft& d, const std::vector<i64>& v, bool up) {
  const size_t width = std::to_string(*std::max_element(v.begin(), v.end())).size();
  d.trace = (up ? "up:" : "down:") + comma_list(v, ",", width) + "\n";
  std::vector<i64> sorted;
  for (const i64 n : v) {
    sorted.insert(std::find_if(sorted.begin(), sorted.end(), [&](i64 m) { return up ? m > n : m < n; }), n);
    d.trace += fmt::format("{:0{}}:{}\n", n, width, comma_list(sorted, ",", width));
  }
  d.answer = comma_list(sorted, ", ");
}

// The trace of the kind "extreme" behind the list.
void write_extreme(Draft& d, const std::vector<i64>& v, bool largest) {
  const std::string_view word = largest ? "max" : "min";
  const size_t width = std::to_string(*std::max_element(v.begin(), v.end())).size();
  i64 best = v[0];
  d.trace = fmt::format("{} {}\n{} {:0{}}\n", word, comma_list(v), word, best, width);
  for (size_t i = 1; i < v.size(); ++i) {
    write_compared(d.trace, best, v[i], width);
    best = largest ? std::max(best, v[i]) : std::min(best, v[i]);
    d.trace += fmt::format("->{:0{}}\n", best, width);
  }
  d.answer = std::to_string(best);
  if (d.answer.size() < width) d.trace += d.answer + "\n";
}

// A mean or a sum has the marks of the kind "average".
void write_list_answer(Random& r, Draft& d, ListQuestion asks, const std::vector<i64>& v) {
  const bool up = asks == ListQuestion::ascending, largest = asks == ListQuestion::largest;
  if (up || asks == ListQuestion::descending) return write_sorted(d, v, up);
  if (largest || asks == ListQuestion::smallest) return write_extreme(d, v, largest);
  const bool mean = asks == ListQuestion::mean;
  d.trace = fmt::format("{} {}\n", mean ? "mean" : "sum", comma_list(v));
  i64 sum = v[0];
  d.trace += fmt::format("#1\n{}\n", sum);
  for (size_t i = 1; i < v.size(); ++i) {
    d.trace += fmt::format("#{}\n", i + 1);
    sum = write_add(d.trace, sum, v[i]);
  }
  d.answer = mean ? write_ratio(d.trace, sum, std::ssize(v), r) : std::to_string(sum);
}

// Different numbers. Those of a mean have a whole mean in most lists.
std::vector<i64> some_numbers(Random& r, ListQuestion asks) {
  const bool mean = asks == ListQuestion::mean;
  const i64 count = r.between(mean ? 2 : 3, mean ? 3 : 5), high = chance(r, 3) ? 20 : mean || chance(r, 2) ? 60 : 200;
  std::vector<i64> v;
  while (std::ssize(v) < count)
    if (const i64 n = r.between(1, high); std::find(v.begin(), v.end(), n) == v.end()) v.push_back(n);
  const i64 total = std::accumulate(v.begin(), v.end(), i64{0});
  if (mean && !chance(r, 4)) v.back() += (count - total % count) % count;
  return v;
}

// A question of the kinds of single questions about lists, if the list can be read from it.
std::optional<ConversationTurn> first_of_single(Random& r) {
  static constexpr ListQuestion kAsked[] = {ListQuestion::largest, ListQuestion::smallest, ListQuestion::mean,
                                            ListQuestion::ascending, ListQuestion::descending};
  const u32 kind = r.below(3);
  ConversationTurn turn;
  turn.draft = kind == 0   ? draft_extreme(r, static_cast<int>(r.between(1, 2)))
               : kind == 1 ? draft_average(r, 1)
                           : draft_order(r, 1);
  turn.list = whole_numbers_in(turn.draft.prompt);
  if (turn.list.size() < 2 || turn.list.size() > 6 || *std::max_element(turn.list.begin(), turn.list.end()) > 999)
    return std::nullopt;
  for (const ListQuestion asks : kAsked) {
    Draft computed;
    write_list_answer(r, computed, asks, turn.list);
    // The whole traces must agree: "the largest of these 3 numbers: 5, 9, 7" has a number that is not in the list.
    if (computed.answer != turn.draft.answer || !computed.trace.ends_with(turn.draft.trace)) continue;
    turn.list_question = asks;
    return turn;
  }
  return std::nullopt;
}

}  // namespace

ConversationTurn first_of_list(Random& r) {
  if (chance(r, 2))
    if (auto turn = first_of_single(r)) return std::move(*turn);
  const ListForms& forms = pick(r, kForms);
  ConversationTurn turn;
  turn.list_question = forms.asks;
  turn.list = some_numbers(r, forms.asks);
  write_list_answer(r, turn.draft, forms.asks, turn.list);
  turn.draft.prompt = ask_whether(r, put_in(pick(r, forms.first), {{"l", list_as_typed(r, turn.list)}}));
  turn.draft.content = small_content("lists", turn.draft.prompt);
  return turn;
}

ConversationTurn asked_of_list_again(Random& r, const ConversationTurn& before) {
  ConversationTurn turn;
  if (chance(r, 3)) {
    turn.list_question = before.list_question;
    turn.list = some_numbers(r, turn.list_question);
    // "and 5 and 15" behind a sum would be added to it.
    const std::string_view of = turn.list_question == ListQuestion::sum ? kOfLists[0] : pick(r, kOfLists);
    const std::string list = put_in(of, {{"l", list_as_typed(r, turn.list)}});
    turn.draft.prompt = list.starts_with("of ") || list.starts_with("for ") || list.starts_with("with ")
                            ? ask_on(r, put_in(pick(r, kListFrames), {{"q", list}}))
                            : ask_again_of(r, list);
  } else {
    const bool was_up = before.list_question == ListQuestion::ascending,
               was_down = before.list_question == ListQuestion::descending,
               reversed = (was_up || was_down) && chance(r, 3);
    const ListForms* forms = &pick(r, kForms);
    while (forms->asks == before.list_question) forms = &pick(r, kForms);
    if (reversed) forms = &forms_of(was_up ? ListQuestion::descending : ListQuestion::ascending);
    turn.list_question = forms->asks;
    turn.list = before.list;
    const std::string_view says = reversed ? pick(r, kReversed) : pick(r, forms->another);
    turn.draft.prompt = ask_on(r, std::string(pick(r, kListOpeners)).append(says));
  }
  write_list_answer(r, turn.draft, turn.list_question, turn.list);
  return turn;
}

}  // namespace r1
