// Unpacks a chunk of every row into a tile: the types whose quants are looked up in tables, and the ternary ones. IQ1,
// IQ2 and IQ3 store an index into a grid for each group of eight or four elements (iq_grids.hpp); IQ2 and IQ3 store the
// signs beside it. For the levels with AVX2 or AVX-512.
#pragma once
#include "kernels/cpu/blocks/grid_reader.hpp"

namespace r1::cpu::R1_TARGET {
namespace {

// The quants that tiles hold: the value and the excess of form_of(). Sixteen bytes, by the element's code.
struct ByteTable {
  alignas(16) u8 at[16];
};
constexpr ByteTable values_above(const i8 (&values)[16], i32 excess) {
  ByteTable t{};
  for (int i = 0; i < 16; ++i) t.at[i] = static_cast<u8>(values[i] + excess);
  return t;
}
constexpr ByteTable kIq4Table = values_above(kIq4Values, form_of(DType::iq4_nl).excess);
constexpr ByteTable kE2m1Table = values_above(kE2m1Values, form_of(DType::mxfp4).excess);
// 128 where a number of four bits has an odd number of ones.
constexpr ByteTable kOddOnes = {{0, 128, 128, 0, 128, 0, 0, 128, 128, 0, 0, 128, 0, 128, 128, 0}};

template <class Chunk>
struct TableUnpacker : GridReader<Chunk> {
  using Base = GridReader<Chunk>;
  using Base::byte, Base::chunk, Base::eight_words, Base::four_words, Base::put, Base::tile;

  void put_d(Ints halves, float factor) const {
    store_floats(tile.d[0], floats_of_halves(halves) * broadcast_float(factor));
  }
  void put_odd_scale(int part, Ints s) const { store(tile.scale[part], or_of(shift_left(s, 1), broadcast(1))); }
  // Seven stored bits in every byte, and an eighth one, which makes the number of ones even.
  static Ints even_signs(Ints sevens) {
    const Ints folded = and_of(xor_of(sevens, shift_right(sevens, 4)), each_byte(15));
    return or_of(sevens, shuffle_8(repeat_16(kOddOnes.at), folded));
  }
  // Byte kByte of the four halves of a and b, which are words of 16 bits.
  template <int kByte>
  static Ints bytes_of(Ints a, Ints b) {
    alignas(16) static constexpr u8 kFrom[2][16] = {{kByte, kByte + 2, 128, 128, kByte + 4, kByte + 6, 128, 128,
                                                     kByte + 8, kByte + 10, 128, 128, kByte + 12, kByte + 14, 128, 128},
                                                    {128, 128, kByte, kByte + 2, 128, 128, kByte + 4, kByte + 6, 128,
                                                     128, kByte + 8, kByte + 10, 128, 128, kByte + 12, kByte + 14}};
    return or_of(shuffle_8(a, repeat_16(kFrom[0])), shuffle_8(b, repeat_16(kFrom[1])));
  }
  // Four fields of kBits, at most four, become one byte each. The bits above them must be zero.
  template <int kBits>
  static Ints spread_fields(Ints x) {
    constexpr int kPair = (1 << 2 * kBits) - 1, kOne = (1 << kBits) - 1;
    x = and_of(or_of(x, shift_left(x, 16 - 2 * kBits)), broadcast(kPair | kPair << 16));
    return and_of(or_of(x, shift_left(x, 8 - kBits)), each_byte(kOne));
  }
  // Four fields of seven bits, one in each byte.
  static Ints sevens_of(Ints w) {
    const Ints low = or_of(and_of(w, broadcast(0x7f)), and_of(shift_left(w, 1), broadcast(0x7f00)));
    return or_of(low,
                 or_of(and_of(shift_left(w, 2), broadcast(0x7f0000)), and_of(shift_left(w, 3), broadcast(0x7f000000))));
  }

