// The generator of countdown problems: reach a target with three or four numbers, each used exactly once. The trace is
// a search. It tries pairs and operations in a fixed order, states every dead end and stops at the first hit.
//   25,7,3->46
//   25+7=32:32+3=35,32-3=29,32*3=96
//   ...
//   25-3=22:22+7=29,...
//   (25-3)*2=44
#include <algorithm>
#include <optional>

#include "core/error.hpp"
#include "tasks/generators.hpp"

namespace r1 {
namespace {

struct Term {
  i64 value;
  std::string written;  // the expression, in brackets if it is a sum or a difference
  std::string bare;     // the expression without outer brackets
};

Term term(i64 n) { return {n, std::to_string(n), std::to_string(n)}; }

// The combination of two terms, the larger first. Steps that are useless or too large to compute at once give none: a
// factor of 1, two factors above 12, products above 300, a difference of zero, and quotients that are not whole.
std::optional<Term> combine(const Term& x, char op, const Term& y) {
  const Term &a = x.value < y.value ? y : x, &b = x.value < y.value ? x : y;
  i64 value = 0;
  if (op == '+') value = a.value + b.value;
  else if (op == '-') value = a.value - b.value;
  else if (op == '*') value = a.value * b.value;
  else if (b.value > 1 && a.value % b.value == 0) value = a.value / b.value;
  if (value <= 0 || (op == '*' && (b.value < 2 || b.value > 12 || value > 300))) return std::nullopt;
  const bool sum = op == '+' || op == '-';
  // In a-(b) and a/(b) the brackets of b are needed. A sum needs no brackets where it is added or comes first.
  const std::string left = sum ? a.bare : a.written;
  const std::string right = op == '+'                                        ? b.bare
                            : op == '/' && b.bare != std::to_string(b.value) ? "(" + b.bare + ")"
                                                                             : b.written;
  const std::string bare = left + op + right;
  return Term{value, sum ? "(" + bare + ")" : bare, bare};
}

std::string fact(const Term& x, char op, const Term& y, i64 result) {
  const i64 a = std::max(x.value, y.value), b = std::min(x.value, y.value);
  return std::to_string(a) + op + std::to_string(b) + "=" + std::to_string(result);
}

constexpr std::string_view kOps = "+-*/";

// Tries the four operations on the last two terms and writes them as facts on one line. A hit ends the line.
std::optional<Term> last_two(std::string& out, const Term& x, const Term& y, i64 target) {
  bool first = true;
  for (const char op : kOps) {
    const auto t = combine(x, op, y);
    if (!t) continue;
    out += (first ? ":" : ",") + fact(x, op, y, t->value);
    first = false;
    if (t->value == target) return t;
  }
  return std::nullopt;
}

std::optional<Term> search3(std::string& out, const std::vector<Term>& v, i64 target) {
  for (size_t skip = 3; skip-- > 0;) {
    const Term &x = v[skip == 0 ? 1 : 0], &y = v[skip == 2 ? 1 : 2];
    for (const char op : kOps) {
      const auto pair = combine(x, op, y);
      if (!pair) continue;
      out += fact(x, op, y, pair->value);
      const auto hit = last_two(out, *pair, v[skip], target);
      out += "\n";
      if (hit) return hit;
    }
  }
  return std::nullopt;
}

void sort_down(std::vector<Term>& v) {
  std::stable_sort(v.begin(), v.end(), [](const Term& a, const Term& b) { return a.value > b.value; });
}

// Combines two random terms into one. Returns the fact of this step.
std::string random_step(Random& r, std::vector<Term>& v) {
  for (;;) {
    const size_t i = r.below(static_cast<u32>(v.size())), j = r.below(static_cast<u32>(v.size()));
    if (i == j) continue;
    const char op = kOps[r.below(4)];
    const auto t = combine(v[i], op, v[j]);
    if (!t) continue;
    std::string f = fact(v[i], op, v[j], t->value);
    v.erase(v.begin() + static_cast<std::ptrdiff_t>(std::max(i, j)));
    v.erase(v.begin() + static_cast<std::ptrdiff_t>(std::min(i, j)));
    v.push_back(*t);
    sort_down(v);
    return f;
  }
}

}  // namespace

Draft draft_countdown(Random& r, int difficulty) {
  const size_t count = difficulty == 3 ? 4 : 3;
  const i64 high = difficulty == 2 ? 25 : 12, limit = difficulty == 1 ? 60 : 99;
  std::vector<Term> v;
  for (size_t i = 0; i < count; ++i)
    v.push_back(term(difficulty == 2 && chance(r, 2) ? r.between(1, 10) : r.between(1, high)));
  std::vector<Term> shown = v, made = v;
  sort_down(v);
  sort_down(made);
  std::string path;
  while (made.size() > 1) {
    path += random_step(r, made);
    path += made.size() > 1 ? "," : "\n";
  }
  const i64 target = made[0].value;
  if (target < 2 || target > limit) return draft_countdown(r, difficulty);

  Draft d;
  std::string list;
  for (const Term& t : v) list += (list.empty() ? "" : ",") + t.bare;
  d.trace = list + "->" + std::to_string(target) + "\n";
  Term hit = made[0];
  if (count == 3) {
    const auto found = search3(d.trace, v, target);
    R1_CHECK(found, "countdown: the search misses {} from {}", target, list);
    hit = *found;
  } else {  // four numbers have too many combinations: the trace has some random failed attempts, then the solution
    for (u32 tries = r.below(6); tries > 0; --tries) {
      std::vector<Term> w = v;
      std::string attempt;
      while (w.size() > 1) {
        attempt += random_step(r, w);
        attempt += w.size() > 1 ? "," : " no\n";
      }
      if (w[0].value == target) break;
      d.trace += attempt;
    }
    d.trace += path;
  }
  d.trace += hit.bare + "=" + std::to_string(target) + "\n";
  d.content = "countdown " + list + " " + std::to_string(target);
  d.reply = "The answer is \\boxed{" + hit.bare + "}.";

  std::vector<i64> given;
  std::string commas, with_and;
  for (size_t i = 0; i < shown.size(); ++i) {
    given.push_back(shown[i].value);
    commas += (i ? ", " : "") + shown[i].bare;
    with_and += (i == 0 ? "" : i + 1 == shown.size() ? " and " : ", ") + shown[i].bare;
  }
  d.checker = CountdownChecker{std::move(given), target};
  static constexpr std::string_view kWays[] = {"Using the numbers {}, make {}. Use each number exactly once.",
                                               "Using the numbers {}, make {}.",
                                               "Use {} to make {}. Use each number once.",
                                               "Make @ from the numbers {}.",
                                               "Countdown: {}, target {}.",
                                               "Using {}, reach {}.",
                                               "Combine {} to get {}.",
                                               "How can you make @ from {}?",
                                               "Using each of {} exactly once, make {}.",
                                               "Find an expression with {} that equals {}."};
  std::string way(pick(r, kWays));
  const std::string numbers = chance(r, 2) ? commas : with_and;
  if (const size_t at = way.find('@'); at != way.npos) {
    way.replace(at, 1, std::to_string(target));
    d.prompt = typed(r, fill(way, {numbers}));
  } else {
    d.prompt = typed(r, fill(way, {numbers, std::to_string(target)}));
  }
  return d;
}

}  // namespace r1
