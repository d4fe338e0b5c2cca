#include <algorithm>

#include "verify/comparer.hpp"

namespace r1 {
namespace {

// A label in a form that two spellings share: x, f(x), (p,q).
std::string spelled(const AnswerNode& n) {
  std::string out = n.name;
  if (n.is(NodeKind::number)) out = n.value.text();
  if (n.open != 0) out += n.open;
  for (const AnswerNode& a : n.args) out += "(" + spelled(a) + ")";
  return out;
}

bool is_function_label(const AnswerNode& n) { return n.is(NodeKind::call) && n.name.size() == 1; }

char mirrored(char sign) {
  switch (sign) {
    case '<': return '>';
    case '>': return '<';
    case 'L': return 'G';
    case 'G': return 'L';
    default: return sign;
  }
}

AnswerNode sides_difference(const AnswerNode& a, const AnswerNode& b) { return node(NodeKind::add, {a, negated(b)}); }

bool only(const AnswerNode& relation, std::string_view signs) {
  return relation.name.find_first_not_of(signs) == std::string::npos;
}

}  // namespace

bool is_inequality(const AnswerNode& n) { return n.is(NodeKind::relation) && only(n, "<L>G"); }

std::string label_of(const AnswerNode& r) {
  if (!r.is(NodeKind::relation) || !only(r, "=~")) return "";
  if (r.args.front().label) return spelled(r.args.front());
  return r.args.size() == 2 && r.args.back().label ? spelled(r.args.back()) : "";
}

std::optional<AnswerNode> value_of_equation(const AnswerNode& r) {
  if (!r.is(NodeKind::relation)) return std::nullopt;
  if (r.name == "E" && r.args[0].label) return r.args[1];
  if (!only(r, "=~")) return std::nullopt;
  const size_t about = r.name.find('~');
  if (r.args.front().label) {
    // k = 1/3 ≈ 0.33 says 1/3, x ≈ 11 says 11.
    return about == std::string::npos || about == 0 ? r.args.back() : r.args[about];
  }
  if (r.args.size() == 2 && r.args.back().label) return r.args.front();
  if (about == 0) return r.args.front();
  // An equation between constants says the last one, and so does one whose left side has no value of its own.
  const bool constants = std::all_of(r.args.begin(), r.args.end(), [](const AnswerNode& side) {
    const bool sums_up = side.is(NodeKind::call) && side.name.find('_') != std::string::npos;  // a limit, a sum
    return sums_up || variables_of(side).empty();
  });
  if (!constants) return std::nullopt;
  return about == std::string::npos ? r.args.back() : r.args[about];
}

bool AnswerComparer::relations_equal(const AnswerNode& gold, const AnswerNode& given) {
  const std::string label = label_of(gold), other = label_of(given);
  if (!label.empty() && !other.empty()) {
    const auto value = value_of_equation(gold), other_value = value_of_equation(given);
    const AnswerNode &side = gold.args.front(), &other_side = given.args.front();
    const bool functions = (is_function_label(side) && (is_function_label(other_side) || other == "y")) ||
                           (is_function_label(other_side) && label == "y");
    if (label == other || !options_.strict || functions) return value && other_value && equal(*value, *other_value);
  }
  if (gold.name == "E" && given.name == "E") return equal(gold.args[1], given.args[1]);
  if (gold.args.size() != given.args.size()) {
    const auto value = value_of_equation(gold), other_value = value_of_equation(given);
    return label.empty() && other.empty() && value && other_value && equal(*value, *other_value);
  }
  // Links of the two chains one by one, forwards, then with the second chain read from the right.
  const size_t n = gold.name.size();
  const auto link_equal = [&](size_t i, bool reversed) {
    const size_t j = reversed ? n - 1 - i : i;
    char sign = gold.name[i], other_sign = reversed ? mirrored(given.name[j]) : given.name[j];
    if (sign == '~') sign = '=';
    if (other_sign == '~') other_sign = '=';
    const AnswerNode &a = given.args[reversed ? j + 1 : j], &b = given.args[reversed ? j : j + 1];
    const AnswerNode x = sides_difference(gold.args[i], gold.args[i + 1]), y = sides_difference(a, b);
    const auto factor = constant_ratio(x, y);
    if (!factor) return scalars_equal(gold.args[i], a) && scalars_equal(gold.args[i + 1], b) && sign == other_sign;
    if (sign == '=' || sign == 'N') return sign == other_sign;
    return *factor != 0 && sign == (*factor < 0 ? mirrored(other_sign) : other_sign);
  };
  for (const bool reversed : {false, true}) {
    bool all = true;
    for (size_t i = 0; i < n && all; ++i) all = link_equal(i, reversed);
    if (all) return true;
  }
  return false;
}

}  // namespace r1
