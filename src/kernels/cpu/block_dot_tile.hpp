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

// The 16 bytes at `offset` of rows i, i + 4, i + 8, ..., one row in each 128 bits.
inline __m128i bytes16(const u8* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
#if defined(__AVX512F__)
inline Ints every_fourth(const u8* const* at, int i, i64 offset) {
  Ints x = _mm512_castsi128_si512(bytes16(at[i] + offset));
  x = _mm512_inserti32x4(x, bytes16(at[i + 4] + offset), 1);
  x = _mm512_inserti32x4(x, bytes16(at[i + 8] + offset), 2);
  return _mm512_inserti32x4(x, bytes16(at[i + 12] + offset), 3);
}
inline Ints interleave_low_32(Ints a, Ints b) { return _mm512_unpacklo_epi32(a, b); }
inline Ints interleave_high_32(Ints a, Ints b) { return _mm512_unpackhi_epi32(a, b); }
inline Ints interleave_low_64(Ints a, Ints b) { return _mm512_unpacklo_epi64(a, b); }
inline Ints interleave_high_64(Ints a, Ints b) { return _mm512_unpackhi_epi64(a, b); }
inline Ints each_byte(int x) { return _mm512_set1_epi8(static_cast<char>(x)); }
inline Ints and_of(Ints a, Ints b) { return _mm512_and_si512(a, b); }
inline Ints or_of(Ints a, Ints b) { return _mm512_or_si512(a, b); }
inline Ints xor_of(Ints a, Ints b) { return _mm512_xor_si512(a, b); }
// Shifts of each lane. Of bytes only the bits that stay in their byte may be used.
inline Ints shift_left(Ints x, int bits) { return _mm512_sll_epi32(x, _mm_cvtsi32_si128(bits)); }
inline Ints shift_right(Ints x, int bits) { return _mm512_srl_epi32(x, _mm_cvtsi32_si128(bits)); }
inline Ints shift_right_signed(Ints x, int bits) { return _mm512_sra_epi32(x, _mm_cvtsi32_si128(bits)); }
inline void store(void* to, Ints x) { _mm512_storeu_si512(to, x); }
// The f16 numbers in the low halves of the lanes, as floats.
inline Floats floats_of_halves(Ints x) { return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(x)); }
#else
inline Ints every_fourth(const u8* const* at, int i, i64 offset) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(bytes16(at[i] + offset)), bytes16(at[i + 4] + offset), 1);
}
inline Ints interleave_low_32(Ints a, Ints b) { return _mm256_unpacklo_epi32(a, b); }
inline Ints interleave_high_32(Ints a, Ints b) { return _mm256_unpackhi_epi32(a, b); }
inline Ints interleave_low_64(Ints a, Ints b) { return _mm256_unpacklo_epi64(a, b); }
inline Ints interleave_high_64(Ints a, Ints b) { return _mm256_unpackhi_epi64(a, b); }
inline Ints each_byte(int x) { return _mm256_set1_epi8(static_cast<char>(x)); }
inline Ints and_of(Ints a, Ints b) { return _mm256_and_si256(a, b); }
inline Ints or_of(Ints a, Ints b) { return _mm256_or_si256(a, b); }
inline Ints xor_of(Ints a, Ints b) { return _mm256_xor_si256(a, b); }
inline Ints shift_left(Ints x, int bits) { return _mm256_sll_epi32(x, _mm_cvtsi32_si128(bits)); }
inline Ints shift_right(Ints x, int bits) { return _mm256_srl_epi32(x, _mm_cvtsi32_si128(bits)); }
inline Ints shift_right_signed(Ints x, int bits) { return _mm256_sra_epi32(x, _mm_cvtsi32_si128(bits)); }
inline void store(void* to, Ints x) { _mm256_storeu_si256(static_cast<__m256i*>(to), x); }
inline Floats floats_of_halves(Ints x) {
  const Ints low = _mm256_and_si256(x, _mm256_set1_epi32(0xffff));
  const Ints packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(low, low), 0x08);
  return _mm256_cvtph_ps(_mm256_castsi256_si128(packed));
}
#endif
inline Ints low_nibbles(Ints x) { return and_of(x, each_byte(15)); }
inline Ints high_nibbles(Ints x) { return and_of(shift_right(x, 4), each_byte(15)); }

// A chunk of kLanes rows where they are stored.
struct StoredChunk {
  const u8* const* at;

