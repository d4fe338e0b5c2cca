#include "verify/polynomial.hpp"

#include <algorithm>
#include <numeric>

namespace r1 {
namespace {

constexpr size_t kMostTerms = 2000;
constexpr i64 kLargestExponent = 1'000'000;

Exponent reduced(i64 above, i64 below) {
  const i64 g = std::gcd(above, below);
  return g == 0 ? Exponent{0, 1} : Exponent{above / g, below / g};
}

bool is_prime_atom(const std::string& atom) { return atom[0] >= '0' && atom[0] <= '9'; }

// Brings exponents of primes into [0, 1) and of i into {0, 1}: what is taken out goes into the coefficient.
std::pair<Monomial, Rational> normal(Monomial m, Rational c) {
  Monomial out;
  for (auto& [atom, e] : m) {
    if (is_prime_atom(atom)) {
      const i64 whole = e.above >= 0 ? e.above / e.below : -((-e.above + e.below - 1) / e.below);
      if (whole != 0) c = c * Rational::parse(atom)->power(whole);
      e = reduced(e.above - whole * e.below, e.below);
    } else if (atom == "i" && e.below == 1) {
      const i64 turns = ((e.above % 4) + 4) % 4;
      if (turns >= 2) c = -c;
      e.above = turns % 2;
    }
    if (e.above != 0) out.emplace_back(std::move(atom), e);
  }
  return {std::move(out), std::move(c)};
}

Monomial product_of(const Monomial& a, const Monomial& b) {
  Monomial out;
  out.reserve(a.size() + b.size());
  auto x = a.begin(), y = b.begin();
  while (x != a.end() || y != b.end()) {
    if (y == b.end() || (x != a.end() && x->first < y->first)) out.push_back(*x++);
    else if (x == a.end() || y->first < x->first) out.push_back(*y++);
    else {
      out.emplace_back(x->first, exponent_sum(x->second, y->second));
      ++x, ++y;
    }
  }
  return out;
}

bool add_term(Polynomial& p, Monomial m, const Rational& c) {
  if (c.sign() == 0) return true;
  const auto [at, is_new] = p.try_emplace(std::move(m), c);
  if (is_new) return p.size() <= kMostTerms;
  at->second = at->second + c;
  if (at->second.sign() == 0) p.erase(at);
  return true;
}

i64 cost_of(const Rational& a, const Rational& b) { return 1 + static_cast<i64>((a.bits() + b.bits()) / 512); }

// A common denominator of one term is moved into the numerator: 1/sqrt(2) becomes sqrt(2)/2.
std::optional<ExactForm> simplified(ExactForm f, VerifyBudget& budget) {
  if (f.above.empty()) f.below = constant(Rational(1));
  if (f.below.size() != 1) return f;
  const auto& [m, c] = *f.below.begin();
  if (m.empty() && c == Rational(1)) return f;
  Monomial inverse = m;
  for (auto& [atom, e] : inverse) e.above = -e.above;
  auto [reduced_inverse, factor] = normal(std::move(inverse), Rational(1) / c);
  auto above = product_of(f.above, Polynomial{{std::move(reduced_inverse), std::move(factor)}}, budget);
  if (!above) return std::nullopt;
  return ExactForm{std::move(*above), constant(Rational(1)), f.opaque};
}

}  // namespace

Exponent exponent_sum(const Exponent& a, const Exponent& b) {
  if (a.below == b.below && a.below == 1) return {a.above + b.above, 1};
  return reduced(a.above * b.below + b.above * a.below, a.below * b.below);
}

std::optional<Exponent> exponent_product(const Exponent& a, const Exponent& b) {
  const Exponent e = reduced(a.above * b.above, a.below * b.below);
  if (std::abs(e.above) > kLargestExponent || e.below > 1000) return std::nullopt;
  return e;
}

Polynomial constant(const Rational& value) {
  return value.sign() == 0 ? Polynomial{} : Polynomial{{Monomial{}, value}};
}

Polynomial atom_power(const std::string& atom, Exponent exponent) {
  auto [m, c] = normal({{atom, exponent}}, Rational(1));
  return {{std::move(m), std::move(c)}};
}

std::optional<Polynomial> sum_of(const Polynomial& a, const Polynomial& b, VerifyBudget& budget) {
  Polynomial out = a;
  for (const auto& [m, c] : b)
    if (!budget.spend_exact(cost_of(c, c)) || !add_term(out, m, c)) return std::nullopt;
  return out;
}

std::optional<Polynomial> product_of(const Polynomial& a, const Polynomial& b, VerifyBudget& budget) {
  Polynomial out;
  for (const auto& [m, c] : a)
    for (const auto& [n, d] : b) {
      if (!budget.spend_exact(cost_of(c, d)) || c.bits() + d.bits() > kMostBits) return std::nullopt;
      Monomial product = product_of(m, n);
      for (const auto& [atom, e] : product)
        if (std::abs(e.above) > kLargestExponent || e.below > 1000) return std::nullopt;
      auto [monomial, coefficient] = normal(std::move(product), c * d);
      if (!add_term(out, std::move(monomial), coefficient)) return std::nullopt;
    }
  return out;
}

std::string text_of(const Polynomial& p) {
  std::string out;
  for (const auto& [m, c] : p) {
    if (!out.empty()) out += '+';
    out += c.text();
    for (const auto& [atom, e] : m) {
      out += "*" + atom;
      if (e != Exponent{}) out += "^" + std::to_string(e.above) + "/" + std::to_string(e.below);
    }
  }
  return out.empty() ? "0" : out;
}

std::optional<ExactForm> sum_of(const ExactForm& a, const ExactForm& b, VerifyBudget& budget) {
  const bool opaque = a.opaque || b.opaque;
  if (a.below == b.below) {
    auto above = sum_of(a.above, b.above, budget);
    if (!above) return std::nullopt;
    return simplified({std::move(*above), a.below, opaque}, budget);
  }
  const auto x = product_of(a.above, b.below, budget), y = product_of(b.above, a.below, budget);
  if (!x || !y) return std::nullopt;
  auto above = sum_of(*x, *y, budget), below = product_of(a.below, b.below, budget);
  if (!above || !below) return std::nullopt;
  return simplified({std::move(*above), std::move(*below), opaque}, budget);
}

std::optional<ExactForm> product_of(const ExactForm& a, const ExactForm& b, VerifyBudget& budget) {
  auto above = product_of(a.above, b.above, budget), below = product_of(a.below, b.below, budget);
  if (!above || !below) return std::nullopt;
  return simplified({std::move(*above), std::move(*below), a.opaque || b.opaque}, budget);
}

std::optional<ExactForm> integer_power(const ExactForm& base, i64 exponent, VerifyBudget& budget) {
  ExactForm b = base;
  if (exponent < 0) {
    std::swap(b.above, b.below);
    auto inverse = simplified(std::move(b), budget);
    if (!inverse) return std::nullopt;
    b = std::move(*inverse);
    exponent = -exponent;
  }
  if (b.above.size() <= 1 && b.below.size() <= 1) {  // one term: no product of sums, so the exponent may be large
    ExactForm out{constant(Rational(1)), constant(Rational(1)), b.opaque};
    if (b.above.empty()) return exponent == 0 ? out : b;
    Monomial m = b.above.begin()->first;
    Rational c = b.above.begin()->second;
    if (exponent > kLargestExponent || static_cast<i64>(c.bits()) * exponent > static_cast<i64>(kMostBits))
      if (!(c == Rational(1)) && !(c == Rational(-1))) return std::nullopt;
    if (!budget.spend_exact(1 + static_cast<i64>(c.bits()) * exponent / 512)) return std::nullopt;
    const bool negative = c.sign() < 0 && exponent % 2 == 1;
    c = c == Rational(1) || c == Rational(-1) ? Rational(negative ? -1 : 1) : c.power(exponent);
    for (auto& [atom, e] : m) {
      if (exponent > kLargestExponent) return std::nullopt;
      const auto product = exponent_product(e, {exponent, 1});
      if (!product) return std::nullopt;
      e = *product;
      if (is_prime_atom(atom) && e.above / e.below > 2000) return std::nullopt;
    }
    auto [monomial, coefficient] = normal(std::move(m), std::move(c));
    if (coefficient.bits() > kMostBits) return std::nullopt;
    out.above = {{std::move(monomial), std::move(coefficient)}};
    return out;
  }
  if (exponent > 200) return std::nullopt;
  ExactForm out{constant(Rational(1)), constant(Rational(1)), b.opaque};
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) {
      auto next = product_of(out, b, budget);
      if (!next) return std::nullopt;
      out = std::move(*next);
    }
    if (exponent > 1) {
      auto square = product_of(b, b, budget);
      if (!square) return std::nullopt;
      b = std::move(*square);
    }
  }
  return out;
}

