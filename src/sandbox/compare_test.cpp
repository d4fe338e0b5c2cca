#include "sandbox/compare.hpp"

#include <gtest/gtest.h>

namespace r1::sandbox {
namespace {

TEST(SameOutput, WhiteSpaceBetweenAndAfterWordsDoesNotCount) {
  EXPECT_TRUE(same_output("1 2\n3\n", "1 2 \r\n3\n\n"));
  EXPECT_TRUE(same_output("1 2 3", " 1\n2\t3"));
  EXPECT_TRUE(same_output("", " \n"));
}

TEST(SameOutput, EveryWordCountsAndTheirNumber) {
  EXPECT_FALSE(same_output("1 2", "12"));
  EXPECT_FALSE(same_output("1 2", "1"));
  EXPECT_FALSE(same_output("1", "1 2"));
  EXPECT_FALSE(same_output("1 2", "2 1"));
  EXPECT_FALSE(same_output("Yes", "yes"));
  EXPECT_FALSE(same_output("", "0"));
  EXPECT_FALSE(same_output("0", ""));
}

TEST(SameOutput, NumbersMayDifferByTheToleranceOnly) {
  EXPECT_FALSE(same_output("0.5", "0.50")) << "without a tolerance, text is compared";
  EXPECT_TRUE(same_output("0.5", "0.50", 1e-6));
  EXPECT_TRUE(same_output("x 1e3", "x +1000.0009", 1e-6)) << "a share of the expected number";
  EXPECT_FALSE(same_output("x 1e3", "x 1000.002", 1e-6));
  EXPECT_TRUE(same_output("0", "0.0000009", 1e-6)) << "an amount, near zero";
  EXPECT_FALSE(same_output("0", "0.0000011", 1e-6));
  EXPECT_FALSE(same_output("1", "1x", 1e-6));
  EXPECT_FALSE(same_output("nan", "NaN", 1e-6));
  EXPECT_FALSE(same_output("1", "nan", 1e-6));
  EXPECT_FALSE(same_output("1", "inf", 1e-6));
  EXPECT_FALSE(same_output("inf", "infinity", 1e-6));
}

}  // namespace
}  // namespace r1::sandbox
