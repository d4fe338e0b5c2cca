// Encoders of the K-quants. Each sub-block is fitted by itself. Its scale (and minimum) is rounded to a small integer
// times the block's d (and dmin). Then the elements are rounded with the scales as they were stored.
#include <algorithm>
#include <array>
#include <cmath>

#include "quant/quantize_blocks.hpp"
#include "quant/quantize_fit.hpp"

namespace r1::encode {
namespace {

constexpr int kBlock = 256;

int round_to(float v, int low, int high) {
  return static_cast<int>(fit::nearest(fit::clamp(v, static_cast<float>(low), static_cast<float>(high))));
}

// x ≈ d scale q - dmin min, with q in [0, kTop], scales and minima in [0, kScaleTop].
template <int kSub, int kTop, int kScaleTop>
struct AffineBlock {
  static constexpr int kSubs = kBlock / kSub;
  int q[kBlock], scale[kSubs], min[kSubs];

  AffineBlock(u8* at_d, u8* at_dmin, const float* x, const float* importance) {
    float w[kBlock], most_a = 0, most_b = 0;
    std::array<fit::Affine, kSubs> fits;
    const double power = importance ? mean_square(x, kBlock) : 0;
    for (int s = 0; s < kSubs; ++s) {
      const float* v = x + s * kSub;
      weigh(w + s * kSub, v, importance ? importance + s * kSub : nullptr, kSub,
            importance ? power : mean_square(v, kSub));
      fits[s] = fit::affine(v, w + s * kSub, kSub, kTop, fit::Offset::at_least_zero);
      most_a = std::max(most_a, fits[s].a), most_b = std::max(most_b, fits[s].b);
    }
    const float d = put_half(at_d, most_a / kScaleTop), dmin = put_half(at_dmin, most_b / kScaleTop);
    for (int s = 0; s < kSubs; ++s) {
      choose(s, fits[s], d, dmin, x + s * kSub, w + s * kSub);
      const float by = inverse(d * static_cast<float>(scale[s])), m = dmin * static_cast<float>(min[s]);
      for (int i = s * kSub; i < (s + 1) * kSub; ++i) q[i] = round_to((x[i] + m) * by, 0, kTop);
    }
  }

 private:
  // Chooses scale[s] and min[s]: the pair of least error among the neighbours of the fit. The best rounding of one
  // depends on how the other is rounded.
  void choose(int s, fit::Affine f, float d, float dmin, const float* x, const float* w) {
    const int a = round_to(f.a * inverse(d), 0, kScaleTop), b = round_to(f.b * inverse(dmin), 0, kScaleTop);
    float least = -1;
    for (int i = std::max(a - 1, 0); i <= std::min(a + 1, kScaleTop); ++i)
      for (int j = std::max(b - 1, 0); j <= std::min(b + 1, kScaleTop); ++j) {
        const float e = fit::error(x, w, kSub, 0, kTop, {d * static_cast<float>(i), dmin * static_cast<float>(j)});
        if (least >= 0 && !(e < least)) continue;
        least = e, scale[s] = i, min[s] = j;
      }
  }
};

// x ≈ d scale q in sub-blocks of 16, with q in [-kTop, kTop) and scales in [-kScaleTop, kScaleTop). The member q holds
// q + kTop, as it is stored.
template <int kTop, int kScaleTop>
struct SymmetricBlock {
  static constexpr int kSub = 16, kSubs = kBlock / kSub;
  int q[kBlock], scale[kSubs];

  SymmetricBlock(u8* at_d, const float* x, const float* importance) {
    float w[kBlock], fits[kSubs];
    weigh(w, x, importance, kBlock, mean_square(x, kBlock));
    for (int s = 0; s < kSubs; ++s) fits[s] = fit::symmetric(x + s * kSub, w + s * kSub, kSub, kTop);
    const float d = put_half(at_d, fit::largest(fits, kSubs) / -kScaleTop);
    for (int s = 0; s < kSubs; ++s) {
      choose(s, fits[s] * inverse(d), d, x + s * kSub, w + s * kSub);
      const float by = inverse(d * static_cast<float>(scale[s]));
      for (int i = s * kSub; i < (s + 1) * kSub; ++i) q[i] = round_to(x[i] * by, -kTop, kTop - 1) + kTop;
    }
  }

