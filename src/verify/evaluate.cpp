#include "verify/evaluate.hpp"

#include <algorithm>

#include "core/hash.hpp"

namespace r1 {
namespace {

constexpr i64 kCostOfFunction = 40;  // an exponential in units of an addition

u64 mixed(u64 h) {
  h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9u;
  h = (h ^ h >> 27) * 0x94d049bb133111ebu;
  return h ^ h >> 31;
}

const Complex one{Rational(1)};

class Evaluator {
 public:
  Evaluator(const EvaluationPoint& point, VerifyBudget& budget) : point_(point), budget_(budget) {}

  Complex of(const AnswerNode& n) {
    if (!budget_.spend_numeric(1)) return {};
    switch (n.kind) {
      case NodeKind::number: return Complex(n.value);
      case NodeKind::symbol: return symbol(n.name);
      case NodeKind::add: {
        Complex sum{Rational(0)};
        for (const AnswerNode& a : n.args) sum = sum + of(a);
        return sum;
      }
      case NodeKind::multiply: {
        Complex product = one;
        for (const AnswerNode& a : n.args) product = product * of(a);
        return product;
      }
      case NodeKind::power: return power(n.args[0], n.args[1]);
      case NodeKind::call: return call(n);
      default: return {};
    }
  }

 private:
  Complex symbol(const std::string& name) {
    if (name == "pi") return Complex::pi();
    if (name == "e") return Complex::e();
    if (name == "i") return Complex::i();
    if (name == "infty" || name.starts_with("text:")) return {};
    const Complex value = Complex::from_bits(mixed(fnv1a(name) ^ mixed(point_.seed)));
    return point_.negative ? Complex(Rational(0)) - value : value;
  }

  std::optional<Rational> rational(const AnswerNode& n) {
    constexpr i64 kSteps = 200;
    VerifyBudget small{kSteps, 0};
    const FormResult form = exact_form(n, small);
    if (!budget_.spend_numeric(kSteps - small.exact)) return std::nullopt;
    return form.state == FormState::known ? form.form.rational() : std::nullopt;
  }

  Complex power(const AnswerNode& base_node, const AnswerNode& exponent_node) {
    const Complex base = of(base_node);
    if (!base.defined()) return {};
    // Rational exponents give real roots of negative numbers, as the normal form has them.
    const auto r = rational(exponent_node);
    const auto above = r ? r->numerator().small() : std::nullopt, below = r ? r->denominator().small() : std::nullopt;
    if (!above || !below || std::abs(*above) > 1000 || *below > 1000) {
      if (!budget_.spend_numeric(3 * kCostOfFunction)) return {};
      return base.power(of(exponent_node));
    }
    if (*below > 1 && !budget_.spend_numeric(2 * kCostOfFunction)) return {};
    const Complex root = *below == 1 ? base : base.root(*below);
    Complex result = one, square = root;
    for (i64 n = std::abs(*above); n > 0; n /= 2) {
      if (n % 2 == 1) result = result * square;
      if (n > 1) square = square * square;
      if (!budget_.spend_numeric(2)) return {};
    }
    return *above < 0 ? one / result : result;
  }

  Complex call(const AnswerNode& n) {
    const std::string& f = n.name;
    if (f == "degrees") return of(n.args[0]) * (angle_ ? Complex::pi() / Complex(Rational(180)) : one);
    if (!budget_.spend_numeric(4 * kCostOfFunction)) return {};
    if (f == "root") {
      const auto r = rational(n.args[0]);
      const auto degree = r ? r->small() : std::nullopt;
      if (!degree || *degree < 1 || *degree > 1000) return {};
      return of(n.args[1]).root(*degree);
    }
    if (f == "log") return n.args.size() == 2 ? of(n.args[1]).log() / of(n.args[0]).log() : Complex();
    if (n.args.size() == 1) {
      const bool outer = angle_;
      angle_ = angle_ || is_trigonometric(f);
      const Complex x = of(n.args[0]);
      angle_ = outer;
      if (f == "sin") return x.sin();
      if (f == "cos") return x.cos();
      if (f == "tan") return x.sin() / x.cos();
      if (f == "cot") return x.cos() / x.sin();
      if (f == "sec") return one / x.cos();
      if (f == "csc") return one / x.sin();
      if (f == "ln") return x.log();
      if (f == "exp") return x.exp();
      if (f == "abs") return x.abs();
      const Complex u = f.ends_with("h") ? x.exp() : Complex(), two{Rational(2)};
      if (f == "sinh") return (u - one / u) / two;
      if (f == "cosh") return (u + one / u) / two;
      if (f == "tanh") return (u - one / u) / (u + one / u);
      if (f == "arcsin") return arcsin(x);
      if (f == "arccos") return Complex::pi() / two - arcsin(x);
      if (f == "arctan") {
        const Complex ix = Complex::i() * x;
        return Complex::i() * ((one - ix).log() - (one + ix).log()) / two;
      }
    }
    constexpr i64 kSteps = 2000;
    VerifyBudget exact{kSteps, 0};
    const FormResult form = exact_form(n, exact);
    if (!budget_.spend_numeric(kSteps - exact.exact)) return {};
    if (form.state != FormState::known) return {};
    if (const auto r = form.form.rational()) return Complex(*r);
    // A function without a known meaning is a variable of its own.
    return form.form.opaque ? Complex() : symbol(text_of(form.form));
  }

  static Complex arcsin(const Complex& x) {
    const Complex i = Complex::i();
    return Complex(Rational(0)) - i * (i * x + (one - x * x).root(2)).log();
  }

  const EvaluationPoint& point_;
  VerifyBudget& budget_;
  bool angle_ = false;  // inside a trigonometric function, where a degree sign means π/180
};

}  // namespace

Complex value_at(const AnswerNode& node, const EvaluationPoint& point, VerifyBudget& budget) {
  return Evaluator(point, budget).of(node);
}

std::set<std::string> variables_of(const AnswerNode& node) {
  std::set<std::string> all;
  if (node.is(NodeKind::symbol) && node.name != "pi" && node.name != "e" && node.name != "i" && node.name != "infty")
    all.insert(node.name);
  if (node.is(NodeKind::call) && (node.name.size() == 1 || node.name.find('_') != node.name.npos))
    all.insert(node.name);
  for (const AnswerNode& a : node.args) all.merge(variables_of(a));
  return all;
}

bool has_absolute_value(const AnswerNode& node) {
  return (node.is(NodeKind::call) && node.name == "abs") ||
         std::any_of(node.args.begin(), node.args.end(), has_absolute_value);
}

}  // namespace r1
