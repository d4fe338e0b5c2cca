// Matrix products, compiled once per level. Read gemm_vector.hpp (vectors and tile shape of the level) and
// gemm_tile.hpp (register tiles) first, then this file from its last function upwards.
#include "kernels/cpu/gemm.hpp"

#include "kernels/cpu/gemm_gradient.hpp"
#include "kernels/cpu/gemm_pack.hpp"
#include "kernels/cpu/gemm_tile.hpp"
#include "kernels/cpu/gemm_vector.hpp"
#if defined(R1_TARGET_amx)
#include "kernels/cpu/gemm_amx.hpp"
#endif

namespace r1::cpu::R1_TARGET {
namespace {

// One block of packed A, rows × count words, to be multiplied with panels [begin,
// end) of B. The block's first word of k is `word`.
struct PackedBlock {
  const Gemm& g;
  const u32* a;
  i64 rows, count, word, begin, end;
  float* c;  // the block's first row of C, at column 0
  bool accumulate;
};

inline void copy_rows(float* to, i64 to_ld, const float* from, i64 from_ld, i64 rows, i64 columns) {
  for (i64 r = 0; r < rows; ++r) __builtin_memcpy(to + r * to_ld, from + r * from_ld, columns * 4);
}

// Calls product(c, ldc) on a tile of C. If the last panel is not full, the call works on a padded copy of the tile.
template <class F>
inline void on_tile(const PackedBlock& k, i64 r, i64 rows, i64 column, i64 columns, i64 width, F&& product) {
  float* const c = k.c + r * k.g.ldc + column;
  if (columns == width) return product(c, k.g.ldc);
  constexpr i64 kMostRows = kTileRows > 32 ? kTileRows : 32;
  alignas(64) float edge[kMostRows * kPanel];
  if (k.accumulate) {
    __builtin_memset(edge, 0, sizeof edge);
    copy_rows(edge, kPanel, c, k.g.ldc, rows, columns);
  }
  product(edge, kPanel);
  copy_rows(c, k.g.ldc, edge, kPanel, rows, columns);
}

// Copies the rows of a tile of packed A, every word kSpread times.
inline void spread_rows(u32* to, const u32* a, i64 rows, i64 count) {
  for (i64 r = 0; r < rows; ++r, to += kTileRowWords, a += kRowWords)
    for (i64 w = 0; w < count; ++w)
      for (i64 i = 0; i < kSpread; ++i) to[w * kSpread + i] = a[w];
}

template <class Product>
void multiply_block(const PackedBlock& k) {
  constexpr i64 kElement = static_cast<i64>(sizeof(typename Product::B));
  const i64 stride = panel_bytes(k.g.format, k.g.k) / kElement, full = k.g.n / kPanel;
  const auto* b = reinterpret_cast<const typename Product::B*>(k.g.b) + k.word * kPanel;
  const auto panels_from = [&](i64 p, i64 end) {
    int at_once = panels_at_once(k.rows);
    while (at_once > 1 && p + at_once > least(full, end)) at_once /= 2;
    return at_once;
  };
  const auto tile_at = [&](i64 r, const u32* a, i64 p, int at_once) {
    const i64 rows = least(kTileRows, k.rows - r), columns = least(at_once * kPanel, k.g.n - p * kPanel);
    const Tile compute = pick_tile<Product>(rows, at_once);
    on_tile(k, r, rows, p * kPanel, columns, at_once * kPanel,
            [&](float* c, i64 ldc) { compute(k.count, a, b + p * stride, stride, c, ldc, k.accumulate); });
  };
  if constexpr (kSpread > 1) {
    alignas(64) u32 spread[kTileRows * kTileRowWords];
    for (i64 begin = k.begin; begin < k.end; begin += kSpreadPanels) {
      const i64 end = least(begin + kSpreadPanels, k.end);
      for (i64 r = 0; r < k.rows; r += kTileRows) {
        spread_rows(spread, k.a + r * kRowWords, least(kTileRows, k.rows - r), k.count);
        for (i64 p = begin, n; p < end; p += n) tile_at(r, spread, p, static_cast<int>(n = panels_from(p, end)));
      }
    }
  } else {
    for (i64 p = k.begin, n; p < k.end; p += n) {
      n = panels_from(p, k.end);
      for (i64 r = 0; r < k.rows; r += kTileRows) tile_at(r, k.a + r * kRowWords, p, static_cast<int>(n));
    }
  }
}

#if defined(R1_TARGET_amx)
void multiply_block_amx(const PackedBlock& k) {
  const i64 stride = panel_bytes(Format::bf16, k.g.k) / 4;
  const u32* const b = reinterpret_cast<const u32*>(k.g.b) + k.word * kPanel;
  for (i64 r = 0; r < k.rows; r += kTileProductRows) {
    const i64 rows = least(kTileProductRows, k.rows - r);
    if (r == 0 || rows != kTileProductRows) configure_tiles(rows);
    for (i64 p = k.begin; p < k.end; ++p)
      on_tile(k, r, rows, p * kPanel, least(kPanel, k.g.n - p * kPanel), kPanel, [&](float* c, i64 ldc) {
        amx_tile(rows, k.count, k.a + r * kRowWords, b + p * stride, c, ldc, k.accumulate);
      });
  }
  _tile_release();
}
#endif

void multiply(const PackedBlock& k) {
#if defined(__AVX2__)
  if (k.g.format == Format::f32_f16) return multiply_block<HalfFloatProduct>(k);
#endif
  if (k.g.format == Format::f32 || k.g.format == Format::f32_f16) return multiply_block<FloatProduct>(k);
  if (halves(k.g.format)) return multiply_block<HalfProduct>(k);
#if defined(R1_TARGET_amx)
  multiply_block_amx(k);
#elif defined(R1_TARGET_avx512bf16)
  multiply_block<PairProduct>(k);
#endif
}

void gemm(const Gemm& g, i64 m_begin, i64 m_end, i64 p_begin, i64 p_end, std::byte* scratch) {
  const i64 step = per_word(g.format), all = words(g.format, g.k);
  u32* const a = reinterpret_cast<u32*>(scratch);
  for (i64 m = m_begin; m < m_end; m += kBlockRows) {
    const i64 rows = least(kBlockRows, m_end - m);
    for (i64 w = 0; w < all; w += kBlockWords) {
      const i64 count = least(kBlockWords, all - w);
      pack_a(g.format, a, g.a, m, rows, w * step, least(g.k, (w + count) * step));
      multiply({g, a, rows, count, w, p_begin, p_end, g.c + m * g.ldc, g.into == Into::add || w > 0});
    }
  }
}

void weighted_rows(float* y, const float* rows, const i32* at, const float* weight, i64 count, i64 d, Into into) {
  for (i64 j = 0; j < d; j += kLanes) {
    const i64 left = least(kLanes, d - j);
    alignas(64) float edge[kLanes] = {};
    Vector sum = broadcast(0);
    const auto fetch = [&](const float* p) {
      if (left == kLanes) return load(p);
      copy_rows(edge, 0, p, 0, 1, left);
      return load(edge);
    };
    if (into == Into::add) sum = fetch(y + j);
    for (i64 i = 0; i < count; ++i)
      sum = multiply_add(sum, broadcast(weight ? weight[i] : 1.0f), fetch(rows + at[i] * d + j));
    if (left == kLanes) {
      store(y + j, sum);
    } else {
      store(edge, sum);
      copy_rows(y + j, 0, edge, 0, 1, left);
    }
  }
}

float dot(const float* a, const float* b, i64 n) {
  Vector sum[2] = {broadcast(0), broadcast(0)};
  i64 i = 0;
  for (int v = 0; i + kLanes <= n; i += kLanes, v ^= 1) sum[v] = multiply_add(sum[v], load(a + i), load(b + i));
  alignas(64) float lanes[kLanes];
  store(lanes, sum[0] + sum[1]);
  for (int lane = 0; i < n; ++i, ++lane) lanes[lane] += a[i] * b[i];
  for (int half = kLanes / 2; half > 0; half /= 2)
    for (int lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  return lanes[0];
}

// Runs kChains independent chains of sum = sum · x + y.
float spin_float(i64 iterations) {
  const float start = static_cast<float>(iterations & 1);
  const Vector x = broadcast(0.999f - start * 0.001f), y = broadcast(0.001f);
  Vector sum[kChains];
  for (int i = 0; i < kChains; ++i) sum[i] = broadcast(start + static_cast<float>(i));
  for (i64 n = 0; n < iterations; ++n)
#pragma GCC unroll 16
    for (int i = 0; i < kChains; ++i) sum[i] = multiply_add(y, sum[i], x);
  Vector total = sum[0];
  for (int i = 1; i < kChains; ++i) total = total + sum[i];
  return total[0];
}

#if defined(R1_TARGET_amx)
float spin_pairs(i64 iterations) {
  alignas(64) float out[16 * 16];
  configure_tiles(32);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
  _tile_zero(6);
  _tile_zero(7);
  for (i64 n = 0; n < iterations; ++n) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, out, 64);
  _tile_release();
  return out[0];
}
constexpr i64 kPairFlops = 4 * 16 * 16 * 32 * 2;
#elif defined(R1_TARGET_avx512bf16)
float spin_pairs(i64 iterations) {
  const __m512bh x = reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(iterations & 0x3f003f)));
  Vector sum[kChains];
  for (int i = 0; i < kChains; ++i) sum[i] = broadcast(static_cast<float>(i));
  for (i64 n = 0; n < iterations; ++n)
#pragma GCC unroll 16
    for (int i = 0; i < kChains; ++i) sum[i] = _mm512_dpbf16_ps(sum[i], x, x);
  Vector total = sum[0];
  for (int i = 1; i < kChains; ++i) total = total + sum[i];
  return total[0];
}
constexpr i64 kPairFlops = kChains * kLanes * 4;
#else
float spin_pairs(i64 iterations) { return spin_float(iterations); }
constexpr i64 kPairFlops = kChains * kLanes * 2;
#endif

