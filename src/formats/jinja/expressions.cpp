#include "formats/jinja/expressions.hpp"

#include <charconv>

namespace r1::jinja {

Result<ExpressionPtr> ExpressionParser::expression() {
  const Deeper deeper(*this);
  R1_TRY(check_depth());
  ExpressionPtr value = R1_TRY(disjunction());
  for (int chained = depth_; is_name("if"); ++chained) {
    if (chained > limits_.parse_depth) return fail(Errc::exhausted, "nested deeper than {}", limits_.parse_depth);
    const u32 at = current_.at;
    R1_TRY(advance());
    ExpressionPtr test = R1_TRY(disjunction()), otherwise;
    if (R1_TRY(skip_name("else"))) otherwise = R1_TRY(expression());
    value = R1_TRY(make<Condition>(at, std::move(value), std::move(test), std::move(otherwise)));
  }
  return value;
}

Result<ExpressionPtr> ExpressionParser::disjunction() { return logic("or", &ExpressionParser::conjunction); }
Result<ExpressionPtr> ExpressionParser::conjunction() { return logic("and", &ExpressionParser::negation); }
Result<ExpressionPtr> ExpressionParser::logic(std::string_view word, Rule operand) {
  const u32 at = current_.at;
  ExpressionPtr first = R1_TRY((this->*operand)());
  if (!is_name(word)) return first;
  auto node = R1_TRY(make<Logic>(at, word == "and"));
  node->operands.push_back(std::move(first));
  while (R1_TRY(skip_name(word))) node->operands.push_back(R1_TRY((this->*operand)()));
  return node;
}

Result<ExpressionPtr> ExpressionParser::negation() {
  if (!is_name("not")) return comparison();
  const Deeper deeper(*this);
  R1_TRY(check_depth());
  const u32 at = current_.at;
  R1_TRY(advance());
  return R1_TRY(make<Negation>(at, Negation::Of::truth, R1_TRY(negation())));
}

Result<std::optional<Operator>> ExpressionParser::comparison_operator() {
  switch (current_.type) {
    case Token::eq: return Operator::eq;
    case Token::ne: return Operator::ne;
    case Token::lt: return Operator::lt;
    case Token::le: return Operator::le;
    case Token::gt: return Operator::gt;
    case Token::ge: return Operator::ge;
    default: break;
  }
  if (is_name("in")) return Operator::in;
  if (is_name("not")) {
    const Lexeme after = R1_TRY(look());
    if (after.type == Token::name && after.text == "in") {
      R1_TRY(advance());
      return Operator::not_in;
    }
  }
  return std::optional<Operator>{};
}

Result<ExpressionPtr> ExpressionParser::comparison() {
  const u32 begin = current_.at;
  ExpressionPtr first = R1_TRY(sum());
  std::unique_ptr<Chain> chain;
  for (auto operation = R1_TRY(comparison_operator()); operation; operation = R1_TRY(comparison_operator())) {
    const u32 at = current_.at;
    R1_TRY(advance());
    if (!chain) chain = R1_TRY(make<Chain>(Expression::Kind::comparison, begin, std::move(first)));
    chain->steps.push_back({*operation, at, R1_TRY(sum())});
  }
  return chain ? ExpressionPtr(std::move(chain)) : std::move(first);
}

std::optional<Operator> ExpressionParser::in_sum(Token t) {
  return t == Token::add ? std::optional(Operator::add) : t == Token::sub ? std::optional(Operator::sub) : std::nullopt;
}

std::optional<Operator> ExpressionParser::in_product(Token t) {
  switch (t) {
    case Token::mul: return Operator::mul;
    case Token::div: return Operator::div;
    case Token::floordiv: return Operator::floordiv;
    case Token::mod: return Operator::mod;
    default: return {};
  }
}

std::optional<Operator> ExpressionParser::in_power(Token t) {
  return t == Token::pow ? std::optional(Operator::pow) : std::nullopt;
}

Result<ExpressionPtr> ExpressionParser::sum() { return arithmetic(in_sum, &ExpressionParser::concat); }
Result<ExpressionPtr> ExpressionParser::product() { return arithmetic(in_product, &ExpressionParser::power); }
Result<ExpressionPtr> ExpressionParser::power() { return arithmetic(in_power, &ExpressionParser::filtered_unary); }
Result<ExpressionPtr> ExpressionParser::filtered_unary() { return unary(true); }
Result<ExpressionPtr> ExpressionParser::arithmetic(std::optional<Operator> (*known)(Token), Rule operand) {
  const u32 begin = current_.at;
  ExpressionPtr first = R1_TRY((this->*operand)());
  std::unique_ptr<Chain> chain;
  while (const auto operation = known(current_.type)) {
    const u32 at = current_.at;
    R1_TRY(advance());
    if (!chain) chain = R1_TRY(make<Chain>(Expression::Kind::arithmetic, begin, std::move(first)));
    chain->steps.push_back({*operation, at, R1_TRY((this->*operand)())});
  }
  return chain ? ExpressionPtr(std::move(chain)) : std::move(first);
}

Result<ExpressionPtr> ExpressionParser::concat() {
  const u32 at = current_.at;
  ExpressionPtr first = R1_TRY(product());
  if (!is(Token::tilde)) return first;
  auto node = R1_TRY(make<Concat>(at));
  node->parts.push_back(std::move(first));
  while (R1_TRY(skip(Token::tilde))) node->parts.push_back(R1_TRY(product()));
  return node;
}

Result<ExpressionPtr> ExpressionParser::unary(bool with_filters) {
  const u32 at = current_.at;
  ExpressionPtr base;
  if (is(Token::sub) || is(Token::add)) {
    const Deeper deeper(*this);
    R1_TRY(check_depth());
    const auto of = is(Token::sub) ? Negation::Of::number : Negation::Of::nothing;
    R1_TRY(advance());
    base = R1_TRY(make<Negation>(at, of, R1_TRY(unary(false))));
  } else {
    base = R1_TRY(primary());
  }
  return postfix(at, std::move(base), with_filters);
}

Result<ExpressionPtr> ExpressionParser::primary() {
  const Lexeme token = current_;
  switch (token.type) {
    case Token::name: {
      R1_TRY(advance());
      if (token.text == "true" || token.text == "True") return literal(token, Value(true));
      if (token.text == "false" || token.text == "False") return literal(token, Value(false));
      if (token.text == "none" || token.text == "None") return literal(token, Value(None{}));
      return R1_TRY(make<Name>(token.at, token.text));
    }
    case Token::string: {
      std::string text;
      for (; is(Token::string); R1_TRY(advance())) text += R1_TRY(unescaped(current_.text));
      return literal(token, Value(Text(std::move(text))));
    }
    case Token::integer:
    case Token::real: {
      R1_TRY(advance());
      return literal(token, R1_TRY(number(token)));
    }
    case Token::lparen: {
      R1_TRY(advance());
      ExpressionPtr inside = R1_TRY(tuple(true, {}));
      R1_TRY(expect(Token::rparen, "')'"));
      return inside;
    }
    case Token::lbracket: return list();
    case Token::lbrace: return dict();
    default: return unexpected("an expression");
  }
}

Result<ExpressionPtr> ExpressionParser::literal(const Lexeme& token, Value value) {
  return R1_TRY(make<Literal>(token.at, std::move(value)));
}

Result<Value> ExpressionParser::number(const Lexeme& token) {
  std::string digits;
  for (const char c : token.text)
    if (c != '_') digits += c;
  const char *begin = digits.data(), *end = begin + digits.size();
  if (token.type == Token::real) {
    double value = 0;
    const auto parsed = std::from_chars(begin, end, value);
    if (parsed.ec != std::errc() || parsed.ptr != end) return fail(Errc::corrupt, "{} is no number", token.text);
    return Value(value);
  }
  int base = 10;
  if (digits.size() > 2 && digits[0] == '0') {
    const char letter = static_cast<char>(digits[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
  }
  i64 value = 0;
  const auto parsed = std::from_chars(begin + (base == 10 ? 0 : 2), end, value, base);
  if (parsed.ec != std::errc() || parsed.ptr != end)
    return fail(Errc::corrupt, "{} is no integer below 2^63", token.text.substr(0, 40));
  return Value(value);
}

Result<ExpressionPtr> ExpressionParser::tuple(bool in_parentheses, std::string_view end_word) {
  const u32 at = current_.at;
  std::vector<ExpressionPtr> items;
  bool is_tuple = false;
  while (!is(Token::print_end) && !is(Token::block_end) && !is(Token::rparen) &&
         (end_word.empty() || !is_name(end_word))) {
    items.push_back(end_word.empty() ? R1_TRY(expression()) : R1_TRY(disjunction()));
    if (!R1_TRY(skip(Token::comma))) break;
    is_tuple = true;
  }
  if (!is_tuple && items.size() == 1) return std::move(items[0]);
  if (items.empty() && (!in_parentheses || is_tuple)) return unexpected("an expression");
  auto node = R1_TRY(make<Sequence>(at, true));
  node->items = std::move(items);
  return node;
}

Result<ExpressionPtr> ExpressionParser::list() {
  auto node = R1_TRY(make<Sequence>(current_.at, false));
  R1_TRY(advance());
  while (!is(Token::rbracket)) {
    if (!node->items.empty()) R1_TRY(expect(Token::comma, "',' or ']'"));
    if (is(Token::rbracket)) break;
    node->items.push_back(R1_TRY(expression()));
  }
  R1_TRY(advance());
  return node;
}

Result<ExpressionPtr> ExpressionParser::dict() {
  auto node = R1_TRY(make<DictLiteral>(current_.at));
  R1_TRY(advance());
  while (!is(Token::rbrace)) {
    if (!node->members.empty()) R1_TRY(expect(Token::comma, "',' or '}'"));
    if (is(Token::rbrace)) break;
    ExpressionPtr key = R1_TRY(expression());
    R1_TRY(expect(Token::colon, "':'"));
    node->members.emplace_back(std::move(key), R1_TRY(expression()));
  }
  R1_TRY(advance());
  return node;
}

Result<ExpressionPtr> ExpressionParser::postfix(u32 at, ExpressionPtr base, bool with_filters) {
  std::unique_ptr<Postfix> node;
  bool filtered = false;  // only filters, tests and calls may follow a filter or a test
  while (true) {
    const bool subscript = !filtered && (is(Token::dot) || is(Token::lbracket));
    const bool filter = with_filters && (is(Token::pipe) || is_name("is"));
    if (!subscript && !filter && !is(Token::lparen)) break;
    filtered |= filter;
    if (!node) node = R1_TRY(make<Postfix>(at, std::move(base)));
    R1_TRY(count_node());
    node->suffixes.push_back(R1_TRY(suffix()));
  }
  return node ? ExpressionPtr(std::move(node)) : std::move(base);
}

Result<Suffix> ExpressionParser::suffix() {
  const u32 at = current_.at;
  if (is(Token::lparen)) {
    Suffix s{Suffix::Kind::call, at};
    s.arguments = R1_TRY(arguments());
    return s;
  }
  if (is(Token::pipe)) return R1_TRY(advance()), filter();
  if (is_name("is")) return R1_TRY(advance()), test();
  const bool dot = is(Token::dot);
  R1_TRY(advance());
  if (!dot) return item(at);
  Suffix s{Suffix::Kind::attribute, at};
  const Lexeme name = current_;
  if (name.type != Token::name && name.type != Token::integer) return unexpected("a name or a number");
  R1_TRY(advance());
  s.name = name.text;
  if (name.type == Token::integer) {
    s.kind = Suffix::Kind::item;
    s.index = R1_TRY(literal(name, R1_TRY(number(name))));
  }
  return s;
}

Result<Suffix> ExpressionParser::item(u32 at) {
  Suffix s{Suffix::Kind::item, at};
  std::vector<ExpressionPtr> items;
  while (!is(Token::rbracket)) {
    if (!items.empty()) R1_TRY(expect(Token::comma, "',' or ']'"));
    items.push_back(R1_TRY(index()));
  }
  R1_TRY(advance());
  if (items.size() == 1) {
    s.index = std::move(items[0]);
  } else {
    auto all = R1_TRY(make<Sequence>(at, true));
    all->items = std::move(items);
    s.index = std::move(all);
  }
  return s;
}

Result<ExpressionPtr> ExpressionParser::index() {
  const u32 at = current_.at;
  ExpressionPtr first;
  if (!is(Token::colon)) {
    first = R1_TRY(expression());
    if (!is(Token::colon)) return first;
  }
  R1_TRY(advance());
  auto slice = R1_TRY(make<Slice>(at));
  slice->begin = std::move(first);
  const auto ends = [&] { return is(Token::colon) || is(Token::rbracket) || is(Token::comma); };
  if (!ends()) slice->end = R1_TRY(expression());
  if (R1_TRY(skip(Token::colon)) && !ends()) slice->step = R1_TRY(expression());
  return slice;
}

Result<std::unique_ptr<CallArguments>> ExpressionParser::arguments() {
  auto call = std::make_unique<CallArguments>();
  R1_TRY(advance());
  for (bool first = true; !is(Token::rparen); first = false) {
    if (!first) R1_TRY(expect(Token::comma, "',' or ')'"));
    if (is(Token::rparen)) break;
    R1_TRY(argument(*call));
  }
  R1_TRY(advance());
  return call;
}

Status ExpressionParser::argument(CallArguments& call) {
  if (call.spread_named) return unexpected("')'");
  if (R1_TRY(skip(Token::pow))) return call.spread_named = R1_TRY(expression()), Status{};
  const bool positional_over = call.spread || !call.named.empty();
  if (is(Token::mul) && !call.spread) {
    R1_TRY(advance());
    call.spread = R1_TRY(expression());
  } else if (is(Token::name) && R1_TRY(look()).type == Token::assign) {
    const std::string_view name = current_.text;
    R1_TRY(advance());
    R1_TRY(advance());
    call.named.emplace_back(name, R1_TRY(expression()));
  } else if (positional_over) {
    return unexpected("a named argument");
  } else {
    call.positional.push_back(R1_TRY(expression()));
  }
  return {};
}

Result<Suffix> ExpressionParser::filter() {
  Suffix s{Suffix::Kind::filter, current_.at};
  s.name = R1_TRY(expect(Token::name, "a filter's name")).text;
  if (is(Token::lparen)) s.arguments = R1_TRY(arguments());
  return s;
}

Result<Suffix> ExpressionParser::test() {
  Suffix s{Suffix::Kind::test, current_.at};
  s.negated = R1_TRY(skip_name("not"));
  s.name = R1_TRY(expect(Token::name, "a test's name")).text;
  if (is(Token::lparen)) {
    s.arguments = R1_TRY(arguments());
    return s;
  }
  const bool word = is(Token::name) && !is_name("else") && !is_name("or") && !is_name("and");
  if (is_name("is")) return unexpected("the end of a test");
  if (word || is(Token::string) || is(Token::integer) || is(Token::real) || is(Token::lbracket) || is(Token::lbrace)) {
    const Deeper deeper(*this);
    R1_TRY(check_depth());
    const u32 at = current_.at;
    s.arguments = std::make_unique<CallArguments>();
    s.arguments->positional.push_back(R1_TRY(postfix(at, R1_TRY(primary()), false)));
  }
  return s;
}

}  // namespace r1::jinja
