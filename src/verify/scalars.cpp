#include <algorithm>
#include <map>

#include "verify/comparer.hpp"

namespace r1 {
namespace {

bool has_decimal(const AnswerNode& n) { return n.decimal || std::any_of(n.args.begin(), n.args.end(), has_decimal); }

bool is_percentage(const AnswerNode& n) {
  if (n.percent) return true;
  return n.is(NodeKind::multiply) && n.args.size() == 2 && n.args[0].is(NodeKind::number) &&
         n.args[0].value == Rational(-1) && n.args[1].percent;
}

bool is_scalar(const AnswerNode& n) {
  if (n.is(NodeKind::sequence) || n.is(NodeKind::unite) || n.is(NodeKind::relation) || n.is(NodeKind::matrix) ||
      n.is(NodeKind::text) || n.is(NodeKind::plus_minus))
    return false;
  return std::all_of(n.args.begin(), n.args.end(), is_scalar);
}

bool is_based(const AnswerNode& n) { return n.is(NodeKind::call) && n.name == "base"; }

// The digits of 52_8 are compared and not converted; a side without a base has the base of the other.
bool based_equal(const AnswerNode& a, const AnswerNode& b) {
  const auto digits = [](const AnswerNode& n) { return is_based(n) ? n.args[0] : n; };
  const AnswerNode x = digits(a), y = digits(b);
  if (!x.is(NodeKind::number) || !y.is(NodeKind::number) || !(x.value == y.value)) return false;
  return !is_based(a) || !is_based(b) || a.args[1].name == b.args[1].name;
}

void rename(AnswerNode& n, std::map<std::string, std::string>& names, const std::set<std::string>& variables) {
  if (n.is(NodeKind::symbol) && variables.contains(n.name))
    n.name = names.try_emplace(n.name, "v" + std::to_string(names.size())).first->second;
  for (AnswerNode& a : n.args) rename(a, names, variables);
}

constexpr int kPoints = 4;

}  // namespace

int sign_of_infinity(const AnswerNode& n) {
  if (n.is_symbol("infty")) return 1;
  const bool negative = n.is(NodeKind::multiply) && n.args.size() == 2 && n.args[0].is(NodeKind::number) &&
                        n.args[0].value == Rational(-1) && n.args[1].is_symbol("infty");
  return negative ? -1 : 0;
}

bool AnswerComparer::scalars_equal(const AnswerNode& gold, const AnswerNode& given) {
  if (gold.is(NodeKind::number) && given.is(NodeKind::number)) {
    if (gold.value == given.value) return true;
    if (!gold.decimal && !given.decimal) return false;
  }
  if (!is_scalar(gold) || !is_scalar(given)) return false;
  if (is_based(gold) || is_based(given)) return based_equal(gold, given);
  if (sign_of_infinity(gold) != 0 || sign_of_infinity(given) != 0)
    return sign_of_infinity(gold) == sign_of_infinity(given);
  if (is_percentage(gold) && !is_percentage(given)) {
    AnswerNode bare = node(NodeKind::multiply, {gold, number_node(Rational(100))});
    if (scalars_equal(bare, given)) return true;
  }
  if (!options_.strict) {
    const auto x = variables_of(gold), y = variables_of(given);
    if (x.size() != y.size()) return false;
    if (!x.empty() && *x.begin() != "v0") {
      AnswerNode a = gold, b = given;
      std::map<std::string, std::string> names_a, names_b;
      rename(a, names_a, x), rename(b, names_b, y);
      return scalars_equal(a, b);
    }
  }
  const FormResult x = exact_form(gold, budget_), y = exact_form(given, budget_);
  if (x.state == FormState::undefined || y.state == FormState::undefined) return false;
  if (x.state == FormState::known && y.state == FormState::known) {
    const auto d = difference(x.form, y.form, budget_);
    if (d && d->empty()) return true;
    if (d && !x.form.opaque && !y.form.opaque) return equal_when_rounded(gold, given);
  }
  return numerically_equal(gold, given) || equal_when_rounded(gold, given);
}

bool AnswerComparer::numerically_equal(const AnswerNode& gold, const AnswerNode& given) {
  const auto variables = variables_of(gold);
  if (variables != variables_of(given)) {
    // sec^2 y − tan^2 y is 1; but an answer with variables that the gold lacks is not taken for it.
    if (variables.empty()) return false;
  }
  const bool constant = variables.empty() && variables_of(given).empty();
  const bool both_signs = has_absolute_value(gold) || has_absolute_value(given);
  int agreed = 0;
  for (int i = 0; i < (constant ? 1 : both_signs ? 2 * kPoints : kPoints); ++i) {
    const EvaluationPoint point{seed_ + static_cast<u64>(i), i >= kPoints};
    const Complex a = value_at(gold, point, budget_), b = value_at(given, point, budget_);
    if (!a.defined() && !b.defined()) continue;
    if (!a.agrees(b)) return false;
    ++agreed;
  }
  return agreed >= (constant ? 1 : 3);
}

std::optional<Complex> AnswerComparer::real_value(const AnswerNode& n) {
  if (!is_scalar(n) || !variables_of(n).empty()) return std::nullopt;
  const Complex value = value_at(n, {seed_}, budget_);
  if (!value.rounded(0)) return std::nullopt;
  return value;
}

bool AnswerComparer::equal_when_rounded(const AnswerNode& gold, const AnswerNode& given) {
  if (!has_decimal(gold) && !has_decimal(given)) return false;
  if (!variables_of(gold).empty() || !variables_of(given).empty()) return false;
  const auto rounded = [&](const AnswerNode& n) -> std::optional<Rational> {
    const FormResult f = exact_form(n, budget_);
    if (f.state == FormState::undefined) return std::nullopt;
    if (f.state == FormState::known)
      if (const auto r = f.form.rational()) return r->rounded(options_.precision);
    return value_at(n, {seed_}, budget_).rounded(options_.precision);
  };
  const auto a = rounded(gold), b = rounded(given);
  if (!a || !b || !(*a == *b)) return false;
  // Rounding may not bring together what differs by more than one percent: 0.0000001 and 0.0000002 both round to 0.
  const Complex x = value_at(gold, {seed_}, budget_), y = value_at(given, {seed_}, budget_);
  const Complex excess = (x - y).abs() * Complex(Rational(100)) - x.abs();
  const bool is_zero = !x.nonzero() && !y.nonzero();
  return is_zero || (excess.defined() && excess.sign().value_or(-1) < 0) || a->sign() != 0;
}

std::optional<int> AnswerComparer::constant_ratio(const AnswerNode& a, const AnswerNode& b) {
  if (!is_scalar(a) || !is_scalar(b)) return std::nullopt;
  const FormResult x = exact_form(a, budget_), y = exact_form(b, budget_);
  if (x.state == FormState::undefined || y.state == FormState::undefined) return std::nullopt;
  if (x.state == FormState::known && y.state == FormState::known)
    if (const auto c = ratio(x.form, y.form, budget_)) return c->sign();
  const auto variables = variables_of(a);
  if (variables.empty() || variables != variables_of(b)) return std::nullopt;
  std::optional<Complex> first;
  for (int i = 0; i < 2 * kPoints; ++i) {
    const EvaluationPoint point{seed_ + static_cast<u64>(i), i >= kPoints};
    const Complex q = value_at(a, point, budget_) / value_at(b, point, budget_);
    if (!q.nonzero() || (first && !first->agrees(q))) return std::nullopt;
    first = q;
  }
  return first->sign().value_or(0);
}

}  // namespace r1
