// Encoders of one block. x holds the block's elements, which are finite and at most 65504 in magnitude. `importance`
// holds the weights of its columns, or is null. docs/quantisation.md has the layouts.
#pragma once
#include <cstring>

#include "core/half.hpp"

namespace r1::encode {

using Encoder = void (*)(u8* block, const float* x, const float* importance);

// quantize_32.cpp
void q4_0(u8* block, const float* x, const float* importance);
void q4_1(u8* block, const float* x, const float* importance);
void q5_0(u8* block, const float* x, const float* importance);
void q5_1(u8* block, const float* x, const float* importance);
void q8_0(u8* block, const float* x, const float* importance);
void mxfp4(u8* block, const float* x, const float* importance);
void iq4_nl(u8* block, const float* x, const float* importance);

// quantize_k.cpp
void q2_k(u8* block, const float* x, const float* importance);
void q3_k(u8* block, const float* x, const float* importance);
void q4_k(u8* block, const float* x, const float* importance);
void q5_k(u8* block, const float* x, const float* importance);
void q6_k(u8* block, const float* x, const float* importance);

// quantize_256.cpp
void iq4_xs(u8* block, const float* x, const float* importance);
void tq1_0(u8* block, const float* x, const float* importance);
void tq2_0(u8* block, const float* x, const float* importance);

// Stores v as f16 and returns the stored value.
inline float put_half(u8* p, float v) {
  const u16 h = f16_from_f32(v);
  std::memcpy(p, &h, 2);
  return f32_from_f16(h);
}
// 1 / v; 0 for a scale so small that every format stores zero.
inline float inverse(float v) { return v > 1e-30f || v < -1e-30f ? 1 / v : 0; }

// The weights w of n squared errors. With importance a weight is importance · √(2 power + x²), because a large element
// does more; without it √power + |x|. `power` is a mean square: of the whole block with importance, of these n elements
// without.
void weigh(float* w, const float* x, const float* importance, int n, double power);
double mean_square(const float* x, int n);

}  // namespace r1::encode
