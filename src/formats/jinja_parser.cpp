// Jinja's grammar (jinja2/parser.py), by recursive descent, with a limit on its depth and on the size of the tree.
#include <charconv>

#include "formats/jinja_syntax.hpp"

namespace r1::jinja {
namespace {

class Parser {
 public:
  Parser(std::string_view source, const JinjaLimits& limits) : lexer_(source), limits_(limits) {}

  Result<Block> parse() {
    R1_TRY(advance());
    return block({});
  }
  size_t at() const { return failed_in_lexer_ ? lexer_.at() : current_.at; }

 private:
  using Names = std::initializer_list<std::string_view>;

  // One level deeper, for as long as it lives.
  struct Deeper {
    explicit Deeper(Parser& p) : parser(p) { ++parser.depth_; }
    ~Deeper() { --parser.depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    Parser& parser;
  };
  Status check_depth() const {
    if (depth_ <= limits_.parse_depth) return {};
    return fail(Errc::exhausted, "nested deeper than {}", limits_.parse_depth);
  }
  Status count_node() {
    if (++nodes_ <= limits_.nodes) return {};
    return fail(Errc::exhausted, "more than {} parts", limits_.nodes);
  }
  template <class Node, class... A>
  Result<std::unique_ptr<Node>> make(A&&... arguments) {
    R1_TRY(count_node());
    return std::make_unique<Node>(std::forward<A>(arguments)...);
  }

  // ---- tokens
  Result<Lexeme> lex() {
    auto lexeme = lexer_.next();
    failed_in_lexer_ = !lexeme;
    return lexeme;
  }
  Status advance() {
    if (has_ahead_) current_ = ahead_, has_ahead_ = false;
    else current_ = R1_TRY(lex());
    return {};
  }
  Result<Lexeme> look() {
    if (!has_ahead_) ahead_ = R1_TRY(lex()), has_ahead_ = true;
    return ahead_;
  }
  bool is(Token type) const { return current_.type == type; }
  bool is_name(std::string_view name) const { return is(Token::name) && current_.text == name; }
  Result<bool> skip(Token type) {
    if (!is(type)) return false;
    R1_TRY(advance());
    return true;
  }
  Result<bool> skip_name(std::string_view name) {
    if (!is_name(name)) return false;
    R1_TRY(advance());
    return true;
  }
  tl::unexpected<Error> unexpected(std::string_view wanted) const {
    if (is(Token::end)) return fail(Errc::corrupt, "the template ends where {} was expected", wanted);
    std::string_view found = current_.text.substr(0, 40);
    if (is(Token::print_end)) found = "}}";
    if (is(Token::block_end)) found = "%}";
    return fail(Errc::corrupt, "found '{}' where {} was expected", found, wanted);
  }
  Result<Lexeme> expect(Token type, std::string_view wanted) {
    if (!is(type)) return unexpected(wanted);
    const Lexeme found = current_;
    R1_TRY(advance());
    return found;
  }

