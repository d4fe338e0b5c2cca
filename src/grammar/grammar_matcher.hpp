// Follows a text through a grammar, byte by byte, and tells which tokens may come next.
//
// The state is a set of stacks. The top of a stack is a lexeme with the state of its automaton; below it lie the places
// to which the rules and repetitions that are open return. Stacks share their common parts. Equal stacks are stored
// once, and so are equal states, so that each step from a state is computed once. The number of stacks depends on how
// ambiguous the grammar is at this place; most grammars have one or two.
//
// The mask of a state is put together from the tables of its lexemes, which list the tokens that a lexeme takes whole
// (LexemeTokens). Only tokens that go on behind the end of the lexeme are tried, in the order of the trie. At a large
// branch of the trie, the lexeme that follows has a table of the tokens below that branch. Masks and states belong to
// this text alone, so they need no lock. The tables of the lexemes, which take long to compute, serve all texts. Two
// states have the same mask if they differ only in counts that are farther from their limits than a token is long.
#pragma once
#include <array>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "grammar/grammar_program.hpp"

namespace r1 {

struct MatcherLimits {
  i64 stacks = 4096;           // of a state
  i64 depth = 1024;            // of a stack
  i64 memory = i64{16} << 20;  // bytes of stacks, states and masks, above which all but the current state are dropped
  i64 steps = i64{4} << 20;    // of one mask
  i64 mask_memory = i64{64} << 20;  // bytes that one mask may take on top of `memory`
  i64 lexeme_memory = kMostProgramBytes;
};

class GrammarMatcher {
 public:
  explicit GrammarMatcher(std::shared_ptr<const GrammarProgram> program, const MatcherLimits& limits = {});

  // Takes one byte, or the bytes of one token. Returns false if the grammar does not allow it or a limit was reached;
  // after that, nothing is allowed any more.
  bool push(u8 byte);
  bool push_token(i32 token);
  // The text so far is a text of the grammar.
  bool is_complete() const;
  // Bit t % 64 of word t / 64 says whether token t may come next. The span is valid until the next call.
  std::span<const u64> allowed();
  // Why nothing is allowed any more, if a limit was reached; else empty.
  const std::string& failure() const { return failure_; }

 private:
  // A stack is its top and the stack below. Number 0 is the empty stack.
  struct Stack {
    u32 below = 0;
    i32 node = 0;                           // of a lexeme; of a repetition; where a call returns to
    const Lexeme::State* lexeme = nullptr;  // of the top of a state's stack
    i32 count = 0;                          // of repetitions or units; -1 where a call returns to
    u32 key = 0;                            // stacks of the same key have the same mask
    u32 depth = 0;
  };
  struct Hash {
    size_t operator()(const std::array<u64, 3>& x) const;
  };
  struct Mask {
    std::vector<i32> few;
    std::vector<u64> many;
  };
  struct State {
    std::vector<u32> stacks;  // ascending
    bool complete = false;
    bool too_deep = false;                       // a stack is missing, because it would be deeper than the limit
    std::unique_ptr<std::array<u32, 256>> next;  // 0: not computed yet
    const Mask* mask = nullptr;                  // null: not computed yet
  };
  static constexpr u32 kDead = 1;  // the state without stacks that is neither complete nor too deep

  u32 push_stack(u32 below, i32 node, const Lexeme::State* lexeme, i64 count);
  u32 key_of(u32 below, i32 node, const Lexeme::State* lexeme, i64 count);
  i64 count_class(i32 node, i64 count) const;
  bool visit(const std::array<u64, 3>& place);
  void enter(u32 stack, i32 node, i32 fresh);
  void repeat(u32 stack, i32 node, i64 count, i32 fresh);
  void leave(u32 stack, i32 fresh);
  void step(u32 stack, u8 byte);
  u32 take_state();
  u32 next_state(u32 state, u8 byte);
  u32 state_behind(const Stack& top);
  void add_counted_tokens(const LexemeTokens& known, i64 room, i64 needed);
  void add_whole_tokens(u32 stack, const LexemeTokens& known);
  void add_exits(u32 stack, const LexemeTokens& known);
  i64 room_of(const Stack& top) const;
  void add_exit(i32 trie_node, u32 state);
  void try_below(i32 trie_node, u32 state);
  void add_all(i32 trie_node, u32 state, const std::vector<const LexemeTokens*>& known);
  bool is_done(i32 trie_node, u32 state);
  bool is_full(i32 node) const { return full_[node / 64] >> node % 64 & 1; }
  bool check_lexemes();
  bool check_sizes();
  const Mask& mask_of(u32 state);
  void fail_if_too_deep();
  void fail_with(std::string why);
  void shrink();
  void reset();

  const std::shared_ptr<const GrammarProgram> program_;
  const TokenTrie& trie_;
  const MatcherLimits limits_;
  std::string failure_;
  u32 state_ = kDead;
  i64 memory_ = 0, steps_ = 0;
  i64 lexeme_bytes_ = kMostProgramBytes + 1, grown_ = 0;  // of the program, and of all lexemes at that time

  std::vector<Stack> stacks_;
  std::unordered_map<std::array<u64, 3>, u32, Hash> stack_ids_, keys_;
  std::vector<State> states_;  // 0 is unused
  std::map<std::tuple<std::vector<u32>, bool, bool>, u32> state_ids_;
  std::map<std::vector<u32>, Mask> masks_;  // by the keys of a state's stacks
  std::unordered_map<u64, u32> behind_;     // by stack and node

  // The state that is being put together, and the places that it has been to.
  State building_;
  std::vector<std::array<u64, 3>> visited_;
  std::unordered_set<std::array<u64, 3>, Hash> visited_set_;  // the same, once they are many
  // The mask that is being made, and the nodes of the trie that states of this mask have been to.
  std::vector<u64> words_, scratch_;
  std::unordered_set<u64> tried_;
  std::vector<u64> full_;  // a bit for each node of the trie: the mask has all tokens from there on
};

}  // namespace r1
