// Pairs of answers in mode "answer": what is equal, and what looks alike and is not.
#include <gtest/gtest.h>

#include <string>

#include "verify/verify.hpp"

namespace r1 {
namespace {

struct Pair {
  const char *gold, *given;
};

Verdict bare_verdict(std::string_view gold, std::string_view given) {
  VerifyOptions options;
  options.form = AnswerForm::bare;
  return verify_answer(gold, given, options).verdict;
}

constexpr Pair kEqual[] = {
    {R"~(\dfrac{3}{4})~", R"~(0.75)~"},
    {R"~(\tfrac12)~", R"~(\frac{2}{4})~"},
    {R"~(\frac{-1}{2})~", R"~(-0.5)~"},
    {R"~(-\frac{1}{2})~", R"~(\frac{1}{-2})~"},
    {R"~(3\frac{1}{2})~", R"~(3.5)~"},
    {R"~(3 1/2)~", R"~(\frac{7}{2})~"},
    {R"~(50\%)~", R"~(\frac{1}{2})~"},
    {R"~(50\%)~", R"~(50)~"},
    {R"~(0.5)~", R"~(50\%)~"},
    {R"~(\sqrt{8})~", R"~(2\sqrt{2})~"},
    {R"~(\frac{1}{\sqrt{2}})~", R"~(\frac{\sqrt{2}}{2})~"},
    {R"~(\sqrt[3]{16})~", R"~(2\sqrt[3]{2})~"},
    {R"~(\sqrt[3]{-8})~", R"~(-2)~"},
    {R"~(\frac{1}{1+\sqrt{2}})~", R"~(\sqrt{2}-1)~"},
    {R"~(\sqrt{3+2\sqrt{2}})~", R"~(1+\sqrt{2})~"},
    {R"~(2\pi)~", R"~(6.283185)~"},
    {R"~(\pi r^2)~", R"~(r^2\pi)~"},
    {R"~(\left\{1,2,3\right\})~", R"~(\{3,2,1\})~"},
    {R"~(\{1,2,3\})~", R"~(3, 1, 2)~"},
    {R"~(\left[0,\infty\right))~", R"~([0,+\infty))~"},
    {R"~(x \ge 3)~", R"~([3,\infty))~"},
    {R"~(3 \le x)~", R"~(x \geq 3)~"},
    {R"~((-\infty,1)\cup(2,\infty))~", R"~((2,\infty)\cup(-\infty,1))~"},
    {R"~(\mathbb{R})~", R"~((-\infty,\infty))~"},
    {R"~(\mathbb{R}\setminus\{0\})~", R"~((-\infty,0)\cup(0,\infty))~"},
    {R"~([0,1)\cup[1,2])~", R"~([0,2])~"},
    {R"~(\begin{pmatrix}1\\2\end{pmatrix})~", R"~((1,2))~"},
    {R"~(\begin{pmatrix}1&2\\3&4\end{pmatrix})~", R"~(\begin{bmatrix}1&2\\3&4\end{bmatrix})~"},
    {R"~(x=5)~", R"~(5)~"},
    {R"~(x = 5)~", R"~(x=5.0)~"},
    {R"~(5)~", R"~(x=5)~"},
    {R"~(y=2x+1)~", R"~(2x-y+1=0)~"},
    {R"~(y=2x+1)~", R"~(2x+1)~"},
    {R"~(x^2+y^2=4)~", R"~(y^2+x^2-4=0)~"},
    {R"~(2\times 10^3)~", R"~(2000)~"},
    {R"~(2 \times 10^{-3})~", R"~(0.002)~"},
    {R"~(1.5e3)~", R"~(1500)~"},
    {R"~(10^{-3})~", R"~(0.001)~"},
    {R"~(2^{10})~", R"~(1024)~"},
    {R"~(1{,}000{,}000)~", R"~(1000000)~"},
    {R"~(1,000,000)~", R"~(10^6)~"},
    {R"~(\$1,234.50)~", R"~(1234.5)~"},
    {R"~(5 \text{ cm})~", R"~(5)~"},
    {R"~(5\text{ cm}^2)~", R"~(5)~"},
    {R"~(12 \text{ km/h})~", R"~(12)~"},
    {R"~(12\text{ miles per hour})~", R"~(12)~"},
    {R"~(15 apples)~", R"~(15)~"},
    {R"~(30 minutes)~", R"~(30)~"},
    {R"~(90^\circ)~", R"~(90)~"},
    {R"~(90^{\circ})~", R"~(90\text{ degrees})~"},
    {R"~(\text{(A)})~", R"~(A)~"},
    {R"~((A))~", R"~(A)~"},
    {R"~(\textbf{(B)})~", R"~(B)~"},
    {R"~(\text{Yes})~", R"~(yes)~"},
    {R"~(\text{Tuesday})~", R"~(Tuesday)~"},
    {R"~(\text{True})~", R"~(true)~"},
    {R"~((x+1)(x-1))~", R"~(x^2-1)~"},
    {R"~(\frac{x^2-1}{x-1})~", R"~(x+1)~"},
    {R"~(\sin^2 x+\cos^2 x)~", R"~(1)~"},
    {R"~(\sin 2x)~", R"~(2\sin x\cos x)~"},
    {R"~(\tan x)~", R"~(\frac{\sin x}{\cos x})~"},
    {R"~(\ln 8)~", R"~(3\ln 2)~"},
    {R"~(\log_2 8)~", R"~(3)~"},
    {R"~(\log_{10} 100)~", R"~(2)~"},
    {R"~(e^{2x})~", R"~((e^x)^2)~"},
    {R"~(|x|)~", R"~(\sqrt{x^2})~"},
    {R"~(5!)~", R"~(120)~"},
    {R"~(\binom{5}{2})~", R"~(10)~"},
    {R"~(3 \pm \sqrt{2})~", R"~(3+\sqrt{2}, 3-\sqrt{2})~"},
    {R"~(\pm 3)~", R"~(-3, 3)~"},
    {R"~(x=\pm 3)~", R"~(\{3,-3\})~"},
    {R"~(x = 1 \text{ or } x = 2)~", R"~(1, 2)~"},
    {R"~(1 \text{ and } 2)~", R"~(\{1,2\})~"},
    {R"~((1,2),(3,4))~", R"~((3,4),(1,2))~"},
    {R"~((1, 2) \text{ and } (3, 4))~", R"~((1,2), (3,4))~"},
    {R"~(1+2i)~", R"~(2i+1)~"},
    {R"~(i^2)~", R"~(-1)~"},
    {R"~(\frac{1+i}{2})~", R"~(\frac12+\frac{i}{2})~"},
    {R"~(\frac{1}{1+i})~", R"~(\frac{1-i}{2})~"},
    {R"~(0.\overline{3})~", R"~(\frac13)~"},
    {R"~(0.1\overline{6})~", R"~(\frac16)~"},
    {R"~(1:2)~", R"~(\frac12)~"},
    {R"~(3:4)~", R"~(3:4)~"},
    {R"~(1011_2)~", R"~(1011_{2})~"},
    {R"~(\text{2}\frac{1}{3})~", R"~(\frac73)~"},
    {R"~(\frac{\pi}{2})~", R"~(\frac{1}{2}\pi)~"},
    {R"~(\frac{3\pi}{4})~", R"~(0.75\pi)~"},
    {R"~(\arctan 1)~", R"~(\frac{\pi}{4})~"},
    {R"~(\sin 30^\circ)~", R"~(\frac12)~"},
    {R"~(\cos 60^{\circ})~", R"~(0.5)~"},
    {R"~(-x+3)~", R"~(3-x)~"},
    {R"~(a^2-2ab+b^2)~", R"~((a-b)^2)~"},
    {R"~(\frac{a}{b})~", R"~(a/b)~"},
    {R"~(x^{1/2})~", R"~(\sqrt{x})~"},
    {R"~(x^{-1})~", R"~(\frac{1}{x})~"},
    {R"~(\left(\frac{1}{2},3\right))~", R"~((0.5, 3))~"},
    {R"~(\infty)~", R"~(+\infty)~"},
    {R"~(-\infty)~", R"~(-\infty)~"},
    {R"~(\emptyset)~", R"~(\{\})~"},
    {R"~(\frac{2}{3} \approx 0.667)~", R"~(\frac23)~"},
    {R"~(AB = 5)~", R"~(5)~"},
    {R"~(\angle ABC = 30^\circ)~", R"~(30)~"},
    {R"~(f(x)=x^2)~", R"~(x^2)~"},
    {R"~(P(2)=7)~", R"~(7)~"},
    {R"~(\lfloor 3.7 \rfloor)~", R"~(3)~"},
    {R"~(\gcd(12,18))~", R"~(6)~"},
    {R"~(\max(3,5))~", R"~(5)~"},
    {R"~(17 \bmod 5)~", R"~(2)~"},
    {R"~(2^{n+1})~", R"~(2 \cdot 2^n)~"},
    {R"~(\frac{n(n+1)}{2})~", R"~(\frac{n^2+n}{2})~"},
    {R"~(\frac{5}{9}(F-32))~", R"~(\frac{5F-160}{9})~"},
    {R"~(x<-1 \text{ or } x>1)~", R"~(x>1 or x<-1)~"},
    {R"~(-1 \leq x \leq 1)~", R"~([-1,1])~"},
    {R"~(1 \ge x \ge -1)~", R"~(-1 \le x \le 1)~"},
    {R"~(\sqrt{50})~", R"~(5\sqrt2)~"},
    {R"~(\frac{\sqrt{6}}{\sqrt{2}})~", R"~(\sqrt3)~"},
    {R"~(4\sqrt[4]{8})~", R"~(4 \cdot 2^{3/4})~"},
    {R"~(\left(2\sqrt{3}\right)^2)~", R"~(12)~"},
    {R"~(1 000 000)~", R"~(1000000)~"},
    {R"~(1,5)~", R"~(1.5)~"},
    {R"~(five)~", R"~(5)~"},
    {R"~(7.0)~", R"~(7)~"},
    {R"~(.5)~", R"~(1/2)~"},
    {R"~(+7)~", R"~(7)~"},
    {R"~(−7)~", R"~(-7)~"},
    {R"~(½)~", R"~(0.5)~"},
    {R"~(√2)~", R"~(\sqrt{2})~"},
    {R"~(2×3)~", R"~(6)~"},
    {R"~(90°)~", R"~(90)~"},
    {R"~(x ≤ 5)~", R"~(x \le 5)~"},
    {R"~({3,4})~", R"~(4,3)~"},
    {R"~(\boxed{7})~", R"~(7)~"},
    {R"~($7$)~", R"~(7)~"},
    {R"~(\mathrm{7})~", R"~(7)~"},
    {R"~(\mathbf{x})~", R"~(x)~"},
    {R"~(\frac{1}{2}x+3)~", R"~(\frac{x+6}{2})~"},
    {R"~(y - 1 = 2(x-3))~", R"~(y = 2x - 5)~"},
    {R"~((x-1)^2 + (y-2)^2 = 9)~", R"~(x^2-2x+y^2-4y-4=0)~"},
    {R"~(x\in\{1,2\})~", R"~(1,2)~"},
    {R"~(\left\{ x \mid x > 2 \right\})~", R"~((2,\infty))~"},
    {R"~(\{x : 1<x<2\})~", R"~((1,2))~"},
    {R"~(1 < x)~", R"~(x > 1)~"},
    {R"~(\begin{cases} x=1 \\ y=2 \end{cases})~", R"~((1,2))~"},
    {R"~(x=1, y=2)~", R"~(y=2, x=1)~"},
    {R"~(x=1, y=2)~", R"~((1,2))~"},
    {R"~((x,y)=(1,2))~", R"~(x=1, y=2)~"},
    {R"~(\frac{1}{3})~", R"~(0.333333)~"},
    {R"~(\frac{22}{7})~", R"~(3.142857)~"},
    {R"~(3\,000)~", R"~(3000)~"},
    {R"~(\text{no solution})~", R"~(No solution)~"},
    {R"~(\text{none})~", R"~(None)~"},
    {R"~(2\sqrt{3}\text{ units})~", R"~(2\sqrt3)~"},
    {R"~(\frac{1}{2}\text{ hour})~", R"~(0.5)~"},
    {R"~(100 dollars)~", R"~(\$100)~"},
    {R"~(25 percent)~", R"~(25\%)~"},
    {R"~(10^{100})~", R"~(10^{50} \cdot 10^{50})~"},
    {R"~(e)~", R"~(2.718282)~"},
    {R"~(e^{\ln 3})~", R"~(3)~"},
    {R"~(\sqrt{x^2+2x+1})~", R"~(x+1)~"},
    {R"~(\log 100)~", R"~(2)~"},
    {R"~(k\pi)~", R"~(\pi k)~"},
    {R"~(n\pi, n \in \mathbb{Z})~", R"~(n\pi, n\in\mathbb Z)~"},
    {R"~(\frac{d}{2})~", R"~(0.5d)~"},
    {R"~(y = -3)~", R"~(-3)~"},
    {R"~(m\angle A = 45)~", R"~(45)~"},
    {R"~(32\%)~", R"~(0.32)~"},
    {R"~(60\text{ mph})~", R"~(60)~"},
    {R"~(\text{A, C})~", R"~(A, C)~"},
    {R"~(2x^2)~", R"~(2x^{2})~"},
    {R"~(\frac{3x}{4})~", R"~(\frac{3}{4}x)~"},
    {R"~(6:30)~", R"~(6:30 \text{ a.m.})~"},
    {R"~(3.0 \times 10^{8})~", R"~(3\cdot10^8)~"},
    {R"~(\overline{AB})~", R"~(\overline{AB})~"},
    {R"~(-\frac{\sqrt{3}}{2}-\frac{1}{2}i)~", R"~(-\frac{\sqrt{3}+i}{2})~"},
    {R"~(2+2\sqrt{3}i)~", R"~(2 + 2 \sqrt{3} i)~"},
    {R"~(\cos\theta)~", R"~(\cos(\theta))~"},
    {R"~(\frac{\sin x}{2})~", R"~(0.5\sin x)~"},
    {R"~((0, \frac{1}{4}])~", R"~((0, 0.25])~"},
    {R"~(1,2,\ldots,10)~", R"~(1,2,\ldots,10)~"},
};

constexpr Pair kUnequal[] = {
    {R"~(1/3)~", R"~(0.33)~"},
    {R"~(1/3)~", R"~(0.33333)~"},
    {R"~(1)~", R"~(2)~"},
    {R"~(\frac12)~", R"~(\frac13)~"},
    {R"~((1,2))~", R"~((2,1))~"},
    {R"~([1,2])~", R"~((1,2))~"},
    {R"~([1,2))~", R"~((1,2])~"},
    {R"~(1,2)~", R"~(1,3)~"},
    {R"~(1,2,3)~", R"~(1,2)~"},
    {R"~(1)~", R"~(1,2)~"},
    {R"~(x=5)~", R"~(y=5)~"},
    {R"~(x=5)~", R"~(x=6)~"},
    {R"~(2x+z=1)~", R"~(1)~"},
    {R"~(0)~", R"~(a+3z=0)~"},
    {R"~(7=11a+c)~", R"~(11a+c)~"},
    {R"~(\sqrt{2})~", R"~(1.41)~"},
    {R"~(\pi)~", R"~(3.14)~"},
    {R"~(90^\circ)~", R"~(\frac{\pi}{2})~"},
    {R"~(99999999999)~", R"~(100000000000)~"},
    {R"~(0.0000001)~", R"~(0.0000002)~"},
    {R"~(1/5120)~", R"~(1/28800)~"},
    {R"~(x+1)~", R"~(y+1)~"},
    {R"~(x<1)~", R"~(x>1)~"},
    {R"~(x<1)~", R"~(x \le 1)~"},
    {R"~(x \ne 1)~", R"~(x = 1)~"},
    {R"~(10)~", R"~(10\%)~"},
    {R"~(A)~", R"~(B)~"},
    {R"~(\text{yes})~", R"~(no)~"},
    {R"~(1/0)~", R"~(1/0)~"},
    {R"~(\infty)~", R"~(-\infty)~"},
    {R"~(0/0)~", R"~(0)~"},
    {R"~(\infty-\infty)~", R"~(0)~"},
    {R"~(1000)~", R"~(1,00)~"},
    {R"~(1234)~", R"~(1, 234)~"},
    {R"~(1234)~", R"~((1,234))~"},
    {R"~(32349)~", R"~(32, 349)~"},
    {R"~(5)~", R"~(\{5,6\})~"},
    {R"~(\pm 3)~", R"~(3)~"},
    {R"~(3)~", R"~(\pm 3)~"},
    {R"~(x^2)~", R"~(x^3)~"},
    {R"~(x^2)~", R"~(2x)~"},
    {R"~(2^{10})~", R"~(2^{11})~"},
    {R"~(10^{100})~", R"~(10^{100}+1)~"},
    {R"~(\sqrt{10^{40}+1})~", R"~(10^{20})~"},
    {R"~(\{1,2\})~", R"~((1,2))~"},
    {R"~(\begin{pmatrix}1&2\\3&4\end{pmatrix})~", R"~(\begin{pmatrix}1&3\\2&4\end{pmatrix})~"},
    {R"~(\begin{pmatrix}1\\2\end{pmatrix})~", R"~(\begin{pmatrix}2\\1\end{pmatrix})~"},
    {R"~(1+2i)~", R"~(1-2i)~"},
    {R"~(1011_2)~", R"~(1011_3)~"},
    {R"~(1011_2)~", R"~(11)~"},
    {R"~(x)~", R"~(\boxed{x+1})~"},
    {R"~(5 \text{ cm})~", R"~(6 cm)~"},
    {R"~(3\frac12)~", R"~(31/2)~"},
    {R"~(-5)~", R"~(5)~"},
    {R"~(\sin x)~", R"~(\cos x)~"},
    {R"~(\sin 30)~", R"~(\frac12)~"},
    {R"~(f(2))~", R"~(f(3))~"},
    {R"~(odd)~", R"~(even)~"},
    {R"~(listen)~", R"~(silent)~"},
    {R"~(ab)~", R"~(ac)~"},
    {R"~(a_1)~", R"~(a_2)~"},
    {R"~(x')~", R"~(x)~"},
    {R"~((1,2),(3,4))~", R"~((1,2),(4,3))~"},
    {R"~([0,1]\cup[2,3])~", R"~([0,3])~"},
    {R"~((0,1)\cup(1,2))~", R"~((0,2))~"},
    {R"~(6:30)~", R"~(18:30)~"},
    {R"~(0)~", R"~()~"},
    {R"~()~", R"~()~"},
    {R"~(0)~", R"~(\emptyset)~"},
    {R"~(0)~", R"~(none)~"},
    {R"~(42)~", R"~(\text{correct})~"},
    {R"~(5)~", R"~(x)~"},
    {R"~(1)~", R"~(x/x+y-y+x)~"},
    {R"~(|x|=5)~", R"~(5)~"},
    {R"~(\sqrt{x^2+1})~", R"~(x+1)~"},
    {R"~((x+y)^2)~", R"~(x^2+y^2)~"},
    {R"~(3.14159)~", R"~(\pi)~"},
    {R"~(2.0000001e10)~", R"~(2e10)~"},
    {R"~(12)~", R"~(1 2)~"},
    {R"~(12)~", R"~(1,2)~"},
    {R"~(5)~", R"~(5!)~"},
    {R"~(e^{\pi\sqrt{163}})~", R"~(262537412640768744)~"},
    {R"~(9**9**9)~", R"~(1)~"},
    {R"~(10^{10^{10}})~", R"~(10^{10^{11}})~"},
};

TEST(VerifyPairs, SpellingsOfOneAnswerAreEqual) {
  for (const auto& [gold, given] : kEqual) {
    EXPECT_EQ(bare_verdict(gold, given), Verdict::equal) << gold << "  " << given;
    EXPECT_EQ(bare_verdict(gold, gold), Verdict::equal) << gold;
    EXPECT_EQ(bare_verdict(given, given), Verdict::equal) << given;
  }
}

TEST(VerifyPairs, AnswersThatLookAlikeAreNot) {
  for (const auto& [gold, given] : kUnequal)
    EXPECT_NE(bare_verdict(gold, given), Verdict::equal) << gold << "  " << given;
}

TEST(VerifyPairs, ABoxAroundAnAnswerChangesNothing) {
  VerifyOptions options;
  options.find.boxed = true;
  for (const auto& [gold, given] : kEqual) {
    if (std::string(gold).find('$') != std::string::npos) continue;  // it would be looked into
    const std::string text = "Thus the answer is \\boxed{" + std::string(given) + "}.";
    EXPECT_EQ(verify_answer("\\boxed{" + std::string(gold) + "}", text, options).verdict, Verdict::equal)
        << gold << "  " << text;
  }
}

TEST(VerifyPairs, AGoldThatDoesNotExistIsNotScored) {
  for (const char* gold : {"", "  ", "$$", "1/0", "\\frac{3}{2-2}", "0/0", "\\infty - \\infty", "0^{-1}", "\\ln 0"})
    EXPECT_EQ(bare_verdict(gold, "1"), Verdict::unreadable_gold) << gold;
  EXPECT_EQ(bare_verdict(std::string(5000, '1'), "1"), Verdict::unreadable_gold);
}

TEST(VerifyPairs, PercentSignsOfTheGoldMayBeLeftOutButNotAdded) {
  EXPECT_EQ(bare_verdict("10\\%", "10"), Verdict::equal);
  EXPECT_EQ(bare_verdict("10\\%", "0.1"), Verdict::equal);
  EXPECT_EQ(bare_verdict("10\\%", "1000\\%"), Verdict::different);
  EXPECT_EQ(bare_verdict("10", "10\\%"), Verdict::different);
  EXPECT_EQ(bare_verdict("0.1", "10\\%"), Verdict::equal);
}

// What would take hours if it were computed is refused by its limit, on both sides.
TEST(VerifyPairs, HostileAnswersReturnAtOnceAndAreNotEqual) {
  std::string nested, sums;
  for (int i = 0; i < 700; ++i) nested += "\\frac{1}{1+";
  for (int i = 0; i < 300; ++i) sums += "(x+y+z+" + std::to_string(i) + ")";
  const std::string hostile[] = {"2^{2^{2^{49}}}",
                                 "9**9**9",
                                 "10^{10^{10}}",
                                 "3000!!!!",
                                 "99999999!",
                                 "(1+x)^{99999}",
                                 "(a+b+c+d)^{60}",
                                 std::string(4000, '('),
                                 std::string(4000, '{'),
                                 std::string(4000, '-'),
                                 std::string(4000, '!'),
                                 std::string(2000, '|'),
                                 nested,
                                 sums,
                                 "\\sqrt[999]{" + std::string(4000, '9') + "}",
                                 std::string(4090, '9'),
                                 "1e4000",
                                 "\\sin" + nested,
                                 std::string(4000, '^'),
                                 std::string(1000, '\\'),
                                 "x^{1/3}+x^{1/5}+x^{1/7}",
                                 "\\binom{3000}{1500}^{30}",
                                 "0." + std::string(4000, '7')};
  for (const std::string& h : hostile) {
    EXPECT_NE(bare_verdict("1", h), Verdict::equal) << h.substr(0, 40);
    EXPECT_NE(bare_verdict(h, "1"), Verdict::equal) << h.substr(0, 40);
  }
  std::string many = "1";
  for (int i = 2; i < 1500; ++i) many += "," + std::to_string(i % 10);
  EXPECT_NE(bare_verdict("(" + many + ")", "1"), Verdict::equal);
  EXPECT_EQ(verify_answer("7", std::string(3'000'000, '$') + "\\boxed{7}", {}).verdict, Verdict::equal);
  EXPECT_EQ(verify_answer("7", std::string(3'000'000, '{') + "\\boxed{8}", {}).verdict, Verdict::different);
}

}  // namespace
}  // namespace r1