  void iq2_xxs() const {
    put_d(chunk.half(0), 0.125f);
    for (int p = 0; p < 4; ++p) {
      Ints r[4];  // two groups of 32 elements: four indices; four times seven signs, and a scale of four bits
      four_words(r, 2 + 16 * p);
#pragma GCC unroll 2
      for (int g = 0; g < 2; ++g) {
        const Ints w = r[2 * g + 1];
        put_odd_scale(2 * p + g, shift_right(w, 28));
        Base::template octets<Octets2xxs>(8 * (2 * p + g), r[2 * g], Ints{}, even_signs(sevens_of(w)));
      }
    }
  }

  // Scales of four bits for every sixteen elements, in eight bytes.
  void put_nibble_scales(Ints low, Ints high) const {
    const Ints words[2] = {low, high};
#pragma GCC unroll 16
    for (int s = 0; s < 16; ++s) put_odd_scale(s, and_of(shift_right(words[s / 8], s % 8 * 4), broadcast(15)));
  }

  void iq2_xs() const {
    put_d(chunk.half(0), 0.125f);
    for (int p = 0; p < 4; ++p) {
      Ints r[4];  // an octet in 16 bits: nine of the index, seven signs
      four_words(r, 2 + 16 * p);
#pragma GCC unroll 2
      for (int g = 0; g < 2; ++g) {
        const Ints low = bytes_of<0>(r[2 * g], r[2 * g + 1]), upper = bytes_of<1>(r[2 * g], r[2 * g + 1]);
        const Ints signs = even_signs(and_of(shift_right(upper, 1), each_byte(0x7f)));
        Base::template octets<Octets2xs>(8 * (2 * p + g), low, and_of(upper, each_byte(1)), signs);
      }
    }
    const Ints low = chunk.word(66);
    put_nibble_scales(low, chunk.word(70));
  }

  void iq2_s() const {
    put_d(chunk.half(0), 0.125f);
    Ints q[8], signs[8];
    eight_words(q, 2), eight_words(signs, 34);
    const Ints top[2] = {chunk.word(66), chunk.word(70)};
    for (int g = 0; g < 8; ++g) {
      const Ints high = byte(top[g / 4], g % 4);  // two more bits of each index
      Base::template octets<Octets2s>(8 * g, q[g], spread_fields<2>(high), signs[g]);
    }
    const Ints low = chunk.word(74);
    put_nibble_scales(low, chunk.word(78));
  }

  void iq3_xxs() const {
    put_d(chunk.half(0), 0.25f);
    Ints q[16];
    for (int p = 0; p < 4; ++p) four_words(q + 4 * p, 2 + 16 * p);
    for (int p = 0; p < 2; ++p) {
      Ints w[4];  // four times seven signs, and a scale of four bits
      four_words(w, 66 + 16 * p);
      for (int i = 0; i < 4; ++i) {
        const int g = 4 * p + i;
        const Ints signs = even_signs(sevens_of(w[i]));
        put_odd_scale(g, shift_right(w[i], 28));
#pragma GCC unroll 2
        for (int h = 0; h < 2; ++h) Base::template quartets<Quartets3xxs>(8 * g, h, q[2 * g + h], Ints{}, signs);
      }
    }
  }

  void iq3_s() const {
    put_d(chunk.half(0), 1.0f);
    Ints q[16], signs[8];
    for (int p = 0; p < 4; ++p) four_words(q + 4 * p, 2 + 16 * p);
    const Ints top[2] = {chunk.word(66), chunk.word(70)};
    eight_words(signs, 74);
    const Ints scales = chunk.word(106);
    for (int g = 0; g < 8; ++g) {
      const Ints high = byte(top[g / 4], g % 4);  // the ninth bits of the indices
      put_odd_scale(g, and_of(shift_right(scales, 4 * g), broadcast(15)));
#pragma GCC unroll 2
      for (int h = 0; h < 2; ++h) {
        const Ints ninths = spread_fields<1>(and_of(shift_right(high, 4 * h), broadcast(15)));
        Base::template quartets<Quartets3s>(8 * g, h, q[2 * g + h], ninths, signs[g]);
      }
    }
  }

