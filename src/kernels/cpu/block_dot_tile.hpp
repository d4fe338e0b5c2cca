// A tile holds kLanes rows of weights by one chunk of 256 elements, unpacked for the level's dot-product instruction. A
// lane is a row: each lane holds four neighbours along k of its row, so that no sum crosses lanes. Only block_dot.cpp
// includes this header.
#pragma once
#include "kernels/cpu/block_dot_vector.hpp"

namespace r1::cpu::R1_TARGET {
namespace {

constexpr int kSteps = kDotChunk / 4;

struct alignas(64) Tile {
  u8 w[kSteps][kLanes][4];
  i32 scale[16][kLanes];   // K-quants: of each sub-block of 32 (Q6_K: 16) elements
  i32 minimum[4][kLanes];  // the minima of two sub-blocks, 16 bits each
  float d[8][kLanes];      // of each block of 32; K-quants use only the first
  float dmin[kLanes];
};

// The bytes of one chunk of every row.
struct ChunkRows {
  const u8* at[kLanes];
  i64 blocks;  // blocks of 32 elements in the chunk: 8, or fewer at the end of a row
};

constexpr i64 chunk_bytes(DType t) { return kDotChunk / block_of(t).elements * block_of(t).bytes; }

#if defined(__AVX2__)

inline __m256i bytes32(const u8* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
inline __m128i bytes16(const u8* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
inline __m256i low_nibbles(__m256i x) { return _mm256_and_si256(x, _mm256_set1_epi8(15)); }
inline __m256i high_nibbles(__m256i x) { return low_nibbles(_mm256_srli_epi16(x, 4)); }
inline __m256i or_of(__m256i a, __m256i b) { return _mm256_or_si256(a, b); }

// On entry r[i] holds eight words of row i; on return r[j] holds word j of the eight rows.
inline void transpose(__m256i (&r)[8]) {
  __m256i t[8];
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {  // now r[i + j] holds words j and j + 4 of four rows
    r[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    t[j] = _mm256_permute2x128_si256(r[j], r[4 + j], 0x20);
    t[4 + j] = _mm256_permute2x128_si256(r[j], r[4 + j], 0x31);
  }
#pragma GCC unroll 8
  for (int j = 0; j < 8; ++j) r[j] = t[j];
}

// Unpacks eight rows into the lanes from `first` on.
struct EightRows {
  Tile& tile;
  const u8* const* at;
  int first;

  // Words [0, 8) at byte `offset` of every row, transposed.
  void words(__m256i (&r)[8], i64 offset) const {
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) r[i] = bytes32(at[i] + offset);
    transpose(r);
  }
  // Words [0, 4) at byte `offset` and words [0, 4) at byte `second` of every row, transposed.
  void two_of_four_words(__m256i (&r)[8], i64 offset, i64 second) const {
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i)
      r[i] = _mm256_inserti128_si256(_mm256_castsi128_si256(bytes16(at[i] + offset)), bytes16(at[i] + second), 1);
    transpose(r);
  }
  __m256i word(i64 offset) const {
    return _mm256_set_epi32(word_at(at[7] + offset), word_at(at[6] + offset), word_at(at[5] + offset),
                            word_at(at[4] + offset), word_at(at[3] + offset), word_at(at[2] + offset),
                            word_at(at[1] + offset), word_at(at[0] + offset));
  }
  void put(int step, __m256i x) const { store(&tile.w[step][first], x); }
  void store(void* to, __m256i x) const { _mm256_storeu_si256(static_cast<__m256i*>(to), x); }
  // Stores the f16 numbers in the low (or high) halves of eight words as floats.
  void put_halves(float* to, __m256i x, bool high) const {
    const __m256i half = high ? _mm256_srli_epi32(x, 16) : _mm256_and_si256(x, _mm256_set1_epi32(0xffff));
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(half, half), 0x08);
    _mm256_storeu_ps(to + first, _mm256_cvtph_ps(_mm256_castsi256_si128(packed)));
  }
  // Byte b of every word as an integer.
  static __m256i byte(__m256i x, int b) {
    return _mm256_and_si256(_mm256_srli_epi32(x, 8 * b), _mm256_set1_epi32(255));
  }

  // The header of a Q4_K or Q5_K block: d, dmin, and twelve bytes that pack eight scales and eight minima of six bits.
  void k_scales() const {
    const __m256i d = word(0), u0 = word(4), u1 = word(8), u2 = word(12);
    put_halves(tile.d[0], d, false), put_halves(tile.dmin, d, true);
    const __m256i six = _mm256_set1_epi8(63), top = _mm256_set1_epi8(48);
    const __m256i scales[2] = {_mm256_and_si256(u0, six),
                               or_of(low_nibbles(u2), _mm256_and_si256(_mm256_srli_epi32(u0, 2), top))};
    const __m256i minima[2] = {_mm256_and_si256(u1, six),
                               or_of(high_nibbles(u2), _mm256_and_si256(_mm256_srli_epi32(u1, 2), top))};
    const __m256i even = _mm256_set1_epi32(0x00ff);
    for (int s = 0; s < 8; ++s) store(&tile.scale[s][first], byte(scales[s / 4], s % 4));
    for (int half = 0; half < 2; ++half) {
      const __m256i m = minima[half];
      store(&tile.minimum[2 * half][first],
            or_of(_mm256_and_si256(m, even), _mm256_slli_epi32(_mm256_and_si256(_mm256_srli_epi32(m, 8), even), 16)));
      store(&tile.minimum[2 * half + 1][first], or_of(byte(m, 2), _mm256_slli_epi32(_mm256_srli_epi32(m, 24), 16)));
    }
  }

  void q4_k() const {
    k_scales();
    for (int c = 0; c < 4; ++c) {
      __m256i r[8];
      words(r, 16 + 32 * c);
#pragma GCC unroll 8
      for (int j = 0; j < 8; ++j) put(16 * c + j, low_nibbles(r[j])), put(16 * c + 8 + j, high_nibbles(r[j]));
    }
  }

  // `high` stores the bits of each quant above the low four. Moves those from bit kFrom on to bit 4, masked by kMask.
  template <int kFrom, int kMask>
  static __m256i above(__m256i high) {
    const __m256i moved = kFrom < 4 ? _mm256_slli_epi16(high, 4 - kFrom) : _mm256_srli_epi16(high, kFrom - 4);
    return _mm256_and_si256(moved, _mm256_set1_epi8(kMask));
  }

  template <int kPair>  // sub-blocks 2·kPair and 2·kPair + 1
  void q5_k_pair(const __m256i (&high)[8]) const {
    __m256i r[8];
    words(r, 48 + 32 * kPair);
#pragma GCC unroll 8
    for (int j = 0; j < 8; ++j) {
      put(16 * kPair + j, or_of(low_nibbles(r[j]), above<2 * kPair, 16>(high[j])));
      put(16 * kPair + 8 + j, or_of(high_nibbles(r[j]), above<2 * kPair + 1, 16>(high[j])));
    }
  }
  void q5_k() const {
    k_scales();
    __m256i high[8];
    words(high, 16);
    q5_k_pair<0>(high), q5_k_pair<1>(high), q5_k_pair<2>(high), q5_k_pair<3>(high);
  }

  void q6_k() const {
    put_halves(tile.d[0], word(206), true);
    __m256i scales[8];
    two_of_four_words(scales, 192, 192);
    for (int s = 0; s < 16; ++s)
      store(&tile.scale[s][first],
            _mm256_srai_epi32(_mm256_sll_epi32(scales[s / 4], _mm_cvtsi32_si128(24 - s % 4 * 8)), 24));
    for (int n = 0; n < 2; ++n) {
      __m256i a[8], b[8], high[8];
      words(a, 64 * n), words(b, 64 * n + 32), words(high, 128 + 32 * n);
#pragma GCC unroll 8
      for (int j = 0; j < 8; ++j) {
        put(32 * n + j, or_of(low_nibbles(a[j]), above<0, 48>(high[j])));
        put(32 * n + 8 + j, or_of(low_nibbles(b[j]), above<2, 48>(high[j])));
        put(32 * n + 16 + j, or_of(high_nibbles(a[j]), above<4, 48>(high[j])));
        put(32 * n + 24 + j, or_of(high_nibbles(b[j]), above<6, 48>(high[j])));
      }
    }
  }

  void q8_0(i64 blocks) const {
    const __m256i offset = _mm256_set1_epi8(kSignedWeights ? 0 : -128);
    for (int b = 0; b < blocks; ++b) {
      __m256i r[8];
      put_halves(tile.d[b], word(34 * b), false);
      words(r, 34 * b + 2);
#pragma GCC unroll 8
      for (int j = 0; j < 8; ++j) put(8 * b + j, _mm256_xor_si256(r[j], offset));
    }
  }

  void q4_0(i64 blocks) const {
    for (int b = 0; b < blocks; b += 2) {
      const int next = b + 1 < blocks ? b + 1 : b;
      __m256i r[8];
      put_halves(tile.d[b], word(18 * b), false), put_halves(tile.d[next], word(18 * next), false);
      two_of_four_words(r, 18 * b + 2, 18 * next + 2);
#pragma GCC unroll 2
      for (int of = 0; of < 2; ++of)
#pragma GCC unroll 4
        for (int j = 0; j < 4; ++j)
          put(8 * (b + of) + j, low_nibbles(r[4 * of + j])), put(8 * (b + of) + 4 + j, high_nibbles(r[4 * of + j]));
    }
  }
};

template <DType kType>
void unpack(Tile& tile, const ChunkRows& rows) {
  for (int first = 0; first < kLanes; first += 8) {
    const EightRows eight{tile, rows.at + first, first};
    if constexpr (kType == DType::q4_k) eight.q4_k();
    if constexpr (kType == DType::q5_k) eight.q5_k();
    if constexpr (kType == DType::q6_k) eight.q6_k();
    if constexpr (kType == DType::q8_0) eight.q8_0(rows.blocks);
    if constexpr (kType == DType::q4_0) eight.q4_0(rows.blocks);
  }
}

#else

inline float half_at(const u8* p) {
  u16 h;
  __builtin_memcpy(&h, p, 2);
  return f32_from_f16(h);
}

// Quant i of a chunk in the form that the tile holds.
template <DType kType>
inline u8 quant(const u8* p, int i) {
  const int l = i % 32, s = i / 32;
  if constexpr (kType == DType::q8_0) return p[34 * s + 2 + l];
  if constexpr (kType == DType::q4_0) return static_cast<u8>(p[18 * s + 2 + l % 16] >> l / 16 * 4 & 15);
  if constexpr (kType == DType::q4_k) return static_cast<u8>(p[16 + s / 2 * 32 + l] >> s % 2 * 4 & 15);
  if constexpr (kType == DType::q5_k)
    return static_cast<u8>((p[48 + s / 2 * 32 + l] >> s % 2 * 4 & 15) | (p[16 + l] >> s & 1) << 4);
  const int n = i / 128, r = s % 4;  // q6_k
  return static_cast<u8>((p[64 * n + 32 * (r & 1) + l] >> r / 2 * 4 & 15) | (p[128 + 32 * n + l] >> 2 * r & 3) << 4);
}

inline void k_scales(Tile& tile, int lane, const u8* p) {
  const u8* const x = p + 4;
  u32 minima[8];
  for (int s = 0; s < 8; ++s) {
    tile.scale[s][lane] = s < 4 ? x[s] & 63 : (x[s + 4] & 15) | (x[s - 4] >> 6) << 4;
    minima[s] = static_cast<u32>(s < 4 ? x[s + 4] & 63 : x[s + 4] >> 4 | (x[s] >> 6) << 4);
  }
  for (int pair = 0; pair < 4; ++pair)
    tile.minimum[pair][lane] = static_cast<i32>(minima[2 * pair] | minima[2 * pair + 1] << 16);
  tile.d[0][lane] = half_at(p), tile.dmin[lane] = half_at(p + 2);
}

template <DType kType>
void unpack(Tile& tile, const ChunkRows& rows) {
  for (int lane = 0; lane < kLanes; ++lane) {
    const u8* const p = rows.at[lane];
    for (int i = 0; i < 32 * rows.blocks; ++i) tile.w[i / 4][lane][i % 4] = quant<kType>(p, i);
    if constexpr (kType == DType::q4_k || kType == DType::q5_k) {
      k_scales(tile, lane, p);
    } else if constexpr (kType == DType::q6_k) {
      for (int s = 0; s < 16; ++s) tile.scale[s][lane] = static_cast<i8>(p[192 + s]);
      tile.d[0][lane] = half_at(p + 208);
    } else {
      for (i64 b = 0; b < rows.blocks; ++b) tile.d[b][lane] = half_at(p + b * block_of(kType).bytes);
    }
  }
}

#endif

}  // namespace
}  // namespace r1::cpu::R1_TARGET
