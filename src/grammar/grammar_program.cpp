#include "grammar/grammar_program.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>

namespace r1 {
namespace {

// An expression of at most so many nodes becomes one lexeme.
constexpr i64 kMostLexemeNodes = 2048;
constexpr i64 kNotRegular = std::numeric_limits<i64>::max() / (i64{1} << 20);
constexpr i64 kMostProgramNodes = i64{1} << 17;
// A unit that so many bytes may begin is a text's character; its repetitions are counted. Others (digits) are written
// out.
constexpr int kManyFirstBytes = 80;

}  // namespace

class GrammarCompiler {
 public:
  GrammarCompiler(const Grammar& g, GrammarProgram& program)
      : g_(g),
        program_(program),
        nullable_(nullable_rules(g)),
        sizes_(g.rules.size(), kUnknown),
        starts_(g.rules.size(), -1) {}

  Status run() {
    program_.nodes_.emplace_back();
    pending_.push_back(g_.root);
    starts_[g_.root] = add_node({});
    while (!pending_.empty()) {
      const i32 rule = pending_.back();
      pending_.pop_back();
      // The rule's start is a choice of one, because calls may refer to it before it is compiled.
      const i32 body = R1_TRY(add(g_.rules[rule].body, GrammarProgram::kEnd));
      program_.nodes_[starts_[rule]] = {.kind = Kind::choice, .branches = {body}};
    }
    program_.start_ = starts_[g_.root];
    return {};
  }

 private:
  using Kind = GrammarProgram::Node::Kind;
  static constexpr i64 kUnknown = -1, kOpen = -2;

  i32 add_node(GrammarProgram::Node node) {
    program_.nodes_.push_back(std::move(node));
    return program_.size() - 1;
  }

  // How many nodes the expression takes as a lexeme; kNotRegular if it is none.
  i64 size_of(const Expr& e) {
    if (const auto known = known_sizes_.find(&e); known != known_sizes_.end()) return known->second;
    const i64 size = compute_size(e);
    known_sizes_.emplace(&e, size);
    return size;
  }

  i64 compute_size(const Expr& e) {
    i64 n = 1;
    switch (e.kind) {
      case Expr::Kind::text: return n + std::ssize(e.text);
      case Expr::Kind::token: return n + 5;
      case Expr::Kind::chars: return n + 4 * std::ssize(e.chars.ranges());
      case Expr::Kind::rule: return g_.rules[e.id].shared ? kNotRegular : size_of_rule(e.id);
      case Expr::Kind::repeat: {
        const i64 copies = std::max<i64>(e.max < 0 ? e.min + 1 : e.max, 1);
        if (copies > 2 && is_text_unit(e.items[0])) return kNotRegular;
        return std::min(kNotRegular, n + copies * (size_of(e.items[0]) + 1));
      }
      case Expr::Kind::sequence:
      case Expr::Kind::choice: break;
    }
    for (const Expr& item : e.items) n = std::min(kNotRegular, n + size_of(item));
    return n;
  }

  i64 size_of_rule(i32 rule) {
    if (sizes_[rule] == kOpen) return kNotRegular;
    if (sizes_[rule] == kUnknown) {
      sizes_[rule] = kOpen;
      const i64 size = size_of(g_.rules[rule].body);
      sizes_[rule] = size > kMostLexemeNodes ? kNotRegular : size;
    }
    return sizes_[rule];
  }

  bool is_lexeme(const Expr& e) { return size_of(e) <= kMostLexemeNodes; }

  // The lexeme of one unit of a repetition; null if the expression is not regular or may be empty.
  std::shared_ptr<const Lexeme> unit_of(const Expr& e) {
    if (!is_lexeme(e) || is_nullable(e, nullable_)) return nullptr;
    return program_.lexicon_->find(g_, e);
  }
  // Whether many different bytes may begin the expression, as they may begin a character of a text.
  bool is_text_unit(const Expr& e) {
    if (e.kind == Expr::Kind::chars && e.chars.size() < kManyFirstBytes) return false;
    const auto unit = unit_of(e);
    if (!unit) return false;
    int first = 0;
    for (int b = 0; b < 256; ++b) first += unit->next(unit->start(), static_cast<u8>(b)) != Lexeme::dead();
    return first >= kManyFirstBytes && unit->is_prefix_free();
  }
  // Whether the repetition is a counted lexeme with nothing behind it.
  bool is_counted(const Expr& repeat) {
    return repeat.kind == Expr::Kind::repeat && (repeat.max > 0 || repeat.min > 1) && is_text_unit(repeat.items[0]);
  }
  // Whether the two are a counted lexeme.
  bool is_counted(const Expr& repeat, const Expr& end) {
    if (end.kind != Expr::Kind::text || end.text.empty() || !is_counted(repeat)) return false;
    const auto unit = unit_of(repeat.items[0]);
    return unit->next(unit->start(), static_cast<u8>(end.text[0])) == Lexeme::dead();
  }

