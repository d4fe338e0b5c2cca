#include "kernels/cpu/attention.hpp"

#include "kernels/cpu/attention_pages.hpp"

namespace r1::cpu::R1_TARGET {
namespace {

// ---- products ----------------------------------------------------------------------------------------------------
// c[i][n] = or += Σ_k a(i, k) b[k][n]. One accumulator per output, k ascending, lanes across n, so that a result does
// not depend on its tile. All scores, values and gradients below are such products.

// Rows of b are contiguous. Elements of a are broadcast one by one, so a may have any strides.
template <class B>
struct Product {
  float* c;
  i64 c_stride;
  const float* a;
  i64 a_row, a_k;
  const B* b;
  i64 b_stride;
  i64 rows, depth, cols;
  bool accumulate;
};

template <class D>
HWY_INLINE hn::Vec<D> load_as(D d, const float* p) {
  return hn::LoadU(d, p);
}
template <class D>
HWY_INLINE hn::Vec<D> load_as(D d, const u16* p) {  // bf16
  const hn::Rebind<u32, D> wide;
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(wide, hn::LoadU(hn::Rebind<u16, D>(), p))));
}

template <int R, int N, class D, class B>
HWY_INLINE void product_tile(const Product<B>& s, i64 i, i64 n) {
  const D d;
  constexpr i64 lanes = static_cast<i64>(hn::MaxLanes(D()));
  float* c = s.c + i * s.c_stride + n;
  const float* a = s.a + i * s.a_row;
  const B* b = s.b + n;
  hn::Vec<D> acc[R][N];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int j = 0; j < N; ++j) acc[r][j] = s.accumulate ? hn::LoadU(d, c + r * s.c_stride + j * lanes) : hn::Zero(d);
  for (i64 k = 0; k < s.depth; ++k, b += s.b_stride) {
    hn::Vec<D> bk[N];
#pragma GCC unroll 8
    for (int j = 0; j < N; ++j) bk[j] = load_as(d, b + j * lanes);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const hn::Vec<D> ak = hn::Set(d, a[r * s.a_row + k * s.a_k]);
#pragma GCC unroll 8
      for (int j = 0; j < N; ++j) acc[r][j] = hn::MulAdd(ak, bk[j], acc[r][j]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int j = 0; j < N; ++j) hn::StoreU(acc[r][j], d, c + r * s.c_stride + j * lanes);
}

// A tile has as many rows as the register file has room for accumulators: 32 vector registers with AVX-512, else 16.
constexpr int kWide = kLanes >= 16 ? 4 : 2;
constexpr int rows_per_tile(int vectors) { return vectors == 1 || (kWide == 4 && vectors == 2) ? 8 : 4; }

template <int N, class D, class B>
HWY_INLINE void product_column(const Product<B>& s, i64 n) {
  constexpr int R = rows_per_tile(N);
  i64 i = 0;
  for (; i + R <= s.rows; i += R) product_tile<R, N, D>(s, i, n);
  if constexpr (R > 4)
    if (i + 4 <= s.rows) product_tile<4, N, D>(s, i, n), i += 4;
  if (i + 2 <= s.rows) product_tile<2, N, D>(s, i, n), i += 2;
  if (i < s.rows) product_tile<1, N, D>(s, i, n);
}

// Column tails use narrower vectors, so that nothing past the end of a row is read and no masks are needed.
template <class B>
void multiply(const Product<B>& s) {
  i64 n = 0;
  for (; n + kWide * kLanes <= s.cols; n += kWide * kLanes) product_column<kWide, F32>(s, n);
  if constexpr (kWide > 2)
    if (n + 2 * kLanes <= s.cols) product_column<2, F32>(s, n), n += 2 * kLanes;
  if (n + kLanes <= s.cols) product_column<1, F32>(s, n), n += kLanes;
  for (; n + 4 <= s.cols; n += 4) product_column<1, hn::CappedTag<float, 4>>(s, n);
  for (; n < s.cols; ++n) product_column<1, hn::CappedTag<float, 1>>(s, n);
}

// ---- one block ---------------------------------------------------------------------------------------------------

// The number of keys of block b that row r sees: at most 64; zero or negative if it sees none.
HWY_INLINE i64 keys_seen(const Queries& q, i64 r, i64 b) {
  return least(q.position + r * q.position_step + 1 - b * kBlockKeys, kBlockKeys);
}