namespace {

// n^exponent for a positive integer n, as a product of primes. A factor without prime factors below 2,000 that is no
// prime for certain becomes an atom of its own, and the form opaque.
bool root_of_integer(const Rational& n, Exponent exponent, Monomial& out, bool& opaque, VerifyBudget& budget) {
  Rational rest = n;
  const auto add = [&](const Rational& prime, i64 times) {
    const auto e = exponent_product(exponent, {times, 1});
    if (!e) return false;
    out = product_of(out, Monomial{{prime.text(), *e}});
    return true;
  };
  constexpr i64 kTrials = 2000;
  if (rest.bits() > 2048) return false;
  for (i64 p = 2; p < kTrials && Rational(1) < rest; p += p == 2 ? 1 : 2) {
    i64 times = 0;
    if (const auto small = rest.small()) {
      i64 value = *small;
      if (p * p > value) p = value < kTrials ? value : kTrials;
      if (p == kTrials) break;
      while (value % p == 0) value /= p, ++times;
      rest = Rational(value);
    } else {
      if (!budget.spend_exact(1)) return false;
      for (Rational q; (q = rest / Rational(p)).is_integer(); ++times) rest = q;
    }
    if (times > 0 && !add(Rational(p), times)) return false;
  }
  if (rest == Rational(1)) return true;
  const bool prime = rest < Rational(kTrials * kTrials);
  if (!prime) opaque = true;
  return add(rest, 1);
}

}  // namespace