  // Words [0, 4) at byte `offset` of every row: r[j] holds word j of all rows.
  void four_words(Ints* r, i64 offset) const {
    const Ints a = every_fourth(at, 0, offset), b = every_fourth(at, 1, offset);
    const Ints c = every_fourth(at, 2, offset), d = every_fourth(at, 3, offset);
    const Ints ab_low = interleave_low_32(a, b), ab_high = interleave_high_32(a, b);
    const Ints cd_low = interleave_low_32(c, d), cd_high = interleave_high_32(c, d);
    r[0] = interleave_low_64(ab_low, cd_low), r[1] = interleave_high_64(ab_low, cd_low);
    r[2] = interleave_low_64(ab_high, cd_high), r[3] = interleave_high_64(ab_high, cd_high);
  }
  // The two bytes at `offset` of every row, in the low half of the lane.
  Ints half(i64 offset) const {
    alignas(64) i32 halves[kLanes];
#pragma GCC unroll 16
    for (int lane = 0; lane < kLanes; ++lane) {
      u16 h;
      __builtin_memcpy(&h, at[lane] + offset, 2);
      halves[lane] = h;
    }
    return load(halves);
  }
};

// The same chunk in a pack: the vectors that StoredChunk returns, in the order in which Unpacker asks for them.
struct PackedChunk {
  const u8* next;

  void four_words(Ints* r, i64) {
    for (int j = 0; j < 4; ++j) r[j] = load(next + j * static_cast<i64>(sizeof(Ints)));
    next += 4 * sizeof(Ints);
  }
  Ints half(i64) {
    const Ints x = load(next);
    next += sizeof(Ints);
    return x;
  }
};

// Writes a pack while a StoredChunk is unpacked.
struct PackingChunk {
  StoredChunk from;
  u8* to;

  void four_words(Ints* r, i64 offset) {
    from.four_words(r, offset);
    for (int j = 0; j < 4; ++j) store(to + j * static_cast<i64>(sizeof(Ints)), r[j]);
    to += 4 * sizeof(Ints);
  }
  Ints half(i64 offset) {
    const Ints x = from.half(offset);
    store(to, x);
    to += sizeof(Ints);
    return x;
  }
};

// Vectors of a packed chunk with so many blocks of 32 elements.
constexpr i64 packed_vectors(DType t, i64 blocks) {
  if (t == DType::q8_0) return 9 * blocks;
  if (t == DType::q4_0) return 5 * blocks;
  return t == DType::q4_k ? 36 : t == DType::q5_k ? 44 : 56;
}

// Unpacks a chunk of every row.
template <class Chunk>
struct Unpacker {
  Tile& tile;
  Chunk& chunk;

  void four_words(Ints* r, i64 offset) const { chunk.four_words(r, offset); }
  void eight_words(Ints (&r)[8], i64 offset) const { four_words(r, offset), four_words(r + 4, offset + 16); }
  void put(int step, Ints x) const { store(tile.w[step], x); }
  // Byte b of every lane as an integer.
  static Ints byte(Ints x, int b) { return and_of(shift_right(x, 8 * b), broadcast(255)); }

  // The header of a Q4_K or Q5_K block: d, dmin, and twelve bytes that pack eight scales and eight minima of six bits.
  void k_scales() const {
    Ints header[4];
    four_words(header, 0);
    store_floats(tile.d[0], floats_of_halves(header[0]));
    store_floats(tile.dmin, floats_of_halves(shift_right(header[0], 16)));
    const Ints u0 = header[1], u1 = header[2], u2 = header[3], six = each_byte(63), top = each_byte(48);
    const Ints scales[2] = {and_of(u0, six), or_of(low_nibbles(u2), and_of(shift_right(u0, 2), top))};
    const Ints minima[2] = {and_of(u1, six), or_of(high_nibbles(u2), and_of(shift_right(u1, 2), top))};
#pragma GCC unroll 8
    for (int s = 0; s < 8; ++s) store(tile.scale[s], byte(scales[s / 4], s % 4));
#pragma GCC unroll 2
    for (int pair = 0; pair < 4; ++pair) {
      const Ints m = shift_right(minima[pair / 2], pair % 2 * 16);
      store(tile.minimum[pair], or_of(byte(m, 0), shift_left(byte(m, 1), 16)));
    }
  }

