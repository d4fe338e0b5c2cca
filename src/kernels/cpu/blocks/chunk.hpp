// The bytes of a chunk as vectors, one word of every row at a time: from the rows where they are stored, or from a
// pack. For the levels with AVX2 or AVX-512, whose unpackers (blocks/unpack.hpp) include this header.
#pragma once
#include "kernels/cpu/blocks/tile.hpp"

namespace r1::cpu::R1_TARGET {
namespace {

// The 16 bytes at `offset` of rows i, i + 4, i + 8, ..., one row in each 128 bits.
inline __m128i bytes16(const u8* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
inline __m128i two_entries(const u64* a, const u64* b) {
  return _mm_unpacklo_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(a)),
                            _mm_loadl_epi64(reinterpret_cast<const __m128i*>(b)));
}
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
inline Ints add_8(Ints a, Ints b) { return _mm512_add_epi8(a, b); }
inline Ints subtract_8(Ints a, Ints b) { return _mm512_sub_epi8(a, b); }
// All ones in the bytes where a = b, or where a >= b as unsigned numbers.
inline Ints equal_8(Ints a, Ints b) { return _mm512_movm_epi8(_mm512_cmpeq_epi8_mask(a, b)); }
inline Ints at_least_8(Ints a, Ints b) { return _mm512_movm_epi8(_mm512_cmpge_epu8_mask(a, b)); }
// Byte i of the result is byte (index i) of the same 128 bits of x; repeat_16 repeats sixteen bytes for all of them.
inline Ints shuffle_8(Ints x, Ints index) { return _mm512_shuffle_epi8(x, index); }
inline Ints repeat_16(const void* p) { return _mm512_broadcast_i32x4(_mm_loadu_si128(static_cast<const __m128i*>(p))); }
// Lane i of the result is table[index[i]]; two_words_at gives the lower and the upper words of grid[index[i]]. They
// load one entry at a time, because on a Zen 3 the gather instructions are slower (docs/quantised_compute.md).
inline Ints words_at(const u32* table, Ints index) {
  alignas(64) u32 i[kLanes];
  _mm512_store_si512(i, index);
  const auto at = [&](int lane) { return static_cast<int>(table[i[lane]]); };
  return _mm512_setr_epi32(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8), at(9), at(10), at(11), at(12),
                           at(13), at(14), at(15));
}
inline void two_words_at(const u64* grid, Ints index, Ints (&words)[2]) {
  alignas(64) u32 i[kLanes];
  _mm512_store_si512(i, index);
  const auto four_rows = [&](int lane) {  // rows lane and lane + 1 of each four
    __m512i x = _mm512_castsi128_si512(two_entries(grid + i[lane], grid + i[lane + 1]));
    x = _mm512_inserti32x4(x, two_entries(grid + i[lane + 4], grid + i[lane + 5]), 1);
    x = _mm512_inserti32x4(x, two_entries(grid + i[lane + 8], grid + i[lane + 9]), 2);
    return _mm512_castsi512_ps(_mm512_inserti32x4(x, two_entries(grid + i[lane + 12], grid + i[lane + 13]), 3));
  };
  const __m512 a = four_rows(0), b = four_rows(2);
  words[0] = _mm512_castps_si512(_mm512_shuffle_ps(a, b, 0x88));
  words[1] = _mm512_castps_si512(_mm512_shuffle_ps(a, b, 0xdd));
}
inline Floats as_floats(Ints bits) { return _mm512_castsi512_ps(bits); }
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
inline Ints add_8(Ints a, Ints b) { return _mm256_add_epi8(a, b); }
inline Ints subtract_8(Ints a, Ints b) { return _mm256_sub_epi8(a, b); }
inline Ints equal_8(Ints a, Ints b) { return _mm256_cmpeq_epi8(a, b); }
inline Ints at_least_8(Ints a, Ints b) { return _mm256_cmpeq_epi8(_mm256_max_epu8(a, b), a); }
inline Ints shuffle_8(Ints x, Ints index) { return _mm256_shuffle_epi8(x, index); }
inline Ints repeat_16(const void* p) {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}
inline Ints words_at(const u32* table, Ints index) {
  alignas(32) u32 i[kLanes];
  _mm256_store_si256(reinterpret_cast<__m256i*>(i), index);
  const auto at = [&](int lane) { return static_cast<int>(table[i[lane]]); };
  return _mm256_setr_epi32(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7));
}
inline void two_words_at(const u64* grid, Ints index, Ints (&words)[2]) {
  alignas(32) u32 i[kLanes];
  _mm256_store_si256(reinterpret_cast<__m256i*>(i), index);
  const auto two_rows = [&](int lane) {  // rows lane and lane + 1 of each four
    return _mm256_castsi256_ps(_mm256_set_m128i(two_entries(grid + i[lane + 4], grid + i[lane + 5]),
                                                two_entries(grid + i[lane], grid + i[lane + 1])));
  };
  const __m256 a = two_rows(0), b = two_rows(2);
  words[0] = _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0x88));
  words[1] = _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0xdd));
}
inline Floats as_floats(Ints bits) { return _mm256_castsi256_ps(bits); }
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
class StoredChunk {
 public:
  explicit StoredChunk(const ChunkRows& rows) : at_(rows.at) {}

