#include "grammar/grammar_matcher.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "grammar/gbnf.hpp"
#include "grammar/test_matching.hpp"
#include "grammar/test_slow_grammar.hpp"

namespace r1 {
namespace {

GrammarMatcher matcher_of(const char* gbnf, std::shared_ptr<Lexicon> lexicon, const MatcherLimits& limits = {}) {
  auto grammar = read_gbnf(gbnf);
  EXPECT_TRUE(grammar) << gbnf << (grammar ? "" : grammar.error().what);
  auto program = GrammarProgram::compile(*grammar, std::move(lexicon));
  EXPECT_TRUE(program) << gbnf << (program ? "" : program.error().what);
  return GrammarMatcher(*program, limits);
}

bool matches(const char* gbnf, std::string_view text) {
  const auto grammar = read_gbnf(gbnf);
  EXPECT_TRUE(grammar) << gbnf << (grammar ? "" : grammar.error().what);
  return takes(*GrammarProgram::compile(*grammar, bytes_only()), text);
}

TEST(GrammarMatcher, MatchesWhatTheGrammarDescribes) {
  const struct {
    const char* gbnf;
    std::vector<std::string> yes, no;
  } cases[] = {
      {"root ::= \"a\"", {"a"}, {"", "b", "aa"}},
      {"root ::= [a-c]+", {"a", "abccba"}, {"", "abd"}},
      {"root ::= [^a-c]", {"d", "\xe2\x82\xac", "\n"}, {"a", "\xe2\x82", "dd"}},
      {"root ::= .", {"x", "\xf0\x9f\x98\x80"}, {"\xff", "\xed\xa0\x80", "xy"}},
      {"root ::= \"(\" root \")\" | \"x\"", {"x", "((x))"}, {"((x)", "(x))", "()"}},
      {"root ::= (\"ab\" | \"a\") \"bc\"", {"abbc", "abc"}, {"ab", "abbbc"}},
      {"root ::= \"a\"{2,3} \"b\"{0} \"c\"{1,}", {"aac", "aaaccc"}, {"ac", "aaaac", "aab", "aa"}},
      {"root ::= x{2,4}\nx ::= \"(\" x? \")\"", {"()()", "(())()()()"}, {"()", "()()()()()"}},
      {"root ::= (\"a\"? \"b\"?){2,3}", {"", "a", "ababab", "bbb", "aba"}, {"bbbb", "abababa"}},
      {"root ::= ([^\"]{2,5} \"\\\"\"){1,2}",
       {"ab\"", "abcde\"\xc3\xa9\xc3\xa9\""},
       {"a\"", "abcdef\"", "\"", "ab\"a\""}},
      {"root ::= [^\"]{3} [x-z]", {"abcx", "xxxx"}, {"abx", "abcd", "abcxx"}},
      {"root ::= [^\"]{2,4}", {"ab", "abc\xc3\xa9"}, {"a", "", "abcde", "ab\xc3"}},
      {"root ::= \"(\" [^\"]{3,}", {"(abc", "(abcdef)"}, {"(ab", "("}},
      {"root ::= [^\"]{0,3} (\"x\" | \"xy\")", {"x", "xy", "xxxxy", "abcx"}, {"", "abcd", "xxxxx", "abcdx"}},
      {"root ::= s (\",\" s){1,2}\ns ::= \"[\" s? \"]\"", {"[],[]", "[],[[]],[]"}, {"[]", "[],[],[],[]"}},
      {"root ::= s*\ns ::= \"[\" s \"]\" | \"[]\"", {"", "[[]][]"}, {"[", "[]]"}},
  };
  for (const auto& c : cases) {
    for (const std::string& text : c.yes) EXPECT_TRUE(matches(c.gbnf, text)) << c.gbnf << "  " << text;
    for (const std::string& text : c.no) EXPECT_FALSE(matches(c.gbnf, text)) << c.gbnf << "  " << text;
  }
}

class RandomGrammar {
 public:
  explicit RandomGrammar(u64 seed) : random_(seed) {}

  Grammar make() {
    Grammar g;
    const i64 rules = 1 + below(4);
    for (i64 r = 0; r < rules; ++r) g.add("r" + std::to_string(r), {}, below(3) == 0);
    for (Grammar::Rule& rule : g.rules) rule.body = expr(rules, 3);
    return g;
  }
  i64 below(i64 n) { return static_cast<i64>(random_() % static_cast<u64>(n)); }

