// Claims about the kinds of this folder. tasks_test.cpp makes the claims that hold for all kinds.
#include "tasks/everyday/everyday.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <set>

#include "tasks/problem_files.hpp"
#include "tasks/rows.hpp"

namespace r1 {
namespace {

const std::vector<Kind>& everyday_kinds() {
  static const std::vector<Kind> list = [] {
    std::vector<Kind> out;
    bool everyday = false;
    for (const Kind& k : kinds()) {
      everyday = everyday || k.name == "sum";
      if (everyday) out.push_back(k);
    }
    return out;
  }();
  return list;
}

TEST(Everyday, TheReferenceCompletionOfEveryProblemIsRight) {
  ASSERT_EQ(everyday_kinds().size(), 24u);
  for (const Kind& k : everyday_kinds())
    for (int difficulty = 1; difficulty <= k.max_difficulty; ++difficulty)
      for (const Split split : {Split::train, Split::test})
        for (u64 i = 0; i < 400; ++i) {
          const Problem p = make_problem(k.name, difficulty, split, 3, i);
          if (std::holds_alternative<ProgramChecker>(p.checker)) continue;
          const auto right = check_answer(p.checker, completion_of(p));
          ASSERT_TRUE(right && *right) << k.name << ": " << p.prompt << "\n" << completion_of(p);
          ASSERT_LE(p.trace.size(), 400u);
        }
}

// The checker of mathematics accepts "7/2" for 3.5, and so the question itself as its answer. Both solutions of an
// equation may come in any order, so that kind needs it.
TEST(Everyday, ToRepeatTheQuestionIsNoAnswer) {
  for (const Kind& k : everyday_kinds())
    for (int difficulty = 1; difficulty <= k.max_difficulty; ++difficulty)
      for (u64 i = 0; i < 50; ++i) {
        const Problem p = make_problem(k.name, difficulty, Split::train, 7, i);
        EXPECT_EQ(std::holds_alternative<MathChecker>(p.checker), k.name == "square_equation") << k.name << p.prompt;
      }
}

TEST(Everyday, OnlyTheKindOfLimitsDeclines) {
  for (const Kind& k : everyday_kinds())
    for (u64 i = 0; i < 300; ++i) {
      const Problem p = make_problem(k.name, k.max_difficulty, Split::train, 4, i);
      // A conversation may end with either.
      if (k.name != "follow") {
        EXPECT_EQ(declines(p.reply), k.name == "limits") << p.prompt;
      }
    }
}

TEST(Everyday, ProblemsComeBackFromTheirRowsWithTheirEarlierTurns) {
  int turns = 0;
  for (const Kind& k : everyday_kinds())
    for (u64 i = 0; i < 50; ++i) {
      const Problem p = make_problem(k.name, k.max_difficulty, Split::train, 5, i);
      const auto q = problem_from_row(row_of(p), "row");
      ASSERT_TRUE(q) << q.error().what;
      EXPECT_EQ(q->checker, p.checker) << p.prompt;
      EXPECT_EQ(q->earlier, p.earlier);
      turns += static_cast<int>(p.earlier.size());
    }
  EXPECT_EQ(turns, 150);  // three in each conversation of the largest difficulty
}

TEST(Everyday, AConversationHasAsManyEarlierTurnsAsItsDifficultySays) {
  for (int difficulty = 1; difficulty <= 3; ++difficulty)
    for (u64 i = 0; i < 300; ++i) {
      const Problem p = make_problem("follow", difficulty, Split::train, 6, i);
      ASSERT_EQ(std::ssize(p.earlier), difficulty) << conversation_text(p);
      const auto messages = messages_of(p);
      ASSERT_EQ(std::ssize(messages), 2 * difficulty + 1);
      for (size_t m = 0; m < messages.size(); ++m) {
        EXPECT_EQ(messages[m].role, m % 2 == 0 ? "user" : "assistant");
        EXPECT_FALSE(messages[m].content.empty());
        EXPECT_EQ(messages[m].content.find("<think>"), std::string::npos);
      }
    }
}

TEST(Everyday, AnExclamationMarkBehindADigitAsksForAFactorial) {
  for (const Kind& k : everyday_kinds())
    for (u64 i = 0; i < 1500; ++i) {
      const Problem p = make_problem(k.name, 1, Split::train, 6, i);
      for (size_t at = 1; at < p.prompt.size(); ++at)
        if (p.prompt[at] == '!' && std::isdigit(static_cast<unsigned char>(p.prompt[at - 1]))) {
          EXPECT_TRUE(k.name == "factorial" || k.name == "limits" || k.name == "follow") << k.name << ": " << p.prompt;
        }
    }
}

// There are so many phrasings that two draws are rarely the same, except in kinds with few and short problems.
TEST(Everyday, PhrasingsAreMany) {
  for (const Kind& k : everyday_kinds()) {
    std::set<std::string> prompts;
    for (u64 i = 0; i < 1000; ++i) prompts.insert(make_problem(k.name, 1, Split::train, 7, i).prompt);
    EXPECT_GT(prompts.size(), k.name == "factorial" || k.name == "talk" ? 500u : 850u) << k.name;
  }
}

TEST(Everyday, EveryProblemOfASmallKindOccursInTraining) {
  std::map<std::string, std::set<std::string>> seen;  // by kind: the first lines of the traces
  for (const auto& [kind, difficulty] : {std::pair{"prime", 1}, {"prime", 2}, {"factorial", 1}, {"root", 1}})
    for (u64 i = 0; i < 3000; ++i) {
      const Problem p = make_problem(kind, difficulty, Split::train, 8, i);
      seen[kind].insert(p.kind == "factorial" ? p.reply : p.trace.substr(0, p.trace.find('\n')));
    }
  EXPECT_EQ(seen["prime"].size(), 201u);    // 0 to 200
  EXPECT_EQ(seen["factorial"].size(), 8u);  // 0! and 1! have the same reply
  EXPECT_EQ(seen["root"].size(), 12u);      // of 1 to 144
}

// The numbers in a prompt that are written in digits.
std::vector<i64> numbers_in(const std::string& text) {
  std::vector<i64> out;
  const auto digit = [&](size_t at) { return at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])); };
  for (size_t at = 0; at < text.size(); ++at) {
    if (!digit(at)) continue;
    out.push_back(0);
    for (; digit(at); ++at) out.back() = out.back() * 10 + (text[at] - '0');
  }
  return out;
}