float spin(Format f, i64 iterations) { return f == Format::f32 ? spin_float(iterations) : spin_pairs(iterations); }

u64 read(const void* bytes, i64 count) {
  using Wide = u64 __attribute__((vector_size(sizeof(Vector))));
  constexpr int kStreams = 512 / static_cast<int>(sizeof(Wide)) < 8 ? 512 / static_cast<int>(sizeof(Wide)) : 8;
  constexpr i64 kStep = kStreams * static_cast<i64>(sizeof(Wide)), kLine = 64, kAhead = 8192;
  const char* at = static_cast<const char*>(bytes);
  Wide sum[kStreams] = {};
  for (i64 i = 0; i < count; i += kStep) {
#pragma GCC unroll 8
    for (i64 line = 0; line < kStep; line += kLine) __builtin_prefetch(at + i + line + kAhead, 0, 2);
#pragma GCC unroll 8
    for (int s = 0; s < kStreams; ++s) {
      Wide w;
      __builtin_memcpy(&w, at + i + s * static_cast<i64>(sizeof(Wide)), sizeof w);
      sum[s] ^= w;
    }
  }
  for (int s = 1; s < kStreams; ++s) sum[0] ^= sum[s];
  return sum[0][0];
}

}  // namespace

extern const GemmKernels gemm_table;
const GemmKernels gemm_table = {
    .panel = kPanel,
    .row_step = kTileRows,
    .block_rows = kBlockRows,
    .scratch_bytes = kBlockRows * kRowWords * 4,
    .panel_bytes = panel_bytes,
    .pack_b = pack_b,
    .gemm = gemm,
    .add_gradient = add_gradient,
    .pairs = kPairs,
    .half_floats = kHalfFloats,
    .round = round,
    .weighted_rows = weighted_rows,
    .dot = dot,
    .spin = spin,
    .spin_flops = {kChains * kLanes * 2, kPairFlops},
    .read = read,
};

}  // namespace r1::cpu::R1_TARGET
