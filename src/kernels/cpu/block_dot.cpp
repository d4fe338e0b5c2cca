// Products of weight blocks and 8-bit activations, compiled once per level. Read block_dot.hpp (what is computed),
// blocks/tile.hpp (how unpacked weights are held) and blocks/vector.hpp (the instructions of the level) first,
// then this file from its last function upwards.
#include "kernels/cpu/block_dot.hpp"

#include "core/integer.hpp"
#include "kernels/cpu/quantize_block.hpp"
#if defined(__AVX2__)
#include "kernels/cpu/blocks/packs.hpp"
#else
#include "kernels/cpu/blocks/portable.hpp"
#endif

namespace r1::cpu::R1_TARGET {
namespace {

// ---- activations -------------------------------------------------------------------------------------------------

inline i32 sum_of(const i8* q, i64 n) {
  i32 sum = 0;
  for (i64 i = 0; i < n; ++i) sum += q[i];
  return sum;
}

void quantize_chunk(DType type, QuantizedChunk* to, const float* x, i64 n) {
  if (block_of(type).elements == kDotChunk) to->d[0] = quantize_block(to->q, x, kDotChunk);
  else
    for (i64 b = 0; 32 * b < n; ++b) to->d[b] = quantize_block(to->q + 32 * b, x + 32 * b, 32);
  for (i64 g = 0; 16 * g < n; ++g) {
    const i32 sum = sum_of(to->q + 16 * g, 16);
    to->sum16[g] = static_cast<std::int16_t>(sum), to->start[g] = -32 * sum;
  }
  for (i64 b = 0; 32 * b < n; ++b) to->sum32[b] = static_cast<std::int16_t>(to->sum16[2 * b] + to->sum16[2 * b + 1]);
}

void quantize(DType type, QuantizedChunk* to, const MatrixView& x, i64 rows, i64 k, i64 begin, i64 end) {
  for (i64 r = begin; r < end; ++r) {
    const float* const from = static_cast<const float*>(x.data) + (x.index ? x.index[r] : r) * x.ld;
    for (i64 c = 0; c < dot_chunks(k); ++c)
      quantize_chunk(type, to + c * rows + r, from + c * kDotChunk, least(kDotChunk, k - c * kDotChunk));
  }
}

// ---- products ----------------------------------------------------------------------------------------------------

// What the sum of part s starts with, so that the excess of the quants cancels. Q6_K reads a product that was made once
// for all tiles: with AVX2 and 128 rows it is a fifth faster than with a multiplication here.
template <DType kType>
inline i32 start_of(const QuantizedChunk& x, i64 s) {
  constexpr TileForm kForm = form_of(kType);
  if constexpr (kForm.excess == 0) return 0;
  else if constexpr (kForm.part == 32) return -kForm.excess * x.sum32[s];
  else return kForm.excess == 32 ? x.start[s] : -kForm.excess * x.sum16[s];
}

// acc[lane] += the product of one chunk whose integer sum is `sum`, for blocks of 256 elements.
template <TileForm kForm>
inline void add_chunk(const Tile& tile, const QuantizedChunk& x, Ints sum, float* acc) {
  const Floats dx = broadcast_float(x.d[0]);
  Floats y = add_product(load_floats(acc), load_floats(tile.d[0]) * dx, to_floats(sum));
  if constexpr (kForm.minima) {
    Ints least_sum{};
    const std::int16_t* const sums = kForm.part == 32 ? x.sum32 : x.sum16;
#pragma GCC unroll 8
    for (int pair = 0; pair < kDotChunk / kForm.part / 2; ++pair)
      least_sum = add_pairs(least_sum, load(tile.minimum[pair]), broadcast(word_at(sums + 2 * pair)));
    y = subtract_product(y, load_floats(tile.dmin[0]) * dx, to_floats(least_sum));
  }
  store_floats(acc, y);
}

// How many of kRows rows are multiplied together. Where VNNI does not save registers, a row's integers are added to its
// sum before the next row begins.
template <int kRows>
constexpr int kTogether = kTilesAtOnce > 1 ? kRows : 1;

// The integer products of part s, which is kPart elements long, of rows x and tiles.
template <DType kType, int kPart, int kRows, int kTiles>
inline void multiply_part(Ints (&dot)[kRows][kTiles], const Tile* tile, const QuantizedChunk* x, i64 s) {
  const u8* w[kTiles];
  const i8* q[kRows];
#pragma GCC unroll 2
  for (int t = 0; t < kTiles; ++t) w[t] = tile[t].w[s * (kPart / 4)][0];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    q[r] = x[r].q + kPart * s;
#pragma GCC unroll 2
    for (int t = 0; t < kTiles; ++t) dot[r][t] = broadcast(start_of<kType>(x[r], s));
  }
  add_bytes<kPart / 4, form_of(kType).limit>(dot, w, q);
}

// acc[r · ldacc + t · kLanes + lane] += the product of tile[t] and chunk x[r], for r in [0, kRows) and t in [0,
// kTiles). For blocks of 32 elements.
template <DType kType, int kRows, int kTiles>
void multiply_small(const Tile* tile, i64 blocks, const QuantizedChunk* x, float* acc, i64 ldacc) {
  Floats sum[kRows][kTiles];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int t = 0; t < kTiles; ++t) sum[r][t] = load_floats(acc + r * ldacc + t * kLanes);
  for (i64 b = 0; b < blocks; ++b)
#pragma GCC unroll 8
    for (int first = 0; first < kRows; first += kTogether<kRows>) {
      Ints dot[kTogether<kRows>][kTiles];
      multiply_part<kType, 32>(dot, tile, x + first, b);
#pragma GCC unroll 8
      for (int i = 0; i < kTogether<kRows>; ++i) {
        const int r = first + i;
        const Floats dx = broadcast_float(x[r].d[b]);
#pragma GCC unroll 2
        for (int t = 0; t < kTiles; ++t) {
          sum[r][t] = add_product(sum[r][t], load_floats(tile[t].d[b]) * dx, to_floats(dot[i][t]));
          if constexpr (form_of(kType).minima)
            sum[r][t] =
                subtract_product(sum[r][t], load_floats(tile[t].dmin[b]) * dx, to_floats(broadcast(x[r].sum32[b])));
        }
      }
    }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int t = 0; t < kTiles; ++t) store_floats(acc + r * ldacc + t * kLanes, sum[r][t]);
}

