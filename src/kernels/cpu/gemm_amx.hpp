// AMX: the instruction tdpbf16ps multiplies 16 × 32 bf16 by 32 × 16 bf16 in tile registers. It computes the rows of a
// tile independently, so a tile with fewer rows gives the same bits. Only gemm.cpp includes this header, for level amx.
#pragma once
#include "kernels/cpu/gemm_vector.hpp"

namespace r1::cpu::R1_TARGET {
namespace {

// The layout that LDTILECFG reads (Intel SDM vol. 1, 18.2). It must have static storage: GCC 12's _tile_loadconfig
// tells the compiler that it reads 8 of these 64 bytes, so the compiler may drop stores into a local variable.
struct alignas(64) TileConfig {
  u8 palette, start_row, reserved[14];
  u16 row_bytes[16];
  u8 rows[16];
};
static_assert(sizeof(TileConfig) == 64);

struct TileConfigs {
  TileConfig of_rows[33];
};
constexpr TileConfigs make_configs() {
  TileConfigs all{};
  for (int m = 1; m <= 32; ++m) {
    TileConfig& c = all.of_rows[m];
    const u8 top = static_cast<u8>(m < 16 ? m : 16), bottom = static_cast<u8>(m <= 16 ? 1 : m - 16);
    c.palette = 1;
    for (int t = 0; t < 8; ++t) c.row_bytes[t] = 64;
    c.rows[0] = c.rows[1] = c.rows[4] = top;     // C upper left, upper right; A upper
    c.rows[2] = c.rows[3] = c.rows[5] = bottom;  // C lower left, lower right; A lower
    c.rows[6] = c.rows[7] = 16;                  // B left, right
  }
  return all;
}
constexpr TileConfigs kConfigs = make_configs();
constexpr i64 kTileProductRows = 32;

inline void configure_tiles(i64 rows) {
  __asm__ volatile("" ::: "memory");
  _tile_loadconfig(&kConfigs.of_rows[rows]);
}

// Computes `rows` rows (1 to 32, as configured) × 32 columns of C. The load intrinsics do not tell the compiler that
// they read memory; the barriers (empty asm statements) do.
inline void amx_tile(i64 rows, i64 count, const u32* a, const u32* b, float* c, i64 ldc, bool accumulate) {
  static_assert(kPanel == 32);
  const i64 c_stride = ldc * 4, a_stride = kRowWords * 4, b_stride = kPanel * 4;
  float* const lower = c + 16 * ldc;
  const bool two = rows > 16;
  __asm__ volatile("" ::: "memory");
  if (accumulate) {
    _tile_loadd(0, c, c_stride);
    _tile_loadd(1, c + 16, c_stride);
    if (two) {
      _tile_loadd(2, lower, c_stride);
      _tile_loadd(3, lower + 16, c_stride);
    }
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  if (two) {
    for (i64 w = 0; w < count; w += 16) {
      _tile_loadd(6, b + w * kPanel, b_stride);
      _tile_loadd(4, a + w, a_stride);
      _tile_dpbf16ps(0, 4, 6);
      _tile_loadd(7, b + w * kPanel + 16, b_stride);
      _tile_dpbf16ps(1, 4, 7);
      _tile_loadd(5, a + 16 * kRowWords + w, a_stride);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  } else {
    for (i64 w = 0; w < count; w += 16) {
      _tile_loadd(4, a + w, a_stride);
      _tile_loadd(6, b + w * kPanel, b_stride);
      _tile_dpbf16ps(0, 4, 6);
      _tile_loadd(7, b + w * kPanel + 16, b_stride);
      _tile_dpbf16ps(1, 4, 7);
    }
  }
  _tile_stored(0, c, c_stride);
  _tile_stored(1, c + 16, c_stride);
  if (two) {
    _tile_stored(2, lower, c_stride);
    _tile_stored(3, lower + 16, c_stride);
  }
  __asm__ volatile("" ::: "memory");
}

}  // namespace
}  // namespace r1::cpu::R1_TARGET
