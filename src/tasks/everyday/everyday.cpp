#include "tasks/everyday/everyday.hpp"

#include <numeric>

namespace r1 {

std::string small_content(std::string_view kind, std::string_view prompt) {
  return std::string(kind).append(" ").append(prompt);
}

std::string text_of(PlacedNumber n) {
  const bool negative = n.digits < 0;
  std::string text = std::to_string(negative ? -n.digits : n.digits);
  const auto places = static_cast<size_t>(n.places);
  if (places > 0) {
    if (text.size() <= places) text.insert(0, places + 1 - text.size(), '0');
    text.insert(text.size() - places, ".");
  }
  return negative ? "-" + text : text;
}

PlacedNumber trimmed(PlacedNumber n) {
  while (n.places > 0 && n.digits % 10 == 0) n.digits /= 10, --n.places;
  return n;
}

std::string write_placed(std::string& trace, PlacedNumber n) {
  if (n.places == 0) return text_of(n);
  trace += text_of(n) + "\n";
  const PlacedNumber short_form = trimmed(n);
  if (short_form.places != n.places) trace += text_of(short_form) + "\n";
  return text_of(short_form);
}

std::string write_ratio(std::string& trace, i64 a, i64 b, Random& r) {
  Division part = write_divide(trace, a, b, r);
  if (part.remainder == 0) return std::to_string(part.quotient);
  if (1000 % (b / std::gcd(a, b)) != 0) return write_reduced(trace, a, b);
  PlacedNumber result{part.quotient, 0};
  for (; part.remainder != 0; ++result.places) {
    part = write_divide(trace, part.remainder * 10, b, r);
    result.digits = result.digits * 10 + part.quotient;
  }
  return write_placed(trace, result);
}

std::string fraction_text(i64 a, i64 b) { return std::to_string(a).append("/").append(std::to_string(b)); }

std::string write_reduced(std::string& trace, i64 a, i64 b) {
  trace += fraction_text(a, b) + "\n";
  const i64 common = std::gcd(a, b);
  if (common == 1) return fraction_text(a, b);
  const i64 top = a / common, bottom = b / common;
  if (bottom == 1) {
    trace += fraction_text(a, b) + "=" + std::to_string(top) + "\n";
    return std::to_string(top);
  }
  trace += fraction_text(a, common) + "=" + std::to_string(top) + "," + fraction_text(b, common) + "=" +
           std::to_string(bottom) + "\n" + fraction_text(top, bottom) + "\n";
  return fraction_text(top, bottom);
}

std::string operation_as_typed(Random& r, i64 a, char sign, i64 b) {
  const bool words = a >= 0 && b >= 0 && a <= 100 && b <= 100 && chance(r, 12);
  if (words) return with_sign(r, number_in_words(a), sign, number_in_words(b), Terms::words);
  const std::string right = std::to_string(b);
  return with_sign(r, std::to_string(a), sign, b < 0 && chance(r, 2) ? "(" + right + ")" : right);
}

}  // namespace r1
