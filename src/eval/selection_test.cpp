#include "eval/selection.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace r1 {
namespace {

// Right completions with thinking to one or more prompts, of which a test changes what it is about.
class Selection : public testing::Test {
 protected:
  // Adds a completion whose thinking is `thinking`; returns its place.
  size_t add(const std::string& thinking, i64 tokens = 20, size_t index = 0) {
    LoggedCompletion c;
    c.index = index, c.sample = static_cast<i32>(found.size());
    c.text = thinking + "\n</think>\n\nThe answer is \\boxed{4}.";
    c.graded.done = true, c.graded.kind = JudgementKind::right, c.graded.parts = {1, 1, {}};
    c.graded.tokens = tokens;
    found.push_back(std::move(c));
    return found.size() - 1;
  }
  std::vector<Selected> select(const SelectionRules& rules = {}) const {
    std::vector<Problem> problems(2);
    problems[0].prompt = first_prompt, problems[1].prompt = second_prompt;
    problems[1].earlier = second_earlier;
    std::vector<std::string> turns;
    for (const LoggedCompletion& c : found) turns.push_back(turn_text(true, c.text));
    return select_completions(problems, found, turns, rules);
  }
  // The names of the decisions, in order.
  std::vector<std::string> decisions(const SelectionRules& rules = {}) const {
    std::vector<std::string> out;
    for (const Selected& s : select(rules)) out.emplace_back(name_of(s.decision));
    return out;
  }
  using Names = std::vector<std::string>;