  // Words [0, 4) at byte `offset` of every row: r[j] holds word j of all rows.
  void four_words(Ints* r, i64 offset) const {
    const Ints a = every_fourth(at_, 0, offset), b = every_fourth(at_, 1, offset);
    const Ints c = every_fourth(at_, 2, offset), d = every_fourth(at_, 3, offset);
    const Ints ab_low = interleave_low_32(a, b), ab_high = interleave_high_32(a, b);
    const Ints cd_low = interleave_low_32(c, d), cd_high = interleave_high_32(c, d);
    r[0] = interleave_low_64(ab_low, cd_low), r[1] = interleave_high_64(ab_low, cd_low);
    r[2] = interleave_low_64(ab_high, cd_high), r[3] = interleave_high_64(ab_high, cd_high);
  }
  // The word at `offset` of every row.
  Ints word(i64 offset) const {
    return each_lane([&](const u8* p) { return word_at(p + offset); });
  }
  // The two bytes at `offset` of every row, in the low half of the lane.
  Ints half(i64 offset) const {
    return each_lane([&](const u8* p) {
      u16 h;
      __builtin_memcpy(&h, p + offset, 2);
      return static_cast<i32>(h);
    });
  }
  // Byte j of a lane is the byte at offset + j · step of its row, for j < count <= 4.
  Ints bytes(i64 offset, i64 step, i64 count) const {
    return each_lane([&](const u8* p) {
      u32 word = 0;
      for (i64 j = 0; j < count; ++j) word |= static_cast<u32>(p[offset + j * step]) << 8 * j;
      return static_cast<i32>(word);
    });
  }

 private:
  template <class F>
  Ints each_lane(const F& word_of) const {
    alignas(64) i32 words[kLanes];
#pragma GCC unroll 16
    for (int lane = 0; lane < kLanes; ++lane) words[lane] = word_of(at_[lane]);
    return load(words);
  }

  const u8* const* at_;
};

// The same chunk in a pack: the vectors that StoredChunk returns, in the order in which an unpacker asks for them.
class PackedChunk {
 public:
  explicit PackedChunk(const std::byte* pack) : next_(reinterpret_cast<const u8*>(pack)) {}

  void four_words(Ints* r, i64) {
    for (int j = 0; j < 4; ++j) r[j] = next();
  }
  Ints word(i64) { return next(); }
  Ints half(i64) { return next(); }
  Ints bytes(i64, i64, i64) { return next(); }

 private:
  // A pack is read in the order of its addresses. With one row of activations the processor's own prefetching is still
  // too slow, so the kernel fetches what it will read some chunks later.
  Ints next() {
    constexpr i64 kAhead = 8192;
    __builtin_prefetch(next_ + kAhead, 0, 2);
    const Ints x = load(next_);
    next_ += sizeof(Ints);
    return x;
  }

  const u8* next_;
};

// Writes a pack while a StoredChunk is unpacked.
class PackingChunk {
 public:
  PackingChunk(const ChunkRows& rows, std::byte* to) : from_(rows), to_(reinterpret_cast<u8*>(to)) {}

  void four_words(Ints* r, i64 offset) {
    from_.four_words(r, offset);
    for (int j = 0; j < 4; ++j) put(r[j]);
  }
  Ints word(i64 offset) { return put(from_.word(offset)); }
  Ints half(i64 offset) { return put(from_.half(offset)); }
  Ints bytes(i64 offset, i64 step, i64 count) { return put(from_.bytes(offset, step, count)); }

 private:
  Ints put(Ints x) {
    store(to_, x);
    to_ += sizeof(Ints);
    return x;
  }

  StoredChunk from_;
  u8* to_;
};

// Vectors of a packed chunk with so many blocks of 32 elements: how often an unpacker of the type asks for one. Those
// of IQ1 are counted in blocks/packs.hpp.
constexpr i64 packed_vectors(DType t, i64 blocks) {
  switch (t) {
    case DType::q4_0:
    case DType::q4_1:
    case DType::iq4_nl: return 5 * blocks;
    case DType::q5_0:
    case DType::q5_1: return 6 * blocks;
    case DType::q8_0: return 9 * blocks;
    case DType::mxfp4: return 4 * blocks + ceil_div(blocks, 4);
    case DType::q2_k: return 21;
    case DType::q3_k: return 28;
    case DType::q4_k: return 36;
    case DType::q5_k: return 44;
    case DType::q6_k: return 56;
    case DType::iq2_xxs: return 17;
    case DType::iq2_xs: return 19;
    case DType::iq2_s: return 21;
    case DType::iq3_xxs: return 25;
    case DType::iq3_s: return 28;
    case DType::iq1_s: return 15;
    case DType::iq1_m: return 16;
    case DType::iq4_xs: return 34;
    case DType::tq1_0: return 14;
    case DType::tq2_0: return 17;
    default: return 0;
  }
}

}  // namespace
}  // namespace r1::cpu::R1_TARGET
