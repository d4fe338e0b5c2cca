#include "grammar/gbnf.hpp"

#include <gtest/gtest.h>

#include "grammar/test_slow_grammar.hpp"

namespace r1 {
namespace {

TEST(Gbnf, ReadsWhatLlamaCppReads) {
  const struct {
    const char* gbnf;
    std::vector<std::string> yes, no;
  } cases[] = {
      {"root ::= \"\\x41\\u00e9\\U0001F600\\n\\\"\\\\\\[\\]\"", {"A\xc3\xa9\xf0\x9f\x98\x80\n\"\\[]"}, {"A"}},
      {"root ::= [\\]a\\-c-e-]", {"]", "a", "-", "c", "d", "e"}, {"b", "\\"}},
      {"root ::= [^\\n]", {"a"}, {"\n"}},
      {"# comment\nroot ::= a-1 b_2 # more\n\n\na-1 ::= \"x\"\r\nb_2 ::= \"y\"", {"xy"}, {"x"}},
      {"root ::=\n  \"a\" (\n \"b\"\n | \"c\" # here\n )* |\n \"d\"", {"a", "abcb", "d"}, {"ad"}},
      {"root ::= \"a\"\n  | \"b\"", {"a", "b"}, {""}},
      {"root ::= \"\" | (\"a\" | ) \"b\"", {"", "b", "ab"}, {"a"}},
      {"root ::= \"ab\"{2} \"c\"{1,} \"d\"{,2} \"e\"{0,1}", {"ababc", "ababccdde"}, {"abc", "ababcddd"}},
      {"root ::= \"a\"+?", {"", "a", "aaa"}, {"b"}},
  };
  for (const auto& c : cases) {
    const auto g = read_gbnf(c.gbnf);
    ASSERT_TRUE(g) << c.gbnf << ": " << g.error().what;
    ASSERT_TRUE(check(*g)) << c.gbnf;
    for (const std::string& text : c.yes) EXPECT_TRUE(SlowGrammar(*g, text).complete) << c.gbnf << "  " << text;
    for (const std::string& text : c.no) EXPECT_FALSE(SlowGrammar(*g, text).complete) << c.gbnf << "  " << text;
  }
}

TEST(Gbnf, RefusesWithThePlaceAndTheReason) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "no rule named root"},
      {"root = \"a\"", "line 1, column 6: expected ::="},
      {"root ::= \"a", "line 1, column 12: expected \" at the end of a literal at the end"},
      {"root ::= \"a\nb\"", "expected \" at the end of a literal"},
      {"root ::= [a", "expected ] at the end of a class"},
      {"root ::= [b-a]", "a range that ends before it begins"},
      {"root ::= (\"a\"", "expected ) at the end"},
      {"root ::= \"a\")", "expected the end of the rule at \")\""},
      {"root ::= * \"a\"", "a repetition of nothing"},
      {"root ::= \"\\q\"", "an unknown escape"},
      {"root ::= \"\\x4\"", "expected 2 hexadecimal digits"},
      {"root ::= \"\\ud800\"", "the number of no character"},
      {"root ::= \"a\"{3,2}", "at least 3 and at most 2"},
      {"root ::= \"a\"{99999}", "more than 10000 repetitions"},
      {"root ::= \"a\"{2", "expected } behind"},
      {"root ::= \"a\"{x}", "expected a number of repetitions"},
      {"root ::= x", "uses the rule x, but does not define it"},
      {"root ::= \"a\"\nroot ::= \"b\"", "line 2, column 1: a rule that is defined already"},
      {"root ::= <[12]>", "tokens (<...>) are not supported"},
      {"root ::= \"\xff\"", "a byte that is not UTF-8"},
      {std::string(70000, '#'), "70000 bytes, at most 65536"},
      {"root ::= " + std::string(100, '(') + "\"a\"" + std::string(100, ')'), "nested more than 64 deep"},
  };
  for (const auto& [gbnf, message] : cases) {
    const auto g = read_gbnf(gbnf);
    ASSERT_FALSE(g) << gbnf;
    EXPECT_NE(g.error().what.find(message), std::string::npos) << g.error().what;
  }
}

TEST(Gbnf, CheckRefusesGrammarsThatCannotRun) {
  const std::pair<const char*, const char*> cases[] = {
      {"root ::= root \"a\" | \"a\"", "rule root: it calls itself before it has matched anything"},
      {"root ::= x\nx ::= \"a\"? y\ny ::= x | \"b\"", "rule x: it calls itself"},
      {"root ::= (\"a\"* root)? \"b\"", "rule root: it calls itself"},
      {"root ::= \"a\" root", "rule root: it can never end"},
      {"root ::= \"a\" | x\nx ::= \"(\" y\ny ::= \")\" x", "it can never end"},
      {"root ::= []", "rule root: a character class that has no characters"},
  };
  for (const auto& [gbnf, message] : cases) {
    const auto g = read_gbnf(gbnf);
    ASSERT_TRUE(g) << gbnf << g.error().what;
    const Status checked = check(*g);
    ASSERT_FALSE(checked) << gbnf;
    EXPECT_NE(checked.error().what.find(message), std::string::npos) << checked.error().what;
  }
}

}  // namespace
}  // namespace r1
