// What the per-level sources dequantize*.cpp share. Everything belongs to the level being compiled.
#pragma once
#include <cstring>

#include "core/half.hpp"

// GCC fully unrolls loops of 4 to 16 steps before it vectorises, and then misses vectors, which makes such loops up to
// five times slower; R1_KEPT_LOOP prevents the unrolling. With AVX-512 a simple loop of 16 steps is a single vector and
// is faster unrolled, so R1_LOOP_OF_16 leaves it to the compiler there.
#define R1_KEPT_LOOP _Pragma("GCC unroll 1")
#if defined(__AVX512F__)
#define R1_LOOP_OF_16
#else
#define R1_LOOP_OF_16 R1_KEPT_LOOP
#endif

namespace r1::cpu::R1_TARGET {

// dequantize_k.cpp
void row_q2_k(float* y, const std::byte* x, i64 n);
void row_q3_k(float* y, const std::byte* x, i64 n);
void row_q4_k(float* y, const std::byte* x, i64 n);
void row_q5_k(float* y, const std::byte* x, i64 n);
void row_q6_k(float* y, const std::byte* x, i64 n);
void row_q8_k(float* y, const std::byte* x, i64 n);

// dequantize_iq.cpp
void row_iq2_xxs(float* y, const std::byte* x, i64 n);
void row_iq2_xs(float* y, const std::byte* x, i64 n);
void row_iq2_s(float* y, const std::byte* x, i64 n);
void row_iq3_xxs(float* y, const std::byte* x, i64 n);
void row_iq3_s(float* y, const std::byte* x, i64 n);
void row_iq1_s(float* y, const std::byte* x, i64 n);
void row_iq1_m(float* y, const std::byte* x, i64 n);
void row_iq4_nl(float* y, const std::byte* x, i64 n);
void row_iq4_xs(float* y, const std::byte* x, i64 n);
void row_tq1_0(float* y, const std::byte* x, i64 n);
void row_tq2_0(float* y, const std::byte* x, i64 n);

namespace {

inline u16 u16_at(const u8* p) {
  u16 v;
  std::memcpy(&v, p, 2);
  return v;
}
inline u32 u32_at(const u8* p) {
  u32 v;
  std::memcpy(&v, p, 4);
  return v;
}
inline float half_at(const u8* p) { return f32_from_f16(u16_at(p)); }

// Converts consecutive blocks with kBlock, which converts one.
template <DType kType, void (*kBlock)(float* __restrict, const u8* __restrict)>
void blocks(float* y, const std::byte* x, i64 n) {
  constexpr BlockShape b = block_of(kType);
  const auto* p = reinterpret_cast<const u8*>(x);
  for (i64 i = 0; i < n; i += b.elements, y += b.elements, p += b.bytes) kBlock(y, p);
}

}  // namespace
}  // namespace r1::cpu::R1_TARGET
