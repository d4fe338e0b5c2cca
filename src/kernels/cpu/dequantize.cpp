// Plain types, FP8, blocks of 32 elements and four-bit floats. dequantize_k.cpp holds the K-quants, dequantize_iq.cpp
// the I-quants and ternary types.
#include "kernels/cpu/dequantize.hpp"

#include "kernels/cpu/dequantize_rows.hpp"

namespace r1::cpu::R1_TARGET {
namespace {

void row_f32(float* y, const std::byte* x, i64 n) { std::memcpy(y, x, n * 4); }

void row_bf16(float* __restrict y, const std::byte* __restrict x, i64 n) {
  const auto* p = reinterpret_cast<const u8*>(x);
  for (i64 i = 0; i < n; ++i) y[i] = f32_from_bits(static_cast<u32>(u16_at(p + 2 * i)) << 16);
}

// All ones if the condition holds, else zero. GCC vectorises loops that select by masks, but not all that use branches.
u32 mask(bool condition) { return 0u - static_cast<u32>(condition); }

// Subnormals: placing the mantissa below the smallest normal number and subtracting that number gives the exact value.
void row_f16(float* __restrict y, const std::byte* __restrict x, i64 n) {
  constexpr u32 kRebias = 112u << 23, kSmallest = 113u << 23;
  const auto* p = reinterpret_cast<const u8*>(x);
  for (i64 i = 0; i < n; ++i) {
    const u32 h = u16_at(p + 2 * i), magnitude = (h & 0x7fffu) << 13;
    const u32 normal = magnitude + kRebias + (kRebias & mask(magnitude >= 31u << 23));  // the mask: infinity and NaN
    const u32 subnormal = bits_from_f32(f32_from_bits(magnitude + kSmallest) - f32_from_bits(kSmallest));
    const u32 small = mask(magnitude < 1u << 23);
    y[i] = f32_from_bits((subnormal & small) | (normal & ~small) | (h & 0x8000u) << 16);
  }
}

void f8(float* __restrict y, const std::byte* __restrict x, i64 n, float scale) {
  constexpr u32 kRebias = 120u << 23, kSmallest = 121u << 23, kNan = 0x7fc00000u;
  const auto* p = reinterpret_cast<const u8*>(x);
  for (i64 i = 0; i < n; ++i) {
    const u32 code = p[i] & 127u, magnitude = code << 20;
    const u32 subnormal = bits_from_f32(f32_from_bits(magnitude + kSmallest) - f32_from_bits(kSmallest));
    const u32 small = mask(code < 8);
    const u32 bits = (subnormal & small) | ((magnitude + kRebias) & ~small) | (kNan & mask(code == 127));
    y[i] = f32_from_bits(bits | static_cast<u32>(p[i] & 128) << 24) * scale;
  }
}

// ---- blocks of 32: the low nibbles hold elements 0 to 15, the high nibbles 16 to 31 ------------------------------

void q4_0(float* __restrict y, const u8* __restrict b) {
  const float d = half_at(b);
  const u8* q = b + 2;
  R1_LOOP_OF_16
  for (int j = 0; j < 16; ++j) y[j] = static_cast<float>((q[j] & 15) - 8) * d;
  R1_LOOP_OF_16
  for (int j = 0; j < 16; ++j) y[j + 16] = static_cast<float>((q[j] >> 4) - 8) * d;
}

void q4_1(float* __restrict y, const u8* __restrict b) {
  const float d = half_at(b), m = half_at(b + 2);
  const u8* q = b + 4;
  R1_LOOP_OF_16
  for (int j = 0; j < 16; ++j) y[j] = static_cast<float>(q[j] & 15) * d + m;
  R1_LOOP_OF_16
  for (int j = 0; j < 16; ++j) y[j + 16] = static_cast<float>(q[j] >> 4) * d + m;
}

// The fifth bit of element j is bit j of a 32-bit word.
void q5_0(float* __restrict y, const u8* __restrict b) {
  const float d = half_at(b);
  const u32 top = u32_at(b + 2);
  const u8* q = b + 6;
  R1_KEPT_LOOP
  for (int j = 0; j < 16; ++j) y[j] = static_cast<float>((q[j] & 15) + static_cast<int>(top >> j & 1) * 16 - 16) * d;
  R1_KEPT_LOOP
  for (int j = 0; j < 16; ++j)
    y[j + 16] = static_cast<float>((q[j] >> 4) + static_cast<int>(top >> (j + 16) & 1) * 16 - 16) * d;
}

void q5_1(float* __restrict y, const u8* __restrict b) {
  const float d = half_at(b), m = half_at(b + 2);
  const u32 top = u32_at(b + 4);
  const u8* q = b + 8;
  R1_KEPT_LOOP
  for (int j = 0; j < 16; ++j) y[j] = static_cast<float>((q[j] & 15) + static_cast<int>(top >> j & 1) * 16) * d + m;
  R1_KEPT_LOOP
  for (int j = 0; j < 16; ++j)
    y[j + 16] = static_cast<float>((q[j] >> 4) + static_cast<int>(top >> (j + 16) & 1) * 16) * d + m;
}

void q8_0(float* __restrict y, const u8* __restrict b) {
  const float d = half_at(b);
  for (int j = 0; j < 32; ++j) y[j] = static_cast<float>(static_cast<i8>(b[2 + j])) * d;
}

// ---- four-bit floats: E2M1, whose table holds twice the values, so that they are integers ------------------------

constexpr float kE2m1[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

void mxfp4(float* __restrict y, const u8* __restrict b) {
  // Because the table is doubled, the scale is 2^(e - 128), half of the format's 2^(e - 127); subnormal for e < 2.
  const u32 e = b[0];
  const float d = f32_from_bits(e < 2 ? 0x200000u << e : (e - 1) << 23);
  R1_KEPT_LOOP
  for (int j = 0; j < 16; ++j) y[j] = kE2m1[b[1 + j] & 15] * d;
  R1_KEPT_LOOP
  for (int j = 0; j < 16; ++j) y[j + 16] = kE2m1[b[1 + j] >> 4] * d;
}

// Scales are E4M3 without a sign; they are halved here because the table is doubled. 0 and 0x7f mean zero.
void nvfp4(float* __restrict y, const u8* __restrict b) {
  for (int s = 0; s < 4; ++s, y += 16) {
    const int code = b[s], exponent = code >> 3 & 15, mantissa = code & 7;
    float d = 0;
    if (code != 0 && code != 127)
      d = exponent ? f32_from_bits(static_cast<u32>(exponent + 119) << 23 | static_cast<u32>(mantissa) << 20)
                   : static_cast<float>(mantissa) * 0x1p-10f;
    const u8* q = b + 4 + 8 * s;
    R1_KEPT_LOOP
    for (int j = 0; j < 8; ++j) y[j] = kE2m1[q[j] & 15] * d;
    R1_KEPT_LOOP
    for (int j = 0; j < 8; ++j) y[j + 8] = kE2m1[q[j] >> 4] * d;
  }
}

using RowFunction = void (*)(float*, const std::byte*, i64);

RowFunction function_of(DType dtype) {
  switch (dtype) {
    case DType::f32: return row_f32;
    case DType::bf16: return row_bf16;
    case DType::f16: return row_f16;
    case DType::f8_e4m3: return nullptr;
    case DType::q4_0: return blocks<DType::q4_0, q4_0>;
    case DType::q4_1: return blocks<DType::q4_1, q4_1>;
    case DType::q5_0: return blocks<DType::q5_0, q5_0>;
    case DType::q5_1: return blocks<DType::q5_1, q5_1>;
    case DType::q8_0: return blocks<DType::q8_0, q8_0>;
    case DType::q2_k: return row_q2_k;
    case DType::q3_k: return row_q3_k;
    case DType::q4_k: return row_q4_k;
    case DType::q5_k: return row_q5_k;
    case DType::q6_k: return row_q6_k;
    case DType::q8_k: return row_q8_k;
    case DType::iq2_xxs: return row_iq2_xxs;
    case DType::iq2_xs: return row_iq2_xs;
    case DType::iq2_s: return row_iq2_s;
    case DType::iq3_xxs: return row_iq3_xxs;
    case DType::iq3_s: return row_iq3_s;
    case DType::iq1_s: return row_iq1_s;
    case DType::iq1_m: return row_iq1_m;
    case DType::iq4_nl: return row_iq4_nl;
    case DType::iq4_xs: return row_iq4_xs;
    case DType::tq1_0: return row_tq1_0;
    case DType::tq2_0: return row_tq2_0;
    case DType::mxfp4: return blocks<DType::mxfp4, mxfp4>;
    case DType::nvfp4: return blocks<DType::nvfp4, nvfp4>;
  }
  return nullptr;
}

void row(DType dtype, float* dst, const std::byte* src, i64 n) { function_of(dtype)(dst, src, n); }

}  // namespace

extern const DequantizeKernels dequantize_table;
const DequantizeKernels dequantize_table{row, f8};

}  // namespace r1::cpu::R1_TARGET
