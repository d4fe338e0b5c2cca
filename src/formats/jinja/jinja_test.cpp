#include "formats/jinja/jinja.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "core/file.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

const fs::path kTemplates = fs::path(R1_SOURCE_DIR) / "tests/data/templates";

// The variables and the time with which the fixtures were made.
JinjaOptions fixture_options() {
  JinjaOptions options;
  std::tm now{};
  now.tm_year = 126, now.tm_mon = 0, now.tm_mday = 2, now.tm_hour = 3, now.tm_min = 4, now.tm_sec = 5;
  options.now = now;
  return options;
}

Result<Rendered> render(std::string_view source, const Json& variables = Json::object({}),
                        const JinjaOptions& options = {}) {
  const JinjaTemplate program = R1_TRY(JinjaTemplate::parse(source, "t", options.limits));
  return program.render(variables, options);
}

Result<std::string> text(std::string_view source, const Json& variables = Json::object({}),
                         const JinjaOptions& options = {}) {
  return R1_TRY(render(source, variables, options)).text;
}

Json json(std::string_view text) { return parse_json(text, "test").value(); }

// ---- against Python

void expect_as_python(const std::string& source, const Json& variables, const Json& expected) {
  const auto got = text(source, variables, fixture_options());
  if (const Json* output = expected.find("output")) {
    ASSERT_TRUE(got) << source << "\n" << got.error().what;
    EXPECT_EQ(*got, *output->string()) << source;
  } else {
    EXPECT_FALSE(got) << source << "\nshould fail with " << dump(*expected.find("error")) << ", gave " << *got;
  }
}

TEST(Jinja, PrintsWhatPythonPrints) {
  const Json small = read_json(kTemplates / "jinja_cases.json").value();
  ASSERT_EQ(small.find("cases")->array()->size(), 97u);
  for (const Json& c : *small.find("cases")->array()) {
    const std::string& source = *c.find("template")->string();
    // Jinja itself does not know {% generation %}. transformers does, and renders what is inside.
    if (source == "{% generation %}x{% endgeneration %}") EXPECT_EQ(text(source).value(), "x");
    else expect_as_python(source, *c.find("vars"), c);
  }
  const Json more = read_json(kTemplates / "python_cases.json").value();
  ASSERT_GT(more.find("cases")->array()->size(), 150u);
  for (const Json& c : *more.find("cases")->array())
    expect_as_python(*c.find("template")->string(), *more.find("variables"), c);
}

// Checks every row of goldens.json in `folder` and returns their number.
size_t check_goldens(const fs::path& folder) {
  const Json file = read_json(folder / "goldens.json").value();
  for (const Json& row : *file.find("goldens")->array()) {
    const std::string& name = *row.find("template")->string();
    const std::string source = read_file(folder / name).value();
    Json variables = *file.find("cases")->find(*row.find("case")->string());
    for (const auto& [key, value] : *row.find("extra")->object()) variables.set(key, value);
    for (const char* key : {"bos_token", "eos_token", "add_generation_prompt"}) variables.set(key, *row.find(key));
    const auto got = text(source, variables, fixture_options());
    const std::string where = name + ", " + *row.find("case")->string();
    if (const Json* output = row.find("output")) {
      EXPECT_TRUE(got) << where << ": " << got.error().what;
      if (got) {
        EXPECT_EQ(*got, *output->string()) << where;
      }
    } else {
      EXPECT_FALSE(got) << where;
      if (got || *row.find("error_kind")->string() != "raise")
        continue;  // "raise": the template raised it in its own words
      EXPECT_NE(got.error().what.find(*row.find("error")->string()), std::string::npos) << where;
      EXPECT_EQ(got.error().code, Errc::invalid_argument) << where;
    }
  }
  return file.find("goldens")->array()->size();
}

TEST(Jinja, RealTemplatesRenderAsInPython) { EXPECT_EQ(check_goldens(kTemplates), 330u); }

fs::path outside_fixtures() {
  const char* folder = std::getenv("R1_FIXTURES");
  return folder ? fs::path(folder) / "templates" : fs::path();
}