// The same for blocks of 256 elements.
template <DType kType, int kRows, int kTiles>
void multiply_large(const Tile* tile, const QuantizedChunk* x, float* acc, i64 ldacc) {
  constexpr TileForm kForm = form_of(kType);
  Ints sum[kRows][kTiles] = {};
  for (int s = 0; s < kDotChunk / kForm.part; ++s)
#pragma GCC unroll 8
    for (int first = 0; first < kRows; first += kTogether<kRows>) {
      Ints part[kTogether<kRows>][kTiles];
      multiply_part<kType, kForm.part>(part, tile, x + first, s);
#pragma GCC unroll 8
      for (int i = 0; i < kTogether<kRows>; ++i)
#pragma GCC unroll 2
        for (int t = 0; t < kTiles; ++t) {
          Ints& to = sum[first + i][t];
          to = add(to, kForm.scales ? multiply(load(tile[t].scale[s]), part[i][t]) : part[i][t]);
        }
    }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int t = 0; t < kTiles; ++t) add_chunk<kForm>(tile[t], x[r], sum[r][t], acc + r * ldacc + t * kLanes);
}

template <DType kType, int kRows, int kTiles>
void multiply_tiles(const Tile* tile, i64 blocks, const QuantizedChunk* x, float* acc, i64 ldacc) {
  if constexpr (block_of(kType).elements == kDotChunk) multiply_large<kType, kRows, kTiles>(tile, x, acc, ldacc);
  else multiply_small<kType, kRows, kTiles>(tile, blocks, x, acc, ldacc);
}

// All tiles with kRows rows.
template <DType kType, int kRows>
void multiply_rows(const Tile* tile, i64 tiles, i64 blocks, const QuantizedChunk* x, float* acc, i64 ldacc) {
  i64 t = 0;
  for (; t + kTilesAtOnce <= tiles; t += kTilesAtOnce)
    multiply_tiles<kType, kRows, kTilesAtOnce>(tile + t, blocks, x, acc + t * kLanes, ldacc);
  if constexpr (kTilesAtOnce > 1)
    if (t < tiles) multiply_tiles<kType, kRows, 1>(tile + t, blocks, x, acc + t * kLanes, ldacc);
}

