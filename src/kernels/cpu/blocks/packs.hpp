// Writes and reads packs. Most types are packed as they are stored, word after word in the order in which they are
// read. IQ1 is not: the octets of its grid are ternary digits, and to look them up takes longer than to read them from
// memory. Its packs hold the digits themselves, five in a byte as TQ1_0 does, which takes up to a fifth more memory
// than the indices in the file. For the levels with AVX2 or AVX-512.
//
// Vectors of a packed chunk, a word of every row each. Both types begin with 13 vectors of digits.
//
// IQ1_S: one of eight scales of three bits, and of a bit for each 32 elements whose eighth is subtracted; d in f32.
// IQ1_M: one of such a bit for each octet; two of sixteen scales of three bits, ten and six of them, with the lower two
// bits of d behind the ten and the others behind the six. d is an f16.
#pragma once
#include "kernels/cpu/blocks/unpack_iq.hpp"

namespace r1::cpu::R1_TARGET {
namespace {

constexpr bool is_iq1(DType t) { return t == DType::iq1_s || t == DType::iq1_m; }

// Where the first of the digits in byte `byte` of word `word` is, how far apart they are, and how many there are.
struct DigitsOfByte {
  int first, apart, count;
};
constexpr DigitsOfByte digits_of_byte(int word, int byte) {
  if (word < 8) return {4 * word + byte, 32, 5};
  if (word < 12) return {160 + 4 * (word - 8) + byte, 16, 5};
  return {240 + byte, 4, 4};
}

// What a tile holds of a row's element: 8 · digit + 8 + eighth, where the digit is 0, 1 or 2 and the eighth 1 or -1.
inline u32 digit_of(u8 quant) { return (quant - 7u) >> 3; }
inline bool minus_eighth(u8 quant) { return (quant & 7) == 7; }

template <DType kType>
void pack_iq1(std::byte* to, const Tile& tile) {
  constexpr int kScales = kType == DType::iq1_s ? 8 : 16, kVectors = packed_vectors(kType, 8);
  u32 words[kVectors][kLanes] = {};
  for (int lane = 0; lane < kLanes; ++lane) {
    const auto quant = [&](int i) { return tile.w[i / 4][lane][i % 4]; };
    for (int word = 0; word < 13; ++word)
      for (int byte = 0; byte < 4; ++byte) {
        const DigitsOfByte at = digits_of_byte(word, byte);
        u32 number = 0;
        for (int n = 0; n < 5; ++n) number = 3 * number + (n < at.count ? digit_of(quant(at.first + n * at.apart)) : 0);
        words[word][lane] |= (number * 256 + 242) / 243 << 8 * byte;
      }
    const auto scale = [&](int s) { return static_cast<u32>(tile.scale[s][lane]) >> 1; };
    if constexpr (kScales == 8) {
      for (int s = 0; s < 8; ++s)
        words[13][lane] |= scale(s) << 3 * s | static_cast<u32>(minus_eighth(quant(32 * s))) << (24 + s);
      words[14][lane] = bits_from_f32(tile.d[0][lane]);
    } else {
      for (int octet = 0; octet < 32; ++octet)
        words[13][lane] |= static_cast<u32>(minus_eighth(quant(8 * octet))) << octet;
      for (int s = 0; s < 16; ++s) words[14 + s / 10][lane] |= scale(s) << s % 10 * 3;
      const u32 d = f16_from_f32(tile.d[0][lane] * 8);  // a tile has an eighth of d
      words[14][lane] |= d << 30, words[15][lane] |= d >> 2 << 18;
    }
  }
  __builtin_memcpy(to, words, sizeof words);
}

struct Iq1Unpacker : TableUnpacker<PackedChunk> {
  // 8 · digit + base, in every byte whose leading digit is that of x.
  static Ints eighths(Ints x, Ints base) {
#if defined(__AVX512BW__)
    const Ints eight = each_byte(8);
    base = _mm512_mask_add_epi8(base, _mm512_cmpge_epu8_mask(x, each_byte(86)), base, eight);
    return _mm512_mask_add_epi8(base, _mm512_cmpge_epu8_mask(x, each_byte(171)), base, eight);
#else
    return add_8(base, shift_left(ternary(x), 3));
#endif
  }

  // base[i] is 8 plus the eighth of the elements of step 2 · i and the next.
  template <int kDigits, int kWords>
  void put_eighths(int first, const Ints* q, const Ints (&base)[32]) const {
#pragma GCC unroll 8
    for (int j = 0; j < kWords; ++j) {
      Ints x = q[j];
#pragma GCC unroll 5
      for (int n = 0; n < kDigits; ++n) {
        const int step = first + kWords * n + j;
        put(step, eighths(x, base[step / 2]));
        x = add_8(x, add_8(x, x));
      }
    }
  }

  template <DType kType>
  void packed() const {
    constexpr bool kSmall = kType == DType::iq1_s;
    Ints q[13], base[32];
    for (int p = 0; p < 3; ++p) four_words(q + 4 * p, 0);
    q[12] = chunk.word(0);
    const Ints bits = chunk.word(0);
    const auto base_of = [&](int bit) {  // 9, or 7 where the bit is set
      return add_8(each_byte(9), and_of(shift_right_signed(shift_left(bits, 31 - bit), 31), each_byte(-2)));
    };
#pragma GCC unroll 32
    for (int octet = 0; octet < 32; ++octet)
      base[octet] = kSmall && octet % 4 != 0 ? base[octet / 4 * 4] : base_of(kSmall ? 24 + octet / 4 : octet);
    if constexpr (kSmall) {
#pragma GCC unroll 8
      for (int s = 0; s < 8; ++s) put_odd_scale(s, and_of(shift_right(bits, 3 * s), broadcast(7)));
      store(tile.d[0], chunk.word(0));
    } else {
      const Ints scales[2] = {chunk.word(0), chunk.word(0)};
#pragma GCC unroll 16
      for (int s = 0; s < 16; ++s) put_odd_scale(s, and_of(shift_right(scales[s / 10], s % 10 * 3), broadcast(7)));
      put_d(or_of(shift_right(scales[0], 30), shift_left(shift_right(scales[1], 18), 2)), 0.125f);
    }
    put_eighths<5, 8>(0, q, base), put_eighths<5, 4>(40, q + 8, base), put_eighths<4, 1>(60, q + 12, base);
  }
};

template <DType kType>
void unpack_packed(Tile& tile, const std::byte* pack, i64 blocks) {
  PackedChunk chunk(pack);
  if constexpr (is_iq1(kType)) Iq1Unpacker{{{{tile, chunk}}}}.template packed<kType>();
  else unpack_chunk<kType>(tile, chunk, blocks);
}

// `tile` is scratch memory.
template <DType kType>
void pack_chunk(std::byte* to, const ChunkRows& rows, Tile& tile) {
  if constexpr (is_iq1(kType)) {
    unpack<kType>(tile, rows);
    pack_iq1<kType>(to, tile);
  } else {
    PackingChunk chunk(rows, to);
    unpack_chunk<kType>(tile, chunk, rows.blocks);
  }
}

}  // namespace
}  // namespace r1::cpu::R1_TARGET
