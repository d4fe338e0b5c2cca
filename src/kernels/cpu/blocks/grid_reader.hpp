// The elements of IQ1, IQ2 and IQ3 from their grids (iq_grids.hpp): four indices at a time of every row, for the levels
// with AVX2 or AVX-512. With VBMI (Ice Lake, Zen 4 and later) a permutation of bytes looks up 64 indices in 128 entries
// at once; without it, each index is a load of its own.
#pragma once
#include "kernels/cpu/blocks/iq_grids.hpp"
#include "kernels/cpu/blocks/unpack.hpp"

namespace r1::cpu::R1_TARGET {
namespace {

// A grid, and the quants that tiles hold: kExcess plus or minus the magnitude. For IQ1, whose values are -1, 0 and 1
// plus or minus an eighth, they are in eighths.
template <DType kType>
struct GridOf {
  static constexpr int kExcess = form_of(kType).excess;
};
struct Octets2xxs : GridOf<DType::iq2_xxs> {
  static constexpr auto& kCodes = kCodes2xxs;
  static constexpr auto& kOctets = kOctets2xxs;
};
struct Octets2xs : GridOf<DType::iq2_xs> {
  static constexpr auto& kCodes = kCodes2xs;
  static constexpr auto& kOctets = kOctets2xs;
};
struct Octets2s : GridOf<DType::iq2_s> {
  static constexpr auto& kCodes = kCodes2s;
  static constexpr auto& kOctets = kOctets2s;
};
struct Octets1 : GridOf<DType::iq1_s> {
  static constexpr auto& kCodes = kCodes1;
  static constexpr auto& kOctets = kOctets1;
};
struct Quartets3xxs : GridOf<DType::iq3_xxs> {
  static constexpr auto& kCodes = kCodes3xxs;
  static constexpr auto& kGrid = kGrid3xxs;
  static constexpr auto& kMagnitudes = kMagnitudes3xxs;
};
struct Quartets3s : GridOf<DType::iq3_s> {
  static constexpr auto& kCodes = kCodes3s;
  static constexpr auto& kGrid = kGrid3s;
  static constexpr auto& kMagnitudes = kMagnitudes3s;
};
template <class Grid>
constexpr bool kIsOctets1 = __is_same(Grid, Octets1);
// Entries of a grid.
template <int kEntries>
constexpr int entries_of(const CodeGrid<kEntries>&) {
  return kEntries;
}

#if defined(__AVX512VBMI__)

// The quants by code: those of `bits` bits, and behind them the same with a sign.
struct Quants {
  alignas(16) u8 at[16];
};
template <class Grid>
constexpr Quants quants_of_octets() {
  constexpr u8 kMagnitudes[3] = {8, 25, 43};
  Quants q{};
  for (int code = 0; code < 3; ++code)
    for (int sign = 0; sign < 2; ++sign) {
      const int eighths = 8 * (code - 1) + 1 - 2 * sign, magnitude = sign ? -kMagnitudes[code] : kMagnitudes[code];
      q.at[4 * sign + code] = static_cast<u8>(Grid::kExcess + (kIsOctets1<Grid> ? eighths : magnitude));
    }
  return q;
}
template <class Grid>
constexpr Quants quants_of_quartets() {
  Quants q{};
  for (int code = 0; code < 8; ++code) {
    q.at[code] = static_cast<u8>(Grid::kExcess + Grid::kMagnitudes[code]);
    q.at[8 + code] = static_cast<u8>(Grid::kExcess - Grid::kMagnitudes[code]);
  }
  return q;
}

template <class Chunk>
struct GridReader : TileWriter<Chunk> {
  using TileWriter<Chunk>::put;

  // Windows of eight bits of a lane's 32, for its four bytes: the first begins at bit `from`, the next `apart` bits
  // behind it. Two lanes share 64 bits, around which a window may wrap.
  static Ints windows(int from, int apart) {
    u64 all = 0;
    for (int byte = 0; byte < 8; ++byte)
      all |= static_cast<u64>((byte / 4 * 32 + from + byte % 4 * apart) & 63) << 8 * byte;
    return _mm512_set1_epi64(static_cast<long long>(all));
  }
  static Ints in_windows(Ints x, Ints windows) { return _mm512_multishift_epi64_epi8(windows, x); }

