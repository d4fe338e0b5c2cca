// Rounding of floats to blocks of 8-bit integers: activations before they are multiplied with weight blocks, keys and
// values in a Q8_0 cache. Only for sources that are compiled once per level.
#pragma once
#include "core/half.hpp"

namespace r1::cpu::R1_TARGET {
namespace {

constexpr float kQuietNan = __builtin_nanf("");
// A block whose largest magnitude is below this becomes zeros, because 127 / max could overflow.
constexpr float kSmallest = 1e-36f;

// Quantises n elements to q and returns their scale dx.
inline float quantize_block(i8* q, const float* x, i64 n) {
  u32 most = 0;  // the bits of magnitudes compare as the magnitudes do, so the loop needs no float comparisons
  for (i64 i = 0; i < n; ++i) {
    const u32 bits = bits_from_f32(x[i]) & 0x7fffffffu;
    most = bits > most ? bits : most;
  }
  const float largest = f32_from_bits(most);
  if (most >= 0x7f800000u || largest < kSmallest) {
    __builtin_memset(q, 0, n);
    return most >= 0x7f800000u ? kQuietNan : 0.0f;
  }
  // Adding 1.5 · 2^23 rounds to the nearest integer, ties to even, and leaves it in the low bits of the sum.
  constexpr float kShift = 12582912.0f;
  const float inverse = 127.0f / largest;
  for (i64 i = 0; i < n; ++i)
    q[i] = static_cast<i8>(static_cast<i32>(bits_from_f32(x[i] * inverse + kShift) - bits_from_f32(kShift)));
  return largest / 127.0f;
}

}  // namespace
}  // namespace r1::cpu::R1_TARGET
