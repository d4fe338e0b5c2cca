// The generator of sums and differences of decimals, also as amounts of money.
#include <algorithm>
#include <cctype>
#include <vector>

#include "tasks/everyday/everyday.hpp"

namespace r1 {
namespace {

// clang-format off
constexpr std::string_view kDecimalSums[] = {
    "the sum of {a} and {b}", "{a} and {b} together", "{b} more than {a}", "{a} plus {b}", "the total of {a} and {b}",
    "sum of {a} and {b}", "{a} and {b} added", "{a} and {b} added together", "{b} added to {a}",
    "{a} and {b} in total", "{a} increased by {b}", "adding {a} and {b}", "{a} with {b} added",
    "the decimal sum {a} + {b}", "{a} and {b} combined", "total: {a}, {b}", "{a} add {b}"};
constexpr std::string_view kDecimalAdd[] = {
    "add {a} and {b}", "add {b} to {a}", "sum {a} and {b}", "add up {a} and {b}", "add the decimals {a} and {b}",
    "increase {a} by {b}", "put {a} and {b} together", "find the sum of {a} and {b}", "take {a} and add {b}",
    "total {a} and {b}", "do {a} plus {b}", "add {a}, {b}"};
constexpr std::string_view kDecimalSumQuestions[] = {
    "what do you get if you add {a} and {b}", "how much do {a} and {b} make", "what do {a} and {b} add up to",
    "if i add {a} and {b}, what do i get", "what is {a} and {b} together", "which number is {b} more than {a}",
    "i ran {a} km and then {b} km, how far in total", "i have {a} liters and pour in {b} more, how much is it",
    "one board is {a} m long and another {b} m, how long are both", "{a} kg and {b} kg, how much together",
    "{a} and {b}, what is the sum", "i need to add {a} and {b}, what is the result",
    "one bag weighs {a} kg and the other {b} kg, what do they weigh together"};
constexpr std::string_view kDecimalDifferences[] = {
    "the difference between {a} and {b}", "{b} less than {a}", "{a} minus {b}", "{a} take away {b}",
    "{b} subtracted from {a}", "{b} taken from {a}", "the difference of {a} and {b}", "{a} reduced by {b}",
    "{a} decreased by {b}", "{a} without {b}", "subtracting {b} from {a}", "the gap between {b} and {a}",
    "{a} subtract {b}", "{a} with {b} taken away"};
constexpr std::string_view kDecimalSub[] = {
    "subtract {b} from {a}", "take {b} from {a}", "take {b} away from {a}", "take away {b} from {a}",
    "deduct {b} from {a}", "reduce {a} by {b}", "decrease {a} by {b}", "find the difference between {a} and {b}",
    "remove {b} from {a}", "take {a} and subtract {b}", "from {a} take {b}", "do {a} minus {b}", "take {b} off {a}"};
constexpr std::string_view kDecimalDifferenceQuestions[] = {
    "what do you get if you subtract {b} from {a}", "what is left if you take {b} from {a}",
    "how much is left of {a} after taking {b}", "how far apart are {b} and {a}", "how much bigger is {a} than {b}",
    "how much is missing from {b} to {a}", "what must be added to {b} to get {a}", "how much more is {a} than {b}",
    "a rope is {a} m long and i cut off {b} m, how much is left", "i had {a} liters and used {b}, how much remains",
    "i need {a} km and have done {b} km, how far is it still", "if i take {b} from {a}, what do i get",
    "i am {a} m tall and you are {b} m, what is the difference", "{b} plus what is {a}"};
// Amounts of money, such as "$7.35" or "7.35 dollars".
constexpr std::string_view kMoneySums[] = {
    "one costs {a} and the other costs {b}, how much are both", "i buy things for {a} and {b}, how much do i pay",
    "i spent {a} and then {b}, how much is that in total", "{a} for lunch and {b} for dinner, how much in all",
    "a book costs {a} and a pen costs {b}. what is the total", "i have {a} and get {b} more, how much do i have",
    "what do i pay for two things that cost {a} and {b}", "how much is {a} and {b} together",
    "coffee is {a} and cake is {b}, what is the total", "if i save {a} and then {b}, how much have i saved"};
constexpr std::string_view kMoneyChange[] = {
    "if i pay {a} for something that costs {b}, how much change do i get",
    "i pay with {a} and it costs {b}, how much change", "what is the change from {a} if i spend {b}",
    "how much change do i get from {a} for {b}", "i have {a} and spend {b}, how much is left",
    "it costs {b} and i give {a}, what do i get back", "the bill is {b} and i pay {a}. how much do i get back",
    "change from {a} for a price of {b}", "i had {a} and bought a book for {b}, how much money is left",
    "something costs {b}. i pay {a}. what is my change", "how much do i have left from {a} after paying {b}",
    "i want something for {a} but only have {b}, how much is missing",
    "the price went from {a} down to {b}, how much cheaper is it", "how much more is {a} than {b}"};
constexpr std::string_view kMoneyForms[] = {"{n}", "{n}", "${n}", "${n}", "{n} dollars", "{n} euros", "€{n}", "{n}€"};
// clang-format on

i64 at_places(const PlacedNumber& n, int places) {
  i64 digits = n.digits;
  for (int i = n.places; i < places; ++i) digits *= 10;
  return digits;
}

// The terms with one sign before each. The first sign is a plus.
struct DecimalTerms {
  std::vector<PlacedNumber> terms;
  std::string signs;
  int places() const {
    int most = 0;
    for (const PlacedNumber& n : terms) most = std::max(most, n.places);
    return most;
  }
};

PlacedNumber decimal_with(Random& r, int places, i64 high) {
  PlacedNumber n{r.between(0, high), places};
  for (int i = 0; i < places; ++i) n.digits = n.digits * 10 + r.between(i + 1 == places ? 1 : 0, 9);
  if (places == 2 && chance(r, 10)) n.digits -= n.digits % 10;  // "2.50"
  if (n.digits == 0) n.digits = 1;
  return n;
}

// Half of the terms have as many places as each other. The others differ: 0.5 and 0.25, or 8 and 7.5.
std::vector<PlacedNumber> decimal_terms(Random& r, int difficulty, int count) {
  const int most = difficulty == 1 ? (chance(r, 4) ? 2 : 1) : chance(r, 16) ? 3 : chance(r, 4) ? 1 : 2;
  const bool equal = chance(r, 2);
  const size_t longest = r.below(static_cast<u32>(count));
  std::vector<PlacedNumber> terms;
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    const int places = equal || i == longest ? most : static_cast<int>(r.between(0, most - 1));
    const i64 high = chance(r, 4) ? 0 : chance(r, 2) ? 9 : difficulty == 1 ? 20 : chance(r, 8) ? 200 : 99;
    terms.push_back(decimal_with(r, places, places == 0 ? std::max<i64>(high, 10) : high));
  }
  return terms;
}

// Writes both numbers with the same number of places ("0.50+0.25"), then computes with whole numbers ("50+25:...->75")
// and puts the point in ("0.75"). A model that pads, drops the point and adds in one step pads wrongly.
void write_decimals(Draft& d, const DecimalTerms& sum) {
  const int places = sum.places();
  i64 total = 0;
  for (size_t i = 0; i < sum.terms.size(); ++i) {
    if (i > 0) d.trace += sum.signs[i];
    d.trace += text_of({at_places(sum.terms[i], places), places});
  }
  d.trace += '\n';
  for (size_t i = 0; i < sum.terms.size(); ++i) {
    const i64 n = at_places(sum.terms[i], places);
    total = i == 0 ? n : sum.signs[i] == '+' ? write_add(d.trace, total, n) : write_sub(d.trace, total, n);
  }
  d.answer = write_placed(d.trace, {total, places});
}

// "three point two five"
std::string decimal_in_words(const std::string& text) {
  const size_t point = text.find('.');
  std::string words = number_in_words(std::stoll(text.substr(0, point)));
  if (point == text.npos) return words;
  words += " point";
  for (const char c : text.substr(point + 1)) words += " " + number_in_words(c - '0');
  return words;
}

// The numbers as people type them: 0.5 is sometimes ".5", and the point sometimes a comma or a word.
std::vector<std::string> decimals_as_typed(Random& r, const std::vector<PlacedNumber>& terms) {
  std::vector<std::string> shown;
  const bool comma = chance(r, 30), words = !comma && chance(r, 25), bare_point = !comma && !words && chance(r, 5);
  for (const PlacedNumber& n : terms) {
    std::string text = text_of(n);
    if (comma) std::replace(text.begin(), text.end(), '.', ',');
    if (words) text = decimal_in_words(text);
    if (bare_point && text.starts_with("0.")) text.erase(0, 1);
    shown.push_back(std::move(text));
  }
  return shown;
}

std::string ask_two_decimals(Random& r, const DecimalTerms& sum) {
  const bool plus = sum.signs[1] == '+';
  const std::vector<std::string> shown = decimals_as_typed(r, sum.terms);
  const bool in_words = std::isalpha(static_cast<unsigned char>(shown[0].back())) != 0;
  const int places = sum.places();
  const bool negative = !plus && at_places(sum.terms[0], places) < at_places(sum.terms[1], places);
  if (negative || r.below(3) < 2)
    return ask_for(r, with_sign(r, shown[0], sum.signs[1], shown[1], in_words ? Terms::words : Terms::digits));
  const NamedValues values = {{"a", shown[0]}, {"b", shown[1]}};
  return plus ? ask_any(r, {kDecimalSums, kDecimalAdd, kDecimalSumQuestions}, values)
              : ask_any(r, {kDecimalDifferences, kDecimalSub, kDecimalDifferenceQuestions}, values);
}

std::string decimals_content(const DecimalTerms& sum) {
  std::string content = "decimals ";
  for (size_t i = 0; i < sum.terms.size(); ++i) {
    if (i > 0) content += sum.signs[i];
    content += text_of(trimmed(sum.terms[i]));
  }
  return content;
}

// What is paid together, or the change from a round sum.
Draft draft_money(Random& r, int difficulty) {
  static constexpr i64 kNotes[] = {5, 10, 10, 20, 20, 50, 100};
  const bool plus = chance(r, 3);
  const i64 high = difficulty == 1 ? 9 : 40;
  PlacedNumber b = decimal_with(r, chance(r, 5) ? 1 : 2, high), a = decimal_with(r, 2, high);
  if (b.places == 1) b.digits *= 10, b.places = 2;  // an amount of money has two places
  if (!plus && chance(r, 4) && a.digits < b.digits) std::swap(a, b);
  else if (!plus) do
      a = {pick(r, kNotes), 0};
    while (at_places(a, 2) < b.digits);
  const DecimalTerms sum{{a, b}, plus ? "++" : "+-"};
  Draft d;
  write_decimals(d, sum);
  const std::string_view form = pick(r, kMoneyForms);
  const std::string x = put_in(form, {{"n", text_of(a)}}), y = put_in(form, {{"n", text_of(b)}});
  const Bodies bodies = plus ? Bodies{{}, {}, kMoneySums} : Bodies{{}, {}, kMoneyChange};
  d.prompt = ask_any(r, bodies, {{"a", x}, {"b", y}});
  d.content = decimals_content(sum);
  return d;
}

// Three terms with one style of signs: "0.5 + 0.25 + 1".
Draft draft_three_decimals(Random& r, int difficulty) {
  DecimalTerms sum{decimal_terms(r, difficulty, 3), "+++"};
  const int places = sum.places();
  if (chance(r, 3)) {
    std::sort(sum.terms.begin(), sum.terms.end(), [&](const PlacedNumber& x, const PlacedNumber& y) {
      return at_places(x, places) > at_places(y, places);
    });
    sum.signs[chance(r, 2) ? 2 : 1] = '-';
    if (chance(r, 3)) sum.signs = "+--";
  }
  Draft d;
  write_decimals(d, sum);
  const bool spaced = !chance(r, 3);
  std::string shown;
  for (size_t i = 0; i < sum.terms.size(); ++i) {
    if (i > 0) shown.append(spaced ? " " : "").append(1, sum.signs[i]).append(spaced ? " " : "");
    shown += text_of(sum.terms[i]);
  }
  static constexpr std::string_view kThree[] = {"the sum of {a}, {b} and {c}", "the total of {a}, {b} and {c}",
                                                "{a}, {b} and {c} together", "{a} plus {b} plus {c}"};
  if (sum.signs == "+++" && chance(r, 3))
    shown = put_in(pick(r, kThree),
                   {{"a", text_of(sum.terms[0])}, {"b", text_of(sum.terms[1])}, {"c", text_of(sum.terms[2])}});
  d.prompt = ask_for(r, shown);
  d.content = decimals_content(sum);
  return d;
}

}  // namespace

// 1: mostly one place; 2: two places, rarely three. In half of the problems the numbers of places differ.
Draft draft_decimal_sum(Random& r, int difficulty) {
  if (chance(r, 8)) return draft_money(r, difficulty);
  if (chance(r, 12)) return draft_three_decimals(r, difficulty);
  const bool plus = chance(r, 2);
  DecimalTerms sum{decimal_terms(r, difficulty, 2), plus ? "++" : "+-"};
  const int places = sum.places();
  if (!plus && at_places(sum.terms[0], places) < at_places(sum.terms[1], places) && !chance(r, 5))
    std::swap(sum.terms[0], sum.terms[1]);
  Draft d;
  write_decimals(d, sum);
  d.prompt = ask_two_decimals(r, sum);
  d.content = decimals_content(sum);
  return d;
}

}  // namespace r1