TEST(Jinja, TemplatesOutsideTheRepositoryRenderAsInPython) {
  const fs::path folder = outside_fixtures();
  if (folder.empty() || !fs::exists(folder / "goldens.json"))
    GTEST_SKIP() << "R1_FIXTURES names no folder with templates";
  EXPECT_EQ(check_goldens(folder), 1260u);
  const Json other = read_json(folder / "hf-e2e.json").value();
  for (const auto& [name, c] : *other.find("cases")->object()) {
    JinjaOptions options = fixture_options();
    options.now->tm_year = 125, options.now->tm_mon = 6, options.now->tm_mday = 10;  // SmolLM3's expected text
    const auto got = text(*c.find("template")->string(), *c.find("context"), options);
    ASSERT_TRUE(got) << name << ": " << got.error().what;
    EXPECT_EQ(*got, *c.find("expected")->string()) << name;
  }
}

// ---- marks of the input

// The text with [ ] around its marked parts.
std::string marked(std::string_view source, const Json& variables) {
  const auto rendered = render(source, variables);
  if (!rendered) return rendered.error().what;
  std::string out;
  size_t begin = 0;
  for (const Rendered::Span& s : rendered->spans) {
    EXPECT_LT(begin, s.end);
    const std::string part = rendered->text.substr(begin, s.end - begin);
    out += s.from_input ? "[" + part + "]" : part;
    begin = s.end;
  }
  EXPECT_EQ(begin, rendered->text.size());
  return out;
}

// A temporary list must live as long as the filter that reads it.
TEST(Jinja, FiltersGoThroughStringsAndDictsAsThroughLists) {
  EXPECT_EQ(
      text(
          "{{ 'cab'|sort|join }} {{ {'b': 1, 'a': 2}|sort|join }} {{ 'ab'|map('upper')|join }} {{ 'aba'|unique|join }}")
          .value(),
      "abc ab AB ab");
  EXPECT_EQ(text("{{ {'b': 1}|select|join }} {{ 'ab'|reject('eq', 'a')|join }} {{ 'ab'|max }} {{ dict(['ab', 'cd']) }}")
                .value(),
            "b b b {'a': 'b', 'c': 'd'}");
}

TEST(Jinja, IntegersOfOtherBasesMayHaveTheirPrefix) {
  // What Jinja2 3.1 prints.
  for (const auto& [expression, printed] :
       std::initializer_list<std::pair<const char*, const char*>>{{"'0x1f'|int(0,16)", "31"},
                                                                  {"'1f'|int(0,16)", "31"},
                                                                  {"'-0X1F'|int(0,16)", "-31"},
                                                                  {"'0b11'|int(7,2)", "3"},
                                                                  {"'0o17'|int(7,8)", "15"},
                                                                  {"'0x1f'|int(7)", "7"},
                                                                  {"'0x1f'|int(7,8)", "7"},
                                                                  {"'0x1f'|int(7,0)", "31"},
                                                                  {"'0b1'|int(0,16)", "177"},
                                                                  {"'0x'|int(7,16)", "7"},
                                                                  {"'+0x1f'|int(0,16)", "31"},
                                                                  {"'--1'|int(7)", "7"},
                                                                  {"'0x-1'|int(7,16)", "7"},
                                                                  {"'12'|int(7,0)", "12"},
                                                                  {"' 42 '|int", "42"},
                                                                  {"'3.9'|int", "3"},
                                                                  {"'+-5'|int(7)", "7"}})
    EXPECT_EQ(text(fmt::format("{{{{ {} }}}}", expression)), std::string(printed)) << expression;
}

// What Jinja2 3.1 prints.
TEST(Jinja, ListsAndTuplesAreEqualIfTheirTypeSizeAndElementsAre) {
  EXPECT_EQ(
      text("{{ [1, 2] == [1, 2] }} {{ [1, 2] == [1, 2, 3] }} {{ [1, 2, 3] == [1, 2] }} {{ [1, 2] == [1, 3] }}").value(),
      "True False False False");
  EXPECT_EQ(text("{{ (1, 2) == (1, 2) }} {{ [1, 2] == (1, 2) }} {{ [[1], 2] != [[1], 2] }} {{ [] == [] }}").value(),
            "True False False True");
}

