// Packing of both operands into the words that the tiles read. Only gemm.cpp includes this header.
#pragma once
#include "core/integer.hpp"
#include "kernels/cpu/gemm_vector.hpp"

namespace r1::cpu::R1_TARGET {
namespace {

constexpr i64 kSquare = kLanes >= 8 ? kLanes : 8;  // side of the squares that are transposed; divides kPanel

// Rounds the bits of a float to bf16, which is left in the upper half. Has
// no branches, so that the compiler vectorises.
inline u32 round_bits(u32 bits) {
  const u32 rounded = bits + 0x7fffu + ((bits >> 16) & 1u), quiet = bits | 0x400000u;
  return ((bits & 0x7fffffffu) > 0x7f800000u ? quiet : rounded) & 0xffff0000u;
}

// Packs k_count floats into word_count words; words past the end become zeros. Floats that are
// not rounded are copied by vectors: for a memcpy of unknown length GCC emits a string
// instruction, whose start-up costs as much as a short row.
inline void words_of_floats(Format f, u32* out, i64 word_count, const float* x, i64 k_count) {
  i64 done = k_count / per_word(f);
  if (!rounds(f)) {
    i64 i = 0;
    for (; i + kLanes <= k_count; i += kLanes) store(reinterpret_cast<float*>(out) + i, load(x + i));
    for (; i < k_count; ++i) out[i] = bits_from_f32(x[i]);
  } else if (per_word(f) == 1) {
    for (i64 i = 0; i < k_count; ++i) out[i] = round_bits(bits_from_f32(x[i]));
  } else {
#if defined(__AVX512BF16__)
    for (i64 i = 0; i < k_count; i += 32) {
      const i64 left = k_count - i;
      const auto low = static_cast<__mmask16>(left >= 16 ? 0xffff : (1 << left) - 1);
      const auto high = static_cast<__mmask16>(left >= 32 ? 0xffff : left <= 16 ? 0 : (1 << (left - 16)) - 1);
      const auto pairs = reinterpret_cast<__m512i>(
          _mm512_cvtne2ps_pbh(_mm512_maskz_loadu_ps(high, x + i + 16), _mm512_maskz_loadu_ps(low, x + i)));
      _mm512_mask_storeu_epi32(out + i / 2, static_cast<__mmask16>(left >= 32 ? 0xffff : (1 << ((left + 1) / 2)) - 1),
                               pairs);
    }
    done = (k_count + 1) / 2;
#else
    for (i64 i = 0; i < done; ++i)
      out[i] = round_bits(bits_from_f32(x[2 * i])) >> 16 | round_bits(bits_from_f32(x[2 * i + 1]));
    if (k_count % 2) out[done++] = round_bits(bits_from_f32(x[k_count - 1])) >> 16;
#endif
  }
  for (; done < word_count; ++done) out[done] = 0;
}

// Packs k_count elements along k, from `offset` of memory row `row` of v, into
// word_count words; words past the end become zeros.
inline void words_along_row(Format f, u32* out, i64 word_count, const MatrixView& v, i64 row, i64 offset, i64 k_count) {
  const i64 at = (v.index ? v.index[row] : row) * v.ld + offset;
  if (v.dtype == DType::f32)
    return words_of_floats(f, out, word_count, static_cast<const float*>(v.data) + at, k_count);
  const u16* const half = static_cast<const u16*>(v.data) + at;
  alignas(64) float wide[2 * kBlockWords];
  if (v.dtype == DType::bf16)
    for (i64 i = 0; i < k_count; ++i) wide[i] = f32_from_bits(static_cast<u32>(half[i]) << 16);
  else
    for (i64 i = 0; i < k_count; ++i) wide[i] = f32_from_f16(half[i]);
  words_of_floats(f, out, word_count, wide, k_count);
}

// Packs one word of k for `count` neighbours in memory: low(j) and, if `two`, high(j) give the bits
// of elements (k, j) and (k + 1, j). The loops read the rows without a copy, because packing
// activations takes a measurable part of small products.
template <class Load>
inline void join_rows(Format f, u32* out, i64 count, Load low, bool two, Load high) {
  if (!rounds(f))
    for (i64 j = 0; j < count; ++j) out[j] = low(j);
  else if (per_word(f) == 1)
    for (i64 j = 0; j < count; ++j) out[j] = round_bits(low(j));
  else if (!two)
    for (i64 j = 0; j < count; ++j) out[j] = round_bits(low(j)) >> 16;
  else
    for (i64 j = 0; j < count; ++j) out[j] = round_bits(low(j)) >> 16 | round_bits(high(j));
}

struct FloatRow {
  const float* p;
  u32 operator()(i64 j) const { return bits_from_f32(p[j]); }
};
struct Bf16Row {
  const u16* p;
  u32 operator()(i64 j) const { return static_cast<u32>(p[j]) << 16; }
};
struct F16Row {
  const u16* p;
  u32 operator()(i64 j) const { return bits_from_f32(f32_from_f16(p[j])); }
};

#if defined(__AVX512BF16__)
// Sixteen floats rounded to bf16, each in the low half of a word.
inline __m512i rounded_words(__mmask16 which, const float* x) {
  return _mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(which, x))));
}

