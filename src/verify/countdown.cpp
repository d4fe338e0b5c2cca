#include "verify/countdown.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "verify/numbers.hpp"

namespace r1 {
namespace {

using Value = Rational;

constexpr size_t kLongestExpression = 256;
constexpr int kDeepestExpression = 16;

// A recursive-descent parser for sum := product (± product)*, product := factor (*/ factor)*, factor := number | (sum).
// There is no unary minus. Values stay small, because there are at most 64 numbers of at most 9 digits.
class Parser {
 public:
  explicit Parser(std::string_view s) : s_(s) {}

  std::optional<Value> whole() {
    auto v = sum(0);
    return at_ == s_.size() ? v : std::nullopt;
  }
  std::vector<i64>& used() { return used_; }

 private:
  char peek() const { return at_ < s_.size() ? s_[at_] : '\0'; }

  std::optional<Value> sum(int depth) {
    auto left = product(depth);
    while (left && (peek() == '+' || peek() == '-')) {
      const char op = s_[at_++];
      const auto right = product(depth);
      if (!right) return std::nullopt;
      *left = op == '+' ? Value(*left + *right) : Value(*left - *right);
    }
    return left;
  }
  std::optional<Value> product(int depth) {
    auto left = factor(depth);
    while (left && (peek() == '*' || peek() == '/')) {
      const char op = s_[at_++];
      const auto right = factor(depth);
      if (!right || (op == '/' && right->sign() == 0)) return std::nullopt;
      *left = op == '*' ? Value(*left * *right) : Value(*left / *right);
    }
    return left;
  }
  std::optional<Value> factor(int depth) {
    if (peek() == '(') {
      if (depth == kDeepestExpression) return std::nullopt;
      ++at_;
      auto v = sum(depth + 1);
      if (peek() != ')') return std::nullopt;
      ++at_;
      return v;
    }
    i64 n = 0;
    const size_t begin = at_;
    for (; peek() >= '0' && peek() <= '9' && at_ - begin < 9; ++at_) n = n * 10 + (s_[at_] - '0');
    if (at_ == begin || used_.size() == 64) return std::nullopt;
    used_.push_back(n);
    return Value(n);
  }

  std::string_view s_;
  size_t at_ = 0;
  std::vector<i64> used_;
};

std::string plain(std::string_view expression) {
  std::string s(expression);
  constexpr std::pair<std::string_view, std::string_view> kSigns[] = {
      {"\\times", "*"}, {"\\cdot", "*"}, {"\\div", "/"}, {"\\left", ""}, {"\\right", ""},
      {"×", "*"},       {"·", "*"},      {"÷", "/"},     {"−", "-"},     {"$", ""}};
  for (const auto& [from, to] : kSigns)
    for (size_t at = 0; (at = s.find(from, at)) != s.npos; at += to.size()) s.replace(at, from.size(), to);
  // Remove spaces, except those between two digits: "1 2" is not 12.
  std::string out;
  for (size_t i = 0; i < s.size(); ++i) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (s[i] != ' ') out += s[i];
    else if (!out.empty() && digit(out.back()) && i + 1 < s.size() && digit(s[i + 1])) out += ' ';
  }
  return out;
}

}  // namespace

bool countdown_reaches(std::string_view expression, std::span<const i64> numbers, i64 target) {
  if (expression.empty() || expression.size() > kLongestExpression) return false;
  std::string s = plain(expression);
  if (const size_t equals = s.find('='); equals != s.npos) {
    if (s.substr(equals + 1) != std::to_string(target)) return false;
    s.resize(equals);
  }
  Parser parser(s);
  const auto value = parser.whole();
  if (!value || !(*value == Value(target))) return false;
  std::vector<i64> wanted(numbers.begin(), numbers.end());
  std::sort(wanted.begin(), wanted.end());
  std::sort(parser.used().begin(), parser.used().end());
  return wanted == parser.used();
}

}  // namespace r1
