// Cuts a template's source into tokens, as Jinja's lexer does with trim_blocks and lstrip_blocks.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1::jinja {

// clang-format off
enum class Token : u8 {
  end, data, print_begin, print_end, block_begin, block_end, name, string, integer, real,
  add, sub, mul, div, floordiv, mod, pow, tilde, eq, ne, lt, le, gt, ge, assign,
  dot, comma, colon, pipe, lparen, rparen, lbracket, rbracket, lbrace, rbrace,
};
// clang-format on

struct Lexeme {
  Token type = Token::end;
  u32 at = 0;             // byte in the source
  std::string_view text;  // in the source; for data the text to print, for strings what stands between the quotes
};

// Every line end becomes \n, and a line end at the end of the source is dropped. Jinja does this first too.
std::string normalized_source(std::string_view source);

// The line and the column, in characters, of a byte of the source. Both count from 1.
std::pair<size_t, size_t> place_of(std::string_view source, size_t byte);

// Hands out the tokens one by one. After an Error, at() is its place.
class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}
  Result<Lexeme> next();
  size_t at() const { return at_; }

 private:
  enum class State : u8 { text, print, block };
  Result<Lexeme> text();
  Result<Lexeme> inside();
  Result<Lexeme> number();
  Result<Lexeme> string(char quote);
  Result<Lexeme> operation();
  std::optional<Lexeme> closing();
  Result<bool> raw(size_t tag);
  Result<size_t> skip_comment(size_t tag);
  Lexeme take(Token type, size_t bytes);
  std::string_view stripped(size_t begin, size_t tag, char sign, bool print) const;
  void after_tag(size_t end, char sign, bool trims);

  std::string_view source_;
  size_t at_ = 0;
  bool line_starts_ = true;  // the last tag ended at the start of a line
  State state_ = State::text;
  std::string brackets_;         // the closing brackets of those that are open
  std::vector<Lexeme> pending_;  // tokens found already: after data, the tag that ended it
};

// The value of a string literal: Python's escapes are replaced by what they stand for.
Result<std::string> unescaped(std::string_view literal);

}  // namespace r1::jinja