  // ---- expressions, loosest first
  Result<ExpressionPtr> expression() {
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
  Result<ExpressionPtr> disjunction() { return logic("or", &Parser::conjunction); }
  Result<ExpressionPtr> conjunction() { return logic("and", &Parser::negation); }
  Result<ExpressionPtr> logic(std::string_view word, Result<ExpressionPtr> (Parser::*operand)()) {
    const u32 at = current_.at;
    ExpressionPtr first = R1_TRY((this->*operand)());
    if (!is_name(word)) return first;
    auto node = R1_TRY(make<Logic>(at, word == "and"));
    node->operands.push_back(std::move(first));
    while (R1_TRY(skip_name(word))) node->operands.push_back(R1_TRY((this->*operand)()));
    return node;
  }
  Result<ExpressionPtr> negation() {
    if (!is_name("not")) return comparison();
    const Deeper deeper(*this);
    R1_TRY(check_depth());
    const u32 at = current_.at;
    R1_TRY(advance());
    return R1_TRY(make<Negation>(at, Negation::Of::truth, R1_TRY(negation())));
  }
  // The comparison that begins here; skips `not` of `not in`.
  Result<std::optional<Operator>> comparison_operator() {
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
  Result<ExpressionPtr> comparison() {
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
  static std::optional<Operator> in_sum(Token t) {
    return t == Token::add ? std::optional(Operator::add) : t == Token::sub ? std::optional(Operator::sub) : std::nullopt;
  }
  static std::optional<Operator> in_product(Token t) {
    switch (t) {
      case Token::mul: return Operator::mul;
      case Token::div: return Operator::div;
      case Token::floordiv: return Operator::floordiv;
      case Token::mod: return Operator::mod;
      default: return {};
    }
  }
  static std::optional<Operator> in_power(Token t) { return t == Token::pow ? std::optional(Operator::pow) : std::nullopt; }
  Result<ExpressionPtr> sum() { return arithmetic(in_sum, &Parser::concat); }
  Result<ExpressionPtr> product() { return arithmetic(in_product, &Parser::power); }
  Result<ExpressionPtr> power() { return arithmetic(in_power, &Parser::filtered_unary); }
  Result<ExpressionPtr> filtered_unary() { return unary(true); }
  Result<ExpressionPtr> arithmetic(std::optional<Operator> (*known)(Token), Result<ExpressionPtr> (Parser::*operand)()) {
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
  Result<ExpressionPtr> concat() {
    const u32 at = current_.at;
    ExpressionPtr first = R1_TRY(product());
    if (!is(Token::tilde)) return first;
    auto node = R1_TRY(make<Concat>(at));
    node->parts.push_back(std::move(first));
    while (R1_TRY(skip(Token::tilde))) node->parts.push_back(R1_TRY(product()));
    return node;
  }
  Result<ExpressionPtr> unary(bool with_filters) {
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

  Result<ExpressionPtr> primary() {
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
  Result<ExpressionPtr> literal(const Lexeme& token, Value value) { return R1_TRY(make<Literal>(token.at, std::move(value))); }
  static Result<Value> number(const Lexeme& token) {
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
  // One expression, or several with commas: a tuple.
  Result<ExpressionPtr> tuple(bool in_parentheses, std::string_view end_word) {
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
  Result<ExpressionPtr> list() {
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
  Result<ExpressionPtr> dict() {
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

  // ---- .name [index] (arguments) |filter is test
  Result<ExpressionPtr> postfix(u32 at, ExpressionPtr base, bool with_filters) {
    std::unique_ptr<Postfix> node;
    bool filtered = false;  // after a filter or test only those and calls follow
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
  Result<Suffix> suffix() {
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
  Result<Suffix> item(u32 at) {
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
  Result<ExpressionPtr> index() {
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
  Result<std::unique_ptr<CallArguments>> arguments() {
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
  Status argument(CallArguments& call) {
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
  Result<Suffix> filter() {
    Suffix s{Suffix::Kind::filter, current_.at};
    s.name = R1_TRY(expect(Token::name, "a filter's name")).text;
    if (is(Token::lparen)) s.arguments = R1_TRY(arguments());
    return s;
  }
  Result<Suffix> test() {
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

  // ---- statements
  // Up to a block whose name is one of `ends`, which is then current; with none of them up to the template's end.
  Result<Block> block(Names ends) {
    const Deeper deeper(*this);
    R1_TRY(check_depth());
    Block out;
    while (!is(Token::end)) {
      const Lexeme token = current_;
      R1_TRY(advance());
      if (token.type == Token::data) {
        out.push_back(R1_TRY(make<Data>(token.at, token.text)));
      } else if (token.type == Token::print_begin) {
        ExpressionPtr value = R1_TRY(tuple(false, {}));
        R1_TRY(expect(Token::print_end, "'}}'"));
        out.push_back(R1_TRY(make<Print>(token.at, std::move(value))));
      } else {
        for (const std::string_view end : ends)
          if (is_name(end)) return out;
        out.push_back(R1_TRY(statement()));
        R1_TRY(expect(Token::block_end, "'%}'"));
      }
    }
    if (ends.size() == 0) return out;
    return fail(Errc::corrupt, "the template ends where '{}' was expected", *(ends.end() - 1));
  }
  // From the block's end to one of `ends`, the last of which is skipped.
  Result<Block> body(Names ends) {
    R1_TRY(skip(Token::colon));
    R1_TRY(expect(Token::block_end, "'%}'"));
    Block inside = R1_TRY(block(ends));
    if (is_name(*(ends.end() - 1))) R1_TRY(advance());
    return inside;
  }
  Result<std::unique_ptr<const Statement>> statement() {
    if (!is(Token::name)) return unexpected("a statement's name");
    const std::string_view word = current_.text;
    const u32 at = current_.at;
    using Parse = Result<std::unique_ptr<const Statement>> (Parser::*)(u32);
    constexpr std::pair<std::string_view, Parse> known[] = {
        {"if", &Parser::branch},        {"for", &Parser::loop},
        {"set", &Parser::set},          {"macro", &Parser::macro},
        {"call", &Parser::call_block},  {"filter", &Parser::filter_block},
        {"with", &Parser::with},        {"generation", &Parser::generation},
        {"break", &Parser::loop_exit<Statement::Kind::break_>},
        {"continue", &Parser::loop_exit<Statement::Kind::continue_>}};
    for (const auto& [name, parse] : known) {
      if (word != name) continue;
      R1_TRY(advance());
      return (this->*parse)(at);
    }
    return fail(Errc::unsupported, "a statement '{}' is not known here", word);
  }
  template <Statement::Kind kind>
  Result<std::unique_ptr<const Statement>> loop_exit(u32 at) {
    if (loops_ == 0) return fail(Errc::corrupt, "break and continue need a loop");
    return R1_TRY(make<Statement>(kind, at));
  }
  Result<std::unique_ptr<const Statement>> branch(u32 at) {
    auto node = R1_TRY(make<Branch>(at));
    bool more = true;
    while (more) {
      ExpressionPtr test = R1_TRY(tuple(false, kNoCondition));
      node->cases.emplace_back(std::move(test), R1_TRY(body({"elif", "else", "endif"})));
      more = is_name("elif");
      if (more) R1_TRY(advance());
    }
    if (R1_TRY(skip_name("else"))) node->cases.emplace_back(nullptr, R1_TRY(body({"endif"})));
    return node;
  }
  Result<std::unique_ptr<const Statement>> loop(u32 at) {
    auto node = R1_TRY(make<Loop>(at));
    node->target = R1_TRY(target(true));
    if (!R1_TRY(skip_name("in"))) return unexpected("'in'");
    node->items = R1_TRY(tuple(false, "recursive"));
    if (R1_TRY(skip_name("if"))) node->test = R1_TRY(expression());
    if (is_name("recursive")) return fail(Errc::unsupported, "recursive loops are not supported");
    ++loops_;
    node->body = R1_TRY(body({"else", "endfor"}));
    --loops_;
    if (R1_TRY(skip_name("else"))) node->otherwise = R1_TRY(body({"endfor"}));
    return node;
  }
  Result<Target> target(bool several) {
    Target out;
    out.at = current_.at;
    if (R1_TRY(skip(Token::lparen))) {
      const Deeper deeper(*this);
      R1_TRY(check_depth());
      out = R1_TRY(target(true));
      R1_TRY(expect(Token::rparen, "')'"));
    } else {
      R1_TRY(count_node());
      out.name = R1_TRY(expect(Token::name, "a name to assign to")).text;
      if (out.name == "true" || out.name == "false" || out.name == "none" || out.name == "True" || out.name == "False" ||
          out.name == "None")
        return fail(Errc::corrupt, "cannot assign to {}", out.name);
      if (R1_TRY(skip(Token::dot))) out.attribute = R1_TRY(expect(Token::name, "an attribute's name")).text;
    }
    if (!several || !is(Token::comma)) return out;
    Target all;
    all.at = out.at;
    all.parts.push_back(std::move(out));
    while (R1_TRY(skip(Token::comma))) {
      if (!is(Token::name) && !is(Token::lparen)) break;
      if (is_name("in")) break;
      all.parts.push_back(R1_TRY(target(false)));
    }
    return all;
  }
  Result<std::unique_ptr<const Statement>> set(u32 at) {
    Target to = R1_TRY(target(true));
    if (R1_TRY(skip(Token::assign))) return R1_TRY(make<Set>(at, std::move(to), R1_TRY(tuple(false, {}))));
    auto node = R1_TRY(make<Capture>(Statement::Kind::set_block, at));
    node->target = std::move(to);
    if (is(Token::pipe)) node->filters = R1_TRY(filters(false));
    node->body = R1_TRY(outside_loops({"endset"}));
    return node;
  }
  // f(a)|g, for a block; `first` without its bar.
  Result<std::unique_ptr<Postfix>> filters(bool first) {
    auto node = R1_TRY(make<Postfix>(current_.at, nullptr));
    for (bool starts = first; starts || is(Token::pipe); starts = false) {
      if (!starts) R1_TRY(advance());
      R1_TRY(count_node());
      node->suffixes.push_back(R1_TRY(filter()));
    }
    return node;
  }
  Result<std::unique_ptr<const Statement>> filter_block(u32 at) {
    auto node = R1_TRY(make<Capture>(Statement::Kind::filter_block, at));
    node->filters = R1_TRY(filters(true));
    node->body = R1_TRY(outside_loops({"endfilter"}));
    return node;
  }
  // A body in which break would leave what captures its output.
  Result<Block> outside_loops(Names ends) {
    const int outer = std::exchange(loops_, 0);
    Block inside = R1_TRY(body(ends));
    loops_ = outer;
    return inside;
  }
  Status parameters(Macro& macro) {
    R1_TRY(advance());
    while (!is(Token::rparen)) {
      if (!macro.parameters.empty()) R1_TRY(expect(Token::comma, "',' or ')'"));
      R1_TRY(count_node());
      const std::string_view name = R1_TRY(expect(Token::name, "a parameter's name")).text;
      ExpressionPtr fallback;
      if (R1_TRY(skip(Token::assign))) fallback = R1_TRY(expression());
      else if (!macro.parameters.empty() && macro.parameters.back().second)
        return fail(Errc::corrupt, "a parameter without a default follows one with");
      macro.parameters.emplace_back(name, std::move(fallback));
    }
    return advance();
  }
  Result<std::unique_ptr<const Statement>> macro(u32 at) {
    auto node = R1_TRY(make<Macro>(at));
    node->name = R1_TRY(expect(Token::name, "the macro's name")).text;
    if (!is(Token::lparen)) return unexpected("'('");
    R1_TRY(parameters(*node));
    node->body = R1_TRY(outside_loops({"endmacro"}));
    return node;
  }
  Result<std::unique_ptr<const Statement>> call_block(u32 at) {
    auto node = R1_TRY(make<CallBlock>(at));
    node->caller.name = "caller";
    if (is(Token::lparen)) R1_TRY(parameters(node->caller));
    ExpressionPtr call = R1_TRY(expression());
    const auto* known = dynamic_cast<const Postfix*>(call.get());
    if (!known || known->suffixes.back().kind != Suffix::Kind::call) return fail(Errc::corrupt, "call needs a call");
    call.release();
    node->call.reset(known);
    node->caller.body = R1_TRY(outside_loops({"endcall"}));
    return node;
  }
  Result<std::unique_ptr<const Statement>> with(u32 at) {
    auto node = R1_TRY(make<With>(at));
    while (!is(Token::block_end) && !is(Token::colon)) {
      if (!node->bindings.empty()) R1_TRY(expect(Token::comma, "',' or '%}'"));
      Target to = R1_TRY(target(false));
      R1_TRY(expect(Token::assign, "'='"));
      node->bindings.emplace_back(std::move(to), R1_TRY(expression()));
    }
    node->body = R1_TRY(body({"endwith"}));
    return node;
  }
  Result<std::unique_ptr<const Statement>> generation(u32 at) {  // transformers' mark of what is trained on
    auto node = R1_TRY(make<With>(at));
    node->body = R1_TRY(body({"endgeneration"}));
    return node;
  }

  // `a if b` in the tests of if and in the items of for means something else: no word ends these.
  static constexpr std::string_view kNoCondition = "\n";

  Lexer lexer_;
  const JinjaLimits& limits_;
  Lexeme current_, ahead_;
  bool has_ahead_ = false, failed_in_lexer_ = false;
  int depth_ = 0, loops_ = 0;
  size_t nodes_ = 0;
};

}  // namespace

tl::expected<Block, PlacedError> parse_template(std::string_view source, const JinjaLimits& limits) {
  Parser parser(source, limits);
  auto block = parser.parse();
  if (!block) return tl::unexpected(PlacedError{std::move(block).error(), parser.at()});
  return std::move(*block);
}

}  // namespace r1::jinja