std::optional<ExactForm> fractional_power(const ExactForm& base, Exponent exponent, VerifyBudget& budget) {
  ExactForm out{constant(Rational(1)), constant(Rational(1)), base.opaque};
  if (base.above.empty()) {
    out.above.clear();
    return exponent.above > 0 ? std::optional(out) : std::nullopt;
  }
  if (base.above.size() != 1 || base.below.size() != 1 || !base.below.begin()->first.empty()) return std::nullopt;
  const auto& [m, c] = *base.above.begin();
  Monomial roots;
  const Rational size = c.sign() < 0 ? -c : c;
  if (!root_of_integer(size.numerator(), exponent, roots, out.opaque, budget)) return std::nullopt;
  Monomial below;
  if (!root_of_integer(size.denominator(), exponent, below, out.opaque, budget)) return std::nullopt;
  for (auto& [atom, e] : below) e.above = -e.above;
  roots = product_of(roots, below);
  Rational sign(1);
  if (c.sign() < 0) {
    if (exponent.below % 2 == 1) sign = Rational(exponent.above % 2 == 0 ? 1 : -1);
    else if (exponent.below == 2) roots = product_of(roots, Monomial{{"i", {exponent.above, 1}}});
    else return std::nullopt;
  }
  for (const auto& [atom, e] : m) {
    const auto power = exponent_product(e, exponent);
    if (!power || atom == "i") return std::nullopt;
    roots = product_of(roots, Monomial{{atom, *power}});
  }
  for (const auto& [atom, e] : roots)
    if (is_prime_atom(atom) && std::abs(e.above / e.below) > 2000) return std::nullopt;
  auto [monomial, coefficient] = normal(std::move(roots), std::move(sign));
  out.above = {{std::move(monomial), std::move(coefficient)}};
  return out;
}

}  // namespace r1
