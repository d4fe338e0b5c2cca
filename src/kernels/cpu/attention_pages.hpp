// How attention reads and writes the pages of keys and values: transposition, rounding to the type of the page, and
// widening to f32. Only attention.cpp includes this header.
#pragma once
#include "core/half.hpp"
#include "core/integer.hpp"
#include "kernels/cpu/attention.hpp"
#include "kernels/cpu/quantize_block.hpp"
#include "kernels/cpu/vector_math.hpp"

namespace r1::cpu::R1_TARGET {
namespace {

HWY_INLINE i64 rounded_up(i64 n) { return round_up(n, kLanes); }

// ---- f32 and bf16 ------------------------------------------------------------------------------------------------

HWY_INLINE float widened(float x) { return x; }
HWY_INLINE float widened(u16 x) { return f32_from_bf16(x); }
HWY_INLINE void narrow(float x, float* to) { *to = x; }
HWY_INLINE void narrow(float x, u16* to) { *to = bf16_from_f32(x); }

using Four = float __attribute__((vector_size(16)));
HWY_INLINE Four four_at(const float* p) {
  Four x;
  __builtin_memcpy(&x, p, sizeof x);
  return x;
}
HWY_INLINE Four four_at(const u16* p) {  // bf16
  u16 __attribute__((vector_size(8))) halves;
  __builtin_memcpy(&halves, p, sizeof halves);
  using Words = u32 __attribute__((vector_size(16)));
  return reinterpret_cast<Four>(__builtin_convertvector(halves, Words) << 16);
}

// Four elements of each of four rows, stored as four rows of four.
template <class From>
HWY_INLINE void transpose_4x4(float* to, i64 to_stride, const From* from, i64 from_stride) {
  const Four a = four_at(from), b = four_at(from + from_stride);
  const Four c = four_at(from + 2 * from_stride), d = four_at(from + 3 * from_stride);
  const Four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Four cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  const Four columns[4] = {
      __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5), __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7),
      __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5), __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7)};
  for (int i = 0; i < 4; ++i) __builtin_memcpy(to + i * to_stride, &columns[i], sizeof columns[i]);
}

// from [rows][cols] → to [cols][to_stride], in strips of 16 columns, so that the cache lines being written stay in L1.
template <class From, class To>
void transpose(To* to, i64 to_stride, const From* from, i64 from_stride, i64 rows, i64 cols) {
  constexpr i64 kStrip = 16;
  for (i64 c0 = 0; c0 < cols; c0 += kStrip) {
    const i64 end = c0 + kStrip < cols ? c0 + kStrip : cols;
    i64 r = 0;
    if constexpr (sizeof(To) == sizeof(float))
      if (end - c0 == kStrip)
        for (; r + 4 <= rows; r += 4)
          for (i64 c = c0; c < end; c += 4)
            transpose_4x4(to + c * to_stride + r, to_stride, from + r * from_stride + c, from_stride);
    for (; r < rows; ++r)
      for (i64 c = c0; c < end; ++c) narrow(widened(from[r * from_stride + c]), to + c * to_stride + r);
  }
}

template <class T>
void copy_rows(T* to, i64 to_stride, const float* from, i64 from_stride, i64 rows, i64 cols) {
  for (i64 r = 0; r < rows; ++r)
    for (i64 c = 0; c < cols; ++c) narrow(from[r * from_stride + c], to + r * to_stride + c);
}

// ---- Q8_0 --------------------------------------------------------------------------------------------------------
// A page holds i8 where another page holds elements, and behind them the scales, f16. Every 32 features of a
// key share a scale; the last block of a key may be shorter.

constexpr i64 kScaleElements = block_of(DType::q8_0).elements;

// x [n] → q [n] and a scale for each block.
HWY_INLINE void quantize_row(i8* q, u16* scales, const float* x, i64 n) {
  for (i64 i = 0; i < n; i += kScaleElements)
    *scales++ = f16_from_f32(quantize_block(q + i, x + i, least(kScaleElements, n - i)));
}

// The same, with the integers and the scales kBlockKeys apart.
HWY_INLINE void quantize_column(i8* q, u16* scales, const float* x, i64 n) {
  i8 block[kScaleElements];
  for (i64 first = 0; first < n; first += kScaleElements, scales += kBlockKeys) {
    const i64 count = least(kScaleElements, n - first);
    *scales = f16_from_f32(quantize_block(block, x + first, count));
    for (i64 i = 0; i < count; ++i) q[(first + i) * kBlockKeys] = block[i];
  }
}

