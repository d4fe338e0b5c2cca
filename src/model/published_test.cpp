// Rows of stored tensors as f32.
#include "model/published.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace r1 {
namespace {

TEST(Published, AnFp8RowIsItsCodesTimesTheScalesOfTheirBlocks) {
  // 130×200 has two blocks down and two across. In e4m3, 0x38 is 1, 0xb8 is -1, 0x08 the smallest normal number and
  // 0x01 the smallest of all.
  std::vector<u8> codes(130 * 200, 0x38);
  codes[0] = 0x08, codes[199] = 0xb8, codes[129 * 200] = 0x01;
  const std::vector<float> scales{2, 3, 5, 7};
  const StoredTensor t{
      "w", DType::f8_e4m3, {130, 200}, std::as_bytes(std::span(codes)), std::as_bytes(std::span(scales))};
  std::vector<float> x(130 * 200);
  read_rows(t, 0, 130, x.data());
  EXPECT_EQ(x[0], 2 * 0x1p-6f);
  EXPECT_EQ(x[1], 2);
  EXPECT_EQ(x[128], 3);
  EXPECT_EQ(x[199], -3);
  EXPECT_EQ(x[128 * 200], 5);
  EXPECT_EQ(x[129 * 200], 5 * 0x1p-9f);
  EXPECT_EQ(x[129 * 200 + 199], 7);
  std::vector<float> last(200);
  read_rows(t, 129, 1, last.data());
  EXPECT_EQ(0, std::memcmp(last.data(), x.data() + 129 * 200, last.size() * sizeof(float)));
}

}  // namespace
}  // namespace r1
