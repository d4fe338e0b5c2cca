// Unpacks a chunk of every row into a tile, element by element, for levels without AVX2. They have no packs.
#pragma once
#include "kernels/cpu/blocks/iq_grids.hpp"
#include "kernels/cpu/blocks/tile.hpp"

namespace r1::cpu::R1_TARGET {
namespace {

inline u16 short_at(const u8* p) {
  u16 h;
  __builtin_memcpy(&h, p, 2);
  return h;
}
inline float half_at(const u8* p) { return f32_from_f16(short_at(p)); }
inline u32 unsigned_at(const u8* p) { return static_cast<u32>(word_at(p)); }

// Bit j of seven stored signs and an eighth one, which makes the number of ones even.
inline bool even_sign(u32 sevens, int j) {
  return (j < 7 ? sevens >> j : static_cast<u32>(__builtin_parity(sevens & 127))) & 1;
}
// Element j of an octet whose codes 0 1 2 are the magnitudes 8 25 43, or -1 0 1 plus or minus an eighth.
inline i32 octet2(u16 codes, int j, bool minus) {
  const i32 c = codes >> 2 * j & 3, magnitude = 8 + 17 * c + (c >> 1);
  return minus ? -magnitude : magnitude;
}
inline i32 octet1(u16 codes, int j, bool minus) { return 8 * ((codes >> 2 * j & 3) - 1) + (minus ? -1 : 1); }
inline i32 quartet(u32 magnitudes, int j, bool minus) {
  const i32 magnitude = static_cast<i32>(magnitudes >> 8 * j & 255);
  return minus ? -magnitude : magnitude;
}
// Digit n of a byte that holds five ternary digits as the fraction byte / 256.
inline i32 ternary(u8 byte, int n) {
  constexpr int kPower[5] = {1, 3, 9, 27, 81};
  return ((byte * kPower[n]) & 255) * 3 >> 8;
}

// The quant of element i of an IQ1, IQ2 or IQ3 block.
template <DType kType>
inline i32 grid_quant(const u8* p, int i) {
  const int g = i / 32, o = i / 8, l = o % 4, j = i % 8, four = i / 4;
  if constexpr (kType == DType::iq2_xxs)
    return octet2(kGrid2xxs[p[2 + 8 * g + l]], j, even_sign(unsigned_at(p + 6 + 8 * g) >> 7 * l, j));
  if constexpr (kType == DType::iq2_xs) {
    const u16 q = short_at(p + 2 + 2 * o);
    return octet2(kGrid2xs[q & 511], j, even_sign(q >> 9, j));
  }
  if constexpr (kType == DType::iq2_s)
    return octet2(kGrid2s[p[2 + o] | (p[66 + g] >> 2 * l & 3) << 8], j, p[34 + o] >> j & 1);
  if constexpr (kType == DType::iq3_xxs)
    return quartet(kGrid3xxs[p[2 + four]], i % 4, even_sign(unsigned_at(p + 66 + 4 * g) >> 7 * l, j));
  if constexpr (kType == DType::iq3_s)
    return quartet(kGrid3s[p[2 + four] | (p[66 + g] >> four % 8 & 1) << 8], i % 4, p[74 + o] >> j & 1);
  if constexpr (kType == DType::iq1_s) {
    const int h = short_at(p + 34 + 2 * g);
    return octet1(kGrid1[p[2 + o] | (h >> 3 * l & 7) << 8], j, h >> 15);
  }
  const int h = p[32 + o / 2] >> o % 2 * 4;  // iq1_m
  return octet1(kGrid1[p[o] | (h & 7) << 8], j, h >> 3 & 1);
}

// Quant i of a chunk.
template <DType kType>
inline i32 quant(const u8* p, int i) {
  const int l = i % 32, s = i / 32, nibble = l / 16 * 4, h = i / 128, r = s % 4;
  if constexpr (kType == DType::q8_0) return static_cast<i8>(p[34 * s + 2 + l]);
  if constexpr (kType == DType::q4_0) return (p[18 * s + 2 + l % 16] >> nibble & 15) - 8;
  if constexpr (kType == DType::q4_1) return p[20 * s + 4 + l % 16] >> nibble & 15;
  if constexpr (kType == DType::q5_0)
    return ((p[22 * s + 6 + l % 16] >> nibble & 15) | static_cast<i32>(unsigned_at(p + 22 * s + 2) >> l & 1) << 4) - 16;
  if constexpr (kType == DType::q5_1)
    return (p[24 * s + 8 + l % 16] >> nibble & 15) | static_cast<i32>(unsigned_at(p + 24 * s + 4) >> l & 1) << 4;
  if constexpr (kType == DType::iq4_nl) return kIq4Values[p[18 * s + 2 + l % 16] >> nibble & 15];
  if constexpr (kType == DType::mxfp4) return kE2m1Values[p[17 * s + 1 + l % 16] >> nibble & 15];
  if constexpr (kType == DType::iq4_xs) return kIq4Values[p[8 + 16 * s + l % 16] >> nibble & 15];
  if constexpr (kType == DType::q2_k) return p[16 + 32 * h + l] >> 2 * r & 3;
  if constexpr (kType == DType::q3_k) return (p[32 + 32 * h + l] >> 2 * r & 3) + (p[l] >> s & 1) * 4 - 4;
  if constexpr (kType == DType::q4_k) return p[16 + s / 2 * 32 + l] >> s % 2 * 4 & 15;
  if constexpr (kType == DType::q5_k) return (p[48 + s / 2 * 32 + l] >> s % 2 * 4 & 15) | (p[16 + l] >> s & 1) << 4;
  if constexpr (kType == DType::q6_k)
    return ((p[64 * h + 32 * (r & 1) + l] >> r / 2 * 4 & 15) | (p[128 + 32 * h + l] >> 2 * r & 3) << 4) - 32;
  if constexpr (kType == DType::tq1_0) {
    if (i < 160) return ternary(p[l], s) - 1;
    return (i < 240 ? ternary(p[32 + i % 16], (i - 160) / 16) : ternary(p[48 + i % 4], (i - 240) / 4)) - 1;
  }
  if constexpr (kType == DType::tq2_0) return (p[32 * h + l] >> 2 * r & 3) - 1;
  return grid_quant<kType>(p, i);
}

// The scale of part s of a block of 256 elements.
template <DType kType>
inline i32 scale(const u8* p, int s) {
  if constexpr (kType == DType::q2_k) return p[s] & 15;
  if constexpr (kType == DType::q3_k) {
    const int low = s < 8 ? p[96 + s] & 15 : p[96 + s - 8] >> 4;
    return (low | (p[104 + s % 4] >> s / 4 * 2 & 3) << 4) - 32;
  }
  if constexpr (kType == DType::q4_k || kType == DType::q5_k)
    return s < 4 ? p[4 + s] & 63 : (p[8 + s] & 15) | (p[s] >> 6) << 4;
  if constexpr (kType == DType::q6_k) return static_cast<i8>(p[192 + s]);
  if constexpr (kType == DType::iq2_xxs) return 2 * (p[9 + 8 * s] >> 4) + 1;
  if constexpr (kType == DType::iq2_xs) return 2 * (p[66 + s / 2] >> s % 2 * 4 & 15) + 1;
  if constexpr (kType == DType::iq2_s) return 2 * (p[74 + s / 2] >> s % 2 * 4 & 15) + 1;
  if constexpr (kType == DType::iq3_xxs) return 2 * (p[69 + 4 * s] >> 4) + 1;
  if constexpr (kType == DType::iq3_s) return 2 * (p[106 + s / 2] >> s % 2 * 4 & 15) + 1;
  if constexpr (kType == DType::iq1_s) return 2 * (p[35 + 2 * s] >> 4 & 7) + 1;
  if constexpr (kType == DType::iq1_m) return 2 * (short_at(p + 48 + s / 4 * 2) >> s % 4 * 3 & 7) + 1;
  return ((p[4 + s / 2] >> s % 2 * 4 & 15) | (short_at(p + 2) >> 2 * s & 3) << 4) - 32;  // iq4_xs
}
template <DType kType>
inline u32 minimum(const u8* p, int s) {
  if constexpr (kType == DType::q2_k) return p[s] >> 4;
  return static_cast<u32>(s < 4 ? p[8 + s] & 63 : p[8 + s] >> 4 | (p[4 + s] >> 6) << 4);  // q4_k, q5_k
}

// d of a block. The values of the grids are integers after a division, which is a power of two.
template <DType kType>
inline float block_scale(const u8* p) {
  if constexpr (kType == DType::q2_k) return half_at(p + 80);
  if constexpr (kType == DType::q3_k) return half_at(p + 108);
  if constexpr (kType == DType::q6_k) return half_at(p + 208);
  if constexpr (kType == DType::iq2_xxs || kType == DType::iq2_xs || kType == DType::iq2_s || kType == DType::iq1_s)
    return half_at(p) * 0.125f;
  if constexpr (kType == DType::iq3_xxs) return half_at(p) * 0.25f;
  if constexpr (kType == DType::iq1_m) {
    int bits = 0;
    for (int k = 0; k < 4; ++k) bits |= short_at(p + 48 + 2 * k) >> 12 << 4 * k;
    return f32_from_f16(static_cast<u16>(bits)) * 0.125f;
  }
  if constexpr (kType == DType::tq1_0) return half_at(p + 52);
  if constexpr (kType == DType::tq2_0) return half_at(p + 64);
  if constexpr (kType == DType::mxfp4)
    return f32_from_bits(p[0] < 2 ? 0x200000u << p[0] : static_cast<u32>(p[0] - 1) << 23);
  return half_at(p);
}
template <DType kType>
inline float block_minimum(const u8* p) {
  if constexpr (block_of(kType).elements == 32) return -half_at(p + 2);  // Q4_1 and Q5_1 store the least value
  return half_at(p + (kType == DType::q2_k ? 82 : 2));
}

template <DType kType>
void unpack(Tile& tile, const ChunkRows& rows) {
  constexpr TileForm kForm = form_of(kType);
  constexpr bool kLarge = block_of(kType).elements == kDotChunk;
  for (int lane = 0; lane < kLanes; ++lane) {
    const u8* const p = rows.at[lane];
    for (int i = 0; i < 32 * rows.blocks; ++i)
      tile.w[i / 4][lane][i % 4] = static_cast<u8>(quant<kType>(p, i) + kForm.excess);
    for (i64 b = 0; b < (kLarge ? 1 : rows.blocks); ++b) {
      const u8* const block = p + b * block_of(kType).bytes;
      tile.d[b][lane] = block_scale<kType>(block);
      if constexpr (kForm.minima) tile.dmin[b][lane] = block_minimum<kType>(block);
    }
    if constexpr (kForm.scales)
      for (int s = 0; s < 256 / kForm.part; ++s) tile.scale[s][lane] = scale<kType>(p, s);
    if constexpr (kForm.scales && kForm.minima)
      for (int s = 0; s < 256 / kForm.part; s += 2)
        tile.minimum[s / 2][lane] = static_cast<i32>(minimum<kType>(p, s) | minimum<kType>(p, s + 1) << 16);
  }
}

constexpr i64 packed_vectors(DType, i64) { return 0; }
template <DType kType>
void unpack_packed(Tile&, const std::byte*, i64) {}
template <DType kType>
void pack_chunk(std::byte*, const ChunkRows&, Tile&) {}

}  // namespace
}  // namespace r1::cpu::R1_TARGET
