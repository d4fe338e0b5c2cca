#include "core/math.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/philox.hpp"

namespace r1 {
namespace {

// The distance between `got` and `want`, in units in the last place of `want` as a double.
double ulps(double got, long double want) {
  const double rounded = static_cast<double>(want);
  if (got == rounded) return 0;
  const double unit = std::abs(rounded) < std::numeric_limits<double>::min()
                          ? std::numeric_limits<double>::denorm_min()
                          : std::ldexp(1.0, std::ilogb(rounded) - 52);
  return static_cast<double>(std::abs(static_cast<long double>(got) - want)) / unit;
}

TEST(ExactMath, ExpIsWithinTwoUlpsOverItsRange) {
  Random random(1, Purpose::test);
  for (int i = 0; i < 20000; ++i) {
    const double x = -708 + 1417 * random.uniform();
    ASSERT_LT(ulps(exact_exp(x), std::exp(static_cast<long double>(x))), 2) << x;
  }
  for (int i = 0; i < 20000; ++i) {
    const double x = random.normal();
    ASSERT_LT(ulps(exact_exp(x), std::exp(static_cast<long double>(x))), 2) << x;
  }
  EXPECT_EQ(exact_exp(0), 1);
  EXPECT_EQ(exact_exp(-INFINITY), 0);
  EXPECT_EQ(exact_exp(INFINITY), INFINITY);
  EXPECT_EQ(exact_exp(-746), 0);
  EXPECT_TRUE(std::isnan(exact_exp(NAN)));
  EXPECT_LT(ulps(exact_exp(709.78), std::exp(static_cast<long double>(709.78))), 2);  // overflows at 709.7827
}

TEST(ExactMath, LogIsWithinFourUlps) {
  Random random(2, Purpose::test);
  for (int i = 0; i < 20000; ++i) {
    const double wide = std::ldexp(0.5 + random.uniform() / 2, static_cast<int>(random.between(-1000, 1000)));
    ASSERT_LT(ulps(exact_log(wide), std::log(static_cast<long double>(wide))), 4) << wide;
    const double near_one = 1 + 0.2 * random.normal() * random.uniform();
    if (near_one <= 0) continue;
    ASSERT_LT(ulps(exact_log(near_one), std::log(static_cast<long double>(near_one))), 4) << near_one;
  }
  EXPECT_EQ(exact_log(1), 0);
}

TEST(ExactMath, ErrorOfPowGrowsOnlyWithTheExponent) {
  Random random(3, Purpose::test);
  for (int i = 0; i < 5000; ++i) {
    const double base = 0.01 + 20000 * random.uniform(), y = -2 + 4 * random.uniform();
    const double exponent = std::abs(y * std::log(base));
    // The product y·log(base) is off by about 2 ulps. exp turns that into a relative error of about exponent · 2⁻⁵¹.
    ASSERT_LT(ulps(exact_pow(base, y), std::pow(static_cast<long double>(base), static_cast<long double>(y))),
              4 + 4 * exponent);
  }
}

TEST(ExactMath, SineAndCosineAreAccurateForEveryPositionOfA163840TokenContext) {
  Random random(4, Purpose::test);
  for (int i = 0; i < 50000; ++i) {
    const double x = (i % 2 ? 163840.0 : 8.0) * (2 * random.uniform() - 1);
    const SinCos got = exact_sincos(x);
    // The reduction to an angle below pi/4 leaves an absolute error of about 2⁻⁵³.
    ASSERT_NEAR(got.sin, static_cast<double>(std::sin(static_cast<long double>(x))), 0x1p-51) << x;
    ASSERT_NEAR(got.cos, static_cast<double>(std::cos(static_cast<long double>(x))), 0x1p-51) << x;
  }
  for (int position = 0; position <= 163840; position += 7) {
    const double x = position;
    ASSERT_NEAR(exact_sincos(x).sin, static_cast<double>(std::sin(static_cast<long double>(x))), 0x1p-51) << x;
  }
  EXPECT_EQ(exact_sincos(0).sin, 0);
  EXPECT_EQ(exact_sincos(0).cos, 1);
}

}  // namespace
}  // namespace r1
