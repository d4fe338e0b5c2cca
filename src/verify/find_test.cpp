// Where the answer is found in a text.
#include <gtest/gtest.h>

#include <string>

#include "verify/verify.hpp"

namespace r1 {
namespace {

struct TextCase {
  const char *gold, *text;
  bool equal;
};

constexpr TextCase kTexts[] = {
    {"42", "The answer is **42**.", true},
    {"42", "Answer: \\boxed{42}", true},
    {"42", "I think it's 41. Wait, no. The final answer is 42.", true},
    {"72", "Natalia sold 48/2 = 24 clips in May.\nNatalia sold 48+24 = 72 clips altogether.\n#### 72", true},
    {"\\frac{1}{2}", "Thus, the probability is $\\boxed{\\dfrac{1}{2}}$.", true},
    {"\\frac{1}{2}", "<answer>1/2</answer>", true},
    {"\\frac{1}{2}", "<answer>\\boxed{0.5}</answer>", true},
    {"5", "Therefore x = 5.", true},
    {"5", "so we have $x = 5$.", true},
    {"x=5", "Hence, $x=5$", true},
    {"3\\sqrt{2}", "the distance is \\(3\\sqrt{2}\\) units", true},
    {"12", "the area is $12 \\text{ cm}^2$.", true},
    {"12", "the area is 12 cm².", true},
    {"(3,4)", "The point is (3, 4).", true},
    {"(3,4)", "The answer is (3, 4).", true},
    {"(3,4)", "The coordinates are $(3,4)$", true},
    {"\\{1,2\\}", "the solutions are $x=1$ and $x=2$.", true},
    {"1,2", "$x = 1$ or $x = 2$", true},
    {"2", "Final Answer: $2$", true},
    {"2", "The final answer is: $\\boxed{2}$", true},
    {"2", "**Final Answer**\n\\boxed{2}", true},
    {"2", "**Final Answer:** 2", true},
    {"1000", "It costs $1,000.", true},
    {"1000", "a total of $1{,}000$ dollars", true},
    {"B", "The correct answer is (B).", true},
    {"B", "\\boxed{B}", true},
    {"B", "\\boxed{\\text{B}}", true},
    {"B", "\\boxed{(B)}", true},
    {"yes", "\\boxed{\\text{Yes}}", true},
    {"yes", "\\boxed{Yes}", true},
    {"east", "\\boxed{\\text{east}}", true},
    {"-3", "The minimum value is $-3$.", true},
    {"-3", "the answer is -3", true},
    {"0.25", "25%", true},
    {"25\\%", "The probability is 25%.", true},
    {"7", "\\boxed{6}, no: \\boxed{7}", false},
    {"7", "\\boxed{7", true},
    {"7", "<think>\\boxed{7}</think> \\boxed{8}", false},
    {"7", "<think>\\boxed{8}</think> 7", true},
    {"x^2+1", "\\[ f(x) = x^2 + 1 \\]", true},
    {"y=2x", "the line is $y = 2x$.", true},
    {"[1,3]", "so $1 \\le x \\le 3$, i.e. $x\\in[1,3]$", true},
    {"10", "There are $2 \\cdot 5 = 10$ ways.", true},
    {"10", "We get $2+8=\\boxed{10}$", true},
    {"10", "10 apples", true},
    {"10", "ten", true},
    {"6", "The answer is 6.0", true},
    {"6", "The answer is 6.5", false},
    {"6", "I have no idea.", false},
    {"6", "", false},
    {"\\frac{3}{4}", "The ratio is 3:4.", true},
    {"11:30", "The train leaves at 11:30.", true},
    {"2^{10}", "1024", true},
    {"1,2,3", "\\boxed{1}, \\boxed{2}, \\boxed{3}", true},
    {"3", "\\boxed{1}, \\boxed{2}, \\boxed{3}", false},
    {"5", "It is either 5 or 6: \\boxed{5 \\text{ or } 6}", false},
    {"\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}", "$$\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}.$$", true},
    {"x \\ge 2", "$\\boxed{[2,\\infty)}$", true},
    {"p - q", "\\boxed{p-q}", true},
    {"14", "\\boxed{14<|im_end|>", true},
    {"8", "答案是8。", true},
    {"8", "所以答案为 $8$。", true},
    {"8", "Die Antwort ist 8.", true},
    {"8", "La réponse est 8.", true},
    {"8", "La respuesta es 8.", true},
    {"6", "Answer: 2+4", true},
    {"120", "The answer is $5!$", true},
    {"3.5", "3 1/2", true},
    {"0.5", "$0.5", true},
    {"0.50", "The cost is \\$0.50", true},
    {"Evelyn", "\\text{Evelyn}", true},
    {"Evelyn", "The answer is \\boxed{\\text{Evelyn}}.", true},
    {"\\text{Evelyn}", "The answer is Evelyn", true},
    {"2k\\pi", "\\boxed{2\\pi k}", true},
    {"6", "Answer = 6", true},
    {"6", "The answer\nis 6", true},
    {"-\\frac{1}{3}", "$\\boxed{-\\frac{1}{3}}$", true},
    {"4", "\\boxed{x = 4}", true},
    {"4", "\\boxed{4 \\text{ hours}}", true},
    {"4", "\\boxed{\\$4}", true},
    {"4", "\\boxed{4.}", true},
    {"70", "\\boxed{70^\\circ}", true},
    {"17", "So the number is 17!", true},
    {"1/3", "one third", false},
    {"2", "2 + 2 = 4", false},
    {"4", "2 + 2 = 4", true},
};

TEST(Find, TheFinalAnswerOfATextIsFound) {
  for (const auto& [gold, text, equal] : kTexts)
    EXPECT_EQ(verify_answer(gold, text, {}).verdict == Verdict::equal, equal)
        << gold << "  " << text << "  found " << verify_answer(gold, text, {}).found;
}

FoundBy rule_of(std::string_view text, const FindOptions& options = {}) {
  const auto found = find_answer(text, options, false);
  EXPECT_TRUE(found) << text;
  return found ? found->rule : FoundBy::whole;
}

TEST(Find, TheRuleThatFoundAnAnswerIsKnown) {
  EXPECT_EQ(rule_of("7"), FoundBy::whole);
  EXPECT_EQ(rule_of("so \\boxed{7}"), FoundBy::box);
  EXPECT_EQ(rule_of("so\n#### 7"), FoundBy::hashes);
  EXPECT_EQ(rule_of("the answer is 7"), FoundBy::anchor);
  EXPECT_EQ(rule_of("we have $x+1$"), FoundBy::span);
  EXPECT_EQ(rule_of("we have 7 of them"), FoundBy::number);
  EXPECT_EQ(rule_of("The answer is Paris"), FoundBy::words);
  FindOptions choices;
  choices.choices = true;
  EXPECT_EQ(rule_of("(C) is right", choices), FoundBy::choice);
}

TEST(Find, OnlyClosedBoxesCountIfBoxesAreAskedFor) {
  FindOptions boxed;
  boxed.boxed = true;
  for (const char* text : {"The answer is 7", "7", "$7$", "\\boxed{7", "\\boxed{6} \\boxed{7", "#### 7"})
    EXPECT_FALSE(find_answer(text, boxed, false)) << text;
  EXPECT_TRUE(find_answer("\\boxed{7}", boxed, false));
}

TEST(Find, ChoicesAreLettersOrTheGivenWords) {
  EXPECT_EQ(find_choice("I think a dog is (b).", {}), "B");
  EXPECT_EQ(find_choice("The answer is C, not A", {}), "C");
  EXPECT_EQ(find_choice("Nothing", {}), std::nullopt);
  EXPECT_EQ(find_choice("I'd say True, or rather False", {"true", "false"}), "false");
  EXPECT_EQ(find_choice("Untrue", {"true"}), std::nullopt);
}

}  // namespace
}  // namespace r1
