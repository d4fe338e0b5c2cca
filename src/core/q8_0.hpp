// The encoder of a Q8_0 block: 32 elements, a scale d in f16 and 32 signed bytes, x ≈ d · q. It gives ggml's bytes.
#pragma once
#include <algorithm>
#include <cstring>

#include "core/half.hpp"

namespace r1 {

inline constexpr i64 kQ8Elements = 32, kQ8Bytes = 34;

// Divides by max|x| / 127 and rounds to the nearest integer, halves away from zero. A block in which every |x| is below
// 127e-30 becomes zeros. A block with an infinity or NaN gets the scale NaN.
inline void encode_q8_0(u8* block, const float* x) {
  u32 most = 0;  // the bits of magnitudes compare as the magnitudes do
  for (int j = 0; j < kQ8Elements; ++j) most = std::max(most, bits_from_f32(x[j]) & 0x7fffffffu);
  const bool finite = most < 0x7f800000u;
  const float d = f32_from_bits(most) / 127, inverse = finite && d > 1e-30f ? 1 / d : 0;
  const u16 half = finite ? f16_from_f32(d) : u16{0x7e00};
  std::memcpy(block, &half, sizeof half);
  if (!finite) return void(std::memset(block + 2, 0, kQ8Elements));
  for (int j = 0; j < kQ8Elements; ++j) {
    const float v = x[j] * inverse;
    const int whole = static_cast<int>(v);
    const float rest = v - static_cast<float>(whole);
    block[2 + j] = static_cast<u8>(whole + (rest >= 0.5f) - (rest <= -0.5f));
  }
}

}  // namespace r1
