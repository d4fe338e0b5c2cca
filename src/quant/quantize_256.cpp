// Encoders of the blocks of 256 that are not K-quants: IQ4_XS (eight sub-blocks of uneven steps) and the ternary types.
#include <cmath>

#include "quant/quantize_blocks.hpp"
#include "quant/quantize_fit.hpp"

namespace r1::encode {
namespace {

constexpr int kBlock = 256;

// Ternary digits: 0, 1 and 2 stand for -1, 0 and 1 times d, the largest magnitude, which is stored.
void digits(int* q, u8* at_d, const float* x) {
  const float d = std::fabs(fit::largest(x, kBlock)), by = inverse(d);
  put_half(at_d, d);
  for (int i = 0; i < kBlock; ++i) q[i] = 1 + (x[i] * by >= 0.5f) - (x[i] * by <= -0.5f);
}

// Packs `count` digits, `stride` apart, into a byte that is a fraction of 256. A reader multiplies it by three to move
// the next digit in front of the point.
u8 fraction(const int* q, int stride, int count) {
  int v = 0;
  for (int n = 0; n < 5; ++n) v = 3 * v + (n < count ? q[n * stride] : 0);
  return static_cast<u8>((v * 256 + 242) / 243);
}

}  // namespace

void iq4_xs(u8* block, const float* x, const float* importance) {
  float w[kBlock], scales[8];
  weigh(w, x, importance, kBlock, mean_square(x, kBlock));
  for (int g = 0; g < 8; ++g) scales[g] = fit::steps(x + 32 * g, w + 32 * g, 32);
  const float d = put_half(block, fit::largest(scales, 8) / -32), by = inverse(d);
  u32 high = 0;
  std::memset(block + 4, 0, 4);
  for (int g = 0; g < 8; ++g) {
    const float scale = fit::nearest(fit::clamp(scales[g] * by, -32, 31));
    const auto code = static_cast<u32>(static_cast<int>(scale) + 32);
    high |= code >> 4 << 2 * g;
    block[4 + g / 2] = static_cast<u8>(block[4 + g / 2] | (code & 15u) << g % 2 * 4);
    const float step = inverse(d * scale);
    const float* v = x + 32 * g;
    for (int j = 0; j < 16; ++j)
      block[8 + 16 * g + j] =
          static_cast<u8>(fit::nearest_step(v[j] * step) | fit::nearest_step(v[j + 16] * step) << 4);
  }
  const auto word = static_cast<u16>(high);
  std::memcpy(block + 2, &word, 2);
}

void tq1_0(u8* block, const float* x, const float*) {
  int q[kBlock];
  digits(q, block + 52, x);
  for (int j = 0; j < 32; ++j) block[j] = fraction(q + j, 32, 5);
  for (int j = 0; j < 16; ++j) block[32 + j] = fraction(q + 160 + j, 16, 5);
  for (int j = 0; j < 4; ++j) block[48 + j] = fraction(q + 240 + j, 4, 4);
}

void tq2_0(u8* block, const float* x, const float*) {
  int q[kBlock];
  digits(q, block + 64, x);
  for (int h = 0; h < 2; ++h)
    for (int j = 0; j < 32; ++j) {
      const int* v = q + 128 * h + j;
      block[32 * h + j] = static_cast<u8>(v[0] | v[32] << 2 | v[64] << 4 | v[96] << 6);
    }
}

}  // namespace r1::encode