// s[r][j] = q_c[r]·k_c[j] + q_r[r]·k_r[j], unscaled, for the first `count` keys; `count` is a multiple of the lanes.
template <class K, class V>
void scores(float* s, const Queries& q, i64 first, i64 rows, const KeyPages& keys, const KeyBlock<K, V>& block,
            i64 count) {
  multiply(Product<K>{s, kBlockKeys, q.q_c + first * q.q_c_stride, q.q_c_stride, 1, block.k_c, kBlockKeys, rows,
                      keys.depth, count, false});
  if (keys.rope == 0) return;
  multiply(Product<K>{s, kBlockKeys, q.q_r + first * q.q_r_stride, q.q_r_stride, 1, block.k_r, kBlockKeys, rows,
                      keys.rope, count, true});
}

struct SoftmaxStats {
  float max, sum;
};

// Replaces s[j] by p[j] = e^(scale·s[j] − max) for the first n keys, and by exact zeros for the rest of the 64.
HWY_INLINE SoftmaxStats softmax_partial(float* s, i64 n, float scale) {
  const V32 low = set(-std::numeric_limits<float>::infinity()), zero = hn::Zero(f32);
  V32 top = low;
  for (i64 j = 0; j < n; j += kLanes) {
    const V32 x = hn::Mul(hn::LoadU(f32, s + j), set(scale));
    const V32 seen = n - j >= kLanes ? x : hn::IfThenElse(hn::FirstN(f32, n - j), x, low);
    hn::StoreU(seen, f32, s + j);
    top = hn::Max(top, seen);
  }
  const float max = max_lanes(top);
  V32 sum = zero;
  i64 j = 0;
  for (; j < n; j += kLanes) {
    const V32 p = exp(hn::Sub(hn::LoadU(f32, s + j), set(max)));
    hn::StoreU(p, f32, s + j);
    sum = hn::Add(sum, p);
  }
  for (; j < kBlockKeys; j += kLanes) hn::StoreU(zero, f32, s + j);
  return {max, sum_lanes(sum)};
}

// Adds a partial to a running result (o, state). All partials are merged by this formula alone.
HWY_INLINE void merge_partial(float* o, SoftmaxStats& state, const float* part_o, const SoftmaxStats& part, i64 v) {
  const float max = state.max < part.max ? part.max : state.max;
  const float a = hn::GetLane(exp(set(state.max - max))), b = hn::GetLane(exp(set(part.max - max)));
  state = {max, state.sum * a + part.sum * b};
  each(v, [&](i64 i, auto lanes) {
    lanes.store(hn::MulAdd(lanes.load(part_o + i), set(b), hn::Mul(lanes.load(o + i), set(a))), o + i);
  });
}

// The partials of rows [first, first + rows) over one block: part[r] = o [v], max, sum. On return s [rows][64] holds p.
template <class K, class V>
void block_partials(float* part, float* s, const Queries& q, i64 first, i64 rows, const KeyPages& keys,
                    const KeyBlock<K, V>& block, i64 b) {
  i64 most = 0;
  for (i64 r = 0; r < rows; ++r) {
    const i64 n = keys_seen(q, first + r, b);
    most = n > most ? n : most;
  }
  scores(s, q, first, rows, keys, block, rounded_up(most));
  const i64 stride = partial_floats(keys.v);
  for (i64 r = 0; r < rows; ++r) {
    const i64 n = keys_seen(q, first + r, b);
    const SoftmaxStats stats = softmax_partial(s + r * kBlockKeys, n > 0 ? n : 0, q.scale);
    part[r * stride + keys.v] = stats.max;
    part[r * stride + keys.v + 1] = stats.sum;
  }
  multiply(Product<V>{part, stride, s, kBlockKeys, 1, block.v, keys.v, rows, most, keys.v, false});
  // A masked key adds +0 or −0 to o. Whether a row meets masked keys depends on its tile, so without adding +0 here the
  // sign of a zero could depend on the tile too.
  for (i64 r = 0; r < rows; ++r)
    each(keys.v, [&](i64 i, auto lanes) {
      float* o = part + r * stride + i;
      lanes.store(hn::Add(lanes.load(o), hn::Zero(f32)), o);
    });
}

// ---- forward -----------------------------------------------------------------------------------------------------

HWY_INLINE i64 last_position(const Queries& q, i64 first, i64 rows) {
  return q.position + (first + rows - 1) * q.position_step;
}
HWY_INLINE i64 keys_in_block(i64 last, i64 b) { return least(last + 1 - b * kBlockKeys, kBlockKeys); }

