#include <charconv>

#include "core/philox.hpp"
#include "core/text.hpp"
#include "tasks/tasks.hpp"

namespace r1 {
namespace {

const Kind* find_kind(std::string_view name) {
  for (const Kind& k : kinds())
    if (k.name == name) return &k;
  return nullptr;
}

template <class T>
Result<T> number(std::string_view s, std::string_view part) {
  T value{};
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
  if (error != std::errc{} || end != s.data() + s.size())
    return fail(Errc::invalid_argument, "mixture: '{}' in '{}' is not a number", s, part);
  return value;
}

Result<MixturePart> parse_part(std::string_view part) {
  std::string_view head = part.substr(0, part.find('='));
  const std::string_view name = head.substr(0, head.find(':'));
  const Kind* kind = find_kind(name);
  if (!kind) {
    std::vector<std::string> names;
    for (const Kind& k : kinds()) names.emplace_back(k.name);
    const std::string nearest = nearest_word(name, names);
    return fail(Errc::invalid_argument, "mixture: no kind of problem is called '{}'{}", name,
                nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest));
  }
  MixturePart p{std::string(name), 1, kind->max_difficulty, 1};
  if (head.size() != part.size()) p.weight = R1_TRY(number<double>(part.substr(head.size() + 1), part));
  if (!(p.weight >= 0 && p.weight <= 1e9))
    return fail(Errc::invalid_argument, "mixture: weight in '{}' is outside 0..1e9", part);
  if (name.size() != head.size()) {
    const std::string_view range = head.substr(name.size() + 1), first = range.substr(0, range.find('-'));
    p.min_difficulty = p.max_difficulty = R1_TRY(number<int>(first, part));
    if (first.size() != range.size()) p.max_difficulty = R1_TRY(number<int>(range.substr(first.size() + 1), part));
    if (p.min_difficulty < 1 || p.max_difficulty > kind->max_difficulty || p.min_difficulty > p.max_difficulty)
      return fail(Errc::invalid_argument, "mixture: difficulty of '{}' is outside 1..{}", part, kind->max_difficulty);
  }
  return p;
}

}  // namespace

Result<TaskMixture> parse_mixture(std::string_view text) {
  if (text == "default") return default_mixture();
  TaskMixture mixture;
  double total = 0;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    mixture.parts.push_back(R1_TRY(parse_part(text.substr(at, end - at))));
    total += mixture.parts.back().weight;
    at = end + 1;
  }
  if (total <= 0) return fail(Errc::invalid_argument, "mixture: all weights are zero in '{}'", text);
  return mixture;
}

// The weights are larger for kinds that people try first and for kinds that take long to learn.
TaskMixture default_mixture() {
  return {{{"product", 1, 2, 3},
           {"product", 3, 4, 0.5},
           {"division", 1, 3, 1.2},
           {"remainder", 1, 3, 1},
           {"expression", 1, 3, 2},
           {"equation", 1, 3, 2},
           {"gcd", 1, 3, 0.8},
           {"lcm", 1, 2, 0.5},
           {"decimals", 1, 2, 0.7},
           {"sort", 1, 3, 0.7},
           {"letters", 1, 1, 1.5},
           {"words", 1, 3, 1.2},
           {"countdown", 1, 3, 1},
           {"chat", 1, 1, 0.5}}};
}

Problem sample_problem(const TaskMixture& mixture, Split split, u64 seed, u64 index) {
  double total = 0;
  for (const MixturePart& p : mixture.parts) total += p.weight;
  Random r(seed, Purpose::task, index);
  double at = r.uniform() * total;
  const MixturePart* chosen = nullptr;
  for (const MixturePart& p : mixture.parts) {
    if (p.weight <= 0) continue;
    chosen = &p;
    if ((at -= p.weight) < 0) break;
  }
  R1_CHECK(chosen, "sample_problem: a mixture without weight");
  const int difficulty = static_cast<int>(r.between(chosen->min_difficulty, chosen->max_difficulty));
  return make_problem(chosen->kind, difficulty, split, seed, index);
}

}  // namespace r1
