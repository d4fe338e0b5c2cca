#include "verify/form.hpp"

#include <algorithm>
#include <numeric>

#include "verify/polynomial.hpp"

namespace r1 {
namespace {

constexpr i64 kLargestFactorial = 3000;

using Form = std::optional<ExactForm>;

class FormMaker {
 public:
  explicit FormMaker(VerifyBudget& budget) : budget_(budget) {}
  bool undefined = false;

  Form of(const AnswerNode& n) {
    if (!budget_.spend_exact(1)) return std::nullopt;
    switch (n.kind) {
      case NodeKind::number: return whole(n.value);
      case NodeKind::symbol: return symbol(n.name);
      case NodeKind::add:
        return fold(n, whole(Rational(0)),
                    [&](const ExactForm& a, const ExactForm& b) { return sum_of(a, b, budget_); });
      case NodeKind::multiply:
        return fold(n, whole(Rational(1)),
                    [&](const ExactForm& a, const ExactForm& b) { return product_of(a, b, budget_); });
      case NodeKind::power: return power(n.args[0], n.args[1]);
      case NodeKind::call: return call(n);
      default: return std::nullopt;
    }
  }

 private:
  static ExactForm whole(const Rational& value) { return {constant(value), constant(Rational(1)), false}; }
  static ExactForm atom(const std::string& name, bool opaque) {
    return {atom_power(name, {}), constant(Rational(1)), opaque};
  }
  Form fail_undefined() {
    undefined = true;
    return std::nullopt;
  }

  Form symbol(const std::string& name) {
    // Infinity is no number: whole answers of infinity are compared before their forms are.
    if (name == "infty") return fail_undefined();
    return atom(is_digit_first(name) ? "'" + name : name, false);
  }
  static bool is_digit_first(const std::string& name) { return !name.empty() && name[0] >= '0' && name[0] <= '9'; }

  template <class F>
  Form fold(const AnswerNode& n, ExactForm start, F f) {
    Form result = std::move(start);
    for (const AnswerNode& a : n.args) {
      const Form next = of(a);
      if (!next) return std::nullopt;
      result = f(*result, *next);
      if (!result) return std::nullopt;
    }
    return result;
  }

