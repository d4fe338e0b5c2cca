// Encoders of blocks of 32. Without importance q4_0 to q8_0 and mxfp4 search nothing: they give the same bytes as ggml.
#include <algorithm>
#include <cmath>

#include "core/q8_0.hpp"
#include "quant/quantize_blocks.hpp"
#include "quant/quantize_fit.hpp"

namespace r1::encode {
namespace {

constexpr int kBlock = 32;

// The low nibbles hold elements 0..15, the high ones 16..31.
void put_nibbles(u8* p, const int* q) {
  for (int j = 0; j < 16; ++j) p[j] = static_cast<u8>((q[j] & 15) | (q[j + 16] & 15) << 4);
}
// Bit j of the word is the fifth bit of element j.
void put_fifth_bits(u8* p, const int* q) {
  u32 bits = 0;
  for (int j = 0; j < kBlock; ++j) bits |= static_cast<u32>(q[j] >> 4) << j;
  std::memcpy(p, &bits, 4);
}

// Fits x ≈ d (q - top), stores d and fills in q. Without importance it rounds as ggml does: by the scale before that is
// rounded to f16, halves upwards.
void symmetric(u8* at_d, int* q, const float* x, const float* importance, int top) {
  const auto half = static_cast<float>(top);
  if (importance) {
    float w[kBlock];
    weigh(w, x, importance, kBlock, mean_square(x, kBlock));
    const float by = inverse(put_half(at_d, fit::symmetric(x, w, kBlock, top)));
    for (int j = 0; j < kBlock; ++j)
      q[j] = static_cast<int>(fit::nearest(fit::clamp(x[j] * by, -half, half - 1))) + top;
    return;
  }
  const float d = fit::largest(x, kBlock) / -half, by = inverse(d);
  put_half(at_d, d);
  for (int j = 0; j < kBlock; ++j) q[j] = std::min(2 * top - 1, static_cast<int>(x[j] * by + (half + 0.5f)));
}

// Fits x ≈ d q + m with q in [0, top], stores d and m and fills in q.
void affine(u8* at_d, int* q, const float* x, const float* importance, int top) {
  const auto highest = static_cast<float>(top);
  if (importance) {
    float w[kBlock];
    weigh(w, x, importance, kBlock, mean_square(x, kBlock));
    const fit::Affine f = fit::affine(x, w, kBlock, top, fit::Offset::any);
    const float by = inverse(put_half(at_d, f.a)), m = put_half(at_d + 2, -f.b);
    for (int j = 0; j < kBlock; ++j) q[j] = static_cast<int>(fit::nearest(fit::clamp((x[j] - m) * by, 0, highest)));
    return;
  }
  const auto [least, most] = std::minmax_element(x, x + kBlock);
  const float d = (*most - *least) / highest, by = inverse(d), m = *least;
  put_half(at_d, d);
  put_half(at_d + 2, m);
  for (int j = 0; j < kBlock; ++j) q[j] = std::min(top, static_cast<int>((x[j] - m) * by + 0.5f));
}

}  // namespace

double mean_square(const float* x, int n) {
  double sum = 0;
  for (int i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return sum / n;
}

void weigh(float* w, const float* x, const float* importance, int n, double power) {
  float total = 0;
  if (importance) {
    const auto spread = static_cast<float>(2 * power);
    for (int i = 0; i < n; ++i) total += w[i] = importance[i] * std::sqrt(spread + x[i] * x[i]);
    if (total > 0) return;  // importance that is zero everywhere says nothing about these columns
  }
  const auto rms = static_cast<float>(std::sqrt(power));
  for (int i = 0; i < n; ++i) w[i] = rms + std::fabs(x[i]);
}

void q4_0(u8* block, const float* x, const float* importance) {
  int q[kBlock];
  symmetric(block, q, x, importance, 8);
  put_nibbles(block + 2, q);
}

void q5_0(u8* block, const float* x, const float* importance) {
  int q[kBlock];
  symmetric(block, q, x, importance, 16);
  put_fifth_bits(block + 2, q);
  put_nibbles(block + 6, q);
}

void q4_1(u8* block, const float* x, const float* importance) {
  int q[kBlock];
  affine(block, q, x, importance, 15);
  put_nibbles(block + 4, q);
}

void q5_1(u8* block, const float* x, const float* importance) {
  int q[kBlock];
  affine(block, q, x, importance, 31);
  put_fifth_bits(block + 4, q);
  put_nibbles(block + 8, q);
}

void q8_0(u8* block, const float* x, const float*) { encode_q8_0(block, x); }

// The scale is the power of two that brings the largest number to 8..16, where the format has 8 and 12. Each element
// takes the nearest magnitude, the smaller of two that are equally near.
void mxfp4(u8* block, const float* x, const float*) {
  constexpr double kMiddles[7] = {0.5, 1.5, 2.5, 3.5, 5, 7, 10};
  const float m = std::fabs(fit::largest(x, kBlock));
  const int e = m > 0 ? std::max(0, std::ilogb(m) + 125) : 0;
  const double by = std::ldexp(1.0, 128 - e);
  block[0] = static_cast<u8>(e);
  int q[kBlock];
  for (int j = 0; j < kBlock; ++j) {
    q[j] = 0;
    for (const double middle : kMiddles) q[j] += std::fabs(static_cast<double>(x[j])) * by > middle;
    if (q[j] && x[j] < 0) q[j] += 8;
  }
  put_nibbles(block + 1, q);
}

void iq4_nl(u8* block, const float* x, const float* importance) {
  float w[kBlock];
  weigh(w, x, importance, kBlock, mean_square(x, kBlock));
  const float by = inverse(put_half(block, fit::steps(x, w, kBlock)));
  int q[kBlock];
  for (int j = 0; j < kBlock; ++j) q[j] = fit::nearest_step(x[j] * by);
  put_nibbles(block + 2, q);
}

}  // namespace r1::encode
