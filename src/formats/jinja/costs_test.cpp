// What templates cost: the smallest limits within which they run.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "formats/jinja/jinja.hpp"

namespace r1 {
namespace {

constexpr size_t kCosts = 7;
struct Case {
  const char* source;
  std::array<u64, kCosts> least;  // work, memory, steps, parts, depth in the source, of evaluation, of values
};

void set(JinjaLimits& l, size_t which, u64 n) {
  switch (which) {
    case 0: l.work = n; break;
    case 1: l.memory = n; break;
    case 2: l.steps = n; break;
    case 3: l.nodes = n; break;
    case 4: l.parse_depth = static_cast<int>(n); break;
    case 5: l.run_depth = static_cast<int>(n); break;
    case 6: l.value_depth = static_cast<int>(n); break;
  }
}

bool runs(const char* source, const JinjaLimits& limits) {
  static const Json variables =
      parse_json(R"({"s": "hé🙂lo", "l": [3, 1, 2], "d": {"a": 1, "b": "x"}, "m": [{"k": 2}, {"k": 1}]})", "test")
          .value();
  JinjaOptions options;
  options.limits = limits;
  options.now = std::tm{};
  const auto parsed = JinjaTemplate::parse(source, "t", limits);
  return parsed && parsed->render(variables, options);
}

// The smallest value of a limit that suffices, by halving.
u64 least(const char* source, size_t which) {
  u64 low = 0, high = 1 << 20;
  while (low < high) {
    const u64 middle = (low + high) / 2;
    JinjaLimits limits;
    set(limits, which, middle);
    if (runs(source, limits)) high = middle;
    else low = middle + 1;
  }
  return low;
}

// The limits stop a hostile template in time, and let every honest one run. Both hold only if every step counts what it
// takes. The figures are what the program counted when this test was written; a change of them is a change of what the
// limits mean. A value takes 24 bytes.
TEST(JinjaCosts, ATemplateCountsItsWorkItsMemoryItsStepsItsPartsAndItsDepths) {
  const Case cases[] = {
      {R"(abc)", {67, 3, 0, 1, 1, 0, 0}},
      {R"({{ 1 }})", {193, 1, 0, 2, 2, 1, 0}},
      {R"({{ s }})", {169, 9, 0, 2, 2, 1, 0}},
      {R"({{ s[1] }}{{ s[-1] }})", {1048, 132, 0, 11, 4, 3, 0}},
      {R"({{ s[1:3] }}{{ s[::2] }}{{ s[::-1] }})", {1736, 185, 0, 20, 4, 3, 0}},
      {R"({{ l[1] }}{{ l[1:] }}{{ l[::-1] }})", {2105, 184, 0, 18, 4, 3, 1}},
      {R"({{ 'ab' + 'cd' }}{{ 'ab' ~ 1 ~ s }})", {1056, 252, 0, 9, 2, 2, 0}},
      {R"({{ 'ab' * 3 }}{{ [1, 2] * 2 }})", {1448, 342, 0, 10, 3, 3, 1}},
      {R"({{ [1] + [2, 3] }}{{ (1,) + (2,) }})", {2231, 432, 0, 13, 3, 3, 1}},
      {R"({{ 1 + 2 * 3 - 4 }}{{ -(5) }}{{ not 1 }})", {1032, 8, 0, 13, 4, 3, 0}},
      {R"({{ 1 == 2 }}{{ 1 < 2 < 3 }}{{ 1 != 1.5 }})", {1293, 13, 0, 13, 2, 2, 0}},
      {R"({{ 'abc' == 'abd' }}{{ 'abc' == 'ab' }}{{ s == s }})", {1242, 14, 0, 12, 2, 2, 0}},
      {R"({{ 'abc' < 'abcdef' }})", {391, 4, 0, 4, 2, 2, 0}},
      {R"({{ [1, 2] == [1, 2] }}{{ [1, 2] < [1, 3] }}{{ l == l }})", {2636, 292, 0, 20, 3, 3, 1}},
      {R"({{ {'a': 1, 'b': 2} == {'b': 2, 'a': 1} }})", {1574, 384, 0, 12, 3, 3, 1}},
      {R"({{ 'b' in 'abc' }}{{ 2 in [1, 2, 3] }}{{ 'a' in d }}{{ 'z' not in d }})", {1883, 172, 0, 19, 3, 3, 1}},
      {R"({{ {'a': 1, 'b': 2}['b'] }}{{ d.b }}{{ d['b'] }}{{ d.zz }})", {1924, 192, 0, 22, 3, 3, 1}},
      {R"({{ {1: 2, 'a': 3, 1.0: 4} }})", {1182, 206, 0, 8, 3, 2, 1}},
      {R"({{ [[1], {'a': [2]}] }})", {1521, 545, 0, 8, 5, 4, 3}},
      {R"({{ {'a': {'b': {'c': 1}}} }}{{ (1, (2, (3,))) }})", {2716, 454, 0, 15, 5, 4, 3}},
      {R"({{ l }}{{ d }}{{ [none, true, 'x'] }})", {1940, 404, 0, 9, 3, 2, 1}},
      {R"({{ l|tojson }}{{ d|tojson }}{{ s|tojson }})", {2636, 589, 0, 12, 2, 2, 0}},
      {R"({{ [1, {'a': [2, 3]}]|tojson(indent=2) }})", {1780, 610, 0, 11, 5, 5, 3}},
      {R"({{ "a'\n\"é" }}{{ ["a'\n\"é"] }}{{ "a\n\"é"|tojson(ensure_ascii=true) }})", {1300, 172, 0, 10, 3, 2, 1}},
      {R"({% for x in l %}{{ x }}{% endfor %})", {739, 3, 3, 5, 3, 1, 0}},
      {R"({% for x in l if x > 1 %}{{ loop.index }}{% endfor %})", {1714, 146, 5, 10, 3, 2, 1}},
      {R"({% for x in s %}{{ x }}{% endfor %}{% for k, v in d.items() %}{{ k }}{% endfor %})",
       {2652, 874, 7, 14, 3, 2, 2}},
      {R"({% for a in l %}{% for b in l %}{{ a * b }}{% endfor %}{% endfor %})", {3577, 9, 12, 10, 4, 2, 0}},
      {R"({% for a in range(4) %}{% macro f() %}{{ a }}{% endmacro %}{{ f() }}{% endfor %})",
       {4904, 1988, 9, 13, 4, 2, 1}},
      {R"({% macro f(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ f(1) }})"
       R"({{ f(1, b=3) }}{{ f(*[4, 5]) }}{{ f(**{'a': 6}) }})",
       {4257, 150, 4, 33, 4, 3, 1}},
      {R"({% macro f(n) %}{{ n }}{% if n %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }})",
       {3534, 136, 4, 18, 5, 6, 0}},
      {R"({% macro f() %}{{ caller() }}{% endmacro %}{% call f() %}x{% endcall %})", {835, 130, 2, 10, 3, 2, 0}},
      {R"({% set a = 1 %}{% set b, c = (2, 3) %}{{ a }}{{ b }}{{ c }}{% set e %}x{{ a }}{% endset %}{{ e }})",
       {1687, 144, 0, 22, 3, 2, 1}},
      {R"({% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{% filter upper %}abc{% endfilter %})",
       {1131, 264, 0, 13, 3, 1, 0}},
      {R"({% set n = namespace(x=1, y='ab') %}{% set n.x = 2 %}{{ n.x }}{{ n.y }}{{ n.z }})",
       {1967, 580, 1, 22, 3, 2, 0}},
      {R"({% if 0 %}a{% elif 1 %}b{% else %}c{% endif %}{{ 1 if 0 else 2 }})", {578, 2, 0, 11, 3, 2, 0}},
      {R"({{ s|upper }}{{ s|lower }}{{ s|title }}{{ s.title() }}{{ s|capitalize }}{{ s.swapcase() }})",
       {5484, 191, 0, 26, 2, 2, 0}},
      {R"({{ ' a '|trim }}{{ 'xax'.strip('x') }}{{ 'aab'.lstrip('a') }})", {1301, 132, 0, 16, 3, 2, 0}},
      {R"({{ 'a,b,c'.split(',') }}{{ 'a b c'.split() }}{{ 'a,b'.rsplit(',', 1) }}{{ 'a b'.rsplit() }})",
       {4524, 585, 0, 23, 3, 2, 1}},
      {R"({{ 'a=b'.partition('=') }}{{ 'a=b'.rpartition('=') }}{{ 'a\nb\n'.splitlines() }})",
       {3420, 585, 0, 17, 3, 2, 1}},
      {R"({{ 'abcabc'.find('c') }}{{ 'abcabc'.rfind('c') }}{{ 'abcabc'.index('c') }}{{ 'abcabc'.count('c') }})",
       {1588, 4, 0, 24, 3, 2, 0}},
      {R"({{ 'abcabc'.replace('b', 'xy') }}{{ 'ab'|replace('', '-') }})", {1378, 146, 0, 13, 3, 2, 0}},
      {R"({{ 'abc'.startswith('ab') }}{{ 'abc'.endswith(('x', 'bc')) }}{{ 'abc'.removeprefix('a') }})",
       {1505, 148, 0, 20, 4, 3, 1}},
      {R"({{ 'ab'.isalpha() }}{{ '12'.isdigit() }}{{ 'AB'.isupper() }}{{ 'ab'.islower() }})",
       {1680, 16, 0, 20, 2, 2, 0}},
      {R"({{ '-'.join(['a', 'b']) }}{{ l|join(', ') }}{{ l|join }}{{ m|join('-', attribute='k') }})",
       {3232, 275, 0, 23, 4, 3, 1}},
      {R"({{ 'ab'.center(6) }}{{ 'ab'.ljust(4) }}{{ 'ab'.rjust(4) }}{{ '7'.zfill(3) }})", {1826, 148, 0, 24, 3, 2, 0}},
      {R"({{ '%s|%5d|%-5s|%r' % ('a', 1, 'b', 'c') }}{{ '%(k)s' % {'k': 1} }})", {1683, 337, 0, 14, 3, 3, 1}},
      {R"({{ '{} {a}'.format(1, a='x') }})", {582, 134, 0, 7, 3, 2, 0}},
      {R"({{ l|sort }}{{ ['b', 'A']|sort }}{{ m|sort(attribute='k') }}{{ {'b': 1, 'a': 2}|dictsort }})",
       {5644, 1049, 9, 23, 3, 3, 2}},
      {R"({{ l|unique|list }}{{ l|max }}{{ l|min }}{{ l|sum }}{{ m|sum(attribute='k') }})",
       {2725, 177, 14, 22, 3, 2, 1}},
      {R"({{ l|reverse|list }}{{ 'abc'|reverse }}{{ l|first }}{{ l|last }}{{ 'abc'|list }})",
       {3878, 737, 0, 21, 2, 2, 1}},
      {R"({{ l|map('string')|join }}{{ m|map(attribute='k')|list }})"
       R"({{ l|select('odd')|list }}{{ m|selectattr('k', 'gt', 1)|list }})",
       {4175, 686, 10, 26, 3, 2, 2}},
      {R"({{ '<a&b>'|e }}{{ 'a\nb'|indent(2) }}{{ '[1, {"a": "b"}]'|from_json }})", {2667, 581, 0, 13, 3, 2, 2}},
      {R"({{ range(5)|list }}{{ dict(a=1) }}{{ dict({'a': 1}, b=2) }}{{ dict([('a', 1)]) }})",
       {4530, 488, 4, 27, 5, 4, 2}},
      {R"({{ d.get('b') }}{{ d.keys()|list }}{{ d.values()|list }})"
       R"({{ d.items()|list }}{{ l.index(2) }}{{ l.count(1) }})",
       {4747, 889, 0, 36, 3, 2, 2}},
      {R"({{ d.items }}{{ s.upper }}{{ d.pop }})", {1396, 212, 0, 12, 2, 2, 0}},
      {R"({{ strftime_now('%Y') }}{{ x is defined }}{{ l is iterable }}{{ 3 is divisibleby 3 }}{{ 1 is eq 1 }})",
       {2041, 136, 1, 23, 3, 2, 0}},
      {R"({{ x|default('a') }}{{ 3.5|round }}{{ '5'|int }}{{ '1.5'|float }}{{ l|length }}{{ s|length }})",
       {2026, 10, 0, 25, 3, 2, 0}},
      {R"({{ ((((1)))) }}{{ [[[[]]]] }}{{ {'a': {'b': {}}} }}{{ - - 1 }}{{ not not 1 }})", {3014, 465, 0, 21, 6, 4, 4}},
      {R"({{ s.upper().lower().strip()|upper|lower }}{{ l[0:2][0] }})", {3257, 274, 0, 20, 3, 2, 1}},
      {R"({{ 1 if (1 if 1 else 2) else 3 }}{{ 1 is eq [1] }})", {1086, 121, 0, 14, 4, 3, 1}}};
  for (const Case& c : cases) {
    ASSERT_TRUE(runs(c.source, {})) << c.source;
    std::array<u64, kCosts> got{};
    for (size_t i = 0; i < kCosts; ++i) got[i] = least(c.source, i);
    EXPECT_EQ(got, c.least) << c.source;
  }
}