 private:
  Expr expr(i64 rules, int depth) {
    static const char* const kTexts[] = {"a", "b", "ab", "ba", "", "\xc3\xa9", "\xe2\x82\xac", "\""};
    const i64 kind = below(depth > 0 ? 9 : 3);
    const auto some = [&] {
      std::vector<Expr> items;
      for (i64 n = 1 + below(3); n > 0; --n) items.push_back(expr(rules, depth - 1));
      return items;
    };
    switch (kind) {
      case 0:
      case 1: return text_expr(kTexts[below(8)]);
      case 2: {
        CharSet set('a', 'a' + static_cast<u32>(below(3)));
        if (below(3) == 0) set.add(0x20, 0x21), set.add(0x23, 0x7e), set.add(0xe0, 0xff + static_cast<u32>(below(80)));
        return chars_expr(set);
      }
      case 3:
      case 4: return sequence_of(some());
      case 5: return choice_of(some());
      case 6:
      case 7: {
        const i64 min = below(3);
        return repeat_of(expr(rules, depth - 1), min, below(3) == 0 ? -1 : std::max<i64>(1, min + below(4)));
      }
      default: return rule_expr(static_cast<i32>(below(rules)));
    }
  }
  std::mt19937_64 random_;
};

// The tokens that a mask allows, tried one by one.
std::vector<i32> brute_force(const Grammar& g, const std::string& text, const std::vector<std::string>& keys) {
  std::vector<i32> out;
  for (i32 t = 0; t < std::ssize(keys); ++t)
    if (!keys[t].empty() && SlowGrammar(g, text + keys[t]).viable()) out.push_back(t);
  return out;
}

TEST(GrammarMatcher, MasksOfRandomGrammarsAreThoseOfTryingEveryToken) {
  const std::vector<std::string> keys{"a",
                                      "b",
                                      "c",
                                      "ab",
                                      "aa",
                                      "bab",
                                      "abcabc",
                                      "\xc3",
                                      "\xa9",
                                      "\xe2\x82",
                                      "\xac",
                                      "a\xc3",
                                      "\xa9"
                                      "b",
                                      "\"",
                                      "a\"b",
                                      "b\"",
                                      "",
                                      "x y",
                                      " ",
                                      "\xc3\xa9\xc3\xa9",
                                      "\x82"};
  const auto lexicon = lexicon_of(keys);
  i64 grammars = 0, states = 0, tokens = 0;
  for (u64 seed = 0; seed < 1500; ++seed) {
    RandomGrammar random(seed);
    const Grammar g = random.make();
    if (!check(g)) continue;
    const auto program = GrammarProgram::compile(g, lexicon);
    ASSERT_TRUE(program) << seed << ": " << program.error().what;
    MatcherLimits limits;
    if (seed % 3 == 0) limits.memory = 1;  // forgets everything before each mask
    GrammarMatcher m(*program, limits);
    ++grammars;
    std::string text;
    for (int step = 0; step < 6; ++step) {
      const SlowGrammar slow(g, text);
      ASSERT_EQ(m.is_complete(), slow.complete) << seed << " behind " << text;
      const std::vector<i32> allowed = tokens_of(m.allowed());
      ASSERT_EQ(allowed, brute_force(g, text, keys)) << seed << " behind " << text;
      ASSERT_EQ(m.failure(), "");
      ++states, tokens += std::ssize(allowed);
      if (allowed.empty()) break;
      const i32 next = allowed[random.below(std::ssize(allowed))];
      ASSERT_TRUE(m.push_token(next));
      text += keys[next];
    }
  }
  // So many are not refused, and the states are not all trivial.
  EXPECT_GT(grammars, 500);
  EXPECT_GT(states, 2000);
  EXPECT_GT(tokens, 5000);
}

// The tokens that can be pushed behind `text`.
std::vector<i32> pushed_one_by_one(const std::shared_ptr<const GrammarProgram>& program, const std::string& text,
                                   const std::vector<std::string>& keys) {
  std::vector<i32> out;
  std::set<std::string> viable{""};
  for (i32 t = 0; t < std::ssize(keys); ++t) {  // a beginning stands before what it begins
    if (!viable.contains(keys[t].substr(0, keys[t].size() - 1))) continue;
    GrammarMatcher m(program);
    bool taken = true;
    for (const char c : text + keys[t]) taken = m.push(static_cast<u8>(c));
    EXPECT_EQ(m.failure(), "");
    if (taken) viable.insert(keys[t]), out.push_back(t);
  }
  return out;
}

// All texts of up to seven of three characters: so many that lexemes keep tables for branches of the trie, mark what
// they take whole, and many stacks are tried together.
TEST(GrammarMatcher, MasksOfALargeVocabularyAreThoseOfTryingEveryToken) {
  std::vector<std::string> keys{"a", "b", "\""};
  for (size_t i = 0; keys[i].size() < 7; ++i)
    for (const char c : {'a', 'b', '"'}) keys.push_back(keys[i] + c);
  const auto lexicon = lexicon_of(keys);
  std::vector<Grammar> grammars;
  for (
      const char* gbnf :
      {"root ::= item+\nitem ::= w | w \"\\\"\" root? \"\\\"\" | pair \"b\" w | w (\"\\\"\" w)+ | \"\\\"\" w \"\\\"\"\n"
       "pair ::= w | \"\\\"\" root \"\\\"\"\nw ::= [ab]+",
       "root ::= (a | b | c | d | e | f | g | h | i)+\na ::= [ab]* \"\\\"\" x? \"b\"\nb ::= [ab]+ x \"a\"\n"
       "c ::= \"a\" [ab\"]* x\nd ::= [b\"]+ x \"a\"\ne ::= [ab\"]{2,9} x\nf ::= [ab]+ x\ng ::= x \"\\\"\"\n"
       "h ::= \"b\" x \"b\" | [ab]* x\ni ::= [a\"]+ x [ab\"]+\nx ::= \"\\\"\" x? \"\\\"\" | \"ab\"",
       "root ::= [a-z\"]{3,12} (\"\\\"\" root)?", "root ::= ([ -~]{2,} \"a\" | [ab]* [ -~]{0,3} \"\\\"\")*"}) {
    auto grammar = read_gbnf(gbnf);
    ASSERT_TRUE(grammar) << gbnf << grammar.error().what;
    grammars.push_back(std::move(*grammar));
  }
  for (u64 seed = 0; grammars.size() < 24; ++seed)
    if (Grammar g = RandomGrammar(seed).make(); check(g)) grammars.push_back(std::move(g));
  i64 tokens = 0;
  for (size_t i = 0; i < grammars.size(); ++i) {
    const auto program = GrammarProgram::compile(grammars[i], lexicon);
    ASSERT_TRUE(program) << i << program.error().what;
    GrammarMatcher m(*program);
    RandomGrammar random(i);
    std::string text;
    for (int step = 0; step < 2; ++step) {
      const std::vector<i32> allowed = tokens_of(m.allowed());
      ASSERT_EQ(allowed, pushed_one_by_one(*program, text, keys)) << "grammar " << i << " behind " << text;
      tokens += std::ssize(allowed);
      if (allowed.empty()) break;
      const i32 next = allowed[random.below(std::min<i64>(40, std::ssize(allowed)))];
      ASSERT_TRUE(m.push_token(next));
      text += keys[next];
    }
  }
  EXPECT_GT(tokens, 20000);
}

TEST(GrammarMatcher, MarksAreMatchedByTheirTokenOnly) {
  std::vector<std::string> keys = keys_with({"<t>"});
  const i32 mark = static_cast<i32>(keys.size());
  keys.push_back(TokenTrie::mark_key(mark));
  Grammar g;
  g.root = g.add("root", sequence_of({token_expr(mark), repeat_of(chars_expr(CharSet::all()), 0, -1)}));
  GrammarMatcher m(*GrammarProgram::compile(g, lexicon_of(keys)));
  EXPECT_EQ(tokens_of(m.allowed()), std::vector<i32>{mark});
  ASSERT_TRUE(m.push_token(mark));
  EXPECT_TRUE(m.is_complete());
  const auto allowed = tokens_of(m.allowed());
  EXPECT_EQ(std::count(allowed.begin(), allowed.end(), mark), 0) << "no text contains a mark";
  EXPECT_EQ(std::count(allowed.begin(), allowed.end(), mark - 1), 1);
}

TEST(GrammarMatcher, ATokenThatIsNotAllowedEndsTheMatch) {
  GrammarMatcher m = matcher_of("root ::= \"ab\" [0-9]*", lexicon_of(keys_with({"ab1"})));
  EXPECT_FALSE(m.push_token('x'));
  EXPECT_FALSE(m.is_complete());
  EXPECT_TRUE(tokens_of(m.allowed()).empty());
  EXPECT_FALSE(m.push_token('a'));
}

TEST(GrammarMatcher, ListsOfAnyLengthNeedNoDeeperStack) {
  GrammarMatcher m = matcher_of("root ::= \"x\" | \"x\" \"(\" \")\" root", bytes_only());
  for (int i = 0; i < 20000; ++i)
    for (const char c : {'x', '(', ')'}) ASSERT_TRUE(m.push(static_cast<u8>(c)));
  EXPECT_EQ(tokens_of(m.allowed()), std::vector<i32>{'x'});
}

TEST(GrammarMatcher, LimitsEndTheMatchWithAReason) {
  // Every x may be one of 60 different things.
  std::string gbnf = "root ::= ";
  for (int i = 0; i < 60; ++i) gbnf += (i ? " | r" : "r") + std::to_string(i);
  for (int i = 0; i < 60; ++i)
    gbnf += "\nr" + std::to_string(i) + " ::= \"x\" root \"" + std::string(1, static_cast<char>('A' + i % 26)) +
            "\" | \"y\"";
  MatcherLimits limits;
  limits.stacks = 100;
  GrammarMatcher m = matcher_of(gbnf.c_str(), bytes_only(), limits);
  m.push('x');
  m.push('x');
  EXPECT_TRUE(tokens_of(m.allowed()).empty());
  EXPECT_NE(m.failure().find("too ambiguous"), std::string::npos) << m.failure();
}

TEST(GrammarMatcher, AGrammarThatBeginsTooDeepFailsWithAReason) {
  std::string gbnf = "root ::= r0";
  for (int i = 0; i < 20; ++i) gbnf += fmt::format("\nr{} ::= (r{} \"x\"){{1,3}}", i, i + 1);
  gbnf += "\nr20 ::= \"y\" root?";
  MatcherLimits limits;
  limits.depth = 10;
  GrammarMatcher m = matcher_of(gbnf.c_str(), bytes_only(), limits);
  EXPECT_TRUE(tokens_of(m.allowed()).empty());
  EXPECT_NE(m.failure().find("nested too deep"), std::string::npos) << m.failure();
}

std::vector<std::string> many_words() {
  std::vector<std::string> words;
  for (int i = 0; i < 4000; ++i) words.push_back(fmt::format("word{}", i));
  return words;
}

TEST(GrammarMatcher, RepetitionsThatDifferInTheirLimitsShareOneTable) {
  const auto grown_by = [](int alternatives) {
    const auto lexicon = lexicon_of(keys_with(many_words()));
    std::string gbnf = "root ::= (";
    for (int i = 0; i < alternatives; ++i) gbnf += fmt::format("{}[^a]{{{},{}}}", i > 0 ? " | " : "", i + 1, i + 3);
    GrammarMatcher m = matcher_of((gbnf + ") \"a\"").c_str(), lexicon);
    EXPECT_FALSE(tokens_of(m.allowed()).empty());
    return lexicon->grown();
  };
  EXPECT_EQ(grown_by(100), grown_by(2));
}

// Every alternative is a lexeme with a table of its own. No more of them are made than the limit allows.
TEST(GrammarMatcher, TheTablesOfOneMaskStayBelowTheLimit) {
  std::string gbnf = "root ::= (";
  for (int i = 0; i < 100; ++i) gbnf += fmt::format("{}[^a\\u{:04X}]{{1,9}}", i > 0 ? " | " : "", 0x400 + i);
  const auto program = *GrammarProgram::compile(*read_gbnf(gbnf + ") \"a\""), lexicon_of(keys_with(many_words())));
  const i64 before = program->lexeme_bytes();
  MatcherLimits limits;
  limits.lexeme_memory = before + (1 << 20);
  GrammarMatcher m(program, limits);
  EXPECT_TRUE(tokens_of(m.allowed()).empty());
  EXPECT_NE(m.failure().find("the grammar is too large"), std::string::npos) << m.failure();
  EXPECT_LT(program->lexeme_bytes(), before + (2 << 20)) << "one table takes less than 1 MiB";
}

// A mask offers the tokens that lead too deep, and another may be drawn.
TEST(GrammarMatcher, NestingDeeperThanTheLimitEndsTheMatchWithAReason) {
  const char* const gbnf = "root ::= \"[\" (root \"!\")? \"]\"";
  MatcherLimits limits;
  limits.depth = 10;
  GrammarMatcher m = matcher_of(gbnf, bytes_only(), limits);
  int deep = 0;
  for (; m.push('['); ++deep) EXPECT_EQ(tokens_of(m.allowed()), (std::vector<i32>{'[', ']'}));
  EXPECT_GE(deep, 3);
  EXPECT_LE(deep, 10);
  EXPECT_NE(m.failure().find("10 rules and repetitions are open"), std::string::npos) << m.failure();
  EXPECT_TRUE(tokens_of(m.allowed()).empty());

  GrammarMatcher back = matcher_of(gbnf, bytes_only(), limits);
  for (int i = 0; i < deep; ++i) ASSERT_TRUE(back.push('['));
  EXPECT_TRUE(back.push(']'));
  EXPECT_EQ(tokens_of(back.allowed()), std::vector<i32>{'!'});
  EXPECT_EQ(back.failure(), "");
}

}  // namespace
}  // namespace r1
