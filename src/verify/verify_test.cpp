#include "verify/verify.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <vector>

#include "verify/countdown.hpp"

namespace r1 {
namespace {

TEST(Extract, TheLastBoxAfterTheThinkingCounts) {
  EXPECT_EQ(extract_answer("\\boxed{1} x\n</think>\n\nThe answer is \\boxed{42}."), "42");
  EXPECT_EQ(extract_answer("\\boxed{1} and then \\boxed{2}"), "2");
  EXPECT_EQ(extract_answer("\\boxed{\\frac{1}{2}}"), "\\frac{1}{2}");
  EXPECT_EQ(extract_answer("\\boxed {7}"), "7");
  EXPECT_EQ(extract_answer("48 / 2 = 24, 48 + 24 = 72\n#### 72\n"), "72");
  EXPECT_EQ(extract_answer("#### 1. First step\nThe answer is 5"), "5");
  EXPECT_EQ(extract_answer("The answer is 5\n#### Remarks"), "5");
}

TEST(Extract, ABoxInsideTheThinkingIsNoAnswer) {
  EXPECT_EQ(extract_answer("\\boxed{42}</think> no idea"), "no idea");
  EXPECT_EQ(extract_answer("\\boxed{42}</think>"), "");
}

TEST(Extract, AnUnclosedBoxGivesAnEmptyAnswer) {
  EXPECT_EQ(extract_answer("The answer is \\boxed{42"), "");
  EXPECT_EQ(extract_answer("\\boxed{1} \\boxed{{{{{{"), "");
  EXPECT_EQ(extract_answer("\\boxed"), "");
}

TEST(Extract, WithoutABoxTheAnswerIsTheNumberAfterAnswerIsOrElseTheWholeText) {
  EXPECT_EQ(extract_answer("So the answer is -12."), "-12");
  EXPECT_EQ(extract_answer("The answer is 1,692."), "1,692");
  EXPECT_EQ(extract_answer("The answer is about 3/4"), "3/4");
  EXPECT_EQ(extract_answer("  42 \n"), "42");
  EXPECT_EQ(extract_answer("The answer is 5, since 2 + 3 = 5."), "5");
  EXPECT_EQ(extract_answer("The answer is unknown"), "The answer is unknown");
  EXPECT_EQ(extract_answer(""), "");
}

TEST(Extract, AfterAnswerIsADifferenceOrAListIsTakenAsAWhole) {
  EXPECT_EQ(extract_answer("The answer is 10-3."), "10-3");
  EXPECT_EQ(extract_answer("The answer is 3, 7, 19, 42."), "3, 7, 19, 42");
  EXPECT_EQ(extract_answer("The answer is -5, 3,  -1/2"), "-5, 3,  -1/2");
  EXPECT_EQ(extract_answer("The answer is3,7"), "3,7");
  EXPECT_EQ(extract_answer("The answer is, 7"), "7");
}

TEST(Match, NumbersAreComparedExactly) {
  for (const auto& [a, b] : std::vector<std::pair<const char*, const char*>>{{"42", "42"},
                                                                             {"42", "+42"},
                                                                             {"42", "42."},
                                                                             {"42", " 42 "},
                                                                             {"42", "42.0"},
                                                                             {"1692", "1,692"},
                                                                             {"-3", "- 3"},
                                                                             {"0.75", "3/4"},
                                                                             {"1/2", "\\frac{1}{2}"},
                                                                             {"0.5", ".5"},
                                                                             {"-1/2", "-\\frac{1}{2} "},
                                                                             {"1/2", "2/4"},
                                                                             {"007", "7"},
                                                                             {"0", "-0"},
                                                                             {"9.90", "9.9"},
                                                                             {"12", "$12$"},
                                                                             {"1000000", "1,000,000"},
                                                                             {"-5", "\u22125"},
                                                                             {"1/2", "\\dfrac{1}{2}"}}) {
    EXPECT_TRUE(answer_matches(a, b)) << a << " " << b;
    EXPECT_TRUE(answer_matches(b, a)) << b << " " << a;
  }
}

TEST(Match, AnswersThatAreAlmostEqualAreWrong) {
  for (const auto& [a, b] : std::vector<std::pair<const char*, const char*>>{
           {"42", "43"},    {"42", "-42"}, {"42", ""},         {"", ""},          {"1/3", "0.333333"},
           {"42", "42 43"}, {"42", "4 2"}, {"1692", "1,69,2"}, {"1692", "16,92"}, {"12", "1.2.0"},
           {"0", "0/0"},    {"1", "1/0"},  {"42", "4_2"},      {"42", "x=42"},    {"42", "0x2a"},
           {"42", "4e1"},   {"3", "1+2"},  {"10", "012"},      {"9.11", "9.9"},   {"42", "--42"},
           {"42", "42,"},   {"5", "5/"},   {"5", "/5"},        {"5", "."}}) {
    EXPECT_FALSE(answer_matches(a, b)) << a << " " << b;
  }
}

TEST(Match, ListsAreComparedInOrder) {
  EXPECT_TRUE(answer_matches("3, 7, 19, 42", "3,7,19,42"));
  EXPECT_TRUE(answer_matches("3, 7, 19, 42", "3 7 19 42"));
  EXPECT_TRUE(answer_matches("3, 7, 19", "[3, 7, 19]"));
  EXPECT_FALSE(answer_matches("3, 7, 19, 42", "7, 3, 19, 42"));
  EXPECT_FALSE(answer_matches("3, 7, 19, 42", "3, 7, 19"));
  EXPECT_FALSE(answer_matches("3, 7", "3, 7, "));
  EXPECT_FALSE(answer_matches("3, 7", "3,, 7"));
  EXPECT_TRUE(answer_matches("100, 200", "100,200"));
}

TEST(Match, HostileInputReturnsAtOnce) {
  const std::string nines(900, '9'), braces(1000, '{');
  EXPECT_FALSE(answer_matches("1", nines + "1"));
  EXPECT_FALSE(answer_matches("1", std::string(2000000, '1')));
  EXPECT_FALSE(answer_matches("1", braces));
  EXPECT_FALSE(answer_matches("1", "\\frac" + braces));
  EXPECT_FALSE(answer_matches("1", "9^9^9^9"));
  EXPECT_FALSE(answer_matches("1", std::string("1\0", 2)));
  EXPECT_EQ(extract_answer(std::string(3000000, '{').append("\\boxed{3}")), "3");
  EXPECT_FALSE(answer_matches("7", std::string(500, ',')));
}

const std::vector<i64> k3{3, 7, 25};

TEST(Countdown, AnyValidExpressionIsAccepted) {
  EXPECT_TRUE(countdown_reaches("7*3+25", k3, 46));
  EXPECT_TRUE(countdown_reaches("25 + 3 × 7", k3, 46));
  EXPECT_TRUE(countdown_reaches("25+(7*3)=46", k3, 46));
  EXPECT_TRUE(countdown_reaches("(25-3)*7", k3, 154));
  EXPECT_TRUE(countdown_reaches("25 \\cdot 3 - 7", k3, 68));
  EXPECT_TRUE(countdown_reaches("(5/3)*6", std::vector<i64>{3, 5, 6}, 10));  // an intermediate value is a fraction
}

TEST(Countdown, WrongValueNumbersOrSyntaxAreRefused) {
  for (const char* bad : {"",        "46",         "25+7+3",   "25+3*7+0",  "25+21",        "3*7+25+25", "25+3*",
                          "25+(3*7", "25+3*7)",    "25+-3*-7", "25+3*7=45", "25+3*7=46=46", "25+3 7",    "2 5+3*7",
                          "25+3x7",  "25/(3-3)+7", "25+3**7",  "()",        "25+3*7;",      "٢٥+3*7"})
    EXPECT_FALSE(countdown_reaches(bad, k3, 46)) << bad;
}

std::string in_parentheses(int depth) {
  return fmt::format("{}25+3*7{}", std::string(depth, '('), std::string(depth, ')'));
}

TEST(Countdown, HostileExpressionsAreRefused) {
  EXPECT_FALSE(countdown_reaches(std::string(200, '('), k3, 46));
  EXPECT_FALSE(countdown_reaches(in_parentheses(20), k3, 46));
  EXPECT_TRUE(countdown_reaches(in_parentheses(16), k3, 46));
  EXPECT_FALSE(countdown_reaches(std::string(1000000, '1'), k3, 46));
  EXPECT_FALSE(countdown_reaches("99999999999999999999+3*7", k3, 46));
}

}  // namespace
}  // namespace r1
