// Conversion to f32 at every level: block types against ggml's own output (tests/data/blocks), plain types against
// their definition.
#include "kernels/cpu/dequantize.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/half.hpp"
#include "core/philox.hpp"
#include "kernels/cpu/kernels.hpp"

namespace r1 {
namespace {

using Floats = std::vector<float>;

constexpr float kGuard = 12345.5f;

std::string read(const std::string& name) {
  std::ifstream in(std::filesystem::path(R1_SOURCE_DIR) / "tests/data/blocks" / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<DType> block_types() {
  std::vector<DType> types;
  for (int t = 0; t < kDTypes; ++t)
    if (is_block(static_cast<DType>(t))) types.push_back(static_cast<DType>(t));
  return types;
}

class Dequantize : public testing::TestWithParam<const cpu::Kernels*> {
 protected:
  // Converts from a source at an odd address into a destination that is followed by a guard value.
  Floats row(DType type, std::string bytes, i64 n) {
    bytes.insert(bytes.begin(), '!');
    Floats y(n + 1, kGuard);
    GetParam()->dequantize.row(type, y.data(), reinterpret_cast<const std::byte*>(bytes.data() + 1), n);
    EXPECT_EQ(y.back(), kGuard) << name_of(type);
    y.pop_back();
    return y;
  }
};

INSTANTIATE_TEST_SUITE_P(Levels, Dequantize, testing::ValuesIn(cpu::levels().begin(), cpu::levels().end()),
                         [](const auto& level) { return std::string(level.param->name); });

TEST_P(Dequantize, EveryBlockTypeGivesGgmlsBits) {
  for (const DType type : block_types()) {
    const std::string name = name_of(type), blocks = read(name + ".blocks"), want = read(name + ".f32");
    const i64 n = static_cast<i64>(want.size()) / 4;
    ASSERT_EQ(n, 6 * block_of(type).elements) << name;
    ASSERT_EQ(static_cast<i64>(blocks.size()), row_bytes(type, n)) << name;
    const Floats got = row(type, blocks, n);
    for (i64 i = 0; i < n; ++i)
      ASSERT_EQ(std::memcmp(&got[i], want.data() + 4 * i, 4), 0) << name << " element " << i << " is " << got[i];
  }
}

TEST_P(Dequantize, AnyBytesGiveTheBitsOfTheFirstLevel) {
  Random random(1, Purpose::test);
  for (const DType type : block_types()) {
    const i64 n = 40 * block_of(type).elements;
    std::string bytes(row_bytes(type, n), '\0');
    for (char& c : bytes) c = static_cast<char>(random.below(256));
    const Floats got = row(type, bytes, n);
    Floats want(got.size());
    cpu::levels().front()->dequantize.row(type, want.data(), reinterpret_cast<const std::byte*>(bytes.data()), n);
    for (size_t i = 0; i < got.size(); ++i) {
      if (std::isnan(want[i])) ASSERT_TRUE(std::isnan(got[i])) << name_of(type) << " element " << i;
      else ASSERT_EQ(bits_from_f32(got[i]), bits_from_f32(want[i])) << name_of(type) << " element " << i;
    }
  }
}

TEST_P(Dequantize, EveryF16AndBf16ConvertsToItsExactValue) {
  std::string bytes(2 * 65536, '\0');
  for (u32 h = 0; h < 65536; ++h) {
    const u16 half = static_cast<u16>(h);
    std::memcpy(bytes.data() + 2 * h, &half, 2);
  }
  const Floats f16 = row(DType::f16, bytes, 65536), bf16 = row(DType::bf16, bytes, 65536);
  for (u32 h = 0; h < 65536; ++h) {
    ASSERT_EQ(bits_from_f32(f16[h]), bits_from_f32(f32_from_f16(static_cast<u16>(h)))) << h;
    ASSERT_EQ(bits_from_f32(bf16[h]), h << 16) << h;
  }
  for (const i64 n : {1, 3, 17, 33}) {  // sizes that leave a tail
    const Floats part = row(DType::f16, bytes.substr(2 * 0x3c00), n);
    for (i64 i = 0; i < n; ++i) EXPECT_EQ(part[i], f16[0x3c00 + i]);
  }
}

TEST_P(Dequantize, Fp8IsSignExponentMantissaTimesTheScale) {
  std::string bytes(256, '\0');
  for (size_t i = 0; i < 256; ++i) bytes[i] = static_cast<char>(i);
  Floats got(257, kGuard);
  GetParam()->dequantize.f8(got.data(), reinterpret_cast<const std::byte*>(bytes.data()), 256, 0.3f);
  for (int i = 0; i < 256; ++i) {
    const int exponent = i >> 3 & 15, mantissa = i & 7;
    const float magnitude = exponent ? std::ldexp(static_cast<float>(8 + mantissa), exponent - 10)
                                     : std::ldexp(static_cast<float>(mantissa), -9);
    const float value = i & 128 ? -magnitude : magnitude;
    if ((i & 127) == 127) EXPECT_TRUE(std::isnan(got[i])) << i;
    else EXPECT_EQ(got[i], value * 0.3f) << i;
  }
  EXPECT_EQ(got[256], kGuard);
}

}  // namespace
}  // namespace r1
