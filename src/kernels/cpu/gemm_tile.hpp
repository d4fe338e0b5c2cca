// Register tiles: R rows of packed A times P panels of packed B. Only gemm.cpp includes this header.
#pragma once
#include "kernels/cpu/gemm_vector.hpp"

namespace r1::cpu::R1_TARGET {
namespace {

// How one word of A is multiplied with kLanes columns of B. The type B is an element of a packed panel.
struct FloatProduct {
  using B = float;
  using Operand = Vector;
  static Operand load_b(const B* p) { return load(p); }
  static Operand load_a(const u32* p) {
    if constexpr (kSpread > 1) return load(reinterpret_cast<const float*>(p));
    return broadcast(f32_from_bits(*p));
  }
  static Vector add(Vector sum, Operand a, Operand b) { return multiply_add(sum, a, b); }
};
struct HalfProduct : FloatProduct {  // panels of single bf16, widened to floats when loaded
  using B = u16;
  static Operand load_b(const B* p) { return widen(p); }
};
#if defined(__AVX2__)
struct HalfFloatProduct : FloatProduct {  // the same with f16
  using B = u16;
  static Operand load_b(const B* p) { return widen_f16(p); }
};
#endif
#if defined(R1_TARGET_avx512bf16)
struct PairProduct {
  using B = u32;
  using Operand = __m512bh;
  static Operand load_b(const B* p) { return reinterpret_cast<__m512bh>(_mm512_loadu_si512(p)); }
  static Operand load_a(const u32* p) { return reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(*p))); }
  static Vector add(Vector sum, Operand a, Operand b) { return _mm512_dpbf16_ps(sum, a, b); }
};
#endif

// C[R, P·kPanel] = or += A[R, words] · B. Consecutive panels of B lie panel_stride elements apart.
template <class Product, int R, int P>
void tile(i64 count, const u32* a, const void* panels_of_b, i64 panel_stride, float* c, i64 ldc, bool accumulate) {
  constexpr int kWide = P * kVectors;
  const auto* b = static_cast<const typename Product::B*>(panels_of_b);
  Vector sum[R][kWide];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < kWide; ++v) sum[r][v] = accumulate ? load(c + r * ldc + v * kLanes) : broadcast(0);
#pragma GCC unroll 2
  for (i64 w = 0; w < count; ++w, b += kPanel, a += kSpread) {
    typename Product::Operand column[kWide];
#pragma GCC unroll 8
    for (int v = 0; v < kWide; ++v)
      column[v] = Product::load_b(b + (v / kVectors) * panel_stride + (v % kVectors) * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const typename Product::Operand x = Product::load_a(a + r * kTileRowWords);
#pragma GCC unroll 8
      for (int v = 0; v < kWide; ++v) sum[r][v] = Product::add(sum[r][v], x, column[v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < kWide; ++v) store(c + r * ldc + v * kLanes, sum[r][v]);
}

using Tile = void (*)(i64, const u32*, const void*, i64, float*, i64, bool);

// With few rows a tile spans several panels, so that it has enough independent sums to hide the latency of the
// multiply-add, but not more than fit the registers together with the columns of B.
constexpr int panels_at_once(i64 rows) { return rows * 6 <= kTileRows ? 4 : rows * 2 < kTileRows ? 2 : 1; }

template <class Product, int R>
Tile tile_of(int panel_count) {
  if constexpr (panels_at_once(R) == 4)
    if (panel_count == 4) return tile<Product, R, 4>;
  if constexpr (panels_at_once(R) >= 2)
    if (panel_count == 2) return tile<Product, R, 2>;
  return tile<Product, R, 1>;
}

template <class Product>
Tile pick_tile(i64 rows, int panel_count) {
  switch (rows) {
    case 1: return tile_of<Product, 1>(panel_count);
    case 2: return tile_of<Product, 2>(panel_count);
    case 3: return tile_of<Product, 3>(panel_count);
    case 4: return tile_of<Product, 4>(panel_count);
    case 5: return tile_of<Product, 5>(panel_count);
    case 6: return tile_of<Product, 6>(panel_count);
    default: break;
  }
  if constexpr (kTileRows >= 8) {
    if (rows == 7) return tile<Product, 7, 1>;
    if (rows == 8) return tile<Product, 8, 1>;
  }
  if constexpr (kTileRows >= 14) switch (rows) {
      case 9: return tile<Product, 9, 1>;
      case 10: return tile<Product, 10, 1>;
      case 11: return tile<Product, 11, 1>;
      case 12: return tile<Product, 12, 1>;
      case 13: return tile<Product, 13, 1>;
      case 14: return tile<Product, 14, 1>;
      default: break;
    }
  return nullptr;
}

}  // namespace
}  // namespace r1::cpu::R1_TARGET
