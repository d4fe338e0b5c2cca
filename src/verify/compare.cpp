#include "verify/compare.hpp"

#include <algorithm>

#include "core/hash.hpp"
#include "core/text.hpp"
#include "verify/comparer.hpp"
#include "verify/latex_words.hpp"
#include "verify/parse.hpp"

namespace r1 {
namespace {

constexpr size_t kMostElements = 256;
constexpr int kDeepest = 32;

using Kind = AnswerToken::Kind;

bool is_words(const std::vector<AnswerToken>& tokens) {
  return std::all_of(tokens.begin(), tokens.end() - 1,
                     [](const AnswerToken& t) { return t.kind == Kind::text || t.kind == Kind::unit; });
}

// "12,5" and "1000,99": a comma where others write a point.
bool may_be_decimal_comma(std::string_view s) {
  s = trimmed(s);
  if (!s.empty() && (s[0] == '-' || s[0] == '+')) s.remove_prefix(1);
  const size_t comma = s.find(',');
  if (comma == s.npos || comma == 0 || comma + 1 == s.size()) return false;
  return std::all_of(s.begin(), s.end(), [](char c) { return is_digit(c) || c == ','; }) &&
         s.find(',', comma + 1) == s.npos;
}

// The minutes and seconds of a time of day: 20:34, 08:34 p.m.
std::optional<i64> seconds_of_day(std::string_view s) {
  const auto two_digits = [&]() -> std::optional<i64> {
    size_t n = 0;
    i64 value = 0;
    while (n < s.size() && n < 2 && is_digit(s[n])) value = value * 10 + (s[n++] - '0');
    if (n == 0 || (n < s.size() && is_digit(s[n]))) return std::nullopt;
    s.remove_prefix(n);
    return value;
  };
  const auto hours = two_digits();
  if (!hours || *hours > 24) return std::nullopt;
  i64 parts[2] = {0, 0};
  int count = 0;
  while (count < 2 && s.size() > 2 && s[0] == ':' && is_digit(s[1]) && is_digit(s[2])) {
    s.remove_prefix(1);
    const auto part = two_digits();
    if (!part || *part > 59) return std::nullopt;
    parts[count++] = *part;
  }
  if (count == 0) return std::nullopt;
  s = trimmed(s);
  i64 hour = *hours;
  if (s == "pm" || s == "p.m") hour = hour % 12 + 12;
  else if (s == "am" || s == "a.m") hour = hour % 12;
  else if (!s.empty()) return std::nullopt;
  return hour * 3600 + parts[0] * 60 + parts[1];
}

// The letters of a word that was read as a product or as text; nothing for what is no word.
std::optional<std::string> letters_of(const AnswerNode& n) {
  if (n.is(NodeKind::text)) return n.name;
  if (n.is(NodeKind::symbol)) return lower_case(n.name.starts_with("text:") ? n.name.substr(5) : n.name);
  if (!n.is(NodeKind::multiply)) return std::nullopt;
  std::string all;
  for (const AnswerNode& a : n.args) {
    const auto part = a.is(NodeKind::symbol) ? letters_of(a) : std::nullopt;
    if (!part) return std::nullopt;
    all += *part;
  }
  return all;
}

bool is_text(const AnswerNode& n) {
  return n.is(NodeKind::text) || (n.is(NodeKind::symbol) && n.name.starts_with("text:"));
}

void choose_signs(AnswerNode& n, bool upper) {
  for (AnswerNode& a : n.args) choose_signs(a, upper);
  if (!n.is(NodeKind::plus_minus)) return;
  AnswerNode inside = std::move(n.args[0]);
  n = (n.name == "+-") == upper ? std::move(inside) : negated(std::move(inside));
}

// The elements of a list, with ± written out as two and an equation with a label replaced by its value. If the labels
// recur, as in p=5, q=2, p=7, q=2, each round is a tuple.
std::vector<AnswerNode> elements_of(const AnswerNode& list) {
  std::vector<AnswerNode> all;
  std::vector<std::string> labels;
  for (const AnswerNode& a : list.args) {
    if (contains(a, NodeKind::plus_minus) && !a.is(NodeKind::sequence)) {
      for (const bool upper : {true, false}) {
        AnswerNode one = a;
        choose_signs(one, upper);
        const auto value = value_of_equation(one);
        all.push_back(value ? *value : std::move(one));
        labels.emplace_back();
      }
      continue;
    }
    const std::string label = label_of(a);
    const auto value = label.empty() ? std::nullopt : value_of_equation(a);
    all.push_back(value ? *value : a);
    labels.push_back(value ? label : "");
  }
  const size_t period =
      labels.empty() || labels[0].empty() ? 0 : std::find(labels.begin() + 1, labels.end(), labels[0]) - labels.begin();
  if (period < 2 || period == labels.size() || labels.size() % period != 0) return all;
  for (size_t i = period; i < labels.size(); ++i)
    if (labels[i] != labels[i - period]) return all;
  std::vector<AnswerNode> rounds;
  for (size_t i = 0; i < all.size(); i += period)
    rounds.push_back(
        sequence_node('(', ')', {all.begin() + static_cast<i64>(i), all.begin() + static_cast<i64>(i + period)}));
  return rounds;
}

bool is_list(const AnswerNode& n) { return n.is(NodeKind::sequence) && (n.open == 0 || n.open == '{'); }
bool is_tuple(const AnswerNode& n) { return n.is(NodeKind::sequence) && !is_list(n); }

}  // namespace

bool contains(const AnswerNode& n, NodeKind kind) {
  return n.is(kind) ||
         std::any_of(n.args.begin(), n.args.end(), [&](const AnswerNode& a) { return contains(a, kind); });
}

std::optional<ReadAnswer> read_answer(std::string_view text, bool gold) {
  text = trimmed(text);
  if (text.empty() || text.size() > kLongestAnswer) return std::nullopt;
  ReadAnswer answer{std::string(text), words_of(text), {}};
  bool grouped = false, words = false;
  const auto read = [&](Commas commas) {
    auto tokens = tokens_of(text, commas);
    if (!tokens) return;
    words = words || (tokens->size() > 1 && is_words(*tokens));
    for (const AnswerToken& t : *tokens) grouped = grouped || t.grouped;
    if (words) return;
    if (auto tree = parse_answer(std::move(*tokens))) answer.readings.push_back(std::move(*tree));
  };
  if (const auto digits = digits_of_word(answer.words); !digits.empty()) {
    answer.readings.push_back(number_node(*Rational::parse(digits)));
    return answer;
  }
  read(Commas::thousands);
  if (grouped && !gold && !words) read(Commas::list);
  if (!grouped && !words && may_be_decimal_comma(text)) read(Commas::decimal);
  answer.parsed = words || !answer.readings.empty();
  if (answer.readings.empty()) {
    if (answer.words.empty()) return std::nullopt;
    answer.readings.push_back(node(NodeKind::text, {}, answer.words));
  }
  if (seconds_of_day(answer.words)) return answer;  // 12:00 is no quotient
  // What does not exist is no answer, not even to itself.
  for (const AnswerNode& n : answer.readings) {
    VerifyBudget budget{2000, 0};  // small, because a text may have many candidates
    if (exact_form(n, budget).state == FormState::undefined && sign_of_infinity(n) == 0) return std::nullopt;
  }
  return answer;
}

bool AnswerComparer::in_order(const std::vector<AnswerNode>& gold, const std::vector<AnswerNode>& given) {
  return !gold.empty() && gold.size() <= kMostElements &&
         std::equal(gold.begin(), gold.end(), given.begin(), given.end(),
                    [&](const AnswerNode& a, const AnswerNode& b) { return equal(a, b); });
}

// Equal as sets: every element of one has an equal one in the other.
bool AnswerComparer::in_any_order(const std::vector<AnswerNode>& gold, const std::vector<AnswerNode>& given) {
  if (gold.size() > kMostElements || given.size() > kMostElements) return false;
  if (gold.size() == given.size() && !gold.empty() && in_order(gold, given)) return true;
  std::vector<bool> met(gold.size(), false);
  for (const AnswerNode& b : given) {
    bool any = false;
    for (size_t i = 0; i < gold.size(); ++i)
      if (equal(gold[i], b)) met[i] = any = true;
    if (!any) return false;
  }
  for (size_t i = 0; i < gold.size(); ++i)
    for (size_t j = 0; j < gold.size() && !met[i]; ++j)
      if (met[j] && equal(gold[j], gold[i])) met[i] = true;
  return std::all_of(met.begin(), met.end(), [](bool m) { return m; });
}

bool AnswerComparer::lists_equal(const AnswerNode& gold, const AnswerNode& given) {
  if (is_tuple(gold) && is_tuple(given)) {
    // Two elements may be an interval, whose brackets matter.
    if (gold.args.size() == 2 && (gold.open != given.open || gold.close != given.close)) return false;
    return in_order(gold.args, given.args);
  }
  if (is_tuple(gold) && given.open == '{' && gold.open != '(') return false;
  if (is_tuple(given) && gold.open == '{') return false;
  const auto a = elements_of(gold), b = elements_of(given);
  if (is_tuple(gold) || is_tuple(given)) {
    // A list against a tuple is compared as it is written; a list of tuples with one tuple in it is that tuple.
    if (is_tuple(given) && a.size() == 1) return equal(a.front(), given);
    if (is_tuple(gold) && b.size() == 1) return equal(gold, b.front());
    return in_order(a, b);
  }
  return in_any_order(a, b);
}

bool AnswerComparer::equal(const AnswerNode& gold, const AnswerNode& given) {
  if (depth_ > kDeepest || !budget_.spend_exact(1)) return false;
  struct Level {
    explicit Level(int& d) : depth(d) { ++depth; }
    ~Level() { --depth; }
    int& depth;
  } level(depth_);
  if (is_text(gold) || is_text(given)) {
    const auto a = letters_of(gold), b = letters_of(given);
    return a && b && *a == *b;
  }
  for (const auto* side : {&gold, &given})  // one element is the element
    if (side->is(NodeKind::sequence) && is_list(*side) && side->args.size() == 1 &&
        !contains(side->args[0], NodeKind::plus_minus))
      return side == &gold ? equal(side->args[0], given) : equal(gold, side->args[0]);
  const bool listed = gold.is(NodeKind::sequence) || given.is(NodeKind::sequence) || gold.is(NodeKind::unite) ||
                      given.is(NodeKind::unite);
  if (!is_list(gold) && contains(gold, NodeKind::plus_minus) && !gold.is(NodeKind::sequence))
    return equal(sequence_node(0, 0, elements_of(sequence_node(0, 0, {gold}))), given);
  if (!is_list(given) && contains(given, NodeKind::plus_minus) && !given.is(NodeKind::sequence))
    return equal(gold, sequence_node(0, 0, elements_of(sequence_node(0, 0, {given}))));
  if (gold.is(NodeKind::relation) && given.is(NodeKind::relation)) {
    if (relations_equal(gold, given)) return true;
    if (is_inequality(gold) == is_inequality(given)) return false;
  }
  if (is_inequality(gold)) {
    const auto a = solutions_of(gold), b = intervals_of(given);
    return a && b && unions_equal(*a, *b);
  }
  if (is_inequality(given)) {
    if (!options_.sets_match_relations) return false;
    const auto a = intervals_of(gold), b = solutions_of(given);
    return a && b && unions_equal(*a, *b);
  }
  if (gold.is(NodeKind::relation)) {
    const auto value = value_of_equation(gold);
    return value && equal(*value, given);
  }
  if (given.is(NodeKind::relation)) {
    const auto value = value_of_equation(given);
    return value && equal(gold, *value);
  }
  if (contains(gold, NodeKind::matrix) || contains(given, NodeKind::matrix)) return matrices_equal(gold, given);
  if (gold.is(NodeKind::sequence) && given.is(NodeKind::sequence) && lists_equal(gold, given)) return true;
  if (gold.is_symbol("R") || given.is_symbol("R") || listed) {
    // Two or more inequalities are the union of their solutions. One alone could be the condition of the problem.
    if (given.is(NodeKind::sequence) && given.open == 0 && gold.is(NodeKind::unite)) {
      IntervalUnion all;
      for (const AnswerNode& n : given.args) {
        const auto part = is_inequality(n) ? solutions_of(n) : intervals_of(n);
        if (!part) return false;
        all.insert(all.end(), part->begin(), part->end());
      }
      const auto a = intervals_of(gold);
      return a && unions_equal(*a, all);
    }
    const bool unites =
        gold.is(NodeKind::unite) || given.is(NodeKind::unite) || gold.is_symbol("R") || given.is_symbol("R");
    if (!unites) return false;
    const auto a = intervals_of(gold), b = intervals_of(given);
    return a && b && unions_equal(*a, *b);
  }
  return scalars_equal(gold, given);
}

bool answers_equal(const ReadAnswer& gold, const ReadAnswer& given, const CompareOptions& options) {
  if (!gold.words.empty() && gold.words == given.words && gold.text == given.text) return true;
  if (const auto a = seconds_of_day(gold.words), b = seconds_of_day(given.words); a && b) return *a == *b;
  const bool words = gold.readings.front().is(NodeKind::text) || given.readings.front().is(NodeKind::text) ||
                     letters_of(gold.readings.front());
  if (words && gold.words.size() > 1 && gold.words == given.words) return true;
  AnswerComparer comparer(options, fnv1a(given.text, fnv1a(gold.text)));
  for (const AnswerNode& a : gold.readings)
    for (const AnswerNode& b : given.readings)
      if (comparer.equal(a, b)) return true;
  return false;
}

}  // namespace r1