HWY_INLINE void start_or_merge(const AttentionOutput& out, i64 r, const float* part, i64 v, bool start) {
  float* o = out.o + r * out.o_stride;
  float &max = out.max[r * out.stat_stride], &sum = out.sum[r * out.stat_stride];
  SoftmaxStats state{part[v], part[v + 1]};
  if (start) {
    each(v, [&](i64 i, auto lanes) { lanes.store(lanes.load(part + i), o + i); });
  } else {
    const SoftmaxStats added = state;
    state = {max, sum};
    merge_partial(o, state, part, added, v);
  }
  max = state.max, sum = state.sum;
}

HWY_INLINE void normalize(const AttentionOutput& out, i64 rows, i64 v) {
  for (i64 r = 0; r < rows; ++r) {
    float* o = out.o + r * out.o_stride;
    const V32 scale = set(1.0f / out.sum[r * out.stat_stride]);
    each(v, [&](i64 i, auto lanes) { lanes.store(hn::Mul(lanes.load(o + i), scale), o + i); });
  }
}

template <class T>
void attend_rows(const Queries& q, const KeyPages& keys, const AttentionOutput& out, float* scratch) {
  float* part = scratch + kQueryTile * kBlockKeys;
  float* block_scratch = part + kQueryTile * partial_floats(keys.v);
  const i64 group = computes_blocks(keys) ? q.rows : kQueryTile;
  for (i64 begin = 0; begin < q.rows; begin += group) {
    const i64 end = least(begin + group, q.rows), last = last_position(q, begin, end - begin);
    for (i64 b = 0; b * kBlockKeys <= last; ++b)
      with_block<T>(keys, b, keys_in_block(last, b), block_scratch, [&](const auto& block) {
        for (i64 first = begin; first < end; first += kQueryTile) {
          const i64 rows = least(kQueryTile, end - first);
          block_partials(part, scratch, q, first, rows, keys, block, b);
          for (i64 r = 0; r < rows; ++r)
            if (keys_seen(q, first + r, b) > 0)
              start_or_merge(out, first + r, part + r * partial_floats(keys.v), keys.v, b == 0);
        }
      });
  }
  normalize(out, q.rows, keys.v);
}

void attend(const Queries& q, const KeyPages& keys, const AttentionOutput& out, float* scratch) {
  with_elements(keys.dtype, [&](auto x) { attend_rows<decltype(x)>(q, keys, out, scratch); });
}

template <class T>
void partials_of_blocks(const Queries& q, const KeyPages& keys, i64 begin, i64 end, float* partials, float* scratch) {
  float* block_scratch = scratch + kQueryTile * (kBlockKeys + partial_floats(keys.v));
  for (i64 b = begin; b < end; ++b, partials += q.rows * partial_floats(keys.v))
    with_block<T>(keys, b, keys_in_block(last_position(q, 0, q.rows), b), block_scratch, [&](const auto& block) {
      for (i64 first = 0; first < q.rows; first += kQueryTile)
        block_partials(partials + first * partial_floats(keys.v), scratch, q, first, least(kQueryTile, q.rows - first),
                       keys, block, b);
    });
}

void attend_partials(const Queries& q, const KeyPages& keys, i64 begin, i64 end, float* partials, float* scratch) {
  with_elements(keys.dtype, [&](auto x) { partials_of_blocks<decltype(x)>(q, keys, begin, end, partials, scratch); });
}

void merge(i64 rows, i64 blocks, i64 v, const float* partials, const AttentionOutput& out) {
  for (i64 b = 0; b < blocks; ++b)
    for (i64 r = 0; r < rows; ++r, partials += partial_floats(v)) start_or_merge(out, r, partials, v, b == 0);
  normalize(out, rows, v);
}

// ---- backward ----------------------------------------------------------------------------------------------------
// p is computed again block by block, from the same bits as in the forward kernel:
//   dv_j = Σ_t p_tj do_t    ds_tj = scale · p_tj (do_t·v_j − do_t·o_t)    dq_t = Σ_j ds_tj k_j    dk_j = Σ_t ds_tj q_t
// dk and dv of a block are summed over ascending t, dq over ascending blocks.

struct BackwardScratch {
  float *p, *ds;            // [kQueryTile][64]
  float *k_c, *k_r;         // [64][depth], [64][rope]
  float* v;                 // [v][64]
  float *dk_c, *dk_r, *dv;  // [64][depth], [64][rope], [64][v]
};

HWY_INLINE void clear(float* x, i64 n) {
  each(n, [&](i64 i, auto lanes) { lanes.store(hn::Zero(f32), x + i); });
}
HWY_INLINE void add_rows(float* to, i64 to_stride, const float* from, i64 rows, i64 cols) {
  for (i64 r = 0; r < rows; ++r)
    each(cols, [&](i64 i, auto lanes) {
      float* y = to + r * to_stride + i;
      lanes.store(hn::Add(lanes.load(y), lanes.load(from + r * cols + i)), y);
    });
}

