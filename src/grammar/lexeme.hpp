// A regular part of a grammar as an automaton over bytes, with the tokens that each of its states takes. Both are
// computed when they are needed, and kept: a vocabulary's lexemes serve all grammars that contain them, on many
// threads.
//
// A counted lexeme is unit{min,max} followed by a fixed text, for instance the characters of a JSON string and its
// closing quote. Its automaton is that of unit* and the text; the caller counts the units and knows min and max. This
// way a limit of 10,000 characters costs no more states than none, and all limits of the same unit share one lexeme.
#pragma once
#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "grammar/grammar.hpp"
#include "grammar/token_trie.hpp"

namespace r1 {

// What the tokens of the vocabulary do from one state of a lexeme on.
struct LexemeTokens {
  std::vector<i32> few;   // the tokens that the lexeme takes whole, if they are few,
  std::vector<u64> many;  // else as a mask
  // Nodes of the trie that lie one byte behind an end of the lexeme: what follows it must take that byte and the rest
  // of the token. They are sorted by the byte, so that an exit is skipped if what follows cannot begin with its byte.
  struct Exit {
    i32 node = 0;
    u16 begun = 0;  // units that the token has begun until there; 0 if the lexeme is not counted
  };
  std::vector<Exit> exits;
  struct ExitGroup {
    u8 byte = 0;
    u32 begin = 0;  // the first of the exits with this byte; the last are before the next group's
  };
  std::vector<ExitGroup> exit_groups;  // the last entry only marks the end
  // A bit for each node of the trie from 64 * first_word on: all tokens that end there or below are taken whole, so
  // these tokens need not be tried. Such nodes are not among the exits. Empty if there are few exits, and for counted
  // lexemes.
  std::vector<u64> full;
  i32 first_word = 0;
  bool overflow = false;  // the automaton became too large, so that something may be missing here
  // Counted lexemes only: the tokens that are taken whole, those that begin the fewest units first.
  struct Counted {
    i32 token = 0;
    u16 begun = 0;
  };
  std::vector<Counted> counted;
  std::vector<Counted> closing;  // those of them that reach the text behind the units
};

class Lexeme {
 public:
  struct State {
    bool accepting = false;  // the lexeme may end here
    bool final = false;      // the lexeme must end here: no byte continues it
    std::vector<i32> nfa;    // nodes that wait for a byte, and the one that accepts; ascending
    std::array<std::atomic<const State*>, 256> next{};  // null: not computed yet
    std::atomic<const LexemeTokens*> tokens = nullptr;
  };

  // `expr` is regular: its rules do not call themselves. The trie must outlive the lexeme.
  // The bytes of its automaton and tables are also added to `grown`, which must outlive the lexeme, too.
  // `end`: of a counted lexeme, the text behind its units, which may be empty; its first byte begins no unit.
  Lexeme(const TokenTrie& trie, std::atomic<i64>& grown, const Grammar& grammar, const Expr& expr);
  Lexeme(const TokenTrie& trie, std::atomic<i64>& grown, const Grammar& grammar, const Expr& unit, std::string end);

  const State* start() const { return start_; }
  // The state after one byte more; dead() if there is none, overflow() if there would be too many states.
  const State* next(const State* state, u8 byte) const {
    const State* const known = state->next[byte].load(std::memory_order_acquire);
    return known ? known : compute_next(state, byte);
  }
  const LexemeTokens& tokens(const State* state) const {
    const LexemeTokens* const known = state->tokens.load(std::memory_order_acquire);
    return known ? *known : compute_tokens(state);
  }
  // The same for the tokens below a node of the trie, when the lexeme is in `state` at that node. Null if such tables
  // take more than 16 MiB already; the caller must then try the tokens one by one.
  const LexemeTokens* tokens_below(const State* state, i32 trie_node) const;
  static const State* dead() { return &kDead; }
  static const State* overflow() { return &kOverflow; }
  static bool is_alive(const State* s) { return s != dead() && s != overflow(); }

  bool is_counted() const { return counted_; }
  // Of a counted lexeme: whether `byte` begins a unit in this state. Only the start state is between units.
  bool begins_unit(const State* state, u8 byte) const {
    return counted_ && state == start_ && (end_.empty() || byte != static_cast<u8>(end_[0]));
  }
  // Computes what the states within a few bytes of the start need, before somebody waits for it.
  void warm() const;
  // Whether no text of the lexeme is the beginning of another one. Also false if the automaton has too many states to
  // find out.
  bool is_prefix_free() const;
  i64 bytes() const { return bytes_.load(std::memory_order_relaxed); }  // of memory, about

 private:
  struct Node {
    u8 low = 0, high = 0;
    i32 next = -1;       // behind a byte from low to high
    i32 a = -1, b = -1;  // without a byte
    bool waits = false;  // for a byte
  };
  i32 add_node(Node node);
  i32 add(const Grammar& grammar, const Expr& expr, i32 next);
  i32 add_text(std::string_view text, i32 next);
  i32 add_repeat(const Grammar& grammar, const Expr& expr, i32 next);
  void close_over(i32 node, std::vector<i32>& out) const;
  const State* state_of(std::vector<i32> starts) const;
  const State* compute_next(const State* state, u8 byte) const;
  const LexemeTokens& compute_tokens(const State* state) const;
  LexemeTokens tokens_from(const State* state, i32 trie_node) const;
  void take_all(const State* state, i32 trie_node, LexemeTokens& out) const;
  void mark_full(i32 trie_node, LexemeTokens& out) const;
  i64 keep(LexemeTokens tokens) const;
  void add_bytes(i64 bytes) const { bytes_ += bytes, grown_ += bytes; }

  static const State kDead, kOverflow;
  const TokenTrie& trie_;
  std::atomic<i64>& grown_;
  bool counted_ = false;
  std::string end_;
  std::vector<Node> nodes_;  // nodes_[0] accepts
  const State* start_ = nullptr;
  mutable std::mutex mutex_;
  mutable std::map<std::vector<i32>, std::unique_ptr<State>> states_;
  mutable std::deque<LexemeTokens> tokens_;
  mutable std::map<std::pair<const State*, i32>, const LexemeTokens*> tokens_below_;
  mutable i64 below_bytes_ = 0;
  mutable std::vector<bool> seen_;
  mutable std::atomic<i64> bytes_ = 0;
};

inline constexpr i64 kMostLexemeStates = 8192, kMostLexemeBytes = i64{64} << 20;
inline constexpr i64 kMostLexiconBytes = i64{256} << 20;  // then lexemes that no program uses are dropped
inline constexpr i64 kMostProgramBytes = i64{512} << 20;  // of all lexemes of a program together

// The lexemes of a vocabulary, each once.
class Lexicon {
 public:
  explicit Lexicon(TokenTrie trie) : trie_(std::move(trie)) {}
  const TokenTrie& trie() const { return trie_; }
  // The bytes that all lexemes have taken so far, including those of dropped lexemes. It never shrinks.
  i64 grown() const { return grown_.load(std::memory_order_relaxed); }
  std::shared_ptr<const Lexeme> find(const Grammar& grammar, const Expr& expr);
  std::shared_ptr<const Lexeme> find_counted(const Grammar& grammar, const Expr& unit, std::string end);

 private:
  std::shared_ptr<const Lexeme> kept(std::shared_ptr<const Lexeme> found);

  const TokenTrie trie_;
  std::atomic<i64> grown_ = 0;
  i64 dropped_ = 0;  // bytes of lexemes that are gone
  i64 drop_at_ = kMostLexiconBytes;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Lexeme>> lexemes_;
};

}  // namespace r1