std::string error(const char* source, const JinjaLimits& limits) {
  JinjaOptions options;
  options.limits = limits;
  const auto parsed = JinjaTemplate::parse(source, "t", limits);
  if (!parsed) return parsed.error().what;
  const auto got = parsed->render(Json::object({}), options);
  return got ? "" : got.error().what;
}

TEST(JinjaLimits, EveryLimitIsTheLastAllowedNumber) {
  JinjaLimits l;
  l.range = 5, l.repeat = 8, l.output = 10, l.call_depth = 3, l.source = 60;
  EXPECT_EQ(error("{{ range(5)|length }}", l), "");
  EXPECT_NE(error("{{ range(6)|length }}", l).find("range of 6 items, at most 5"), std::string::npos);
  EXPECT_EQ(error("{{ range(0, -10, -2)|length }}", l), "");
  EXPECT_NE(error("{{ range(0, -12, -2)|length }}", l).find("range of 6 items"), std::string::npos);
  EXPECT_EQ(error("{{ 'ab' * 4 }}", l), "");
  EXPECT_NE(error("{{ 'ab' * 5 }}", l).find("*: 5 times 2 bytes, at most 8"), std::string::npos);
  EXPECT_EQ(error("{{ 'a'.ljust(9) }}", l), "");
  EXPECT_NE(error("{{ 'a'.ljust(10) }}", l).find("a width of 10"), std::string::npos);
  EXPECT_EQ(error("{{ 'a'.zfill(9) }}", l), "");
  EXPECT_NE(error("{{ 'a'.zfill(10) }}", l).find("9 zeros"), std::string::npos);
  for (const char* fits : {"abcdefghij", "{{ 'abcdefghij' }}", "{% filter upper %}abcdefghij{% endfilter %}"})
    EXPECT_EQ(error(fits, l), "") << fits;
  for (const char* long_by_one : {"abcdefghijk", "{{ 'abcdefghijk' }}", "{% filter upper %}abcdefghijk{% endfilter %}",
                                  "{% for i in range(5) %}abc{% endfor %}"})
    EXPECT_NE(error(long_by_one, l).find("more than 10 bytes of output"), std::string::npos) << long_by_one;
  EXPECT_EQ(error(std::string(5, ' ').append(55, '#').c_str(), {.source = 60, .output = 60}), "");
  EXPECT_NE(error(std::string(61, ' ').c_str(), l).find("a template of 61 bytes, at most 60"), std::string::npos);
  l.source = 1000;
  const auto calls = [&](int n) {
    return error(
        fmt::format("{{% macro f(n) %}}{{% if n > 1 %}}{{{{ f(n - 1) }}}}{{% endif %}}{{% endmacro %}}{{{{ f({}) }}}}",
                    n)
            .c_str(),
        l);
  };
  EXPECT_EQ(calls(3), "");
  EXPECT_NE(calls(4).find("f: calls inside each other deeper than 3"), std::string::npos);
  // Calls that follow each other do not nest.
  EXPECT_EQ(error("{% macro f() %}{% endmacro %}{{ f() }}{{ f() }}{{ f() }}{{ f() }}{{ f() }}", l), "");
}

