// Encoders of one block. x holds the block's elements, finite and at most 65504 in magnitude; `importance` its columns'
// weights, or null. Layouts: docs/quantisation.md.
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

// Stores v as f16 and gives back what that is.
inline float put_half(u8* p, float v) {
  const u16 h = f16_from_f32(v);
  std::memcpy(p, &h, 2);
  return f32_from_f16(h);
}
// 0 for a scale that no format tells from zero.
inline float inverse(float v) { return v > 1e-30f || v < -1e-30f ? 1 / v : 0; }

// How much each of n errors counts: importance · √(2 power + x²), because a large weight does more; without importance
// √power + |x|. `power` is a mean square: of the whole block with importance, of these n without.
void weigh(float* w, const float* x, const float* importance, int n, double power);
double mean_square(const float* x, int n);

}  // namespace r1::encode
