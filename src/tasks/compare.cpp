// Generators of comparisons of decimals and of sorting of whole numbers.
#include <algorithm>
#include <numeric>

#include "core/error.hpp"
#include "tasks/generators.hpp"

namespace r1 {
namespace {

std::string padded(i64 n, size_t width) {
  std::string s = std::to_string(n);
  return std::string(width - std::min(width, s.size()), '0') + s;
}

std::string joined(const std::vector<i64>& v, std::string_view separator, size_t width = 0) {
  std::string s;
  for (size_t i = 0; i < v.size(); ++i) s += (i ? std::string(separator) : "") + padded(v[i], width);
  return s;
}

// A decimal, split at its point.
struct Decimal {
  std::string whole, fraction;
  std::string written() const { return fraction.empty() ? whole : whole + "." + fraction; }
};

Decimal random_decimal(Random& r, i64 low, i64 high, int places) {
  Decimal d{std::to_string(r.between(low, high)), ""};
  for (int i = 0; i < places; ++i) d.fraction += static_cast<char>('0' + r.below(10));
  return d;
}

}  // namespace

// The trace pads both numbers with zeros to the same length and compares them digit by digit from the left.
Draft draft_decimals(Random& r, int difficulty) {
  const i64 high = difficulty == 1 ? 9 : 99;
  Decimal a = random_decimal(r, 0, high, 1 + static_cast<int>(r.below(difficulty == 1 ? 2 : 3)));
  Decimal b = random_decimal(r, 0, high, static_cast<int>(r.below(16) ? 1 + r.below(difficulty == 1 ? 2 : 3) : 0));
  if (!chance(r, 4)) b.whole = a.whole;
  if (chance(r, 4) && !b.fraction.empty()) b.fraction[0] = a.fraction[0];
  const size_t whole = std::max(a.whole.size(), b.whole.size()),
               places = std::max(a.fraction.size(), b.fraction.size());
  const auto pad = [&](const Decimal& d) {
    return std::string(whole - d.whole.size(), '0') + d.whole + "." + d.fraction +
           std::string(places - d.fraction.size(), '0');
  };
  const std::string x = pad(a), y = pad(b);
  if (x == y) return draft_decimals(r, difficulty);
  Draft d;
  d.trace = x + "," + y + "\n";
  for (size_t i = 0;; ++i) {
    if (x[i] == '.') continue;
    d.trace += fill("{}{}{}", {x.substr(i, 1), x[i] == y[i] ? "=" : x[i] < y[i] ? "<" : ">", y.substr(i, 1)});
    if (x[i] != y[i]) break;
    d.trace += ",";
  }
  const bool less = x < y, wants_larger = !chance(r, 3);
  d.trace += fill("\n{}{}{}\n", {a.written(), less ? "<" : ">", b.written()});
  d.answer = less == wants_larger ? b.written() : a.written();
  d.trace += fill("{}:{}\n", {wants_larger ? "larger" : "smaller", d.answer});
  d.content = "decimals " + (less ? x + " " + y : y + " " + x);
  static constexpr std::string_view kLarger[] = {"larger", "larger", "bigger", "bigger", "greater", "higher"};
  static constexpr std::string_view kSmaller[] = {"smaller", "smaller", "less", "lower"};
  static constexpr std::string_view kWays[] = {"Which is @, {} or {}?",
                                               "Which is @: {} or {}?",
                                               "Which number is @: {} or {}?",
                                               "Which number is @, {} or {}?",
                                               "What is @, {} or {}?",
                                               "Which one is @: {} or {}?",
                                               "Is {} or {} @?",
                                               "Which of {} and {} is @?",
                                               "Which is the @ number: {} or {}?",
                                               "{} or {}: which is @?",
                                               "{} and {}, which one is @?",
                                               "{} or {}, which is @?",
                                               "Which is the @ of {} and {}?",
                                               "Tell me which is @: {} or {}.",
                                               "Compare {} and {}. Which is @?"};
  std::string way(pick(r, kWays));
  way.replace(way.find('@'), 1, wants_larger ? pick(r, kLarger) : pick(r, kSmaller));
  d.prompt = typed(r, fill(way, {a.written(), b.written()}));
  return d;
}

// The trace inserts one number after another into a sorted list, with all numbers padded with zeros to one width. To
// write the next number of a list the model only has to compare the new number with the head of the rest.
Draft draft_sort(Random& r, int difficulty) {
  const i64 count = difficulty == 1 ? r.between(3, 4) : difficulty == 2 ? r.between(4, 6) : r.between(6, 8);
  std::vector<i64> v;
  const i64 high = chance(r, 4) ? 999 : 99;
  while (std::ssize(v) < count) {
    const i64 n = chance(r, 3) ? r.between(0, 9) : r.between(0, high);
    if (std::find(v.begin(), v.end(), n) == v.end() || chance(r, 8)) v.push_back(n);
  }
  const bool ascending = chance(r, 2) || chance(r, 4);
  const size_t width = std::to_string(*std::max_element(v.begin(), v.end())).size();
  Draft d;
  d.trace = (ascending ? "up:" : "down:") + joined(v, ",", width) + "\n";
  std::vector<i64> sorted;
  for (const i64 n : v) {
    const auto at = std::find_if(sorted.begin(), sorted.end(), [&](i64 m) { return ascending ? m > n : m < n; });
    sorted.insert(at, n);
    d.trace += fill("{}:{}\n", {padded(n, width), joined(sorted, ",", width)});
  }
  d.answer = joined(sorted, ", ");
  std::vector<i64> content = v;
  std::sort(content.begin(), content.end());
  d.content = "sort " + joined(content, " ");
  static constexpr std::string_view kUp[] = {"in ascending order",     "from smallest to largest",
                                             "from least to greatest", "in increasing order",
                                             "from low to high",       "ascending"};
  static constexpr std::string_view kDown[] = {"in descending order",    "from largest to smallest",
                                               "from greatest to least", "in decreasing order",
                                               "from high to low",       "descending"};
  static constexpr std::string_view kWays[] = {"Sort these numbers @: {}",
                                               "Sort these numbers @: {}.",
                                               "Sort @: {}",
                                               "Sort {} @.",
                                               "Arrange these numbers @: {}",
                                               "Order these numbers @: {}",
                                               "Put these numbers @: {}",
                                               "Arrange {} @.",
                                               "Order @: {}",
                                               "Sort the numbers {} @.",
                                               "Sort the list @: {}",
                                               "List these numbers @: {}",
                                               "Order the numbers {} @.",
                                               "Put {} @."};
  std::string way(ascending && chance(r, 8) ? "Sort these numbers: {}" : pick(r, kWays));
  if (const size_t at = way.find('@'); at != way.npos) way.replace(at, 1, ascending ? pick(r, kUp) : pick(r, kDown));
  std::string list = joined(v, chance(r, 6) ? " " : chance(r, 6) ? "," : ", ");
  if (chance(r, 10)) list = "[" + list + "]";
  else if (chance(r, 10) && list.rfind(", ") != list.npos) list.replace(list.rfind(", "), 2, " and ");
  d.prompt = typed(r, fill(way, {list}));
  return d;
}

}  // namespace r1