  Form power(const AnswerNode& base_node, const AnswerNode& exponent_node) {
    const Form base = of(base_node);
    if (!base) return std::nullopt;
    const Form exponent = of(exponent_node);
    if (!exponent) return std::nullopt;
    const auto r = exponent->rational();
    if (!r) {
      if (base->above.empty()) return std::nullopt;
      return atom("(" + text_of(*base) + ")^(" + text_of(*exponent) + ")", true);
    }
    if (base->above.empty() && r->sign() <= 0) return fail_undefined();
    if (r->is_integer()) {
      const auto n = r->small();
      return n ? integer_power(*base, *n, budget_) : std::nullopt;
    }
    const auto above = r->numerator().small(), below = r->denominator().small();
    if (!above || !below || *below > 1000 || std::abs(*above) > 100'000) return std::nullopt;
    return root(*base, {*above, *below});
  }

  Form root(const ExactForm& base, Exponent exponent) {
    if (auto exact = fractional_power(base, exponent, budget_)) return exact;
    if (base.above.empty() && exponent.above < 0) return fail_undefined();
    return ExactForm{atom_power("(" + text_of(base) + ")", exponent), constant(Rational(1)), true};
  }

  Form call(const AnswerNode& n) {
    std::vector<ExactForm> arguments;
    for (const AnswerNode& a : n.args) {
      Form argument = of(is_trigonometric(n.name) ? in_radians(a) : a);
      if (!argument) return std::nullopt;
      arguments.push_back(std::move(*argument));
    }
    if (n.name == "degrees") return arguments.front();
    if (n.name == "exp") return power(symbol_node("e"), n.args[0]);
    if (n.name == "root") return root_call(arguments);
    std::vector<Rational> numbers;
    for (const ExactForm& a : arguments)
      if (const auto r = a.rational()) numbers.push_back(*r);
    if (numbers.size() == arguments.size())
      if (const auto value = of_numbers(n.name, numbers)) return whole(*value);
    if (undefined) return std::nullopt;
    std::string name = n.name + "(";
    for (const ExactForm& a : arguments) name += text_of(a) + ",";
    constexpr std::string_view kOpaque[] = {"sin",    "cos",       "tan",   "cot",  "sec", "csc", "arcsin", "arccos",
                                            "arctan", "sinh",      "cosh",  "tanh", "log", "ln",  "abs",    "floor",
                                            "ceil",   "factorial", "binom", "mod",  "gcd", "lcm", "max",    "min"};
    const bool opaque = std::find(std::begin(kOpaque), std::end(kOpaque), n.name) != std::end(kOpaque);
    return atom(name + ")", opaque);
  }

  Form root_call(const std::vector<ExactForm>& arguments) {
    const auto degree = arguments[0].rational();
    const auto n = degree ? degree->small() : std::nullopt;
    if (!n || *n == 0) return n ? fail_undefined() : std::nullopt;
    if (*n < 1 || *n > 1000) return std::nullopt;
    return *n == 1 ? Form(arguments[1]) : root(arguments[1], {1, *n});
  }

  // Degrees inside trigonometric functions are angles.
  static AnswerNode in_radians(const AnswerNode& n) {
    AnswerNode out = n;
    for (AnswerNode& a : out.args) a = in_radians(a);
    if (n.is(NodeKind::call) && n.name == "degrees")
      return node(NodeKind::multiply, {out.args[0], symbol_node("pi"), number_node(Rational(1) / Rational(180))});
    return out;
  }

  std::optional<Rational> of_numbers(const std::string& name, const std::vector<Rational>& v) {
    const Rational zero(0);
    if (name == "abs") return v[0].sign() < 0 ? -v[0] : v[0];
    if (name == "floor") return v[0].floor();
    if (name == "ceil") return -(-v[0]).floor();
    if (name == "factorial" || name == "binom") {
      const auto n = v[0].small(), k = v.size() > 1 ? v[1].small() : std::optional<i64>(0);
      if (!n || !k || *n < 0 || *k < 0 || *n > kLargestFactorial) return std::nullopt;
      Rational value(1);
      const i64 times = name == "factorial" ? *n : std::min(*k, *n - *k);
      if (times < 0) return zero;
      if (!budget_.spend_exact(times + times * times / 200)) return std::nullopt;
      for (i64 i = 1; i <= times; ++i)
        value = name == "factorial" ? value * Rational(i) : value * Rational(*n - times + i) / Rational(i);
      return value;
    }
    if (name == "mod") {
      if (v[1].sign() <= 0) return undefined = true, std::nullopt;
      return v[0] - v[1] * (v[0] / v[1]).floor();
    }
    if (name == "max") return *std::max_element(v.begin(), v.end());
    if (name == "min") return *std::min_element(v.begin(), v.end());
    if (name == "gcd" || name == "lcm") {
      i64 result = 0;
      for (const Rational& r : v) {
        const auto n = r.small();
        if (!n || std::abs(*n) > 1'000'000'000) return std::nullopt;
        if (name == "gcd") result = std::gcd(result, *n);
        else result = result == 0 ? std::abs(*n) : std::lcm(result, *n);
        if (result > 1'000'000'000) return std::nullopt;
      }
      return Rational(result);
    }
    if ((name == "sin" || name == "tan" || name == "arcsin" || name == "arctan") && v[0] == zero) return zero;
    if (name == "cos" && v[0] == zero) return Rational(1);
    if (name == "ln" && v[0].sign() == 0) return undefined = true, std::nullopt;
    return std::nullopt;
  }

  VerifyBudget& budget_;
};

}  // namespace

bool is_trigonometric(std::string_view name) {
  for (const std::string_view f : {"sin", "cos", "tan", "cot", "sec", "csc"})
    if (name == f) return true;
  return false;
}

std::optional<Rational> ExactForm::rational() const {
  if (below != constant(Rational(1))) return std::nullopt;
  if (above.empty()) return Rational(0);
  if (above.size() != 1 || !above.begin()->first.empty()) return std::nullopt;
  return above.begin()->second;
}

FormResult exact_form(const AnswerNode& node, VerifyBudget& budget) {
  FormMaker maker(budget);
  Form form = maker.of(node);
  if (maker.undefined) return {FormState::undefined, {}};
  if (!form) return {FormState::unknown, {}};
  if (form->below.empty()) return {FormState::undefined, {}};
  return {FormState::known, std::move(*form)};
}

std::optional<Polynomial> difference(const ExactForm& a, const ExactForm& b, VerifyBudget& budget) {
  const auto x = product_of(a.above, b.below, budget), y = product_of(b.above, a.below, budget);
  if (!x || !y) return std::nullopt;
  const auto minus = product_of(*y, constant(Rational(-1)), budget);
  return minus ? sum_of(*x, *minus, budget) : std::nullopt;
}

std::optional<Rational> ratio(const ExactForm& a, const ExactForm& b, VerifyBudget& budget) {
  const auto x = product_of(a.above, b.below, budget), y = product_of(b.above, a.below, budget);
  if (!x || !y || x->empty() || y->empty() || x->size() != y->size()) return std::nullopt;
  const Rational c = x->begin()->second / y->begin()->second;
  const auto scaled = product_of(*y, constant(c), budget);
  return scaled && *scaled == *x ? std::optional(c) : std::nullopt;
}

std::string text_of(const ExactForm& form) {
  const std::string above = text_of(form.above);
  return form.below == constant(Rational(1)) ? above : "(" + above + ")/(" + text_of(form.below) + ")";
}

}  // namespace r1