TEST(Everyday, NoTrainingProblemMultipliesTwoDigitsThatAreKeptForTesting) {
  for (const auto& [kind, difficulty] : {std::pair{"times", 3}, {"percent", 1}, {"percent", 2}}) {
    int products = 0;
    for (u64 i = 0; i < 3000; ++i) {
      const Problem p = make_problem(kind, difficulty, Split::train, 9, i);
      const std::vector<i64> n = numbers_in(p.prompt);
      if (n.size() != 2 || n[0] < 10 || n[0] > 99 || n[1] < 10 || n[1] > 99) continue;
      EXPECT_EQ(side_of(product_content(n[0], n[1])), Split::train) << p.prompt;
      ++products;
    }
    EXPECT_GT(products, 100) << kind;
  }
}

TEST(Everyday, PlacesOfAQuotientFollowItsRemainder) {
  Random r(1, Purpose::test);
  std::string trace;
  EXPECT_EQ(write_ratio(trace, 7, 2, r), "3.5");
  EXPECT_EQ(trace, "7/2=3r1\n10/2=5r0\n3.5\n");
  trace.clear();
  EXPECT_EQ(write_ratio(trace, 12, 4, r), "3");
  EXPECT_EQ(trace, "12/4=3r0\n");
  trace.clear();
  EXPECT_EQ(write_ratio(trace, 10, 3, r), "10/3");
  EXPECT_EQ(trace, "10/3=3r1\n10/3\n");
  trace.clear();
  EXPECT_EQ(write_placed(trace, {900, 2}), "9");
  EXPECT_EQ(write_placed(trace, {-5, 2}), "-0.05");
  EXPECT_EQ(trace, "9.00\n9\n-0.05\n");
}

TEST(Everyday, NumbersAreSpelledAndPatternsFilled) {
  EXPECT_EQ(number_in_words(0), "zero");
  EXPECT_EQ(number_in_words(42), "forty-two");
  EXPECT_EQ(number_in_words(90), "ninety");
  EXPECT_EQ(number_in_words(305), "three hundred and five");
  EXPECT_EQ(number_in_words(1000), "1000");
  EXPECT_EQ(put_in("{a} and {b}, {a}", {{"b", "2"}, {"a", "1"}, {"c", "3"}}), "1 and 2, 1");
}

