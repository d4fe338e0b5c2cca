#include "grammar/lexeme.hpp"

#include <algorithm>

namespace r1 {
namespace {

constexpr i64 kMostBytesBelow = i64{16} << 20;  // of one lexeme's tables for branches of the trie

void append_number(std::string& out, i64 n) { out += std::to_string(n) + ' '; }

// A text that two expressions share only if they match the same.
void append_form(const Grammar& g, const Expr& e, std::string& out) {
  if (e.kind == Expr::Kind::rule) return append_form(g, g.rules[e.id].body, out);
  append_number(out, static_cast<i64>(e.kind));
  append_number(out, std::ssize(e.text));
  out += e.text;
  for (const auto& [first, last] : e.chars.ranges()) append_number(out, first), append_number(out, last);
  append_number(out, e.min), append_number(out, e.max), append_number(out, e.id);
  append_number(out, std::ssize(e.items));
  for (const Expr& item : e.items) append_form(g, item, out);
}

}  // namespace

const Lexeme::State Lexeme::kDead{}, Lexeme::kOverflow{};

Lexeme::Lexeme(const TokenTrie& trie, std::atomic<i64>& grown, const Grammar& grammar, const Expr& expr)
    : trie_(trie), grown_(grown) {
  add_node({});
  const i32 first = add(grammar, expr, 0);
  add_bytes(static_cast<i64>(sizeof(Node)) * std::ssize(nodes_));
  start_ = state_of({first});
}

Lexeme::Lexeme(const TokenTrie& trie, std::atomic<i64>& grown, const Grammar& grammar, const Expr& unit,
               std::string end_text)
    : trie_(trie), grown_(grown), counted_(true), end_(std::move(end_text)) {
  add_node({});
  const i32 end = add_text(end_, 0), between = add_node({});
  const i32 first = add(grammar, unit, between);
  nodes_[between] = {.a = first, .b = end};
  add_bytes(static_cast<i64>(sizeof(Node)) * std::ssize(nodes_));
  start_ = state_of({between});
}

i32 Lexeme::add_node(Node node) {
  nodes_.push_back(node);
  return static_cast<i32>(nodes_.size()) - 1;
}

i32 Lexeme::add_text(std::string_view text, i32 next) {
  for (size_t i = text.size(); i-- > 0;) {
    const u8 byte = static_cast<u8>(text[i]);
    next = add_node({.low = byte, .high = byte, .next = next, .waits = true});
  }
  return next;
}

// The node at which `expr` begins if `next` is the node behind it.
i32 Lexeme::add(const Grammar& g, const Expr& e, i32 next) {
  switch (e.kind) {
    case Expr::Kind::text: return add_text(e.text, next);
    case Expr::Kind::token: return add_text(TokenTrie::mark_key(e.id), next);
    case Expr::Kind::rule: return add(g, g.rules[e.id].body, next);
    case Expr::Kind::repeat: return add_repeat(g, e, next);
    case Expr::Kind::sequence:
      for (size_t i = e.items.size(); i-- > 0;) next = add(g, e.items[i], next);
      return next;
    case Expr::Kind::choice: {
      i32 start = add(g, e.items.back(), next);
      for (size_t i = e.items.size() - 1; i-- > 0;) start = add_node({.a = add(g, e.items[i], next), .b = start});
      return start;
    }
    case Expr::Kind::chars: break;
  }
  i32 start = -1;
  for (const ByteRanges& form : utf8_forms(e.chars)) {
    i32 at = next;
    for (int i = form.length; i-- > 0;)
      at = add_node({.low = form.low[i], .high = form.high[i], .next = at, .waits = true});
    start = start < 0 ? at : add_node({.a = at, .b = start});
  }
  return start;
}

i32 Lexeme::add_repeat(const Grammar& g, const Expr& e, i32 next) {
  if (e.max < 0) {
    const i32 loop = add_node({});
    const i32 item = add(g, e.items[0], loop);
    nodes_[loop] = {.a = item, .b = next};
    next = loop;
  } else {
    const i32 behind = next;
    for (i64 i = e.min; i < e.max; ++i) next = add_node({.a = add(g, e.items[0], next), .b = behind});
  }
  for (i64 i = 0; i < e.min; ++i) next = add(g, e.items[0], next);
  return next;
}

// Adds the nodes that wait for a byte or accept, as far as they are reached without a byte.
void Lexeme::close_over(i32 node, std::vector<i32>& out) const {
  std::vector<i32> open{node};
  while (!open.empty()) {
    const i32 at = open.back();
    open.pop_back();
    if (at < 0 || seen_[at]) continue;
    seen_[at] = true;
    const Node& n = nodes_[at];
    if (n.waits || at == 0) out.push_back(at);
    else open.push_back(n.a), open.push_back(n.b);
  }
}

const Lexeme::State* Lexeme::state_of(std::vector<i32> starts) const {
  std::vector<i32> nfa;
  seen_.assign(nodes_.size(), false);
  for (const i32 start : starts) close_over(start, nfa);
  if (nfa.empty()) return dead();
  std::sort(nfa.begin(), nfa.end());
  if (const auto found = states_.find(nfa); found != states_.end()) return found->second.get();
  if (std::ssize(states_) >= kMostLexemeStates || bytes_ > kMostLexemeBytes) return overflow();
  auto state = std::make_unique<State>();
  state->accepting = nfa[0] == 0;
  state->final = state->accepting && nfa.size() == 1;
  state->nfa = nfa;
  add_bytes(static_cast<i64>(sizeof(State) + 8 * nfa.size()));
  return states_.emplace(std::move(nfa), std::move(state)).first->second.get();
}

const Lexeme::State* Lexeme::compute_next(const State* state, u8 byte) const {
  const std::lock_guard lock(mutex_);
  std::vector<i32> starts;
  for (const i32 at : state->nfa)
    if (const Node& n = nodes_[at]; n.waits && n.low <= byte && byte <= n.high) starts.push_back(n.next);
  const State* const to = starts.empty() ? dead() : state_of(std::move(starts));
  const_cast<State*>(state)->next[byte].store(to, std::memory_order_release);
  return to;
}

const LexemeTokens& Lexeme::compute_tokens(const State* state) const {
  LexemeTokens out = tokens_from(state, 0);
  const std::lock_guard lock(mutex_);
  if (const LexemeTokens* other = state->tokens.load(std::memory_order_acquire)) return *other;
  keep(std::move(out));
  const_cast<State*>(state)->tokens.store(&tokens_.back(), std::memory_order_release);
  return tokens_.back();
}

const LexemeTokens* Lexeme::tokens_below(const State* state, i32 trie_node) const {
  const std::pair key{state, trie_node};
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = tokens_below_.find(key); known != tokens_below_.end()) return known->second;
    if (below_bytes_ > kMostBytesBelow) return nullptr;
  }
  LexemeTokens out = tokens_from(state, trie_node);
  const std::lock_guard lock(mutex_);
  const auto [entry, added] = tokens_below_.try_emplace(key);
  if (added) {
    below_bytes_ += keep(std::move(out));
    entry->second = &tokens_.back();
  }
  return entry->second;
}

