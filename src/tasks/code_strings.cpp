// The parts of "code" problems that work on strings and on lists of strings.
#include <algorithm>
#include <cctype>

#include "tasks/code.hpp"

namespace r1 {
namespace {

using Value = CodeValue;
using P = const CodeParameters&;
using Texts = std::vector<std::string>;

const std::string& text(const Value& v) { return std::get<std::string>(v); }
const Texts& list(const Value& v) { return std::get<Texts>(v); }

bool is_vowel(char c) { return std::string_view("aeiou").find(c) != std::string_view::npos; }

template <class F>
std::string without(std::string s, F drop) {
  s.erase(std::remove_if(s.begin(), s.end(), drop), s.end());
  return s;
}

template <class F>
std::string each_letter(std::string s, F f) {
  for (char& c : s) c = static_cast<char>(f(static_cast<unsigned char>(c)));
  return s;
}

constexpr auto kText = CodeType::text;
constexpr auto kTexts = CodeType::texts;
constexpr auto kInt = CodeType::integer;
constexpr auto kBool = CodeType::boolean;

CodePart rewrite(std::string_view id, std::string_view gerund, std::string_view expression,
                 Value (*apply)(const Value&, P), CodeParameter parameter = CodeParameter::none,
                 std::vector<std::string_view> wordings = {}) {
  return {id, CodeRole::rewrite, kText, kText, std::move(wordings), {}, expression, apply, parameter, {}, gerund};
}

CodePart keep(std::string_view id, std::vector<std::string_view> wordings, std::string_view condition,
              Value (*apply)(const Value&, P), CodeParameter parameter) {
  return {id, CodeRole::keep, kTexts, kTexts, std::move(wordings), {}, condition, apply, parameter};
}

CodePart reduce(std::string_view id, CodeType from, CodeType to, std::vector<std::string_view> wordings,
                std::string_view expression, Value (*apply)(const Value&, P),
                CodeParameter parameter = CodeParameter::none, std::string_view nothing = {}) {
  return {id, CodeRole::reduce, from, to, std::move(wordings), {}, expression, apply, parameter, {}, {}, nothing};
}

CodePart with_traps(CodePart part, std::vector<CodeValue> traps) {
  part.traps = std::move(traps);
  return part;
}

}  // namespace

const std::vector<CodePart>& string_parts() {
  using enum CodeParameter;
  static const std::vector<CodePart> all = {
      rewrite("reverse text", "reversing {}", "{}[::-1]",
              [](const Value& v, P) -> Value { return std::string(text(v).rbegin(), text(v).rend()); }),
      rewrite("upper", "converting {} to upper case", "{}.upper()",
              [](const Value& v, P) -> Value { return each_letter(text(v), [](int c) { return std::toupper(c); }); }),
      rewrite("lower", "converting {} to lower case", "{}.lower()",
              [](const Value& v, P) -> Value { return each_letter(text(v), [](int c) { return std::tolower(c); }); }),
      rewrite("no spaces", "removing all spaces from {}", "{}.replace(' ', '')",
              [](const Value& v, P) -> Value { return without(text(v), [](char c) { return c == ' '; }); }),
      with_traps(rewrite("no vowels", "removing the vowels a, e, i, o and u from {}",
                         "''.join(c for c in {} if c not in 'aeiou')",
                         [](const Value& v, P) -> Value { return without(text(v), is_vowel); }),
                 {std::string("sequoia by")}),
      with_traps(rewrite("no first", "removing the first character of {}", "{}[1:]",
                         [](const Value& v, P) -> Value { return text(v).empty() ? "" : text(v).substr(1); }),
                 {std::string("to")}),
      with_traps(rewrite("no last", "removing the last character of {}", "{}[:-1]",
                         [](const Value& v, P) -> Value {
                           return text(v).substr(0, text(v).empty() ? 0 : text(v).size() - 1);
                         }),
                 {std::string("to")}),
      rewrite(
          "remove", "removing every '{c}' from {}", "{}.replace('{c}', '')",
          [](const Value& v, P p) -> Value { return without(text(v), [&](char c) { return c == p.c; }); }, letter),
      rewrite(
          "replace", "replacing every '{c}' in {} by '{d}'", "{}.replace('{c}', '{d}')",
          [](const Value& v, P p) -> Value { return each_letter(text(v), [&](int c) { return c == p.c ? p.d : c; }); },
          letters),
      rewrite("repeat", "repeating {} {a} times", "{} * {a}",
              [](const Value& v, P p) -> Value {
                std::string out;
                for (i64 i = 0; i < p.a; ++i) out += text(v);
                return out;
              },
              count, {"string that consists of {a} copies of {}"}),
      rewrite("start", "keeping only the first {a} characters of {}", "{}[:{a}]",
              [](const Value& v, P p) -> Value { return text(v).substr(0, static_cast<size_t>(p.a)); }, count,
              {"first {a} characters of {}"}),
      rewrite(
          "append", "adding '{c}' to the end of {}", "{} + '{c}'",
          [](const Value& v, P p) -> Value { return text(v) + p.c; }, letter),

      reduce("length", kText, kInt, {"length of {}", "number of characters in {}"}, "len({})",
             [](const Value& v, P) -> Value { return std::ssize(text(v)); }),
      with_traps(
          reduce("vowels", kText, kInt, {"number of vowels (a, e, i, o, u) in {}"}, "sum(c in 'aeiou' for c in {})",
                 [](const Value& v, P) -> Value { return std::count_if(text(v).begin(), text(v).end(), is_vowel); }),
          {std::string("sequoia by")}),
      reduce(
          "first letter", kText, kText, {"first character of {}"}, "{}[:1]",
          [](const Value& v, P) -> Value { return text(v).substr(0, 1); }, none, "''"),
      reduce(
          "last letter", kText, kText, {"last character of {}"}, "{}[-1:]",
          [](const Value& v, P) -> Value { return text(v).substr(text(v).empty() ? 0 : text(v).size() - 1); }, none,
          "''"),
      with_traps(
          reduce(
              "palindrome", kText, kBool,
              {"True if {} reads the same forwards and backwards, otherwise False",
               "True if {} is a palindrome, otherwise False"},
              "{} == {}[::-1]",
              [](const Value& v, P) -> Value { return std::equal(text(v).begin(), text(v).end(), text(v).rbegin()); },
              none, "True"),
          {std::string("abba"), std::string("abca")}),
      reduce(
          "how many", kText, kInt, {"number of times the letter '{c}' occurs in {}", "number of letters '{c}' in {}"},
          "{}.count('{c}')",
          [](const Value& v, P p) -> Value { return std::count(text(v).begin(), text(v).end(), p.c); }, letter),
      reduce(
          "has", kText, kBool, {"True if {} contains the letter '{c}', otherwise False"}, "'{c}' in {}",
          [](const Value& v, P p) -> Value { return text(v).find(p.c) != std::string::npos; }, letter),
      reduce(
          "starts", kText, kBool, {"True if {} starts with the letter '{c}', otherwise False"}, "{}.startswith('{c}')",
          [](const Value& v, P p) -> Value { return !text(v).empty() && text(v).front() == p.c; }, letter),
      reduce(
          "ends", kText, kBool, {"True if {} ends with the letter '{c}', otherwise False"}, "{}.endswith('{c}')",
          [](const Value& v, P p) -> Value { return !text(v).empty() && text(v).back() == p.c; }, letter),
      {"words of",
       CodeRole::source,
       kText,
       kTexts,
       {"words of {}"},
       {},
       "{}.split()",
       [](const Value& v, P) -> Value {
         Texts out;
         bool inside = false;
         for (const char c : text(v)) {
           if (c != ' ' && !inside) out.emplace_back();
           if ((inside = c != ' ')) out.back() += c;
         }
         return out;
       },
       none,
       {},
       {},
       {},
       "from left to right"},

      keep(
          "longer", {"have more than {a} letters", "are longer than {a} letters"}, "len(x) > {a}",
          [](const Value& x, P p) -> Value { return std::ssize(text(x)) > p.a; }, count),
      keep(
          "shorter", {"have fewer than {a} letters", "are shorter than {a} letters"}, "len(x) < {a}",
          [](const Value& x, P p) -> Value { return std::ssize(text(x)) < p.a; }, count),
      keep(
          "starting", {"start with '{c}'", "begin with the letter '{c}'"}, "x.startswith('{c}')",
          [](const Value& x, P p) -> Value { return !text(x).empty() && text(x).front() == p.c; }, letter),
      keep(
          "ending", {"end with '{c}'", "end with the letter '{c}'"}, "x.endswith('{c}')",
          [](const Value& x, P p) -> Value { return !text(x).empty() && text(x).back() == p.c; }, letter),
      keep(
          "having", {"contain '{c}'", "contain the letter '{c}'"}, "'{c}' in x",
          [](const Value& x, P p) -> Value { return text(x).find(p.c) != std::string::npos; }, letter),
      {"lengths",
       CodeRole::change,
       kTexts,
       CodeType::integers,
       {"lengths of {}"},
       {},
       "len(x)",
       [](const Value& x, P) -> Value { return std::ssize(text(x)); },
       none,
       {},
       "taking the length of {}"},
      {"capitals",
       CodeRole::change,
       kTexts,
       kTexts,
       {},
       {},
       "x.upper()",
       [](const Value& x, P) -> Value { return each_letter(text(x), [](int c) { return std::toupper(c); }); },
       none,
       {},
       "converting {} to upper case"},
      reduce("count words", kTexts, kInt, {"number of {P}"}, "len({})",
             [](const Value& v, P) -> Value { return std::ssize(list(v)); }),
      reduce("glue", kTexts, kText, {"string that consists of {}, with nothing between them"}, "''.join({})",
             [](const Value& v, P) -> Value {
               std::string out;
               for (const std::string& s : list(v)) out += s;
               return out;
             }),
      reduce(
          "join", kTexts, kText, {"string that consists of {}, with '{c}' between them"}, "'{c}'.join({})",
          [](const Value& v, P p) -> Value {
            std::string out;
            for (size_t i = 0; i < list(v).size(); ++i) out += (i ? std::string(1, p.c) : "") + list(v)[i];
            return out;
          },
          separator),
  };
  return all;
}

}  // namespace r1