TEST(Everyday, APhraseMustStandInAReplyWithoutABox) {
  const Checker checker = PhraseChecker{"Hello"};
  EXPECT_TRUE(*check_answer(checker, "hello! Ask me."));
  EXPECT_FALSE(*check_answer(checker, "Hi"));
  EXPECT_FALSE(*check_answer(checker, "Hello \\boxed{1}"));
  EXPECT_FALSE(*check_answer(checker, std::string("Hello. ").append(kDeclining)));
  EXPECT_FALSE(check_answer(PhraseChecker{}, "Hello"));
}

TEST(Everyday, EarlierTurnsThatDoNotAlternateAreErrors) {
  const auto error = [](const char* earlier) {
    const std::string row = std::string(R"({"prompt":"a","answer":"1","earlier":)").append(earlier).append("}");
    const auto p = problem_from_row(*parse_json(row, "test"), "row");
    return p ? std::string() : p.error().what;
  };
  EXPECT_EQ(error(R"([{"role":"user","content":"a"},{"role":"assistant","content":"b"}])"), "");
  EXPECT_EQ(error("[]"), "");
  EXPECT_NE(error(R"([{"role":"assistant","content":"a"}])").find("expected user, found \"assistant\""),
            std::string::npos);
  EXPECT_NE(error(R"([{"role":"user","content":"a"}])").find("has 1 turns"), std::string::npos);
  EXPECT_NE(error(R"([{"role":"user"}])").find("content"), std::string::npos);
}

TEST(Everyday, TheHandWrittenQuestionsCanAllBeChecked) {
  for (const auto& [name, count] : {std::pair{"questions", 421u},
                                    {"conversations", 180u},
                                    {"strangers_questions", 400u},
                                    {"strangers_conversations", 180u}}) {
    const auto file = read_problems(fmt::format("{}/tests/data/first/{}.jsonl", R1_SOURCE_DIR, name));
    ASSERT_TRUE(file) << file.error().what;
    EXPECT_TRUE(file->skipped.empty()) << file->skipped.front();
    EXPECT_EQ(file->problems.size(), count) << name;
  }
}

// A trace that takes up the last answer begins with it, and the number is that of the reply before.
TEST(Everyday, ATraceThatTakesUpTheLastAnswerBeginsWithIt) {
  int taken_up = 0;
  for (u64 i = 0; i < 500; ++i) {
    const Problem p = make_problem("follow", 1, Split::train, 10, i);
    if (!p.trace.starts_with("last ")) continue;
    const std::string last = p.trace.substr(5, p.trace.find('\n') - 5);
    EXPECT_NE(p.earlier.back().reply.find("\\boxed{" + last + "}"), std::string::npos) << conversation_text(p);
    ++taken_up;
  }
  EXPECT_GT(taken_up, 150);
}

TEST(Everyday, TheTraceOfAPowerCountsAndThatOfAnExtremeSaysWhatIsWanted) {
  for (u64 i = 0; i < 300; ++i) {
    const Problem power = make_problem("power", 3, Split::train, 11, i);
    if (const size_t last = power.trace.rfind('^'); last != std::string::npos) {
      i64 value = 1, base = 0;
      std::from_chars(power.trace.data() + power.trace.find('\n') + 1, power.trace.data() + power.trace.size(), base);
      i64 n = 0;
      std::from_chars(power.trace.data() + last + 1, power.trace.data() + power.trace.size(), n);
      for (i64 k = 0; k < n; ++k) value *= base;
      EXPECT_NE(power.reply.find("{" + std::to_string(value) + "}"), std::string::npos) << power.prompt;
    }
    const Problem extreme = make_problem("extreme", 2, Split::train, 11, i);
    const std::vector<i64> numbers = numbers_in(extreme.prompt);
    const bool largest = extreme.trace.starts_with("max ");
    EXPECT_TRUE(largest || extreme.trace.starts_with("min "));
    const auto [least, most] = std::minmax_element(numbers.begin(), numbers.end());
    EXPECT_NE(extreme.reply.find("{" + std::to_string(largest ? *most : *least) + "}"), std::string::npos)
        << extreme.prompt;
  }
}

}  // namespace
}  // namespace r1
