#include "ops/cpu/dequantize.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "kernels/cpu/kernels.hpp"

namespace r1 {
namespace {

using Floats = std::vector<float>;

const std::byte* bytes_of(const auto& v) { return reinterpret_cast<const std::byte*>(v.data()); }

TEST(DequantizeWeight, Fp8HasTheScaleOfItsSquareUpToEveryEdge) {
  const i64 rows = 2 * kScaleBlock + 3,
            cols = kScaleBlock + 5;  // 3 × 2 squares, of which the last of each row and column are incomplete
  const std::vector<u8> elements(rows * cols, 0x38);  // 1.0
  const Floats scales{1, 2, 3, 4, 5, 6};
  const Weight w = Weight::frozen_f8("w", rows, cols, bytes_of(elements), bytes_of(scales), {});
  Floats got(rows * cols);
  dequantize(cpu::active(), w, 0, rows, got.data());
  for (i64 r = 0; r < rows; ++r)
    for (i64 c = 0; c < cols; ++c)
      ASSERT_EQ(got[r * cols + c], scales[r / kScaleBlock * 2 + c / kScaleBlock]) << r << ", " << c;
  Floats some(2 * cols);
  dequantize(cpu::active(), w, kScaleBlock - 1, kScaleBlock + 1, some.data());
  EXPECT_EQ(some[0], 1.0f);
  EXPECT_EQ(some[cols], 3.0f);
  EXPECT_EQ(some.back(), 4.0f);
}

TEST(DequantizeWeight, RowsOfBlocksStartAtWholeBlocks) {
  const i64 rows = 3, cols = 64;
  std::vector<u8> blocks(rows * row_bytes(DType::q8_0, cols));
  for (size_t b = 0; b < blocks.size() / 34; ++b) {
    blocks[34 * b + 1] = 0x3c;  // d = 1
    for (size_t j = 0; j < 32; ++j) blocks[34 * b + 2 + j] = static_cast<u8>(b * 32 + j - 96);
  }
  const Weight w = Weight::frozen("w", DType::q8_0, rows, cols, bytes_of(blocks), {});
  Floats got(2 * cols), raw(got.size());
  dequantize(cpu::active(), w, 1, 3, got.data());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i], static_cast<float>(i) - 32) << i;
  dequantize(cpu::active(), DType::q8_0, w.row(1), raw.data(), 2 * cols);
  EXPECT_EQ(got, raw);
}

}  // namespace
}  // namespace r1