// Called with the lock held. Returns about how many bytes the table takes.
i64 Lexeme::keep(LexemeTokens tokens) const {
  const i64 bytes = static_cast<i64>(sizeof(LexemeTokens) + 4 * tokens.few.size() + 8 * tokens.many.size() +
                                     8 * tokens.exits.size() + 8 * tokens.exit_groups.size() +
                                     8 * tokens.counted.size() + 8 * tokens.closing.size() + 8 * tokens.full.size());
  tokens_.push_back(std::move(tokens));
  add_bytes(bytes);
  return bytes;
}

LexemeTokens Lexeme::tokens_from(const State* state, i32 trie_node) const {
  LexemeTokens out;
  take_all(state, trie_node, out);
  if (!counted_) mark_full(trie_node, out);
  std::array<u32, 257> begin{};
  for (const LexemeTokens::Exit& exit : out.exits) ++begin[trie_[exit.node].byte + 1];
  for (int byte = 0; byte < 256; ++byte) {
    if (begin[byte + 1] > 0) out.exit_groups.push_back({static_cast<u8>(byte), begin[byte]});
    begin[byte + 1] += begin[byte];
  }
  out.exit_groups.push_back({0, begin[256]});
  std::vector<LexemeTokens::Exit> sorted(out.exits.size());
  for (const LexemeTokens::Exit& exit : out.exits) sorted[begin[trie_[exit.node].byte]++] = exit;
  out.exits = std::move(sorted);
  if (counted_)
    std::stable_sort(out.counted.begin(), out.counted.end(),
                     [](const auto& a, const auto& b) { return a.begun < b.begun; });
  if (std::ssize(out.few) > trie_.mask_words() / 2) {
    out.many.assign(trie_.mask_words(), 0);
    for (const i32 t : out.few) out.many[t / 64] |= u64{1} << t % 64;
    out.few = {};
  }
  out.few.shrink_to_fit(), out.counted.shrink_to_fit(), out.closing.shrink_to_fit();
  return out;
}

