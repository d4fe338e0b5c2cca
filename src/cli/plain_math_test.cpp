#include "cli/plain_math.hpp"

#include <gtest/gtest.h>

#include "core/dtype.hpp"

namespace r1 {
namespace {

struct Case {
  const char *latex, *plain;
};

// Every case is also cut at every place, and byte by byte.
void expect_all(std::initializer_list<Case> cases) {
  for (const auto& [latex, plain] : cases) {
    EXPECT_EQ(plain_math(latex), plain) << latex;
    const std::string_view all = latex;
    for (size_t cut = 1; cut < all.size(); ++cut) {
      PlainMath two;
      std::string out = two.push(all.substr(0, cut));
      out += two.push(all.substr(cut));
      ASSERT_EQ(out + two.finish(), plain) << latex << " cut at " << cut;
    }
    PlainMath bytes;
    std::string out;
    for (const char c : all) out += bytes.push({&c, 1});
    EXPECT_EQ(out + bytes.finish(), plain) << latex;
  }
}

TEST(PlainMath, ShowsCommandsAsText) {
  expect_all({{R"(The answer is \boxed{1692}.)", "The answer is 1692."},
              {R"(\boxed{\frac{3}{4}})", "3/4"},
              {R"(\boxed{x = \{1, 2\}})", "x = {1, 2}"},
              {R"(\(3 \times 4 \div 2 \cdot 5\))", "3 × 4 ÷ 2 · 5"},
              {R"(3 \times 4 \approx 12, a \leq b)", "3 × 4 ≈ 12, a ≤ b"},
              {R"(\[ \left( x^2 + y_1 \right) \neq \alpha \])", "( x² + y₁ ) ≠ α"},
              {R"($\text{area} = \pi r^{2}$)", "area = π r²"},
              {R"($$a \le b$$)", "a ≤ b"},
              {R"(\begin{align*} x &= 1 \\ y &= 2 \end{align*} done)", " x = 1 \n y = 2  done"},
              {R"(\(90^\circ\), \(x^{n+1}\), \(2^{10}\), \(a_{ij}\), \(x^{a/b}\))", "90°, xⁿ⁺¹, 2¹⁰, aᵢⱼ, x^(a/b)"},
              {R"(\(7 \equiv 1 \pmod{3}\))", "7 ≡ 1 (mod 3)"},
              {R"(\(\mathbb{R}, \sin x, \left. y \right|\))", "R, sin x, y |"}});
}

TEST(PlainMath, ShowsAnswersOfModels) {
  expect_all({{"**Answer:** $\\boxed{D}$", "**Answer:** D"},
              {"So\n\\[\n\\boxed{\\dfrac{1}{2}}\n\\]\nis it.", "So\n\n1/2\n\nis it."},
              {R"(\( f(x) = x^2 - 4x + 3 \), where \(x \in \mathbb{R}\).)", "f(x) = x² - 4x + 3, where x ∈ R."},
              {R"(\boxed{\text{Yes, } 50\%} and \boxed{-\frac{7}{2}})", "Yes, 50% and -7/2"},
              {R"(\[ \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} \])", " 1 2 \n 3 4 "},
              {R"($$\sum_{i=1}^{n} i = \frac{n(n+1)}{2}$$)", "∑ᵢ₌₁ⁿ i = (n(n+1))/2"},
              {R"(The price is $5.00, so $5 \times 3 = 15$ dollars.)", "The price is $5.00, so 5 × 3 = 15 dollars."},
              {R"(\(\sqrt{x^2+y^2}\), \(10^{-3}\), \(a_n\), \(x_{\max}\))", "√(x²+y²), 10⁻³, aₙ, xₘₐₓ"}});
}

// Texts of random pieces: cut anywhere they must give what the whole gives.
TEST(PlainMath, ThePlaceOfTheCutsDoesNotMatter) {
  constexpr const char* kPieces[] = {"a",
                                     " ",
                                     "\n",
                                     "\\",
                                     "{",
                                     "}",
                                     "$",
                                     "$$",
                                     "\\(",
                                     "\\)",
                                     "\\[",
                                     "\\]",
                                     "^",
                                     "_",
                                     "2",
                                     "`",
                                     "```",
                                     "é",
                                     "\\frac",
                                     "\\sqrt",
                                     "\\boxed",
                                     "\\times",
                                     "\\left",
                                     "[3]",
                                     "&",
                                     "-",
                                     "(",
                                     ")",
                                     "~",
                                     "\n\n",
                                     "\\text{",
                                     "\\begin{align}",
                                     "\\end{align}",
                                     "\\x"};
  u32 state = 7;
  const auto draw = [&](u32 n) { return (state = state * 1664525 + 1013904223) / 65536 % n; };  // Numerical Recipes
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (u32 n = draw(16); n-- > 0;) text += kPieces[draw(std::size(kPieces))];
    const std::string whole = plain_math(text);
    PlainMath plain;
    std::string pieces;
    for (size_t at = 0; at < text.size();) {
      const size_t length = std::min<size_t>(1 + draw(4), text.size() - at);
      pieces += plain.push(std::string_view(text).substr(at, length));
      at += length;
    }
    ASSERT_EQ(pieces + plain.finish(), whole) << text;
  }
}

TEST(PlainMath, FractionsAndRootsGetTheParenthesesThatTheyNeed) {
  expect_all({{R"(\frac{1}{2})", "1/2"},
              {R"(\(\frac{a+b}{c-d}\))", "(a+b)/(c-d)"},
              {R"(\(\frac{-1}{2}\))", "-1/2"},
              {R"(\(\frac{1}{2}x\))", "(1/2)x"},
              {R"(\(2\frac{1}{2}\))", "2 1/2"},
              {R"(\(\dfrac12 + \frac{\frac{1}{2}}{3}\))", "1/2 + (1/2)/3"},
              {R"(\(\frac{(a)(b)}{(c+d)}\))", "(a)(b)/(c+d)"},
              {R"(\sqrt{2})", "√2"},
              {R"(\(\sqrt{x+1}, \sqrt[3]{8}, \sqrt[n]{2}\))", "√(x+1), ∛8, ⁿ√2"}});
}

TEST(PlainMath, LeavesWhatIsNoMath) {
  expect_all({{"It costs $5 and $10.", "It costs $5 and $10."},
              {"$5-$10, 5 or 6 $", "$5-$10, 5 or 6 $"},
              {"echo $HOME\nls $PATH", "echo $HOME\nls $PATH"},
              {R"(C:\times\new and \unknown{x} and a\\b)", R"(C:\times\new and \unknown{x} and a\\b)"},
              {"snake_case_1 and x^2 and {braces}", "snake_case_1 and x^2 and {braces}"},
              {"`\\frac{1}{2}` is \\frac{1}{2}", "`\\frac{1}{2}` is 1/2"},
              {"```tex\n$x^2$ \\boxed{1}\n```\n$x^2$", "```tex\n$x^2$ \\boxed{1}\n```\nx²"},
              {"你好 é 😀 \\boxed{好}", "你好 é 😀 好"},
              {"a \\", "a \\"},
              {"", ""}});
}

TEST(PlainMath, AnUnfinishedCommandIsShownInTheEnd) {
  expect_all(
      {{R"(\frac{1}{2)", R"(\frac{1}{2)"}, {R"(\boxed{12)", "12"}, {"price: $x", "price: $x"}, {R"(\bo)", R"(\bo)"}});
}

TEST(PlainMath, AMissingBraceDoesNotHoldTheTextBackForEver) {
  PlainMath plain;
  std::string shown = plain.push(R"(\frac{1)");
  EXPECT_EQ(shown, "");
  for (int i = 0; i < 1000; ++i) shown += plain.push("a b ");
  EXPECT_GT(shown.size(), 3000u);
}

TEST(PlainMath, AnEmptyLineEndsAFormula) {
  expect_all({{"\\[ x^2\n\nx^2", "x²\n\nx^2"}, {"\\boxed{1\n\n{2}", "1\n\n{2}"}});
}

TEST(PlainMath, PlainTextIsShownAtOnce) {
  PlainMath plain;
  EXPECT_EQ(plain.push("The ans"), "The ans");
  EXPECT_EQ(plain.push("wer is \\box"), "wer is ");
  EXPECT_EQ(plain.push("ed{4"), "4");
  EXPECT_EQ(plain.push("2"), "2");
  EXPECT_EQ(plain.push("}."), ".");
}

}  // namespace
}  // namespace r1
