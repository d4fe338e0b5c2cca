// Reads GBNF, the language in which llama.cpp's users write grammars:
//
//   root ::= "answer: " number ("," number){0,4} "\n"     # rules go on over lines inside parentheses and behind ::=
//   and | number ::= "-"? [0-9]+
//
// Literals and classes know the escapes \n \r \t \\ \" \[ \] \- \^ \xHH \uHHHH \UHHHHHHHH. `.` is any character. The
// suffixes * + ? {m} {m,} {,n} {m,n} repeat what stands before them. `root` is what a whole text matches.
#pragma once
#include <string_view>

#include "grammar/grammar.hpp"

namespace r1 {

// Errors: text that is not GBNF, with line and column; a rule that is missing or defined twice; a text over 64 KiB.
Result<Grammar> read_gbnf(std::string_view text);

}  // namespace r1
