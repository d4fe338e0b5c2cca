// The product that gives the gradient of a weight, C += Aᵀ B. A and B are rows of activations as they lie in memory,
// and the sum runs over the rows. Only gemm.cpp includes this header.
//
// For every k, the tile needs neighbouring elements of row k of A. They lie side by side in memory, so A needs no
// transposed pack. A strip of B, one panel wide, is copied to memory that fits the L1 cache, because its rows lie far
// apart and would fall into a few cache sets. Packing both operands into memory of the pass took 15 % of the time of
// pretraining in f32 (docs/performance.md).
#pragma once
#include "core/integer.hpp"
#include "kernels/cpu/gemm_pack.hpp"

namespace r1::cpu::R1_TARGET {
namespace {

constexpr i64 kStripRows = 4096 / kPanel;  // rows of A and B between two visits of a tile of C: a strip has 16 KiB

// C[R, kPanel] += Σ over `count` rows of A[R] and of the strip.
template <int R>
void gradient_tile(i64 count, const float* a, i64 lda, const float* strip, float* c, i64 ldc) {
  Vector sum[R][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) sum[r][v] = load(c + r * ldc + v * kLanes);
#pragma GCC unroll 2
  for (i64 k = 0; k < count; ++k, a += lda, strip += kPanel) {
    Vector column[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) column[v] = load(strip + v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const Vector x = broadcast(a[r]);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sum[r][v] = multiply_add(sum[r][v], x, column[v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) store(c + r * ldc + v * kLanes, sum[r][v]);
}

using GradientTile = void (*)(i64, const float*, i64, const float*, float*, i64);

template <int R>
GradientTile gradient_tile_of(i64 rows) {
  if constexpr (R > 0) return rows == R ? gradient_tile<R> : gradient_tile_of<R - 1>(rows);
  else return nullptr;
}

inline void copy_floats(float* to, const float* from, i64 count) {
  i64 i = 0;
  for (; i + kLanes <= count; i += kLanes) store(to + i, load(from + i));
  for (; i < count; ++i) to[i] = from[i];
}

inline void round_floats(float* to, const float* from, i64 count) {
  for (i64 i = 0; i < count; ++i) to[i] = f32_from_bits(round_bits(bits_from_f32(from[i])));
}
void round(float* x, i64 n) { round_floats(x, x, n); }

// Columns [first, first + columns) of rows [k, k + count) of B; the rest of the panel becomes zeros.
inline void copy_strip(float* strip, const GradientProduct& g, i64 k, i64 count, i64 first, i64 columns) {
  for (i64 i = k; i < k + count; ++i, strip += kPanel) {
    const float* const from = g.b + (g.b_index ? g.b_index[i] : i) * g.ldb + first;
    rounds(g.format) ? round_floats(strip, from, columns) : copy_floats(strip, from, columns);
    for (i64 j = columns; j < kPanel; ++j) strip[j] = 0;
  }
}

void add_gradient(const GradientProduct& g, i64 m_begin, i64 m_end, i64 p_begin, i64 p_end) {
  alignas(64) float strip[kStripRows * kPanel], edge[kTileRows * kPanel];
  for (i64 k = 0; k < g.k; k += kStripRows) {
    const i64 count = least(kStripRows, g.k - k);
    for (i64 first = p_begin * kPanel; first < least(p_end * kPanel, g.n); first += kPanel) {
      const i64 columns = least(kPanel, g.n - first);
      copy_strip(strip, g, k, count, first, columns);
      for (i64 m = m_begin; m < m_end; m += kTileRows) {
        const i64 rows = least(kTileRows, m_end - m);
        const GradientTile compute = gradient_tile_of<kTileRows>(rows);
        const float* const a = g.a + k * g.lda + m;
        float* const c = g.c + m * g.ldc + first;
        if (columns == kPanel) {
          compute(count, a, g.lda, strip, c, g.ldc);
          continue;
        }
        __builtin_memset(edge, 0, sizeof edge);
        for (i64 r = 0; r < rows; ++r) copy_floats(edge + r * kPanel, c + r * g.ldc, columns);
        compute(count, a, g.lda, strip, edge, kPanel);
        for (i64 r = 0; r < rows; ++r) copy_floats(c + r * g.ldc, edge + r * kPanel, columns);
      }
    }
  }
}

}  // namespace
}  // namespace r1::cpu::R1_TARGET
