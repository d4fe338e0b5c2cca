// bf16 and f16 as bits. Conversions to narrower types round to nearest, ties to even. NaN stays NaN.
// All functions have internal linkage, so that kernel objects of every level may include this header.
#pragma once
#include <cstring>

#include "core/dtype.hpp"

namespace r1 {

static inline float f32_from_bits(u32 bits) {
  float f;
  std::memcpy(&f, &bits, 4);
  return f;
}
static inline u32 bits_from_f32(float f) {
  u32 bits;
  std::memcpy(&bits, &f, 4);
  return bits;
}

static inline float f32_from_bf16(u16 h) { return f32_from_bits(static_cast<u32>(h) << 16); }
static inline u16 bf16_from_f32(float f) {
  const u32 bits = bits_from_f32(f);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<u16>((bits >> 16) | 0x40u);
  return static_cast<u16>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

static inline float f32_from_f16(u16 h) {
  const u32 sign = static_cast<u32>(h & 0x8000u) << 16, exponent = (h >> 10) & 31u, mantissa = h & 1023u;
  if (exponent == 31) return f32_from_bits(sign | 0x7f800000u | (mantissa << 13));
  if (exponent) return f32_from_bits(sign | ((exponent + 112u) << 23) | (mantissa << 13));
  const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;  // zero or subnormal: exact
  return sign ? -magnitude : magnitude;
}
static inline u16 f16_from_f32(float f) {
  const u32 bits = bits_from_f32(f), sign = (bits >> 16) & 0x8000u, magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<u16>(sign | 0x7e00u);
  if (magnitude >= 0x477ff000u) return static_cast<u16>(sign | 0x7c00u);  // rounds to more than 65504, the largest f16
  if (magnitude < 0x38800000u) {  // below 2^-14 the result is subnormal: adding 0.5f rounds to multiples of 2^-24
    const float aligned = f32_from_bits(magnitude) + 0.5f;
    return static_cast<u16>(sign | (bits_from_f32(aligned) - 0x3f000000u));
  }
  const u32 rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
  return static_cast<u16>(sign | ((rounded - 0x38000000u) >> 13));
}

}  // namespace r1