// A group of up to kMostRows rows keeps its sums in scratch while the weights are read once.
// With more than kFewRows rows, kMostTiles tiles of weights are unpacked at a time, so that a
// chunk of activations is read once for all of them.
constexpr i64 kMostRows = 128, kMostTiles = 32 / kLanes, kFewRows = 4;

struct Scratch {
  alignas(64) Tile tiles[kMostTiles];
  float acc[kMostRows][kMostTiles * kLanes];
};

// With few rows, reading the weights from memory is the limit. A group of weights is used along its kLanes rows at the
// same time. Meanwhile this function prefetches the next group into the L2 cache in the order of its addresses, which
// is twice as fast as to fetch it row by row.
inline void fetch_ahead(const BlockProduct& g, i64 first, i64 last, i64 chunk, i64 chunks) {
  const i64 bytes = (last - first) * g.row_bytes;
  const std::byte* const next = g.w + last * g.row_bytes;
  for (i64 at = chunk * bytes / chunks / 64 * 64; at < (chunk + 1) * bytes / chunks; at += 64)
    __builtin_prefetch(next + at, 0, 2);
}

inline i64 blocks_of_chunk(i64 k, i64 chunk) { return least(kDotChunk, k - chunk * kDotChunk) / 32; }
constexpr i64 packed_bytes(DType t, i64 blocks) { return packed_vectors(t, blocks) * static_cast<i64>(sizeof(Ints)); }
// Of all chunks of kLanes rows. Every chunk but the last is whole.
inline i64 group_bytes(DType t, i64 k) {
  const i64 last = dot_chunks(k) - 1;
  return last * packed_bytes(t, kDotChunk / 32) + packed_bytes(t, blocks_of_chunk(k, last));
}

// The kLanes rows from `first` on. Behind the last row of the weight it is repeated.
inline ChunkRows rows_from(const std::byte* w, i64 row_bytes, i64 n, i64 first) {
  ChunkRows rows;
  for (i64 lane = 0; lane < kLanes; ++lane)
    rows.at[lane] = reinterpret_cast<const u8*>(w) + least(first + lane, n - 1) * row_bytes;
  return rows;
}

// Rows [m, m + rows) times the weight rows [first, last), of which there are at most kMostTiles · kLanes.
template <DType kType>
void multiply_group(const BlockProduct& g, i64 m, i64 rows, i64 first, i64 last, Scratch* s) {
  const i64 tiles = ceil_div(last - first, kLanes), ldacc = kMostTiles * kLanes;
  ChunkRows at[kMostTiles];
  const i64 packed_group = g.packed ? group_bytes(kType, g.k) : 0;
  for (i64 t = 0; t < tiles && !g.packed; ++t) at[t] = rows_from(g.w, g.row_bytes, g.n, first + t * kLanes);
  for (i64 r = 0; r < rows; ++r) __builtin_memset(s->acc[r], 0, sizeof s->acc[r]);
  for (i64 c = 0; c < dot_chunks(g.k); ++c) {
    if (rows <= kFewRows && !g.packed) fetch_ahead(g, first, last, c, dot_chunks(g.k));
    const i64 blocks = blocks_of_chunk(g.k, c);
    for (i64 t = 0; t < tiles; ++t) {
      if (g.packed) {
        const i64 group = first / kLanes + t;
        unpack_packed<kType>(s->tiles[t], g.w + group * packed_group + c * packed_bytes(kType, kDotChunk / 32), blocks);
        continue;
      }
      at[t].blocks = blocks;
      unpack<kType>(s->tiles[t], at[t]);
      for (const u8*& p : at[t].at) p += chunk_bytes(kType);
    }
    const QuantizedChunk* const x = g.x + c * g.rows + m;
    i64 r = 0;
    for (; r + 4 <= rows; r += 4) multiply_rows<kType, 4>(s->tiles, tiles, blocks, x + r, s->acc[r], ldacc);
    for (; r < rows; ++r) multiply_rows<kType, 1>(s->tiles, tiles, blocks, x + r, s->acc[r], ldacc);
  }
  for (i64 r = 0; r < rows; ++r) __builtin_memcpy(g.y + (m + r) * g.ldy + first, s->acc[r], (last - first) * 4);
}