void Lexeme::mark_full(i32 trie_node, LexemeTokens& out) const {
  constexpr size_t kWorthIt = 1024;  // exits: to try fewer costs less than these marks
  if (out.exits.size() < kWorthIt) return;
  std::vector<bool> taken(trie_.vocabulary());
  for (const i32 t : out.few) taken[t] = true;
  const i32 begin = trie_node + 1, end = trie_[trie_node].end;
  std::vector<bool> full(end - begin, true);
  std::vector<i32> path(trie_.longest() + 1);
  for (i32 node = begin; node < end; ++node) {
    path[trie_[node].depth] = node;
    const auto tokens = trie_.tokens(node);
    if (std::all_of(tokens.begin(), tokens.end(), [&](i32 t) { return taken[t]; })) continue;
    for (int depth = trie_[node].depth; depth > trie_[trie_node].depth && full[path[depth] - begin]; --depth)
      full[path[depth] - begin] = false;
  }
  std::erase_if(out.exits, [&](const LexemeTokens::Exit& exit) { return full[exit.node - begin]; });
  out.first_word = begin / 64;
  out.full.assign((end + 63) / 64 - out.first_word, 0);
  for (i32 node = begin; node < end; ++node)
    if (full[node - begin]) out.full[node / 64 - out.first_word] |= u64{1} << node % 64;
}

// Walks the trie below a node. Where the automaton dies, so does the branch.
void Lexeme::take_all(const State* from, i32 trie_node, LexemeTokens& out) const {
  struct At {
    const State* state = nullptr;
    u16 begun = 0;
    bool closes = false;
    explicit operator bool() const { return state != nullptr; }
  };
  trie_.walk(trie_node, At{from, 0, false}, [&](i32 node, const At& before) -> At {
    const u8 byte = trie_[node].byte;
    At at = before;
    at.state = next(before.state, byte);
    out.overflow |= at.state == overflow();
    if (!is_alive(at.state)) return {};
    if (counted_ && before.state == start_) begins_unit(start_, byte) ? void(++at.begun) : void(at.closes = true);
    for (const i32 t : trie_.tokens(node)) {
      out.few.push_back(t);
      if (counted_) out.counted.push_back({t, at.begun});
      if (at.closes) out.closing.push_back({t, at.begun});
    }
    if (at.state->accepting)
      for (i32 child = node + 1; child < trie_[node].end; child = trie_[child].end)
        out.exits.push_back({child, at.begun});
    return at.state->final ? At{} : at;
  });
}

void Lexeme::warm() const {
  constexpr size_t kMost = 8;
  std::vector<const State*> open{start_};
  for (size_t i = 0; i < open.size(); ++i) {
    if (!open[i]->final) tokens(open[i]);
    for (int b = 0; b < 256 && open.size() < kMost; ++b) {
      const State* const to = next(open[i], static_cast<u8>(b));
      if (is_alive(to) && std::find(open.begin(), open.end(), to) == open.end()) open.push_back(to);
    }
  }
}

bool Lexeme::is_prefix_free() const {
  constexpr size_t kMost = 64;
  std::vector<const State*> open{start_};
  for (size_t i = 0; i < open.size(); ++i) {
    if (open[i]->accepting) {
      if (!open[i]->final) return false;
      continue;
    }
    for (int b = 0; b < 256; ++b) {
      const State* const to = next(open[i], static_cast<u8>(b));
      if (to == dead() || std::find(open.begin(), open.end(), to) != open.end()) continue;
      if (to == overflow() || open.size() == kMost) return false;
      open.push_back(to);
    }
  }
  return true;
}

std::shared_ptr<const Lexeme> Lexicon::find(const Grammar& grammar, const Expr& expr) {
  std::string key;
  append_form(grammar, expr, key);
  const std::lock_guard lock(mutex_);
  auto& entry = lexemes_[key];
  if (!entry) entry = std::make_shared<Lexeme>(trie_, grown_, grammar, expr);
  return kept(entry);
}

std::shared_ptr<const Lexeme> Lexicon::find_counted(const Grammar& grammar, const Expr& unit, std::string end) {
  std::string key = "counted ";
  append_number(key, std::ssize(end));
  key += end;
  append_form(grammar, unit, key);
  const std::lock_guard lock(mutex_);
  auto& entry = lexemes_[key];
  if (!entry) entry = std::make_shared<Lexeme>(trie_, grown_, grammar, unit, std::move(end));
  return kept(entry);
}

// Called with the lock held. Returns `found`, and drops lexemes that no program uses if all have become too large.
// Those in use may be too large for long, so that the next search for unused ones waits until there is more.
std::shared_ptr<const Lexeme> Lexicon::kept(std::shared_ptr<const Lexeme> found) {
  if (grown() - dropped_ > drop_at_) {
    std::erase_if(lexemes_, [&](const auto& entry) {
      if (entry.second.use_count() > 1) return false;
      dropped_ += entry.second->bytes();
      return true;
    });
    drop_at_ = std::max(kMostLexiconBytes, grown() - dropped_ + kMostLexiconBytes / 16);
  }
  return found;
}

}  // namespace r1