// Turns scores p into probabilities, and ds = do·v into the gradient of the scores. Keys from n to 63 become zeros.
HWY_INLINE void softmax_backward(float* p, float* ds, i64 n, float scale, SoftmaxStats stats, float dot) {
  const V32 max = set(stats.max), inverse = set(1.0f / stats.sum), zero = hn::Zero(f32);
  for (i64 j = 0; j < kBlockKeys; j += kLanes) {
    if (j >= n) {
      hn::StoreU(zero, f32, p + j), hn::StoreU(zero, f32, ds + j);
      continue;
    }
    const auto seen = hn::FirstN(f32, least(n - j, kLanes));
    const V32 x = hn::Mul(hn::LoadU(f32, p + j), set(scale));
    const V32 prob = hn::IfThenElse(seen, hn::Mul(exp(hn::Sub(x, max)), inverse), zero);
    const V32 slope = hn::Mul(hn::Mul(prob, hn::Sub(hn::LoadU(f32, ds + j), set(dot))), set(scale));
    hn::StoreU(prob, f32, p + j);
    hn::StoreU(hn::IfThenElse(seen, slope, zero), f32, ds + j);
  }
}

HWY_INLINE float dot(const float* a, const float* b, i64 n) {
  V32 sum = hn::Zero(f32);
  each(n, [&](i64 i, auto lanes) { sum = hn::MulAdd(lanes.load(a + i), lanes.load(b + i), sum); });
  return sum_lanes(sum);
}

template <class Block>
void backward_tile(const Queries& q, i64 first, i64 rows, const KeyPages& keys, const Block& block, i64 b,
                   const AttentionOutput& out, const AttentionGradients& g, const BackwardScratch& w) {
  const i64 most = keys_in_block(last_position(q, first, rows), b);
  const float* d_o = g.d_o + first * out.o_stride;
  scores(w.p, q, first, rows, keys, block, rounded_up(most));
  multiply(
      Product<float>{w.ds, kBlockKeys, d_o, out.o_stride, 1, w.v, kBlockKeys, rows, keys.v, rounded_up(most), false});
  for (i64 r = 0; r < rows; ++r) {
    const i64 t = first + r, n = keys_seen(q, t, b);
    softmax_backward(w.p + r * kBlockKeys, w.ds + r * kBlockKeys, n, q.scale,
                     {out.max[t * out.stat_stride], out.sum[t * out.stat_stride]},
                     dot(g.d_o + t * out.o_stride, out.o + t * out.o_stride, keys.v));
  }
  const float *q_c = q.q_c + first * q.q_c_stride, *q_r = q.q_r + first * q.q_r_stride;
  multiply(Product<float>{g.dq_c + first * q.q_c_stride, q.q_c_stride, w.ds, kBlockKeys, 1, w.k_c, keys.depth, rows,
                          most, keys.depth, true});
  multiply(Product<float>{g.dq_r + first * q.q_r_stride, q.q_r_stride, w.ds, kBlockKeys, 1, w.k_r, keys.rope, rows,
                          most, keys.rope, true});
  multiply(Product<float>{w.dv, keys.v, w.p, 1, kBlockKeys, d_o, out.o_stride, most, rows, keys.v, true});
  multiply(Product<float>{w.dk_c, keys.depth, w.ds, 1, kBlockKeys, q_c, q.q_c_stride, most, rows, keys.depth, true});
  multiply(Product<float>{w.dk_r, keys.rope, w.ds, 1, kBlockKeys, q_r, q.q_r_stride, most, rows, keys.rope, true});
}

