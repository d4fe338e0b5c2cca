#include <algorithm>

#include "verify/comparer.hpp"

namespace r1 {
namespace {

constexpr size_t kLargestSide = 16;

size_t columns(const AnswerNode& m) { return m.args.front().args.size(); }

AnswerNode scaled(const AnswerNode& matrix, const AnswerNode& factor) {
  AnswerNode out = matrix;
  for (AnswerNode& row : out.args)
    for (AnswerNode& entry : row.args) entry = node(NodeKind::multiply, {factor, std::move(entry)});
  return out;
}

AnswerNode transposed(const AnswerNode& m) {
  AnswerNode out = node(NodeKind::matrix, {}, m.name);
  for (size_t c = 0; c < columns(m); ++c) {
    out.args.push_back(sequence_node('(', ')', {}));
    for (const AnswerNode& row : m.args) out.args.back().args.push_back(row.args[c]);
  }
  return out;
}

std::optional<AnswerNode> product(const AnswerNode& a, const AnswerNode& b) {
  if (columns(a) != b.args.size()) return std::nullopt;
  AnswerNode out = node(NodeKind::matrix, {}, a.name);
  for (const AnswerNode& row : a.args) {
    out.args.push_back(sequence_node('(', ')', {}));
    for (size_t c = 0; c < columns(b); ++c) {
      std::vector<AnswerNode> terms;
      for (size_t k = 0; k < row.args.size(); ++k)
        terms.push_back(node(NodeKind::multiply, {row.args[k], b.args[k].args[c]}));
      out.args.back().args.push_back(node(NodeKind::add, std::move(terms)));
    }
  }
  return out;
}

}  // namespace

std::optional<AnswerNode> matrix_of(const AnswerNode& n) {
  if (n.is(NodeKind::matrix)) {
    if (n.args.size() > kLargestSide || columns(n) > kLargestSide) return std::nullopt;
    return n;
  }
  if (n.is(NodeKind::sequence) && n.args.size() == 1) return matrix_of(n.args[0]);
  if (!contains(n, NodeKind::matrix)) return std::nullopt;
  if (n.is(NodeKind::power) && n.args[1].is_symbol("T")) {
    const auto m = matrix_of(n.args[0]);
    return m ? std::optional(transposed(*m)) : std::nullopt;
  }
  if (!n.is(NodeKind::add) && !n.is(NodeKind::multiply)) return std::nullopt;
  if (n.args.size() > 8) return std::nullopt;
  std::optional<AnswerNode> result;
  std::vector<AnswerNode> factors;
  for (const AnswerNode& a : n.args) {
    if (!contains(a, NodeKind::matrix)) {
      if (n.is(NodeKind::add)) return std::nullopt;
      factors.push_back(a);
      continue;
    }
    const auto m = matrix_of(a);
    if (!m) return std::nullopt;
    if (!result) {
      result = m;
    } else if (n.is(NodeKind::multiply)) {
      result = product(*result, *m);
      if (!result) return std::nullopt;
    } else {
      if (m->args.size() != result->args.size() || columns(*m) != columns(*result)) return std::nullopt;
      for (size_t r = 0; r < m->args.size(); ++r)
        for (size_t c = 0; c < columns(*m); ++c)
          result->args[r].args[c] = node(NodeKind::add, {result->args[r].args[c], m->args[r].args[c]});
    }
  }
  for (const AnswerNode& f : factors) result = scaled(*result, f);
  return result;
}

bool AnswerComparer::matrices_equal(const AnswerNode& gold, const AnswerNode& given) {
  const auto a = matrix_of(gold), b = matrix_of(given);
  // A column or a row is also written as a list.
  const auto vector_of = [](const AnswerNode& m) {
    const AnswerNode row = columns(m) == 1 ? transposed(m) : m;
    return row.args.size() == 1 ? row.args.front() : AnswerNode{};
  };
  if (a && !b && given.is(NodeKind::sequence) && given.open != '{') return in_order(vector_of(*a).args, given.args);
  if (b && !a && gold.is(NodeKind::sequence) && gold.open != '{') return in_order(gold.args, vector_of(*b).args);
  if (!a || !b || a->args.size() != b->args.size()) return false;
  for (size_t r = 0; r < a->args.size(); ++r)
    if (!in_order(a->args[r].args, b->args[r].args)) return false;
  return true;
}

}  // namespace r1