 private:
  void choose(int s, float wanted, float d, const float* x, const float* w) {
    const int a = round_to(wanted, -kScaleTop, kScaleTop - 1);
    float least = -1;
    for (int i = std::max(a - 1, -kScaleTop); i <= std::min(a + 1, kScaleTop - 1); ++i) {
      const float e = fit::error(x, w, kSub, -kTop, kTop - 1, {d * static_cast<float>(i), 0});
      if (least >= 0 && !(e < least)) continue;
      least = e, scale[s] = i;
    }
  }
};

u8 byte(int v) { return static_cast<u8>(v); }

// Element i = 128 n + 32 j + l goes to bits 2j and 2j + 1 of byte 32 n + l.
void put_two_bits(u8* p, const int* q) {
  for (int n = 0; n < 2; ++n)
    for (int l = 0; l < 32; ++l) {
      const int* v = q + 128 * n + l;
      p[32 * n + l] = byte((v[0] & 3) | (v[32] & 3) << 2 | (v[64] & 3) << 4 | (v[96] & 3) << 6);
    }
}

// Sub-block 2 k goes to the low nibbles of 32 bytes, sub-block 2 k + 1 to the high ones.
void put_nibbles(u8* p, const int* q) {
  for (int k = 0; k < 4; ++k)
    for (int l = 0; l < 32; ++l) p[32 * k + l] = byte((q[64 * k + l] & 15) | (q[64 * k + 32 + l] & 15) << 4);
}

// Packs eight scales and eight minima of six bits each. The first four of both fill the low six bits of a byte each.
// The low nibbles of the last four share a byte, and their two high bits are put on top of the first four.
void put_pairs(u8* c, const int* scale, const int* min) {
  for (int s = 0; s < 4; ++s) {
    c[s] = byte(scale[s] | scale[s + 4] >> 4 << 6);
    c[s + 4] = byte(min[s] | min[s + 4] >> 4 << 6);
    c[s + 8] = byte((scale[s + 4] & 15) | (min[s + 4] & 15) << 4);
  }
}

}  // namespace

void q2_k(u8* block, const float* x, const float* importance) {
  const AffineBlock<16, 3, 15> b(block + 80, block + 82, x, importance);
  for (int s = 0; s < 16; ++s) block[s] = byte(b.scale[s] | b.min[s] << 4);
  put_two_bits(block + 16, b.q);
}

void q4_k(u8* block, const float* x, const float* importance) {
  const AffineBlock<32, 15, 63> b(block, block + 2, x, importance);
  put_pairs(block + 4, b.scale, b.min);
  put_nibbles(block + 16, b.q);
}

void q5_k(u8* block, const float* x, const float* importance) {
  const AffineBlock<32, 31, 63> b(block, block + 2, x, importance);
  put_pairs(block + 4, b.scale, b.min);
  std::memset(block + 16, 0, 32);
  for (int i = 0; i < kBlock; ++i) block[16 + i % 32] = byte(block[16 + i % 32] | b.q[i] >> 4 << i / 32);
  put_nibbles(block + 48, b.q);
}

void q3_k(u8* block, const float* x, const float* importance) {
  const SymmetricBlock<4, 32> b(block + 108, x, importance);
  std::memset(block, 0, 32);
  for (int i = 0; i < kBlock; ++i) block[i % 32] = byte(block[i % 32] | b.q[i] >> 2 << i / 32);
  put_two_bits(block + 32, b.q);
  u8* c = block + 96;
  std::memset(c, 0, 12);
  for (int s = 0; s < 16; ++s) {
    const int code = b.scale[s] + 32;
    c[s % 8] = byte(c[s % 8] | (code & 15) << s / 8 * 4);
    c[8 + s % 4] = byte(c[8 + s % 4] | code >> 4 << s / 4 * 2);
  }
}

void q6_k(u8* block, const float* x, const float* importance) {
  const SymmetricBlock<32, 128> b(block + 208, x, importance);
  for (int s = 0; s < 16; ++s) block[192 + s] = byte(b.scale[s]);
  for (int n = 0; n < 2; ++n)
    for (int l = 0; l < 32; ++l) {
      const int* q = b.q + 128 * n + l;
      block[64 * n + l] = byte((q[0] & 15) | (q[64] & 15) << 4);
      block[64 * n + 32 + l] = byte((q[32] & 15) | (q[96] & 15) << 4);
      block[128 + 32 * n + l] = byte(q[0] >> 4 | q[32] >> 4 << 2 | q[64] >> 4 << 4 | q[96] >> 4 << 6);
    }
}

}  // namespace r1::encode
