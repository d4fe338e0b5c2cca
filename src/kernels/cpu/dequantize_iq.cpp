// I-quants and ternary types. The IQ1, IQ2 and IQ3 types store an index into a fixed grid (iq_grids.hpp) for each group
// of elements; IQ2 and IQ3 store the signs separately. The IQ4 types map a nibble to one of sixteen unevenly spaced
// values. The elements of the ternary types are -1, 0 or 1.
#include "kernels/cpu/blocks/iq_grids.hpp"
#include "kernels/cpu/dequantize_rows.hpp"

namespace r1::cpu::R1_TARGET {
namespace {

// Seven stored sign bits and an eighth one, which makes the number of minus signs even.
int even_signs(u32 k) {
  k &= 127u;
  return static_cast<int>(k | static_cast<u32>(__builtin_parity(k)) << 7);
}

// -1 if bit j of `signs` is set, else 1.
int sign(int signs, int j) { return 1 - 2 * (signs >> j & 1); }

// Eight elements of two bits: the codes 0 1 2 mean the magnitudes 8 25 43.
void octet2(float* __restrict y, float scale, u16 code, int signs) {
  R1_KEPT_LOOP
  for (int j = 0; j < 8; ++j) {
    const int c = code >> 2 * j & 3;
    y[j] = scale * static_cast<float>((8 + 17 * c + (c >> 1)) * sign(signs, j));
  }
}

// Eight elements of one byte: four in `low`, four in `high`.
void octet3(float* __restrict y, float scale, u32 low, u32 high, int signs) {
  R1_KEPT_LOOP
  for (int j = 0; j < 4; ++j) y[j] = scale * static_cast<float>(static_cast<int>(low >> 8 * j & 255u) * sign(signs, j));
  R1_KEPT_LOOP
  for (int j = 0; j < 4; ++j)
    y[j + 4] = scale * static_cast<float>(static_cast<int>(high >> 8 * j & 255u) * sign(signs, j + 4));
}

// Eight elements of two bits: the codes 0 1 2 mean -1 0 1, plus delta.
void octet1(float* __restrict y, float scale, u16 code, float delta) {
  R1_KEPT_LOOP
  for (int j = 0; j < 8; ++j) y[j] = scale * (static_cast<float>((code >> 2 * j & 3) - 1) + delta);
}

void iq2_xxs(float* __restrict y, const u8* __restrict b) {
  const float d = half_at(b);
  for (int g = 0; g < 8; ++g) {
    const u8* q = b + 2 + 8 * g;
    const u32 w = u32_at(q + 4);
    const float scale = d * (0.5f + static_cast<float>(w >> 28)) * 0.25f;
    for (int l = 0; l < 4; ++l, y += 8) octet2(y, scale, kGrid2xxs[q[l]], even_signs(w >> 7 * l));
  }
}

// The scale of octet l in IQ2_XS and IQ2_S, which store one nibble for two octets.
float scale2(float d, u8 nibbles, int l) { return d * (0.5f + static_cast<float>(nibbles >> l / 2 * 4 & 15)) * 0.25f; }

void iq2_xs(float* __restrict y, const u8* __restrict b) {
  const float d = half_at(b);
  for (int o = 0; o < 32; ++o, y += 8) {
    const u16 q = u16_at(b + 2 + 2 * o);
    octet2(y, scale2(d, b[66 + o / 4], o % 4), kGrid2xs[q & 511], even_signs(q >> 9));
  }
}

void iq2_s(float* __restrict y, const u8* __restrict b) {
  const float d = half_at(b);
  for (int o = 0; o < 32; ++o, y += 8) {
    const int l = o % 4, index = b[2 + o] | (b[66 + o / 4] >> 2 * l & 3) << 8;
    octet2(y, scale2(d, b[74 + o / 4], l), kGrid2s[index], b[34 + o]);
  }
}

void iq3_xxs(float* __restrict y, const u8* __restrict b) {
  const float d = half_at(b);
  for (int g = 0; g < 8; ++g) {
    const u8* q = b + 2 + 8 * g;
    const u32 w = u32_at(b + 66 + 4 * g);
    const float scale = d * (0.5f + static_cast<float>(w >> 28)) * 0.5f;
    for (int l = 0; l < 4; ++l, y += 8)
      octet3(y, scale, kGrid3xxs[q[2 * l]], kGrid3xxs[q[2 * l + 1]], even_signs(w >> 7 * l));
  }
}

void iq3_s(float* __restrict y, const u8* __restrict b) {
  const float d = half_at(b);
  for (int o = 0; o < 32; ++o, y += 8) {
    const int g = o / 4, l = o % 4, high = b[66 + g] >> 2 * l;
    const float scale = d * static_cast<float>(1 + 2 * (b[106 + g / 2] >> g % 2 * 4 & 15));
    const u8* q = b + 2 + 2 * o;
    octet3(y, scale, kGrid3s[q[0] | (high & 1) << 8], kGrid3s[q[1] | (high >> 1 & 1) << 8], b[74 + o]);
  }
}

void iq1_s(float* __restrict y, const u8* __restrict b) {
  const float d = half_at(b);
  for (int g = 0; g < 8; ++g) {
    const int h = u16_at(b + 34 + 2 * g);
    const float scale = d * static_cast<float>(2 * (h >> 12 & 7) + 1), delta = h >> 15 ? -0.125f : 0.125f;
    for (int l = 0; l < 4; ++l, y += 8) octet1(y, scale, kGrid1[b[2 + 4 * g + l] | (h >> 3 * l & 7) << 8], delta);
  }
}

// The bits of d are in the top nibbles of the four 16-bit words that hold the scales.
void iq1_m(float* __restrict y, const u8* __restrict b) {
  const u8* words = b + 48;
  int bits = 0;
  for (int k = 0; k < 4; ++k) bits |= u16_at(words + 2 * k) >> 12 << 4 * k;
  const float d = f32_from_f16(static_cast<u16>(bits));
  for (int o = 0; o < 32; ++o, y += 8) {
    const int g = o / 4, l = o % 4, h = b[32 + o / 2] >> o % 2 * 4 & 15;
    const int three = u16_at(words + g / 2 * 2) >> (g % 2 * 6 + l / 2 * 3) & 7;
    const float scale = d * static_cast<float>(2 * three + 1);
    octet1(y, scale, kGrid1[b[o] | (h & 7) << 8], h & 8 ? -0.125f : 0.125f);
  }
}

constexpr float kSteps[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

void steps(float* __restrict y, const u8* __restrict q, float scale) {
  R1_KEPT_LOOP
  for (int j = 0; j < 16; ++j) y[j] = scale * kSteps[q[j] & 15];
  R1_KEPT_LOOP
  for (int j = 0; j < 16; ++j) y[j + 16] = scale * kSteps[q[j] >> 4];
}

void iq4_nl(float* __restrict y, const u8* __restrict b) { steps(y, b + 2, half_at(b)); }

void iq4_xs(float* __restrict y, const u8* __restrict b) {
  const float d = half_at(b);
  const int high = u16_at(b + 2);
  for (int g = 0; g < 8; ++g) {
    const int scale = (b[4 + g / 2] >> g % 2 * 4 & 15) | (high >> 2 * g & 3) << 4;
    steps(y + 32 * g, b + 8 + 16 * g, d * static_cast<float>(scale - 32));
  }
}

// Five ternary digits in a byte, as the fraction byte / 256. Multiplying by 3^n modulo 256 makes digit n the leading
// one; multiplying by 3 and dividing by 256 reads it.
void digits(float* __restrict y, const u8* __restrict q, int bytes, int count, float d) {
  constexpr int kPower[5] = {1, 3, 9, 27, 81};
  for (int n = 0; n < count; ++n, y += bytes)
    for (int j = 0; j < bytes; ++j) y[j] = static_cast<float>((((q[j] * kPower[n]) & 255) * 3 >> 8) - 1) * d;
}

void tq1_0(float* __restrict y, const u8* __restrict b) {
  const float d = half_at(b + 52);
  digits(y, b, 32, 5, d);
  digits(y + 160, b + 32, 16, 5, d);
  digits(y + 240, b + 48, 4, 4, d);
}

void tq2_0(float* __restrict y, const u8* __restrict b) {
  const float d = half_at(b + 64);
  for (int s = 0; s < 8; ++s, y += 32) {
    const u8* q = b + s / 4 * 32;
    const int shift = s % 4 * 2;
    for (int l = 0; l < 32; ++l) y[l] = static_cast<float>((q[l] >> shift & 3) - 1) * d;
  }
}

}  // namespace

void row_iq2_xxs(float* y, const std::byte* x, i64 n) { blocks<DType::iq2_xxs, iq2_xxs>(y, x, n); }
void row_iq2_xs(float* y, const std::byte* x, i64 n) { blocks<DType::iq2_xs, iq2_xs>(y, x, n); }
void row_iq2_s(float* y, const std::byte* x, i64 n) { blocks<DType::iq2_s, iq2_s>(y, x, n); }
void row_iq3_xxs(float* y, const std::byte* x, i64 n) { blocks<DType::iq3_xxs, iq3_xxs>(y, x, n); }
void row_iq3_s(float* y, const std::byte* x, i64 n) { blocks<DType::iq3_s, iq3_s>(y, x, n); }
void row_iq1_s(float* y, const std::byte* x, i64 n) { blocks<DType::iq1_s, iq1_s>(y, x, n); }
void row_iq1_m(float* y, const std::byte* x, i64 n) { blocks<DType::iq1_m, iq1_m>(y, x, n); }
void row_iq4_nl(float* y, const std::byte* x, i64 n) { blocks<DType::iq4_nl, iq4_nl>(y, x, n); }
void row_iq4_xs(float* y, const std::byte* x, i64 n) { blocks<DType::iq4_xs, iq4_xs>(y, x, n); }
void row_tq1_0(float* y, const std::byte* x, i64 n) { blocks<DType::tq1_0, tq1_0>(y, x, n); }
void row_tq2_0(float* y, const std::byte* x, i64 n) { blocks<DType::tq2_0, tq2_0>(y, x, n); }

}  // namespace r1::cpu::R1_TARGET