// The common case of join_rows, pairs of f32 rows, with the instruction that rounds to bf16.
inline void join_pairs(u32* out, i64 count, const float* low, const float* high) {
  for (i64 j = 0; j < count; j += 16) {
    const auto which = static_cast<__mmask16>(count - j >= 16 ? 0xffff : (1 << (count - j)) - 1);
    __m512i words = rounded_words(which, low + j);
    if (high) words = _mm512_or_si512(words, _mm512_slli_epi32(rounded_words(which, high + j), 16));
    _mm512_mask_storeu_epi32(out + j, which, words);
  }
}
#endif

template <class Row, class Element>
inline void words_of_rows(Format f, u32* out, const MatrixView& v, i64 k, i64 k_end, i64 offset, i64 count) {
  const auto row = [&](i64 r) {
    return Row{static_cast<const Element*>(v.data) + (v.index ? v.index[r] : r) * v.ld + offset};
  };
  if constexpr (sizeof(Element) == 4)
    if (!rounds(f)) return words_of_floats(f, out, count, row(k).p, count);
  const bool two = per_word(f) == 2 && k + 1 < k_end;
#if defined(__AVX512BF16__)
  if constexpr (sizeof(Element) == 4)
    if (f == Format::bf16) return join_pairs(out, count, row(k).p, two ? row(k + 1).p : nullptr);
#endif
  join_rows(f, out, count, row(k), two, row(two ? k + 1 : k));
}

inline void words_across_rows(Format f, u32* out, const MatrixView& v, i64 k, i64 k_end, i64 offset, i64 count) {
  if (v.dtype == DType::f32) return words_of_rows<FloatRow, float>(f, out, v, k, k_end, offset, count);
  if (v.dtype == DType::bf16) return words_of_rows<Bf16Row, u16>(f, out, v, k, k_end, offset, count);
  words_of_rows<F16Row, u16>(f, out, v, k, k_end, offset, count);
}

#if defined(__AVX512F__)
// Transposes 16 × 16 words in four rounds that exchange ever larger parts: words, pairs of words, 128-bit lanes, and
// pairs of lanes.
inline void transpose_square(u32* to, i64 to_ld, const u32* from, i64 from_ld) {
  __m512i r[16], t[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) r[i] = _mm512_loadu_si512(from + i * from_ld);
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {  // here lane q of r[4g + i] holds column 4q + i of rows 4g to 4g + 3
    t[i] = _mm512_shuffle_i32x4(r[i], r[4 + i], 0x88);
    t[4 + i] = _mm512_shuffle_i32x4(r[i], r[4 + i], 0xdd);
    t[8 + i] = _mm512_shuffle_i32x4(r[8 + i], r[12 + i], 0x88);
    t[12 + i] = _mm512_shuffle_i32x4(r[8 + i], r[12 + i], 0xdd);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    _mm512_storeu_si512(to + i * to_ld, _mm512_shuffle_i32x4(t[i], t[8 + i], 0x88));
    _mm512_storeu_si512(to + (8 + i) * to_ld, _mm512_shuffle_i32x4(t[i], t[8 + i], 0xdd));
    _mm512_storeu_si512(to + (4 + i) * to_ld, _mm512_shuffle_i32x4(t[4 + i], t[12 + i], 0x88));
    _mm512_storeu_si512(to + (12 + i) * to_ld, _mm512_shuffle_i32x4(t[4 + i], t[12 + i], 0xdd));
  }
}
#else
inline void transpose_square(u32* to, i64 to_ld, const u32* from, i64 from_ld) {
  for (i64 i = 0; i < kSquare; ++i)
    for (i64 j = 0; j < kSquare; ++j) to[j * to_ld + i] = from[i * from_ld + j];
}
#endif

