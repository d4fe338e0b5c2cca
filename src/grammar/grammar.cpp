#include "grammar/grammar.hpp"

#include <algorithm>
#include <iterator>

namespace r1 {
namespace {

// Whether the expression matches a finite text, if the rules marked in `rules` do.
bool is_finite(const Expr& e, const std::vector<bool>& rules) {
  const auto finite = [&](const Expr& item) { return is_finite(item, rules); };
  switch (e.kind) {
    case Expr::Kind::chars: return !e.chars.empty();
    case Expr::Kind::sequence: return std::all_of(e.items.begin(), e.items.end(), finite);
    case Expr::Kind::choice: return std::any_of(e.items.begin(), e.items.end(), finite);
    case Expr::Kind::repeat: return e.min == 0 || finite(e.items[0]);
    case Expr::Kind::rule: return rules[e.id];
    case Expr::Kind::text:
    case Expr::Kind::token: break;
  }
  return true;
}

// The rules for which `holds` is true, given the rules found so far, until no more are found.
template <class Holds>
std::vector<bool> least_fixed_point(const Grammar& g, Holds holds) {
  std::vector<bool> found(g.rules.size());
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t r = 0; r < g.rules.size(); ++r)
      if (!found[r] && holds(g.rules[r].body, found)) found[r] = changed = true;
  }
  return found;
}

class RuleCheck {
 public:
  explicit RuleCheck(const Grammar& g)
      : g_(g), nullable_(nullable_rules(g)), finite_(least_fixed_point(g, is_finite)), state_(g.rules.size()) {}

  Status run() {
    for (size_t r = 0; r < g_.rules.size(); ++r) {
      name_ = &g_.rules[r].name;
      R1_TRY(sizes(g_.rules[r].body, 0));
      if (!finite_[r])
        return fail(Errc::invalid_argument, "rule {}: it can never end, each of its alternatives needs itself again",
                    *name_);
    }
    for (size_t r = 0; r < g_.rules.size(); ++r) R1_TRY(visit(static_cast<i32>(r)));
    return {};
  }

 private:
  enum class Visit : u8 { unseen, open, done };

  Status sizes(const Expr& e, int depth) {
    if (++exprs_ > kMostExprs)
      return fail(Errc::exhausted, "the grammar has more than {} expressions, the most that is allowed", kMostExprs);
    if (depth > 4 * kGrammarDepth)
      return fail(Errc::exhausted, "rule {}: groups are nested more than {} deep", *name_, 4 * kGrammarDepth);
    if (e.kind == Expr::Kind::chars && e.chars.empty())
      return fail(Errc::invalid_argument, "rule {}: a character class that has no characters", *name_);
    if (e.kind == Expr::Kind::repeat && std::max(e.min, e.max) > kMostRepeats)
      return fail(Errc::exhausted, "rule {}: a repetition of {}, at most {} is allowed", *name_, std::max(e.min, e.max),
                  kMostRepeats);
    if (e.kind == Expr::Kind::repeat && e.max >= 0 && e.min > e.max)
      return fail(Errc::invalid_argument, "rule {}: a repetition of at least {} and at most {}", *name_, e.min, e.max);
    for (const Expr& item : e.items) R1_TRY(sizes(item, depth + 1));
    return {};
  }

  // Goes through the rules that `rule` may call first.
  Status visit(i32 rule) {
    if (state_[rule] == Visit::done) return {};
    if (state_[rule] == Visit::open)
      return fail(Errc::unsupported,
                  "rule {}: it calls itself before it has matched anything (left recursion); write a repetition",
                  g_.rules[rule].name);
    if (++depth_ > 1000)
      return fail(Errc::exhausted, "rule {}: more than 1000 rules call each other at the beginning",
                  g_.rules[rule].name);
    state_[rule] = Visit::open;
    R1_TRY(visit_first(g_.rules[rule].body));
    state_[rule] = Visit::done;
    --depth_;
    return {};
  }

  Status visit_first(const Expr& e) {
    if (e.kind == Expr::Kind::rule) return visit(e.id);
    for (const Expr& item : e.items) {
      R1_TRY(visit_first(item));
      if (e.kind == Expr::Kind::sequence && !is_nullable(item, nullable_)) break;
    }
    return {};
  }

  const Grammar& g_;
  const std::vector<bool> nullable_, finite_;
  std::vector<Visit> state_;
  const std::string* name_ = nullptr;
  i64 exprs_ = 0;
  int depth_ = 0;
};

}  // namespace

Expr text_expr(std::string_view bytes) { return {.kind = Expr::Kind::text, .text = std::string(bytes)}; }
Expr chars_expr(CharSet set) { return {.kind = Expr::Kind::chars, .chars = std::move(set)}; }
Expr rule_expr(i32 rule) { return {.kind = Expr::Kind::rule, .id = rule}; }
Expr token_expr(i32 token) { return {.kind = Expr::Kind::token, .id = token}; }

Expr sequence_of(std::vector<Expr> items) {
  if (items.size() == 1) return std::move(items[0]);
  Expr e;
  for (Expr& item : items) {
    if (item.kind != Expr::Kind::sequence) e.items.push_back(std::move(item));
    else std::move(item.items.begin(), item.items.end(), std::back_inserter(e.items));
  }
  return e;
}

Expr choice_of(std::vector<Expr> items) {
  R1_CHECK(!items.empty(), "a choice of nothing");
  if (items.size() == 1) return std::move(items[0]);
  return {.kind = Expr::Kind::choice, .items = std::move(items)};
}

Expr repeat_of(Expr item, i64 min, i64 max) {
  Expr e{.kind = Expr::Kind::repeat, .min = min, .max = max};
  e.items.push_back(std::move(item));
  return e;
}

Expr optional_of(Expr item) { return repeat_of(std::move(item), 0, 1); }

i32 Grammar::add(std::string name, Expr body, bool shared) {
  rules.push_back({std::move(name), std::move(body), shared});
  return static_cast<i32>(rules.size()) - 1;
}

bool is_nullable(const Expr& e, const std::vector<bool>& rules) {
  const auto nullable = [&](const Expr& item) { return is_nullable(item, rules); };
  switch (e.kind) {
    case Expr::Kind::text: return e.text.empty();
    case Expr::Kind::sequence: return std::all_of(e.items.begin(), e.items.end(), nullable);
    case Expr::Kind::choice: return std::any_of(e.items.begin(), e.items.end(), nullable);
    case Expr::Kind::repeat: return e.min == 0 || nullable(e.items[0]);
    case Expr::Kind::rule: return rules[e.id];
    case Expr::Kind::chars:
    case Expr::Kind::token: break;
  }
  return false;
}

std::vector<bool> nullable_rules(const Grammar& grammar) { return least_fixed_point(grammar, is_nullable); }

Status check(const Grammar& grammar) {
  if (std::ssize(grammar.rules) > kMostRules)
    return fail(Errc::exhausted, "the grammar has {} rules, at most {} are allowed", grammar.rules.size(), kMostRules);
  return RuleCheck(grammar).run();
}

}  // namespace r1
