#include "verify/verify.hpp"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <cctype>
#include <optional>
#include <vector>

namespace r1 {
namespace {

using boost::multiprecision::cpp_int;
using boost::multiprecision::cpp_rational;

constexpr size_t kLongestAnswer = 1024, kMostDigits = 400, kMostElements = 64, kSearchedTail = 4096;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && is_space(s.front())) s.remove_prefix(1);
  while (!s.empty() && is_space(s.back())) s.remove_suffix(1);
  return s;
}

// The content of the braces that open at `open`; nothing if they are never closed.
std::optional<std::string_view> braced(std::string_view s, size_t open) {
  int depth = 0;
  for (size_t i = open; i < s.size(); ++i) {
    if (s[i] == '{') ++depth;
    if (s[i] == '}' && --depth == 0) return s.substr(open + 1, i - open - 1);
  }
  return std::nullopt;
}

// The content of the last box; empty if it is not closed, for example because the completion was cut off.
std::optional<std::string_view> last_box(std::string_view s) {
  const size_t at = s.rfind("\\boxed");
  if (at == s.npos) return std::nullopt;
  size_t open = at + 6;
  while (open < s.size() && s[open] == ' ') ++open;
  if (open >= s.size() || s[open] != '{') return std::string_view{};
  return braced(s, open).value_or(std::string_view{});
}

// The last number after the phrase "answer is", together with the list ("3, 7,
// 19") or the difference ("10-3") that it ends.
std::optional<std::string_view> number_after_phrase(std::string_view s) {
  constexpr std::string_view kPhrase = "answer is", kDigits = "0123456789", kInNumber = "0123456789.,/";
  const size_t at = s.rfind(kPhrase);
  if (at == s.npos) return std::nullopt;
  s = s.substr(at + kPhrase.size());
  const size_t last = s.find_last_of(kDigits);
  if (last == s.npos) return std::nullopt;
  for (size_t begin = last;;) {
    begin = s.find_last_not_of(kInNumber, begin) + 1;  // npos + 1 is 0
    while (!is_digit(s[begin]) && s[begin] != '.') ++begin;
    if (begin > 0 && (s[begin - 1] == '-' || s[begin - 1] == '+')) --begin;
    const bool operation = begin > 0 && (s[begin] == '-' || s[begin] == '+') && is_digit(s[begin - 1]);
    size_t before = begin;  // where the spaces before the number begin
    while (before > 0 && s[before - 1] == ' ') --before;
    const bool list = before < begin && before > 1 && s[before - 1] == ',' && is_digit(s[before - 2]);
    if (!operation && !list) return s.substr(begin, last + 1 - begin);
    begin = operation ? begin - 1 : before - 2;
  }
}

// The number behind #### in the last line, as the solutions of GSM8K end. Headings of Markdown begin with #### too.
std::optional<std::string_view> number_after_hashes(std::string_view s) {
  s = s.substr(0, s.find_last_not_of(" \t\r\n") + 1);
  const std::string_view line = s.substr(s.rfind('\n') + 1);
  constexpr std::string_view kMark = "####", kStart = "0123456789-+.$";
  if (!line.starts_with(kMark)) return std::nullopt;
  const size_t begin = line.find_first_not_of(" \t", kMark.size());
  if (begin == line.npos || kStart.find(line[begin]) == kStart.npos) return std::nullopt;
  return line.substr(begin);
}

void replace_all(std::string& s, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = s.find(from, at)) != s.npos; at += to.size()) s.replace(at, from.size(), to);
}

// Removes differences that do not matter: case, runs of spaces, dollar signs, a final period, LaTeX spacing, and kinds
// of LaTeX fractions.
std::string normalised(std::string_view raw) {
  std::string s(trimmed(raw.substr(0, kLongestAnswer + 1)));
  for (const std::string_view drop : {"\\$", "$", "\\left", "\\right", "\\,", "\\!", "\\;", "\\displaystyle"})
    replace_all(s, drop, "");
  replace_all(s, "\\dfrac", "\\frac");
  replace_all(s, "\\tfrac", "\\frac");
  replace_all(s, "{,}", ",");
  replace_all(s, "\u2212", "-");
  std::string out;
  for (const char c : s) {
    if (is_space(c) && (out.empty() || out.back() == ' ')) continue;
    out +=
        is_space(c)
            ? ' '
            : static_cast<char>(static_cast<unsigned char>(c) < 128 ? std::tolower(static_cast<unsigned char>(c)) : c);
  }
  while (!out.empty() && (out.back() == '.' || out.back() == ' ')) out.pop_back();
  return out;
}