  void iq1_s() const {
    put_d(chunk.half(0), 0.125f);
    Ints q[8], more[4];
    eight_words(q, 2), four_words(more, 34);
    for (int g = 0; g < 8; ++g) {
      // Three more bits of each index, a scale of three bits, and the sign of the eighth.
      const Ints h = and_of(shift_right(more[g / 2], g % 2 * 16), broadcast(0xffff));
      const Ints minus = shift_right_signed(shift_left(h, 16), 31);
      put_odd_scale(g, and_of(shift_right(h, 12), broadcast(7)));
      Base::template octets<Octets1>(8 * g, q[g], spread_fields<3>(and_of(h, broadcast(0xfff))), minus);
    }
  }

  void iq1_m() const {
    Ints q[8], more[4];
    eight_words(q, 0), four_words(more, 32);
    const Ints words[2] = {chunk.word(48), chunk.word(52)};  // in 16 bits: four scales of three, and four bits of d
    Ints d = and_of(shift_right(words[0], 12), broadcast(15));
#pragma GCC unroll 3
    for (int i = 1; i < 4; ++i)
      d = or_of(d, shift_left(and_of(shift_right(words[i / 2], 12 + i % 2 * 16), broadcast(15)), 4 * i));
    put_d(d, 0.125f);
    for (int g = 0; g < 8; ++g) {
#pragma GCC unroll 2
      for (int h = 0; h < 2; ++h)
        put_odd_scale(2 * g + h, and_of(shift_right(words[g / 4], g / 2 % 2 * 16 + g % 2 * 6 + 3 * h), broadcast(7)));
      // For each octet, three more bits of the index and the sign of the eighth.
      const Ints h = spread_fields<4>(and_of(shift_right(more[g / 2], g % 2 * 16), broadcast(0xffff)));
      const Ints minus = equal_8(and_of(h, each_byte(8)), each_byte(8));
      Base::template octets<Octets1>(8 * g, q[g], and_of(h, each_byte(7)), minus);
    }
  }

  // Two nibbles of each of sixteen bytes, mapped to quants.
  void sixteen_nibbles(int step, i64 offset, const ByteTable& table) const {
    Ints r[4];
    four_words(r, offset);
    const Ints values = repeat_16(table.at);
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      put(step + j, shuffle_8(values, low_nibbles(r[j])));
      put(step + 4 + j, shuffle_8(values, high_nibbles(r[j])));
    }
  }
  void iq4_nl(i64 blocks) const {
    for (int b = 0; b < blocks; ++b) {
      store_floats(tile.d[b], floats_of_halves(chunk.half(18 * b)));
      sixteen_nibbles(8 * b, 18 * b + 2, kIq4Table);
    }
  }
  void iq4_xs() const {
    const Ints first = chunk.word(0), low = chunk.word(4), high = shift_right(first, 16);
    put_d(first, 1.0f);
    for (int g = 0; g < 8; ++g) {
      const Ints four = and_of(shift_right(low, 4 * g), broadcast(15));
      const Ints two = and_of(shift_right(high, 2 * g), broadcast(3));
      store(tile.scale[g], add(or_of(four, shift_left(two, 4)), broadcast(-32)));
      sixteen_nibbles(8 * g, 8 + 16 * g, kIq4Table);
    }
  }

  // Scales are powers of two, 2^(e - 128) because the table holds twice the values. Each is a product of two powers
  // that are no subnormal numbers.
  void mxfp4(i64 blocks) const {
    const auto power = [](Ints half) { return as_floats(shift_left(add(half, broadcast(63)), 23)); };
    for (int first = 0; first < blocks; first += 4) {
      const int count = static_cast<int>(least(4, blocks - first));
      const Ints exponents = chunk.bytes(17 * first, 17, count);
      for (int j = 0; j < count; ++j) {
        const Ints e = byte(exponents, j);
        store_floats(tile.d[first + j], power(shift_right(e, 1)) * power(shift_right(add(e, broadcast(1)), 1)));
        sixteen_nibbles(8 * (first + j), 17 * (first + j) + 1, kE2m1Table);
      }
    }
  }