template <DType kType>
void multiply_type(const BlockProduct& g, i64 begin, i64 end, Scratch* s) {
  for (i64 m = 0; m < g.rows; m += kMostRows) {
    const i64 rows = least(kMostRows, g.rows - m), step = rows <= kFewRows ? kLanes : kMostTiles * kLanes;
    for (i64 o = begin; o < end; o += step) multiply_group<kType>(g, m, rows, o, least(end, o + step), s);
  }
}

template <DType kType>
void pack_type(std::byte* to, const std::byte* w, i64 row_bytes, i64 k, i64 n, i64 begin, i64 end) {
  Tile tile;
  for (i64 first = begin; first < end; first += kLanes) {
    ChunkRows rows = rows_from(w, row_bytes, n, first);
    std::byte* at = to + first / kLanes * group_bytes(kType, k);
    for (i64 c = 0; c < dot_chunks(k); ++c) {
      rows.blocks = blocks_of_chunk(k, c);
      pack_chunk<kType>(at, rows, tile);
      at += packed_bytes(kType, rows.blocks);
      for (const u8*& p : rows.at) p += chunk_bytes(kType);
    }
  }
}

// Calls f with the type as a constant: f.template operator()<type>().
template <class F>
void with_type(DType type, const F& f) {
  switch (type) {
    case DType::q4_0: return f.template operator()<DType::q4_0>();
    case DType::q4_1: return f.template operator()<DType::q4_1>();
    case DType::q5_0: return f.template operator()<DType::q5_0>();
    case DType::q5_1: return f.template operator()<DType::q5_1>();
    case DType::q8_0: return f.template operator()<DType::q8_0>();
    case DType::q2_k: return f.template operator()<DType::q2_k>();
    case DType::q3_k: return f.template operator()<DType::q3_k>();
    case DType::q4_k: return f.template operator()<DType::q4_k>();
    case DType::q5_k: return f.template operator()<DType::q5_k>();
    case DType::q6_k: return f.template operator()<DType::q6_k>();
    case DType::iq2_xxs: return f.template operator()<DType::iq2_xxs>();
    case DType::iq2_xs: return f.template operator()<DType::iq2_xs>();
    case DType::iq2_s: return f.template operator()<DType::iq2_s>();
    case DType::iq3_xxs: return f.template operator()<DType::iq3_xxs>();
    case DType::iq3_s: return f.template operator()<DType::iq3_s>();
    case DType::iq1_s: return f.template operator()<DType::iq1_s>();
    case DType::iq1_m: return f.template operator()<DType::iq1_m>();
    case DType::iq4_nl: return f.template operator()<DType::iq4_nl>();
    case DType::iq4_xs: return f.template operator()<DType::iq4_xs>();
    case DType::tq1_0: return f.template operator()<DType::tq1_0>();
    case DType::tq2_0: return f.template operator()<DType::tq2_0>();
    case DType::mxfp4: return f.template operator()<DType::mxfp4>();
    default: __builtin_trap();  // callers check has_block_dot
  }
}

i64 pack_bytes(DType type, i64 k, i64 n) { return ceil_div(n, kLanes) * group_bytes(type, k); }

void pack(DType type, std::byte* to, const std::byte* w, i64 row_bytes, i64 k, i64 n, i64 begin, i64 end) {
  with_type(type, [&]<DType kType>() { pack_type<kType>(to, w, row_bytes, k, n, begin, end); });
}

void multiply(const BlockProduct& g, i64 begin, i64 end, std::byte* scratch) {
  Scratch* const s = reinterpret_cast<Scratch*>(scratch);
  with_type(g.type, [&]<DType kType>() { multiply_type<kType>(g, begin, end, s); });
}

}  // namespace

extern const BlockDotKernels block_dot_table;
const BlockDotKernels block_dot_table{kLanes, static_cast<i64>(sizeof(Scratch)), pack_bytes, pack, quantize, multiply};

}  // namespace r1::cpu::R1_TARGET