TEST(Jinja, AnItemOutsideAListOrATextIsUndefined) {
  EXPECT_EQ(text("{{ [1, 2][1] }}{{ [1, 2][-2] }}{{ 'ab'[-1] }}").value(), "21b");
  for (const char* outside : {"[1, 2][2]", "[1, 2][-3]", "'ab'[2]", "'ab'[-3]", "[][0]"})
    EXPECT_EQ(text(fmt::format("{{{{ {} is undefined }}}}", outside)).value(), "True") << outside;
  EXPECT_NE(text("{{ nothing[0] }}").error().what.find("'nothing' is undefined"), std::string::npos);
}

TEST(Jinja, RoundTakesDigitsUpAndDown) {
  EXPECT_EQ(text("{{ 2.347|round(2, 'floor') }} {{ 2.341|round(2, 'ceil') }} {{ (-2.5)|round(0, 'floor') }}").value(),
            "2.34 2.35 -3.0");
}

TEST(Jinja, LinesEndAtEverySeparatorOfPython) {
  for (const char* separator :
       {"\\n", "\\u000b", "\\u000c", "\\u001c", "\\u001d", "\\u001e", "\\u0085", "\\u2028", "\\u2029"})
    EXPECT_EQ(text("{{ x.splitlines()|length }}", json(fmt::format("{{\"x\": \"a{}b\"}}", separator))).value(), "2")
        << separator;
  EXPECT_EQ(text("{{ x.splitlines()|length }}", json("{\"x\": \"a\\u001fb\\u001bc\"}")).value(), "1");
}

TEST(Jinja, TheSmallestIntegerHasNoAbsoluteValue) {
  EXPECT_EQ(text("{{ (-9223372036854775807)|abs }} {{ (-2.5)|abs }}").value(), "9223372036854775807 2.5");
  EXPECT_FALSE(text("{{ (-9223372036854775807 - 1)|abs }}"));
}

TEST(JinjaSpans, TextOfVariablesStaysMarkedWhateverIsDoneToIt) {
  const Json v = json(R"({"c": " Ab</x>cD ", "l": ["p", "q"], "d": {"k": "v"}, "bos_token": "<s>", "n": 5})");
  EXPECT_EQ(marked("a{{ c }}b", v), "a[ Ab</x>cD ]b");
  EXPECT_EQ(marked("{{ 'a' + c|trim + 'b' }}", v), "a[Ab</x>cD]b");
  EXPECT_EQ(marked("{{ ('<' + c + '>').split('</x>')[0] }}", v), "<[ Ab]");
  EXPECT_EQ(marked("{{ ('-' ~ c)[1:4] }}|{{ ('-' ~ c)[::-1] }}", v), "[ Ab]|[ Dc>x/<bA ]-");
  EXPECT_EQ(marked("{{ c.replace('b', '+') }}", v), "[ A]+[</x>cD ]");
  EXPECT_EQ(marked("{{ 'xyz'.replace('y', c.strip()) }}", v), "x[Ab</x>cD]z");
  EXPECT_EQ(marked("{{ ('a' + c)|upper }}{{ ('a' + c).title() }}", v), "A[ AB</X>CD ]A[ Ab</X>Cd ]");
  EXPECT_EQ(marked("{{ l|join(', ') }} {{ '-'.join(l) }}", v), "[p], [q] [p]-[q]");
  EXPECT_EQ(marked("{{ d|tojson }}{{ {'role': d.k}|tojson }}", v), R"({"[k]": "[v]"}{"role": "[v]"})");
  EXPECT_EQ(marked("{{ l }}{{ d }}", v), "['[p]', '[q]']{'[k]': '[v]'}");
  EXPECT_EQ(marked("{% for k, x in d.items() %}{{ k }}={{ x }}{% endfor %}", v), "[k]=[v]");
  EXPECT_EQ(marked("{% macro f(x) %}<{{ x }}>{% endmacro %}{% set y = f(c|trim) %}{{ y }}", v), "<[Ab</x>cD]>");
  EXPECT_EQ(marked("{% set y %}<{{ n }}{{ c[1] }}{% endset %}{{ y|upper }}", v), "<5[A]");
  EXPECT_EQ(marked("{{ '%s:%s'|format('a', d.k) }}{{ '{}'.format(d.k) }}{{ d.k|indent }}{{ d.k|e }}", v), "a:[vvvv]");
  EXPECT_EQ(marked("{{ bos_token }}{{ bos_token + d.k }}", v), "<s><s>[v]");
  EXPECT_EQ(marked("{{ '[\"a\"]'|from_json }}{{ d.k|default('x') }}{{ d.z|default('x') }}", v), "['a'][v]x");
}

