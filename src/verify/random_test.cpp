// Random values in random spellings. Whether two are equal is known by construction: a value has a key, and keys differ
// exactly if the values do.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "verify/verify.hpp"

namespace r1 {
namespace {

class Dice {
 public:
  explicit Dice(u64 seed) : state_(seed) {}
  i64 upto(i64 n) {  // 0 .. n - 1
    state_ += 0x9e3779b97f4a7c15u;
    u64 z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return static_cast<i64>((z ^ z >> 31) % static_cast<u64>(n));
  }
  i64 between(i64 low, i64 high) { return low + upto(high - low + 1); }
  bool coin() { return upto(2) == 0; }
  template <class T>
  const T& of(const std::vector<T>& all) {
    return all[static_cast<size_t>(upto(std::ssize(all)))];
  }

 private:
  u64 state_;
};

struct Fraction {
  i64 above = 0, below = 1;
  bool operator==(const Fraction&) const = default;
};
Fraction reduced(i64 a, i64 b) {
  const i64 g = std::gcd(a, b);
  return {a / g, b / g};
}

std::string with_commas(i64 n, std::string_view comma) {
  std::string digits = std::to_string(n < 0 ? -n : n), out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += comma;
    out += digits[i];
  }
  return (n < 0 ? "-" : "") + out;
}

// A spelling that may stand anywhere; `alone` allows those with a comma or a space in them.
std::string spelled(Fraction f, Dice& d, bool alone) {
  const auto [a, b] = f;
  const std::string sign = a < 0 ? "-" : "";
  const i64 size = a < 0 ? -a : a;
  if (b == 1) {
    std::vector<std::string> all{fmt::format("{}", a), fmt::format("{}.0", a),
                                 fmt::format("\\frac{{{}}}{{{}}}", 3 * a, 3)};
    if (alone) {
      if (size > 999)
        for (const char* comma : {",", "{,}", "\\,", ",\\!"}) all.push_back(with_commas(a, comma));
      all.push_back(fmt::format("{}\\text{{ cm}}", a));
      all.push_back(fmt::format("${}$", a));
      all.push_back(fmt::format("x = {}", a));
      all.push_back(fmt::format("{}\\text{{ cm}}^2", a));
      if (size % 100 == 0 && size > 0) all.push_back(fmt::format("{} \\times 10^2", a / 100));
    }
    return d.of(all);
  }
  const i64 k = d.between(2, 9);
  std::vector<std::string> all{fmt::format("{}\\frac{{{}}}{{{}}}", sign, size, b),
                               fmt::format("\\dfrac{{{}}}{{{}}}", a, b),
                               fmt::format("\\tfrac{{{}}}{{{}}}", a * k, b * k), fmt::format("{}/{}", a, b),
                               fmt::format("\\frac{{{}}}{{{}}}", -a, -b)};
  if (size < 10 && b < 10) all.push_back(fmt::format("{}\\frac{}{}", sign, size, b));
  if (alone && size > b) {
    all.push_back(fmt::format("{}{}\\frac{{{}}}{{{}}}", sign, size / b, size % b, b));
    all.push_back(fmt::format("{}{} {}/{}", sign, size / b, size % b, b));
  }
  if (10'000 % b == 0) {
    const i64 scaled = size * (10'000 / b);
    all.push_back(fmt::format("{}{}.{:04}", sign, scaled / 10'000, scaled % 10'000));
    if (scaled < 10'000) all.push_back(fmt::format("{}.{:04}", sign, scaled % 10'000));
  }
  return d.of(all);
}

enum class ValueKind { number, surd, pi, tuple, set, interval, polynomial };

struct Value {
  ValueKind kind = ValueKind::number;
  std::vector<Fraction> parts;  // surd: a + b √c; polynomial: c0, c1, c2
  char open = '(', close = ')';