TEST(JinjaLimits, WidthsAndPrecisionsHaveLimitsOfTheirOwn) {
  const JinjaLimits l;
  for (const char* fits : {"{{ '%1000d' % 1 }}", "{{ '%.100f' % 1 }}", "{{ 'a'|indent(1000) }}", "{{ 1.5|round(15) }}",
                           "{{ [1]|tojson(indent=1000) }}", "{{ '1'|int(0, 36) }}", "{{ '1'|int(0, 2) }}",
                           "{{ strftime_now('x' * 256) }}", "{{ ('\"' + 'a' * 998 + '\"')|from_json }}"})
    EXPECT_EQ(error(fits, l), "") << fits;
  for (const char* beyond :
       {"{{ '%1001d' % 1 }}", "{{ '%.101f' % 1 }}", "{{ 'a'|indent(1001) }}", "{{ 'a'|indent(-1) }}",
        "{{ 1.5|round(16) }}", "{{ 1.5|round(-1) }}", "{{ [1]|tojson(indent=1001) }}", "{{ '1'|int(0, 37) }}",
        "{{ '1'|int(0, 1) }}", "{{ strftime_now('x' * 257) }}"})
    EXPECT_NE(error(beyond, l), "") << beyond;
}

// Line and column of what failed: the innermost expression, the operator, the filter or the statement.
TEST(JinjaLimits, AFilterWhoseTextDoesNotFitTheMemoryIsAnError) {
  // The text of 3000 bytes is a variable, so it takes no memory of the template.
  const Json variables = Json::object({{"s", "b " + std::string(2998, 'a')}, {"l", Json::array({"x", "y"})}});
  JinjaOptions options;
  options.limits.memory = 2000;
  for (const char* filter : {"s|title", "s|capitalize", "s|upper", "s|replace('a', 'c')", "s|indent", "l|join(s)",
                             "s|e", "s ~ 'x'", "s + 'x'", "s.title()", "s.capitalize()", "s.upper()"}) {
    const std::string source = fmt::format("{{% set t = {} %}}", filter);
    const auto parsed = JinjaTemplate::parse(source, "t", options.limits);
    ASSERT_TRUE(parsed) << source;
    const auto out = parsed->render(variables, options);
    ASSERT_FALSE(out) << source;
    EXPECT_NE(out.error().what.find("need more than 2000 bytes"), std::string::npos)
        << source << ": " << out.error().what;
  }
}

