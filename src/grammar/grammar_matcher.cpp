#include "grammar/grammar_matcher.hpp"

#include <algorithm>

namespace r1 {

namespace {

constexpr i32 kNever = 1 << 30;
// The count of a place to which a call returns. The place may be a repetition, but that is not open yet.
constexpr i32 kReturn = -1;

// Whether the lexeme of a node may end in `state`, after `count` units.
bool may_end(const GrammarProgram::Node& n, const Lexeme::State* state, i64 count) {
  return state->accepting && (!n.lexeme->is_counted() || count >= n.min);
}

u64 mix(u64 x) {
  x = (x ^ x >> 31) * 0x9e3779b97f4a7c15u;
  return x ^ x >> 29;
}

}  // namespace

using NodeKind = GrammarProgram::Node::Kind;

size_t GrammarMatcher::Hash::operator()(const std::array<u64, 3>& x) const { return mix(mix(mix(x[0]) + x[1]) + x[2]); }

GrammarMatcher::GrammarMatcher(std::shared_ptr<const GrammarProgram> program, const MatcherLimits& limits)
    : program_(std::move(program)), trie_(program_->trie()), limits_(limits), words_(trie_.mask_words()) {
  reset();
  enter(0, program_->start(), 0);
  state_ = take_state();
  fail_if_too_deep();
}

// Leaves the empty stack and the dead state.
void GrammarMatcher::reset() {
  stacks_.assign(1, Stack{});
  stack_ids_.clear(), keys_.clear(), state_ids_.clear(), masks_.clear(), behind_.clear();
  states_.clear();
  states_.resize(2);
  state_ids_.emplace(std::tuple{std::vector<u32>{}, false, false}, kDead);
  memory_ = 0;
}

void GrammarMatcher::fail_with(std::string why) {
  if (failure_.empty()) failure_ = std::move(why);
}

// For the text itself, not for the tokens that a mask tries: one that would lead too deep is offered, and another may
// be drawn.
void GrammarMatcher::fail_if_too_deep() {
  if (states_[state_].too_deep)
    fail_with(fmt::format("the answer is nested too deep: {} rules and repetitions are open", limits_.depth));
}

// ---- stacks

u32 GrammarMatcher::push_stack(u32 below, i32 node, const Lexeme::State* lexeme, i64 count) {
  const std::array<u64, 3> id{u64{below} << 32 | static_cast<u32>(node), reinterpret_cast<uintptr_t>(lexeme),
                              static_cast<u64>(count)};
  const auto [entry, added] = stack_ids_.try_emplace(id, static_cast<u32>(stacks_.size()));
  if (added) {
    const u32 key = key_of(below, node, lexeme, count);
    stacks_.push_back({below, node, lexeme, static_cast<i32>(count), key, stacks_[below].depth + 1});
    memory_ += 160;
  }
  return entry->second;
}

u32 GrammarMatcher::key_of(u32 below, i32 node, const Lexeme::State* lexeme, i64 count) {
  const std::array<u64, 3> id{u64{stacks_[below].key} << 32 | static_cast<u32>(node),
                              reinterpret_cast<uintptr_t>(lexeme), static_cast<u64>(count_class(node, count))};
  return keys_.try_emplace(id, static_cast<u32>(keys_.size()) + 1).first->second;
}

// Counts of the same class allow the same tokens. A repetition takes at least one byte, so no token can reach a limit
// that is more repetitions away than the longest token has bytes. All such distances are therefore one class.
i64 GrammarMatcher::count_class(i32 node, i64 count) const {
  if (count == kReturn) return kReturn;
  const GrammarProgram::Node& n = (*program_)[node];
  if (n.kind != NodeKind::repeat && !(n.kind == NodeKind::lexeme && n.lexeme->is_counted())) return 0;
  const i64 most = trie_.longest() + 1, needed = std::clamp<i64>(n.min - count, 0, most);
  return needed << 32 | (n.max < 0 ? most : std::min(n.max - count, most));
}

// ---- a new state: everything that is reached without a byte

// Adds a place to those that the new state has been to. False: it was among them, and what follows from it is known.
// A few places are searched one by one; a set costs more until they are many.
bool GrammarMatcher::visit(const std::array<u64, 3>& place) {
  constexpr size_t kFew = 32;
  const bool few = visited_.size() < kFew;
  if (few ? std::find(visited_.begin(), visited_.end(), place) != visited_.end() : visited_set_.contains(place))
    return false;
  visited_.push_back(place);
  if (visited_.size() == kFew) visited_set_.insert(visited_.begin(), visited_.end());
  else if (!few) visited_set_.insert(place);
  return true;
}

// Goes on at `node` with `stack` below it. `fresh` is how many places on top of the stack were added since the last
// byte: a repetition among them whose body ends has matched the empty text.
void GrammarMatcher::enter(u32 stack, i32 node, i32 fresh) {
  if (!failure_.empty()) return;  // the callers' other branches would each be one more place
  if (!visit({stack, static_cast<u64>(node), static_cast<u64>(fresh)})) return;
  if (std::ssize(visited_) > 4 * limits_.stacks)
    return fail_with("the grammar is too ambiguous here: it has too many ways to go on");
  if (stacks_[stack].depth >= limits_.depth) {
    building_.too_deep = true;
    return;
  }
  const GrammarProgram::Node& n = (*program_)[node];
  switch (n.kind) {
    case NodeKind::end: return leave(stack, fresh);
    case NodeKind::lexeme:
      if (!n.lexeme->start()->final) building_.stacks.push_back(push_stack(stack, node, n.lexeme->start(), 0));
      if (may_end(n, n.lexeme->start(), 0)) enter(stack, n.next, fresh);
      return;
    case NodeKind::call:
      // A call at the end of a rule returns to nothing, so that lists of any length need no deeper stack.
      if (n.next == GrammarProgram::kEnd) return enter(stack, n.target, fresh);
      return enter(push_stack(stack, n.next, nullptr, kReturn), n.target, fresh + 1);
    case NodeKind::choice:
      for (const i32 branch : n.branches) enter(stack, branch, fresh);
      return;
    case NodeKind::repeat: return repeat(stack, node, 0, fresh);
  }
}

void GrammarMatcher::repeat(u32 stack, i32 node, i64 count, i32 fresh) {
  const GrammarProgram::Node& n = (*program_)[node];
  if (n.max < 0) count = std::min(count, n.min);
  if (n.max < 0 || count < n.max) enter(push_stack(stack, node, nullptr, count), n.target, fresh + 1);
  if (count >= n.min) enter(stack, n.next, fresh);
}

// The rule or the repetition's body on top of the stack is complete.
void GrammarMatcher::leave(u32 stack, i32 fresh) {
  if (stack == 0) {
    building_.complete = true;
    return;
  }
  const Stack top = stacks_[stack];
  if (top.count != kReturn) {
    // A repetition of the empty text leads nowhere new.
    if (fresh == 0) repeat(top.below, top.node, top.count + i64{1}, 0);
    return;
  }
  enter(top.below, top.node, std::max(fresh - 1, 0));
}

// Adds what the stack becomes by one byte to the new state.
void GrammarMatcher::step(u32 stack, u8 byte) {
  const Stack top = stacks_[stack];
  const GrammarProgram::Node& n = (*program_)[top.node];
  const Lexeme::State* const to = n.lexeme->next(top.lexeme, byte);
  if (to == Lexeme::overflow()) return fail_with("the grammar needs too many states here; use simpler repetitions");
  if (to == Lexeme::dead()) return;
  i64 count = top.count;
  if (n.lexeme->is_counted() && top.lexeme == n.lexeme->start()) {
    if (!n.lexeme->begins_unit(top.lexeme, byte)) {
      if (count < n.min) return;
    } else if (n.max >= 0 && count >= n.max) {
      return;
    } else if (n.max >= 0 || count < n.min) {
      ++count;
    }
  }
  if (!to->final) building_.stacks.push_back(push_stack(top.below, top.node, to, count));
  if (may_end(n, to, count)) enter(top.below, n.next, 0);
}

// The number of the state that was put together.
u32 GrammarMatcher::take_state() {
  State built = std::exchange(building_, {});
  visited_.clear();
  if (!visited_set_.empty()) visited_set_.clear();
  std::sort(built.stacks.begin(), built.stacks.end());
  built.stacks.erase(std::unique(built.stacks.begin(), built.stacks.end()), built.stacks.end());
  if (std::ssize(built.stacks) > limits_.stacks)
    fail_with("the grammar is too ambiguous here: it has too many ways to go on");
  if (!failure_.empty()) return kDead;
  const auto [entry, added] =
      state_ids_.try_emplace({built.stacks, built.complete, built.too_deep}, static_cast<u32>(states_.size()));
  if (added) {
    memory_ += 200 + 8 * std::ssize(built.stacks);
    states_.push_back(std::move(built));
  }
  return entry->second;
}

u32 GrammarMatcher::next_state(u32 state, u8 byte) {
  if (!states_[state].next) {
    states_[state].next = std::make_unique<std::array<u32, 256>>();
    memory_ += 1024;
  }
  if (const u32 known = (*states_[state].next)[byte]) return known;
  const std::vector<u32> stacks = states_[state].stacks;
  for (const u32 stack : stacks) step(stack, byte);
  steps_ += std::ssize(stacks);
  const u32 to = take_state();
  return (*states_[state].next)[byte] = to;
}

// The state once the lexeme on top of a stack has ended.
u32 GrammarMatcher::state_behind(const Stack& top) {
  const auto [entry, added] = behind_.try_emplace(u64{top.below} << 32 | static_cast<u32>(top.node), kDead);
  if (added) {
    enter(top.below, (*program_)[top.node].next, 0);
    entry->second = take_state();
    memory_ += 64;
  }
  return entry->second;
}

// ---- masks

// Sets the bits of the tokens that the lexeme on top takes whole, if `room` units may begin and `needed` must.
void GrammarMatcher::add_counted_tokens(const LexemeTokens& known, i64 room, i64 needed) {
  // The tokens that begin too many units are the end of the list.
  const auto too_many = std::partition_point(known.counted.begin(), known.counted.end(),
                                             [&](const LexemeTokens::Counted& t) { return t.begun <= room; });
  if (known.many.empty() && known.closing.empty()) {
    std::for_each(known.counted.begin(), too_many,
                  [&](const auto& t) { words_[t.token / 64] |= u64{1} << t.token % 64; });
    return;
  }
  scratch_.assign(words_.size(), 0);
  const auto set = [&](i32 token) { scratch_[token / 64] |= u64{1} << token % 64; };
  const auto clear = [&](i32 token) { scratch_[token / 64] &= ~(u64{1} << token % 64); };
  // The shorter part of the list is gone through.
  const bool few_fit = too_many - known.counted.begin() < known.counted.end() - too_many;
  if (few_fit) {
    std::for_each(known.counted.begin(), too_many, [&](const auto& t) { set(t.token); });
  } else {
    for (const i32 t : known.few) set(t);
    if (!known.many.empty()) scratch_ = known.many;
    std::for_each(too_many, known.counted.end(), [&](const auto& t) { clear(t.token); });
  }
  if (needed > 0)
    for (const LexemeTokens::Counted& t : known.closing)
      if (t.begun < needed) clear(t.token);
  for (size_t w = 0; w < words_.size(); ++w) words_[w] |= scratch_[w];
}

// Sets the bits of the tokens that the lexeme on top of the stack takes whole. `known` is what the lexeme knows of all
// tokens, or of those below a node of the trie.
void GrammarMatcher::add_whole_tokens(u32 stack, const LexemeTokens& known) {
  const Stack& top = stacks_[stack];
  const GrammarProgram::Node& n = (*program_)[top.node];
  if (known.overflow) return fail_with("the grammar needs too many states here; use simpler repetitions");
  if (n.lexeme->is_counted()) add_counted_tokens(known, room_of(top), n.min - top.count);
  else if (!known.many.empty())
    for (size_t w = 0; w < words_.size(); ++w) words_[w] |= known.many[w];
  else
    for (const i32 t : known.few) words_[t / 64] |= u64{1} << t % 64;
}

// Units that a token may begin.
i64 GrammarMatcher::room_of(const Stack& top) const {
  const i64 max = (*program_)[top.node].max;
  return max < 0 ? kNever : max - top.count;
}

// Tries the tokens that go on behind the end of the lexeme.
void GrammarMatcher::add_exits(u32 stack, const LexemeTokens& known) {
  if (known.exits.empty()) return;
  const Stack top = stacks_[stack];
  const i64 room = room_of(top), needed = (*program_)[top.node].min - top.count;  // both without effect if not counted
  const u32 behind = state_behind(top);
  for (size_t i = 0; i + 1 < known.exit_groups.size(); ++i) {
    const u32 begin = known.exit_groups[i].begin, end = known.exit_groups[i + 1].begin;
    const u32 to = next_state(behind, known.exit_groups[i].byte);
    if (to == kDead) continue;
    for (const LexemeTokens::Exit& exit : std::span(known.exits).subspan(begin, end - begin))
      if (exit.begun <= room && exit.begun >= needed) add_exit(exit.node, to);
  }
}

// Adds the tokens that end at a node of the trie, and those below it that the state allows.
void GrammarMatcher::add_exit(i32 trie_node, u32 state) {
  if (is_full(trie_node) || !check_sizes()) return;
  for (const i32 token : trie_.tokens(trie_node)) words_[token / 64] |= u64{1} << token % 64;
  if (!is_done(trie_node, state)) try_below(trie_node, state);
}

void GrammarMatcher::try_below(i32 trie_node, u32 state) {
  trie_.walk(trie_node, state, [&](i32 node, u32 before) -> u32 {
    if (is_full(node)) return 0;
    const u32 to = check_sizes() ? next_state(before, trie_[node].byte) : kDead;
    if (to == kDead) return 0;
    for (const i32 token : trie_.tokens(node)) words_[token / 64] |= u64{1} << token % 64;
    return is_done(node, to) ? 0 : to;
  });
}

// Whether nothing remains to be tried below a node: no token lies there, the state has been there for this mask, or the
// lexemes know the tokens. A few tokens are tried one by one.
bool GrammarMatcher::is_done(i32 trie_node, u32 state) {
  constexpr i64 kFewNodes = 64;  // for each stack
  if (trie_.is_leaf(trie_node) || states_[state].stacks.empty()) return true;
  const i64 nodes = trie_[trie_node].end - trie_node;
  if (nodes <= kFewNodes) return false;
  if (!tried_.insert(u64{state} << 32 | static_cast<u32>(trie_node)).second) return true;
  if (nodes <= kFewNodes * std::ssize(states_[state].stacks)) return false;
  std::vector<const LexemeTokens*> known;
  for (const u32 stack : states_[state].stacks) {
    if (!check_lexemes()) return true;
    const Stack& top = stacks_[stack];
    known.push_back((*program_)[top.node].lexeme->tokens_below(top.lexeme, trie_node));
    if (!known.back()) return false;
  }
  add_all(trie_node, state, known);
  return true;
}

// Adds the tokens below a node by what the lexemes of a state's stacks know. Tokens that one lexeme takes whole need
// not be tried for the others. Stacks with many exits are tried together, because they may become the same state behind
// the next byte.
void GrammarMatcher::add_all(i32 trie_node, u32 state, const std::vector<const LexemeTokens*>& known) {
  constexpr size_t kFewStacks = 8, kFewExits = 4096;
  const std::vector<u32> stacks = states_[state].stacks;
  size_t exits = 0;
  bool together = stacks.size() > kFewStacks;
  for (size_t i = 0; i < stacks.size(); ++i) {
    const LexemeTokens& t = *known[i];
    add_whole_tokens(stacks[i], t);
    for (size_t w = 0; w < t.full.size(); ++w) full_[t.first_word + w] |= t.full[w];
    exits += t.exits.size();
    together &= t.counted.empty() && (t.many.empty() || !t.full.empty());  // else hardly anything would be left out
  }
  if (together && exits > kFewExits) return try_below(trie_node, state);
  for (size_t i = 0; i < stacks.size(); ++i) add_exits(stacks[i], *known[i]);
}

// Counts one step of a mask. False: a limit was reached.
bool GrammarMatcher::check_sizes() {
  if (++steps_ > limits_.steps) fail_with("the grammar is too ambiguous here: trying the tokens takes too many steps");
  if (memory_ > limits_.memory + limits_.mask_memory)
    fail_with("the grammar is too ambiguous here: trying the tokens takes too much memory");
  return failure_.empty();
}

// False: the automata and tables of the grammar take too much. The program's lexemes cannot have grown by more than all
// lexemes together; their sum is formed if that is too much.
bool GrammarMatcher::check_lexemes() {
  if (lexeme_bytes_ + program_->lexicon().grown() - grown_ > limits_.lexeme_memory)
    grown_ = program_->lexicon().grown(), lexeme_bytes_ = program_->lexeme_bytes();
  if (lexeme_bytes_ > limits_.lexeme_memory)
    fail_with(fmt::format("the grammar is too large: its automata take more than {} MiB", limits_.lexeme_memory >> 20));
  return failure_.empty();
}

const GrammarMatcher::Mask& GrammarMatcher::mask_of(u32 state) {
  if (const Mask* known = states_[state].mask) return *known;
  const std::vector<u32> stacks = states_[state].stacks;
  std::vector<u32> keys;
  for (const u32 stack : stacks) keys.push_back(stacks_[stack].key);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  const auto [entry, added] = masks_.try_emplace(std::move(keys));
  states_[state].mask = &entry->second;
  if (!added) return entry->second;
  steps_ = 0;
  if (!tried_.empty()) tried_ = {};
  std::fill(words_.begin(), words_.end(), 0);
  full_.assign(trie_.size() / 64 + 1, 0);
  std::vector<const LexemeTokens*> known;
  for (const u32 stack : stacks)
    if (check_lexemes()) known.push_back(&(*program_)[stacks_[stack].node].lexeme->tokens(stacks_[stack].lexeme));
  if (failure_.empty()) add_all(0, state, known);
  if (!failure_.empty()) std::fill(words_.begin(), words_.end(), 0);
  Mask& mask = entry->second;
  const i64 most = trie_.mask_words() / 2;
  for (i32 w = 0; w < std::ssize(words_) && std::ssize(mask.few) <= most; ++w)
    for (u64 rest = words_[w]; rest; rest &= rest - 1) mask.few.push_back(64 * w + __builtin_ctzll(rest));
  if (std::ssize(mask.few) > most) mask.many = words_, mask.few = {};
  memory_ += 100 + static_cast<i64>(8 * mask.many.size() + 4 * mask.few.size());
  return mask;
}

std::span<const u64> GrammarMatcher::allowed() {
  shrink();
  const Mask& mask = mask_of(state_);
  if (!failure_.empty()) state_ = kDead;
  if (!mask.many.empty()) return mask.many;
  std::fill(words_.begin(), words_.end(), 0);
  for (const i32 t : mask.few) words_[t / 64] |= u64{1} << t % 64;
  return words_;
}

// ---- the text

bool GrammarMatcher::push(u8 byte) {
  state_ = next_state(state_, byte);
  fail_if_too_deep();
  if (!failure_.empty()) state_ = kDead;
  return state_ != kDead;
}

bool GrammarMatcher::push_token(i32 token) {
  const std::string_view key = trie_.key(token);
  if (key.empty()) state_ = kDead;
  for (const char byte : key) push(static_cast<u8>(byte));
  return state_ != kDead;
}

bool GrammarMatcher::is_complete() const { return states_[state_].complete; }

// Drops all that the present state does not need, if it has become too much.
void GrammarMatcher::shrink() {
  if (memory_ <= limits_.memory) return;
  const std::vector<Stack> old = std::move(stacks_);
  const State present = std::move(states_[state_]);
  reset();
  const auto copy = [&](u32 stack) {
    std::vector<u32> path;
    for (u32 s = stack; s != 0; s = old[s].below) path.push_back(s);
    u32 to = 0;
    for (size_t i = path.size(); i-- > 0;) {
      const Stack& s = old[path[i]];
      to = push_stack(to, s.node, s.lexeme, s.count);
    }
    return to;
  };
  for (const u32 stack : present.stacks) building_.stacks.push_back(copy(stack));
  building_.complete = present.complete;
  state_ = take_state();
}

}  // namespace r1