  std::string key() const {
    auto sorted = parts;
    if (kind == ValueKind::set)
      std::sort(sorted.begin(), sorted.end(),
                [](const Fraction& x, const Fraction& y) { return x.above * y.below < y.above * x.below; });
    std::string out = fmt::format("{} {}{}", static_cast<int>(kind), open, close);
    for (const Fraction& f : sorted) out += fmt::format(" {}/{}", f.above, f.below);
    return out;
  }
};

Fraction random_fraction(Dice& d) {
  switch (d.upto(4)) {
    case 0: return {d.between(-20, 20), 1};
    case 1: return {d.between(-9999, 99'999'999), 1};
    case 2: return reduced(d.between(-50, 50), d.between(1, 30));
    default: return reduced(d.between(-3000, 3000), d.of(std::vector<i64>{2, 4, 5, 8, 10, 20, 25, 50, 100, 1000}));
  }
}

Value random_value(Dice& d) {
  Value v;
  v.kind = static_cast<ValueKind>(d.upto(7));
  switch (v.kind) {
    case ValueKind::number: v.parts = {random_fraction(d)}; break;
    case ValueKind::surd:
      v.parts = {{d.between(-9, 9), 1},
                 {d.between(1, 9) * (d.coin() ? 1 : -1), 1},
                 {d.of(std::vector<i64>{2, 3, 5, 6, 7, 10, 13}), 1}};
      break;
    case ValueKind::pi: v.parts = {reduced(d.between(1, 40) * (d.coin() ? 1 : -1), d.between(1, 12))}; break;
    case ValueKind::tuple:
      for (i64 n = d.between(3, 4); n > 0; --n) v.parts.push_back(random_fraction(d));
      break;
    case ValueKind::set:
      while (v.parts.size() < 2 || (v.parts.size() < 4 && d.coin())) {
        const Fraction f = random_fraction(d);
        if (std::find(v.parts.begin(), v.parts.end(), f) == v.parts.end()) v.parts.push_back(f);
      }
      break;
    case ValueKind::interval: {
      const i64 low = d.between(-50, 50), below = d.between(1, 6);
      v.parts = {reduced(low, below), reduced(low + d.between(1, 30), below)};
      do v.open = d.coin() ? '(' : '[', v.close = d.coin() ? ')' : ']';
      while (v.open == '(' && v.close == ')');  // which would be a pair too
      break;
    }
    case ValueKind::polynomial: v.parts = {{d.between(-9, 9), 1}, {d.between(1, 9), 1}, {d.between(1, 9), 1}}; break;
  }
  return v;
}

// The value with one small thing changed.
Value changed(Value v, Dice& d) {
  if (v.kind == ValueKind::interval && d.coin()) {
    if (v.open == '[' && v.close == ']') v.open = '(';
    else v.open = v.close = v.open == '[' ? ']' : '[', v.open = '[', v.close = ']';
    return v;
  }
  if (v.kind == ValueKind::tuple && d.coin()) {
    std::swap(v.parts[0], v.parts[1]);
    return v;
  }
  const size_t which =
      v.kind == ValueKind::surd ? static_cast<size_t>(d.upto(2)) : static_cast<size_t>(d.upto(std::ssize(v.parts)));
  Fraction& f = v.parts[which];
  f = d.coin() && v.kind != ValueKind::interval && f.above != 0 ? Fraction{-f.above, f.below}
                                                                : reduced(f.above + f.below, f.below);
  if (f.above == 0 && v.kind != ValueKind::number) f = {17, 1};
  return v;
}

std::string joined(const std::vector<Fraction>& parts, Dice& d, std::string_view separator) {
  std::string out;
  for (const Fraction& f : parts) out += (out.empty() ? "" : std::string(separator)) + spelled(f, d, false);
  return out;
}

std::string spelled(const Value& v, Dice& d, bool gold) {
  const auto& p = v.parts;
  switch (v.kind) {
    case ValueKind::number: return spelled(p[0], d, true);
    case ValueKind::surd: {
      const i64 a = p[0].above, b = p[1].above, c = p[2].above, k = d.between(2, 5);
      std::vector<std::string> all{fmt::format("{}{:+}\\sqrt{{{}}}", a, b, c),
                                   fmt::format("{}\\sqrt{{{}}}{:+}", b, c, a),
                                   fmt::format("\\frac{{{}{:+}\\sqrt{{{}}}}}{{{}}}", a * k, b * k, c, k),
                                   fmt::format("{}{}\\sqrt{{{}}}", a, b < 0 ? "-" : "+", b * b * c),
                                   fmt::format("{}{:+} \\cdot \\sqrt {{{}}}", a, b, c),
                                   fmt::format("{}{:+}\\cdot {}^{{1/2}}", a, b, c)};
      return d.of(all);
    }
    case ValueKind::pi: {
      const i64 a = p[0].above, b = p[0].below;
      return d.of(std::vector<std::string>{fmt::format("\\frac{{{}\\pi}}{{{}}}", a, b),
                                           fmt::format("\\frac{{{}}}{{{}}}\\pi", a, b), fmt::format("{}\\pi/{}", a, b),
                                           fmt::format("{}π/{}", a, b),
                                           fmt::format("\\dfrac{{{} \\pi}}{{{}}}", 2 * a, 2 * b)});
    }
    case ValueKind::tuple: {
      const std::string column = joined(p, d, " \\\\ ");
      return d.of(std::vector<std::string>{
          "(" + joined(p, d, ",") + ")", "\\left( " + joined(p, d, " , ") + " \\right)", "(" + joined(p, d, ";") + ")",
          gold ? "(" + joined(p, d, ", ") + ")" : "\\begin{pmatrix} " + column + " \\end{pmatrix}"});
    }
    case ValueKind::set: {
      auto mixed = p;
      for (size_t i = mixed.size(); i > 1; --i)
        std::swap(mixed[i - 1], mixed[static_cast<size_t>(d.upto(static_cast<i64>(i)))]);
      return d.of(std::vector<std::string>{
          "\\{" + joined(mixed, d, ",") + "\\}", "\\left\\{ " + joined(mixed, d, ", ") + " \\right\\}",
          joined(mixed, d, ", "), joined(mixed, d, " \\text{ and } "), "{" + joined(mixed, d, ",") + "}"});
    }
    case ValueKind::interval: {
      const std::string low = spelled(p[0], d, false), high = spelled(p[1], d, false);
      std::vector<std::string> all{fmt::format("{}{},{}{}", v.open, low, high, v.close),
                                   fmt::format("\\left{} {}, {} \\right{}", v.open, low, high, v.close),
                                   fmt::format("x \\in {}{}, {}{}", v.open, low, high, v.close)};
      if (gold)
        all.push_back(
            fmt::format("{} {} x {} {}", low, v.open == '[' ? "\\le" : "<", v.close == ']' ? "\\leq" : "<", high));
      return d.of(all);
    }
    case ValueKind::polynomial: {
      const i64 c = p[0].above, b = p[1].above, a = p[2].above;
      return d.of(std::vector<std::string>{
          fmt::format("{}x^2{:+}x{:+}", a, b, c), fmt::format("{}{:+}x{:+}x^{{2}}", c, b, a),
          fmt::format("x({}x{:+}){:+}", a, b, c), fmt::format("{}x \\cdot x {:+} {:+} x", a, c, b),
          fmt::format("\\frac{{{}x^2{:+}x{:+}}}{{2}}", 2 * a, 2 * b, 2 * c)});
    }
  }
  return "";
}

bool verified(const std::string& gold, const std::string& given) {
  VerifyOptions options;
  options.form = AnswerForm::bare;
  return verify_answer(gold, given, options).verdict == Verdict::equal;
}

void expect_no_false_equal(u64 seed, int pairs) {
  Dice d(seed);
  for (int i = 0; i < pairs;) {
    const Value a = random_value(d), b = d.coin() ? changed(a, d) : random_value(d);
    if (a.key() == b.key()) continue;
    const std::string gold = spelled(a, d, true), given = spelled(b, d, false);
    ASSERT_FALSE(verified(gold, given)) << "gold " << gold << " given " << given << " keys " << a.key() << " and "
                                        << b.key();
    ++i;
  }
}

TEST(VerifyRandom, SpellingsOfOneValueAreEqual) {
  Dice d(1);
  for (int i = 0; i < 10'000; ++i) {
    const Value v = random_value(d);
    const std::string gold = spelled(v, d, true), given = spelled(v, d, false);
    ASSERT_TRUE(verified(gold, given)) << "gold " << gold << " given " << given << " key " << v.key();
  }
}

TEST(VerifyRandom, DifferentValuesAreNotEqual) { expect_no_false_equal(2, 10'000); }
TEST(VerifyRandom_slow, AHundredThousandPairsOfDifferentValuesAreNotEqual) { expect_no_false_equal(3, 100'000); }

}  // namespace
}  // namespace r1
