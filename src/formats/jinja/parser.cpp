// The upper half of Jinja's grammar (jinja2/parser.py): statements and blocks.
#include "formats/jinja/expressions.hpp"

namespace r1::jinja {
namespace {

class Parser : public ExpressionParser {
 public:
  using ExpressionParser::ExpressionParser;

  Result<Block> parse() {
    R1_TRY(advance());
    return block({});
  }

 private:
  using Names = std::initializer_list<std::string_view>;

  // Parses up to a block whose name is one of `ends`; that name is then the current token. Without `ends` it parses up
  // to the end of the template.
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
  // Parses from the end of an opening tag to one of `ends`. If that is the last of them, its name is skipped.
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
        {"if", &Parser::branch},
        {"for", &Parser::loop},
        {"set", &Parser::set},
        {"macro", &Parser::macro},
        {"call", &Parser::call_block},
        {"filter", &Parser::filter_block},
        {"with", &Parser::with},
        {"generation", &Parser::generation},
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
      if (out.name == "true" || out.name == "false" || out.name == "none" || out.name == "True" ||
          out.name == "False" || out.name == "None")
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
  // The filters of a block, f(a)|g. `first`: the first one stands without a bar in front of it.
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
  // A body whose output is captured. A break inside it must not leave a loop outside it.
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
  Result<std::unique_ptr<const Statement>> generation(u32 at) {  // transformers marks the text that is trained on
    auto node = R1_TRY(make<With>(at));
    node->body = R1_TRY(body({"endgeneration"}));
    return node;
  }

  int loops_ = 0;
};

}  // namespace

tl::expected<Block, PlacedError> parse_template(std::string_view source, const JinjaLimits& limits) {
  Parser parser(source, limits);
  auto block = parser.parse();
  if (!block) return tl::unexpected(PlacedError{std::move(block).error(), parser.at()});
  return std::move(*block);
}

}  // namespace r1::jinja
