#include <algorithm>

#include "verify/comparer.hpp"

namespace r1 {
namespace {

AnswerNode infinity(int sign) { return sign > 0 ? symbol_node("infty") : negated(symbol_node("infty")); }
bool is_reals(const AnswerNode& n) { return n.is_symbol("R"); }

AnswerInterval point(const AnswerNode& n) { return {n, n, true, true}; }

}  // namespace

// Where an end lies on the line, for sorting; ±∞ as a number beyond all that are allowed.
std::optional<Complex> AnswerComparer::position(const AnswerNode& end) {
  if (const int sign = sign_of_infinity(end); sign != 0) return Complex(Rational(sign) * Rational(10).power(190));
  return real_value(end);
}

// Sorted, without overlap. Nothing if an end is not a real number.
std::optional<IntervalUnion> AnswerComparer::merged(IntervalUnion all) {
  struct Placed {
    AnswerInterval interval;
    Complex low, high;
  };
  std::vector<Placed> placed;
  for (AnswerInterval& i : all) {
    const auto low = position(i.low), high = position(i.high);
    if (!low || !high) return std::nullopt;
    placed.push_back({std::move(i), *low, *high});
  }
  const auto before = [](const Complex& a, const Complex& b) { return (a - b).sign().value_or(0) < 0; };
  std::stable_sort(placed.begin(), placed.end(),
                   [&](const Placed& a, const Placed& b) { return before(a.low, b.low); });
  std::vector<Placed> out;
  for (Placed& p : placed) {
    const bool touches =
        !out.empty() &&
        (before(p.low, out.back().high) ||
         (!before(out.back().high, p.low) && (p.interval.low_closed || out.back().interval.high_closed)));
    if (!touches) {
      out.push_back(std::move(p));
      continue;
    }
    Placed& last = out.back();
    if (!before(last.low, p.low)) last.interval.low_closed = last.interval.low_closed || p.interval.low_closed;
    if (before(last.high, p.high)) {
      last.high = p.high, last.interval.high = p.interval.high, last.interval.high_closed = p.interval.high_closed;
    } else if (!before(p.high, last.high)) {
      last.interval.high_closed = last.interval.high_closed || p.interval.high_closed;
    }
  }
  IntervalUnion result;
  for (Placed& p : out) result.push_back(std::move(p.interval));
  return result;
}

std::optional<IntervalUnion> AnswerComparer::intervals_of(const AnswerNode& n) {
  if (is_reals(n)) return IntervalUnion{{infinity(-1), infinity(1), false, false}};
  if (n.is(NodeKind::relation) && n.name == "E") return intervals_of(n.args[1]);
  if (n.is_sequence('{')) {
    IntervalUnion points;
    for (const AnswerNode& a : n.args) points.push_back(point(a));
    return points;
  }
  if (n.is(NodeKind::sequence) && n.open != 0) {
    if (n.args.size() != 2) return std::nullopt;
    return IntervalUnion{{n.args[0], n.args[1], n.open == '[', n.close == ']'}};
  }
  if (!n.is(NodeKind::unite)) return std::nullopt;
  auto a = intervals_of(n.args[0]), b = intervals_of(n.args[1]);
  if (!a || !b) return std::nullopt;
  if (n.name == "cup") {
    std::move(b->begin(), b->end(), std::back_inserter(*a));
    return a;
  }
  if (n.name != "minus" || b->size() > 16) return std::nullopt;
  // A difference is worked out if single points are taken away.
  for (const AnswerInterval& hole : *b) {
    if (!scalars_equal(hole.low, hole.high)) return std::nullopt;
    const auto at = position(hole.low);
    if (!at) return std::nullopt;
    IntervalUnion rest;
    for (const AnswerInterval& i : *a) {
      const auto low = position(i.low), high = position(i.high);
      if (!low || !high) return std::nullopt;
      const int left = (*at - *low).sign().value_or(0), right = (*high - *at).sign().value_or(0);
      AnswerInterval below = i, above = i;
      below.high = hole.low, below.high_closed = false;
      above.low = hole.low, above.low_closed = false;
      if (left < 0 || right < 0) rest.push_back(i);
      if (left > 0 && right >= 0) rest.push_back(below);
      if (right > 0 && left >= 0) rest.push_back(above);
    }
    a = std::move(rest);
  }
  return a;
}

// Of x < 3, 1 ≤ x < 2, and a ≤ |x| ≤ b.
std::optional<IntervalUnion> AnswerComparer::solutions_of(const AnswerNode& r) {
  if (!is_inequality(r)) return std::nullopt;
  const auto is_variable = [](const AnswerNode& n) { return n.is(NodeKind::symbol) && !variables_of(n).empty(); };
  const auto is_absolute = [&](const AnswerNode& n) {
    return n.is(NodeKind::call) && n.name == "abs" && is_variable(n.args[0]);
  };
  AnswerInterval i{infinity(-1), infinity(1), false, false};
  const AnswerNode* variable = nullptr;
  for (size_t k = 0; k < r.args.size(); ++k)
    if (is_variable(r.args[k]) || is_absolute(r.args[k])) {
      if (variable) return std::nullopt;
      variable = &r.args[k];
    }
  if (!variable || r.args.size() > 3) return std::nullopt;
  if (r.args.size() == 3 && variable != &r.args[1]) return std::nullopt;
  for (size_t k = 0; k < r.name.size(); ++k) {
    const bool variable_left = &r.args[k] == variable;
    const AnswerNode& bound = r.args[variable_left ? k + 1 : k];
    if (!variables_of(bound).empty()) return std::nullopt;
    const char sign = r.name[k];
    const bool upper = (sign == '<' || sign == 'L') == variable_left, closed = sign == 'L' || sign == 'G';
    if (upper) i.high = bound, i.high_closed = closed;
    else i.low = bound, i.low_closed = closed;
  }
  if (!is_absolute(*variable)) return IntervalUnion{i};
  const AnswerInterval mirror{sign_of_infinity(i.high) > 0 ? infinity(-1) : negated(i.high),
                              sign_of_infinity(i.low) < 0 ? infinity(1) : negated(i.low), i.high_closed, i.low_closed};
  if (sign_of_infinity(i.low) < 0)  // |x| < b
    return IntervalUnion{{mirror.low, i.high, mirror.low_closed, i.high_closed}};
  return IntervalUnion{mirror, i};
}

bool AnswerComparer::unions_equal(IntervalUnion gold, IntervalUnion given) {
  if (gold.size() > 64 || given.size() > 64) return false;
  if (auto m = merged(gold)) gold = std::move(*m);
  if (auto m = merged(given)) given = std::move(*m);
  return std::equal(gold.begin(), gold.end(), given.begin(), given.end(),
                    [&](const AnswerInterval& a, const AnswerInterval& b) {
                      return a.low_closed == b.low_closed && a.high_closed == b.high_closed &&
                             scalars_equal(a.low, b.low) && scalars_equal(a.high, b.high);
                    });
}

}  // namespace r1