TEST(JinjaErrors, PointAtTheirPlace) {
  const struct {
    const char *source, *says;
  } cases[] = {
      {"{{ 08 }}{{ 0", "t: line 1, column 13: the template ends where '}}' was expected"},
      {"ab\n{{ 1 + x }}", "t: line 2, column 6: 'x' is undefined"},
      {"ab\n\n {{ 1 < none }}", "t: line 3, column 7: int and None have no order"},
      {"{{ 1 < 2 < none }}", "t: line 1, column 10: int and None have no order"},
      {"{{ 1 in 5 }}", "t: line 1, column 6: in is not defined for int and int"},
      {"{{ (1 + 2) - 'a' }}", "t: line 1, column 12: - is not defined for int and str"},
      {"{{ 1 // 0 }}", "t: line 1, column 6: //: division by zero"},
      {"{{ 1 % 0 }}", "t: line 1, column 6: %: division by zero"},
      {"{{ 1.5 / 0 }}", "t: line 1, column 8: /: division by zero"},
      {"{{ 2 ** 64 }}", "t: line 1, column 6: **: an integer beyond 64 bits"},
      {"{{ 0 ** -1 }}", "t: line 1, column 6: 0 to a negative power"},
      {"{{ -[] }}", "t: line 1, column 4: - is not defined for list and list"},
      {"{{ +[] }}", "t: line 1, column 4: + is not defined for list and list"},
      {"{{ 'a'(1) }}", "t: line 1, column 7: a value of type str cannot be called"},
      {"{{ [1][::0] }}", "t: line 1, column 7: a slice with step 0"},
      {"{{ [1]['a':] }}", "t: line 1, column 7: a slice needs integers, found str"},
      {"{% for a, b in [(1, 2, 3)] %}{% endfor %}", "3 values for 2 names"},
      {"{% set x.y = 1 %}", "t: line 1, column 4: cannot set an attribute of 'x': it is no namespace"},
      {"{{ dict(**5) }}", "t: line 1, column 8: ** needs a dict, found int"},
      {"{{ dict(**{1: 2}) }}", "** needs names as keys, found int"},
      {"{{ 1 is divisibleby 0 }}", "t: line 1, column 9: test divisibleby: division by zero"},
      {"{{ 'a' is odd }}", "test odd: needs an integer, found str"},
      {"{{ 1 is nosuch }}", "t: line 1, column 9: a test 'nosuch' is not known here"},
      {"{{ [1]|first(2) }}", "t: line 1, column 8: filter first: takes at most 0 arguments, given 1"},
      {"{{ [1]|join(x=2) }}", "filter join: does not take the argument x"},
      {"{{ [1]|join('', d=2) }}", "filter join: does not take the argument d"},
      {"{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "t: line 1, column 35: f takes 1 arguments, given 2"},
      {"{% macro f(a) %}{% endmacro %}{{ f(1, a=2) }}", "f: two values for a"},
      {"{% macro f(a) %}{% endmacro %}{{ f(b=2) }}", "f has no parameter b"},
      {"{{ [1, 2 }}", "t: line 1, column 10: unexpected '}'"},
      {"{{ {'a' 1} }}", "t: line 1, column 9: found '1' where ':' was expected"},
      {"{{ (1 2) }}", "t: line 1, column 7: found '2' where ')' was expected"},
      {"{{ a. }}", "t: line 1, column 7: found '}}' where a name or a number was expected"},
      {"{{ a| }}", "found '}}' where a filter's name was expected"},
      {"{{ a is }}", "found '}}' where a test's name was expected"},
      {"{{ 1 ] }}", "t: line 1, column 6: unexpected ']'"},
      {"{{ a\n ? }}", "t: line 2, column 2: unexpected character '?'"},
      {"é{# x", "t: line 1, column 2: a comment without its end"},
      {"{% raw %} x", "raw without endraw"},
      {"{{ '\\x4' }}", "an escape of 1 digits, needs 2"},
      {"{{ '\\ud800' }}", "an escape that is no character"},
      {"{{ '\\N{DASH}' }}", "characters by name"},
      {"{% break %}", "break and continue need a loop"},
      {"{% set true = 1 %}", "cannot assign to true"},
      {"{% for x in [] recursive %}{% endfor %}", "recursive loops are not supported"},
      {"{% macro f(a=1, b) %}{% endmacro %}", "a parameter without a default follows one with"},
      {"{% call 1 %}{% endcall %}", "call needs a call"},
      {"{{ range(1, 2, 0) }}", "range with step 0"},
      {"{{ {[]: 1} }}", "a list cannot be a key"},
      {"{{ '%s' % (1, 2) }}", "more values than the format takes"},
      {"{{ '%s %s' % 1 }}", "not enough values for the format"},
      {"{{ '%(a)s' % {} }}", "no value for a"},
      {"{{ '{1}'.format(1) }}", "no value for '{1}'"},
      {"{{ '{'.format(1) }}", "a brace without the other"},
      {"{{ 'abc'.center(5, 'xy') }}", "fills with one character"},
      {"{{ ''.join([1]) }}", "item 0 is no string but int"},
  };
  for (const auto& [source, says] : cases)
    EXPECT_NE(error(source, {}).find(says), std::string::npos) << source << ": " << error(source, {});
}

}  // namespace
}  // namespace r1
