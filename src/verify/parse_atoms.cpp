#include <algorithm>

#include "verify/latex_words.hpp"
#include "verify/parser.hpp"

namespace r1 {

using Kind = AnswerToken::Kind;

bool AnswerParser::is_operator_command(std::string_view name) {
  constexpr std::string_view kOperators[] = {"circ",     "pm",         "mp",     "in",     "cup",      "cap",
                                             "setminus", "approx",     "sim",    "equiv",  "to",       "rightarrow",
                                             "implies",  "Rightarrow", "rfloor", "rceil",  "pmod",     "mod",
                                             "neg",      "not",        "forall", "exists", "therefore"};
  return std::find(std::begin(kOperators), std::end(kOperators), name) != std::end(kOperators);
}

std::optional<AnswerNode> AnswerParser::atom() {
  const Token& t = peek();
  if (++nodes_ > kMostNodes) return std::nullopt;
  switch (t.kind) {
    case Kind::number: ++at_; return number_node(t.value, t.decimal);
    case Kind::text: ++at_; return symbol_node("text:" + words_of(t.s));
    case Kind::name:
      if (is_function(t.s)) return ++at_, function(t.s);
      return symbol();
    case Kind::command: return command();
    case Kind::symbol:
      if (t.s == "(" || t.s == "[") return ++at_, bracketed(t.s[0]);
      if (t.s == "{") return ++at_, group();
      if (t.s == "\\{") return ++at_, braces();
      if (t.s == "|") return ++at_, absolute();
      if (t.s.size() > 2 && t.s[0] == '{') return ++at_, environment(t.s.substr(1, t.s.size() - 2));
      return std::nullopt;
    default: return std::nullopt;
  }
}

// The tokens of a subscript, without spaces.
std::optional<std::string> AnswerParser::subscript() {
  std::string name;
  if (!accept("{")) {
    if (peek().kind == Kind::end || peek().kind == Kind::symbol) return std::nullopt;
    name = peek().s;
    ++at_;
    return name;
  }
  for (int depth = 1;; ++at_) {
    if (peek().kind == Kind::end) return std::nullopt;
    if (peek().is("{")) ++depth;
    if (peek().is("}") && --depth == 0) break;
    name += peek().s;
  }
  ++at_;
  return name;
}

std::optional<AnswerNode> AnswerParser::symbol() {
  std::string name = peek().s;
  ++at_;
  if (accept("_")) {
    const auto below = subscript();
    if (!below) return std::nullopt;
    name += "_" + *below;
  }
  // f(2) is not the product of f and 2.
  constexpr std::string_view kCalled = "fghFGP";
  if (kCalled.find(name[0]) != kCalled.npos && peek().is("(")) {
    ++at_;
    auto arguments = list();
    if (!arguments || !accept(")")) return std::nullopt;
    return node(NodeKind::call, std::move(*arguments), name);
  }
  return symbol_node(std::move(name));
}

std::optional<AnswerNode> AnswerParser::command() {
  const std::string name = peek().s;
  ++at_;
  if (name == "frac") {
    auto above = argument();
    if (!above) return std::nullopt;
    auto below = argument();
    if (!below) return std::nullopt;
    return quotient(std::move(*above), std::move(*below));
  }
  if (name == "binom") {
    auto above = argument();
    if (!above) return std::nullopt;
    auto below = argument();
    if (!below) return std::nullopt;
    return node(NodeKind::call, {std::move(*above), std::move(*below)}, "binom");
  }
  if (name == "boxed" || name == "fbox") return argument();
  if (name == "emptyset") return sequence_node('{', '}', {});
  if (name == "lfloor") return between("rfloor", "floor");
  if (name == "lceil") return between("rceil", "ceil");
  if (name == "sum" || name == "prod" || name == "lim" || name == "int") return big_operator(name);
  if (name == "angle" || name == "triangle" || name == "overline" || name == "bar" || name == "vec" || name == "hat" ||
      name == "tilde" || name == "overrightarrow" || name == "underline") {
    std::string of;
    if (peek().is("{")) {
      const auto inside = subscript();
      if (!inside) return std::nullopt;
      of = *inside;
    } else {
      while (peek().kind == Kind::name && !is_function(peek().s)) of += peek().s, ++at_;
    }
    return symbol_node(name + ":" + of);
  }
  if (is_operator_command(name)) return std::nullopt;
  --at_;
  return symbol();
}

// One argument of a command: a group, or one token, of a number the first digit.
std::optional<AnswerNode> AnswerParser::argument() {
  if (accept("{")) return group();
  if (peek().kind == Kind::number) return first_digit();
  return atom();
}

std::optional<AnswerNode> AnswerParser::first_digit() {
  Token& t = tokens_[at_];
  if (t.s.empty() || !is_digit(t.s[0])) return std::nullopt;
  const AnswerNode digit = number_node(Rational(t.s[0] - '0'));
  const std::string rest = t.s.substr(1);
  if (rest.empty()) return ++at_, digit;
  auto value = Rational::parse(rest);
  if (!value) return std::nullopt;
  t.s = rest, t.value = *value, t.space = false;
  return digit;
}

std::optional<AnswerNode> AnswerParser::square_root() {
  Parsed degree = number_node(Rational(2));
  if (accept("[")) {
    degree = sum();
    if (!degree || !accept("]")) return std::nullopt;
  }
  if (peek().is("{") && peek(1).is("}")) at_ += 2;  // \sqrt{}{3}
  auto inside = atom();
  if (!inside) return std::nullopt;
  return node(NodeKind::call, {std::move(*degree), std::move(*inside)}, "root");
}

// What a function without parentheses applies to: \sin 2x is sin(2x), \sin x \cos x is sin(x) cos(x).
std::optional<AnswerNode> AnswerParser::function_argument() {
  if (++depth_ > kDeepest) return std::nullopt;
  const bool minus = accept("-");
  auto all = (peek().is("(") || peek().is("{") || peek().is("[")) ? atom() : factor();
  const bool closed = all && at_ > 0 && (tokens_[at_ - 1].is(")") || tokens_[at_ - 1].is("]"));
  if (all && closed && (peek().is_command("circ") || (peek().is("^") && peek(1).is_command("circ"))))
    return std::nullopt;
  std::vector<AnswerNode> factors;
  if (!all) return std::nullopt;
  factors.push_back(std::move(*all));
  while (!closed && begins_factor() && !peek().is("(") && !(peek().kind == Kind::name && is_function(peek().s))) {
    auto next = factor();
    if (!next) return std::nullopt;
    factors.push_back(std::move(*next));
  }
  --depth_;
  AnswerNode argument = factors.size() == 1 ? std::move(factors.front()) : node(NodeKind::multiply, std::move(factors));
  return minus ? negated(std::move(argument)) : argument;
}

std::optional<AnswerNode> AnswerParser::function(const std::string& name) {
  if (name == "sqrt") return square_root();
  if (name == "cbrt") {
    auto inside = atom();
    if (!inside) return std::nullopt;
    return node(NodeKind::call, {number_node(Rational(3)), std::move(*inside)}, "root");
  }
  if (name == "gcd" || name == "lcm" || name == "max" || name == "min") {
    const bool set = peek().is("\\{");
    if (!set && !peek().is("(")) return std::nullopt;
    ++at_;
    auto arguments = list();
    if (!arguments || !accept(set ? "\\}" : ")")) return std::nullopt;
    return node(NodeKind::call, std::move(*arguments), name);
  }
  Parsed base = name == "log" || name == "lg" ? Parsed(number_node(Rational(10))) : std::nullopt;
  if (name == "log" && accept("_")) {
    base = argument();
    if (!base) return std::nullopt;
  }
  Parsed power;
  if (accept("^")) {
    power = exponent();
    if (!power) return std::nullopt;
  }
  auto inside = function_argument();
  if (!inside) return std::nullopt;
  std::string usual = name == "asin" ? "arcsin" : name == "acos" ? "arccos" : name == "atan" ? "arctan" : name;
  if (usual == "lg") usual = "log";
  // \sin^{-1} x is the inverse function.
  if (power && power->is(NodeKind::multiply) && (name == "sin" || name == "cos" || name == "tan") &&
      power->args.size() == 2 && power->args[1].is(NodeKind::number) && power->args[1].value == Rational(1)) {
    usual = "arc" + name;
    power.reset();
  }
  std::vector<AnswerNode> arguments;
  if (base) arguments.push_back(std::move(*base));
  arguments.push_back(std::move(*inside));
  AnswerNode call = node(NodeKind::call, std::move(arguments), usual);
  if (power) return node(NodeKind::power, {std::move(call), std::move(*power)});
  return call;
}

// Behind "{". Braces that hold a list are a list.
std::optional<AnswerNode> AnswerParser::group() {
  auto inside = list();
  if (!inside || !accept("}")) return std::nullopt;
  if (inside->size() == 1) return std::move(inside->front());
  return sequence_node(0, 0, std::move(*inside));
}

// Behind "(" or "[". The brackets of an interval need not match; ";" separates like ",".
std::optional<AnswerNode> AnswerParser::bracketed(char open) {
  std::vector<AnswerNode> all;
  const int bars = bars_;
  bars_ = 0;
  do {
    auto part = list();
    if (!part) return std::nullopt;
    std::move(part->begin(), part->end(), std::back_inserter(all));
  } while (accept(";"));
  bars_ = bars;
  const char close = peek().is(")") ? ')' : peek().is("]") ? ']' : '\0';
  if (close == 0) return std::nullopt;
  ++at_;
  if (all.size() == 1 && open == '(' && close == ')') return std::move(all.front());
  if (all.size() == 1 && open == '[' && close == ']' && begins_factor()) return std::move(all.front());
  return sequence_node(open, close, std::move(all));
}

// Behind "\{": a set, or the condition of \{x | x > 0\}.
std::optional<AnswerNode> AnswerParser::braces() {
  if (accept("\\}")) return sequence_node('{', '}', {});
  const bool outer = in_builder_;
  in_builder_ = true;
  std::vector<AnswerNode> all;
  do {
    auto part = list();
    if (!part) return std::nullopt;
    std::move(part->begin(), part->end(), std::back_inserter(all));
  } while (accept(";"));
  in_builder_ = outer;
  if (all.size() == 1 && (accept("|") || accept(":"))) {
    auto conditions = list();
    if (!conditions || !accept("\\}")) return std::nullopt;
    if (conditions->size() == 1) return std::move(conditions->front());
    return sequence_node(0, 0, std::move(*conditions));
  }
  if (!accept("\\}")) return std::nullopt;
  return sequence_node('{', '}', std::move(all));
}

std::optional<AnswerNode> AnswerParser::absolute() {
  if (++depth_ > kDeepest) return std::nullopt;
  ++bars_;
  auto inside = sum();
  --bars_, --depth_;
  if (!inside || !accept("|")) return std::nullopt;
  return node(NodeKind::call, {std::move(*inside)}, "abs");
}

std::optional<AnswerNode> AnswerParser::between(std::string_view close, std::string name) {
  auto inside = relation();
  if (!inside || !accept_command(close)) return std::nullopt;
  return node(NodeKind::call, {std::move(*inside)}, std::move(name));
}

// \sum_{k=1}^{n} body, \lim_{x \to 0} body. Limits are kept as they are written.
std::optional<AnswerNode> AnswerParser::big_operator(const std::string& name) {
  std::string full = name;
  for (;;) {
    const bool below = accept("_");
    if (!below && !accept("^")) break;
    const auto limit = subscript();
    if (!limit || full.size() > 256) return std::nullopt;
    full += (below ? "_" : "^") + *limit;
  }
  auto body = product();
  if (!body) return std::nullopt;
  return node(NodeKind::call, {std::move(*body)}, std::move(full));
}

std::optional<AnswerNode> AnswerParser::environment(const std::string& name) {
  if (++depth_ > kDeepest) return std::nullopt;
  const bool outer_builder = in_builder_;
  in_builder_ = false;
  std::vector<AnswerNode> rows;
  const std::string end = "/{" + name + "}";
  while (!accept(end)) {
    std::vector<AnswerNode> row;
    do {
      auto entry = list();
      if (!entry) return std::nullopt;
      std::move(entry->begin(), entry->end(), std::back_inserter(row));
    } while (accept("&"));
    rows.push_back(sequence_node('(', ')', std::move(row)));
    if (!accept("\\\\") && !peek().is(end)) return std::nullopt;
  }
  in_builder_ = outer_builder;
  --depth_;
  if (rows.empty()) return std::nullopt;
  if (name == "cases") {
    std::vector<AnswerNode> all;
    for (AnswerNode& row : rows) std::move(row.args.begin(), row.args.end(), std::back_inserter(all));
    return sequence_node(0, 0, std::move(all));
  }
  for (const AnswerNode& row : rows)
    if (row.args.size() != rows.front().args.size()) return std::nullopt;
  AnswerNode matrix = node(NodeKind::matrix, std::move(rows), name);
  if (name == "vmatrix") return node(NodeKind::call, {std::move(matrix)}, "det");
  return matrix;
}

size_t AnswerParser::label_end(size_t at) const {
  const auto token = [&](size_t i) -> const Token& { return tokens_[std::min(i, tokens_.size() - 1)]; };
  if (at >= tokens_.size()) return 0;
  const Token& t = token(at);
  size_t end = at;
  if (t.is("|")) {
    end = label_end(at + 1);  // |AB| is a length, |x| = 5 has two solutions
    return end > at + 2 && token(end).is("|") ? end + 1 : 0;
  }
  if (t.is("(")) {
    for (end = at; end == at || token(end).is(",");) {
      const size_t next = label_end(end + 1);
      if (next == 0) return 0;
      end = next;
    }
    return token(end).is(")") ? end + 1 : 0;
  }
  if (t.kind == Kind::text) {
    for (end = at + 1; token(end).kind == Kind::text || token(end).kind == Kind::name;) ++end;
    return end;
  }
  bool wrapped = false;
  if (t.kind == Kind::name && t.s == "m" && token(at + 1).is_command("angle")) return label_end(at + 1);
  if (t.kind == Kind::command) {
    constexpr std::string_view kWrappers[] = {"angle", "triangle", "overline", "vec", "hat", "bar", "overrightarrow"};
    wrapped = std::find(std::begin(kWrappers), std::end(kWrappers), t.s) != std::end(kWrappers);
    if (!wrapped && (t.s == "infty" || t.s == "frac" || t.s == "emptyset" || t.s == "boxed")) return 0;
    ++end;
  }
  const size_t letters = end;
  if (wrapped && token(end).is("{")) {
    while (token(end).kind != Kind::end && !token(end).is("}")) ++end;
    ++end;
  } else {
    const auto capital = [](const Token& n) { return n.s[0] >= 'A' && n.s[0] <= 'Z'; };
    while (token(end).kind == Kind::name && !is_function(token(end).s) && (end == letters || !token(end).space)) ++end;
    if (t.kind != Kind::command && end == at) return 0;
    // xy is a product, ABC and Area are names.
    bool capitals = true;
    for (size_t i = letters; i < end; ++i) capitals = capitals && capital(token(i));
    if (!wrapped && end - letters == 2 && !capitals) return 0;
    if (t.kind == Kind::command && !wrapped && end > letters) return 0;
  }
  if (token(end).is("_")) {
    ++end;
    if (token(end).is("{")) {
      for (int depth = 0; token(end).kind != Kind::end; ++end) {
        depth += token(end).is("{") ? 1 : token(end).is("}") ? -1 : 0;
        if (depth == 0) break;
      }
    }
    ++end;
  }
  if (token(end).is("(")) {  // f(x) and P(2), but not x(x+1)
    if (token(end + 1).kind == Kind::number && token(end + 2).is(")")) end += 3;
    else if (const size_t inside = label_end(end); inside != 0) end = inside;
  }
  if (token(end).is(":")) return label_end(end + 1);
  return std::min(end, tokens_.size() - 1);
}

}  // namespace r1
