#include "verify/parse.hpp"

#include <algorithm>

#include "verify/parser.hpp"

namespace r1 {

using Kind = AnswerToken::Kind;

namespace {

// Words are an answer, an element of a list, or the name on a side of an equation, but no operand.
bool words_are_in_place(const AnswerNode& n) {
  const bool arithmetic = n.is(NodeKind::add) || n.is(NodeKind::multiply) || n.is(NodeKind::power) ||
                          n.is(NodeKind::call) || n.is(NodeKind::plus_minus);
  return std::all_of(n.args.begin(), n.args.end(), [&](const AnswerNode& a) {
    const bool words = a.is(NodeKind::symbol) && a.name.starts_with("text:");
    return !(words && arithmetic) && words_are_in_place(a);
  });
}

}  // namespace

std::optional<AnswerNode> parse_answer(std::vector<AnswerToken> tokens) {
  if (tokens.empty() || tokens.front().kind == Kind::end) return std::nullopt;
  auto tree = AnswerParser(std::move(tokens)).answer();
  return tree && words_are_in_place(*tree) ? std::move(tree) : std::nullopt;
}

std::optional<AnswerNode> AnswerParser::answer() {
  std::vector<std::vector<AnswerNode>> groups;
  bool lists = false;
  do {
    auto group = list();
    if (!group) return std::nullopt;
    lists = lists || group->size() > 1;
    groups.push_back(std::move(*group));
  } while (accept(";") || accept("\\\\"));
  if (peek().kind != Kind::end) return std::nullopt;
  std::vector<AnswerNode> all;
  if (groups.size() > 1 && lists) {  // p=5,q=2;p=7,q=2
    for (auto& g : groups) all.push_back(sequence_node('(', ')', std::move(g)));
  } else {
    for (auto& g : groups) std::move(g.begin(), g.end(), std::back_inserter(all));
  }
  if (all.size() == 1) return std::move(all.front());
  return sequence_node(0, 0, std::move(all));
}

std::optional<std::vector<AnswerNode>> AnswerParser::list() {
  std::vector<AnswerNode> all;
  do {
    auto element = relation();
    if (!element) return std::nullopt;
    all.push_back(std::move(*element));
  } while (accept(","));
  return all;
}

std::optional<AnswerNode> AnswerParser::relation() {
  if (++depth_ > kDeepest) return std::nullopt;
  AnswerNode chain = node(NodeKind::relation, {});
  for (;;) {
    const size_t begin = at_;
    auto side = set();
    if (!side) return std::nullopt;
    const size_t label = label_end(begin);
    side->label = label != 0 && label == at_;
    chain.args.push_back(std::move(*side));
    constexpr std::pair<std::string_view, char> kSigns[] = {{"=", '='}, {"<", '<'},  {"<=", 'L'},
                                                            {">", '>'}, {">=", 'G'}, {"!=", 'N'}};
    char sign = 0;
    for (const auto& [spelling, s] : kSigns)
      if (sign == 0 && accept(spelling)) sign = s;
    if (sign == 0 && (accept_command("approx") || accept_command("sim") || accept_command("equiv"))) sign = '~';
    if (sign == 0 && accept_command("in")) sign = 'E';
    if (sign == 0) break;
    chain.name += sign;
  }
  --depth_;
  if (chain.args.size() == 1) return std::move(chain.args.front());
  return chain;
}

std::optional<AnswerNode> AnswerParser::set() {
  auto left = ratio();
  for (int operators = 0; left && operators < 100; ++operators) {
    std::string name;
    if (accept_command("cup")) name = "cup";
    else if (accept_command("cap")) name = "cap";
    else if (accept_command("setminus")) name = "minus";
    else break;
    auto right = ratio();
    if (!right) return std::nullopt;
    left = node(NodeKind::unite, {std::move(*left), std::move(*right)}, name);
  }
  return left;
}

std::optional<AnswerNode> AnswerParser::ratio() {
  auto left = sum();
  for (int operators = 0; left && operators < 4 && !in_builder_ && accept(":"); ++operators) {
    auto right = sum();
    if (!right) return std::nullopt;
    left = quotient(std::move(*left), std::move(*right));
  }
  return left;
}

std::optional<AnswerNode> AnswerParser::sum() {
  std::vector<AnswerNode> terms;
  for (bool first = true;; first = false) {
    enum { plus, minus, plus_minus, minus_plus, none } sign = none;
    if (accept("+")) sign = plus;
    else if (accept("-")) sign = minus;
    else if (accept_command("pm")) sign = plus_minus;
    else if (accept_command("mp")) sign = minus_plus;
    else if (!first) break;
    auto term = product();
    if (!term || ++nodes_ > kMostNodes) return std::nullopt;
    if (sign == minus) term = negated(std::move(*term));
    if (sign == plus_minus || sign == minus_plus)
      term = node(NodeKind::plus_minus, {std::move(*term)}, sign == plus_minus ? "+-" : "-+");
    terms.push_back(std::move(*term));
  }
  if (terms.size() == 1) return std::move(terms.front());
  return node(NodeKind::add, std::move(terms));
}

bool AnswerParser::begins_factor() const {
  const Token& t = peek();
  if (t.kind == Kind::name) return t.s != "mod";
  if (t.kind == Kind::command) return !is_operator_command(t.s);
  return t.is("(") || t.is("{") || (t.is("|") && bars_ == 0 && !in_builder_) ||
         (t.kind == Kind::symbol && t.s.size() > 1 && t.s[0] == '{');
}

// An integer followed by a proper fraction: 1\frac{4}{5}, 4 4/9. Nothing, and nothing read, if there is none.
std::optional<AnswerNode> AnswerParser::mixed_number() {
  const size_t begin = at_;
  const auto integer = [](const Parsed& n) {
    return n && n->is(NodeKind::number) && !n->decimal && n->value.is_integer();
  };
  const Token& whole = peek();
  if (whole.kind != Kind::number || whole.decimal || !whole.value.is_integer()) return std::nullopt;
  ++at_;
  Parsed above, below;
  if (accept_command("frac")) {
    above = argument();
    if (above) below = argument();
  } else if (peek().kind == Kind::number && peek().space && !peek().line_break && peek(1).is("/") &&
             peek(2).kind == Kind::number) {
    above = number_node(peek().value, peek().decimal), below = number_node(peek(2).value, peek(2).decimal);
    at_ += 3;
  }
  if (!integer(above) || !integer(below) || !(above->value < below->value) || above->value.sign() < 0) {
    at_ = begin;
    return std::nullopt;
  }
  return number_node(tokens_[begin].value + above->value / below->value);
}

// The factors of a long product lie side by side, so that the tree is no deeper than its brackets.
std::optional<AnswerNode> AnswerParser::product() {
  if (++depth_ > kDeepest) return std::nullopt;
  std::vector<AnswerNode> factors;
  auto first = mixed_number();
  first = first ? postfix(std::move(*first)) : factor();
  if (!first) return std::nullopt;
  factors.push_back(std::move(*first));
  const auto joined = [&] {
    return factors.size() == 1 ? std::move(factors.front()) : node(NodeKind::multiply, std::move(factors));
  };
  for (;;) {
    if (++nodes_ > kMostNodes) return std::nullopt;
    const bool times = accept("*"), over = !times && accept("/");
    const bool modulo =
        !times && !over && ((peek().kind == Kind::name && peek().s == "mod") || peek().is_command("mod"));
    if (modulo) ++at_;
    if (!times && !over && !modulo && !begins_factor()) break;
    const bool minus = (times || over) && accept("-");
    auto right = factor();
    if (!right) return std::nullopt;
    if (minus) right = negated(std::move(*right));
    if (modulo) {
      if (++depth_ > kDeepest) return std::nullopt;
      AnswerNode left = joined();
      factors.clear();
      factors.push_back(node(NodeKind::call, {std::move(left), std::move(*right)}, "mod"));
    } else {
      factors.push_back(over ? node(NodeKind::power, {std::move(*right), number_node(Rational(-1))})
                             : std::move(*right));
    }
  }
  --depth_;
  return joined();
}

std::optional<AnswerNode> AnswerParser::factor() {
  auto base = atom();
  return base ? postfix(std::move(*base)) : std::nullopt;
}

// Units do not change a value; so m^2 and m/s do not either.
void AnswerParser::skip_units() {
  while (peek().kind == Kind::unit) {
    ++at_;
    if (peek().is("^")) {
      const size_t begin = at_++;
      if (!exponent()) at_ = begin;
    }
    if (peek().is("/") && peek(1).kind == Kind::unit) ++at_;
  }
}

std::optional<AnswerNode> AnswerParser::postfix(AnswerNode base) {
  for (int operators = 0; operators < 16; ++operators) {
    if (++nodes_ > kMostNodes) return std::nullopt;
    if (peek().kind == Kind::unit) {
      skip_units();
    } else if (accept("!")) {
      base = node(NodeKind::call, {std::move(base)}, "factorial");
    } else if (accept("%")) {
      base = quotient(std::move(base), number_node(Rational(100)));
      base.percent = true;
    } else if (accept_command("circ")) {
      base = node(NodeKind::call, {std::move(base)}, "degrees");
    } else if (accept("_")) {
      const auto name = subscript();
      if (!name || !base.is(NodeKind::number)) return std::nullopt;
      base = node(NodeKind::call, {std::move(base), symbol_node(*name)}, "base");
    } else if (peek().is("^")) {
      ++at_;
      if (accept_command("circ")) {
        base = node(NodeKind::call, {std::move(base)}, "degrees");
      } else if (peek().is("{") && peek(1).is_command("circ") && peek(2).is("}")) {
        at_ += 3;
        base = node(NodeKind::call, {std::move(base)}, "degrees");
      } else {
        auto power = exponent();
        if (!power) return std::nullopt;
        base = node(NodeKind::power, {std::move(base), std::move(*power)});
      }
    } else {
      return base;
    }
  }
  return std::nullopt;
}

std::optional<AnswerNode> AnswerParser::exponent() {
  if (++depth_ > kDeepest) return std::nullopt;
  const bool minus = accept("-");
  if (!minus) accept("+");
  auto power = atom();
  // 2^{2^{2}} nests in braces, 2^2^2 does not; both are read from the right.
  if (power && accept("^")) {
    auto above = exponent();
    power = above ? Parsed(node(NodeKind::power, {std::move(*power), std::move(*above)})) : std::nullopt;
  }
  if (power && minus) power = negated(std::move(*power));
  --depth_;
  return power;
}

}  // namespace r1