  // 128 << kLevel entries of one byte. Bit n of `selected` are the bits 7 + n of the indices.
  template <int kLevel>
  static Ints entries(const u8* table, Ints low, const __mmask64* selected) {
    if constexpr (kLevel == 0) return _mm512_permutex2var_epi8(load(table), low, load(table + 64));
    else
      return _mm512_mask_blend_epi8(selected[kLevel - 1], entries<kLevel - 1>(table, low, selected),
                                    entries<kLevel - 1>(table + (64 << kLevel), low, selected));
  }
  // The codes at the indices low + 256 · high, byte for byte: of the first and of the second half of the elements.
  template <class Grid>
  static void codes_at(Ints low, Ints high, Ints (&codes)[2]) {
    constexpr int kEntries = entries_of(Grid::kCodes);
    constexpr int kLevel = kEntries == 256 ? 1 : kEntries == 512 ? 2 : kEntries == 1024 ? 3 : 4;
    __mmask64 selected[4] = {_mm512_movepi8_mask(low)};
#pragma GCC unroll 3
    for (int n = 1; n < kLevel; ++n) selected[n] = _mm512_test_epi8_mask(high, each_byte(1 << (n - 1)));
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h) codes[h] = entries<kLevel>(Grid::kCodes.half[h], low, selected);
  }
  // The quants of codes in the low bits of each byte; the bit `sign` of `signs` chooses the negative ones.
  static Ints quants(const Quants& table, Ints codes, Ints signs, int sign) {
    const Ints index = _mm512_ternarylogic_epi32(and_of(codes, each_byte(sign - 1)), signs, each_byte(sign), 0xf8);
    return shuffle_8(repeat_16(table.at), index);
  }

  // 32 elements that begin at `step`: four octets, with the low eight bits of their indices in the bytes of `low` and
  // the others in the bytes of `high`. Bit i of a lane of `signs` belongs to element i.
  template <class Grid>
  void octets(int step, Ints low, Ints high, Ints signs) const {
    static constexpr Quants kQuants = quants_of_octets<Grid>();
    Ints codes[2];
    codes_at<Grid>(low, high, codes);
#pragma GCC unroll 8
    for (int j = 0; j < 8; ++j)
      put(step + j, quants(kQuants, in_windows(codes[j % 2], windows(j / 2 * 8, 2)),
                           in_windows(signs, windows(4 * j - 2, 1)), 4));
  }
  // Half h of 32 elements that begin at `step`: four quartets, with their indices as above.
  template <class Grid>
  void quartets(int step, int h, Ints low, Ints high, Ints signs) const {
    static constexpr Quants kQuants = quants_of_quartets<Grid>();
    constexpr __mmask64 kUpper = 0xcccccccccccccccc;
    Ints codes[2];
    codes_at<Grid>(low, high, codes);
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      const Ints four = _mm512_mask_multishift_epi64_epi8(in_windows(codes[0], windows(8 * j, 4)), kUpper,
                                                          windows(8 * j - 8, 4), codes[1]);
      put(step + 4 * h + j, quants(kQuants, four, in_windows(signs, windows(16 * h + 4 * j - 3, 1)), 8));
    }
  }
};

#else

template <class Chunk>
struct GridReader : TileWriter<Chunk> {
  using Base = TileWriter<Chunk>;
  using Base::byte, Base::flags, Base::put;

  // The index in byte l of `low` and `high`.
  template <class Grid>
  static Ints index_of(Ints low, Ints high, int l) {
    if constexpr (entries_of(Grid::kCodes) == 256) return byte(low, l);
    else return or_of(byte(low, l), shift_left(byte(high, l), 8));
  }
  // Step j of 32 elements as a tile holds it: the magnitudes, negative where the element's bit of `signs` is set.
  static Ints signed_by(Ints signs, int j, Ints magnitudes, int excess) {
    const Ints minus = flags(signs, j);
    return add_8(subtract_8(xor_of(magnitudes, minus), minus), each_byte(excess));
  }
  // An eighth is subtracted where the element's bit of `signs` is set, otherwise added. All elements of an octet have
  // the same sign.
  static Ints with_eighth(Ints signs, int j, Ints eighths, int excess) {
    return add_8(eighths, add_8(each_byte(excess - 8 + 1), and_of(flags(signs, j), each_byte(-2))));
  }

  // 32 elements that begin at `step`: four octets, with the low eight bits of their indices in the bytes of `low` and
  // the others in the bytes of `high`. Bit i of a lane of `signs` belongs to element i.
  template <class Grid>
  void octets(int step, Ints low, Ints high, Ints signs) const {
#pragma GCC unroll 4
    for (int l = 0; l < 4; ++l) {
      Ints words[2];
      two_words_at(Grid::kOctets.at, index_of<Grid>(low, high, l), words);
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half) {
        const int j = 2 * l + half;
        put(step + j, kIsOctets1<Grid> ? with_eighth(signs, j, words[half], Grid::kExcess)
                                       : signed_by(signs, j, words[half], Grid::kExcess));
      }
    }
  }
  // Half h of 32 elements that begin at `step`: four quartets, with their indices as above.
  template <class Grid>
  void quartets(int step, int h, Ints low, Ints high, Ints signs) const {
#pragma GCC unroll 4
    for (int l = 0; l < 4; ++l) {
      const int j = 4 * h + l;
      put(step + j, signed_by(signs, j, words_at(Grid::kGrid, index_of<Grid>(low, high, l)), Grid::kExcess));
    }
  }
};

#endif

}  // namespace
}  // namespace r1::cpu::R1_TARGET