// Packs elements [k, k_end) of rows [m, m + rows) of A. The packed rows start kRowWords words apart.
inline void pack_a(Format f, u32* to, const MatrixView& a, i64 m, i64 rows, i64 k, i64 k_end) {
  const i64 count = words(f, k_end - k), step = per_word(f);
  if (a.layout == Layout::rows) {
    for (i64 r = 0; r < rows; ++r) words_along_row(f, to + r * kRowWords, count, a, m + r, k, k_end - k);
    return;
  }
  alignas(64) u32 from[kSquare * kBlockRows + kSquare], turned[kSquare * kSquare];
  for (i64 w = 0; w < count; w += kSquare) {
    const i64 down = count - w < kSquare ? count - w : kSquare;
    for (i64 i = 0; i < down; ++i) {
      const i64 at = k + (w + i) * step;
      if (at < k_end) words_across_rows(f, from + i * kBlockRows, a, at, k_end, m, rows);
      else
        for (i64 j = 0; j < rows; ++j) from[i * kBlockRows + j] = 0;
    }
    for (i64 r = 0; r < rows; r += kSquare) {
      if (rows - r >= kSquare && down == kSquare) {
        transpose_square(to + r * kRowWords + w, kRowWords, from + r, kBlockRows);
        continue;
      }
      // At an edge the square in `from` is only partly filled. All of it is transposed; only the filled part is copied.
      transpose_square(turned, kSquare, from + r, kBlockRows);
      for (i64 j = 0; j < kSquare && r + j < rows; ++j)
        for (i64 i = 0; i < down; ++i) to[(r + j) * kRowWords + w + i] = turned[j * kSquare + i];
    }
  }
}

// A packed panel is [words of k][kPanel]; its elements are floats, pairs of bf16, or single bf16.
inline i64 panel_word_bytes(Format f) { return (halves(f) ? 2 : 4) * kPanel; }
i64 panel_bytes(Format f, i64 k) { return (words(f, k) * panel_word_bytes(f) + 63) / 64 * 64; }

inline void store_panel_words(Format f, std::byte* to, const u32* from, i64 count) {
  if (!halves(f)) {
    __builtin_memcpy(to, from, count * 4);
    return;
  }
  u16* const half = reinterpret_cast<u16*>(to);
  if (f == Format::f32_f16)
    for (i64 j = 0; j < count; ++j) half[j] = f16_from_f32(f32_from_bits(from[j]));
  else
    for (i64 j = 0; j < count; ++j) half[j] = static_cast<u16>(from[j] >> 16);
}

inline void pack_panel_of_rows(Format f, std::byte* to, const MatrixView& b, i64 k, i64 first, i64 columns) {
  const i64 count = words(f, k), step = per_word(f);
  alignas(64) u32 row[kPanel] = {};
  for (i64 w = 0; w < count; ++w, to += panel_word_bytes(f)) {
    if (w * step < k) words_across_rows(f, row, b, w * step, k, first, columns);
    else
      for (u32& x : row) x = 0;
    store_panel_words(f, to, row, kPanel);
  }
}