  // The leading digit of bytes that hold ternary digits as the fraction byte / 256: ⌊3 · byte / 256⌋.
  static Ints ternary(Ints x) {
    const Ints minus = add_8(at_least_8(x, each_byte(86)), at_least_8(x, each_byte(171)));
    return subtract_8(Ints{}, minus);
  }
  // `digits` digits of `words` words: digit n of word j is step first + words · n + j.
  template <int kDigits, int kWords>
  void put_digits(int first, const Ints* q) const {
#pragma GCC unroll 8
    for (int j = 0; j < kWords; ++j) {
      Ints x = q[j];
#pragma GCC unroll 5
      for (int n = 0; n < kDigits; ++n) {
        put(first + kWords * n + j, ternary(x));
        x = add_8(x, add_8(x, x));
      }
    }
  }
  void tq1_0() const {
    Ints q[13];
    for (int p = 0; p < 3; ++p) four_words(q + 4 * p, 16 * p);
    q[12] = chunk.word(48);
    put_digits<5, 8>(0, q), put_digits<5, 4>(40, q + 8), put_digits<4, 1>(60, q + 12);
    put_d(chunk.half(52), 1.0f);
  }
  void tq2_0() const {
    for (int n = 0; n < 2; ++n) {
      Ints q[8];
      eight_words(q, 32 * n);
#pragma GCC unroll 32
      for (int i = 0; i < 32; ++i) put(32 * n + i, and_of(shift_right(q[i % 8], i / 8 * 2), each_byte(3)));
    }
    put_d(chunk.half(64), 1.0f);
  }
};

template <DType kType, class Chunk>
void unpack_chunk(Tile& tile, Chunk& chunk, i64 blocks) {
  const Unpacker<Chunk> u{{tile, chunk}};
  const TableUnpacker<Chunk> t{{tile, chunk}};
  if constexpr (kType == DType::q4_0) u.q4_0(blocks);
  if constexpr (kType == DType::q4_1) u.q4_1(blocks);
  if constexpr (kType == DType::q5_0) u.q5_0(blocks);
  if constexpr (kType == DType::q5_1) u.q5_1(blocks);
  if constexpr (kType == DType::q8_0) u.q8_0(blocks);
  if constexpr (kType == DType::q2_k) u.q2_k();
  if constexpr (kType == DType::q3_k) u.q3_k();
  if constexpr (kType == DType::q4_k) u.q4_k();
  if constexpr (kType == DType::q5_k) u.q5_k();
  if constexpr (kType == DType::q6_k) u.q6_k();
  if constexpr (kType == DType::iq2_xxs) t.iq2_xxs();
  if constexpr (kType == DType::iq2_xs) t.iq2_xs();
  if constexpr (kType == DType::iq2_s) t.iq2_s();
  if constexpr (kType == DType::iq3_xxs) t.iq3_xxs();
  if constexpr (kType == DType::iq3_s) t.iq3_s();
  if constexpr (kType == DType::iq1_s) t.iq1_s();
  if constexpr (kType == DType::iq1_m) t.iq1_m();
  if constexpr (kType == DType::iq4_nl) t.iq4_nl(blocks);
  if constexpr (kType == DType::iq4_xs) t.iq4_xs();
  if constexpr (kType == DType::tq1_0) t.tq1_0();
  if constexpr (kType == DType::tq2_0) t.tq2_0();
  if constexpr (kType == DType::mxfp4) t.mxfp4(blocks);
}

template <DType kType>
void unpack(Tile& tile, const ChunkRows& rows) {
  StoredChunk chunk(rows);
  unpack_chunk<kType>(tile, chunk, rows.blocks);
}

}  // namespace
}  // namespace r1::cpu::R1_TARGET