TEST(JinjaSpans, OnlyTrustedVariablesAreTheTemplatesOwn) {
  JinjaOptions options;
  options.trusted = {"mine"};
  const Rendered r = render("{{ mine }}{{ bos_token }}", json(R"({"mine": "a", "bos_token": "b"})"), options).value();
  ASSERT_EQ(r.spans.size(), 2u);
  EXPECT_FALSE(r.spans[0].from_input);
  EXPECT_TRUE(r.spans[1].from_input);
}

TEST(JinjaSpans, BytesThatAreNoTextBecomeReplacementCharacters) {
  EXPECT_EQ(text("{{ x }}{{ x|length }}", Json::object({{"x", std::string("a\xff\xc3(")}})).value(), "a\uFFFD\uFFFD(4");
}

// ---- errors

std::string error(std::string_view source, const JinjaLimits& limits = {}) {
  JinjaOptions options;
  options.limits = limits;
  const auto got = render(source, json(R"({"m": [1], "s": "text"})"), options);
  return got ? "no error" : got.error().what;
}

TEST(JinjaErrors, NameTheTemplateTheLineAndTheColumn) {
  EXPECT_EQ(error("a\n {{ nope.x }}"), "t: line 2, column 9: 'nope' is undefined");
  EXPECT_EQ(error("{{ 1 +\n  }}"), "t: line 2, column 3: found '}}' where an expression was expected");
  EXPECT_EQ(error("é{{ 'abc"), "t: line 1, column 5: a string without its end");
  EXPECT_EQ(error("{% if s %}\nx"), "t: line 2, column 2: the template ends where 'endif' was expected");
  EXPECT_EQ(error("{% include 'x' %}"), "t: line 1, column 4: a statement 'include' is not known here");
  EXPECT_EQ(error("{{ s|frobnicate }}"), "t: line 1, column 6: a filter 'frobnicate' is not known here");
  EXPECT_EQ(error("{{ s.strip(5) }}"), "t: line 1, column 5: strip: needs a string, found int");
  EXPECT_EQ(error("{{ m|join(1, 2, 3) }}"), "t: line 1, column 6: filter join: takes at most 2 arguments, given 3");
  EXPECT_EQ(error("{{ s + 1 }}"), "t: line 1, column 6: + is not defined for str and int");
  EXPECT_EQ(error("{% macro f() %}{{ 1/0 }}{% endmacro %}\n{{ f() }}"), "t: line 1, column 20: /: division by zero");
  EXPECT_EQ(error("{{ raise_exception('not so') }}"), "t: line 1, column 19: not so");
  EXPECT_EQ(render("{{ x }}", Json::array({})).error().what, "t: variables: expected an object, found an array of 0");
  EXPECT_EQ(JinjaTemplate::parse("a\xff", "t").error().what, "t: not UTF-8 at byte 1");
}

TEST(JinjaErrors, NothingBeyondDataCanBeReached) {
  for (const char* source :
       {"{{ ''.__class__.__mro__ }}", "{{ m.append(2) }}", "{{ m.__class__.__base__ }}", "{{ range.__globals__.x }}",
        "{{ dict.fromkeys([1]) }}", "{{ raise_exception.__init__() }}", "{% import 'x' as y %}",
        "{{ cycler.__init__ }}", "{{ self.x }}", "{{ s.format_map({}) }}", "{{ '{0.__class__}'.format(s) }}",
        "{{ s.encode() }}", "{{ lipsum() }}", "{% extends 'x' %}", "{% do m %}"})
    EXPECT_NE(error(source), "no error") << source;
  EXPECT_EQ(text("{{ m.__class__ }}{{ s.__len__ }}", json(R"({"m": [], "s": ""})")).value(), "");
}

