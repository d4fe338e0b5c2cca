#include "tasks/everyday/asking.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

#include "core/error.hpp"
#include "tasks/generators.hpp"

namespace r1 {
namespace {

// clang-format off
// What most people type. Each table of these is used as often as the longer one of the same sort below.
constexpr std::string_view kUsualOpeners[] = {
    "what is ", "what is ", "what is ", "what is ", "what is ", "what's ", "what's ", "whats ", "how much is ",
    "how much is ", "calculate ", "calculate ", "compute ", "solve "};
constexpr std::string_view kUsualBareEndings[] = {"", "", "", "", "=", "=", "=", "?", "?", "=?", " =", " = ?", "= ?"};
constexpr std::string_view kUsualQuestionEndings[] = {"?", "?", "?", "?", "", "", "."};
constexpr std::string_view kUsualOrderOpeners[] = {"", "", "", "", "please ", "can you "};
constexpr std::string_view kUsualOrderEndings[] = {"", "", "", ".", ".", "!", "?"};
constexpr std::string_view kUsualWhetherOpeners[] = {""};

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
    "my question is ", "guess what is ", "hmm what is ", "so what is ",
    "can u tell me ", "can u calculate ", "can u do ", "can you do ", "do u know ", "pls calculate ",
    "plz calculate ", "plz solve ", "wats ", "wat's ", "wots ", "gimme ", "lemme know what is ",
    "let me know what is ", "i need help with ", "need help with ", "need to know ", "i need the answer to ",
    "i need the result of ", "i need to calculate ", "i have to calculate ", "i have to find ", "i have to solve ",
    "i am trying to calculate ", "i'm trying to find ", "i'm trying to figure out ", "i'm stuck on ",
    "i am stuck with ", "i was wondering what is ", "i was wondering about ", "i wonder how much is ",
    "i'd love to know ", "i want the value of ", "i want ", "any idea what is ", "any idea how much is ",
    "would you mind calculating ", "would you calculate ", "could you help me calculate ",
    "could you possibly work out ", "could you please find ", "can you please tell me ", "can you help me with ",
    "can you help me find ", "can you figure out ", "can you find ", "can you give me ", "can you work out ",
    "can you quickly do ", "hey can you help me figure out what is ", "please can you tell me what is ",
    "please help me find ", "please find ", "please give me ", "please work out ", "please answer: ",
    "please evaluate ", "kindly calculate ", "kindly tell me ", "tell me what is ", "tell me how much is ",
    "tell me please what is ", "say what is ", "who knows ", "who can tell me ", "does anyone know ",
    "do you happen to know ", "you know ", "my teacher asked ", "my teacher wants to know ", "my son asks what is ",
    "my daughter asks: ", "my kid needs ", "homework: ", "exercise: ", "problem: ", "to calculate: ", "to solve: ",
    "task: ", "quiz: ", "test: ", "check: ", "result for ", "value for ", "the value of ", "the result of ",
    "solution of ", "solution to ", "the solution to ", "what's the solution to ", "what is the output of ",
    "the outcome of ", "what comes out of ", "what do we get for ", "what do you get from ", "what should be ",
    "what might be ", "what exactly is ", "what number is ", "what number do i get for ", "which number is ",
    "how high is ", "how large is ", "how do you calculate ", "how do you do ", "how do i solve ", "how to solve ",
    "how to compute ", "how would you calculate ", "find out ", "find out what is ", "find me ",
    "find the answer to ", "find the result of ", "get ", "get me ", "obtain ", "perform ", "run ", "do ",
    "do this: ", "do the math: ", "do the calculation: ", "count ", "now calculate ", "now compute ",
    "next, what is ", "then what is ", "ok what is ", "and what is ", "also, what is ", "again, what is ",
    "just tell me ", "simply calculate ", "quick, what is ", "quick question, what is ", "simple question: ",
    "easy: ", "maths: ", "math problem: ", "puzzle: ", "a quick one: ", "let us compute ", "let us calculate ",
    "let's calculate ", "help: ", "help me find ", "help me solve ", "help me work out ", "help me out with ",
    "explain what is ", "show me the result of ", "show ", "show how much is ", "display ", "write down ", "return ",
    "output ", "evaluate this: ", "solve please: ", "solve for me ", "calculate for me ", "answer please: ",
    "estimate exactly ", "is it possible to calculate ", "are you able to calculate ", "try to calculate ",
    "try this: "};
constexpr std::string_view kBareEndings[] = {
    "", "", "", "", "", "", "=", "=", "=", " =", " =", "= ?", "=?", " = ?", " =?", "?", "?", " ?", "??", "=??", ".",
    " equals", " equals?", " equals what?", " is equal to?", " is", " is?", " is what?", " makes", " makes?",
    " makes what?", " please", " pls", ", please", " = what?", " = x?", " = __", " = ...", "...", "!", " answer?",
    " thanks", "? thanks", " - what is it?", ", what is it?", " how much is it?", " what is the answer",
    ": what is the result?",
    ", what is it?", " what is it", " what's that?", " is how much?", " how much?", " how much", " gives?",
    " gives what?", " comes to?", " adds to?", " ->", " =>", " =", " ==", " = ????", "=...", " equal?", " equal to?",
    " equals to?", " is equal to what?", " is equal", " result", " result?", " result please", " answer please",
    " answer", " = answer?", " is the question", " is what i need", " solve", " solve it", " solve this",
    " solve please", " calculate", " calculate please", " calculate it", " compute", " compute this", ", calculate",
    ", solve", ", please solve", ", what do i get?", ", what do you get?", ", what's the answer?",
    ", what's the result?", " - how much?", " - answer?", " - result?", " plz", " thx", " ty", "? ty", "? thx",
    "? pls", "? please", "?? please", " quick", " now", "???", "?!", " ???", " = (?)", " = _", " = _____", "=__",
    " = blank", " can you solve it?", " can you do that?", " can you calculate that?", ", can you do it?",
    " do you know?", " tell me", ", tell me", ", quick", ", anyone?", " ok?", " right now", " for my homework",
    ". thanks", ". thank you", ". what is the result?", ". what is the answer", ". result?", " in numbers"};
constexpr std::string_view kQuestionEndings[] = {
    "?", "?", "?", "?", "?", "?", "?", "", "", "", "", "", "", "??", " ?", "???", "!", ".", " please", " please?",
    ", please?", " pls", " thanks", "? thanks!", ", thanks", "? please", "? thank you", " for me?", "?!", " then?",
    " exactly?", " again?", " now?", "? quick!", "? i forgot", "? i need it for school",
    "? pls", "? thx", "? ty", "? thank you very much", "? thanks in advance", "? many thanks", "? cheers",
    "? please help", "? please help me", "? help", "? help me please", "? hurry", "? fast please", "? asap",
    "? it is for homework", "? it's for my homework", "? for my homework", "? my teacher asked", "? i can't do it",
    "? i don't know", "? i have no idea", "? i'm not sure", "? just the number", "? only the answer please",
    "? tell me", "? do you know", "? can you tell me", "? anyone", "? nano", " plz", " thx", " ty", ", pls",
    ", thank you", ", nano?", ", anyone?", ", please.", ", thanks!", " please!", " pls?", " plz?", " exactly",
    " precisely", " then", " now", "????", " ??", "?.", "...", ". thanks", ". thank you", ". please help",
    ", if you can", " if you can?", ", if you don't mind?", ", i wonder?", " by any chance?", " or so?",
    " in your opinion?", " really?", " please and thank you"};
constexpr std::string_view kOrderOpeners[] = {
    "", "", "", "", "", "", "please ", "please ", "pls ", "can you ", "can you ", "can you please ", "could you ",
    "could you please ", "would you ", "will you ", "i want you to ", "i need you to ", "now ", "let's ", "lets ",
    "try to ", "help me to ", "help me ", "i'd like you to ", "just ", "go ahead and ", "your task: ", "task: ",
    "kindly ",
    "plz ", "can u ", "can u please ", "could u ", "could you kindly ", "would you please ", "would you kindly ",
    "will you please ", "can you help me ", "can you help me to ",
    "could you help me ", "could you help me to ", "i need to ", "i have to ", "i must ", "i want to ",
    "i would like to ", "i am trying to ", "i'm trying to ", "we need to ", "we have to ", "how do i ", "how can i ",
    "how do you ", "how to ", "you should ", "you have to ", "you must ", "you need to ", "do this: ",
    "do the following: ", "instruction: ", "exercise: ", "homework: ", "problem: ", "question: ", "first ",
    "quickly ", "simply ", "can nano ", "are you able to ", "is it possible to ", "my teacher wants me to ",
    "my homework is to ", "i was told to ", "i've got to ", "let me ", "let us ", "hey, ", "be so kind and ",
    "do me a favor and ", "if you can, ", "when you have time, ", "please help me ", "please help me to ",
    "now please ", "ok, "};
constexpr std::string_view kOrderEndings[] = {
    "", "", "", "", ".", ".", ".", ".", "!", "?", " please", ", please", " please.", " for me", " for me please",
    " and tell me the result", " and tell me the answer", ". what is the result?", ". what do you get?",
    ". what's the answer?", " thanks", ", thanks!", ". thank you", " pls", "...",
    ", thank you", " thx", " plz", " ty", ", pls", "?", "?", "? thanks", " right now", " now", " quickly", " fast",
    " for my homework", " if you can", " if possible", ", nano", " and give me the answer", " and give me the result",
    " and say the result", " and write the answer", " and show the result", " what is the result?",
    ", what do i get?", ", what is it?", ", what's the result?", " -> ?", " =", " = ?", ": result?", ". result?",
    ". answer?", ". how much is it?", ". how much?", ". tell me the answer", " step by step", ". please", ". pls!",
    "!!", ". i need it for school", ". can you do that?", ". ok?"};
constexpr std::string_view kWhetherOpeners[] = {
    "", "", "", "", "", "", "", "", "tell me, ", "can you tell me: ", "do you know: ", "i have a question: ",
    "please tell me, ", "question: ", "tell me: ", "my question is: ", "i'd like to know, ", "answer this: ",
    "say, ",
    "please, ", "pls tell me, ", "please answer: ", "please answer, ", "answer me, ", "can you answer this: ",
    "could you tell me, ", "can you say, ", "can u tell me: ", "do you know, ", "do you happen to know: ",
    "i need to know: ", "i wonder, ", "i was wondering, ", "i want to know, ", "i would like to know: ",
    "i'm curious, ", "just curious, ", "quick question: ", "one question: ", "one more question: ",
    "here is a question: ", "simple question: ", "my homework asks: ", "my teacher asks: ", "my teacher asked: ",
    "my kid asks: ", "my son asks: ", "someone asked me: ", "a friend asked me: ", "let me ask: ", "let me ask you: ",
    "may i ask: ", "sorry, ", "excuse me, ", "help me: ", "help: ", "solve this: ", "problem: ", "riddle: ", "quiz: ",
    "homework: ", "exercise: ", "next question: ", "new question: ", "the question is: ", "this is my question: ",
    "hey, ", "so, ", "ok, ", "now, ", "well, "};
constexpr std::string_view kGreetings[] = {
    "hi, ", "hi ", "hello, ", "hello! ", "hey ", "hey, ", "hi! ", "ok, ", "ok ", "okay, ", "so, ", "so ", "well, ",
    "hmm, ", "um ", "quick question: ", "question: ", "q: ", "math: ", "easy one: ", "hey nano, ", "nano, ",
    "good morning, ", "yo ", "excuse me, ", "a question: ", "math question: ", "homework: ", "next: ", "hi there, ",
    "hello there, ", "dear nano, ", "hii ", "hey there, ", "hello ", "hello nano, ", "hi nano, ", "hi nano! ",
    "hey nano! ", "hello bot, ", "hi bot ", "hey bot ", "hey man, ", "hey buddy, ", "dude, ", "bro ", "sir, ",
    "dear sir, ", "good evening, ", "good afternoon, ", "good day, ", "morning! ", "greetings. ", "hola, ",
    "sorry, ", "sorry to bother you, ", "pardon, ", "please: ", "pls ", "help! ", "help me! ", "help please: ",
    "i need help. ", "i need help: ", "i have a question. ", "i have a question: ", "one question: ",
    "just a question: ", "another one: ", "another question: ", "one more: ", "next one: ", "next question: ",
    "now ", "also ", "alright, ", "all right, ", "right, ", "listen, ", "look, ", "oh ",
    "oh, ", "ah, ", "er, ", "uh ", "umm ", "hm, ", "hmm ", "wait, ", "let's see, ", "let me see, ", "btw ",
    "by the way, ", "just ", "quick: ", "fast: ", "urgent: ", "maths: ", "maths question: ", "math problem: ",
    "for my homework: ", "school question: ", "a simple one: ", "simple: ", "test: ", "thanks. ", "thank you. ",
    "great. ", "cool. ", "nice. ", "hi! quick question: ", "hello, i have a question: ", "hi, can you help me? ",
    "hey, i need help: ", "hi, please help: "};

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

std::string_view usual_or_other(Random& r, std::span<const std::string_view> usual,
                                std::span<const std::string_view> other) {
  return pick(r, chance(r, 2) ? usual : other);
}

std::string lower_first(std::string text) {
  text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

// Puts an ending behind a question. Behind a digit, an ending with "!" is left out, because "5!" asks for a factorial.
std::string with_ending(std::string text, std::string_view ending) {
  const bool digit = std::isdigit(static_cast<unsigned char>(text.back())) != 0;
  return text.append(digit && ending.starts_with('!') ? "" : ending);
}

// The keys beside a letter.
char neighbour_key(Random& r, char c) {
  static constexpr std::string_view kRows[] = {"qwertyuiop", "asdfghjkl", "zxcvbnm"};
  for (const std::string_view row : kRows) {
    const size_t at = row.find(c);
    if (at == row.npos) continue;
    if (at == 0) return row[1];
    return at + 1 == row.size() || chance(r, 2) ? row[at - 1] : row[at + 1];
  }
  return c;
}

// Swaps two neighbouring letters of a word, drops or doubles one, or hits the key beside it, behind the first letter of
// the text.
void slip(Random& r, std::string& text) {
  const auto letter = [&](size_t i) { return std::islower(static_cast<unsigned char>(text[i])) != 0; };
  for (int tries = 0; tries < 8 && text.size() > 6; ++tries) {
    const size_t i = 1 + r.below(static_cast<u32>(text.size() - 3));
    if (!letter(i - 1) || !letter(i) || !letter(i + 1) || !letter(i + 2)) continue;
    switch (r.below(7)) {
      case 0:
      case 1:
      case 2: std::swap(text[i], text[i + 1]); break;
      case 3:
      case 4: text.erase(i, 1); break;
      case 5: text.insert(i, 1, text[i]); break;
      default: text[i] = neighbour_key(r, text[i]);
    }
    return;
  }
}

// Leaves out spaces between words and digits: "5plus7", "half of50".
void close_up(Random& r, std::string& text) {
  const auto letter = [&](size_t i) { return std::isalpha(static_cast<unsigned char>(text[i])) != 0; };
  const auto digit = [&](size_t i) { return std::isdigit(static_cast<unsigned char>(text[i])) != 0; };
  const bool all = chance(r, 2);
  for (size_t i = 1; i + 1 < text.size(); ++i) {
    const bool between = (letter(i - 1) && digit(i + 1)) || (digit(i - 1) && letter(i + 1));
    if (text[i] == ' ' && between && (all || chance(r, 2))) text.erase(i, 1);
  }
}

// Doubles one of the spaces.
void double_space(Random& r, std::string& text) {
  const size_t from = r.below(static_cast<u32>(text.size())), at = text.find(' ', from);
  if (at != text.npos) text.insert(at, " ");
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
  if (chance(r, 22)) slip(r, text);
  if (chance(r, 90)) slip(r, text);
  if (chance(r, 40)) close_up(r, text);
  const auto each = [&](int (*changed)(int)) {
    for (char& c : text)
      if (static_cast<unsigned char>(c) < 128) c = static_cast<char>(changed(c));
  };
  if (!chance(r, 3)) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  else if (chance(r, 2)) each(std::tolower);
  if (chance(r, 28)) each(std::toupper);
  if (chance(r, 40)) double_space(r, text);
  if (chance(r, 60)) text += ' ';
  return text;
}

std::string ask_for(Random& r, std::string_view body) {
  if (chance(r, 2))
    return as_typed(r, with_ending(std::string(body), usual_or_other(r, kUsualBareEndings, kBareEndings)));
  const std::string_view opener = usual_or_other(r, kUsualOpeners, kValueOpeners);
  std::string text = std::string(opener).append(body);
  if (opener == "what does ") {
    static constexpr std::string_view kVerbs[] = {" equal", " make", " give", " come to", " equals"};
    text += pick(r, kVerbs);
  }
  return as_typed(r, with_ending(std::move(text), usual_or_other(r, kUsualQuestionEndings, kQuestionEndings)));
}

std::string ask_to(Random& r, std::string_view order) {
  const std::string text = std::string(usual_or_other(r, kUsualOrderOpeners, kOrderOpeners)).append(order);
  return as_typed(r, with_ending(text, usual_or_other(r, kUsualOrderEndings, kOrderEndings)));
}

std::string ask_whether(Random& r, std::string_view question) {
  const std::string text = std::string(usual_or_other(r, kUsualWhetherOpeners, kWhetherOpeners)).append(question);
  return as_typed(r, with_ending(text, usual_or_other(r, kUsualQuestionEndings, kQuestionEndings)));
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