template <class D>
HWY_INLINE hn::Vec<D> from_f16(D d, const u16* p) {
#if HWY_ARCH_X86 && HWY_TARGET > HWY_AVX2
  // Highway's conversion without an instruction for it turns infinities and NaNs into large numbers.
  alignas(64) float lanes[hn::MaxLanes(D())];
  for (size_t i = 0; i < hn::MaxLanes(D()); ++i) lanes[i] = f32_from_f16(p[i]);
  return hn::Load(d, lanes);
#else
  const hn::Rebind<hwy::float16_t, D> half;
  return hn::PromoteTo(d, hn::BitCast(half, hn::LoadU(hn::Rebind<u16, D>(), p)));
#endif
}
template <class D>
HWY_INLINE hn::Vec<D> from_i8(D d, const i8* p) {
  return hn::ConvertTo(d, hn::PromoteTo(hn::RebindToSigned<D>(), hn::LoadU(hn::Rebind<i8, D>(), p)));
}

// q [n][64], scales [blocks][64] → to [n][64]. Only the first `count` columns, a multiple of the lanes, are written.
HWY_INLINE void widen_columns(float* to, const i8* q, const u16* scales, i64 n, i64 count) {
  for (i64 first = 0; first < n; first += kScaleElements, scales += kBlockKeys)
    for (i64 j = 0; j < count; j += kLanes) {
      const V32 scale = from_f16(f32, scales + j);
      for (i64 i = first; i < least(first + kScaleElements, n); ++i)
        hn::StoreU(hn::Mul(from_i8(f32, q + i * kBlockKeys + j), scale), f32, to + i * kBlockKeys + j);
    }
}

// q [rows][n], scales [rows][blocks] → to [rows][n].
HWY_INLINE void widen_rows(float* to, const i8* q, const u16* scales, i64 rows, i64 n) {
  const hn::CappedTag<float, 1> one;
  for (i64 r = 0; r < rows; ++r, to += n, q += n)
    for (i64 first = 0; first < n; first += kScaleElements) {
      const float scale = hn::GetLane(from_f16(one, scales++));
      const i64 end = least(first + kScaleElements, n);
      i64 i = first;
      for (; i + kLanes <= end; i += kLanes) hn::StoreU(hn::Mul(from_i8(f32, q + i), set(scale)), f32, to + i);
      for (; i < end; ++i) to[i] = static_cast<float>(q[i]) * scale;
    }
}

// ---- pages -------------------------------------------------------------------------------------------------------

template <class K, class V>
struct KeyBlock {
  const K *k_c, *k_r;  // [depth][64], [rope][64]
  const V* v;          // [64][v]
};

HWY_INLINE const std::byte* page_of(const KeyPages& keys, i64 b) {
  return keys.base + (keys.table ? keys.table[b] : b) * keys.page_bytes;
}

// The elements of a page: float, u16 (bf16) or i8 (Q8_0).
template <class T>
HWY_INLINE T* elements(std::byte* page) {
  return reinterpret_cast<T*>(page);
}
template <class T>
HWY_INLINE const T* elements(const std::byte* page) {
  return reinterpret_cast<const T*>(page);
}
HWY_INLINE u16* scales_of(std::byte* page, const KeyPages& keys) {
  return reinterpret_cast<u16*>(page + keys.scales_at);
}
HWY_INLINE const u16* scales_of(const std::byte* page, const KeyPages& keys) {
  return reinterpret_cast<const u16*>(page + keys.scales_at);
}

// Calls f with a value of the type of the elements.
template <class F>
HWY_INLINE void with_elements(DType t, const F& f) {
  if (t == DType::f32) f(float{});
  else if (t == DType::bf16) f(u16{});
  else f(i8{});
}

// The first `rows` latents of a page in f32: c [rows][depth], k_r [rows][rope].
template <class T>
HWY_INLINE void widen_latents(float* c, float* k_r, const std::byte* page, const KeyPages& keys, i64 rows) {
  const T *from_c = elements<T>(page) + keys.k_c_at, *from_r = elements<T>(page) + keys.k_r_at;
  if constexpr (sizeof(T) == 1) {
    const u16* scales = scales_of(page, keys);
    widen_rows(c, from_c, scales + keys.k_c_scale_at, rows, keys.depth);
    widen_rows(k_r, from_r, scales + keys.k_r_scale_at, rows, keys.rope);
  } else {
    for (i64 i = 0; i < rows * keys.depth; ++i) c[i] = widened(from_c[i]);
    for (i64 i = 0; i < rows * keys.rope; ++i) k_r[i] = widened(from_r[i]);
  }
}

