// A second opinion on what a grammar matches: for each expression and place of the text all places where a match may
// end, straight from the definitions. Slow, and without automata, stacks or tries.
#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "formats/utf8.hpp"
#include "grammar/grammar.hpp"

namespace r1 {

class SlowGrammar {
 public:
  SlowGrammar(const Grammar& grammar, std::string text) : grammar_(grammar), text_(std::move(text)) {
    const std::set<size_t>& ends = ends_of(grammar.rules[grammar.root].body, 0);
    complete = ends.contains(text_.size());
    may_go_on = ends.contains(kMore);
  }
  bool complete = false;   // the text is one of the grammar's
  bool may_go_on = false;  // it is a proper beginning of one
  bool viable() const { return complete || may_go_on; }

 private:
  static constexpr size_t kMore = std::string::npos;  // the text ends inside the match

  const std::set<size_t>& ends_of(const Expr& e, size_t at) {
    const std::pair key{&e, at};
    if (const auto known = known_.find(key); known != known_.end()) return known->second;
    std::set<size_t> ends;
    switch (e.kind) {
      case Expr::Kind::text: add_text(e.text, at, ends); break;
      case Expr::Kind::chars: add_chars(e.chars, at, ends); break;
      case Expr::Kind::rule: ends = ends_of(grammar_.rules[e.id].body, at); break;
      case Expr::Kind::choice:
        for (const Expr& item : e.items) ends.merge(std::set(ends_of(item, at)));
        break;
      case Expr::Kind::sequence:
        ends = {at};
        for (const Expr& item : e.items) ends = after(item, ends);
        break;
      case Expr::Kind::repeat: {
        std::set<size_t> now{at};
        if (e.min == 0) ends = now;
        for (i64 i = 1; i <= (e.max < 0 ? e.min + i64{40} : e.max); ++i) {
          now = after(e.items[0], now);
          if (i >= e.min) ends.insert(now.begin(), now.end());
        }
        break;
      }
      case Expr::Kind::token: break;
    }
    return known_[key] = std::move(ends);
  }

  std::set<size_t> after(const Expr& e, const std::set<size_t>& starts) {
    std::set<size_t> out;
    for (const size_t at : starts)
      if (at == kMore) out.insert(kMore);
      else out.merge(std::set(ends_of(e, at)));
    return out;
  }

  void add_text(const std::string& wanted, size_t at, std::set<size_t>& ends) const {
    const std::string_view rest = std::string_view(text_).substr(at);
    if (rest.starts_with(wanted)) ends.insert(at + wanted.size());
    else if (std::string_view(wanted).starts_with(rest)) ends.insert(kMore);
  }

  void add_chars(const CharSet& set, size_t at, std::set<size_t>& ends) const {
    for (const auto& [first, last] : set.ranges())
      for (u32 c = first; c <= last; ++c) {
        std::string form;
        append_utf8(c, form);
        add_text(form, at, ends);
      }
  }

  const Grammar& grammar_;
  const std::string text_;
  std::map<std::pair<const Expr*, size_t>, std::set<size_t>> known_;
};

}  // namespace r1
