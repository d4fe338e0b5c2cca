// The parts of "code" problems that work on numbers and on lists of numbers.
#include <algorithm>
#include <numeric>

#include "tasks/code.hpp"

namespace r1 {
namespace {

using Value = CodeValue;
using P = const CodeParameters&;
using Numbers = std::vector<i64>;

i64 num(const Value& v) { return std::get<i64>(v); }
const Numbers& list(const Value& v) { return std::get<Numbers>(v); }

// As Python's %, for n > 0.
i64 mod(i64 a, i64 n) { return (a % n + n) % n; }

template <class T>
std::vector<T> slice(const std::vector<T>& v, size_t begin, size_t end) {
  end = std::min(end, v.size()), begin = std::min(begin, end);
  return {v.begin() + static_cast<std::ptrdiff_t>(begin), v.begin() + static_cast<std::ptrdiff_t>(end)};
}

constexpr auto kList = CodeType::integers;
constexpr auto kInt = CodeType::integer;
constexpr auto kBool = CodeType::boolean;

CodePart keep(std::string_view id, std::vector<std::string_view> wordings, std::string_view condition,
              Value (*apply)(const Value&, P), CodeParameter parameter = CodeParameter::none,
              std::string_view adjective = {}) {
  return {id, CodeRole::keep, kList, kList, std::move(wordings), {}, condition, apply, parameter, adjective};
}

CodePart change(std::string_view id, std::vector<std::string_view> wordings, std::string_view gerund,
                std::string_view expression, Value (*apply)(const Value&, P),
                CodeParameter parameter = CodeParameter::none) {
  return {id, CodeRole::change, kList, kList, std::move(wordings), {}, expression, apply, parameter, {}, gerund};
}

CodePart order(std::string_view id, std::vector<std::string_view> wordings, std::string_view expression,
               Value (*apply)(const Value&, P)) {
  return {id, CodeRole::order, kList, kList, std::move(wordings), {}, expression, apply};
}

CodePart take(std::string_view id, std::vector<std::string_view> wordings, std::string_view expression,
              Value (*apply)(const Value&, P), CodeParameter parameter = CodeParameter::none,
              std::string_view sequence = {}) {
  return {id, CodeRole::slice, kList, kList, std::move(wordings), {}, expression, apply, parameter, {}, {},
          {}, sequence};
}

CodePart reduce(std::string_view id, CodeType to, std::vector<std::string_view> wordings, std::string_view setup,
                std::string_view expression, Value (*apply)(const Value&, P), std::string_view nothing = {},
                CodeParameter parameter = CodeParameter::none) {
  return {id, CodeRole::reduce, kList, to, std::move(wordings), setup, expression, apply, parameter, {}, {}, nothing};
}

CodePart source(std::string_view id, std::vector<std::string_view> wordings, std::string_view expression,
                Value (*apply)(const Value&, P), std::string_view sequence, CodeDomain domain) {
  return {id, CodeRole::source, kInt,  kList, std::move(wordings), {}, expression, apply, CodeParameter::none, {}, {},
          {}, sequence,         domain};
}

CodePart whole(std::string_view id, CodeType from, CodeType to, std::vector<std::string_view> wordings,
               std::string_view setup, std::string_view expression, Value (*apply)(const Value&, P),
               CodeParameter parameter = CodeParameter::none, CodeDomain domain = CodeDomain::any) {
  return {id, CodeRole::whole, from, to, std::move(wordings), setup, expression, apply, parameter, {}, {}, {},
          {}, domain};
}

CodePart with_traps(CodePart part, std::vector<CodeValue> traps) {
  part.traps = std::move(traps);
  return part;
}

std::vector<CodePart> keeps() {
  using enum CodeParameter;
  return {
      keep(
          "even", {"are even"}, "x % 2 == 0", [](const Value& x, P) -> Value { return num(x) % 2 == 0; }, none, "even"),
      keep(
          "odd", {"are odd"}, "x % 2 == 1", [](const Value& x, P) -> Value { return num(x) % 2 != 0; }, none, "odd"),
      keep(
          "positive", {"are positive", "are greater than zero"}, "x > 0",
          [](const Value& x, P) -> Value { return num(x) > 0; }, none, "positive"),
      keep(
          "negative", {"are negative", "are less than zero"}, "x < 0",
          [](const Value& x, P) -> Value { return num(x) < 0; }, none, "negative"),
      keep(
          "not positive", {"are not positive"}, "x <= 0", [](const Value& x, P) -> Value { return num(x) <= 0; }, none,
          "non-positive"),
      keep(
          "not negative", {"are not negative"}, "x >= 0", [](const Value& x, P) -> Value { return num(x) >= 0; }, none,
          "non-negative"),
      keep(
          "not zero", {"are not zero"}, "x != 0", [](const Value& x, P) -> Value { return num(x) != 0; }, none,
          "nonzero"),
      keep(
          "greater", {"are greater than {a}", "are larger than {a}"}, "x > {a}",
          [](const Value& x, P p) -> Value { return num(x) > p.a; }, bound),
      keep(
          "less", {"are less than {a}", "are smaller than {a}"}, "x < {a}",
          [](const Value& x, P p) -> Value { return num(x) < p.a; }, bound),
      keep(
          "at least", {"are at least {a}", "are greater than or equal to {a}"}, "x >= {a}",
          [](const Value& x, P p) -> Value { return num(x) >= p.a; }, bound),
      keep(
          "at most", {"are at most {a}", "are less than or equal to {a}"}, "x <= {a}",
          [](const Value& x, P p) -> Value { return num(x) <= p.a; }, bound),
      keep(
          "not equal", {"are not equal to {a}", "differ from {a}"}, "x != {a}",
          [](const Value& x, P p) -> Value { return num(x) != p.a; }, bound),
      keep(
          "divisible", {"are divisible by {a}", "are multiples of {a}"}, "x % {a} == 0",
          [](const Value& x, P p) -> Value { return num(x) % p.a == 0; }, modulus),
      keep(
          "not divisible", {"are not divisible by {a}"}, "x % {a} != 0",
          [](const Value& x, P p) -> Value { return num(x) % p.a != 0; }, modulus),
      keep(
          "between", {"are between {a} and {b}, both included,", "are at least {a} and at most {b}"}, "{a} <= x <= {b}",
          [](const Value& x, P p) -> Value { return p.a <= num(x) && num(x) <= p.b; }, bounds),
  };
}

std::vector<CodePart> changes() {
  using enum CodeParameter;
  return {
      change("square", {"squares of {}"}, "squaring {}", "x * x",
             [](const Value& x, P) -> Value { return num(x) * num(x); }),
      change("double", {}, "doubling {}", "2 * x", [](const Value& x, P) -> Value { return 2 * num(x); }),
      change("negate", {}, "changing the sign of {}", "-x", [](const Value& x, P) -> Value { return -num(x); }),
      change("absolute", {"absolute values of {}"}, "taking the absolute value of {}", "abs(x)",
             [](const Value& x, P) -> Value { return std::abs(num(x)); }),
      change(
          "add", {}, "adding {a} to {}", "x + {a}", [](const Value& x, P p) -> Value { return num(x) + p.a; }, addend),
      change(
          "subtract", {}, "subtracting {a} from {}", "x - {a}",
          [](const Value& x, P p) -> Value { return num(x) - p.a; }, addend),
      change(
          "times", {}, "multiplying {} by {a}", "x * {a}", [](const Value& x, P p) -> Value { return num(x) * p.a; },
          factor),
  };
}

std::vector<CodePart> slices_and_orders() {
  using enum CodeParameter;
  return {
      with_traps(take("without first", {"{N} {W} except the first one"}, "{}[1:]",
                      [](const Value& v, P) -> Value { return slice(list(v), 1, list(v).size()); }),
                 {Numbers{8, 3}}),
      with_traps(
          take("without last", {"{N} {W} except the last one"}, "{}[:-1]",
               [](const Value& v, P) -> Value { return slice(list(v), 0, list(v).empty() ? 0 : list(v).size() - 1); }),
          {Numbers{8, 3}}),
      take("every second", {"first, third, fifth and so on of the {N} {W}"}, "{}[::2]",
           [](const Value& v, P) -> Value {
             Numbers out;
             for (size_t i = 0; i < list(v).size(); i += 2) out.push_back(list(v)[i]);
             return out;
           }),
      take(
          "different", {"different {N} {W}", "distinct {N} {W}"}, "list(dict.fromkeys({}))",
          [](const Value& v, P) -> Value {
            Numbers out;
            for (const i64 x : list(v))
              if (std::find(out.begin(), out.end(), x) == out.end()) out.push_back(x);
            return out;
          },
          none, "each once, in the order in which they first occur"),
      take(
          "first", {"first {a} {N} {W}"}, "{}[:{a}]",
          [](const Value& v, P p) -> Value { return slice(list(v), 0, static_cast<size_t>(p.a)); }, count),
      take(
          "last", {"last {a} {N} {W}"}, "{}[-{a}:]",
          [](const Value& v, P p) -> Value {
            const size_t n = list(v).size(), a = static_cast<size_t>(p.a);
            return slice(list(v), n < a ? 0 : n - a, n);
          },
          count),
      order("reverse", {"in reverse order"}, "{}[::-1]",
            [](const Value& v, P) -> Value { return Numbers(list(v).rbegin(), list(v).rend()); }),
      order("ascending", {"sorted from smallest to largest", "sorted in ascending order"}, "sorted({})",
            [](const Value& v, P) -> Value {
              Numbers out = list(v);
              std::sort(out.begin(), out.end());
              return out;
            }),
      order("descending", {"sorted from largest to smallest", "sorted in descending order"}, "sorted({}, reverse=True)",
            [](const Value& v, P) -> Value {
              Numbers out = list(v);
              std::sort(out.rbegin(), out.rend());
              return out;
            }),
  };
}

std::vector<CodePart> reducers() {
  using enum CodeParameter;
  const std::string_view every = "True if all {N} {W} {Q}, otherwise False";
  return {
      reduce("sum", kInt, {"sum of {}", "total of {}"}, {}, "sum({})",
             [](const Value& v, P) -> Value { return std::accumulate(list(v).begin(), list(v).end(), i64{0}); }),
      reduce("count", kInt, {"number of {P}"}, {}, "len({})",
             [](const Value& v, P) -> Value { return std::ssize(list(v)); }),
      reduce(
          "largest", kInt, {"largest of {}", "maximum of {}"}, {}, "max({}, default=0)",
          [](const Value& v, P) -> Value {
            return list(v).empty() ? 0 : *std::max_element(list(v).begin(), list(v).end());
          },
          "0"),
      reduce(
          "smallest", kInt, {"smallest of {}", "minimum of {}"}, {}, "min({}, default=0)",
          [](const Value& v, P) -> Value {
            return list(v).empty() ? 0 : *std::min_element(list(v).begin(), list(v).end());
          },
          "0"),
      reduce(
          "product", kInt, {"product of {}"}, "p = 1\nfor x in {}:\n    p *= x\n", "p",
          [](const Value& v, P) -> Value {
            return std::accumulate(list(v).begin(), list(v).end(), i64{1}, std::multiplies<>());
          },
          "1"),
      reduce(
          "spread", kInt, {"difference between the largest and the smallest of {}"}, {},
          "max({}, default=0) - min({}, default=0)",
          [](const Value& v, P) -> Value {
            if (list(v).empty()) return i64{0};
            const auto [low, high] = std::minmax_element(list(v).begin(), list(v).end());
            return *high - *low;
          },
          "0"),
      reduce(
          "first of", kInt, {"first of {}"}, {}, "{}[0] if {} else 0",
          [](const Value& v, P) -> Value { return list(v).empty() ? 0 : list(v).front(); }, "0"),
      reduce(
          "last of", kInt, {"last of {}"}, {}, "{}[-1] if {} else 0",
          [](const Value& v, P) -> Value { return list(v).empty() ? 0 : list(v).back(); }, "0"),
      reduce(
          "contains", kBool, {"True if {a} is among {}, otherwise False"}, {}, "{a} in {}",
          [](const Value& v, P p) -> Value { return std::find(list(v).begin(), list(v).end(), p.a) != list(v).end(); },
          {}, bound),
      reduce(
          "how often", kInt, {"number of times {a} occurs among {}"}, {}, "{}.count({a})",
          [](const Value& v, P p) -> Value { return std::count(list(v).begin(), list(v).end(), p.a); }, {}, bound),
      reduce(
          "place", kInt, {"index of the first {a} among {} (counted from 0), or -1 if there is no {a}"}, {},
          "{}.index({a}) if {a} in {} else -1",
          [](const Value& v, P p) -> Value {
            const auto at = std::find(list(v).begin(), list(v).end(), p.a);
            return at == list(v).end() ? i64{-1} : i64{at - list(v).begin()};
          },
          {}, bound),
      {"all", CodeRole::quantify, kList, kBool, {every}, {}, "all({K} for x in {})", nullptr, none, {}, {}, "True"},
      {"any",
       CodeRole::quantify,
       kList,
       kBool,
       {"True if any of the {N} {W} {Q}, otherwise False"},
       {},
       "any({K} for x in {})",
       nullptr,
       none,
       {},
       {},
       "False"},
  };
}

std::vector<CodePart> sources_and_wholes() {
  using enum CodeParameter;
  constexpr auto kPair = CodeType::pair;
  return {
      source(
          "range", {"numbers from 1 to {}"}, "list(range(1, {} + 1))",
          [](const Value& v, P) -> Value {
            Numbers out(static_cast<size_t>(num(v)));
            std::iota(out.begin(), out.end(), 1);
            return out;
          },
          "from smallest to largest", CodeDomain::positive),
      source(
          "digits", {"digits of {}"}, "[int(c) for c in str({})]",
          [](const Value& v, P) -> Value {
            Numbers out;
            for (const char c : std::to_string(num(v))) out.push_back(c - '0');
            return out;
          },
          "from left to right", CodeDomain::natural),
      source(
          "divisors", {"positive divisors of {}"}, "[d for d in range(1, {} + 1) if {} % d == 0]",
          [](const Value& v, P) -> Value {
            Numbers out;
            for (i64 i = 1; i <= num(v); ++i)
              if (num(v) % i == 0) out.push_back(i);
            return out;
          },
          "from smallest to largest", CodeDomain::positive),
      whole("square of", kInt, kInt, {"square of {}"}, {}, "{} * {}",
            [](const Value& v, P) -> Value { return num(v) * num(v); }),
      whole("cube of", kInt, kInt, {"cube of {}", "third power of {}"}, {}, "{} ** 3",
            [](const Value& v, P) -> Value { return num(v) * num(v) * num(v); }),
      with_traps(
          whole(
              "factorial", kInt, kInt, {"factorial of {}"}, "p = 1\nfor i in range(1, {} + 1):\n    p *= i\n", "p",
              [](const Value& v, P) -> Value {
                i64 p = 1;
                for (i64 i = 2; i <= num(v); ++i) p *= i;
                return p;
              },
              none, CodeDomain::small),
          {i64{0}, i64{1}, i64{5}}),
      whole("is even", kInt, kBool, {"True if {} is even, otherwise False"}, {}, "{} % 2 == 0",
            [](const Value& v, P) -> Value { return num(v) % 2 == 0; }),
      with_traps(whole("is prime", kInt, kBool, {"True if {} is a prime number, otherwise False"}, {},
                       "{} > 1 and all({} % d != 0 for d in range(2, {}))",
                       [](const Value& v, P) -> Value {
                         for (i64 i = 2; i < num(v); ++i)
                           if (num(v) % i == 0) return false;
                         return num(v) > 1;
                       }),
                 {i64{0}, i64{1}, i64{2}, i64{9}, i64{13}, i64{25}}),
      whole(
          "plus", kInt, kInt, {"sum of {} and {a}"}, {}, "{} + {a}",
          [](const Value& v, P p) -> Value { return num(v) + p.a; }, addend),
      whole(
          "times of", kInt, kInt, {"product of {} and {a}"}, {}, "{} * {a}",
          [](const Value& v, P p) -> Value { return num(v) * p.a; }, factor),
      whole(
          "remainder", kInt, kInt, {"remainder when {} is divided by {a}", "remainder of {} divided by {a}"}, {},
          "{} % {a}", [](const Value& v, P p) -> Value { return mod(num(v), p.a); }, modulus, CodeDomain::natural),
      whole(
          "is divisible", kInt, kBool, {"True if {} is divisible by {a}, otherwise False"}, {}, "{} % {a} == 0",
          [](const Value& v, P p) -> Value { return num(v) % p.a == 0; }, modulus),
      whole(
          "is greater", kInt, kBool, {"True if {} is greater than {a}, otherwise False"}, {}, "{} > {a}",
          [](const Value& v, P p) -> Value { return num(v) > p.a; }, bound),
      whole(
          "limited", kInt, kInt, {"smaller of {} and {a}"}, {}, "min({}, {a})",
          [](const Value& v, P p) -> Value { return std::min(num(v), p.a); }, bound),
      whole("sum of two", kPair, kInt, {"sum of {p} and {q}"}, {}, "{p} + {q}",
            [](const Value& v, P) -> Value { return list(v)[0] + list(v)[1]; }),
      whole("product of two", kPair, kInt, {"product of {p} and {q}"}, {}, "{p} * {q}",
            [](const Value& v, P) -> Value { return list(v)[0] * list(v)[1]; }),
      whole("difference", kPair, kInt, {"result of subtracting {q} from {p}"}, {}, "{p} - {q}",
            [](const Value& v, P) -> Value { return list(v)[0] - list(v)[1]; }),
      whole("distance", kPair, kInt, {"absolute difference of {p} and {q}"}, {}, "abs({p} - {q})",
            [](const Value& v, P) -> Value { return std::abs(list(v)[0] - list(v)[1]); }),
      whole("larger", kPair, kInt, {"larger of {p} and {q}", "maximum of {p} and {q}"}, {}, "max({p}, {q})",
            [](const Value& v, P) -> Value { return std::max(list(v)[0], list(v)[1]); }),
      whole("smaller", kPair, kInt, {"smaller of {p} and {q}", "minimum of {p} and {q}"}, {}, "min({p}, {q})",
            [](const Value& v, P) -> Value { return std::min(list(v)[0], list(v)[1]); }),
      whole("equal", kPair, kBool, {"True if {p} and {q} are equal, otherwise False"}, {}, "{p} == {q}",
            [](const Value& v, P) -> Value { return list(v)[0] == list(v)[1]; }),
      whole(
          "divides", kPair, kBool, {"True if {p} is divisible by {q}, otherwise False"}, {}, "{p} % {q} == 0",
          [](const Value& v, P) -> Value { return list(v)[0] % list(v)[1] == 0; }, none, CodeDomain::positive),
      whole(
          "remainder of two", kPair, kInt, {"remainder when {p} is divided by {q}"}, {}, "{p} % {q}",
          [](const Value& v, P) -> Value { return mod(list(v)[0], list(v)[1]); }, none, CodeDomain::positive),
      whole(
          "gcd", kPair, kInt, {"greatest common divisor of {p} and {q}"}, "while {q}:\n    {p}, {q} = {q}, {p} % {q}\n",
          "{p}", [](const Value& v, P) -> Value { return std::gcd(list(v)[0], list(v)[1]); }, none,
          CodeDomain::positive),
  };
}

}  // namespace

const std::vector<CodePart>& number_parts() {
  static const std::vector<CodePart> all = [] {
    std::vector<CodePart> out;
    for (std::vector<CodePart> some : {keeps(), changes(), slices_and_orders(), reducers(), sources_and_wholes()})
      for (CodePart& part : some) out.push_back(std::move(part));
    return out;
  }();
  return all;
}

}  // namespace r1
