#include "sandbox/compare.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace r1::sandbox {
namespace {

constexpr std::string_view kWhite = " \t\r\n\v\f";

// Takes the next word from the front of the text. The word is empty at the end.
std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kWhite), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(kWhite));
  text.remove_prefix(word.size());
  return word;
}

std::optional<double> number(std::string_view word) {
  if (word.starts_with('+')) word.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool same_word(std::string_view expected, std::string_view given, double tolerance) {
  if (expected == given) return true;
  if (tolerance <= 0) return false;
  const std::optional<double> e = number(expected), g = number(given);
  return e && g && std::abs(*e - *g) <= tolerance * std::max(1.0, std::abs(*e));
}

}  // namespace

bool same_output(std::string_view expected, std::string_view given, double tolerance) {
  while (true) {
    const std::string_view e = next_word(expected), g = next_word(given);
    if (e.empty() || g.empty()) return e.empty() && g.empty();
    if (!same_word(e, g, tolerance)) return false;
  }
}

}  // namespace r1::sandbox
