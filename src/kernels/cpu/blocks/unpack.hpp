// Unpacks a chunk of every row into a tile: K-quants, and blocks of 32 elements whose quants are numbers. For the
// levels with AVX2 or AVX-512; blocks/unpack_iq.hpp holds the types whose quants are looked up in tables.
#pragma once
#include "kernels/cpu/blocks/chunk.hpp"

namespace r1::cpu::R1_TARGET {
namespace {

// What the unpackers of all types share. A step is four elements along k, a word of every row.
template <class Chunk>
struct TileWriter {
  Tile& tile;
  Chunk& chunk;

  void four_words(Ints* r, i64 offset) const { chunk.four_words(r, offset); }
  void eight_words(Ints (&r)[8], i64 offset) const { four_words(r, offset), four_words(r + 4, offset + 16); }
  void put(int step, Ints x) const { store(tile.w[step], x); }
  // Byte b of every lane as an integer.
  static Ints byte(Ints x, int b) { return and_of(shift_right(x, 8 * b), broadcast(255)); }

  // Bit i of a lane belongs to element i of 32. All ones in the bytes of step j of these elements whose bits are set.
  static Ints flags(Ints bits, int j) {
    alignas(16) static constexpr u8 kByte[4][16] = {{0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12},
                                                    {1, 1, 1, 1, 5, 5, 5, 5, 9, 9, 9, 9, 13, 13, 13, 13},
                                                    {2, 2, 2, 2, 6, 6, 6, 6, 10, 10, 10, 10, 14, 14, 14, 14},
                                                    {3, 3, 3, 3, 7, 7, 7, 7, 11, 11, 11, 11, 15, 15, 15, 15}};
    const Ints each = broadcast(j % 2 ? static_cast<i32>(0x80402010) : 0x08040201);
    return equal_8(and_of(shuffle_8(bits, repeat_16(kByte[j / 2])), each), each);
  }

  // Writes the minima of the parts 2 · pair and 2 · pair + 1, which are bytes of m.
  void put_minima(int pair, Ints m) const {
    const Ints two = shift_right(m, pair % 2 * 16);
    store(tile.minimum[pair], or_of(byte(two, 0), shift_left(byte(two, 1), 16)));
  }
};

template <class Chunk>
struct Unpacker : TileWriter<Chunk> {
  using Base = TileWriter<Chunk>;
  using Base::byte, Base::chunk, Base::eight_words, Base::flags, Base::four_words, Base::put, Base::put_minima,
      Base::tile;

