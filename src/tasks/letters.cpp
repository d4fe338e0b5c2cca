// The generator of letter-counting problems. The trace spells the word, with a running count after each letter.
#include <algorithm>
#include <cctype>

#include "tasks/generators.hpp"
#include "tasks/words.hpp"

namespace r1 {
namespace {

std::string syllables(Random& r) {
  static constexpr std::string_view kOnset[] = {
      "b",  "c",  "d",  "f",  "g",  "h",  "j",  "k",  "l",  "m",  "n",  "p",  "r",  "s",   "t",  "v",  "w",  "y", "z",
      "st", "tr", "pl", "br", "ch", "sh", "th", "gr", "cl", "fl", "pr", "qu", "sp", "str", "wh", "cr", "dr", "",  ""};
  static constexpr std::string_view kVowel[] = {"a", "e", "i", "o", "u", "ea", "ee", "oo", "ai", "ou", "ie", "y"};
  static constexpr std::string_view kCoda[] = {"",   "",     "",   "n",   "r",  "s",  "t",  "l",
                                               "m",  "ck",   "ll", "ss",  "rr", "tt", "nd", "st",
                                               "ng", "tion", "er", "ing", "ly", "x",  "pp", "ment"};
  std::string s;
  for (i64 n = r.between(1, 3); n > 0; --n) {
    s += pick(r, kOnset);
    s += pick(r, kVowel);
    s += pick(r, kCoda);
  }
  return s.size() < 2 || s.size() > 14 ? syllables(r) : s;
}

std::string random_letters(Random& r) {
  std::string s;
  const u32 alphabet = chance(r, 2) ? 26 : 1 + r.below(5), first = r.below(27 - alphabet);
  for (i64 n = r.between(2, 10); n > 0; --n) s += static_cast<char>('a' + first + r.below(alphabet));
  return s;
}

// A new spelling from familiar parts: two words joined, a word with an ending, or the start of one word and another.
std::string blend(Random& r) {
  const std::string a(pick(r, std::span(english_words()))), b(pick(r, std::span(english_words())));
  static constexpr std::string_view kEndings[] = {"s", "ing", "ed", "ly", "ness", "er", "ish", "able"};
  const std::string s = chance(r, 3)   ? a + b
                        : chance(r, 2) ? a + std::string(pick(r, kEndings))
                                       : a.substr(0, 1 + r.below(5)) + b;
  return s.size() > 16 ? blend(r) : s;
}

}  // namespace

Draft draft_letters(Random& r, int) {
  const u32 source = r.below(10);
  const std::string word = source < 5   ? std::string(pick(r, std::span(english_words())))
                           : source < 7 ? syllables(r)
                           : source < 9 ? blend(r)
                                        : random_letters(r);
  char letter = word[r.below(static_cast<u32>(word.size()))];
  if (chance(r, 4))  // the most frequent letter of the word, because counts above two are rare otherwise
    letter = *std::max_element(word.begin(), word.end(), [&](char x, char y) {
      return std::count(word.begin(), word.end(), x) < std::count(word.begin(), word.end(), y);
    });
  if (chance(r, 8)) letter = static_cast<char>('a' + r.below(26));
  Draft d;
  const std::string l(1, letter);
  int count = 0;
  d.trace = "count " + l + " in " + word + ":";
  for (const char c : word) d.trace += fill(" {}{}", {std::string(1, c), std::to_string(count += c == letter)});
  d.trace += "\n";
  d.answer = std::to_string(count);
  d.content = "letters " + word;  // without the letter, so that a word is on one side for all its letters
  std::string shown = word;
  if (chance(r, 10)) shown[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(shown[0])));
  if (const u32 quote = r.below(5); quote == 0) shown = "\"" + shown + "\"";
  else if (quote == 1) shown = "'" + shown + "'";
  const std::string capital(1, static_cast<char>(std::toupper(static_cast<unsigned char>(letter))));
  const std::string name = chance(r, 8) ? "'" + l + "'" : chance(r, 8) ? capital : l;
  static constexpr std::string_view kWays[] = {"How many times does the letter {} appear in {}?",
                                               "How many times does {} appear in {}?",
                                               "How many {}'s are in {}?",
                                               "How many {}s are in {}?",
                                               "How many {}'s are in the word {}?",
                                               "How many {}s are in the word {}?",
                                               "Count the letter {} in {}.",
                                               "How many {}'s are there in {}?",
                                               "How many {}s are there in {}?",
                                               "How many letters {} are in {}?",
                                               "Count the {}'s in {}.",
                                               "How often does {} occur in {}?",
                                               "How many {} in {}?",
                                               "How many {}'s in {}?",
                                               "Count how many times {} appears in {}.",
                                               "How often does the letter {} appear in the word {}?",
                                               "What is the number of {}'s in {}?",
                                               "How many times does the letter {} occur in the word {}?"};
  d.prompt = typed(r, fill(pick(r, kWays), {name, shown}));
  if (const size_t at = d.prompt.find("''s"); at != d.prompt.npos) d.prompt.erase(at, 1);
  return d;
}

}  // namespace r1