// ---- limits

std::string repeated(std::string_view part, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += part;
  return out;
}

TEST(JinjaLimits, SourcesThatNestAreRefused) {
  const size_t n = 1 << 17;
  for (const std::string& source :
       {"{{ " + repeated("(", n), "{{ " + repeated("[", n) + repeated("]", n) + " }}", "{{ " + repeated("{'a':", n),
        "{{ " + repeated("-", n) + "1 }}", "{{ " + repeated("not ", n) + "1 }}", "{{ " + repeated("f(", n),
        "{{ a" + repeated("[b", n), "{{ " + repeated("x if ", n), "{{ " + repeated("1 if 1 else ", n / 4) + "1 }}",
        repeated("{% if 1 %}", n / 4), repeated("{% for x in y %}", n / 8), "{% set " + repeated("(", n),
        "{{ x" + repeated("|f(x", n), repeated("{% macro f() %}", n / 8), repeated("{% filter upper %}", n / 8),
        "{{ x is " + repeated("eq [", n)})
    EXPECT_NE(error(source).find("nested deeper than 200"), std::string::npos)
        << source.substr(0, 20) << ": " << error(source);
  EXPECT_NE(error(std::string((1 << 20) + 1, 'x')).find("1048577 bytes, at most 1048576"), std::string::npos);
  EXPECT_NE(error("{{ [" + repeated("1,", 300'000) + "] }}").find("more than 262144 parts"), std::string::npos);
}

TEST(JinjaLimits, LongChainsDoNotNest) {
  EXPECT_EQ(text("{{ 0" + repeated(" + 1", 50'000) + " }}").value(), "50000");
  EXPECT_EQ(text("{{ (''" + repeated(" ~ 'a'", 50'000) + ")|length }}").value(), "50000");
  EXPECT_EQ(text("{{ s" + repeated("|upper", 10'000) + " }}", json(R"({"s": "a"})")).value(), "A");
  EXPECT_EQ(text("{{ 1" + repeated(" and 1", 50'000) + " }}").value(), "1");
  EXPECT_EQ(text(repeated("{% if 0 %}a{% elif 0 %}b{% endif %}", 10'000)).value(), "");
}

TEST(JinjaLimits, ProgramsThatDoNotEndAreEnded) {
  EXPECT_NE(error("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}")
                .find("more than 1000000 rounds"),
            std::string::npos);
  EXPECT_NE(error("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}").find("calls inside each other deeper than 50"),
            std::string::npos);
  EXPECT_NE(error("{% macro f(n) %}" + repeated("{{ f(n - 1) if n }}", 2) + "{% endmacro %}{{ f(40) }}")
                .find("more than 1000000 rounds"),
            std::string::npos);
  EXPECT_NE(
      error("{% macro f(x) %}{{ " + repeated("[", 150) + "f(x)" + repeated("]", 150) + " }}{% endmacro %}{{ f(1) }}")
          .find("evaluation deeper than 1000"),
      std::string::npos);
  EXPECT_NE(error("{{ range(100001) }}").find("range of 100001 items, at most 100000"), std::string::npos);
  EXPECT_NE(error("{{ range(-9223372036854775807, 9223372036854775807) }}").find("range of"), std::string::npos);
  JinjaLimits small;
  small.work = 1 << 20;
  EXPECT_NE(
      error("{% for a in range(1000) %}{{ m[0] + 1 - 1 + 1 - 1 + 1 - 1 + 1 - 1 + 1 - 1 + 1 - 1 }}{% endfor %}", small)
          .find("works for too long"),
      std::string::npos);
  small.steps = 2;
  EXPECT_NE(error("{% for a in [1, 2, 3] if false %}{% endfor %}", small).find("more than 2 rounds"),
            std::string::npos);
}

TEST(JinjaLimits, ValuesThatGrowAreRefused) {
  EXPECT_NE(error("{{ 'abcd' * 300000 }}").find("300000 times 4 bytes, at most 1048576"), std::string::npos);
  EXPECT_NE(error("{{ [1] * 99999999999 }}").find("at most 1048576"), std::string::npos);
  EXPECT_NE(error("{% set n = namespace(s='ab') %}{% for i in range(64) %}{% set n.s = n.s + n.s %}{% endfor %}")
                .find("need more than 33554432 bytes"),
            std::string::npos);
  EXPECT_NE(error("{% set n = namespace(l=[1]) %}{% for i in range(64) %}{% set n.l = n.l + n.l %}{% endfor %}")
                .find("need more than"),
            std::string::npos);
  EXPECT_NE(error("{% set n = namespace(l=[]) %}{% for i in range(100000) %}{% set n.l = [n.l] %}{% endfor %}")
                .find("deeper than 200"),
            std::string::npos);
  EXPECT_NE(
      error("{% set n = namespace(l=[1]) %}{% for i in range(40) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l }}")
          .find("need more than"),
      std::string::npos);
  EXPECT_NE(
      error(
          "{% set n = namespace(l=[1]) %}{% for i in range(40) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l|tojson }}")
          .find("need more than"),
      std::string::npos);
  EXPECT_NE(
      error("{% for i in range(100000) %}{{ 'x' * 1000 }}{% endfor %}").find("more than 16777216 bytes of output"),
      std::string::npos);
  EXPECT_NE(error("{% set a = 'a' * 1000000 %}{{ a.replace('a', a) }}").find("need more than"), std::string::npos);
  EXPECT_NE(error("{% set a = 'a,' * 500000 %}{{ a.split(',')|length }}").find("need more than"), std::string::npos);
  EXPECT_NE(error("{{ range(100000)|join('x' * 1000) }}").find("need more than"), std::string::npos);
  EXPECT_NE(error("{{ [[]]|tojson(indent=100000) }}").find("an indent of 100000"), std::string::npos);
  EXPECT_NE(error("{{ '%99999d' % 1 }}").find("a width beyond 1000"), std::string::npos);
  EXPECT_NE(error("{{ 'a'.center(99999999) }}").find("a width of 99999999"), std::string::npos);
  EXPECT_NE(error("{{ 9223372036854775807 + 1 }}").find("an integer beyond 64 bits"), std::string::npos);
  EXPECT_NE(error("{{ 10 ** 1000 }}").find("an integer beyond 64 bits"), std::string::npos);
  EXPECT_NE(error("{{ 99999999999999999999 }}").find("no integer below 2^63"), std::string::npos);
  EXPECT_EQ(text("{{ (-9223372036854775807 - 1) // -1 if false }}{{ (-9223372036854775807 - 1) % -1 }}").value(), "0");
}

TEST(Jinja, ABracketThatIsNotClosedIsAnErrorOfTheTemplate) {
  for (const char* open : {"{{ (1 }}", "{{ [1 }}", "{{ {'a': 1 }}", "{{ 'ab'[0 }}", "{{ range(1 }}", "{{ 'a'|join(1 }}",
                           "{{ 1 is divisibleby(2 }}", "{% macro m(a %}x{% endmacro %}"})
    EXPECT_FALSE(text(open)) << open;
}

TEST(Jinja, OnlyAProductRepeatsATextOrAList) {
  EXPECT_EQ(text("{{ 2 * 'ab' }}{{ 'c' * 2 }}").value(), "ababcc");
  EXPECT_FALSE(text("{{ 2 + 'ab' }}"));
  EXPECT_FALSE(text("{{ 2 - [1] }}"));
}

TEST(Jinja, ParametersOfAMacroAreSeparatedByCommas) {
  EXPECT_EQ(text("{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(1, 2) }}").value(), "12");
  EXPECT_FALSE(text("{% macro m(a b) %}{% endmacro %}"));
}

TEST(Jinja, JoinTakesAnAttributeOfEveryElement) {
  const Json v = json(R"({"m": [{"a": 1}, {"a": 2}]})");
  EXPECT_EQ(text("{{ m|join(',', attribute='a') }}", v).value(), "1,2");
  EXPECT_EQ(text("{{ [1, 2]|join(',', attribute=none) }}").value(), "1,2");
}

TEST(Jinja, ANumberBeyondSixtyFourBitsIsNoInteger) {
  EXPECT_EQ(text("{{ '%d'|format(8e18) }}").value(), "8000000000000000000");
  EXPECT_FALSE(text("{{ '%d'|format(1e19) }}"));
  EXPECT_EQ(text("{{ 9e18|int }} {{ 1e19|int }} {{ 1e19|int(5) }}").value(), "9000000000000000000 0 5");
}

// 2^53 and 2^53 + 1 are one number in floating point.
TEST(Jinja, LargeIntegersAreComparedAsIntegers) {
  EXPECT_EQ(text("{{ 9007199254740993 == 9007199254740992 }}").value(), "False");
  EXPECT_EQ(text("{{ 9007199254740993 > 9007199254740992 }}").value(), "True");
  EXPECT_EQ(text("{{ 9007199254740992.0 == 9007199254740992 }}").value(), "True");
}

TEST(Jinja, ALoopWithoutItemsIsAnErrorOfTheTemplate) { EXPECT_FALSE(text("{% for x in %}a{% endfor %}")); }

TEST(JinjaLimits, AComparisonWorksOnTheBytesOfTheShorterText) {
  const Json v = Json::object({{"long", std::string(1'000'000, 'a')}});
  // The bytes of the long text would count 1e10, and the limit is 2^31.
  EXPECT_EQ(text("{% for i in range(10000) %}{{ '' if 'b' > long else i }}{% endfor %}", v).value(), "");
}

TEST(JinjaLimits, EveryComparisonOfASortIsWork) {
  JinjaLimits small;
  // Sorting 1000 items takes at least 999 comparisons, of 64 each. The second template shows that the rest takes less.
  small.work = 999 * 64;
  EXPECT_NE(error("{{ range(1000)|sort|length }}", small).find("works for too long"), std::string::npos);
  EXPECT_EQ(error("{{ range(1000)|list|length }}", small), "no error");
}

TEST(JinjaLimits, AConvertedTextThatDoesNotFitTheMemoryIsAnError) {
  JinjaOptions options;
  options.limits.memory = 3000;  // enough for one copy of the text, which is converted and then added to the result
  const auto got = text("{{ '%s' % s }}", Json::object({{"s", std::string(2000, 'x')}}), options);
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().what.find("need more than 3000 bytes"), std::string::npos) << got.error().what;
}

TEST(JinjaLimits, NamespacesMayHoldEachOther) {
  EXPECT_EQ(
      text(
          "{% set a = namespace() %}{% set b = namespace(a=[a]) %}{% set a.b = b %}{% set a.a = a %}{{ a.b.a[0].b == b }}")
          .value(),
      "True");
  EXPECT_EQ(
      text(
          "{% set n = namespace() %}{% for i in [1, 2] %}{% macro f() %}{{ i }}{% endmacro %}{% set n.f = f %}{% endfor %}{{ n.f() }}")
          .value(),
      "2");
}

TEST(JinjaLimits, NoCutOfARealTemplateDoesHarm) {
  const std::string source = read_file(kTemplates / "llama.cpp-2025-02/Qwen-Qwen2.5-7B-Instruct.jinja").value();
  const Json v =
      json(R"({"messages": [{"role": "user", "content": "x"}], "tools": [{"a": 1}], "add_generation_prompt": true})");
  size_t rendered = 0;
  for (size_t cut = 0; cut < source.size(); ++cut) {
    const auto got = text(source.substr(0, cut), v);
    rendered += got ? 1 : 0;
    EXPECT_TRUE(got || got.error().what.starts_with("t: ")) << got.error().what;
  }
  EXPECT_GT(rendered, 0u);
  EXPECT_LT(rendered, source.size());
}

}  // namespace
}  // namespace r1
