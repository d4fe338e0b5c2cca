// K-quants: 256 elements in sub-blocks of 16 or 32. The scale of a sub-block is a small integer times the block's d,
// its minimum a small integer times dmin. A byte of quants holds elements that lie 32 or more apart, so the inner loops
// run over the low part of an element's index.
#include "kernels/cpu/dequantize_rows.hpp"

namespace r1::cpu::R1_TARGET {
namespace {

void q2_k(float* __restrict y, const u8* __restrict b) {
  const float d = half_at(b + 80), dmin = half_at(b + 82);
  for (int s = 0; s < 16; ++s, y += 16) {
    const float scale = d * static_cast<float>(b[s] & 15), min = dmin * static_cast<float>(b[s] >> 4);
    const u8* q = b + 16 + s / 8 * 32 + s % 2 * 16;
    const int shift = s / 2 % 4 * 2;
    R1_LOOP_OF_16
    for (int l = 0; l < 16; ++l) y[l] = scale * static_cast<float>(q[l] >> shift & 3) - min;
  }
}

void q3_k(float* __restrict y, const u8* __restrict b) {
  const float d = half_at(b + 108);
  const u8* packed = b + 96;
  for (int s = 0; s < 16; ++s, y += 16) {
    const int low = s < 8 ? packed[s] & 15 : packed[s - 8] >> 4, high = packed[8 + s % 4] >> (s / 4 * 2) & 3;
    const float scale = d * static_cast<float>((low | high << 4) - 32);
    const u8 *q = b + 32 + s / 8 * 32 + s % 2 * 16, *mask = b + s % 2 * 16;
    const int shift = s / 2 % 4 * 2, bit = s / 2;
    R1_LOOP_OF_16
    for (int l = 0; l < 16; ++l) y[l] = scale * static_cast<float>((q[l] >> shift & 3) - 4 + (mask[l] >> bit & 1) * 4);
  }
}

// Scale and minimum of sub-block s of Q4_K and Q5_K, which pack eight of each, six bits long, into twelve bytes.
struct ScaleAndMin {
  float scale, min;
};
ScaleAndMin scale_and_min(const u8* c, int s, float d, float dmin) {
  const int scale = s < 4 ? c[s] & 63 : (c[s + 4] & 15) | (c[s - 4] >> 6) << 4;
  const int min = s < 4 ? c[s + 4] & 63 : c[s + 4] >> 4 | (c[s] >> 6) << 4;
  return {d * static_cast<float>(scale), dmin * static_cast<float>(min)};
}

void q4_k(float* __restrict y, const u8* __restrict b) {
  const float d = half_at(b), dmin = half_at(b + 2);
  const u8* q = b + 16;
  for (int s = 0; s < 8; s += 2, q += 32, y += 64) {
    const ScaleAndMin low = scale_and_min(b + 4, s, d, dmin), high = scale_and_min(b + 4, s + 1, d, dmin);
    for (int l = 0; l < 32; ++l) y[l] = low.scale * static_cast<float>(q[l] & 15) - low.min;
    for (int l = 0; l < 32; ++l) y[l + 32] = high.scale * static_cast<float>(q[l] >> 4) - high.min;
  }
}

void q5_k(float* __restrict y, const u8* __restrict b) {
  const float d = half_at(b), dmin = half_at(b + 2);
  const u8 *q = b + 48, *top = b + 16;
  for (int s = 0; s < 8; s += 2, q += 32, y += 64) {
    const ScaleAndMin low = scale_and_min(b + 4, s, d, dmin), high = scale_and_min(b + 4, s + 1, d, dmin);
    for (int l = 0; l < 32; ++l) y[l] = low.scale * static_cast<float>((q[l] & 15) + (top[l] >> s & 1) * 16) - low.min;
    for (int l = 0; l < 32; ++l)
      y[l + 32] = high.scale * static_cast<float>((q[l] >> 4) + (top[l] >> (s + 1) & 1) * 16) - high.min;
  }
}

void q6_k(float* __restrict y, const u8* __restrict b) {
  const float d = half_at(b + 208);
  for (int s = 0; s < 16; ++s, y += 16) {
    const float scale = d * static_cast<float>(static_cast<i8>(b[192 + s]));
    const int half = s / 8, r = s / 2 % 4, l0 = s % 2 * 16;
    const u8 *low = b + 64 * half + 32 * (r % 2) + l0, *high = b + 128 + 32 * half + l0;
    const int low_shift = r / 2 * 4, high_shift = 2 * r;
    R1_LOOP_OF_16
    for (int l = 0; l < 16; ++l)
      y[l] = scale * static_cast<float>(((low[l] >> low_shift & 15) | (high[l] >> high_shift & 3) << 4) - 32);
  }
}

void q8_k(float* __restrict y, const u8* __restrict b) {
  const float d = f32_from_bits(u32_at(b));
  for (int l = 0; l < 256; ++l) y[l] = d * static_cast<float>(static_cast<i8>(b[4 + l]));
}

}  // namespace

void row_q2_k(float* y, const std::byte* x, i64 n) { blocks<DType::q2_k, q2_k>(y, x, n); }
void row_q3_k(float* y, const std::byte* x, i64 n) { blocks<DType::q3_k, q3_k>(y, x, n); }
void row_q4_k(float* y, const std::byte* x, i64 n) { blocks<DType::q4_k, q4_k>(y, x, n); }
void row_q5_k(float* y, const std::byte* x, i64 n) { blocks<DType::q5_k, q5_k>(y, x, n); }
void row_q6_k(float* y, const std::byte* x, i64 n) { blocks<DType::q6_k, q6_k>(y, x, n); }
void row_q8_k(float* y, const std::byte* x, i64 n) { blocks<DType::q8_k, q8_k>(y, x, n); }

}  // namespace r1::cpu::R1_TARGET