#if defined(__AVX2__)
// Turns 16 rows of 8 elements of 16 bits into 8 rows of 16. A vector holds rows i and i + 8, and three rounds exchange
// elements, pairs and quadruples within its halves.
inline void turn_halves(u16* to, i64 to_ld, const u16* from, i64 from_ld) {
  __m256i r[8], t[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    const auto half = [&](i64 row) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + row * from_ld)); };
    r[i] = _mm256_inserti128_si256(_mm256_castsi128_si256(half(i)), half(i + 8), 1);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {  // t[4h + i]: columns 4h to 4h + 3 of rows 2i and 2i + 1
    t[i] = _mm256_unpacklo_epi16(r[2 * i], r[2 * i + 1]);
    t[4 + i] = _mm256_unpackhi_epi16(r[2 * i], r[2 * i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {  // r[4o + 2h + q]: columns 4h + 2o and 4h + 2o + 1 of rows 4q to 4q + 3
    r[i] = _mm256_unpacklo_epi32(t[2 * i], t[2 * i + 1]);
    r[4 + i] = _mm256_unpackhi_epi32(t[2 * i], t[2 * i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    u16* const at = to + (4 * (i % 2) + 2 * (i / 2)) * to_ld;
    const __m256i upper = r[2 * i], lower = r[2 * i + 1];
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), _mm256_unpacklo_epi64(upper, lower));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(at + to_ld), _mm256_unpackhi_epi64(upper, lower));
  }
}

// A whole panel of rows that lie ld apart.
inline void pack_halves_of_columns(u16* to, const u16* from, i64 ld, i64 k) {
  constexpr i64 kDown = 16, kAcross = 8;
  for (i64 i = 0; i < k; i += kAcross)
    for (i64 j = 0; j < kPanel; j += kDown) {
      if (k - i >= kAcross) {
        turn_halves(to + i * kPanel + j, kPanel, from + j * ld + i, ld);
        continue;
      }
      for (i64 column = j; column < j + kDown; ++column)
        for (i64 row = i; row < k; ++row) to[row * kPanel + column] = from[column * ld + row];
    }
}
#endif

inline void pack_panel_of_columns(Format f, std::byte* to, const MatrixView& b, i64 k, i64 first, i64 columns) {
#if defined(__AVX2__)
  const bool as_stored =
      (f == Format::f32_bf16 && b.dtype == DType::bf16) || (f == Format::f32_f16 && b.dtype == DType::f16);
  if (as_stored && columns == kPanel && !b.index)
    return pack_halves_of_columns(reinterpret_cast<u16*>(to), static_cast<const u16*>(b.data) + first * b.ld, b.ld, k);
#endif
  const i64 step = per_word(f), all = words(f, k);
  alignas(64) u32 from[kSquare * kRowWords], turned[kSquare * kSquare];
  for (i64 w0 = 0; w0 < all; w0 += kBlockWords) {
    const i64 count = all - w0 < kBlockWords ? all - w0 : kBlockWords;
    const i64 left = k - w0 * step, k_count = left < count * step ? left : count * step;
    for (i64 j0 = 0; j0 < kPanel; j0 += kSquare) {
      for (i64 j = 0; j < kSquare; ++j) {
        u32* const row = from + j * kRowWords;
        if (j0 + j < columns) words_along_row(f, row, count, b, first + j0 + j, w0 * step, k_count);
        else
          for (i64 w = 0; w < count; ++w) row[w] = 0;
        for (i64 w = count; w < round_up(count, kSquare); ++w) row[w] = 0;
      }
      for (i64 w = 0; w < count; w += kSquare) {
        transpose_square(turned, kSquare, from + w, kRowWords);
        for (i64 i = 0; i < kSquare && w + i < count; ++i)
          store_panel_words(f, to + (w0 + w + i) * panel_word_bytes(f) + j0 * (panel_word_bytes(f) / kPanel),
                            turned + i * kSquare, kSquare);
      }
    }
  }
}

void pack_b(Format f, std::byte* dst, const MatrixView& b, i64 k, i64 n, i64 begin, i64 end) {
  for (i64 p = begin; p < end; ++p) {
    const i64 first = p * kPanel, columns = n - first < kPanel ? n - first : kPanel;
    std::byte* const to = dst + p * panel_bytes(f, k);
    if (b.layout == Layout::rows) pack_panel_of_rows(f, to, b, k, first, columns);
    else pack_panel_of_columns(f, to, b, k, first, columns);
  }
}

}  // namespace
}  // namespace r1::cpu::R1_TARGET
