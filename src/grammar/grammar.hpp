// Grammars: rules over characters that call each other. GBNF, JSON Schemas and regular expressions become a Grammar,
// and a GrammarProgram (grammar_program.hpp) runs it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "grammar/char_set.hpp"

namespace r1 {

// What a part of a rule matches. An empty sequence matches the empty text.
struct Expr {
  enum class Kind : u8 { text, chars, sequence, choice, repeat, rule, token };
  Kind kind = Kind::sequence;
  std::string text{};         // of text: bytes
  CharSet chars{};            // of chars: one of these characters
  std::vector<Expr> items{};  // of sequence and choice; of repeat the one that is repeated
  i64 min = 0, max = -1;      // of repeat; max -1: no limit
  i32 id = -1;                // of rule: its index; of token: a token of the vocabulary, whatever its bytes are
};

Expr text_expr(std::string_view bytes);
Expr chars_expr(CharSet set);
Expr rule_expr(i32 rule);
Expr token_expr(i32 token);
Expr sequence_of(std::vector<Expr> items);
Expr choice_of(std::vector<Expr> items);  // of at least one
Expr repeat_of(Expr item, i64 min, i64 max);
Expr optional_of(Expr item);

struct Grammar {
  struct Rule {
    std::string name;
    Expr body;
    // If true, the rule keeps an automaton of its own instead of becoming part of its callers' automata. The tables of
    // tokens of the rule, for instance of a JSON string, are then computed once, whatever stands before and after its
    // calls.
    bool shared = false;
  };
  std::vector<Rule> rules;
  i32 root = 0;

  i32 add(std::string name, Expr body = {}, bool shared = false);
};

// Limits on grammars from strangers.
inline constexpr i64 kMostGrammarBytes = i64{64} << 10;  // of a text in any of the languages
inline constexpr i64 kMostRules = 4096, kMostExprs = i64{1} << 16, kMostRepeats = 10000;
inline constexpr int kGrammarDepth = 64;  // of nested groups

// Which rules match the empty text.
std::vector<bool> nullable_rules(const Grammar& grammar);
bool is_nullable(const Expr& expr, const std::vector<bool>& rules);
// Errors: a rule that calls itself before it has matched anything; a rule that matches no finite text; an empty set of
// characters; sizes over the limits. The messages name the rule.
Status check(const Grammar& grammar);

}  // namespace r1
