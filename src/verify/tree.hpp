// An answer as a tree.
#pragma once
#include <string>
#include <vector>

#include "verify/numbers.hpp"

namespace r1 {

struct AnswerNode {
  enum class Kind {
    number,
    symbol,      // x, x_1, pi, e, i, infty, R
    add,         // args[0] + args[1] + ...
    multiply,    // a / b is a · b^-1
    power,       // args[0] ^ args[1]
    call,        // name(args): sin, log (base, x), root (n, x), abs, factorial, base (digits, base), sum, f ...
    plus_minus,  // ± args[0], or ∓ if name is "-+"
    matrix,      // rows are sequences; name is the environment
    sequence,    // open and close say which: ( [ { or, for a list without brackets, 0
    unite,       // of sets; name is cup, cap or minus
    relation,    // args[0] name[0] args[1] name[1] args[2] ...; signs: = < L(≤) > G(≥) N(≠) ~(≈) E(∈)
    text,        // words
  };
  Kind kind = Kind::text;
  std::string name;
  Rational value;        // of a number
  bool decimal = false;  // of a number: written with a point, so it may be rounded
  bool percent = false;  // a percent sign stands behind it; the value is already divided by 100
  bool label = false;    // a side of a relation that only names something: x, f(x), (p,q), |AB|
  char open = 0, close = 0;
  std::vector<AnswerNode> args;

  bool is(Kind k) const { return kind == k; }
  bool is_symbol(std::string_view s) const { return kind == Kind::symbol && name == s; }
  bool is_sequence(char bracket) const { return kind == Kind::sequence && open == bracket; }
};

using NodeKind = AnswerNode::Kind;

inline AnswerNode number_node(Rational value, bool decimal = false) {
  AnswerNode n;
  n.kind = NodeKind::number, n.value = std::move(value), n.decimal = decimal;
  return n;
}
inline AnswerNode node(NodeKind kind, std::vector<AnswerNode> args, std::string name = "") {
  AnswerNode n;
  n.kind = kind, n.args = std::move(args), n.name = std::move(name);
  return n;
}
inline AnswerNode symbol_node(std::string name) { return node(NodeKind::symbol, {}, std::move(name)); }
inline AnswerNode sequence_node(char open, char close, std::vector<AnswerNode> args) {
  AnswerNode n = node(NodeKind::sequence, std::move(args));
  n.open = open, n.close = close;
  return n;
}
inline AnswerNode negated(AnswerNode n) { return node(NodeKind::multiply, {number_node(Rational(-1)), std::move(n)}); }
inline AnswerNode quotient(AnswerNode a, AnswerNode b) {
  return node(NodeKind::multiply, {std::move(a), node(NodeKind::power, {std::move(b), number_node(Rational(-1))})});
}

}  // namespace r1