template <class T>
void backward_rows(const Queries& q, const KeyPages& keys, const AttentionOutput& out, const AttentionGradients& g,
                   float* scratch) {
  BackwardScratch w{};
  w.p = scratch, w.ds = w.p + kQueryTile * kBlockKeys;
  w.k_c = w.ds + kQueryTile * kBlockKeys, w.k_r = w.k_c + kBlockKeys * keys.depth;
  w.v = w.k_r + kBlockKeys * keys.rope, w.dk_c = w.v + kBlockKeys * keys.v;
  w.dk_r = w.dk_c + kBlockKeys * keys.depth, w.dv = w.dk_r + kBlockKeys * keys.rope;
  float* block_scratch = w.dv + kBlockKeys * keys.v;
  for (i64 begin = 0, b = 0; begin < q.rows; begin += kBlockKeys, ++b) {
    const i64 count = least(kBlockKeys, q.rows - begin);
    with_block<T>(keys, b, count, block_scratch, [&](const auto& block) {
      transpose(w.k_c, keys.depth, block.k_c, kBlockKeys, keys.depth, count);
      transpose(w.k_r, keys.rope, block.k_r, kBlockKeys, keys.rope, count);
      transpose(w.v, kBlockKeys, block.v, keys.v, count, keys.v);
      clear(w.dk_c, kBlockKeys * (keys.depth + keys.rope + keys.v));
      for (i64 first = begin; first < q.rows; first += kQueryTile)
        backward_tile(q, first, least(kQueryTile, q.rows - first), keys, block, b, out, g, w);
    });
    add_rows(g.dk_c + begin * g.dk_c_stride, g.dk_c_stride, w.dk_c, count, keys.depth);
    add_rows(g.dk_r + begin * g.dk_r_stride, g.dk_r_stride, w.dk_r, count, keys.rope);
    add_rows(g.dv + begin * g.dv_stride, g.dv_stride, w.dv, count, keys.v);
  }
}

void attend_backward(const Queries& q, const KeyPages& keys, const AttentionOutput& out, const AttentionGradients& g,
                     float* scratch) {
  with_elements(keys.dtype, [&](auto x) { backward_rows<decltype(x)>(q, keys, out, g, scratch); });
}

// ---- pages -------------------------------------------------------------------------------------------------------

void store_keys(std::byte* page, const KeyPages& keys, i64 heads, i64 first_slot, const KeyRows& rows) {
  with_elements(keys.dtype, [&](auto x) { store_rows<decltype(x)>(page, keys, heads, first_slot, rows); });
}

void load_latents(const std::byte* page, const KeyPages& keys, i64 rows, float* c, float* k_r) {
  with_elements(keys.dtype, [&](auto x) { widen_latents<decltype(x)>(c, k_r, page, keys, rows); });
}

// ---- absorption --------------------------------------------------------------------------------------------------

void product(float* c, i64 c_stride, const float* a, i64 a_stride, const void* b, DType b_type, i64 b_stride, i64 rows,
             i64 depth, i64 cols) {
  if (b_type == DType::f32)
    multiply(
        Product<float>{c, c_stride, a, a_stride, 1, static_cast<const float*>(b), b_stride, rows, depth, cols, false});
  else
    multiply(Product<u16>{c, c_stride, a, a_stride, 1, static_cast<const u16*>(b), b_stride, rows, depth, cols, false});
}

// The dot product of a row of a and a row of b: two chains of vector sums, then a tail of single elements.
template <class B>
HWY_INLINE float dot_row(const float* a, const B* b, i64 n) {
  V32 even = hn::Zero(f32), odd = hn::Zero(f32);
  i64 k = 0;
  for (; k + 2 * kLanes <= n; k += 2 * kLanes) {
    even = hn::MulAdd(hn::LoadU(f32, a + k), load_as(f32, b + k), even);
    odd = hn::MulAdd(hn::LoadU(f32, a + k + kLanes), load_as(f32, b + k + kLanes), odd);
  }
  if (k + kLanes <= n) even = hn::MulAdd(hn::LoadU(f32, a + k), load_as(f32, b + k), even), k += kLanes;
  float sum = sum_lanes(hn::Add(even, odd));
  for (; k < n; ++k) sum += a[k] * widened(b[k]);
  return sum;
}

template <class B>
void dot_rows(float* c, i64 c_stride, const float* a, i64 a_stride, const B* b, i64 b_stride, i64 rows, i64 depth,
              i64 cols) {
  for (i64 n = 0; n < cols; ++n)
    for (i64 i = 0; i < rows; ++i) c[i * c_stride + n] = dot_row(a + i * a_stride, b + n * b_stride, depth);
}

void product_transposed(float* c, i64 c_stride, const float* a, i64 a_stride, const void* b, DType b_type, i64 b_stride,
                        i64 rows, i64 depth, i64 cols) {
  if (b_type == DType::f32)
    dot_rows(c, c_stride, a, a_stride, static_cast<const float*>(b), b_stride, rows, depth, cols);
  else dot_rows(c, c_stride, a, a_stride, static_cast<const u16*>(b), b_stride, rows, depth, cols);
}

}  // namespace

extern const AttentionKernels attention_table;
const AttentionKernels attention_table{
    attend, attend_partials, merge, attend_backward, store_keys, load_latents, product, product_transposed,
};

}  // namespace r1::cpu::R1_TARGET