  // The header of a Q4_K or Q5_K block: d, dmin, and twelve bytes that pack eight scales and eight minima of six bits.
  void k_scales() const {
    Ints header[4];
    four_words(header, 0);
    store_floats(tile.d[0], floats_of_halves(header[0]));
    store_floats(tile.dmin[0], floats_of_halves(shift_right(header[0], 16)));
    const Ints u0 = header[1], u1 = header[2], u2 = header[3], six = each_byte(63), top = each_byte(48);
    const Ints scales[2] = {and_of(u0, six), or_of(low_nibbles(u2), and_of(shift_right(u0, 2), top))};
    const Ints minima[2] = {and_of(u1, six), or_of(high_nibbles(u2), and_of(shift_right(u1, 2), top))};
#pragma GCC unroll 8
    for (int s = 0; s < 8; ++s) store(tile.scale[s], byte(scales[s / 4], s % 4));
#pragma GCC unroll 4
    for (int pair = 0; pair < 4; ++pair) put_minima(pair, minima[pair / 2]);
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

  void q2_k() const {
    Ints r[4];
    four_words(r, 0);  // a scale and a minimum of four bits each
#pragma GCC unroll 16
    for (int s = 0; s < 16; ++s) store(tile.scale[s], byte(low_nibbles(r[s / 4]), s % 4));
#pragma GCC unroll 8
    for (int pair = 0; pair < 8; ++pair) put_minima(pair, high_nibbles(r[pair / 2]));
    for (int n = 0; n < 2; ++n) {
      Ints q[8];
      eight_words(q, 16 + 32 * n);
#pragma GCC unroll 32
      for (int i = 0; i < 32; ++i) put(32 * n + i, and_of(shift_right(q[i % 8], i / 8 * 2), each_byte(3)));
    }
    const Ints halves = chunk.word(80);
    store_floats(tile.d[0], floats_of_halves(halves));
    store_floats(tile.dmin[0], floats_of_halves(shift_right(halves, 16)));
  }

  // Scales of six bits, which lie around 32: the low four of parts 0 to 7 and 8 to 15 are the nibbles of eight bytes,
  // the high two the fields of four bytes.
  void q3_k_scales() const {
    Ints r[4];
    four_words(r, 94);  // two bytes of quants, the twelve of the scales, d
    const Ints u0 = or_of(shift_right(r[0], 16), shift_left(r[1], 16));
    const Ints u1 = or_of(shift_right(r[1], 16), shift_left(r[2], 16));
    const Ints u2 = or_of(shift_right(r[2], 16), shift_left(r[3], 16));
    const Ints low[4] = {low_nibbles(u0), low_nibbles(u1), high_nibbles(u0), high_nibbles(u1)};
#pragma GCC unroll 16
    for (int s = 0; s < 16; ++s) {
      const Ints high = and_of(shift_right(u2, s / 4 * 2), each_byte(3));
      store(tile.scale[s], add(byte(or_of(low[s / 4], shift_left(high, 4)), s % 4), broadcast(-32)));
    }
    store_floats(tile.d[0], floats_of_halves(shift_right(r[3], 16)));
  }
  template <int kHalf>  // 128 elements
  void q3_k_half(const Ints (&high)[8]) const {
    Ints q[8];
    eight_words(q, 32 + 32 * kHalf);
#pragma GCC unroll 32
    for (int i = 0; i < 32; ++i) {
      const Ints top = and_of(shift_right(high[i % 8], 4 * kHalf + i / 8), each_byte(1));
      put(32 * kHalf + i, or_of(and_of(shift_right(q[i % 8], i / 8 * 2), each_byte(3)), shift_left(top, 2)));
    }
  }
  void q3_k() const {
    Ints high[8];
    eight_words(high, 0);
    q3_k_half<0>(high), q3_k_half<1>(high);
    q3_k_scales();
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

  // The scale of block b and its least value, which products subtract after its sign is changed.
  void scale_and_least(int b, Ints halves) const {
    store_floats(tile.d[b], floats_of_halves(halves));
    store_floats(tile.dmin[b], Floats{} - floats_of_halves(shift_right(halves, 16)));
  }

  void q4_1(i64 blocks) const {
    for (int b = 0; b < blocks; ++b) {
      Ints r[4];
      scale_and_least(b, chunk.word(20 * b));
      four_words(r, 20 * b + 4);
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) put(8 * b + j, low_nibbles(r[j])), put(8 * b + 4 + j, high_nibbles(r[j]));
    }
  }

  // Quants of five bits: four in the nibbles at `offset`, the fifth of element j is bit j of `top`.
  void five_bits(int b, Ints top, i64 offset) const {
    Ints r[4];
    four_words(r, offset);
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      put(8 * b + j, or_of(low_nibbles(r[j]), and_of(flags(top, j), each_byte(16))));
      put(8 * b + 4 + j, or_of(high_nibbles(r[j]), and_of(flags(top, 4 + j), each_byte(16))));
    }
  }
  void q5_0(i64 blocks) const {
    for (int b = 0; b < blocks; ++b) {
      store_floats(tile.d[b], floats_of_halves(chunk.half(22 * b)));
      five_bits(b, chunk.word(22 * b + 2), 22 * b + 6);
    }
  }
  void q5_1(i64 blocks) const {
    for (int b = 0; b < blocks; ++b) {
      scale_and_least(b, chunk.word(24 * b));
      five_bits(b, chunk.word(24 * b + 4), 24 * b + 8);
    }
  }
};

}  // namespace
}  // namespace r1::cpu::R1_TARGET
