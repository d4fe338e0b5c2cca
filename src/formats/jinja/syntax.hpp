// The syntax tree of a template. A chain (a + b + c, a.b.c, x|f|g) is one node however long it is, so the tree is never
// deeper than the nesting in the source. Names and data point into the source.
#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "formats/jinja/lexer.hpp"
#include "formats/jinja/value.hpp"

namespace r1::jinja {

struct Expression {
  // clang-format off
  enum class Kind : u8 {
    literal, name, sequence, dict, negation, logic, arithmetic, comparison, concat, condition, slice, postfix
  };
  // clang-format on
  Expression(Kind k, u32 byte) : kind(k), at(byte) {}
  virtual ~Expression() = default;
  Kind kind;
  u32 at;  // byte in the source
};
using ExpressionPtr = std::unique_ptr<const Expression>;

struct Literal : Expression {
  Literal(u32 byte, Value v) : Expression(Kind::literal, byte), value(std::move(v)) {}
  Value value;
};
struct Name : Expression {
  Name(u32 byte, std::string_view n) : Expression(Kind::name, byte), name(n) {}
  std::string_view name;
};
struct Sequence : Expression {
  Sequence(u32 byte, bool is_tuple) : Expression(Kind::sequence, byte), tuple(is_tuple) {}
  bool tuple;
  std::vector<ExpressionPtr> items;
};
struct DictLiteral : Expression {
  explicit DictLiteral(u32 byte) : Expression(Kind::dict, byte) {}
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> members;
};
struct Negation : Expression {  // not a, -a, +a
  enum class Of : u8 { truth, number, nothing };
  Negation(u32 byte, Of o, ExpressionPtr e) : Expression(Kind::negation, byte), of(o), operand(std::move(e)) {}
  Of of;
  ExpressionPtr operand;
};
struct Logic : Expression {  // a and b and c, or with or
  Logic(u32 byte, bool all) : Expression(Kind::logic, byte), conjunction(all) {}
  bool conjunction;
  std::vector<ExpressionPtr> operands;
};
enum class Operator : u8 { add, sub, mul, div, floordiv, mod, pow, eq, ne, lt, le, gt, ge, in, not_in };
struct Chain : Expression {  // arithmetic, evaluated from the left, or a comparison like Python's a < b < c
  Chain(Kind k, u32 byte, ExpressionPtr e) : Expression(k, byte), first(std::move(e)) {}
  struct Step {
    Operator operation;
    u32 at;
    ExpressionPtr operand;
  };
  ExpressionPtr first;
  std::vector<Step> steps;
};
struct Concat : Expression {
  explicit Concat(u32 byte) : Expression(Kind::concat, byte) {}
  std::vector<ExpressionPtr> parts;
};
struct Condition : Expression {  // a if b else c
  Condition(u32 byte, ExpressionPtr v, ExpressionPtr t, ExpressionPtr o)
      : Expression(Kind::condition, byte), value(std::move(v)), test(std::move(t)), otherwise(std::move(o)) {}
  ExpressionPtr value, test, otherwise;  // otherwise: null without an else
};
struct Slice : Expression {  // only inside [ ]; each part may be null
  explicit Slice(u32 byte) : Expression(Kind::slice, byte) {}
  ExpressionPtr begin, end, step;
};

struct CallArguments {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string_view, ExpressionPtr>> named;
  ExpressionPtr spread, spread_named;  // *a, **b
};
struct Suffix {
  enum class Kind : u8 { attribute, item, call, filter, test } kind;
  u32 at;
  bool negated = false;                        // of a test: "is not"
  std::string_view name{};                     // of an attribute, filter or test
  ExpressionPtr index{};                       // of an item
  std::unique_ptr<CallArguments> arguments{};  // of a call, filter or test; null without parentheses
};
struct Postfix : Expression {
  Postfix(u32 byte, ExpressionPtr e) : Expression(Kind::postfix, byte), base(std::move(e)) {}
  ExpressionPtr base;  // null in a filter block
  std::vector<Suffix> suffixes;
};

struct Statement {
  // clang-format off
  enum class Kind : u8 {
    data, print, branch, loop, set, set_block, macro, call_block, filter_block, with, break_, continue_
  };
  // clang-format on
  Statement(Kind k, u32 byte) : kind(k), at(byte) {}
  virtual ~Statement() = default;
  Kind kind;
  u32 at;
};
using Block = std::vector<std::unique_ptr<const Statement>>;

struct Target {  // what a value is assigned to: a name, an attribute of a namespace, or several targets
  u32 at = 0;
  std::string_view name{}, attribute{};
  std::vector<Target> parts{};
};
struct Data : Statement {
  Data(u32 byte, std::string_view t) : Statement(Kind::data, byte), text(t) {}
  std::string_view text;
};
struct Print : Statement {
  Print(u32 byte, ExpressionPtr v) : Statement(Kind::print, byte), value(std::move(v)) {}
  ExpressionPtr value;
};
struct Branch : Statement {
  explicit Branch(u32 byte) : Statement(Kind::branch, byte) {}
  std::vector<std::pair<ExpressionPtr, Block>> cases;  // tests and their blocks; the test of else is null
};
struct Loop : Statement {
  explicit Loop(u32 byte) : Statement(Kind::loop, byte) {}
  Target target;
  ExpressionPtr items, test;  // test: null without an if
  Block body, otherwise;
};
struct Set : Statement {
  Set(u32 byte, Target t, ExpressionPtr v) : Statement(Kind::set, byte), target(std::move(t)), value(std::move(v)) {}
  Target target;
  ExpressionPtr value;
};
// {% set x %}...{% endset %} and {% filter f %}...{% endfilter %}: the output of a body, with filters applied to it.
struct Capture : Statement {
  Capture(Kind k, u32 byte) : Statement(k, byte) {}
  Target target;                     // of set
  std::unique_ptr<Postfix> filters;  // null if there are none
  Block body;
};
struct Macro : Statement {
  explicit Macro(u32 byte) : Statement(Kind::macro, byte) {}
  std::string_view name;
  std::vector<std::pair<std::string_view, ExpressionPtr>> parameters;  // names and defaults; null without a default
  Block body;
};
struct CallBlock : Statement {
  explicit CallBlock(u32 byte) : Statement(Kind::call_block, byte), caller(byte) {}
  std::unique_ptr<const Postfix> call;  // its last suffix is the call
  Macro caller;
};
struct With : Statement {  // also {% generation %}, which only opens a scope
  explicit With(u32 byte) : Statement(Kind::with, byte) {}
  std::vector<std::pair<Target, ExpressionPtr>> bindings;
  Block body;
};

struct PlacedError {
  Error error;
  size_t at;  // byte in the source
};
// `source` must be valid UTF-8 whose line ends are \n. It must outlive the result.
// Errors: a syntax error, a statement that is not supported, a tree beyond limits.nodes or limits.parse_depth.
tl::expected<Block, PlacedError> parse_template(std::string_view source, const JinjaLimits& limits);

}  // namespace r1::jinja
