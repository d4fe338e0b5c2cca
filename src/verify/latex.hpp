// Tokens of an answer written in LaTeX or as plain text. Spellings that mean the same give the same tokens: \dfrac and
// \frac, \left( and (, 1{,}000 and 1,000, × and \times. What only changes the look of an answer gives no token.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "verify/numbers.hpp"

namespace r1 {

constexpr size_t kLongestAnswer = 4096;  // bytes; a longer answer is not read

// How a comma between digits is read if nothing else decides: 1,234 is a number, a list of two, or 1.234.
enum class Commas { thousands, list, decimal };

struct AnswerToken {
  // name: a letter, or a word that means something (sin, pi); command: without its backslash; text: of \text{...};
  // unit: a word behind a value that does not change it; symbol: everything else, with these spellings of more than one
  // byte: \{ \} \\ <= >= != ~= .. (a row ends at \\, an environment begins at {NAME} and ends at /{NAME})
  enum class Kind { number, name, command, text, unit, symbol, end };
  Kind kind = Kind::end;
  std::string s;
  Rational value;           // of a number
  bool decimal = false;     // the number had a point
  bool space = false;       // white space stands before it
  bool line_break = false;  // a line ends before it
  bool grouped = false;     // commas between digits were read as thousands because nothing else decided

  bool is(std::string_view symbol) const { return kind == Kind::symbol && s == symbol; }
  bool is_command(std::string_view name) const { return kind == Kind::command && s == name; }
};

// Nothing if the text is too long or holds characters that no answer has. The last token is `end`.
std::optional<std::vector<AnswerToken>> tokens_of(std::string_view answer, Commas commas);

// The text with characters outside ASCII that have a command replaced by it, and with doubled backslashes undone.
std::string in_ascii_latex(std::string_view text);

// The words of an answer that is a text: without commands, dollar signs, brackets around it and a final period; in
// lower case, with single spaces.
std::string words_of(std::string_view answer);

bool is_digit(char c);
bool is_letter(char c);
bool is_space(char c);
void replace_all(std::string& s, std::string_view from, std::string_view to);
// The content of the braces that open at `open`; nothing if they are never closed. \{ and \} count as a pair.
std::optional<std::string_view> braced(std::string_view s, size_t open);

}  // namespace r1