// Calls f with the first `count` keys of block b, a key in each lane. What is not stored like that is computed in
// `scratch`, once for all rows of the call: the transposes of latents, and everything of a page in Q8_0.
template <class T, class F>
HWY_INLINE void with_block(const KeyPages& keys, i64 b, i64 count, float* scratch, const F& f) {
  const std::byte* page = page_of(keys, b);
  const T* x = elements<T>(page);
  float *k_c = scratch, *k_r = k_c + keys.depth * kBlockKeys, *v = k_r + keys.rope * kBlockKeys;
  if constexpr (sizeof(T) == 1) {
    if (keys.latent) {
      float* rows_r = v + keys.v * kBlockKeys;
      widen_latents<T>(v, rows_r, page, keys, count);
      transpose(k_c, kBlockKeys, v, keys.depth, count, keys.depth);
      transpose(k_r, kBlockKeys, rows_r, keys.rope, count, keys.rope);
    } else {
      const u16* scales = scales_of(page, keys);
      widen_columns(k_c, x + keys.k_c_at, scales + keys.k_c_scale_at, keys.depth, rounded_up(count));
      widen_columns(k_r, x + keys.k_r_at, scales + keys.k_r_scale_at, keys.rope, rounded_up(count));
      widen_rows(v, x + keys.v_at, scales + keys.v_scale_at, count, keys.v);
    }
    f(KeyBlock<float, float>{k_c, k_r, v});
  } else if (keys.latent) {
    transpose(k_c, kBlockKeys, x + keys.k_c_at, keys.depth, count, keys.depth);
    transpose(k_r, kBlockKeys, x + keys.k_r_at, keys.rope, count, keys.rope);
    f(KeyBlock<float, T>{k_c, k_r, x + keys.v_at});
  } else {
    f(KeyBlock<T, T>{x + keys.k_c_at, x + keys.k_r_at, x + keys.v_at});
  }
}

template <class T>
void store_rows(std::byte* to, const KeyPages& keys, i64 heads, i64 slot, const KeyRows& rows) {
  T* page = elements<T>(to);
  if (keys.latent) {
    copy_rows(page + keys.k_c_at + slot * keys.depth, keys.depth, rows.k_c, rows.k_c_stride, rows.rows, keys.depth);
    copy_rows(page + keys.k_r_at + slot * keys.rope, keys.rope, rows.k_r, rows.k_r_stride, rows.rows, keys.rope);
    return;
  }
  transpose(page + keys.k_r_at + slot, kBlockKeys, rows.k_r, rows.k_r_stride, rows.rows, keys.rope);
  for (i64 h = 0; h < heads; ++h) {
    T* k_c = page + keys.k_c_at + h * keys.depth * kBlockKeys + slot;
    T* v = page + keys.v_at + h * keys.v * kBlockKeys + slot * keys.v;
    transpose(k_c, kBlockKeys, rows.k_c + h * keys.depth, rows.k_c_stride, rows.rows, keys.depth);
    copy_rows(v, keys.v, rows.v + h * keys.v, rows.v_stride, rows.rows, keys.v);
  }
}

template <>
void store_rows<i8>(std::byte* to, const KeyPages& keys, i64 heads, i64 slot, const KeyRows& rows) {
  i8 *k_c = elements<i8>(to) + keys.k_c_at, *k_r = elements<i8>(to) + keys.k_r_at, *v = elements<i8>(to) + keys.v_at;
  u16* scales = scales_of(to, keys);
  u16 *c_scales = scales + keys.k_c_scale_at, *r_scales = scales + keys.k_r_scale_at;
  const i64 depth_blocks = scale_blocks(keys.depth), rope_blocks = scale_blocks(keys.rope),
            v_blocks = scale_blocks(keys.v);
  for (i64 r = 0; r < rows.rows; ++r, ++slot) {
    const float *x_c = rows.k_c + r * rows.k_c_stride, *x_r = rows.k_r + r * rows.k_r_stride;
    if (keys.latent) {
      quantize_row(k_c + slot * keys.depth, c_scales + slot * depth_blocks, x_c, keys.depth);
      quantize_row(k_r + slot * keys.rope, r_scales + slot * rope_blocks, x_r, keys.rope);
      continue;
    }
    quantize_column(k_r + slot, r_scales + slot, x_r, keys.rope);
    for (i64 h = 0; h < heads; ++h) {
      quantize_column(k_c + h * keys.depth * kBlockKeys + slot, c_scales + h * depth_blocks * kBlockKeys + slot,
                      x_c + h * keys.depth, keys.depth);
      quantize_row(v + (h * kBlockKeys + slot) * keys.v, scales + keys.v_scale_at + (h * kBlockKeys + slot) * v_blocks,
                   rows.v + r * rows.v_stride + h * keys.v, keys.v);
    }
  }
}

}  // namespace
}  // namespace r1::cpu::R1_TARGET
