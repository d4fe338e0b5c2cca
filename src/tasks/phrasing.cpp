#include <cctype>

#include "core/error.hpp"
#include "tasks/generators.hpp"

namespace r1 {

std::string fill(std::string_view pattern, std::initializer_list<std::string_view> values) {
  std::string out;
  auto value = values.begin();
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern.substr(i, 2) == "{}") {
      R1_CHECK(value != values.end(), "fill: too few values for '{}'", pattern);
      out += *value++;
      ++i;
    } else {
      out += pattern[i];
    }
  }
  return out;
}

std::string typed(Random& r, std::string text) {
  const bool order =
      std::isupper(static_cast<unsigned char>(text[0])) && text[0] != 'W' && text[0] != 'H' && text[0] != 'I';
  if (order && chance(r, 10)) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    text = (chance(r, 2) ? "Please " : "please ") + text;
  }
  if (chance(r, 6)) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  if (chance(r, 6) && (text.back() == '.' || text.back() == '?')) text.pop_back();
  else if (chance(r, 12) && text.back() == '.') text.back() = '?';
  if (chance(r, 32) && text.back() != '=') text += " Please.";
  return text;
}

std::string ask_value(Random& r, std::string_view expression) {
  static constexpr std::string_view kUsual[] = {"What is {}?", "Compute {}.", "Calculate {}."};
  static constexpr std::string_view kOther[] = {"{}=",
                                                "{} =",
                                                "{}",
                                                "{} = ?",
                                                "{}=?",
                                                "{}?",
                                                "Work out {}.",
                                                "Find {}.",
                                                "Evaluate {}.",
                                                "What's {}?",
                                                "How much is {}?",
                                                "What does {} equal?",
                                                "Solve {}.",
                                                "Tell me {}.",
                                                "{} equals?",
                                                "Find the value of {}.",
                                                "What is the value of {}?",
                                                "What is the result of {}?",
                                                "Can you compute {}?",
                                                "Can you tell me what {} is?",
                                                "Give me the result of {}."};
  return typed(r, fill(chance(r, 2) ? pick(r, kUsual) : pick(r, kOther), {expression}));
}

i64 with_digits(Random& r, int digits) {
  i64 low = 1;
  for (int i = 1; i < digits; ++i) low *= 10;
  return r.between(digits == 1 ? 2 : low, low * 10 - 1);
}

}  // namespace r1