  // The node at which `e` begins if `next` is behind it.
  Result<i32> add(const Expr& e, i32 next) {
    if (program_.size() > kMostProgramNodes)
      return fail(Errc::exhausted, "the grammar is too large: more than {} nodes", kMostProgramNodes);
    if (is_lexeme(e)) return add_lexeme(e, next);
    switch (e.kind) {
      case Expr::Kind::sequence: return add_sequence(e.items, next);
      case Expr::Kind::choice: return add_choice(e.items, next);
      case Expr::Kind::rule: return add_rule(e.id, next);
      case Expr::Kind::repeat: {
        if (is_counted(e)) return add_counted(e, "", next);
        const i32 node = add_node({});
        const i32 body = R1_TRY(add(e.items[0], GrammarProgram::kEnd));
        // Repetitions of the empty text add nothing, so that any number of them may be left out.
        const i64 min = is_nullable(e.items[0], nullable_) ? 0 : e.min;
        program_.nodes_[node] = {.kind = Kind::repeat, .next = next, .target = body, .min = min, .max = e.max};
        return node;
      }
      case Expr::Kind::text:
      case Expr::Kind::chars:
      case Expr::Kind::token: break;
    }
    return add_lexeme(e, next);
  }

  Result<i32> add_lexeme(const Expr& e, i32 next) {
    if (e.kind == Expr::Kind::sequence && e.items.empty()) return next;
    if (e.kind == Expr::Kind::text && e.text.empty()) return next;
    return add_lexeme(program_.lexicon_->find(g_, e), next);
  }
  Result<i32> add_counted(const Expr& repeat, std::string end, i32 next) {
    auto lexeme = program_.lexicon_->find_counted(g_, repeat.items[0], std::move(end));
    return add_lexeme(std::move(lexeme), next, repeat.min, repeat.max);
  }
  Result<i32> add_lexeme(std::shared_ptr<const Lexeme> lexeme, i32 next, i64 min = 0, i64 max = -1) {
    const Lexeme* const pointer = lexeme.get();
    if (lexemes_.insert(pointer).second) {
      program_.lexemes_.push_back(std::move(lexeme));
      if ((lexeme_bytes_ += pointer->bytes()) > kMostProgramBytes)
        return fail(Errc::exhausted, "the grammar is too large: its automata take more than {} MiB",
                    kMostProgramBytes >> 20);
    }
    return add_node({.kind = Kind::lexeme, .next = next, .min = min, .max = max, .lexeme = pointer});
  }

  Result<i32> add_rule(i32 rule, i32 next) {
    const Expr& body = g_.rules[rule].body;
    if (is_lexeme(body)) return add_lexeme(body, next);
    if (starts_[rule] < 0) {
      starts_[rule] = add_node({});
      pending_.push_back(rule);
    }
    return add_node({.kind = Kind::call, .next = next, .target = starts_[rule]});
  }

  // From the back: counted lexemes, the longest runs that are one lexeme, and what is neither.
  Result<i32> add_sequence(const std::vector<Expr>& items, i32 next) {
    for (size_t end = items.size(); end > 0;) {
      if (end >= 2 && is_counted(items[end - 2], items[end - 1])) {
        next = R1_TRY(add_counted(items[end - 2], items[end - 1].text, next));
        end -= 2;
        continue;
      }
      size_t begin = end;
      i64 size = 0;
      while (begin > 0 && (size += size_of(items[begin - 1])) <= kMostLexemeNodes &&
             !(begin >= 2 && begin < end && is_counted(items[begin - 2], items[begin - 1])))
        --begin;
      if (begin == end) {
        next = R1_TRY(add(items[--end], next));
        continue;
      }
      next = R1_TRY(add_lexeme(
          sequence_of({items.begin() + static_cast<i64>(begin), items.begin() + static_cast<i64>(end)}), next));
      end = begin;
    }
    return next;
  }

  Result<i32> add_choice(const std::vector<Expr>& items, i32 next) {
    std::vector<Expr> regular;
    std::vector<i32> branches;
    i64 size = 0;
    for (const Expr& item : items) {
      const i64 s = size_of(item);
      if (size + s <= kMostLexemeNodes) regular.push_back(item), size += s;
      else branches.push_back(R1_TRY(add(item, next)));
    }
    if (!regular.empty()) branches.push_back(R1_TRY(add_lexeme(choice_of(std::move(regular)), next)));
    return add_node({.kind = Kind::choice, .branches = std::move(branches)});
  }

  const Grammar& g_;
  GrammarProgram& program_;
  const std::vector<bool> nullable_;
  std::vector<i64> sizes_;  // of rules as lexemes
  std::unordered_map<const Expr*, i64> known_sizes_;
  std::vector<i32> starts_, pending_;
  std::unordered_set<const Lexeme*> lexemes_;
  i64 lexeme_bytes_ = 0;
};

Result<std::shared_ptr<const GrammarProgram>> GrammarProgram::compile(const Grammar& grammar,
                                                                      std::shared_ptr<Lexicon> lexicon) {
  R1_TRY(check(grammar));
  auto program = std::make_shared<GrammarProgram>();
  program->lexicon_ = std::move(lexicon);
  R1_TRY(GrammarCompiler(grammar, *program).run());
  return program;
}

void GrammarProgram::warm() const {
  constexpr size_t kMost = 64;
  for (size_t i = 0; i < std::min(lexemes_.size(), kMost) && lexeme_bytes() < kMostProgramBytes / 4; ++i)
    lexemes_[i]->warm();
}

i64 GrammarProgram::lexeme_bytes() const {
  i64 bytes = 0;
  for (const auto& lexeme : lexemes_) bytes += lexeme->bytes();
  return bytes;
}

}  // namespace r1
