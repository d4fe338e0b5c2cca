// The parser of answers. parse.cpp has the operators, parse_atoms.cpp what stands between them.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "verify/latex.hpp"
#include "verify/tree.hpp"

namespace r1 {

class AnswerParser {
 public:
  explicit AnswerParser(std::vector<AnswerToken> tokens) : tokens_(std::move(tokens)) {}
  std::optional<AnswerNode> answer();

 private:
  using Token = AnswerToken;
  using Parsed = std::optional<AnswerNode>;
  // A bracket adds two to the depth.
  static constexpr int kDeepest = 128, kMostNodes = 4096;

  const Token& peek(size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  bool accept(std::string_view symbol) { return peek().is(symbol) && (++at_, true); }
  bool accept_command(std::string_view name) { return peek().is_command(name) && (++at_, true); }

  std::optional<std::vector<AnswerNode>> list();
  Parsed relation();
  Parsed set();
  Parsed ratio();
  Parsed sum();
  Parsed product();
  Parsed factor();
  Parsed postfix(AnswerNode base);
  Parsed exponent();
  Parsed mixed_number();
  void skip_units();
  bool begins_factor() const;
  static bool is_operator_command(std::string_view name);  // a command that stands between or behind operands

  Parsed atom();
  Parsed symbol();
  Parsed command();
  Parsed function(const std::string& name);
  Parsed function_argument();
  Parsed square_root();
  Parsed argument();
  Parsed first_digit();
  Parsed group();
  Parsed bracketed(char open);
  Parsed braces();
  Parsed absolute();
  Parsed between(std::string_view close, std::string name);
  Parsed big_operator(const std::string& name);
  Parsed environment(const std::string& name);
  std::optional<std::string> subscript();
  // The end of a name such as x_1, f(x), |AB| or (p,q) that begins at token `at`; 0 if none does.
  size_t label_end(size_t at) const;

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0, nodes_ = 0;
  int bars_ = 0;             // open |
  bool in_builder_ = false;  // inside \{x | ...\}, where | and : separate
};

}  // namespace r1
