#include "tasks/tasks.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <map>
#include <optional>
#include <set>

#include "tasks/arithmetic.hpp"
#include "tasks/rows.hpp"

namespace r1 {
namespace {

// A parser of facts that shares no code with the writers: NUMBER (op NUMBER)+ = NUMBER with an optional rREMAINDER,
// where * and / bind tighter than + and -. Negative operands may be in brackets.
struct Fact {
  bool holds;
  size_t end;
};

enum class Sign { none, minus_allowed };

std::optional<i64> read_number(const std::string& s, size_t& at, Sign sign) {
  const bool bracket = s.compare(at, 2, "(-") == 0;
  size_t i = at + (bracket ? 2 : sign == Sign::minus_allowed && at < s.size() && s[at] == '-' ? 1 : 0);
  const bool negative = i > at;
  const size_t first = i;
  i64 n = 0;
  while (i < s.size() && std::isdigit(static_cast<unsigned char>(s[i]))) n = n * 10 + (s[i++] - '0');
  if (i == first || (bracket && (i >= s.size() || s[i] != ')'))) return std::nullopt;
  at = i + bracket;
  return negative ? -n : n;
}

// The fact that begins at `at`, or nothing if there is none.
std::optional<Fact> read_fact(const std::string& s, size_t at) {
  auto value = read_number(s, at, Sign::minus_allowed);
  if (!value) return std::nullopt;
  i64 sum = 0, product = *value, remainder = 0;
  int operations = 0;
  while (at < s.size() && std::string("+-*/").find(s[at]) != std::string::npos) {
    const char op = s[at++];
    const auto next = read_number(s, at, Sign::none);
    if (!next) return std::nullopt;
    ++operations;
    if (op == '*') product *= *next;
    else if (op == '/') {
      if (*next == 0) return Fact{false, at};
      remainder = product % *next;
      product /= *next;
    } else {
      sum += product;
      product = op == '+' ? *next : -*next;
    }
  }
  if (operations == 0 || at >= s.size() || s[at] != '=') return std::nullopt;
  ++at;
  const auto claimed = read_number(s, at, Sign::minus_allowed);
  if (!claimed) return std::nullopt;
  i64 claimed_remainder = 0;
  if (at < s.size() && s[at] == 'r') {
    ++at;
    const auto r = read_number(s, at, Sign::none);
    if (!r) return Fact{false, at};
    claimed_remainder = *r;
  }
  return Fact{sum + product == *claimed && remainder == claimed_remainder, at};
}

// The number of facts in a trace that begin after a separator; -1 if one of them is false.
int count_facts(const std::string& trace) {
  int facts = 0;
  for (size_t at = 0; at < trace.size(); ++at) {
    const bool starts = at == 0 || trace[at - 1] == '\n' || trace[at - 1] == ',' || trace[at - 1] == ':';
    if (!starts) continue;
    const auto fact = read_fact(trace, at);
    if (!fact) continue;
    if (!fact->holds) return -1;
    ++facts;
  }
  return facts;
}

// Whether in all lines such as "A+B:...->R" and "A*B:...->R" the result R is that of the expression before the colon.
bool arrows_hold(const std::string& trace) {
  for (size_t at = trace.find("->"); at != trace.npos; at = trace.find("->", at + 2)) {
    const size_t line = trace.rfind('\n', at) == trace.npos ? 0 : trace.rfind('\n', at) + 1;
    const size_t colon = trace.find(':', line);
    if (colon == trace.npos || colon > at) continue;
    const std::string result = trace.substr(at + 2, trace.find_first_of("\n ", at) - at - 2);
    const auto fact = read_fact(trace.substr(line, colon - line) + "=" + result, 0);
    if (!fact || !fact->holds) return false;
  }
  return true;
}

Problem any_problem(int i, Split split = Split::train) {
  return sample_problem(default_mixture(), split, 11, static_cast<u64>(i));
}

TEST(Tasks, EveryFactInEveryTraceHolds) {
  int facts = 0;
  for (const Kind& k : kinds())
    for (int difficulty = 1; difficulty <= k.max_difficulty; ++difficulty)
      for (u64 i = 0; i < 500; ++i) {
        const Problem p = make_problem(k.name, difficulty, Split::train, 5, i);
        const int n = count_facts(p.trace);
        ASSERT_GE(n, 0) << p.prompt << "\n" << p.trace;
        ASSERT_TRUE(arrows_hold(p.trace)) << p.prompt << "\n" << p.trace;
        facts += n;
      }
  EXPECT_GT(facts, 80000);  // the parser finds the facts
}

TEST(Tasks, TheParserOfFactsFindsFalseOnes) {
  EXPECT_EQ(count_facts("7*6=42,4*6+4=29"), -1);
  EXPECT_EQ(count_facts("96/7=13r4"), -1);
  EXPECT_EQ(count_facts("12-38=26"), -1);
  EXPECT_EQ(count_facts("6*(-27)=-162\n96/7=13r5,12-38=-26"), 3);
  EXPECT_FALSE(arrows_hold("28+14:8+4=12,2+1+1=4->43"));
  EXPECT_FALSE(arrows_hold("96/7:9/7=1r2,26/7=3r5->13r4"));
}

TEST(Tasks, TheReferenceCompletionOfEveryProblemIsRight) {
  for (const Split split : {Split::train, Split::test})
    for (int i = 0; i < 6000; ++i) {
      const Problem p = any_problem(i, split);
      const auto right = check_answer(p.checker, completion_of(p));
      ASSERT_TRUE(right && *right) << p.prompt << "\n" << completion_of(p);
    }
}

TEST(Tasks, AWrongAnswerInTheBoxIsWrong) {
  int checked = 0;
  for (int i = 0; i < 1000; ++i) {
    const Problem p = any_problem(i);
    const auto right = check_answer(p.checker, p.trace + "\n</think>\n\nThe answer is \\boxed{1234567}.");
    ASSERT_TRUE(right);
    EXPECT_FALSE(*right) << p.prompt;
    checked += std::holds_alternative<AnswerChecker>(p.checker);
  }
  EXPECT_GT(checked, 500);
}

TEST(Tasks, OnlyDecliningIsARightAnswerToChat) {
  const Problem p = make_problem("chat", 1, Split::test, 1, 0);
  EXPECT_TRUE(*check_answer(p.checker, p.reply));
  EXPECT_FALSE(*check_answer(p.checker, ""));
  EXPECT_FALSE(*check_answer(p.checker, "He was an emperor."));
  EXPECT_FALSE(*check_answer(p.checker, p.reply + " \\boxed{4}"));
}

TEST(Tasks, AProblemIsAPureFunctionOfItsArguments) {
  for (int i = 0; i < 200; ++i) {
    const Problem a = any_problem(i), b = any_problem(i);
    EXPECT_EQ(a.prompt + completion_of(a), b.prompt + completion_of(b));
  }
  EXPECT_NE(make_problem("product", 2, Split::train, 1, 0).prompt,
            make_problem("product", 2, Split::train, 2, 0).prompt);
}

TEST(Tasks, TrainAndTestShareNoProduct) {
  std::set<std::pair<i64, i64>> seen[2];
  for (int side = 0; side < 2; ++side)
    for (u64 i = 0; i < 3000; ++i) {
      const Problem p = make_problem("product", 2, side ? Split::test : Split::train, 3, i);
      std::vector<i64> n;
      for (size_t at = 0; at < p.prompt.size(); ++at)
        if (std::isdigit(static_cast<unsigned char>(p.prompt[at]))) n.push_back(*read_number(p.prompt, at, Sign::none));
      ASSERT_EQ(n.size(), 2u) << p.prompt;
      seen[side].insert({std::max(n[0], n[1]), std::min(n[0], n[1])});
    }
  for (const auto& pair : seen[1]) EXPECT_FALSE(seen[0].count(pair)) << pair.first << "*" << pair.second;
  EXPECT_GT(seen[1].size(), 300u);
}

// The products in a trace that have the form "52*48", with two digits each. In "7*52*48" the trace does not compute
// 52*48, so it does not count.
std::set<std::pair<i64, i64>> products_of_two_digits(const std::string& trace) {
  std::set<std::pair<i64, i64>> found;
  const auto digit = [&](size_t at) {
    return at < trace.size() && std::isdigit(static_cast<unsigned char>(trace[at]));
  };
  for (size_t at = trace.find('*'); at != trace.npos; at = trace.find('*', at + 1)) {
    if (at < 2 || !digit(at - 1) || !digit(at - 2)) continue;
    if (at > 2 && (digit(at - 3) || trace[at - 3] == '*' || trace[at - 3] == '/')) continue;
    if (!digit(at + 1) || !digit(at + 2) || digit(at + 3)) continue;
    const i64 a = std::stoll(trace.substr(at - 2, 2)), b = std::stoll(trace.substr(at + 1, 2));
    found.insert({std::max(a, b), std::min(a, b)});
  }
  return found;
}

TEST(Tasks, NoTrainingExpressionContainsAProductOfTheTestSide) {
  std::set<std::pair<i64, i64>> trained;
  for (int difficulty = 1; difficulty <= 3; ++difficulty)
    for (u64 i = 0; i < 10000; ++i)
      trained.merge(products_of_two_digits(make_problem("expression", difficulty, Split::train, 3, i).trace));
  EXPECT_GT(trained.size(), 1000u);
  std::set<std::pair<i64, i64>> held_out;
  for (u64 i = 0; i < 3000; ++i) {
    const Problem p = make_problem("product", 2, Split::test, 3, i);
    const size_t a = p.prompt.find_first_of("123456789"), b = p.prompt.find_first_of("123456789", a + 2);
    const i64 x = std::stoll(p.prompt.substr(a, 2)), y = std::stoll(p.prompt.substr(b));
    if (y >= 10) held_out.insert({std::max(x, y), std::min(x, y)});
  }
  EXPECT_GT(held_out.size(), 300u);
  for (const auto& pair : held_out) EXPECT_FALSE(trained.count(pair)) << pair.first << "*" << pair.second;
}

TEST(Tasks, TrainAndTestShareNoWordToSpell) {
  std::set<std::string> seen[2];
  for (int side = 0; side < 2; ++side)
    for (u64 i = 0; i < 3000; ++i) {
      const std::string t = make_problem("letters", 1, side ? Split::test : Split::train, 3, i).trace;
      seen[side].insert(t.substr(11, t.find(':') - 11));  // the WORD in "count e in WORD:"
    }
  for (const auto& word : seen[1]) EXPECT_FALSE(seen[0].count(word)) << word;
  EXPECT_GT(seen[1].size(), 500u);
  EXPECT_GT(seen[0].size(), 1800u);
}

TEST(Tasks, TracesAreShortAndNoDigitFollowsASpace) {
  for (int i = 0; i < 5000; ++i) {
    const Problem p = any_problem(i);
    EXPECT_LE(p.trace.size(), 400u);
    if (p.kind == "letters") continue;  // " s0 t0", where a space and a letter are one token
    for (size_t at = 0; at + 1 < p.trace.size(); ++at)
      EXPECT_FALSE(p.trace[at] == ' ' && std::isdigit(static_cast<unsigned char>(p.trace[at + 1]))) << p.trace;
  }
}

TEST(Tasks, WritersReturnTheValueForAllSigns) {
  Random r(1, Purpose::test);
  for (int i = 0; i < 4000; ++i) {
    const i64 a = r.between(-300, 300), b = r.between(-99, 99);
    std::string out;
    EXPECT_EQ(write_add(out, a, b), a + b);
    EXPECT_EQ(write_sub(out, a, b), a - b);
    EXPECT_EQ(write_mul(out, a, b), a * b);
    if (b != 0) {
      EXPECT_EQ(write_exact_divide(out, a * b, b, r), a);
    }
    EXPECT_GT(count_facts(out), 2) << out;
    EXPECT_TRUE(arrows_hold(out)) << out;
  }
}

TEST(Tasks, TheTraceOfAProductIsTheDocumentedOne) {
  std::string out;
  write_mul(out, 36, 47);
  EXPECT_EQ(
      out,
      "47*36:6+30\n47*6:7*6=42,4*6+4=28->282\n47*3:7*3=21,4*3+2=14->141\n282+1410:2+0=2,8+1=9,2+4=6,0+1=1->1692\n");
}

TEST(Tasks, MixturesParseAndBrokenOnesAreErrors) {
  const auto m = parse_mixture("product:1-3=2,division=0.5,sort:2");
  ASSERT_TRUE(m);
  ASSERT_EQ(m->parts.size(), 3u);
  EXPECT_EQ(m->parts[0].max_difficulty, 3);
  EXPECT_EQ(m->parts[0].weight, 2);
  EXPECT_EQ(m->parts[1].max_difficulty, 3);
  EXPECT_EQ(m->parts[2].min_difficulty, 2);
  EXPECT_TRUE(parse_mixture("default"));
  for (const char* bad : {"", "products", "product:", "product:5", "product:2-1", "product=x", "product=-1",
                          "product=0", "product=nan", "product,", "product:1-", "product=1e99"})
    EXPECT_FALSE(parse_mixture(bad)) << bad;
  EXPECT_NE(parse_mixture("folow:1").error().what.find("'folow'; did you mean follow?"), std::string::npos);
}

TEST(Tasks, AMixtureDrawsKindsByTheirWeights) {
  const TaskMixture m = *parse_mixture("product=3,sort=1");
  int products = 0;
  for (u64 i = 0; i < 4000; ++i) products += sample_problem(m, Split::train, 9, i).kind == "product";
  EXPECT_NEAR(products, 3000, 110);  // four standard deviations of a binomial(4000, 3/4)
}

TEST(Rows, AProblemReadBackFromItsRowIsTheSame) {
  for (int i = 0; i < 500; ++i) {
    const Problem p = any_problem(i);
    const auto q = problem_from_row(row_of(p), "row");
    ASSERT_TRUE(q) << q.error().what;
    EXPECT_EQ(q->prompt + q->kind, p.prompt + p.kind);
    EXPECT_EQ(q->checker, p.checker);
  }
}

TEST(Rows, RowsThatCannotBeCheckedAreErrors) {
  for (const char* bad :
       {R"({"prompt":"a"})", R"({"answer":"1"})", R"({"prompt":"a","answer":""})", R"({"prompt":"a","check":"x"})",
        R"({"prompt":"a","check":"countdown","numbers":[],"target":1})", R"([])",
        R"({"prompt":"a","check":"countdown","numbers":[1,2]})"})
    EXPECT_FALSE(problem_from_row(*parse_json(bad, "test"), "row")) << bad;
  EXPECT_EQ(problem_from_row(*parse_json(R"({"prompt":"a","answer":12})", "test"), "row")->checker,
            Checker(MathChecker{"12"}));
  const auto gsm8k = parse_json(R"({"prompt":"a","answer":"48 / 2 = 24\n#### 72 "})", "test");
  EXPECT_EQ(problem_from_row(*gsm8k, "row")->checker, Checker(MathChecker{"72"}));
  EXPECT_FALSE(problem_from_row(*parse_json(R"({"prompt":"a","answer":"####"})", "test"), "row"));
  EXPECT_FALSE(problem_from_row(*parse_json(R"({"prompt":"a","answer":"1/0"})", "test"), "row"));
}

TEST(Rows, ProgramsHaveCasesOrTestsAndComeBackAsTheyWere) {
  const auto checker = [](const char* members) -> Result<Checker> {
    const std::string text = fmt::format(R"({{"prompt":"a","check":"program",{}}})", members);
    const Problem p = R1_TRY(problem_from_row(R1_TRY(parse_json(text, "test")), "row"));
    EXPECT_EQ(problem_from_row(row_of(p), "row")->checker, p.checker) << members;
    return p.checker;
  };
  EXPECT_EQ(*checker(R"("cases":[{"input":"1","output":"2"},{"output":"3"}],"tolerance":0.001)"),
            Checker(ProgramChecker{ProgramLanguage::python, ProgramCases{{{"1", "2"}, {"", "3"}}, 0.001}}));
  EXPECT_EQ(
      *checker(
          R"("language":"python","tests":"assert f(1) == 2","prelude":"import math","entry_point":"f","preamble":"a")"),
      Checker(
          ProgramChecker{ProgramLanguage::python, ProgramAsserts{"assert f(1) == 2", "import math", "f", "", "a"}}));
  EXPECT_EQ(
      *checker(R"("language":"cpp","tests":"assert(f(1) == 2);","entry_point":"f","declaration":"int f(int);")"),
      Checker(ProgramChecker{ProgramLanguage::cpp, ProgramAsserts{"assert(f(1) == 2);", "", "f", "int f(int);"}}));
  const std::pair<const char*, const char*> bad[] = {
      {R"("language":"python")",
       "row: check: a program needs either \"tests\" or \"cases\", and this row "
       "has neither"},
      {R"("tests":"x","cases":[])", "and this row has both"},
      {R"("cases":[])", "row: cases: is empty"},
      {R"("cases":[{"input":"1"}])", "row: cases: output"},
      {R"("cases":[{"output":"1"}],"tolerance":1)", "row: tolerance: is 1"},
      {R"("tests":" \n")", "row: tests: is empty"},
      {R"("tests":"x","language":"perl")", "row: language: expected python or cpp, found \"perl\""},
      {R"-("tests":"x","entry_point":"f()")-", "row: entry_point: \"f()\" is not the name of a function"},
      {R"("tests":"x","language":"cpp")", "row: entry_point: tests in C++ need"},
      {R"("tests":"x","language":"cpp","entry_point":"f")", "row: declaration: tests in C++ need"}};
  for (const auto& [members, message] : bad) {
    const auto refused = checker(members);
    ASSERT_FALSE(refused) << members;
    EXPECT_NE(refused.error().what.find(message), std::string::npos) << refused.error().what;
  }
}

TEST(Rows, AProgramIsFoundButNotJudgedHere) {
  const Checker checker = ProgramChecker{};
  EXPECT_EQ(given_answer(checker, "```python\na\n```"), "a\n");
  EXPECT_EQ(given_answer(checker, "a"), "");
  EXPECT_EQ(check_answer(checker, "```python\na\n```").error().what, "a program can only be judged in the sandbox");
}

TEST(Rows, WithoutAKindAnAnswerIsComparedAsMathematicsAndWithOneStrictly) {
  const auto row = [](const char* text) { return *problem_from_row(*parse_json(text, "test"), "row"); };
  const Problem math = row(R"({"prompt":"a","answer":"1, 2"})"),
                sorted = row(R"({"prompt":"a","answer":"1, 2","kind":"sort"})");
  const Problem strict = row(R"({"prompt":"a","answer":"1, 2","check":"answer"})");
  EXPECT_EQ(math.checker, Checker(MathChecker{"1, 2"}));
  EXPECT_EQ(strict.checker, Checker(AnswerChecker{"1, 2"}));
  for (const Problem& p : {math, sorted, strict}) {
    EXPECT_TRUE(*check_answer(p.checker, "\\boxed{1,2}")) << p.kind;
    EXPECT_EQ(*check_answer(p.checker, "\\boxed{2,1}"), std::holds_alternative<MathChecker>(p.checker));
    EXPECT_EQ(problem_from_row(row_of(p), "row")->checker, p.checker);
  }
  EXPECT_TRUE(same_answer(MathChecker{}, "\\frac12", "0.5"));
  EXPECT_FALSE(same_answer(MathChecker{}, "", ""));
  EXPECT_EQ(given_answer(math.checker, "so $x=2$ or \\boxed{\\frac12}"), "\\frac12");
}

}  // namespace
}  // namespace r1
