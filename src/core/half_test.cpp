#include "core/half.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/philox.hpp"

namespace r1 {
namespace {

double f16_value(u32 h) {  // by the definition of IEEE 754 binary16
  const double sign = h & 0x8000u ? -1 : 1;
  const int exponent = static_cast<int>(h >> 10 & 31), mantissa = static_cast<int>(h & 1023);
  if (exponent == 31) return mantissa ? NAN : sign * INFINITY;
  return sign * (exponent ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(mantissa, -24));
}

TEST(Half, EveryF16WidensToItsValueAndBack) {
  for (u32 h = 0; h < 65536; ++h) {
    const float f = f32_from_f16(static_cast<u16>(h));
    const double want = f16_value(h);
    if (std::isnan(want)) {
      ASSERT_TRUE(std::isnan(f) && std::isnan(f32_from_f16(f16_from_f32(f)))) << h;
      continue;
    }
    ASSERT_EQ(static_cast<double>(f), want) << h;
    ASSERT_EQ(f16_from_f32(f), h);
  }
}

TEST(Half, EveryBf16WidensToItsBitsAndBack) {
  for (u32 h = 0; h < 65536; ++h) {
    const float f = f32_from_bf16(static_cast<u16>(h));
    ASSERT_EQ(bits_from_f32(f), h << 16);
    if (std::isnan(f)) ASSERT_TRUE(std::isnan(f32_from_bf16(bf16_from_f32(f)))) << h;
    else ASSERT_EQ(bf16_from_f32(f), h);
  }
}

// Checks three floats between every two neighbours: just below the middle, the middle (rounds to even), just above it.
template <class Widen, class Narrow>
void check_rounding(u32 last_finite, Widen widen, Narrow narrow) {
  for (u32 h = 0; h < last_finite; ++h) {
    const double low = static_cast<double>(widen(static_cast<u16>(h))),
                 high = static_cast<double>(widen(static_cast<u16>(h + 1)));
    const float middle = static_cast<float>((low + high) / 2);  // exact: needs one bit more than its neighbours
    ASSERT_EQ(narrow(std::nextafter(middle, -1.0f)), h);
    ASSERT_EQ(narrow(middle), h % 2 ? h + 1 : h);
    ASSERT_EQ(narrow(std::nextafter(middle, INFINITY)), h + 1);
    ASSERT_EQ(narrow(-middle), (h % 2 ? h + 1 : h) | 0x8000u);
  }
}

TEST(Half, NarrowingRoundsToNearestEven) {
  check_rounding(0x7bff, f32_from_f16, f16_from_f32);
  check_rounding(0x7f7f, f32_from_bf16, bf16_from_f32);
}

TEST(Half, NarrowingOverflowsToInfinityFromTheMiddleOn) {
  EXPECT_EQ(f16_from_f32(65519.996f), 0x7bff);
  EXPECT_EQ(f16_from_f32(65520.0f), 0x7c00);
  EXPECT_EQ(f16_from_f32(-INFINITY), 0xfc00);
  EXPECT_EQ(bf16_from_f32(0x1.fefffep127f), 0x7f7f);
  EXPECT_EQ(bf16_from_f32(0x1.ffp127f), 0x7f80);
  EXPECT_TRUE(std::isnan(f32_from_bf16(bf16_from_f32(f32_from_bits(0x7f800001u)))));  // a NaN that only low bits mark
}

}  // namespace
}  // namespace r1