  std::vector<LoggedCompletion> found;
  std::string first_prompt = "2 + 2?", second_prompt = "1 + 3?";
  std::vector<Exchange> second_earlier;
};

// Four different texts of more than kSimilarityWords words each.
constexpr const char* kTexts[] = {"two and two are four as everybody knows",
                                  "count on from two: three, then four it is",
                                  "half of eight gives the same number again", "the square of two has this value also"};

TEST_F(Selection, RightCompletionsOfTheWantedFormAreKept) {
  for (const char* text : kTexts) add(text);
  EXPECT_EQ(decisions(), (Names{"kept", "kept", "kept", "kept"}));
}

// "And times 3?" is another problem behind another question.
TEST_F(Selection, ProblemsWithTheSamePromptBehindOtherTurnsAreNotOneProblem) {
  second_prompt = first_prompt;
  add(kTexts[0]), add(kTexts[1], 20, 1);
  EXPECT_EQ(decisions({.keep = 1}), (Names{"kept", "over_limit"}));
  second_earlier = {{"1 + 1", "The answer is \\boxed{2}."}};
  EXPECT_EQ(decisions({.keep = 1}), (Names{"kept", "kept"}));
}

TEST_F(Selection, WhatIsNotRightOrNotOfTheFormIsNot) {
  for (const char* text : {kTexts[0], kTexts[1], kTexts[2], kTexts[3], kTexts[0]}) add(text);
  found[0].graded.kind = JudgementKind::wrong;
  found[1].graded.kind = JudgementKind::no_answer;
  found[2].graded.kind = JudgementKind::unchecked;
  found[3].graded.parts.format = 0;
  found[4].graded.truncated = true;
  EXPECT_EQ(decisions(), (Names{"wrong", "wrong", "unchecked", "form", "too_long"}));
}

TEST_F(Selection, AnswersOfMoreTokensThanTheLongestAreTooLong) {
  add(kTexts[0], 30), add(kTexts[1], 31), add(kTexts[2], 31);
  found[2].graded.kind = JudgementKind::wrong;
  EXPECT_EQ(decisions({.longest = 30}), (Names{"kept", "too_long", "wrong"}));
}

TEST_F(Selection, TheLanguageIsThatOfTheWholeTurn) {
  add(kTexts[0]);
  add("二加二等于四，这是大家都知道的事情");  // 16 Han characters beside the three words of the answer
  add("7 * 3 = 21");
  EXPECT_EQ(decisions({.language = Language::english}), (Names{"kept", "language", "kept"}));
  EXPECT_EQ(decisions({.language = Language::chinese, .language_share = 0.8}), (Names{"language", "kept", "language"}));
  EXPECT_EQ(decisions({.language = Language::chinese, .language_share = 0.9})[1], "language") << "16 of 19 words";
}

// A period of four words: a run of eight words that begins behind the first period repeats one that began in it.
TEST_F(Selection, TurnsThatRepeatThemselvesAreNotKept) {
  std::string loop = kTexts[0];
  for (int i = 0; i < 3; ++i) loop += " wait let me check";
  add(loop);
  for (int i = 0; i < 20; ++i) loop += " wait let me check";
  add(loop);
  EXPECT_EQ(decisions(), (Names{"kept", "repeated"}));
  EXPECT_EQ(decisions({.repetition = 1, .similarity = 0}), (Names{"kept", "kept"}));
}

TEST_F(Selection, ADuplicateNamesTheKeptOneThatItResembles) {
  add(kTexts[0]), add(kTexts[1]);
  const size_t equal = add("Two  and two are\nfour as EVERYBODY knows");  // other case, other white space
  const auto selected = select();
  EXPECT_EQ(decisions(), (Names{"kept", "kept", "duplicate"}));
  EXPECT_EQ(selected[equal].duplicate_of, std::optional<size_t>(0));
  EXPECT_FALSE(selected[0].duplicate_of);
  EXPECT_EQ(decisions({.similarity = 1}), (Names{"kept", "kept", "duplicate"}));
  EXPECT_EQ(decisions({.similarity = 0}), (Names{"kept", "kept", "kept"}));
}

// Eight words of thinking and four of the answer are nine runs of four. Another last word of the thinking changes four
// of them: 5 are common and 13 occur in either.
TEST_F(Selection, TheSimilarityIsTheShareOfCommonRunsOfFourWords) {
  add("two and two are four as everybody knows"), add("two and two are four as everybody says");
  EXPECT_EQ(decisions({.similarity = 5.0 / 13}), (Names{"kept", "duplicate"}));
  EXPECT_EQ(decisions({.similarity = 0.385}), (Names{"kept", "kept"})) << "5 / 13 = 0.3846";
}

TEST_F(Selection, ThePreferenceSaysWhichAnswersOfAPromptAreTaken) {
  add(kTexts[0], 20), add(kTexts[1], 30), add(kTexts[2], 10), add(kTexts[3], 30);
  EXPECT_EQ(decisions({.keep = 2}), (Names{"kept", "kept", "over_limit", "over_limit"}));
  EXPECT_EQ(decisions({.keep = 2, .prefer = Prefer::shorter}), (Names{"kept", "over_limit", "kept", "over_limit"}));
  EXPECT_EQ(decisions({.keep = 2, .prefer = Prefer::longer}), (Names{"over_limit", "kept", "over_limit", "kept"}));
  EXPECT_EQ(decisions({.keep = 1, .prefer = Prefer::longer}), (Names{"over_limit", "kept", "over_limit", "over_limit"}))
      << "of equally long ones the first";
}

TEST_F(Selection, TheLimitAndTheDuplicatesAreThoseOfAPrompt) {
  add(kTexts[0], 20, 0), add(kTexts[0], 20, 1), add(kTexts[1], 20, 1);
  EXPECT_EQ(decisions({.keep = 1}), (Names{"kept", "kept", "over_limit"}));
  second_prompt = first_prompt;
  EXPECT_EQ(decisions({.keep = 2}), (Names{"kept", "duplicate", "kept"})) << "two problems with one prompt";
}

TEST(WordRuns, AreASetAndAShortTextIsOneRun) {
  EXPECT_EQ(word_runs("a b c a b c a b", 3).size(), 3u);  // abc bca cab
  EXPECT_EQ(word_runs("a b", 3), word_runs("A\n b ", 3));
  EXPECT_EQ(word_runs("a b", 3).size(), 1u);
  EXPECT_NE(word_runs("a b", 3), word_runs("b a", 3));
  const auto runs = word_runs("one two three four five", 2);
  EXPECT_TRUE(std::is_sorted(runs.begin(), runs.end()));
}

TEST(Jaccard, IsTheShareOfTheUnionThatIsCommon) {
  using Runs = std::vector<u64>;
  EXPECT_EQ(jaccard(Runs{1, 2, 3}, Runs{2, 3, 4, 5}), 2.0 / 5);
  EXPECT_EQ(jaccard(Runs{1, 2}, Runs{1, 2}), 1);
  EXPECT_EQ(jaccard(Runs{1, 2}, Runs{3}), 0);
  EXPECT_EQ(jaccard(Runs{}, Runs{3}), 0);
}

}  // namespace
}  // namespace r1
