// The generator of equations in everyday form, with one or two steps: "10 - x = 3", "__ + 5 = 12", "8 times what is
// 56", "i think of a number, double it, add 3 and get 11".
#include <cstdlib>

#include "tasks/everyday/everyday.hpp"

namespace r1 {
namespace {

// clang-format off
// {u} is the unknown, {k} the known number beside it and {c} the result.
constexpr std::string_view kPlusFirst[] = {
    "{u} plus {k}", "{u} plus {k}", "{u} plus {k}", "{u} + {k}", "{u} + {k}", "{u} increased by {k}",
    "{u} added to {k}", "{u} and {k} together"};
constexpr std::string_view kPlusSecond[] = {
    "{k} plus {u}", "{k} plus {u}", "{k} plus {u}", "{k} + {u}", "{k} + {u}", "{k} and {u}", "{k} increased by {u}",
    "{k} and {u} together"};
constexpr std::string_view kMinusFirst[] = {
    "{u} minus {k}", "{u} minus {k}", "{u} minus {k}", "{u} - {k}", "{u} - {k}", "{u} take away {k}", "{u} less {k}",
    "{u} decreased by {k}", "{u} reduced by {k}"};
constexpr std::string_view kMinusSecond[] = {
    "{k} minus {u}", "{k} minus {u}", "{k} minus {u}", "{k} - {u}", "{k} - {u}", "{k} take away {u}", "{k} less {u}",
    "{k} reduced by {u}"};
constexpr std::string_view kTimes[] = {
    "{k} times {u}", "{k} times {u}", "{k} times {u}", "{u} times {k}", "{u} times {k}", "{k} multiplied by {u}",
    "{u} multiplied by {k}", "{k} * {u}", "{u} * {k}", "{k} × {u}", "{u} multiplied with {k}"};
constexpr std::string_view kOverFirst[] = {
    "{u} divided by {k}", "{u} divided by {k}", "{u} divided by {k}", "{u} / {k}", "{u} over {k}", "{u} ÷ {k}",
    "{u} divided into {k} equal parts"};
constexpr std::string_view kOverSecond[] = {
    "{k} divided by {u}", "{k} divided by {u}", "{k} divided by {u}", "{k} / {u}", "{k} over {u}", "{k} ÷ {u}"};

constexpr std::string_view kDoPlus[] = {"add {k}", "add {k}", "add {k} to it", "increase it by {k}"};
constexpr std::string_view kDoMinusFirst[] = {
    "subtract {k}", "take away {k}", "subtract {k} from it", "take {k} away from it", "reduce it by {k}"};
constexpr std::string_view kDoMinusSecond[] = {"subtract it from {k}", "take it away from {k}", "take it from {k}"};
constexpr std::string_view kDoTimes[] = {
    "multiply it by {k}", "multiply it by {k}", "multiply by {k}", "multiply it with {k}", "times it by {k}"};
constexpr std::string_view kDoOverFirst[] = {
    "divide it by {k}", "divide it by {k}", "divide by {k}", "divide it into {k} equal parts"};
constexpr std::string_view kDoOverSecond[] = {"divide {k} by it", "divide the number {k} by it"};

constexpr std::string_view kAskPlusFirst[] = {
    "{k} added to which number gives {c}", "to which number do i add {k} to get {c}", "{k} more than what is {c}",
    "{k} more than which number is {c}", "which number becomes {c} when {k} is added to it"};
constexpr std::string_view kAskPlusSecond[] = {
    "what do i add to {k} to get {c}", "what must be added to {k} to make {c}",
    "what do you have to add to {k} to get {c}", "how much do i add to {k} to reach {c}",
    "how much is missing from {k} to {c}", "{k} plus how much is {c}", "how much must i add to {k} to get {c}",
    "what should i add to {k} so that it is {c}", "add what to {k} to get {c}",
    "how many do i need to go from {k} to {c}", "i have {k} and need {c}, how many more do i need",
    "what needs to be added to {k} for {c}", "how far is it from {k} to {c}"};
constexpr std::string_view kAskMinusFirst[] = {
    "from what number do i take {k} to get {c}", "{k} less than what is {c}", "{k} less than which number is {c}",
    "{k} taken from which number leaves {c}", "which number becomes {c} when {k} is taken away",
    "from which number can i subtract {k} to get {c}"};
constexpr std::string_view kAskMinusSecond[] = {
    "what do i take away from {k} to get {c}", "what must be subtracted from {k} to get {c}",
    "how much do i take from {k} to leave {c}", "take what from {k} to get {c}",
    "what do i have to subtract from {k} so that {c} is left", "i had {k} and now have {c}, how many are gone",
    "how much was taken from {k} if {c} is left"};
constexpr std::string_view kAskTimes[] = {
    "what do i multiply {k} by to get {c}", "what must {k} be multiplied by to make {c}", "{k} times how much is {c}",
    "how many times {k} is {c}", "how many {k}s make {c}", "multiply {k} by what to get {c}",
    "by what do i multiply {k} to get {c}", "which number do i multiply with {k} to get {c}",
    "{k} goes how many times into {c}"};
constexpr std::string_view kAskOverFirst[] = {
    "what do i divide by {k} to get {c}", "which number do i divide by {k} to get {c}",
    "which number becomes {c} when it is divided by {k}", "what shared by {k} gives {c} each"};
constexpr std::string_view kAskOverSecond[] = {
    "what do i divide {k} by to get {c}", "by what must {k} be divided to get {c}", "divide {k} by what to get {c}",
    "by which number do i divide {k} to get {c}"};

// What equals what: {p} holds the unknown, {c} is the result.
constexpr std::string_view kEquals[] = {
    "{p} is {c}", "{p} is {c}", "{p} is {c}", "{p} gives {c}", "{p} gives {c}", "{p} makes {c}", "{p} equals {c}",
    "{p} equals {c}", "{p} = {c}", "{p} = {c}", "{p} is equal to {c}", "{p} comes to {c}", "{p} results in {c}",
    "{c} is {p}", "{c} equals {p}", "{c} = {p}"};
constexpr std::string_view kLetterQuestions[] = {
    "{e}", "{e}", "{e}", "{e}", "{e}", "{e}", "{e}, {u} = ?", "{e}, {u} = ?", "{e}, {u}=?", "{e} {u}=?",
    "{e}, what is {u}", "{e}. what is {u}", "{e} what is {u}", "{e} whats {u}", "{e}, what's {u}", "what is {u} if {e}",
    "what's {u} when {e}", "what is {u} in {e}", "what is the value of {u} in {e}", "if {e}, what is {u}",
    "if {e} what is {u}", "if {e} what's {u}", "if {e} then what is {u}", "if {e} then {u} is", "{e} then {u}",
    "what must {u} be if {e}", "how much is {u} if {e}", "{e}, how much is {u}", "which {u} makes {e} true",
    "for which {u} is {e}", "{e}, so {u} is", "let {e}, what is {u}", "{u} in {e}", "given {e} what is {u}",
    "suppose {e}, what would {u} be", "i have {e} and need {u}", "which number is {u} in {e}",
    "what does {u} equal if {e}", "{e} and i don't know {u}, what is it"};
constexpr std::string_view kLetterOrders[] = {
    "solve {e}", "solve {e}", "solve: {e}", "solve {e} for {u}", "solve for {u}: {e}", "solve for {u} {e}",
    "find {u}: {e}", "find {u} if {e}", "find {u} in {e}", "{e} find {u}", "{e}, find {u}", "{e}, solve for {u}",
    "{e} solve", "work out {u}: {e}", "work out {u} if {e}", "calculate {u} in {e}", "get {u} from {e}",
    "determine {u}: {e}", "solve the equation {e}", "find the value of {u} if {e}", "isolate {u}: {e}"};
constexpr std::string_view kBlanks[] = {"?", "?", "?", "?", "__", "__", "___", "_", "____", "...", "[]", "[ ]", "□"};
constexpr std::string_view kBlankQuestions[] = {
    "{e}", "{e}", "{e}", "{e}", "{e}", "{e}", "{e}", "what goes in the blank: {e}", "what goes in the gap, {e}",
    "{e}, what is missing", "{e} what is the missing number", "missing number: {e}", "which number is missing in {e}",
    "what number is missing: {e}", "which number goes here: {e}", "what number belongs in the gap: {e}",
    "{e}, which number fits", "what number makes this true: {e}", "{e} what comes there"};
constexpr std::string_view kBlankOrders[] = {
    "fill in the blank: {e}", "fill in: {e}", "fill the gap: {e}", "complete: {e}", "complete {e}",
    "find the missing number: {e}", "find the missing number in {e}", "replace the blank: {e}", "solve {e}",
    "put in the right number: {e}"};
constexpr std::string_view kAskingNames[] = {
    "what", "what", "what number", "what number", "which number", "which number", "how much"};
constexpr std::string_view kNumberNames[] = {"a number", "a number", "some number", "a certain number", "the number"};
constexpr std::string_view kNumberQuestions[] = {
    "{e}. what is the number", "{e}, what is the number", "{e} what is the number", "{e}, what number is it",
    "if {e}, what is the number", "if {e} then what is the number", "{e}. which number is it",
    "{e}, which number is it", "what is the number if {e}", "what's the number when {e}", "{e}, how big is the number",
    "{e}: which number", "which number is it if {e}", "i know that {e}, what is the number", "{e}. find the number",
    "find the number: {e}", "find the number if {e}", "{e}, name the number"};
constexpr std::string_view kThoughts[] = {
    "i think of a number, {d} and get {c}", "i think of a number, {d} and get {c}",
    "i think of a number. i {d} and get {c}", "i'm thinking of a number. if i {d}, i get {c}",
    "i am thinking of a number, when i {d} it is {c}", "i take a number, {d} and the result is {c}",
    "take a number, {d}, you get {c}", "i start with a number, {d} and end with {c}",
    "i have a number, if you {d} you get {c}", "i chose a number. {d} and it becomes {c}",
    "there is a number, if i {d} the answer is {c}", "guess my number: i {d} and have {c}"};
constexpr std::string_view kThoughtEndings[] = {
    "", "", ", what is it", ". what is it", ". what is my number", ", what is the number", ". which number was it",
    ". what number did i start with", ". find the number", ", which number is it", ". what was the number"};

// Two steps: {a} times the unknown, and then {k} more or less ({s}).
constexpr std::string_view kTwice[] = {
    "double a number {s} {k}", "twice a number {s} {k}", "two times a number {s} {k}", "a number doubled {s} {k}",
    "the double of a number {s} {k}"};
constexpr std::string_view kManyTimes[] = {
    "{a} times a number {s} {k}", "{a} times a number {s} {k}", "a number times {a} {s} {k}",
    "a number multiplied by {a} {s} {k}", "{a} times some number {s} {k}"};
constexpr std::string_view kMoreThan[] = {
    "{k} {m} than {a} times a number", "{k} {m} than a number times {a}", "{k} {m} than {a} times some number"};
constexpr std::string_view kFirstMultiply[] = {
    "multiply it by {a}, {d}", "multiply it by {a} and then {d}", "multiply by {a}, then {d}", "times it by {a}, {d}"};
constexpr std::string_view kFirstDouble[] = {"double it, {d}", "double it and then {d}", "multiply it by 2, {d}"};
constexpr std::string_view kThenAdd[] = {"add {k}", "plus {k}"};
constexpr std::string_view kThenSubtract[] = {"subtract {k}", "take away {k}"};
// clang-format on

// An operation with the unknown on its left or its right.
struct Shape {
  char sign;
  bool unknown_first;
  std::span<const std::string_view> phrases, steps, idioms;
};

const Shape kShapes[] = {{'+', true, kPlusFirst, kDoPlus, kAskPlusFirst},
                         {'+', false, kPlusSecond, {}, kAskPlusSecond},
                         {'-', true, kMinusFirst, kDoMinusFirst, kAskMinusFirst},
                         {'-', false, kMinusSecond, kDoMinusSecond, kAskMinusSecond},
                         {'*', false, kTimes, kDoTimes, kAskTimes},
                         {'*', false, kTimes, kDoTimes, kAskTimes},
                         {'/', true, kOverFirst, kDoOverFirst, kAskOverFirst},
                         {'/', false, kOverSecond, kDoOverSecond, kAskOverSecond}};

struct OneStep {
  const Shape* shape = nullptr;
  i64 known = 0, result = 0, x = 0;
};

std::string in_digits(i64 n) { return std::to_string(n); }
std::string signed_number(i64 n) { return n == 0 ? "" : n < 0 ? in_digits(n) : "+" + in_digits(n); }

OneStep draw_one_step(Random& r) {
  OneStep p;
  p.shape = &pick(r, kShapes);
  const bool negative = chance(r, 16);
  const i64 limit = chance(r, 2) ? 12 : chance(r, 2) ? 30 : 99;
  const i64 m = r.between(1, limit), n = r.between(chance(r, 8) ? 0 : 1, limit), small = r.between(2, 12);
  const i64 few = r.between(1, chance(r, 5) ? 25 : 12);
  const bool first = p.shape->unknown_first;
  switch (p.shape->sign) {
    case '+': p.known = m, p.x = negative ? -n : n, p.result = m + p.x; break;
    case '-':
      p.x = first ? m + n : negative ? -n : n;
      p.known = m + (first ? 0 : n), p.result = first ? n : p.known - p.x;
      break;
    case '*': p.known = small, p.x = negative ? -few : few, p.result = small * p.x; break;
    default: p.known = first ? small : small * few, p.result = few, p.x = first ? small * few : small; break;
  }
  return p;
}

std::string plain_side(const OneStep& p) {
  if (p.shape->sign == '*') return in_digits(p.known) + "x";
  return p.shape->unknown_first ? std::string("x") + p.shape->sign + in_digits(p.known)
                                : in_digits(p.known) + p.shape->sign + "x";
}

// The equation with x, what x is, and the result: "10-x=3", "x=10-3", "10-3=7", "x=7". A multiple of x is divided at
// once, as in the kind "equation": "8x=56", "56/8=7r0", "x=7".
void write_one_step(Random& r, Draft& d, const OneStep& p) {
  std::string& t = d.trace;
  const bool first = p.shape->unknown_first;
  const i64 k = p.known, c = p.result;
  t += plain_side(p) + "=" + in_digits(c) + "\n";
  const auto means = [&](i64 a, char sign, i64 b) { t += "x=" + in_digits(a) + sign + in_digits(b) + "\n"; };
  switch (p.shape->sign) {
    case '+': means(c, '-', k), write_sub(t, c, k); break;
    case '-':
      if (first) means(c, '+', k), write_add(t, c, k);
      else means(k, '-', c), write_sub(t, k, c);
      break;
    case '*': write_exact_divide(t, c, k, r); break;
    default:
      if (first) means(c, '*', k), write_mul(t, c, k), contains_product(d, c, k);
      else means(k, '/', c), write_exact_divide(t, k, c, r);
  }
  t += "x=" + in_digits(p.x) + "\n";
}

// The content of the same equation in the kind "equation", where that kind has it.
std::string content_of(const OneStep& p) {
  const bool minus_first = p.shape->sign == '-' && p.shape->unknown_first;
  const std::string result = "=" + in_digits(p.result);
  if (p.shape->sign == '+') return "equation x+" + in_digits(p.known) + result;
  return (p.shape->sign == '*' || minus_first ? "equation " : "unknown ") + plain_side(p) + result;
}

// A letter and a number multiplied. "8 x x" is left out, because nobody can read it.
std::string multiple(Random& r, i64 k, std::string_view letter) {
  static constexpr std::string_view kForms[] = {"{k}{u}",    "{k}{u}",    "{k}{u}",        "{k}{u}",
                                                "{k}*{u}",   "{k} * {u}", "{k} × {u}",     "{k}·{u}",
                                                "{u} * {k}", "{u}*{k}",   "{k} times {u}", "{u} times {k}"};
  return put_in(pick(r, kForms), {{"k", in_digits(k)}, {"u", letter}});
}

// An equation in signs.
std::string equation(Random& r, const std::string& left, i64 result) {
  if (chance(r, 10)) return in_digits(result) + (chance(r, 3) ? "=" : " = ") + left;
  const bool spaces = left.find(' ') != left.npos;
  static constexpr std::string_view kSpaced[] = {" = ", " = ", " = ",      " = ",  " = ",
                                                 " = ", " = ", " equals ", " is ", " gives "};
  return left + std::string(spaces || chance(r, 4) ? pick(r, kSpaced) : "=") + in_digits(result);
}

// Most people type the equation first, so the questions, which hold it as it is, are more frequent than the orders.
std::string ask_letter(Random& r, const std::string& e, std::string_view letter) {
  if (chance(r, 3)) return ask_to(r, put_in(pick(r, kLetterOrders), {{"e", e}, {"u", letter}}));
  return ask_whether(r, put_in(pick(r, kLetterQuestions), {{"e", e}, {"u", letter}}));
}

std::string ask_blank(Random& r, const std::string& e) {
  if (chance(r, 4)) return ask_to(r, put_in(pick(r, kBlankOrders), {{"e", e}}));
  return ask_whether(r, put_in(pick(r, kBlankQuestions), {{"e", e}}));
}

std::string drawn_letter(Random& r) { return std::string(1, "xxxxxxxxyynnabzmkpt"[r.below(19)]); }

std::string ask_in_signs(Random& r, const OneStep& p, bool letter) {
  const std::string u = letter ? drawn_letter(r) : std::string(pick(r, kBlanks)), k = in_digits(p.known);
  const char sign = p.shape->sign;
  const bool first = sign == '*' ? chance(r, 2) : p.shape->unknown_first;
  const std::string left =
      letter && sign == '*' ? multiple(r, p.known, u) : with_sign(r, first ? u : k, sign, first ? k : u);
  const std::string e = equation(r, left, p.result);
  return letter ? ask_letter(r, e, u) : ask_blank(r, e);
}

std::string thought(Random& r, std::string_view steps, std::string_view result) {
  return ask_whether(r, put_in(pick(r, kThoughts), {{"d", steps}, {"c", result}}).append(pick(r, kThoughtEndings)));
}

std::string ask_in_words(Random& r, const OneStep& p) {
  const bool words = p.known <= 100 && p.result <= 100 && chance(r, 12);
  const std::string k = words ? number_in_words(p.known) : in_digits(p.known);
  const std::string c = words ? number_in_words(p.result) : in_digits(p.result);
  const auto with_unknown = [&](std::string_view u) {
    const std::string phrase = put_in(pick(r, p.shape->phrases), {{"u", u}, {"k", k}});
    return put_in(pick(r, kEquals), {{"p", phrase}, {"c", c}});
  };
  switch (r.below(6)) {
    case 0:
      if (p.shape->steps.empty()) break;
      return thought(r, put_in(pick(r, p.shape->steps), {{"k", k}}), c);
    case 1: return ask_whether(r, put_in(pick(r, kNumberQuestions), {{"e", with_unknown(pick(r, kNumberNames))}}));
    case 2: break;
    default: return ask_whether(r, with_unknown(pick(r, kAskingNames)));
  }
  return ask_whether(r, put_in(pick(r, p.shape->idioms), {{"k", k}, {"c", c}}));
}

Draft draft_one_step(Random& r) {
  const OneStep p = draw_one_step(r);
  Draft d;
  write_one_step(r, d, p);
  d.answer = in_digits(p.x);
  // "What must be added to 7 to get 3" is a question that only a sign makes plain.
  const u32 way = p.x < 0 ? r.below(6) : r.below(10);
  d.prompt = way < 6 ? ask_in_signs(r, p, way < 4) : ask_in_words(r, p);
  const bool small = std::abs(p.x) <= 12 && p.known <= 12;
  d.content = small ? small_content("unknown", d.prompt) : content_of(p);
  return d;
}

// a x + b = c, in the notation of the kind "equation".
Draft draft_linear(Random& r) {
  const i64 a = chance(r, 3) ? 2 : r.between(2, 12), x = chance(r, 6) ? -r.between(1, 12) : r.between(1, 12);
  i64 b = r.between(1, chance(r, 2) ? 12 : 30) * (chance(r, 3) ? -1 : 1);
  if (chance(r, 12)) b = -a * x;
  const i64 c = a * x + b, size = std::abs(b);
  const std::string term = in_digits(a) + "x";
  Draft d;
  std::string& t = d.trace;
  t += term + signed_number(b) + "=" + in_digits(c) + "\n" + term + "=" + in_digits(c) + signed_number(-b) + "\n";
  const i64 product = b > 0 ? write_sub(t, c, b) : write_add(t, c, -b);
  t += term + "=" + in_digits(product) + "\n";
  write_exact_divide(t, product, a, r);
  t += "x=" + in_digits(x) + "\n";
  d.answer = in_digits(x);
  d.content = "equation " + term + signed_number(b) + "=" + in_digits(c);

  const std::string k = in_digits(size), result = in_digits(c),
                    times = a <= 12 && chance(r, 8) ? number_in_words(a) : in_digits(a);
  const u32 way = x < 0 || c < 0 ? 9 : r.below(10);
  if (way < 2) {
    const std::string last = put_in(b > 0 ? pick(r, kThenAdd) : pick(r, kThenSubtract), {{"k", k}});
    const bool twice = a == 2 && !chance(r, 4);
    const std::string_view steps = twice ? pick(r, kFirstDouble) : pick(r, kFirstMultiply);
    d.prompt = thought(r, put_in(steps, {{"a", times}, {"d", last}}), result);
  } else if (way < 4) {
    const std::string_view phrase = a == 2 && !chance(r, 4) ? pick(r, kTwice)
                                    : chance(r, 6)          ? pick(r, kMoreThan)
                                                            : pick(r, kManyTimes);
    const std::string p =
        put_in(phrase, {{"a", times}, {"k", k}, {"s", b > 0 ? "plus" : "minus"}, {"m", b > 0 ? "more" : "less"}});
    const std::string e = put_in(pick(r, kEquals), {{"p", p}, {"c", result}});
    d.prompt = ask_whether(r, put_in(pick(r, kNumberQuestions), {{"e", e}}));
  } else {
    const std::string u = drawn_letter(r), product_text = multiple(r, a, u);
    const std::string left =
        b > 0 && chance(r, 6) ? with_sign(r, k, '+', product_text) : with_sign(r, product_text, b > 0 ? '+' : '-', k);
    d.prompt = ask_letter(r, equation(r, left, c), u);
  }
  return d;
}

// x / a + b = c, or b - a x = c.
Draft draft_other_two_steps(Random& r) {
  const i64 a = r.between(2, 9), x = r.between(1, 12), size = r.between(1, 20), c = r.between(0, 20);
  Draft d;
  std::string& t = d.trace;
  std::string left;
  const std::string u = drawn_letter(r);
  if (chance(r, 2)) {
    const i64 b = chance(r, 3) ? -size : size, result = x + b;
    if (result < 0) return draft_other_two_steps(r);
    const std::string part = "x/" + in_digits(a);
    t += part + signed_number(b) + "=" + in_digits(result) + "\n" + part + "=" + in_digits(result) + signed_number(-b) +
         "\n";
    if (b > 0) write_sub(t, result, b);
    else write_add(t, result, -b);
    t += part + "=" + in_digits(x) + "\nx=" + in_digits(x) + "*" + in_digits(a) + "\n";
    d.answer = in_digits(write_mul(t, x, a));
    t += "x=" + d.answer + "\n";
    d.content = "unknown " + part + signed_number(b) + "=" + in_digits(result);
    left = with_sign(r, u + "/" + in_digits(a), b > 0 ? '+' : '-', in_digits(size));
    d.prompt = ask_letter(r, equation(r, left, result), u);
  } else {
    const i64 total = a * x + c;
    const std::string term = in_digits(a) + "x";
    t += in_digits(total) + "-" + term + "=" + in_digits(c) + "\n" + term + "=" + in_digits(total) + signed_number(-c) +
         "\n";
    const i64 product = write_sub(t, total, c);
    t += term + "=" + in_digits(product) + "\n";
    d.answer = in_digits(write_exact_divide(t, product, a, r));
    t += "x=" + d.answer + "\n";
    d.content = "unknown " + in_digits(total) + "-" + term + "=" + in_digits(c);
    left = with_sign(r, in_digits(total), '-', in_digits(a) + u);
    d.prompt = ask_letter(r, equation(r, left, c), u);
  }
  return d;
}

}  // namespace

// 1: one operation with an unknown; 2: two operations.
Draft draft_unknown(Random& r, int difficulty) {
  if (difficulty == 1) return draft_one_step(r);
  return chance(r, 5) ? draft_other_two_steps(r) : draft_linear(r);
}

}  // namespace r1