// Parses digits with an optional point and no sign. Thousands commas must separate groups of three digits.
std::optional<cpp_rational> unsigned_decimal(std::string_view s) {
  std::string digits;
  size_t point = s.npos;
  size_t since_comma = 0;
  bool commas = false;
  for (size_t i = 0; i < s.size(); ++i) {
    if (is_digit(s[i])) {
      digits += s[i];
      ++since_comma;
    } else if (s[i] == '.' && point == s.npos) {
      if (commas && since_comma != 3) return std::nullopt;
      commas = false;
      point = digits.size();
    } else if (s[i] == ',' && point == s.npos && i > 0) {
      if (commas ? since_comma != 3 : since_comma == 0 || since_comma > 3) return std::nullopt;
      commas = true, since_comma = 0;
    } else {
      return std::nullopt;
    }
  }
  if (digits.empty() || digits.size() > kMostDigits || (commas && since_comma != 3)) return std::nullopt;
  // Leading zeros are removed because cpp_int would read the digits as octal.
  const size_t nonzero = std::min(digits.find_first_not_of('0'), digits.size() - 1);
  const cpp_int value(digits.substr(nonzero));
  const cpp_int scale = point == s.npos ? cpp_int(1) : pow(cpp_int(10), static_cast<unsigned>(digits.size() - point));
  return cpp_rational(value, scale);
}

std::optional<cpp_rational> signed_decimal(std::string_view s) {
  s = trimmed(s);
  bool negative = false;
  if (!s.empty() && (s[0] == '-' || s[0] == '+')) {
    negative = s[0] == '-';
    s = trimmed(s.substr(1));
  }
  auto value = unsigned_decimal(s);
  if (value && negative) *value = -*value;
  return value;
}

std::optional<cpp_rational> quotient(std::string_view above, std::string_view below) {
  const auto a = signed_decimal(above), b = signed_decimal(below);
  if (!a || !b || *b == 0) return std::nullopt;
  return cpp_rational(*a / *b);
}

std::optional<cpp_rational> rational(std::string_view s) {
  s = trimmed(s);
  bool negative = false;
  std::string_view rest = s;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) negative = rest[0] == '-', rest = trimmed(rest.substr(1));
  if (rest.substr(0, 6) == "\\frac{") {
    const auto above = braced(rest, 5);
    if (!above) return std::nullopt;
    const size_t open = 5 + above->size() + 2;
    if (open >= rest.size() || rest[open] != '{') return std::nullopt;
    const auto below = braced(rest, open);
    if (!below || open + below->size() + 2 != rest.size()) return std::nullopt;
    auto value = quotient(*above, *below);
    if (value && negative) *value = -*value;
    return value;
  }
  if (const size_t bar = s.find('/'); bar != s.npos) return quotient(s.substr(0, bar), s.substr(bar + 1));
  return signed_decimal(s);
}

// The elements of a list such as "3, 7, 19", "3 7 19" or "3,7,19", with or without brackets around the list.
std::vector<std::string_view> elements(std::string_view s) {
  s = trimmed(s);
  if (s.size() >= 2 && ((s.front() == '[' && s.back() == ']') || (s.front() == '(' && s.back() == ')')))
    s = s.substr(1, s.size() - 2);
  const bool commas = s.find(',') != s.npos;
  std::vector<std::string_view> list;
  for (size_t at = 0; at <= s.size() && list.size() <= kMostElements;) {
    const size_t end = std::min(commas ? s.find(',', at) : s.find(' ', at), s.size());
    const std::string_view element = trimmed(s.substr(at, end - at));
    if (!element.empty() || commas) list.push_back(element);
    at = end + 1;
  }
  return list;
}

bool element_matches(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return false;
  if (a == b) return true;
  const auto x = rational(a), y = rational(b);
  return x && y && *x == *y;
}

}  // namespace

std::string extract_answer(std::string_view completion) {
  constexpr std::string_view kEnd = "</think>";
  if (const size_t at = completion.rfind(kEnd); at != completion.npos) completion = completion.substr(at + kEnd.size());
  if (completion.size() > kSearchedTail) completion = completion.substr(completion.size() - kSearchedTail);
  if (const auto box = last_box(completion)) return std::string(trimmed(*box));
  if (const auto number = number_after_hashes(completion)) return std::string(*number);
  if (const auto number = number_after_phrase(completion)) return std::string(*number);
  return std::string(trimmed(completion));
}

bool answer_matches(std::string_view expected, std::string_view given) {
  if (expected.size() > kLongestAnswer || given.size() > kLongestAnswer) return false;
  const std::string a = normalised(expected), b = normalised(given);
  if (element_matches(a, b)) return true;
  const auto x = elements(a), y = elements(b);
  if (x.size() < 2 || x.size() != y.size() || x.size() > kMostElements) return false;
  return std::equal(x.begin(), x.end(), y.begin(), element_matches);
}

}  // namespace r1
