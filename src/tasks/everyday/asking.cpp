#include "tasks/everyday/asking.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

#include "core/error.hpp"
#include "tasks/generators.hpp"

namespace r1 {
namespace {

// clang-format off
constexpr std::string_view kValueOpeners[] = {
    "what is ", "what is ", "what is ", "what is ", "what's ", "what's ", "whats ", "whats ", "what does ",
    "how much is ", "how much is ", "how many is ", "calculate ", "calculate ", "compute ", "work out ",
    "figure out ", "find ", "evaluate ", "solve ", "solve this: ", "tell me ", "give me ", "say ", "show me ",
    "answer ", "answer this: ", "can you calculate ", "can you compute ", "can you solve ", "could you work out ",
    "could you calculate ", "can you tell me ", "could you tell me ", "can you tell me what is ", "do you know ",
    "do you know what is ", "i need ", "i need to know ", "i want to know ", "i would like to know ",
    "i'd like to know ", "please calculate ", "please compute ", "please tell me ", "please solve ", "what would be ",
    "what will be ", "what do you get for ", "what do i get for ", "what is the answer to ", "what's the answer to ",
    "what is the answer of ", "what is the result of ", "what's the result of ", "what is the value of ",
    "find the value of ", "give me the answer to ", "give me the result of ", "tell me the answer to ",
    "tell me the value of ", "the answer to ", "result of ", "value of ", "help me with ", "help me calculate ",
    "lets do ", "let's try ", "how about ", "what about ", "try ", "i wonder what is ", "quickly: ", "determine ",
    "calc ", "wat is ", "what is equal to ", "how do you solve ", "how do i calculate ", "how to calculate ",
    "my question is ", "guess what is ", "hmm what is ", "so what is "};
constexpr std::string_view kBareEndings[] = {
    "", "", "", "", "", "", "=", "=", "=", " =", " =", "= ?", "=?", " = ?", " =?", "?", "?", " ?", "??", "=??", ".",
    " equals", " equals?", " equals what?", " is equal to?", " is", " is?", " is what?", " makes", " makes?",
    " makes what?", " please", " pls", ", please", " = what?", " = x?", " = __", " = ...", "...", "!", " answer?",
    " thanks", "? thanks", " - what is it?", ", what is it?", " how much is it?", " what is the answer",
    ": what is the result?"};
constexpr std::string_view kQuestionEndings[] = {
    "?", "?", "?", "?", "?", "?", "?", "", "", "", "", "", "", "??", " ?", "???", "!", ".", " please", " please?",
    ", please?", " pls", " thanks", "? thanks!", ", thanks", "? please", "? thank you", " for me?", "?!", " then?",
    " exactly?", " again?", " now?", "? quick!", "? i forgot", "? i need it for school"};
constexpr std::string_view kOrderOpeners[] = {
    "", "", "", "", "", "", "please ", "please ", "pls ", "can you ", "can you ", "can you please ", "could you ",
    "could you please ", "would you ", "will you ", "i want you to ", "i need you to ", "now ", "let's ", "lets ",
    "try to ", "help me to ", "help me ", "i'd like you to ", "just ", "go ahead and ", "your task: ", "task: ",
    "kindly "};
constexpr std::string_view kOrderEndings[] = {
    "", "", "", "", ".", ".", ".", ".", "!", "?", " please", ", please", " please.", " for me", " for me please",
    " and tell me the result", " and tell me the answer", ". what is the result?", ". what do you get?",
    ". what's the answer?", " thanks", ", thanks!", ". thank you", " pls", "..."};
constexpr std::string_view kWhetherOpeners[] = {
    "", "", "", "", "", "", "", "", "tell me, ", "can you tell me: ", "do you know: ", "i have a question: ",
    "please tell me, ", "question: ", "tell me: ", "my question is: ", "i'd like to know, ", "answer this: ",
    "say, "};
constexpr std::string_view kGreetings[] = {
    "hi, ", "hi ", "hello, ", "hello! ", "hey ", "hey, ", "hi! ", "ok, ", "ok ", "okay, ", "so, ", "so ", "well, ",
    "hmm, ", "um ", "quick question: ", "question: ", "q: ", "math: ", "easy one: ", "hey nano, ", "nano, ",
    "good morning, ", "yo ", "excuse me, ", "a question: ", "math question: ", "homework: ", "next: ", "hi there, ",
    "hello there, ", "dear nano, "};

constexpr std::string_view kUnits[] = {
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
constexpr std::string_view kTens[] = {
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"};
// clang-format on

struct SignForms {
  char sign;
  std::vector<std::string_view> signs, words;
};

const SignForms& forms_of(char sign) {
  static const std::vector<SignForms> kForms = {
      {'+', {"+", "+", "+"}, {"plus", "plus", "plus", "added to", "and then plus"}},
      {'-', {"-", "-", "-", "−", "–"}, {"minus", "minus", "minus", "less", "take away", "subtract"}},
      {'*', {"*", "*", "*", "x", "x", "x", "×", "×", "X", "·", "∗"}, {"times", "times", "times", "multiplied by", "x"}},
      {'/', {"/", "/", "/", "÷", "÷", ":"}, {"divided by", "divided by", "over", "divide by"}}};
  for (const SignForms& forms : kForms)
    if (forms.sign == sign) return forms;
  R1_CHECK(false, "with_sign: no sign {}", sign);
  return kForms.front();
}

std::string lower_first(std::string text) {
  text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

// Puts an ending behind a question. Behind a digit "!" is left out, because "5!" asks for a factorial.
std::string with_ending(std::string text, std::string_view ending) {
  const bool digit = std::isdigit(static_cast<unsigned char>(text.back())) != 0;
  return text.append(digit && ending == "!" ? "" : ending);
}

// Swaps two neighbouring letters of a word, or drops one, behind the first letter of the text.
void slip(Random& r, std::string& text) {
  const auto letter = [&](size_t i) { return std::islower(static_cast<unsigned char>(text[i])) != 0; };
  for (int tries = 0; tries < 8 && text.size() > 6; ++tries) {
    const size_t i = 1 + r.below(static_cast<u32>(text.size() - 3));
    if (!letter(i - 1) || !letter(i) || !letter(i + 1) || !letter(i + 2)) continue;
    if (chance(r, 2)) std::swap(text[i], text[i + 1]);
    else text.erase(i, 1);
    return;
  }
}

}  // namespace

std::string put_in(std::string_view pattern, NamedValues values) {
  std::string out;
  while (!pattern.empty()) {
    const size_t open = std::min(pattern.find('{'), pattern.size());
    out += pattern.substr(0, open);
    pattern.remove_prefix(open);
    if (pattern.empty()) break;
    const size_t close = pattern.find('}');
    R1_CHECK(close != pattern.npos, "put_in: no }} in '{}'", pattern);
    const std::string_view name = pattern.substr(1, close - 1);
    const auto* found = std::find_if(values.begin(), values.end(), [&](const auto& v) { return v.first == name; });
    R1_CHECK(found != values.end(), "put_in: no value for '{}'", name);
    out += found->second;
    pattern.remove_prefix(close + 1);
  }
  return out;
}

std::string number_in_words(i64 n) {
  if (n < 0 || n > 999) return std::to_string(n);
  if (n < 20) return std::string(kUnits[n]);
  if (n < 100) return std::string(kTens[n / 10]).append(n % 10 ? "-" + std::string(kUnits[n % 10]) : "");
  return std::string(kUnits[n / 100]).append(" hundred").append(n % 100 ? " and " + number_in_words(n % 100) : "");
}

std::string with_sign(Random& r, std::string_view a, char sign, std::string_view b, Terms terms) {
  const SignForms& forms = forms_of(sign);
  if (terms == Terms::words || chance(r, 4))
    return put_in("{a} {s} {b}", {{"a", a}, {"s", pick(r, std::span(forms.words))}, {"b", b}});
  const std::string_view shown = pick(r, std::span(forms.signs));
  const u32 spacing = r.below(16);  // half of them with two spaces, most others with none
  const std::string_view pattern = spacing < 8     ? "{a} {s} {b}"
                                   : spacing < 14  ? "{a}{s}{b}"
                                   : spacing == 14 ? "{a}{s} {b}"
                                                   : "{a} {s}{b}";
  return put_in(pattern, {{"a", a}, {"s", shown}, {"b", b}});
}

std::string as_typed(Random& r, std::string text) {
  if (chance(r, 14)) text = std::string(pick(r, kGreetings)) + lower_first(std::move(text));
  if (chance(r, 25)) slip(r, text);
  if (!chance(r, 3)) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  if (chance(r, 30))
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (chance(r, 50) && text.find(' ') != text.npos) text.insert(text.find(' '), " ");
  if (chance(r, 60)) text += ' ';
  return text;
}

std::string ask_for(Random& r, std::string_view body) {
  if (chance(r, 2)) return as_typed(r, with_ending(std::string(body), pick(r, kBareEndings)));
  const std::string_view opener = pick(r, kValueOpeners);
  std::string text = std::string(opener).append(body);
  if (opener == "what does ") {
    static constexpr std::string_view kVerbs[] = {" equal", " make", " give", " come to", " equals"};
    text += pick(r, kVerbs);
  }
  return as_typed(r, with_ending(std::move(text), pick(r, kQuestionEndings)));
}

std::string ask_to(Random& r, std::string_view order) {
  return as_typed(r, with_ending(std::string(pick(r, kOrderOpeners)).append(order), pick(r, kOrderEndings)));
}

std::string ask_whether(Random& r, std::string_view question) {
  return as_typed(r, with_ending(std::string(pick(r, kWhetherOpeners)).append(question), pick(r, kQuestionEndings)));
}

std::string ask_on(Random& r, std::string_view question) {
  static constexpr std::string_view kEndings[] = {"",   "",        "",     "",       "?",        "?", "?",
                                                  "??", " please", " pls", " then?", " please?", ".", " now"};
  if (chance(r, 3)) return ask_whether(r, question);
  return as_typed(r, with_ending(std::string(question), pick(r, kEndings)));
}

std::string ask_any(Random& r, const Bodies& bodies, NamedValues values) {
  const bool orders = !bodies.orders.empty(), questions = !bodies.questions.empty();
  const u32 choice = r.below(5);
  if (!bodies.values.empty() && (choice < 2 || (!orders && !questions)))
    return ask_for(r, put_in(pick(r, bodies.values), values));
  if (orders && (!questions || choice < 3 || (choice == 3 && chance(r, 2))))
    return ask_to(r, put_in(pick(r, bodies.orders), values));
  return ask_whether(r, put_in(pick(r, bodies.questions), values));
}

}  // namespace r1
