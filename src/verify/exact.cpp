// The strict comparison of verify.hpp.
#include <algorithm>

#include "core/text.hpp"
#include "verify/latex.hpp"
#include "verify/parse.hpp"
#include "verify/verify.hpp"

namespace r1 {
namespace {

constexpr size_t kLongestText = 1024, kMostDigits = 400, kMostListed = 64, kTail = 4096;

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

// The value of a number that is written out: of -3, 1,692, 0.75, 3/4, \frac{3}{4}.
std::optional<Rational> literal(std::string_view s) {
  s = trimmed(s);
  if (s.empty() || s.size() > kLongestText || s.back() == ',') return std::nullopt;
  const auto tokens = tokens_of(s, Commas::thousands);
  if (!tokens) return std::nullopt;
  for (const AnswerToken& t : *tokens) {
    const bool number = t.kind == AnswerToken::Kind::number && t.s.size() <= kMostDigits &&
                        t.s.find_first_of("eE") == std::string::npos;
    const bool sign = t.is("-") || t.is("+") || t.is("/") || t.is("{") || t.is("}") || t.is_command("frac");
    if (!number && !sign && t.kind != AnswerToken::Kind::end) return std::nullopt;
  }
  const auto tree = parse_answer(*tokens);
  if (!tree || tree->is(NodeKind::add)) return std::nullopt;
  // A fraction of two numbers, perhaps with signs, and no longer product.
  Rational value(1);
  int numbers = 0;
  const auto take = [&](const AnswerNode& n, auto&& self) -> bool {
    if (n.is(NodeKind::number)) {
      numbers += n.value == Rational(-1) ? 0 : 1;
      value = value * n.value;
      return true;
    }
    if (n.is(NodeKind::power)) {
      const Rational before = value;
      value = Rational(1);
      if (!self(n.args[0], self) || value.sign() == 0) return false;
      value = before / value;
      return true;
    }
    return n.is(NodeKind::multiply) &&
           std::all_of(n.args.begin(), n.args.end(), [&](const AnswerNode& a) { return self(a, self); });
  };
  if (!take(*tree, take) || numbers > 2) return std::nullopt;
  return value;
}

// The elements of a list such as "3, 7, 19", "3 7 19" or "3,7,19", with or without brackets around the list.
std::vector<std::string_view> elements(std::string_view s) {
  s = trimmed(s);
  if (s.size() >= 2 && ((s.front() == '[' && s.back() == ']') || (s.front() == '(' && s.back() == ')')))
    s = s.substr(1, s.size() - 2);
  const bool commas = s.find(',') != s.npos;
  std::vector<std::string_view> list;
  for (size_t at = 0; at <= s.size() && list.size() <= kMostListed;) {
    const size_t end = std::min(commas ? s.find(',', at) : s.find(' ', at), s.size());
    const std::string_view element = trimmed(s.substr(at, end - at));
    if (!element.empty() || commas) list.push_back(element);
    at = end + 1;
  }
  return list;
}

bool element_matches(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return false;
  const std::string words = words_of(a);
  if (!words.empty() && words == words_of(b)) return true;
  const auto x = literal(a), y = literal(b);
  return x && y && *x == *y;
}

}  // namespace

std::string extract_answer(std::string_view completion) {
  completion = after_thinking(completion);
  if (completion.size() > kTail) completion = completion.substr(completion.size() - kTail);
  if (const auto boxes = boxes_in(completion); !boxes.empty())
    return boxes.back().closed ? std::string(trimmed(boxes.back().content)) : "";
  if (const auto number = number_after_hashes(completion)) return std::string(*number);
  if (const auto number = number_after_phrase(completion)) return std::string(*number);
  return std::string(trimmed(completion));
}

bool answer_matches(std::string_view expected, std::string_view given) {
  if (expected.size() > kLongestText || given.size() > kLongestText) return false;
  if (element_matches(expected, given)) return true;
  const auto x = elements(expected), y = elements(given);
  if (x.size() < 2 || x.size() != y.size() || x.size() > kMostListed) return false;
  return std::equal(x.begin(), x.end(), y.begin(), element_matches);
}

}  // namespace r1
