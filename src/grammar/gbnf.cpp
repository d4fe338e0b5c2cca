#include "grammar/gbnf.hpp"

#include <algorithm>
#include <map>

#include "formats/json.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

class GbnfReader {
 public:
  explicit GbnfReader(std::string_view text) : text_(text) {}

  Result<Grammar> read() {
    if (const size_t bad = first_invalid_utf8(text_); bad < text_.size()) {
      at_ = bad;
      return wrong("a byte that is not UTF-8");
    }
    for (skip_space(true); at_ < text_.size(); skip_space(true)) R1_TRY(read_rule());
    for (const auto& [name, rule] : rules_)
      if (!rule.defined)
        return fail(Errc::invalid_argument, "the grammar uses the rule {}, but does not define it", shown(name));
    const auto root = rules_.find("root");
    if (root == rules_.end())
      return fail(Errc::invalid_argument, "the grammar has no rule named root, with which a text begins");
    grammar_.root = root->second.index;
    return std::move(grammar_);
  }

 private:
  struct KnownRule {
    i32 index = 0;
    bool defined = false;
  };

  tl::unexpected<Error> wrong(std::string_view expected) const {
    const std::string_view before = text_.substr(0, at_);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const size_t column = at_ - (before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1) + 1;
    const std::string found = at_ < text_.size() ? quoted_text(utf8_prefix(text_.substr(at_), 16)) : "the end";
    return fail(Errc::invalid_argument, "the grammar, line {}, column {}: {} at {}", line, column, expected, found);
  }
  bool is_at(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  bool take(std::string_view what) {
    if (!is_at(what)) return false;
    at_ += what.size();
    return true;
  }
  void skip_space(bool lines) {
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '#') at_ = std::min(text_.find('\n', at_), text_.size());
      if (at_ == text_.size()) return;
      const char c = text_[at_];
      if (!(c == ' ' || c == '\t' || (lines && (c == '\n' || c == '\r')))) return;
    }
  }

  i32 rule_of(const std::string& name) {
    const auto [entry, added] = rules_.try_emplace(name);
    if (added) entry->second.index = grammar_.add(name);
    return entry->second.index;
  }
  std::string read_name() {
    const size_t begin = at_;
    while (at_ < text_.size() && is_name_byte(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  Status read_rule() {
    const size_t begin = at_;
    const std::string name = read_name();
    if (name.empty()) return wrong("expected the name of a rule");
    skip_space(false);
    if (!take("::=")) return wrong("expected ::= behind the name of a rule");
    skip_space(true);
    const i32 rule = rule_of(name);
    if (std::exchange(rules_[name].defined, true)) {
      at_ = begin;
      return wrong("a rule that is defined already");
    }
    Expr body = R1_TRY(read_choice(0));
    grammar_.rules[rule].body = std::move(body);
    if (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r') return wrong("expected the end of the rule");
    return {};
  }

  // Alternatives, up to the end of the rule or the closing parenthesis.
  Result<Expr> read_choice(int depth) {
    if (depth > kGrammarDepth) return wrong(fmt::format("parentheses nested more than {} deep", kGrammarDepth));
    std::vector<Expr> alternatives;
    do {
      skip_space(true);
      alternatives.push_back(R1_TRY(read_sequence(depth)));
      const size_t end = at_;
      skip_space(true);
      if (!is_at("|")) at_ = depth > 0 ? at_ : end;
    } while (take("|"));
    return choice_of(std::move(alternatives));
  }

  Result<Expr> read_sequence(int depth) {
    std::vector<Expr> items;
    for (; at_ < text_.size(); skip_space(depth > 0)) {
      const char c = text_[at_];
      if (++exprs_ > kMostExprs) return wrong(fmt::format("more than {} parts", kMostExprs));
      if (c == '"') {
        items.push_back(R1_TRY(read_literal()));
      } else if (c == '[') {
        items.push_back(R1_TRY(read_class()));
      } else if (c == '.') {
        ++at_;
        items.push_back(chars_expr(CharSet::all()));
      } else if (c == '(') {
        ++at_;
        items.push_back(R1_TRY(read_choice(depth + 1)));
        if (!take(")")) return wrong("expected )");
      } else if (is_name_byte(c)) {
        items.push_back(rule_expr(rule_of(read_name())));
      } else if (c == '<' || c == '!') {
        return wrong("tokens (<...>) are not supported; expected a literal, a class, a name or (");
      } else if (c == '*' || c == '+' || c == '?' || c == '{') {
        return wrong("a repetition of nothing");
      } else {
        break;
      }
      R1_TRY(read_suffixes(items.back()));
    }
    return sequence_of(std::move(items));
  }

  Status read_suffixes(Expr& item) {
    for (int suffixes = 0; at_ < text_.size(); ++suffixes) {
      i64 min = 0, max = -1;
      const char c = text_[at_];
      if (c == '?') max = 1;
      else if (c == '+') min = 1;
      else if (c != '*' && c != '{') return {};
      if (suffixes > 8) return wrong("more than 8 repetitions of one part");
      ++at_;
      if (c == '{') R1_TRY(read_counts(min, max));
      item = repeat_of(std::move(item), min, max);
    }
    return {};
  }

  Status read_counts(i64& min, i64& max) {
    const auto number = [&](i64& n) -> Status {
      if (at_ >= text_.size() || text_[at_] < '0' || text_[at_] > '9') return wrong("expected a number of repetitions");
      for (n = 0; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
        n = 10 * n + (text_[at_] - '0');
        if (n > kMostRepeats) return wrong(fmt::format("more than {} repetitions", kMostRepeats));
      }
      skip_space(false);
      return {};
    };
    skip_space(false);
    if (!is_at(",")) R1_TRY(number(min));
    max = min;
    if (take(",")) {
      max = -1;
      skip_space(false);
      if (!is_at("}")) R1_TRY(number(max));
    }
    if (!take("}")) return wrong("expected } behind the number of repetitions");
    if (max >= 0 && max < min) return wrong(fmt::format("at least {} and at most {} repetitions", min, max));
    return {};
  }

  Result<Expr> read_literal() {
    ++at_;
    std::string bytes;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n') append_utf8(R1_TRY(read_char()), bytes);
    if (!take("\"")) return wrong("expected \" at the end of a literal");
    return text_expr(bytes);
  }

  Result<Expr> read_class() {
    ++at_;
    const bool negated = take("^");
    CharSet set;
    while (at_ < text_.size() && text_[at_] != ']' && text_[at_] != '\n') {
      const u32 first = R1_TRY(read_char());
      u32 last = first;
      if (is_at("-") && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
        ++at_;
        last = R1_TRY(read_char());
      }
      if (first > last) return wrong("a range that ends before it begins");
      set.add(first, last);
    }
    if (!take("]")) return wrong("expected ] at the end of a class");
    return chars_expr(negated ? set.complement() : std::move(set));
  }

  Result<u32> read_char() {
    if (!take("\\")) {
      const u32 c = utf8_code_point(text_.substr(at_));
      at_ += utf8_length(text_.substr(at_));
      return c;
    }
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    if (c == 'x' || c == 'u' || c == 'U') {
      ++at_;
      return read_hex(c == 'x' ? 2 : c == 'u' ? 4 : 8);
    }
    constexpr std::string_view kEscapes = "nrt\\\"[]-^", kMeanings = "\n\r\t\\\"[]-^";
    const size_t known = kEscapes.find(c);
    if (c == '\0' || known == kEscapes.npos) return wrong("an unknown escape");
    ++at_;
    return static_cast<u8>(kMeanings[known]);
  }

  Result<u32> read_hex(size_t digits) {
    const auto c = hex_character(text_.substr(at_), digits);
    if (!c) return wrong(c.error().what);
    at_ += digits;
    return *c;
  }

  const std::string_view text_;
  size_t at_ = 0;
  i64 exprs_ = 0;
  Grammar grammar_;
  std::map<std::string, KnownRule> rules_;
};

}  // namespace

Result<Grammar> read_gbnf(std::string_view text) {
  if (std::ssize(text) > kMostGrammarBytes)
    return fail(Errc::exhausted, "the grammar has {} bytes, at most {} are allowed", text.size(), kMostGrammarBytes);
  return GbnfReader(text).read();
}

}  // namespace r1
