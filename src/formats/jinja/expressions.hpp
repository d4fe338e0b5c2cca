// The lower half of Jinja's grammar (jinja2/parser.py): expressions, by recursive descent. The depth and the size of
// the tree are limited. parser.cpp adds the statements.
#pragma once
#include "formats/jinja/syntax.hpp"
#include "formats/utf8.hpp"

namespace r1::jinja {

class ExpressionParser {
 public:
  ExpressionParser(std::string_view source, const JinjaLimits& limits) : lexer_(source), limits_(limits) {}
  // The byte in the source at which the parser stands or has failed.
  size_t at() const { return failed_in_lexer_ ? lexer_.at() : current_.at; }

 protected:
  // Counts one more level of nesting while it lives.
  struct Deeper {
    explicit Deeper(ExpressionParser& p) : parser(p) { ++parser.depth_; }
    ~Deeper() { --parser.depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    ExpressionParser& parser;
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
    std::string_view found = utf8_prefix(current_.text, 40);
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

  // ---- expressions
  Result<ExpressionPtr> expression();
  // One expression, or a tuple of several with commas between them.
  Result<ExpressionPtr> tuple(bool in_parentheses, std::string_view end_word);
  Result<Suffix> filter();
  // An end_word for tuple() that no source contains. With any end_word, tuple() does not parse `a if b`: in a test of
  // if and in the items of for, `if` has another meaning.
  static constexpr std::string_view kNoCondition = "\n";

  Lexeme current_;

 private:
  using Rule = Result<ExpressionPtr> (ExpressionParser::*)();

  // One function for each level of precedence, the loosest first.
  Result<ExpressionPtr> disjunction();
  Result<ExpressionPtr> conjunction();
  Result<ExpressionPtr> logic(std::string_view word, Rule operand);
  Result<ExpressionPtr> negation();
  // The comparison operator at the current token, if there is one. Skips the `not` of `not in`.
  Result<std::optional<Operator>> comparison_operator();
  Result<ExpressionPtr> comparison();
  static std::optional<Operator> in_sum(Token t);
  static std::optional<Operator> in_product(Token t);
  static std::optional<Operator> in_power(Token t);
  Result<ExpressionPtr> sum();
  Result<ExpressionPtr> product();
  Result<ExpressionPtr> power();
  Result<ExpressionPtr> filtered_unary();
  Result<ExpressionPtr> arithmetic(std::optional<Operator> (*known)(Token), Rule operand);
  Result<ExpressionPtr> concat();
  Result<ExpressionPtr> unary(bool with_filters);
  Result<ExpressionPtr> primary();
  Result<ExpressionPtr> literal(const Lexeme& token, Value value);
  static Result<Value> number(const Lexeme& token);
  Result<ExpressionPtr> list();
  Result<ExpressionPtr> dict();
  // ---- .name [index] (arguments) |filter is test
  Result<ExpressionPtr> postfix(u32 at, ExpressionPtr base, bool with_filters);
  Result<Suffix> suffix();
  Result<Suffix> item(u32 at);
  Result<ExpressionPtr> index();
  Result<std::unique_ptr<CallArguments>> arguments();
  Status argument(CallArguments& call);
  Result<Suffix> test();

  Lexer lexer_;
  const JinjaLimits& limits_;
  Lexeme ahead_;
  bool has_ahead_ = false, failed_in_lexer_ = false;
  int depth_ = 0;
  size_t nodes_ = 0;
};

}  // namespace r1::jinja
