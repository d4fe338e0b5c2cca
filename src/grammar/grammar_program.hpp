// A grammar that is ready to run: a graph of lexemes, calls, choices and repetitions. It never changes, so that all
// samples of all requests with the same grammar use one.
#pragma once
#include <memory>
#include <vector>

#include "grammar/grammar.hpp"
#include "grammar/lexeme.hpp"

namespace r1 {

class GrammarProgram {
 public:
  struct Node {
    enum class Kind : u8 {
      end,     // of a rule, of the body of a repetition, or of everything
      lexeme,  // `lexeme`, with `min` to `max` units if it is counted, then `next`
      call,    // the rule that begins at `target`, then `next`
      choice,  // any of `branches`
      repeat   // the body that begins at `target`, from `min` to `max` times, then `next`
    };
    Kind kind = Kind::end;
    i32 next = -1, target = -1;
    i64 min = 0, max = -1;  // max -1: no limit
    std::vector<i32> branches{};
    const Lexeme* lexeme = nullptr;
  };
  static constexpr i32 kEnd = 0;

  // Errors: those of check(grammar); a program of too many nodes, or whose lexemes take more than kMostProgramBytes.
  static Result<std::shared_ptr<const GrammarProgram>> compile(const Grammar& grammar,
                                                               std::shared_ptr<Lexicon> lexicon);

  // Computes what the first lexemes need, so that the first masks are quick (Lexeme::warm).
  void warm() const;

  const Node& operator[](i32 node) const { return nodes_[node]; }
  i32 size() const { return static_cast<i32>(nodes_.size()); }
  i32 start() const { return start_; }
  const TokenTrie& trie() const { return lexicon_->trie(); }
  const Lexicon& lexicon() const { return *lexicon_; }
  // What the lexemes take by now, about: they grow with what is asked of them.
  i64 lexeme_bytes() const;

 private:
  friend class GrammarCompiler;
  std::shared_ptr<Lexicon> lexicon_;
  std::vector<Node> nodes_;
  std::vector<std::shared_ptr<const Lexeme>> lexemes_;  // each once
  i32 start_ = kEnd;
};

}  // namespace r1