  void q4_k() const {
    k_scales();
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) {
      Ints r[8];
      eight_words(r, 16 + 32 * c);
#pragma GCC unroll 8
      for (int j = 0; j < 8; ++j) put(16 * c + j, low_nibbles(r[j])), put(16 * c + 8 + j, high_nibbles(r[j]));
    }
  }

  // `high` stores the bits of each quant above the low four. Moves those from bit kFrom on to bit 4, masked by kMask.
  template <int kFrom, int kMask>
  static Ints above(Ints high) {
    return and_of(kFrom < 4 ? shift_left(high, 4 - kFrom) : shift_right(high, kFrom - 4), each_byte(kMask));
  }

  template <int kPair>  // sub-blocks 2·kPair and 2·kPair + 1
  void q5_k_pair(const Ints (&high)[8]) const {
    Ints r[8];
    eight_words(r, 48 + 32 * kPair);
#pragma GCC unroll 8
    for (int j = 0; j < 8; ++j) {
      put(16 * kPair + j, or_of(low_nibbles(r[j]), above<2 * kPair, 16>(high[j])));
      put(16 * kPair + 8 + j, or_of(high_nibbles(r[j]), above<2 * kPair + 1, 16>(high[j])));
    }
  }
  void q5_k() const {
    k_scales();
    Ints high[8];
    eight_words(high, 16);
    q5_k_pair<0>(high), q5_k_pair<1>(high), q5_k_pair<2>(high), q5_k_pair<3>(high);
  }

  void q6_k() const {
    Ints scales[4], end[4];
    four_words(scales, 192);
    four_words(end, 194);  // its last two bytes are d
    store_floats(tile.d[0], floats_of_halves(shift_right(end[3], 16)));
#pragma GCC unroll 16
    for (int s = 0; s < 16; ++s)
      store(tile.scale[s], shift_right_signed(shift_left(scales[s / 4], 24 - s % 4 * 8), 24));
    for (int n = 0; n < 2; ++n)
#pragma GCC unroll 2
      for (int part = 0; part < 2; ++part) {  // four words of each run of eight
        Ints a[4], b[4], high[4];
        four_words(a, 64 * n + 16 * part), four_words(b, 64 * n + 32 + 16 * part);
        four_words(high, 128 + 32 * n + 16 * part);
#pragma GCC unroll 4
        for (int j = 0; j < 4; ++j) {
          const int step = 32 * n + 4 * part + j;
          put(step, or_of(low_nibbles(a[j]), above<0, 48>(high[j])));
          put(step + 8, or_of(low_nibbles(b[j]), above<2, 48>(high[j])));
          put(step + 16, or_of(high_nibbles(a[j]), above<4, 48>(high[j])));
          put(step + 24, or_of(high_nibbles(b[j]), above<6, 48>(high[j])));
        }
      }
  }

  void q8_0(i64 blocks) const {
    const Ints offset = each_byte(kSignedWeights ? 0 : -128);
    for (int b = 0; b < blocks; ++b) {
      Ints r[8];
      store_floats(tile.d[b], floats_of_halves(chunk.half(34 * b)));
      eight_words(r, 34 * b + 2);
#pragma GCC unroll 8
      for (int j = 0; j < 8; ++j) put(8 * b + j, xor_of(r[j], offset));
    }
  }

  void q4_0(i64 blocks) const {
    for (int b = 0; b < blocks; ++b) {
      Ints r[4];
      store_floats(tile.d[b], floats_of_halves(chunk.half(18 * b)));
      four_words(r, 18 * b + 2);
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) put(8 * b + j, low_nibbles(r[j])), put(8 * b + 4 + j, high_nibbles(r[j]));
    }
  }
};

template <DType kType, class Chunk>
void unpack_chunk(Tile& tile, Chunk& chunk, i64 blocks) {
  const Unpacker<Chunk> u{tile, chunk};
  if constexpr (kType == DType::q4_k) u.q4_k();
  if constexpr (kType == DType::q5_k) u.q5_k();
  if constexpr (kType == DType::q6_k) u.q6_k();
  if constexpr (kType == DType::q8_0) u.q8_0(blocks);
  if constexpr (kType == DType::q4_0) u.q4_0(blocks);
}

template <DType kType>
void unpack(Tile& tile, const ChunkRows& rows) {
  StoredChunk chunk{rows.at};
  unpack_chunk<kType>(tile, chunk, rows.blocks);
}

template <DType kType>
void unpack_packed(Tile& tile, const std::byte* pack, i64 blocks) {
  PackedChunk chunk{reinterpret_cast<const u8*>(pack)};
  unpack_chunk<kType>(tile, chunk, blocks);
}

// `tile` is scratch memory.
template <DType kType>
void pack_chunk(std::byte* to, const ChunkRows& rows, Tile& tile) {
  PackingChunk chunk{{rows.at}, reinterpret_cast<u8*>(to)};
  unpack_chunk<kType>(tile, chunk, rows.blocks);
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

// This level unpacks element by element and has no packs.
constexpr i64 packed_vectors(DType, i64) { return 0; }
template <DType kType>
void unpack_packed(Tile&, const std::byte*, i64) {}
template <DType kType>
void pack_chunk(std::byte*, const ChunkRows&, Tile&) {}

#endif

}  // namespace
}  // namespace r1::cpu::R1_TARGET
